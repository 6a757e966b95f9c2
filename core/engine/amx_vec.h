/* Functions for processors with AMX, called only where cpu_missing("amx") is 0. */
#ifndef APEX_CORE_ENGINE_AMX_VEC_H
#define APEX_CORE_ENGINE_AMX_VEC_H

#include "core/engine/cpu.h"

#ifdef CPU_BUILDS_AMX
#include <immintrin.h>

#define AMX __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")))
#define AMX_INLINE static inline __attribute__((always_inline)) AMX
#endif

#endif
