/* What the processor and the operating system offer, asked of the processor itself: the compiler's own
 * question does not know AMX yet everywhere, and none of it may run before it is known to be there. */
#include "core/engine/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { AVX512F, AVX512BW, AVX512DQ, AVX512VL, AVX512_BF16, AMX_TILE, AMX_BF16, FEATURES };

static const char *const feature_name[FEATURES] = {"avx512f",     "avx512bw", "avx512dq", "avx512vl",
                                                   "avx512_bf16", "amx_tile", "amx_bf16"};

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>

/* XCR0: which register states the operating system saves. */
static uint64_t saved_states(void)
{
    unsigned a, b, c, d;
    uint32_t low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) /* OSXSAVE */
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static unsigned features(void)
{
    const uint64_t vectors = 0xe6, tiles = 0x60000; /* SSE, AVX, AVX-512; tile configuration and data */
    uint64_t saved = saved_states();
    unsigned a, b, c, d, has = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    if ((saved & vectors) == vectors)
        has |= (b >> 16 & 1) << AVX512F | (b >> 30 & 1) << AVX512BW | (b >> 17 & 1) << AVX512DQ |
               (b >> 31 & 1) << AVX512VL;
    if ((saved & tiles) == tiles)
        has |= (d >> 24 & 1) << AMX_TILE | (d >> 22 & 1) << AMX_BF16;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && has & 1u << AVX512F)
        has |= (a >> 5 & 1) << AVX512_BF16;
    return has;
}
#else
static unsigned features(void)
{
    return 0;
}
#endif

#ifdef CPU_BUILDS_AMX
#include <sys/syscall.h>
#include <unistd.h>

/* Linux saves the tiles of a process only after it was asked to; asking again does nothing. */
static int may_use_tiles(void)
{
    const long request_permission = 0x1023, tile_data = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}
#else
static int may_use_tiles(void)
{
    return 0;
}
#endif

unsigned cpu_missing(const char *kernels)
{
    const unsigned vectors = (1u << (AVX512_BF16 + 1)) - 1, all = (1u << FEATURES) - 1;
    const int tiles = strcmp(kernels, "amx") == 0;
    const unsigned missing = (tiles ? all : strcmp(kernels, "avx512-bf16") == 0 ? vectors : 0) & ~features();
    return missing || !tiles || may_use_tiles() ? missing : 1u << AMX_TILE;
}

const char *cpu_missing_text(unsigned missing, char text[CPU_MISSING_TEXT])
{
    size_t length = 0;
    text[0] = '\0';
    for (int k = 0; k < FEATURES; k++)
        if (missing >> k & 1)
            length += (size_t)snprintf(text + length, CPU_MISSING_TEXT - length, "%s%s", length ? ", " : "",
                                       feature_name[k]);
    if (missing & CPU_ONEDNN)
        snprintf(text + length, CPU_MISSING_TEXT - length, "%soneDNN's leave (ONEDNN_MAX_CPU_ISA)",
                 length ? ", " : "");
    return text;
}
