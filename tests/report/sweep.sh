# Common to the report's tests: sourced with $1 the apex program and $2 mpirun. Runs a small sweep of a structured and a memorising network into
# $dir/out, unless there is no gnuplot: then the test is skipped.
. "$(dirname "$0")/../common.sh"
command -v gnuplot >/dev/null || { echo "skipped: no gnuplot (Debian: gnuplot-nox)"; exit 77; }
cd "$dir" || exit 1
sections="models stay regularity structure transitions information bias input"
samples=0:60
grid out "noise: {kind: gaussian, scale: ${scale:-absolute}}" >grid.yaml
launch 2 run -q -S grid.yaml || exit 1
fail() {
    echo "FAIL: $*"
    exit 1
}
