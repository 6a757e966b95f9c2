#!/bin/sh
# The key `response`: the same bytes without mpirun and at 1, 2 and 4 ranks, after a kill, and added to a finished sweep, where it
# alone is computed.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
few='sites: [relu0]'
scales='sigmas: [{log: [0.01, 10, 7]}, .inf]' # written out where the response has sigmas of its own
for scale in absolute relative; do
    for ranks in 0 1 2 4; do
        grid "out_${scale}_$ranks" "$few" "noise: {scale: $scale}" 'response: {samples: 9, draws: 16}' >grid.yaml
        launch $ranks run -q -S grid.yaml || { echo "FAIL: $ranks ranks: exit $?"; exit 1; }
        same "out_${scale}_0" "out_${scale}_$ranks"
    done
done

grid added "$few" >grid.yaml
launch 2 run -q -S grid.yaml || exit 1
"$dir/apex" fsck added | grep -q response && { echo "FAIL: a response nobody asked for"; exit 1; }
grid added "$few" "$scales" 'response: {samples: 5, sigmas: 0.5, draws: 16}' >grid.yaml
launch 2 run -q -S grid.yaml || exit 1
grid added "$few" 'noise: {scale: absolute}' 'response: {samples: 9, draws: 16}' >grid.yaml
launch 2 run -q -S grid.yaml 2>log || exit 1
cat log
grep -q ' 384 cells, 384 done' log || { echo "FAIL: cells were computed again"; exit 1; }
same out_absolute_0 added
"$dir/apex" fsck added | grep -q 'mlp: 18 of 18 samples x scales of the response' || { echo "FAIL: fsck"; exit 1; }
"$dir/apex" plan grid.yaml | grep -q 'response of mlp at input: 9 samples x 2 scales x 16 draws, 18 of 18 done' ||
    { echo "FAIL: plan"; exit 1; }

many='response: {samples: 24, sigmas: [0.1, 0.2, 0.3], draws: 128}'
grid whole "$few" "$scales" "$many" >grid.yaml
launch 2 run -q -S grid.yaml || exit 1
grid killed "$few" "$scales" "$many" >grid.yaml
start 0 run -q -S grid.yaml >/dev/null 2>&1 &
under_way killed
kill -9 $!
wait
launch 2 run -q -S grid.yaml || { echo "FAIL: resume: exit $?"; exit 1; }
same whole killed
echo "same bytes at 0, 1, 2 and 4 ranks, added later, and after a kill"
