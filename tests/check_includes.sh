#!/bin/sh
# Includes go one way: core <- dist and core <- analysis. core/ sees no MPI, NetCDF or YAML; analysis/ neither dist/ nor MPI.
# usage: check_includes.sh [source folder]
root=${1:-$(dirname "$0")/..}
bad=0

# refuse FOLDER PATTERN: no file of FOLDER has an #include line that PATTERN matches
refuse() {
    [ -d "$root/$1" ] || return 0
    found=$(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" "$root/$1" --include='*.[ch]') || return 0
    echo "$1/ must not include these:"
    echo "$found"
    bad=1
}

[ -d "$root/core" ] || { echo "$root has no core/"; exit 1; }
refuse core '(\.\./)*(dist|analysis)/|mpi\.h|netcdf[a-z_]*\.h|yaml\.h'
refuse analysis '(\.\./)*dist/|mpi\.h|yaml\.h'
exit $bad
