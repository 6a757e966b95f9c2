#!/bin/sh
# A job whose time limit is much too short: it is warned, requeued until it is done, and leaves the same bytes.
. "$(dirname "$0")/cluster.sh"
samples=0:${SAMPLES:-600}
grid sweep out "$samples"
grid whole whole "$samples"
lasting 55 sweep whole # the warning comes at one of the half-minute checks of slurmctld
# The warning comes up to a minute early, so each attempt of this one has only some seconds.
job=$(submit_job -N 2 -n 2 -t 1 --signal=B:USR1@50 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
finish "$job" 360 COMPLETED
cat "$dir/job.log"
"$dir/apex" status --attempts "$dir/out"
[ "$(restarts "$job")" -ge 1 ] || fail "it was never requeued: the sweep is too short for this test"
attempts=$("$dir/apex" status --attempts "$dir/out" | wc -l)
[ "$attempts" = $(($(restarts "$job") + 1)) ] || fail "$attempts attempts in the journal, and $(restarts "$job") restarts"
"$dir/apex" status --attempts "$dir/out" | grep -q "job=$job restart=1 " || fail "the restart count is not kept"
[ "$(grep -c '^\[' "$dir/job.log")" -le $((5 * attempts)) ] || fail "the log tells more than a few lines for each attempt"
plain whole
same whole out
