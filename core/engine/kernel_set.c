#include "core/engine/gemm.h"
#include "core/engine/sets.h"

#ifdef APEX_HAVE_ONEDNN
#include <dnnl.h>
#endif
#include <cblas.h>
#include <stdio.h>
#include <string.h>

const struct kernel_set *kernel_set_find(const char *name, struct apex_error *err)
{
    if (strcmp(name, "naive") == 0)
        return &kernel_set_naive;
    if (strcmp(name, "openblas") == 0)
        return &kernel_set_openblas;
    if (strcmp(name, "native") == 0 || (strcmp(name, "auto") == 0 && gemm_is_fast()))
        return &kernel_set_native;
#ifdef APEX_HAVE_ONEDNN
    if (strcmp(name, "onednn") == 0 || strcmp(name, "auto") == 0)
        return &kernel_set_onednn;
#else
    if (strcmp(name, "auto") == 0)
        return &kernel_set_openblas;
    if (strcmp(name, "onednn") == 0) {
        apex_fail(err, "this build has no oneDNN: use 'openblas' or 'auto'");
        return NULL;
    }
#endif
    apex_fail(err, "no kernel set '%s': use 'auto', 'native', 'onednn', 'openblas' or 'naive'", name);
    return NULL;
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
    if (set == &kernel_set_naive)
        snprintf(text, size, "none");
    else
        snprintf(text, size, "%s", blas);
#ifdef APEX_HAVE_ONEDNN
    if (set == &kernel_set_onednn || set == &kernel_set_native) {
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
