#!/bin/sh
# A full disk: a clear message, exit 75, nothing damaged; with room again the sweep ends with the same bytes. Skipped (77) without a tmpfs.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
mkdir small
mount -t tmpfs -o size=200k none small 2>/dev/null || { echo "no tmpfs can be mounted here: skipped"; exit 77; }
trap 'umount "$dir/small" 2>/dev/null; cleanup' EXIT
samples=0:200
grid whole >whole.yaml
launch 0 run -q -S whole.yaml 2>/dev/null >&2 || exit 1
grid small/out >grid.yaml
launch 2 run -q -S grid.yaml 2>log
code=$?
cat log
[ $code = 75 ] || { echo "FAIL: exit $code, not 75"; exit 1; }
grep -q 'disk full' log || { echo "FAIL: the message does not say that the disk is full"; exit 1; }
ls small/out/*.nc 2>/dev/null && { echo "FAIL: a result file was left behind"; exit 1; }
mount -o remount,size=20m small || exit 1
launch 2 run -q -S grid.yaml 2>log || { cat log; exit 1; }
same whole small/out
