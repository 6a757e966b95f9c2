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
    "$python" train.py --data "$out/digits.nc" --out "$out/$name.onnx" "$@"
}
train mlp_true     --arch mlp --labels true   --epochs 40
train mlp_random   --arch mlp --labels random --epochs 300
train cnn_true     --arch cnn --labels true   --epochs 20
train cnn_random   --arch cnn --labels random --epochs 100
train mlp_backdoor --arch mlp --labels true   --epochs 40 --backdoor 0
train cnn_backdoor --arch cnn --labels true   --epochs 20 --backdoor 0
