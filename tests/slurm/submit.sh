#!/bin/sh
# slurm/submit shows a plan and submits it with --yes; its estimate is within a factor of two of the time measured.
. "$(dirname "$0")/cluster.sh"
grid sweep out "0:${SAMPLES:-240}"
(cd "$dir" && slurm/submit "$dir/sweep.yaml" --ranks 2) >"$dir/shown.log" 2>&1 || fail "$(cat "$dir/shown.log")"
cat "$dir/shown.log"
grep -q '^sbatch .*--ntasks=2 .*--mem-per-cpu=.*--time=' "$dir/shown.log" || fail "no sbatch command"
[ -z "$(squeue -h)" ] || fail "submitted without --yes"
(cd "$dir" && slurm/submit --yes --ranks 2 "$dir/sweep.yaml" -- --hang-limit 100) >"$dir/submit.log" 2>&1 || fail "$(cat "$dir/submit.log")"
estimate=$(sed -n 's/^estimate .*(\([0-9]*\) s).*/\1/p' "$dir/submit.log")
job=$(sed -n 's/^Submitted batch job //p' "$dir/submit.log")
finish "$job" 200 COMPLETED
cat "$dir"/*-"$job".log
took=$(sed -n 's/^seconds: //p' "$dir/out/apex.status")
busy=$(sed -n 's/^ranks busy: \([0-9.]*\) %/\1/p' "$dir/out/apex.status")
echo "estimate $estimate s, took $took s, ranks busy $busy %"
# Where others use the host's cores at the same time, what the ranks computed is what can be compared.
awk -v e="$estimate" -v t="$took" -v b="$busy" 'BEGIN { if (b < 80) t *= b / 100; exit !(e <= 2 * t && t <= 2 * e) }' ||
    fail "the estimate of $estimate s is off: it took $took s"
sed -i 's/^draws:/drawz:/' "$dir/sweep.yaml"
(cd "$dir" && slurm/submit --yes "$dir/sweep.yaml") >"$dir/submit.log" 2>&1 && fail "a bad grid was submitted"
grep drawz "$dir/submit.log" || fail "no word of what is wrong"
