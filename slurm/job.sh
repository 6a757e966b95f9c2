# What both batch files do: run the sweep, obey the time limit, restart or requeue, and say so in a few lines.
# Sourced with $here set to the folder of site.conf.

# One task of an array shares its number with the whole array, so tasks go by ARRAY_TASK.
me=${SLURM_JOB_ID:-}
[ -z "${SLURM_ARRAY_TASK_ID:-}" ] || me=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID

say() {
    echo "[$(date '+%F %T') job $me attempt $((${SLURM_RESTART_COUNT:-0} + 1))] $*"
}

# The site's settings, and what stands for those that it leaves out.
site_settings() {
    site=${APEX_SITE:-$here/site.conf}
    if [ -r "$site" ]; then
        # shellcheck disable=SC1090 # the site's own
        . "$site" || return 1
    elif [ -n "${APEX_SITE:-}" ]; then
        echo "apex: cannot read APEX_SITE=$APEX_SITE" >&2
        return 1
    fi
    : "${APEX_LAUNCHER:=mpirun --quiet --bind-to core}" "${APEX_RESTARTS:=3}"
    if [ -z "${APEX_PROGRAM:-}" ]; then
        APEX_PROGRAM=$(dirname "$here")/build/release/apex
        [ -x "$APEX_PROGRAM" ] || APEX_PROGRAM=apex
    fi
    if [ -n "${APEX_MODULES:-}" ]; then
        # shellcheck disable=SC2086 # one word for each module
        module load $APEX_MODULES || return 1
    fi
    program=("$APEX_PROGRAM")
    [ -z "${APEX_CONTAINER:-}" ] || program=(apptainer exec "$APEX_CONTAINER" "$APEX_PROGRAM")
}

attempts() {
    "${program[@]}" status --attempts "${part[@]}" "$grid" 2>/dev/null
}

# Seconds left in this job, from squeue's D-HH:MM:SS; nothing: no limit.
seconds_left() {
    squeue -h -j "$me" -o %L | awk -F '[-:]' '
        !/^[0-9]/ { exit }
        /-/ { days = $1; sub(/^[0-9]*-/, "") }
        { for (i = 1; i <= NF; i++) s = 60 * s + $i; print 86400 * days + s }'
}

# The launcher is ended when nothing else has ended it before Slurm would.
last_defence() {
    local left
    while sleep 2 && kill -0 "$1" 2>/dev/null; do
        left=$(seconds_left)
        [ -n "$left" ] && [ "$left" -le 20 ] || continue
        say "the sweep does not end by itself: it is ended"
        kill -TERM "$1"
        sleep 5
        kill -KILL "$1"
    done 2>/dev/null
}

# Slurm signals this shell alone (B:), and the launcher passes USR1 on to the ranks.
early_warning() {
    interrupted=1
    [ -n "$launched" ] && [ "$warned" = 0 ] || return 0
    warned=1
    say "Slurm's early warning: no new units, those in flight are finished"
    kill -USR1 "$launched" 2>/dev/null
    last_defence "$launched" &
}

# launch: runs the sweep once and leaves its exit code in $code.
launch() {
    # shellcheck disable=SC2206 # the launcher's words
    local words=($APEX_LAUNCHER)
    "${words[@]}" "${program[@]}" run --quiet --no-summary "${part[@]}" "${options[@]}" "$grid" &
    launched=$!
    [ "$warned" = 0 ] || kill -USR1 "$launched" # it came in between two starts
    while :; do
        interrupted=0
        wait "$launched"
        code=$?
        [ $interrupted = 1 ] || break
    done
    launched=
}

# Whether the last two attempts of all have added nothing.
is_stuck() {
    [ "$(attempts | tail -n 2 | grep -c 'records=0$')" = 2 ]
}

# What apex itself, or the launcher, means by an exit code.
meaning() {
    case $1 in
        0) echo "done" ;;
        2) echo "wrong usage: not requeued" ;;
        3) echo "bad grid, model or data (see above): not requeued" ;;
        4) echo "done, but some units failed (see above)" ;;
        75) echo "incomplete" ;;
        *) echo "a rank died or the launcher failed (exit code $1)" ;;
    esac
}

requeue() {
    say "requeued: goes on from the journal"
    if scontrol requeue "$me"; then
        sleep 600 # until Slurm ends this shell
        exit 75
    fi
    say "scontrol requeue did not work: sbatch the same command again to go on"
    exit 75
}

# run_job GRID PART OPTION...: PART is "" or K or K/N.
run_job() {
    grid=$1
    part=()
    [ -z "$2" ] || part=(--part "$2")
    shift 2
    options=("$@")
    site_settings || exit 2
    local died=0 before
    launched='' warned=0
    trap early_warning USR1
    say "starts on ${SLURM_JOB_NUM_NODES:-1} node(s): $SLURM_JOB_NODELIST, ${SLURM_NTASKS:-?} ranks"
    while :; do
        before=$(attempts | wc -l)
        launch
        say "$(meaning "$code")"
        case $code in
            0 | 2 | 3 | 4) exit "$code" ;;
        esac
        if is_stuck; then
            say "no progress in two attempts: not requeued. $("${program[@]}" status "${part[@]}" "$grid" 2>&1 | tail -n 1)"
            exit 75
        fi
        [ "$code" != 75 ] && [ $warned = 0 ] || requeue
        died=$((died + 1))
        if [ "$(attempts | wc -l)" = "$before" ] && [ $died -gt 1 ]; then
            say "the sweep did not even start, twice: given up"
            exit "$code"
        fi
        if [ $died -gt "$APEX_RESTARTS" ]; then
            say "died $died times in this job (APEX_RESTARTS=$APEX_RESTARTS): given up; sbatch again to go on"
            exit "$code"
        fi
        say "restart $died of $APEX_RESTARTS from the journal"
    done
}
