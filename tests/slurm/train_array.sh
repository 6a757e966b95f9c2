#!/bin/sh
# A list of trainings as a job array: a task that is warned of its time limit requeues itself and goes on, and the models are those
# of training without Slurm, byte for byte.
for python in "${PYTHON:-python3}" /usr/bin/python3; do
    "$python" -c 'import torch, netCDF4' 2>/dev/null && found=$python && break
done
[ -n "${found:-}" ] || { echo "no Python with torch and netCDF4: skipped"; exit 77; }
. "$(dirname "$0")/cluster.sh"
export PYTHON="$found" PYTHONDONTWRITEBYTECODE=1
scripts=$root/experiments/train
cat >"$dir/nets.list" <<L
# a comment
long  --dataset digits --arch cnn --layers 8,pool,8 --epochs 60
short --dataset digits --arch mlp --layers 16 --epochs 2 --random-labels 0.5
L
job=$(submit_job --array=1-2 -t 5 --mem=1G -o 'task%a.log' "$scripts/train.sbatch" "$dir/nets.list" "$dir/digits.nc" "$dir/out") || exit 1
begun() { grep -q 'epoch 3/' "$dir/task1.log" 2>/dev/null; }
wait_until 120 "the first task has trained three epochs" begun
scancel --batch --signal=USR1 "${job}_1"
finish "${job}_1" 150 COMPLETED
finish "${job}_2" 60 COMPLETED
cat "$dir/task1.log" "$dir/task2.log"
[ "$(restarts "${job}_1")" = 1 ] || fail "the first task was requeued $(restarts "${job}_1") times"
[ "$(grep -c 'epoch 1/60' "$dir/task1.log")" = 1 ] || fail "the first task began again at epoch 1"
"$scripts/train_list.sh" "$dir/nets.list" "$dir/digits.nc" "$dir/plain" 2>/dev/null || fail "the plain run"
for file in long.onnx short.onnx short.labels.csv.gz; do
    cmp "$dir/out/$file" "$dir/plain/$file" || fail "$file differs"
done
