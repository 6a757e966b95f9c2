#!/bin/sh
# SIGSTOP of one rank: its units are done by others, the sweep ends, with the same bytes.
. "$(dirname "$0")/cluster.sh"
grid sweep out 0:480
grid whole whole 0:480
lasting 25 sweep whole # much longer than the lease of a unit
job=$(submit_job -N 2 -n 4 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
has_records() { [ "$(stat -c %s "$dir/out/apex.journal" 2>/dev/null || echo 0)" -gt 100000 ]; }
wait_until 60 "the journal grows" has_records
kill -STOP "$(rank 3)"
finish "$job" 120 COMPLETED
cat "$dir/job.log"
grep -q 'rank 3 has been on unit .* its units go to other ranks too' "$dir/job.log" || fail "no lease was lost"
grep -q 'rank 3 does not answer' "$dir/job.log" || fail "rank 3 is not named"
[ "$("$dir/apex" status --attempts "$dir/out" | wc -l)" = 1 ] || fail "it was restarted"
plain whole
same whole out
