#!/bin/sh
# The same job under srun in place of mpirun: the same bytes, and its early warning reaches the ranks.
. "$(dirname "$0")/cluster.sh"
cat >"$dir/site.conf" <<C
APEX_PROGRAM=$dir/apex
APEX_LAUNCHER="srun --mpi=pmix --kill-on-bad-exit=1"
C
grid sweep out 0:100
grid whole whole 0:100
job=$(submit_job -N 1 -n 2 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
has_records() { [ "$(stat -c %s "$dir/out/apex.journal" 2>/dev/null || echo 0)" -gt 50000 ]; }
wait_until 60 "the journal grows" has_records
scancel --batch --signal=USR1 "$job"
finish "$job" 150 COMPLETED
cat "$dir/job.log"
grep -q 'for 2 ranks' "$dir/job.log" || fail "not two ranks"
[ "$(restarts "$job")" = 1 ] || fail "the warning led to $(restarts "$job") requeues, not one"
plain whole
same whole out
