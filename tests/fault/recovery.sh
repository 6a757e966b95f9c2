#!/bin/sh
# mpirun --enable-recovery: a rank that is killed is survived, and the sweep ends with the same bytes. Should Open MPI not hold what
# it promises, rank 0's watchdog ends the run with 75, and running it again gives the same bytes.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
"$mpirun" --enable-recovery -n 1 true 2>/dev/null || { echo "this mpirun has no --enable-recovery: skipped"; exit 77; }
samples=0:${SAMPLES:-400}
grid whole >whole.yaml
launch 2 run -q -S whole.yaml 2>/dev/null || exit 1
for round in 1 2; do
    grid "out$round" >grid.yaml
    timeout -s KILL 120 "$mpirun" --enable-recovery -n 3 --oversubscribe "$dir/apex" run -q -S --hang-limit 15 grid.yaml >log 2>&1 &
    job=$!
    until [ "$(stat -c %s "out$round/apex.journal" 2>/dev/null || echo 0)" -gt 20000 ]; do sleep 0.1; done
    for pid in $(pgrep -f "^$dir/apex"); do
        tr '\0' '\n' <"/proc/$pid/environ" | grep -qx OMPI_COMM_WORLD_RANK=2 && kill -KILL "$pid"
    done
    wait $job
    code=$?
    cat log
    echo "round $round: exit $code"
    [ $code = 0 ] || [ $code = 75 ] || { echo "FAIL: exit $code"; exit 1; }
    if [ $code = 75 ]; then
        launch 2 run -q -S grid.yaml || { echo "FAIL: resume: exit $?"; exit 1; }
    fi
    same whole "out$round"
done
