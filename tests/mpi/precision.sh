#!/bin/sh
# precision: bf16. A processor without it is refused before anything is written; in emulation an extended sweep ends with the bytes of a
# fresh one, f32 and bf16 never take each other's results, and the files say which they are.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
if grep -q avx512_bf16 /proc/cpuinfo; then
    echo "this processor has AVX512-BF16: the refusal is not tested"
else
    grid out 'precision: bf16' >grid.yaml
    for ranks in 0 2; do
        launch $ranks run -q -S grid.yaml >log 2>&1
        code=$?
        [ $code = 3 ] || [ $ranks = 2 ] || { cat log; echo "FAIL: exit $code, expected 3"; exit 1; }
        [ $code != 0 ] || { cat log; echo "FAIL: $ranks ranks: exit 0"; exit 1; }
        pattern="^apex: .*precision bf16.*; 'kernels: emulated' does \\(it in software on any machine\\|without\\), slowly$"
        [ "$(grep -c "$pattern" log)" = 1 ] || { cat log; echo "FAIL: $ranks ranks: the refusal is not said once"; exit 1; }
        [ ! -e out ] || { echo "FAIL: a refused run leaves a folder"; exit 1; }
    done
fi
bf16='precision: bf16' emulated='kernels: emulated'
samples=0:10
grid out "$bf16" "$emulated" >grid.yaml
launch 2 run -q -S grid.yaml || exit 1
samples=0:24
grid out "$bf16" "$emulated" >grid.yaml
launch 4 run -q -S grid.yaml 2>log || { cat log; exit 1; }
grep -q ' [1-9][0-9]* done;' log || { cat log; echo "FAIL: nothing of the first run was found"; exit 1; }
grid fresh "$bf16" "$emulated" >fresh.yaml
launch 0 run -q -S fresh.yaml || exit 1
same fresh out

grid out 'precision: f32' >grid.yaml
launch 2 run -q -S grid.yaml 2>log || { cat log; exit 1; }
grep -q ' 0 done;' log || { cat log; echo "FAIL: f32 took results of bf16"; exit 1; }
cmp -s fresh/cnn.nc out/cnn.nc && { echo "FAIL: f32 and bf16 give the same file"; exit 1; }
grid out "$bf16" "$emulated" >grid.yaml
launch 2 run -q -S grid.yaml 2>log || { cat log; exit 1; }
grep -q '; 0 units' log || { cat log; echo "FAIL: bf16 was computed again"; exit 1; }
same fresh out
grep -aq 'precision' fresh/cnn.nc || { echo "FAIL: no attribute 'precision'"; exit 1; }
echo "extended, kept apart from f32, refused where it must be"
