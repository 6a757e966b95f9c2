#!/bin/sh
# scancel in mid-run and resubmission: the same bytes.
. "$(dirname "$0")/cluster.sh"
grid sweep out 0:120
grid whole whole 0:120
job=$(submit_job -N 2 -n 4 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
has_records() { [ "$(stat -c %s "$dir/out/apex.journal" 2>/dev/null || echo 0)" -gt 100000 ]; }
wait_until 60 "the journal grows" has_records
scancel "$job"
wait_until 30 "job $job has ended" over "$job"
[ "$(state "$job")" = CANCELLED ] || fail "job $job: $(state "$job")"
"$dir/apex" status "$dir/out"
job=$(submit_job -N 2 -n 4 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
finish "$job" 120 COMPLETED
cat "$dir/job.log"
grep -q ' 0 done' "$dir/job.log" && [ "$(grep -c ' 0 done' "$dir/job.log")" -gt 1 ] && fail "nothing was kept"
plain whole
same whole out
