#!/bin/sh
# SIGTERM in mid-run ends a sweep with 75 within a second, alone and under mpirun; what was done is kept, and the resumed sweep has the same bytes.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:300
grid whole >whole.yaml
launch 2 run -q -S whole.yaml 2>/dev/null || exit 1
for ranks in 0 2; do
    grid "out$ranks" >stopped.yaml
    launch $ranks run -q -S stopped.yaml 2>log &
    sleep 1.2
    start=$(date +%s%N)
    if [ $ranks = 0 ]; then kill -TERM $!; else pkill -TERM -x -f "$mpirun -n $ranks .*|mpirun -n $ranks .*"; fi
    wait $!
    code=$?
    took=$((($(date +%s%N) - start) / 1000000))
    echo "$ranks ranks: exit $code after $took ms"
    [ $code = 75 ] || { cat log; echo "FAIL: exit $code, not 75"; exit 1; }
    [ $took -lt 1500 ] || { echo "FAIL: it took $took ms"; exit 1; }
    "$dir/apex" status "out$ranks"
    launch $ranks run -q -S stopped.yaml 2>log || { cat log; exit 1; }
    grep -q ' 0 done' log && { cat log; echo "FAIL: nothing was kept"; exit 1; }
    same whole "out$ranks"
done
