#!/bin/sh
# A sweep that gets nowhere in two attempts stops requeueing and says why.
. "$(dirname "$0")/cluster.sh"
grid sweep out
job=$(submit_job -n 2 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml" --time-limit 0.001) || exit 1
finish "$job" 90 FAILED
cat "$dir/job.log"
[ "$(exit_of "$job")" = 75 ] || fail "exit code $(exit_of "$job"), not 75"
[ "$(restarts "$job")" = 1 ] || fail "requeued $(restarts "$job") times, not once"
grep -q 'no progress in two attempts: not requeued. .*fits into' "$dir/job.log" || fail "the log does not say why"
