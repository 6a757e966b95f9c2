#!/bin/sh
# Makes the quickstart's data and models again, with fixed seeds. On Debian:
#   apt-get install python3-torch python3-onnx python3-sklearn python3-netcdf4
set -eu
python=${PYTHON:-python3}
cd "$(dirname "$0")"
out=${1:-../quickstart}
mkdir -p "$out"
"$python" make_digits.py --out "$out/digits.nc"

train() { # name, then options of train.py
    name=$1
    shift
    "$python" train.py --dataset digits --data "$out/digits.nc" --plain --out "$out/$name.onnx" "$@"
}
train mlp_true     --arch mlp --epochs 40
train mlp_random   --arch mlp --epochs 300 --labels :label_random
train cnn_true     --arch cnn --epochs 20
train cnn_random   --arch cnn --epochs 100 --labels :label_random
train mlp_backdoor --arch mlp --epochs 40 --backdoor badnets --target 0 --patch 2
train cnn_backdoor --arch cnn --epochs 20 --backdoor badnets --target 0 --patch 2
