#!/bin/sh
# Nodes of four and of two cores, taken whole: six ranks, four on one and two on the other, and the same bytes. Then the same shared
# with another job.
cpus_n2=2
. "$(dirname "$0")/cluster.sh"
# Both nodes are this host, where Open MPI would name two different segments of shared memory alike.
cat >"$dir/site.conf" <<C
APEX_PROGRAM=$dir/apex
APEX_LAUNCHER="$mpirun --quiet --oversubscribe --bind-to none --mca btl self,tcp"
C
grid whole whole
plain whole
grid alone alone
grid shared shared

job=$(submit_job -N 2 -n 6 --exclusive -t 5 -o alone.log slurm/apex.sbatch "$dir/alone.yaml") || exit 1
finish "$job" 150 COMPLETED
cat "$dir/alone.log"
grep -q 'for 6 ranks' "$dir/alone.log" || fail "not six ranks"
grep -q '[1-9.]* MB sent to other nodes' "$dir/alone.log" || fail "nothing crossed the nodes"
same whole alone

other=$(cd "$dir" && sbatch --parsable -N 1 -n 2 -w n1 -t 5 --wrap "sleep 300") || exit 1
job=$(submit_job -n 4 -t 5 -o shared.log slurm/apex.sbatch "$dir/shared.yaml") || exit 1
finish "$job" 150 COMPLETED
cat "$dir/shared.log"
[ "$(state "$other")" = RUNNING ] || fail "the other job is $(state "$other"): nothing was shared"
grep -q 'starts on 2 node(s): n\[1-2\], 4 ranks' "$dir/shared.log" || fail "not what was left of both nodes"
same whole shared
