#!/bin/sh
# sbatch of the quickstart on two nodes: the same bytes as a plain run.
. "$(dirname "$0")/cluster.sh"
grid sweep out 0:60
grid whole whole 0:60
plain whole
job=$(submit_job -N 2 -n 4 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
finish "$job" 120 COMPLETED
cat "$dir/job.log"
grep -q 'on 2 node(s): n\[1-2\], 4 ranks' "$dir/job.log" || fail "not on two nodes"
grep -q 'for 4 ranks' "$dir/job.log" || fail "not four ranks"
same whole out
