#!/bin/sh
# Runs one case of tests/cli: CASE/cmd in a fresh folder that holds the quickstart's models and data and small.yaml, with apex on the
# PATH; then compares standard output and error (folder names become @DIR@) with CASE/stdout and CASE/stderr, and the exit code with
# CASE/exit. With UPDATE=1 it writes them instead.
set -u
apex=$1 case=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$dir" 2>/dev/null; rm -rf "$dir"' EXIT
cp "$root"/experiments/quickstart/*.onnx "$root"/experiments/quickstart/digits.nc "$here/small.yaml" "$dir"
export BAD="$root/tests/data/bad" CASE="$here/$case"
PATH=$(dirname "$apex"):$PATH
cd "$dir" || exit 1
sh "$here/$case/cmd" >"$dir/.stdout" 2>"$dir/.stderr"
code=$?
for f in stdout stderr; do
    sed -i "s|$dir|@DIR@|g; s|$root|@ROOT@|g" "$dir/.$f"
done
echo "$code" >"$dir/.exit"
status=0
for f in stdout stderr exit; do
    if [ "${UPDATE:-0}" = 1 ]; then
        cp "$dir/.$f" "$here/$case/$f"
    elif ! diff -u "$here/$case/$f" "$dir/.$f"; then
        echo "$case: $f differs"
        status=1
    fi
done
exit $status
