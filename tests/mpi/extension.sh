#!/bin/sh
# A finished sweep to which scales, a site and samples are added computes only those, and ends with the bytes of a fresh run.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
grid out 'sites: [relu0, all]' 'sigmas: [0.1, 1, .inf]' >grid.yaml
launch 2 run -q -S grid.yaml || exit 1
samples=0:30
grid out 'sites: [relu0, relu1, all]' 'sigmas: [0.1, 0.5, 1, 2, .inf]' >grid.yaml
launch 2 run -q -S grid.yaml 2>log || { cat log; exit 1; }
cat log
grep -q ' 288 done' log || { echo "FAIL: the 2 x 24 x 2 x 3 cells done before were not all found"; exit 1; }
grid fresh 'sites: [relu0, relu1, all]' 'sigmas: [0.1, 0.5, 1, 2, .inf]' >fresh.yaml
launch 1 run -q -S fresh.yaml || exit 1
same fresh out
