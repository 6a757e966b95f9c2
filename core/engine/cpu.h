/* Which instructions this processor offers, and the operating system lets a program use. */
#ifndef APEX_CORE_ENGINE_CPU_H
#define APEX_CORE_ENGINE_CPU_H

/* Whether the compiler knows the instructions of AMX. */
#if defined(__x86_64__) && defined(__linux__) &&                                                             \
    ((defined(__clang__) && __clang_major__ >= 12) ||                                                        \
     (!defined(__clang__) && defined(__GNUC__) && __GNUC__ >= 11))
#define CPU_BUILDS_AMX
#endif

/* What is lacking for the kernel set of that name, as a set of bits for cpu_missing_text; 0: nothing. */
unsigned cpu_missing(const char *kernels);

/* A bit beside those of cpu_missing: oneDNN was told to do without (ONEDNN_MAX_CPU_ISA). */
#define CPU_ONEDNN (1u << 16)

enum { CPU_MISSING_TEXT = 160 };
const char *cpu_missing_text(unsigned missing, char text[CPU_MISSING_TEXT]); /* "avx512_bf16, amx_tile" */

#endif
