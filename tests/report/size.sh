#!/bin/sh
# 10,000 samples x 20 sites x 16 scales x 10 classes with a reference: within 30 s of processor time and 2 GB. Skipped without Python's netCDF4.
. "$(dirname "$0")/../common.sh"
command -v gnuplot >/dev/null || { echo "skipped: no gnuplot (Debian: gnuplot-nox)"; exit 77; }
python=/usr/bin/python3
$python -c 'import netCDF4' 2>/dev/null || { echo "skipped: no netCDF4 for Python"; exit 77; }
cd "$dir" || exit 1
$python "$root/tests/report/make_result.py" large.nc 10000 20 16 10 score.csv || exit 1
$python - "$dir/apex" <<'P'
import resource, subprocess, sys, time
begin = time.time()
subprocess.run([sys.argv[1], "report", "large.nc", "--reference", "score.csv", "--to", "report"], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{time.time() - begin:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of processor time, {used.ru_maxrss / 1024:.0f} MB")
sys.exit(0 if used.ru_utime + used.ru_stime < 30 and used.ru_maxrss < 2 << 20 else 1)
P
