#include "core/engine/cpu.h"
#include "core/engine/gemm.h"
#include "core/engine/sets.h"

#ifdef APEX_HAVE_ONEDNN
#include <dnnl.h>
#endif
#include <cblas.h>
#include <stdio.h>
#include <string.h>

/* In the order of "auto" for bfloat16: the first that the processor has. */
static const struct kernel_set *const sets[] = {
    &kernel_set_amx,
#ifdef APEX_HAVE_ONEDNN
    &kernel_set_avx512_bf16, &kernel_set_onednn,
#endif
    &kernel_set_native,      &kernel_set_openblas, &kernel_set_naive, &kernel_set_emulated,
};
enum { SETS = sizeof sets / sizeof *sets };

static const struct kernel_set *best_f32(void)
{
    if (gemm_is_fast())
        return &kernel_set_native;
#ifdef APEX_HAVE_ONEDNN
    return &kernel_set_onednn;
#else
    return &kernel_set_openblas;
#endif
}

static const struct kernel_set *named(const char *name)
{
    for (int k = 0; k < SETS; k++)
        if (strcmp(name, sets[k]->name) == 0)
            return sets[k];
    return NULL;
}

unsigned kernel_set_missing(const char *name)
{
    unsigned missing = cpu_missing(name);
#ifdef APEX_HAVE_ONEDNN
    if (!missing && strcmp(name, kernel_set_amx.name) == 0)
        missing = onednn_allow(0) ? CPU_ONEDNN : 0;
    if (!missing && strcmp(name, kernel_set_avx512_bf16.name) == 0)
        missing = onednn_allow(1) ? CPU_ONEDNN : 0;
#endif
    return missing;
}

int kernel_set_refuse(const char *name, const char *where, unsigned missing, struct apex_error *err)
{
    char text[CPU_MISSING_TEXT];
    return apex_fail(err,
                     "precision bf16 with kernels '%s' needs a processor that computes in bfloat16: %s lacks "
                     "%s; 'kernels: emulated' does it in software on any machine, slowly",
                     name, where, cpu_missing_text(missing, text));
}

/* Words for a name that is none of this build's. */
static void refuse_name(const char *name, struct apex_error *err)
{
    static const char *const needs_onednn[] = {"onednn", "avx512-bf16"};
    for (size_t k = 0; k < sizeof needs_onednn / sizeof *needs_onednn; k++)
        if (strcmp(name, needs_onednn[k]) == 0) {
            apex_fail(err, "this build has no oneDNN, which kernels '%s' need", name);
            return;
        }
    apex_fail(err,
              "no kernel set '%s': use 'auto', 'native', 'onednn', 'openblas' or 'naive', or for bfloat16 "
              "'amx', 'avx512-bf16' or 'emulated'",
              name);
}

const struct kernel_set *kernel_set_find(const char *name, struct apex_error *err)
{
    const struct kernel_set *set = strcmp(name, "auto") == 0 ? best_f32() : named(name);
    unsigned missing = set ? kernel_set_missing(set->name) : 0;
    if (!set)
        refuse_name(name, err);
    if (missing)
        kernel_set_refuse(name, "this one", missing, err);
    return missing ? NULL : set;
}

/* The fastest of the sets that compute in bfloat16 by themselves. */
static const struct kernel_set *best_bf16(struct apex_error *err)
{
    if (!kernel_set_missing("amx"))
        return &kernel_set_amx;
#ifdef APEX_HAVE_ONEDNN
    if (!kernel_set_missing("avx512-bf16"))
        return &kernel_set_avx512_bf16;
    kernel_set_refuse("auto", "this one", kernel_set_missing("avx512-bf16"), err);
#else
    apex_fail(
        err, "precision bf16 needs AMX, or oneDNN, which this build lacks; 'kernels: emulated' does without, "
             "slowly");
#endif
    return NULL;
}

const struct kernel_set *kernel_set_choose(int bf16, const char *name, struct apex_error *err)
{
    const struct kernel_set *set = bf16 && strcmp(name, "auto") == 0 ? best_bf16(err) : NULL;
    if (set || (bf16 && strcmp(name, "auto") == 0))
        return set;
    set = named(name);
    if (set && set->bf16 != bf16) {
        apex_fail(err, "kernels '%s' compute in %s, not in %s", name, kernel_set_precision(set),
                  bf16 ? "bf16: use 'auto', 'amx', 'avx512-bf16' or 'emulated'" : "f32");
        return NULL;
    }
    return kernel_set_find(name, err);
}

const char *kernel_set_precision(const struct kernel_set *set)
{
    return set->bf16 ? "bf16" : "f32";
}

/* "OpenBLAS 0.3.21" from "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..." */
static void openblas_version(char *text, size_t size)
{
    const char *config = openblas_get_config();
    const char *space = strchr(config, ' ');
    const char *end = space ? strchr(space + 1, ' ') : NULL;
    snprintf(text, size, "%.*s", end ? (int)(end - config) : (int)strlen(config), config);
}

const char *kernel_set_libraries(const struct kernel_set *set, char *text, size_t size)
{
    char blas[64];
    openblas_version(blas, sizeof blas);
    if (set == &kernel_set_naive || set == &kernel_set_emulated)
        snprintf(text, size, "none");
    else
        snprintf(text, size, "%s", blas);
#ifdef APEX_HAVE_ONEDNN
    if (set == &kernel_set_onednn || set == &kernel_set_native || set == &kernel_set_amx ||
        set == &kernel_set_avx512_bf16) {
        const dnnl_version_t *v = dnnl_version();
        snprintf(text, size, "%s; oneDNN %d.%d.%d", blas, v->major, v->minor, v->patch);
    }
#endif
    return text;
}

const char *kernel_set_processor(char *text, size_t size)
{
    unsigned onednn = 0;
#ifdef APEX_HAVE_ONEDNN
    onednn = (unsigned)dnnl_get_effective_cpu_isa();
#endif
    snprintf(text, size, "%s, OpenBLAS %s, oneDNN isa 0x%x", gemm_isa(), openblas_get_corename(), onednn);
    return text;
}
