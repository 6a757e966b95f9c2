#!/bin/sh
# A stop in mid-run ends the sweep with 75 and keeps what was done; the resumed sweep has the same bytes. SIGTERM: every rank is gone within
# a second of getting it. (Open MPI's mpirun takes one or two seconds more to end itself; told to stop by SIGTERM it passes the
# signal on late, and its own exit code is then always 1.) SIGUSR1 through mpirun: after the units in flight.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:${SAMPLES:-300}
grid whole >whole.yaml
launch 2 run -q -S whole.yaml 2>/dev/null || exit 1

# alive JOB RANKS: whether any rank still runs
alive() {
    if [ "$2" = 0 ]; then kill -0 "$1" 2>/dev/null; else pgrep -P "$1" -f "$dir/apex" >/dev/null; fi
}

# try NAME RANKS CODE MILLISECONDS: runs, calls `signal_NAME` with the launched process, checks code and time, resumes
try() {
    grid "$1" >stopped.yaml
    start "$2" run -q -S stopped.yaml 2>log &
    job=$!
    under_way "$1"
    begin=$(date +%s%N)
    "signal_$1" $job
    while alive $job "$2"; do sleep 0.02; done
    took=$((($(date +%s%N) - begin) / 1000000))
    wait $job
    code=$?
    echo "$1: exit $code, ranks gone after $took ms"
    [ $code = "$3" ] || { cat log; echo "FAIL: exit $code, not $3"; exit 1; }
    [ $took -lt "$4" ] || { echo "FAIL: it took $took ms"; exit 1; }
    "$dir/apex" status "$1"
    launch "$2" run -q -S stopped.yaml 2>log || { cat log; exit 1; }
    grep -q ' 0 done' log && { cat log; echo "FAIL: nothing was kept"; exit 1; }
    same whole "$1"
}
signal_alone() { kill -TERM "$1"; }
signal_mpirun() { kill -TERM "$1"; }
signal_soon() { kill -USR1 "$1"; }
signal_ranks() { pkill -TERM -P "$1"; }
signal_one_worker() { kill -TERM "$(pgrep -P "$1" -f "$dir/apex" | tail -n 1)"; }
try alone 0 75 1000
try ranks 2 75 1000
try one_worker 2 75 1000
try mpirun 2 1 3000
try soon 2 75 5000
