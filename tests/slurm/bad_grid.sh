#!/bin/sh
# A bad grid: one clear error, no requeue, no restart.
. "$(dirname "$0")/cluster.sh"
grid sweep out
sed -i 's/^draws:/drawz:/' "$dir/sweep.yaml"
job=$(submit_job -N 2 -n 4 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
finish "$job" 60 FAILED
cat "$dir/job.log"
[ "$(exit_of "$job")" = 3 ] || fail "exit code $(exit_of "$job"), not 3"
[ "$(restarts "$job")" = 0 ] || fail "it was requeued"
[ "$(grep -c '^apex: ' "$dir/job.log")" = 1 ] || fail "not one error"
grep -q "sweep.yaml:[0-9]*:[0-9]*: .*drawz" "$dir/job.log" || fail "the error names no place"
grep -q 'not requeued' "$dir/job.log" || fail "the log does not say that it stays so"
