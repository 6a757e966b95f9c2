#!/bin/sh
# A small sweep's result files, opened as an xarray user would. Skipped (77) where no Python with xarray is found.
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    "$python" -c 'import xarray, netCDF4, matplotlib' 2>/dev/null && found=$python && break
done
[ -n "${found:-}" ] || { echo "no Python with xarray, netCDF4 and matplotlib: skipped"; exit 77; }
root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cp "$root"/experiments/quickstart/*.onnx "$root"/experiments/quickstart/digits.nc "$dir"
cat >"$dir/grid.yaml" <<Y
sweep: xarray
output: out
seed: 5
draws: 16
data: {digits: {path: digits.nc, divide: 16, samples: "0:20", labels: {random: ":label_random"}}}
models:
  mlp: {path: mlp_true.onnx}
  cnn: {path: cnn_random.onnx, labels: random}
sites: [input, "relu*", all]
sigmas: [{log: [0.01, 10, 6]}, .inf]
exclude: [{models: mlp, sites: relu1, sigmas: 10}]
Y
"$1" run -q -S "$dir/grid.yaml" && "$found" "$root/tests/golden/xarray_check.py" "$dir"/out/*.nc
