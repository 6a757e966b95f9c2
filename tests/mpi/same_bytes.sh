#!/bin/sh
# The result files are the same bytes from 1, 2 and 4 ranks and without mpirun; $3: kernels, $4: precision; absolute and relative
# scale.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
if [ "$3" = amx ] && ! grep -q amx_bf16 /proc/cpuinfo; then
    echo "skipped: this processor has no AMX"
    exit 77
fi
for scale in absolute relative; do
    for ranks in 0 1 2 4; do
        grid "out_${scale}_$ranks" "kernels: $3" "precision: ${4:-f32}" "noise: {kind: gaussian, scale: $scale}" >grid.yaml
        launch $ranks run -q -S grid.yaml || { echo "FAIL: $ranks ranks: exit $?"; exit 1; }
        same "out_${scale}_0" "out_${scale}_$ranks"
    done
done
echo "same bytes at 0, 1, 2 and 4 ranks"
