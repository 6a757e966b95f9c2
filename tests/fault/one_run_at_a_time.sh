#!/bin/sh
# A second run on the same output is refused while one is running; after the owner was killed none is.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:400
grid out >grid.yaml
start 0 run -q -S grid.yaml 2>/dev/null >&2 &
owner=$!
under_way out
launch 0 run -q -S grid.yaml 2>log
code=$?
cat log
[ $code = 3 ] || { echo "FAIL: exit $code, not 3"; exit 1; }
grep -q "pid $owner" log || { echo "FAIL: the owner's pid $owner is not named"; exit 1; }
kill -9 $owner
wait $owner 2>/dev/null
timeout -s TERM 2 "$dir/apex" run -q -S grid.yaml 2>log
code=$?
[ $code = 75 ] || [ $code = 0 ] || [ $code = 124 ] || { cat log; echo "FAIL: exit $code after the owner was killed"; exit 1; }
