#!/bin/sh
# A journal without its last byte, with a flipped byte, and with 8 KB of zeros in its middle: fsck names the loss, the sweep ends with the same bytes.
. "$(dirname "$0")/../common.sh"
cd "$dir" || exit 1
samples=0:60
grid whole >whole.yaml
launch 0 run -q -S whole.yaml 2>/dev/null >&2 || exit 1
size=$(stat -c %s whole/apex.journal)
for damage in last_byte flipped_byte zeros; do
    mkdir "$damage"
    cp whole/apex.journal "$damage/"
    case $damage in
    last_byte) expect='0 torn tail:' && truncate -s $((size - 1)) "$damage/apex.journal" ;;
    flipped_byte) expect='4 1 hole' && printf '\377' | dd of="$damage/apex.journal" bs=1 seek=$((size / 3)) conv=notrunc 2>/dev/null ;;
    zeros) expect='4 1 hole' && dd if=/dev/zero of="$damage/apex.journal" bs=1024 seek=$((size / 2048)) count=8 conv=notrunc 2>/dev/null ;;
    esac
    "$dir/apex" fsck "$damage" >report
    code=$?
    echo "== $damage: exit $code"
    cat report
    [ $code = "${expect%% *}" ] || { echo "FAIL: fsck: exit $code, not ${expect%% *}"; exit 1; }
    grep -q "${expect#* }" report && grep -q 'will run$' report || { echo "FAIL: fsck does not name the loss"; exit 1; }
    grid "$damage" >grid.yaml
    launch 2 run -q -S grid.yaml 2>log || { cat log; exit 1; }
    cat log
    same whole "$damage"
done
