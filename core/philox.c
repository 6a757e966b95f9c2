/* Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC11). */
#include "core/lanes.h"
#include "core/noise.h"

#define ROUNDS 10
#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u /* golden ratio */
#define WEYL_1 0xBB67AE85u /* sqrt 3 - 1 */

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

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* One round on four blocks, each word in the low half of a 64-bit element: that is where the vector multiply
 * reads it, and what is left in the high half never matters. (Compilers do not find this form by themselves,
 * and it halves the time.) */
AVX2 static inline void round_avx2(__m256i c[4], __m256i k0, __m256i k1)
{
    __m256i p0 = _mm256_mul_epu32(c[0], _mm256_set1_epi64x(MULTIPLIER_0));
    __m256i p1 = _mm256_mul_epu32(c[2], _mm256_set1_epi64x(MULTIPLIER_1));
    c[0] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), k0), c[1]);
    c[1] = p1;
    c[2] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), k1), c[3]);
    c[3] = p0;
}

AVX2 static void lanes_avx2(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes)
{
    for (int i = 0; i < lanes; i += 8) {
        __m256i even[4], odd[4];
        even[0] = _mm256_loadu_si256((const __m256i *)(x[0] + i));
        odd[0] = _mm256_srli_epi64(even[0], 32);
        for (int w = 1; w < 4; w++)
            even[w] = odd[w] = _mm256_set1_epi32((int)tail[w - 1]);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            __m256i k0 = _mm256_set1_epi32((int)(key[0] + round * WEYL_0));
            __m256i k1 = _mm256_set1_epi32((int)(key[1] + round * WEYL_1));
            round_avx2(even, k0, k1);
            round_avx2(odd, k0, k1);
        }
        for (int w = 0; w < 4; w++) {
            __m256i both = _mm256_blend_epi32(even[w], _mm256_slli_epi64(odd[w], 32), 0xaa);
            _mm256_storeu_si256((__m256i *)(x[w] + i), both);
        }
    }
}

void philox_lanes(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes)
{
    if (__builtin_cpu_supports("avx2"))
        lanes_avx2(key, tail, x, lanes);
    else
        lanes_portable(key, tail, x, lanes);
}
#else
void philox_lanes(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes)
{
    lanes_portable(key, tail, x, lanes);
}
#endif
