#!/bin/sh
# The launcher that stands in site.conf.example binds one rank to one core: the same bytes, and each rank may run on one core of its own.
. "$(dirname "$0")/cluster.sh"
[ "$(nproc)" -ge 2 ] || skip "two ranks need two cores"
cat >"$dir/site.conf" <<C
APEX_PROGRAM=$dir/apex
APEX_LAUNCHER="$mpirun --quiet --bind-to core"
C
grid sweep out
grid whole whole
lasting 8 sweep whole
job=$(submit_job -N 1 -n 2 -t 5 -o job.log slurm/apex.sbatch "$dir/sweep.yaml") || exit 1
started() { [ -n "$(rank 0)" ] && [ -n "$(rank 1)" ] && [ -s "$dir/out/apex.journal" ]; }
wait_until 60 "both ranks run" started
first=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(rank 0)/status")
second=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(rank 1)/status")
echo "rank 0 may run on $first, rank 1 on $second"
finish "$job" 150 COMPLETED
cat "$dir/job.log"
[ "$first" != "$second" ] || fail "both ranks share $first"
plain whole
same whole out
