#!/bin/sh
# Ranks on different kinds of processors (here: told so): the run says it, and `native` gives the same bytes.
. "$(dirname "$0")/../common.sh"
[ "$(uname -m)" = x86_64 ] || exit 77
cd "$dir" || exit 1
grid alone 'kernels: auto' >alone.yaml
grid mixed 'kernels: auto' >mixed.yaml
launch 2 run -q -S alone.yaml 2>alone.log || { echo "FAIL: alike: exit $?"; cat alone.log; exit 1; }
"$mpirun" --oversubscribe -n 1 "$dir/apex" run -q -S mixed.yaml : -n 1 env OPENBLAS_CORETYPE=Prescott ONEDNN_MAX_CPU_ISA=SSE41 "$dir/apex" run -q -S mixed.yaml \
    2>mixed.log || { echo "FAIL: mixed: exit $?"; cat mixed.log; exit 1; }
grep -q '^note: 1 rank on another kind of processor' mixed.log || { echo "FAIL: no note"; cat mixed.log; exit 1; }
grep -q 'kind of processor' alone.log && { echo "FAIL: a note though all are alike"; cat alone.log; exit 1; }
grep -q 'kernels native' mixed.log && same alone mixed
echo "a rank on another kind of processor is told of"
