#!/bin/sh
# The miniature of a case study, from its command, and the numbers that its folder says come out. $3: the study. Skipped (77) without
# Python's numpy and netCDF4.
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    "$python" -c 'import numpy, netCDF4' 2>/dev/null && found=$python && break
done
[ -n "${found:-}" ] || { echo "no Python with numpy and netCDF4: skipped"; exit 77; }
root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
export APEX_PROGRAM="$1" PYTHON="$found" PATH="$(dirname "$2"):$PATH"
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
"$root/experiments/run_study" "$3" --miniature -n 2 --check --to "$dir/results" || exit 1
[ -s "$dir/results/report/report.html" ] || { echo "FAIL: no report"; exit 1; }
