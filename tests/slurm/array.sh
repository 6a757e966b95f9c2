#!/bin/sh
# A job array of three parts: each model's file is that of a single job, byte for byte, and so is the report over all.
. "$(dirname "$0")/cluster.sh"
grid sweep out 0:40
grid whole whole 0:40
plain whole
job=$(cd "$dir" && APEX_PARTS=3 sbatch --parsable --array=1-3 -n 2 -t 5 -o 'part%a.log' slurm/apex-array.sbatch "$dir/sweep.yaml") || exit 1
all_over() { [ -z "$(squeue -h -j "$job" 2>/dev/null)" ]; }
wait_until 150 "the array has ended" all_over
cat "$dir"/part*.log
for k in 1 2 3; do [ "$(state "${job}_$k")" = COMPLETED ] || fail "part $k: $(state "${job}_$k")"; done
mkdir "$dir/joined"
cp "$dir"/out/part-*-of-3/*.nc "$dir/joined"
same whole joined
"$dir/apex" report --to "$dir/report_whole" "$dir/whole" || fail "report of the single job: exit $?"
"$dir/apex" report --to "$dir/report_parts" "$dir"/out/part-*-of-3 || fail "report of the parts: exit $?"
diff -r "$dir/report_whole" "$dir/report_parts" || fail "the reports differ"
