#!/bin/sh
# A rank that is stopped (SIGSTOP) for good, and one that goes on after its lease: the sweep ends with exit code 0 and the same bytes.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:${SAMPLES:-1700}
grid whole >whole.yaml
launch 2 run -q -S whole.yaml 2>/dev/null || exit 1
eighth=$(($(stat -c %s whole/apex.journal) / 8)) # by then every rank has units
for then in never later; do
    grid $then >stuck.yaml
    start 3 run -S stuck.yaml >log 2>&1 &
    job=$!
    until [ "$(stat -c %s $then/apex.journal 2>/dev/null || echo 0)" -gt $eighth ]; do sleep 0.1; done
    victim=$(pgrep -P $job -f "$dir/apex" | tail -n 1)
    kill -STOP "$victim"
    if [ $then = later ]; then
        timeout 60 sh -c 'until grep -q "go to other ranks too\|cells$" log; do sleep 0.1; done'
        kill -CONT "$victim"
    fi
    wait $job
    code=$?
    cat log
    [ $code = 0 ] || { echo "FAIL: $then: exit $code"; exit 1; }
    # Near the end idle ranks get copies of its units before its lease is over.
    grep -q 'go to other ranks too\|copied to an idle rank' log || { echo "FAIL: $then: no lease was lost"; exit 1; }
    if [ $then = never ]; then
        grep -q 'does not answer' log || { echo "FAIL: the stopped rank is not named"; exit 1; }
    fi
    same whole $then
done
