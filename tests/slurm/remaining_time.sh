#!/bin/sh
# No signal at all: the time that Slurm tells is obeyed, the job requeues itself before its end.
. "$(dirname "$0")/cluster.sh"
grid sweep out 0:${SAMPLES:-600}
lasting 120 sweep
job=$(submit_job -N 1 -n 2 -t 1 --signal=B:USR1@0 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
requeued() { [ "$(restarts "$job")" -ge 1 ] || over "$job"; }
wait_until 90 "job $job is requeued" requeued
cat "$dir/job.log"
grep -q 'Slurm leaves this job' "$dir/job.log" || fail "the remaining time was not read"
grep -q 'early warning' "$dir/job.log" && fail "there was a signal"
grep -q 'no unit left fits into' "$dir/job.log" || fail "the sweep did not end for want of time"
[ "$(restarts "$job")" = 1 ] || fail "it was not requeued: $(state "$job")"
"$dir/apex" status "$dir/out" | grep 'fits into' || fail "status does not say why"
