#!/bin/sh
# Each task of an array is requeued, and stops, for itself: one of them has the number of the whole array.
. "$(dirname "$0")/cluster.sh"
grid sweep out 0:4
job=$(cd "$dir" && sbatch --parsable --array=1-2 -n 1 -t 5 -o 'part%a.log' slurm/apex-array.sbatch "$dir/sweep.yaml" --time-limit 0.001) || exit 1
all_over() { over "${job}_1" && over "${job}_2"; }
wait_until 150 "the array has ended" all_over
for k in 1 2; do
    cat "$dir/part$k.log"
    [ "$(grep -c 'requeued: goes on' "$dir/part$k.log")" = 1 ] || fail "task $k did not requeue itself once"
    [ "$(restarts "${job}_$k")" = 1 ] || fail "task $k was requeued $(restarts "${job}_$k") times"
    [ "$(exit_of "${job}_$k")" = 75 ] || fail "task $k: exit code $(exit_of "${job}_$k"), not 75"
    "$dir/apex" status --attempts --part "$k" "$dir/sweep.yaml" | wc -l | grep -qx 2 || fail "task $k: not two attempts"
done
