#!/bin/sh
# A sweep whose whole job is killed (SIGKILL) at random moments, $3 times, and resumed each time: same bytes as one left alone.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:${SAMPLES:-120}
grid whole >whole.yaml
start=$(date +%s%N)
launch 2 run -q -S whole.yaml >/dev/null 2>&1 || exit 1
took=$((($(date +%s%N) - start) / 1000000))
kill=0
round=0
while [ $kill -lt "$3" ]; do
    round=$((round + 1))
    grid "out$round" >killed.yaml
    # Several kills a sweep, each somewhere in what is left of it.
    for part in 1 2 3; do
        start 2 run -q -S killed.yaml >/dev/null 2>&1 &
        wait_ms=$((100 + took * ((kill * 617 + 421) % 997) / 1250))
        sleep "$(awk -v ms="$wait_ms" 'BEGIN { print ms / 1000 }')"
        pkill -9 -f "$dir/apex"
        wait
        kill=$((kill + 1))
        echo "kill $kill after $wait_ms ms of about $took"
        [ $kill -lt "$3" ] || break
    done
    launch 2 run -q -S killed.yaml || { echo "FAIL: resume: exit $?"; exit 1; }
    same whole "out$round"
done
