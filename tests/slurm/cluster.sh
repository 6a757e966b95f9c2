# A Slurm cluster of two virtual nodes on this host, for the tests: sourced with $1 the apex program and $2 mpirun. It
# has its own folder, ports and configuration, and needs no munge key; at the end exactly the processes it started are
# stopped. Skipped (77) without root or Slurm (Debian: slurmctld slurmd slurm-client).
# cpus_n2: cores of the second node (4).
# Leaves $dir (a fresh folder with apex, the quickstart's models and data, and a copy of slurm/), and the functions below.
set -u
export PATH="$PATH:/usr/sbin:/sbin"
root=$(cd "$(dirname "$0")/../.." && pwd)
skip() { echo "$*: skipped"; exit 77; }
[ "$(id -u)" = 0 ] || skip "a Slurm cluster of its own needs root"
for program in slurmctld slurmd sbatch scontrol squeue scancel; do
    command -v $program >/dev/null || skip "no $program here (Debian: slurmctld slurmd slurm-client)"
done

dir=$(mktemp -d) || exit 1
chmod 755 "$dir"
daemons=""
# Steps of a job that lost its slurmd would live on, so jobs go before the daemons.
stop_cluster() {
    code=$?
    if [ -n "$daemons" ]; then
        scancel --quiet --user=root 2>/dev/null
        waited=0
        while [ $waited -lt 50 ] && [ -n "$(squeue -h 2>/dev/null)" ]; do
            sleep 0.2
            waited=$((waited + 1))
        done
    fi
    for pid in $daemons; do kill -TERM "$pid" 2>/dev/null; done
    sleep 0.5
    for pid in $daemons; do kill -KILL "$pid" 2>/dev/null; done
    pkill -9 -f "$dir/" 2>/dev/null
    [ $code = 0 ] || show_logs
    rm -rf "$dir"
    exit $code
}
show_logs() {
    tail -n 40 "$dir"/*.log 2>/dev/null
    tail -n 15 "$dir"/cluster/slurmctld.log "$dir"/cluster/slurmd.n?.log 2>/dev/null
}
trap stop_cluster EXIT
trap 'exit 1' INT TERM HUP

# free_ports N: the first of N neighbouring ports on which nobody listens
free_ports() {
    port=$((20000 + $$ % 10000))
    while :; do
        free=1
        for k in $(seq "$port" $((port + $1 - 1))); do
            grep -qi ":$(printf %04X "$k") [0-9A-F:]* 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null && free=0
        done
        [ $free = 1 ] && break
        port=$((port + 17))
    done
    echo "$port"
}

write_configuration() {
    host=$(hostname -s)
    ports=$(free_ports 3)
    memory=$(awk '/MemTotal/ { print int($2 / 1024 * 0.45) }' /proc/meminfo)
    mkdir -p "$dir/cluster/state" "$dir/cluster/n1" "$dir/cluster/n2"
    # cred_expire also sets how long a requeued job is held back: two minutes by default.
    cat >"$dir/cluster/slurm.conf" <<C
ClusterName=apextest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$ports
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=5
StateSaveLocation=$dir/cluster/state
SlurmdSpoolDir=$dir/cluster/%n
SlurmctldPidFile=$dir/cluster/slurmctld.pid
SlurmdPidFile=$dir/cluster/slurmd.%n.pid
SlurmctldLogFile=$dir/cluster/slurmctld.log
SlurmdLogFile=$dir/cluster/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,batch_sched_delay=0
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=5
SwitchType=switch/none
MailProg=/bin/true
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((ports + 1)) CPUs=4 RealMemory=$memory
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((ports + 2)) CPUs=${cpus_n2:-4} RealMemory=$memory
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 State=UP
C
    export SLURM_CONF="$dir/cluster/slurm.conf"
}

start_cluster() {
    write_configuration
    slurmctld -D >"$dir/cluster/slurmctld.out.log" 2>&1 &
    daemons=$!
    for node in n1 n2; do
        slurmd -D -N $node >"$dir/cluster/slurmd.$node.out.log" 2>&1 &
        daemons="$daemons $!"
    done
    wait_until 60 "the two nodes are idle" nodes_idle
}
nodes_idle() {
    [ "$(sinfo -h -N -o '%t' 2>/dev/null | grep -c '^idle$')" = 2 ]
}

# wait_until SECONDS WHAT COMMAND...: fails the test if COMMAND does not succeed in time
wait_until() {
    end=$(($(date +%s) + $1))
    what=$2
    shift 2
    until "$@"; do
        [ "$(date +%s)" -lt $end ] || fail "waited in vain until $what"
        sleep 0.3
    done
}

fail() {
    echo "FAIL: $*"
    exit 1
}

# state JOB: PENDING, RUNNING, COMPLETED, FAILED, ... ; restarts JOB: how often it was requeued
state() {
    scontrol show job -o "$1" 2>/dev/null | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p' | head -n 1
}
restarts() {
    scontrol show job -o "$1" | sed -n 's/.* Restarts=\([0-9]*\).*/\1/p' | head -n 1
}
exit_of() {
    scontrol show job -o "$1" | sed -n 's/.* ExitCode=\([0-9]*\):.*/\1/p' | head -n 1
}
over() {
    case $(state "$1") in COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL) ;; *) return 1 ;; esac
}
# finish JOB SECONDS STATE: waits for its end, which must be STATE
finish() {
    wait_until "$2" "job $1 has ended" over "$1"
    [ "$(state "$1")" = "$3" ] || fail "job $1 ended as $(state "$1") with exit code $(exit_of "$1"), not $3"
}

# submit_job OPTION... SCRIPT ARGUMENT...: prints the job's number
submit_job() {
    (cd "$dir" && sbatch --parsable "$@") || fail "sbatch $*"
}

# grid NAME OUTPUT [SAMPLES]: the quickstart's five models on fewer samples, as $dir/NAME.yaml
grid() {
    sed -e "s|^output:.*|output: $2|" -e "s|samples: \"[0-9:]*\"|samples: \"${3:-0:24}\"|" \
        "$root/experiments/quickstart/quickstart.yaml" >"$dir/$1.yaml"
}

# lasting SECONDS NAME...: gives the grids as many draws as take about so long on two ranks of this machine, whatever its speed
lasting() {
    wanted=$1
    shift
    seconds=$("$dir/apex" plan --values -n 2 "$dir/$1.yaml" | sed -n 's/^seconds=//p')
    draws=$(awk -v s="$seconds" -v wanted="$wanted" 'BEGIN { printf "%d", 64 * wanted / (s < 0.1 ? 0.1 : s) + 1 }')
    for name in "$@"; do
        sed -i "s|^draws:.*|draws: $draws|" "$dir/$name.yaml"
    done
}

# plain NAME: runs that grid without Slurm
plain() {
    "$mpirun" -n 2 --oversubscribe "$dir/apex" run -q -S "$dir/$1.yaml" >"$dir/$1.plain.log" 2>&1 ||
        fail "the plain run: $(cat "$dir/$1.plain.log")"
}

# same A B: the result files of two folders are byte for byte the same
same() {
    [ "$(cd "$dir/$1" && ls ./*.nc)" = "$(cd "$dir/$2" && ls ./*.nc)" ] || fail "$1 and $2 hold other files"
    for f in "$dir/$1"/*.nc; do
        cmp "$f" "$dir/$2/$(basename "$f")" || fail "$f and that in $2 differ"
    done
}

mpirun=$2
cp "$1" "$dir/apex" || exit 1
cp "$root"/experiments/quickstart/*.onnx "$root"/experiments/quickstart/digits.nc "$dir"
[ ! -d "$root/slurm" ] || cp -r "$root/slurm" "$dir/slurm"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
start_cluster
# The site of this cluster: two cores of the host stand for eight.
cat >"$dir/site.conf" <<C
APEX_PROGRAM=$dir/apex
APEX_LAUNCHER="$mpirun --quiet --oversubscribe --bind-to none"
C
export APEX_SITE="$dir/site.conf"

# rank N: the process of that rank
rank() {
    for pid in $(pgrep -f "^$dir/apex run"); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1" && echo "$pid"
    done
}
