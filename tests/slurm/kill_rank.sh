#!/bin/sh
# SIGKILL of one rank: the job goes on from the journal by itself, with the same bytes.
. "$(dirname "$0")/cluster.sh"
grid sweep out 0:120
grid whole whole 0:120
job=$(submit_job -N 2 -n 4 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
has_records() { [ "$(stat -c %s "$dir/out/apex.journal" 2>/dev/null || echo 0)" -gt 100000 ]; }
wait_until 60 "the journal grows" has_records
kill -KILL "$(rank 3)"
finish "$job" 120 COMPLETED
cat "$dir/job.log"
grep -q 'restart 1 of 3 from the journal' "$dir/job.log" || fail "the log does not tell of the restart"
[ "$("$dir/apex" status --attempts "$dir/out" | wc -l)" = 2 ] || fail "not two attempts"
plain whole
same whole out
