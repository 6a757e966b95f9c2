#!/bin/sh
# `cmake --install` gives a working prefix: the program runs from there, and another C program builds on the library with pkg-config.
# usage: install.sh CMAKE BUILD_FOLDER C_COMPILER
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$1" --install "$2" --prefix "$dir/prefix" >/dev/null
"$dir/prefix/bin/apex" inspect "$root/experiments/quickstart/mlp_true.onnx" >/dev/null
cat >"$dir/user.c" <<'C'
#include <core/runner.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    struct apex_error err;
    const struct apex_noise noise = {APEX_NOISE_GAUSSIAN, 1};
    const int site = 0;
    const double sigma = 0.1;
    struct apex_model *m = argc == 2 ? apex_model_load(argv[1], &err) : NULL;
    struct apex_runner *r = m ? apex_runner_new(m, "auto", &site, 1, 4, NULL, &noise, 0, &err) : NULL;
    if (!r)
        return 1;
    float sample[64] = {0}, clean[10], logits[40];
    apex_runner_clean(r, sample, clean);
    apex_runner_perturb(r, 0, NULL, &sigma, 1, 0, 0, 4, logits);
    printf("%g %g\n", (double)clean[0], (double)logits[0]);
    int differs = clean[0] != logits[0];
    apex_runner_free(r);
    apex_model_free(m);
    return !differs;
}
C
pc=$(find "$dir/prefix" -name apex.pc | head -n 1)
[ -n "$pc" ]
sed -i "s|^prefix=.*|prefix=$dir/prefix|" "$pc"
# shellcheck disable=SC2046
"$3" "$dir/user.c" -o "$dir/user" $(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --cflags --libs --static apex)
"$dir/user" "$root/experiments/quickstart/mlp_true.onnx"
