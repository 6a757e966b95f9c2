#!/bin/sh
# Runs test programs of a build in an emulated processor that this machine need not have: see README.md.
#   run.sh [-m MODEL] [-t SECONDS] [-e NAME=VALUE]... [-f FILE]... [-k] BUILD [TEST | 'COMMAND ARGUMENT...']...
# A test is a program of BUILD/tests; a command is a program of BUILD, with arguments, which runs in a copy of experiments/quickstart
# with the FILEs beside. -k keeps the working folder. Exit: 0 all passed, 1 not, 77 something is missing.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
model=sapphire_rapids seconds=7200 settings= files= keep=
while getopts m:t:e:f:k option; do
    case $option in
    m) model=$OPTARG ;;
    t) seconds=$OPTARG ;;
    e) settings="$settings export $OPTARG;" ;;
    f) files="$files $OPTARG" ;;
    k) keep=1 ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] && [ -d "$1/tests" ] || { echo "usage: run.sh [-m MODEL] [-t SECONDS] [-e NAME=VALUE] [-f FILE] [-k] BUILD [TEST]..." >&2; exit 2; }
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- core_test_gemm_tile core_test_philox core_test_normal core_test_noise core_test_noise_reference core_test_engine_kernels \
    core_test_engine_ops core_test_runner core_test_runner_limit core_test_runner_golden

missing() {
    echo "missing: $1 ($2)" >&2
    exit 77
}
bochs=${BOCHS:-bochs}
kernel=${KERNEL:-$(ls /boot/vmlinuz-* 2>/dev/null | sort -V | tail -n 1)}
busybox=${BUSYBOX:-/bin/busybox}
command -v "$bochs" >/dev/null || missing bochs "put it on PATH or set BOCHS; README.md says how to build it"
share=${BXSHARE:-$(dirname "$(dirname "$(command -v "$bochs")")")/share/bochs}
[ -r "$share/BIOS-bochs-latest" ] || missing "$share/BIOS-bochs-latest" "set BXSHARE to the folder of Bochs's BIOS files"
vga=$(ls "$share"/VGABIOS-lgpl-latest "$share"/VGABIOS-lgpl-latest.bin 2>/dev/null | head -n 1)
"$bochs" --help cpu 2>&1 | grep -qx "$model" || missing "CPU model $model in $bochs" "it knows: $("$bochs" --help cpu 2>&1 | grep -x '[a-z0-9_]*' | tail -n 8 | tr '\n' ' ')"
[ -r "$kernel" ] || missing "a Linux kernel" "package linux-image-amd64, or set KERNEL to a vmlinuz of 5.16 or newer"
[ -x "$busybox" ] || missing busybox "package busybox-static, or set BUSYBOX"
for program in grub-mkrescue:grub-pc-bin xorriso:xorriso mformat:mtools cpio:cpio nm:binutils; do
    command -v "${program%:*}" >/dev/null || missing "${program%:*}" "package ${program#*:}"
done

dir=$(mktemp -d) || exit 1
pid=
cleanup() {
    [ -n "$pid" ] && kill "$pid" 2>/dev/null
    [ -n "$keep" ] && echo "kept: $dir" || rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
guest=$dir/guest
mkdir -p "$guest/bin" "$guest/proc" "$guest/sys" "$guest/dev" "$guest/tmp" "$guest/build/tests" "$guest/tests" "$guest/experiments" "$dir/iso/boot/grub"
cp "$busybox" "$guest/bin/busybox"
ln -s busybox "$guest/bin/sh"
cp -r "$root/tests/data" "$root/tests/golden" "$guest/tests"
cp -r "$root/experiments/quickstart" "$guest/experiments"
for file in $files; do cp "$file" "$guest/experiments/quickstart" || exit 2; done

# with_libraries PROGRAM: the shared libraries it needs, at the places where they are found here
with_libraries() {
    ldd "$1" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*ld-[^ ]*\) .*/\1/p' | while read -r library; do
        [ -e "$guest$library" ] && continue
        mkdir -p "$guest$(dirname "$library")"
        cp -L "$library" "$guest$library"
    done
}

# only_widest PROGRAM: the AVX2 and plain twins of every function that has an AVX-512 one become illegal instructions, so that a test
# passes by the widest code or not at all.
only_widest() {
    nm "$1" | awk '$3 ~ /\.(avx2|default)(\.|$)/ || $3 == "gemm_tile_avx2" {print $1}' | while read -r address; do
        offset=$(readelf -lW "$1" | awk -v at="$address" '
            function number(text, i, v) { v = 0; text = tolower(text); sub(/^0x/, "", text)
                for (i = 1; i <= length(text); i++) v = v * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
                return v }
            $1 == "LOAD" { a = number(at); from = number($3); if (a >= from && a < from + number($5)) print a - from + number($2) }')
        printf '\017\013' | dd of="$1" bs=1 seek="$offset" conv=notrunc 2>/dev/null
    done
}

count=0
{
    echo '#!/bin/sh'
    echo 'b=/bin/busybox; $b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev; $b mount -t tmpfs tmp /tmp'
    echo '$b ip link set lo up; export HOME=/tmp PATH=/bin:/build'
    echo 'echo "EMULATED $($b grep -m1 "model name" /proc/cpuinfo)"; echo "FLAGS $($b grep -m1 ^flags /proc/cpuinfo)"'
    echo "$settings"
    for test; do
        case $test in
        *' '*) echo "cd /experiments/quickstart; echo 'BEGIN $test'; s=\$(\$b date +%s); $test; r=\$?; \$b find results -name '*.nc' -exec \$b sha256sum {} +" ;;
        *) echo "cd /tests; echo 'BEGIN $test'; s=\$(\$b date +%s); /build/tests/$test 2>&1; r=\$?" ;;
        esac
        echo "echo \"END \$r \$((\$(\$b date +%s) - s)) s: $test\""
        count=$((count + 1))
    done
    echo 'echo ALL DONE; $b sync; $b poweroff -f'
} > "$guest/init"
chmod 755 "$guest/init"
for test; do
    case $test in
    *' '*) from=$build/${test%% *} to=$guest/build/${test%% *} ;;
    *) from=$build/tests/$test to=$guest/build/tests/$test ;;
    esac
    [ -x "$from" ] || { echo "no program $from" >&2; exit 2; }
    [ -e "$to" ] && continue
    cp "$from" "$to"
    with_libraries "$to"
    strip --strip-debug "$to"
    [ -n "${ANY_WIDTH:-}" ] || [ "$test" = core_test_gemm_tile ] || only_widest "$to" # that test compares the widths
done

(cd "$guest" && find . | cpio --quiet -o -H newc | gzip -1) > "$dir/iso/boot/root.cpio" || exit 1
cp "$kernel" "$dir/iso/boot/vmlinuz"
cat > "$dir/iso/boot/grub/grub.cfg" <<'G'
set timeout=0
linux /boot/vmlinuz console=ttyS0,115200 panic=-1 mitigations=off nokaslr tsc=reliable nowatchdog random.trust_cpu=on clearcpuid=fsrm
initrd /boot/root.cpio
boot
G
grub-mkrescue -d /usr/lib/grub/i386-pc --compress=no -o "$dir/boot.iso" "$dir/iso" > "$dir/grub.log" 2>&1 || { cat "$dir/grub.log"; exit 1; }
cat > "$dir/bochsrc" <<B
config_interface: textconfig
display_library: ${DISPLAY_LIBRARY:-nogui}
memory: guest=1024, host=1024
romimage: file=$share/BIOS-bochs-latest
vgaromimage: file=$vga
cpu: model=$model, count=1, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0=utc
ata0-master: type=cdrom, path=$dir/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$dir/serial
log: $dir/bochs.log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
B
: > "$dir/serial"
echo c > "$dir/commands" # for a Bochs with a debugger
"$bochs" -q -f "$dir/bochsrc" < "$dir/commands" > "$dir/out" 2>&1 &
pid=$!
waited=0
while kill -0 "$pid" 2>/dev/null && [ $waited -lt "$seconds" ] && ! grep -aq '^ALL DONE\|Kernel panic' "$dir/serial"; do
    sleep 2
    waited=$((waited + 2))
done
tr -d '\r' < "$dir/serial" | grep -a -v '^FLAGS'
passed=$(grep -ac '^END 0 ' "$dir/serial")
echo
echo "$model: $(tr -d '\r' < "$dir/serial" | grep -a '^FLAGS' | tr ' ' '\n' | grep -E '^(avx2|fma|avx512.*|amx.*)$' | tr '\n' ' ')"
tr -d '\r' < "$dir/serial" | sed -n 's/^END 0 /passed, emulated time /p; s/^END \([1-9][0-9]*\) /FAILED (\1), emulated time /p'
echo "$passed of $count passed on the emulated $model in $waited s"
[ "$passed" = "$count" ]
