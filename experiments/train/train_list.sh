#!/bin/sh
# Trains the networks of a list (lines: NAME option...; # begins a comment) into OUT/NAME.onnx:
#   train_list.sh LIST DATA OUT [K]     all of them, or only the K-th
# What is done is skipped and what was interrupted goes on, so the same command starts and continues.
set -eu
[ $# -ge 3 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
failed=0
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1" | sed -n "${4:-1,\$}p" >"$lines"
[ -s "$lines" ] || { echo "train_list.sh: $1 has no line ${4:-with a network}" >&2; exit 2; }
while read -r name options; do
    # The options are words of the list: split on purpose.
    # shellcheck disable=SC2086
    "${PYTHON:-python3}" "$here/train.py" --data "$2" --out "$3/$name.onnx" $options </dev/null || failed=1
done <"$lines"
exit $failed
