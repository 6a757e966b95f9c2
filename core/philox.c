/* Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC11). */
#include "core/noise.h"
#include "core/philox_lanes.h"

void apex_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += WEYL_0;
        k1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static void lanes_portable(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes)
{
    for (int i = 0; i < lanes; i++) {
        uint32_t counter[4] = {x[0][i], tail[0], tail[1], tail[2]}, word[4];
        apex_philox(counter, key, word);
        for (int w = 0; w < 4; w++)
            x[w][i] = word[w];
    }
}

void philox_lanes(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512f")) {
        philox_lanes_avx512(key, tail, x, lanes);
        return;
    }
    if (__builtin_cpu_supports("avx2")) {
        philox_lanes_avx2(key, tail, x, lanes);
        return;
    }
#endif
    lanes_portable(key, tail, x, lanes);
}
