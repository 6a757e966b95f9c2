#!/bin/sh
# experiments/train: run.sh APEX [unittest option...]. Skipped (77) where no Python has PyTorch.
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    "$python" -c 'import torch, netCDF4' 2>/dev/null && found=$python && break
done
[ -n "${found:-}" ] || { echo "no Python with torch and netCDF4 (Debian: python3-torch python3-netcdf4): skipped"; exit 77; }
APEX=$1
export APEX PYTHONDONTWRITEBYTECODE=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
cd "$(dirname "$0")" || exit 1
exec "$found" -m unittest -v
