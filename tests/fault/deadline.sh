#!/bin/sh
# The end of a batch job is obeyed without any signal: from SLURM_JOB_END_TIME, and from squeue where that is not set.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:1797
export SLURM_JOB_ID=17

# try NAME: the run must end with 75 within its 16 seconds less the ten that are kept
try() {
    grid "$1" | sed "s/^draws: .*/draws: 2000/" >job.yaml
    begin=$(date +%s)
    timeout -s KILL 40 "$dir/apex" run -q -S job.yaml 2>log
    code=$?
    took=$(($(date +%s) - begin))
    cat log
    [ $code = 75 ] || { echo "FAIL: $1: exit $code, not 75"; exit 1; }
    [ $took -le 9 ] || { echo "FAIL: $1: it took $took s"; exit 1; }
    "$dir/apex" status "$1"
    [ "$("$dir/apex" status --attempts "$1" | sed -n 's/.*job=17 .*records=//p')" -gt 0 ] || { echo "FAIL: $1: nothing was done"; exit 1; }
}
SLURM_JOB_END_TIME=$(($(date +%s) + 16))
export SLURM_JOB_END_TIME
try variable
unset SLURM_JOB_END_TIME
mkdir bin
printf '#!/bin/sh\n[ "$*" = "-h -j 17 -o %%L" ] && echo 0:16\n' >bin/squeue
chmod +x bin/squeue
PATH="$dir/bin:$PATH" try squeue
# A task of an array must not read the time of another one.
sed -i 's/-j 17 /-j 9_3 /' bin/squeue
export SLURM_ARRAY_JOB_ID=9 SLURM_ARRAY_TASK_ID=3
PATH="$dir/bin:$PATH" try array_task
