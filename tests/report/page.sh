#!/bin/sh
# A sweep, then its report: every section is in the page, the page is well-formed and self-contained, every table parses as CSV and JSON with
# the same rows, every figure is there twice, and a second report has the same bytes.
scale=relative
. "$(dirname "$0")/sweep.sh"
cat >groups.txt <<'G'
classes: zero, one, two, three, four, five, six, seven, eight, nine
round: zero, six, eight, nine
straight: one, four, seven
G
{
    echo index,label,score
    i=0
    while [ $i -lt 60 ]; do
        echo "$i,,0.$((i * 37 % 90 + 10))"
        i=$((i + 1))
    done
} >score.csv
"$dir/apex" report out --reference score.csv --groups groups.txt --data grid.yaml --clean-models mlp,cnn >log || fail "apex report"
[ "$(cat log)" = "report: out/report/report.html" ] || fail "it said: $(cat log)"
page=out/report/report.html
for s in $sections; do
    grep -q "<section id=\"$s\">" $page || fail "no section $s"
    grep -q "<a href=\"#$s\">" $page || fail "section $s is not in the summary"
done
for word in "Spearman correlation" "stay within a group" "at equal relative scale" "Contact sheets" "data:image/png;base64"; do
    grep -q "$word" $page || fail "the page does not say '$word'"
done
if grep -qE '<script|<iframe|src="[^d]|href="http|url\(|[^a-z]-?nan[^a-z]' $page; then fail "the page needs more than itself, or prints nan"; fi
grep -v '^[a-z]*/*[A-Za-z0-9_-]*\.[a-z]*$' out/report/files.txt && fail "a strange name in files.txt"
while read -r file; do [ -s "out/report/$file" ] || fail "$file is missing or empty"; done <out/report/files.txt
if command -v xmllint >/dev/null; then xmllint --noout $page || fail "not well-formed"; fi
python3 - out/report <<'P' || fail "tables or page"
import csv, glob, json, os, sys
from xml.dom import minidom
folder = sys.argv[1]
minidom.parse(folder + "/report.html")
tables = sorted(glob.glob(folder + "/tables/*.csv"))
assert len(tables) >= 12, tables
for path in tables:
    rows = list(csv.DictReader(open(path, newline="")))
    other = json.load(open(path[:-4] + ".json"))
    assert len(rows) == len(other["rows"]), path
    for a, b in zip(rows, other["rows"]):
        assert list(a) == list(b), path
        for name in a:
            text = "" if b[name] is None else str(b[name])
            assert a[name] == text or float(a[name]) == float(text), (path, name, a[name], b[name])
for path in glob.glob(folder + "/figures/*.svg"):
    minidom.parse(path)
    assert open(path[:-4] + ".png", "rb").read(4) == b"\x89PNG", path
P
"$dir/apex" report out/mlp.nc out/cnn.nc --reference score.csv --groups groups.txt --data grid.yaml --clean-models mlp,cnn --to again >/dev/null || fail "again"
"$dir/apex" report out/mlp.nc out/cnn.nc --reference score.csv --groups groups.txt --data grid.yaml --clean-models mlp,cnn --to third >/dev/null || fail "third"
diff -r again third || fail "two reports of the same files differ"
