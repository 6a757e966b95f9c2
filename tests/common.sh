# Common to the tests that run whole sweeps: sourced with $1 the apex program and $2 mpirun. Leaves a fresh folder in $dir with a copy of the
# program (so that a kill by path reaches this test's processes only), the quickstart's models and data.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d) || exit 1
cleanup() {
    pkill -9 -f "$dir/" 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT
cp "$1" "$dir/apex" || exit 1
cp "$root"/experiments/quickstart/*.onnx "$root"/experiments/quickstart/digits.nc "$dir"
mpirun=$2
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

# launch RANKS ARGUMENT...: apex on so many ranks; 0: without mpirun. `start` becomes that process: for the background, where $! must be it.
launch() {
    (start "$@")
}
start() {
    ranks=$1
    shift
    if [ "$ranks" = 0 ]; then
        exec "$dir/apex" "$@"
    else
        exec "$mpirun" -n "$ranks" --oversubscribe "$dir/apex" "$@"
    fi
}

# grid OUTPUT [EXTRA LINE...]: a grid file's text; keys given as extra lines replace the defaults
grid() {
    out=$1
    shift
    {
        cat <<Y
sweep: test
output: $out
seed: 7
draws: 20
data:
  digits: {path: digits.nc, divide: 16, samples: "${samples:-0:24}", labels: {random: ":label_random"}}
models:
  mlp: {path: mlp_true.onnx}
  cnn: {path: cnn_random.onnx, labels: random}
Y
        case "$*" in *sites:*) ;; *) echo 'sites: [input, "relu*", all]' ;; esac
        case "$*" in *sigmas:*) ;; *) echo 'sigmas: [{log: [0.01, 10, 7]}, .inf]' ;; esac
        for line in "$@"; do echo "$line"; done
    }
}

# same A B: all result files of two output folders are byte for byte the same
same() {
    for f in "$1"/*.nc; do
        cmp "$f" "$2/$(basename "$f")" || { echo "FAIL: $f and $2 differ"; exit 1; }
    done
    [ "$(ls "$1"/*.nc | wc -l)" = "$(ls "$2"/*.nc | wc -l)" ] || { echo "FAIL: $1 and $2 hold other files"; exit 1; }
}

# under_way OUTPUT: waits until a sweep has journalled its first results, however long the launcher takes
under_way() {
    tries=0
    until [ "$("$dir/apex" fsck "$1" 2>/dev/null | sed -n 's/.* \([0-9]*\) records$/\1/p')" -gt 0 ] 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { echo "FAIL: $1 does not get under way"; exit 1; }
        sleep 0.05
    done
}
