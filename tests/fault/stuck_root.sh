#!/bin/sh
# Rank 0 is stopped (SIGSTOP) for good, its watchdog with it: the workers end the run, and the next one leaves the same bytes.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:${SAMPLES:-600}
grid whole >whole.yaml
launch 2 run -q -S whole.yaml 2>/dev/null || exit 1
eighth=$(($(stat -c %s whole/apex.journal) / 8))
grid stuck >stuck.yaml
start 2 run -q -S --hang-limit 4 stuck.yaml >log 2>&1 &
job=$!
until [ "$(stat -c %s stuck/apex.journal 2>/dev/null || echo 0)" -gt $eighth ]; do sleep 0.1; done
root=$(pgrep -P $job -f "$dir/apex" | head -n 1)
kill -STOP "$root"
wait $job
code=$?
cat log
[ $code != 0 ] || { echo "FAIL: exit 0 without rank 0"; exit 1; }
grep -q 'rank 0 has not been heard for 4.0 s' log || { echo "FAIL: nobody missed rank 0"; exit 1; }
case $(ps -o stat= -p "$root") in "" | Z*) ;; *) echo "FAIL: rank 0 is still there"; exit 1 ;; esac
launch 2 run -q -S stuck.yaml || { echo "FAIL: the next run: exit $?"; exit 1; }
same whole stuck
