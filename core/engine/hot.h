/* HOT marks a function whose loops gain from wide vectors: built for several instruction sets, chosen when
 * the program starts. None of them contracts a multiply and an add, so all give the same bits. */
#ifndef APEX_CORE_ENGINE_HOT_H
#define APEX_CORE_ENGINE_HOT_H

#include <stdint.h> /* any header of the C library says whether it is glibc */

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define HOT __attribute__((optimize("O3"), target_clones("avx512f", "avx2", "default")))
#elif defined(__x86_64__) && defined(__GLIBC__) && defined(__clang__) && __clang_major__ >= 14
#define HOT __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define HOT
#endif

/* WIDE: for AVX-512 alone; called only where gemm_is_wide(). */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((optimize("O3"), target("avx512f")))
#elif defined(__x86_64__) && defined(__clang__)
#define WIDE __attribute__((target("avx512f")))
#else
#define WIDE
#endif

#endif
