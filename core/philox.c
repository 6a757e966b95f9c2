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
#define INLINE_AVX2 static inline __attribute__((always_inline, target("avx2")))
enum { CHAINS = LANE_STEP / 4 };

/* Four blocks, each word in the low half of a 64-bit element: that is where the vector multiply reads it, and
 * what is left in the high half never matters. (Compilers do not find this form by themselves, and it halves
 * the time.) */
struct four {
    __m256i c0, c1, c2, c3;
};

/* What all lanes share: round keys, and as only the first counter word differs between lanes, half of the
 * first two rounds. */
struct shared {
    __m256i k0[ROUNDS], k1[ROUNDS];
    __m256i first, c0, c2, c3; /* to be mixed in: c2 of round 0; c0, c2 and c3 ^ k1 of rounds 1 and 2 */
};

AVX2 static void share(const uint32_t key[2], const uint32_t tail[3], struct shared *s)
{
    for (uint32_t r = 0; r < ROUNDS; r++) {
        s->k0[r] = _mm256_set1_epi32((int)(key[0] + r * WEYL_0));
        s->k1[r] = _mm256_set1_epi32((int)(key[1] + r * WEYL_1));
    }
    uint64_t p1 = (uint64_t)MULTIPLIER_1 * tail[1];
    uint32_t c0 = (uint32_t)(p1 >> 32) ^ tail[0] ^ key[0], c1 = (uint32_t)p1;
    uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0;
    s->first = _mm256_set1_epi32((int)(tail[2] ^ key[1]));
    s->c0 = _mm256_set1_epi32((int)(c1 ^ (key[0] + WEYL_0)));
    s->c2 = _mm256_set1_epi32((int)((uint32_t)(p0 >> 32) ^ (key[1] + WEYL_1)));
    s->c3 = _mm256_set1_epi32((int)((uint32_t)p0 ^ (key[1] + 2 * WEYL_1)));
}

/* Rounds 0 to 2 of the block numbers in the low halves. */
INLINE_AVX2 void start_avx2(struct four *c, __m256i block, const struct shared *s)
{
    __m256i m0 = _mm256_set1_epi64x(MULTIPLIER_0), m1 = _mm256_set1_epi64x(MULTIPLIER_1);
    __m256i p0 = _mm256_mul_epu32(block, m0);
    __m256i p1 = _mm256_mul_epu32(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), s->first), m1);
    __m256i q0 = _mm256_mul_epu32(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), s->c0), m0);
    __m256i q1 = _mm256_mul_epu32(_mm256_xor_si256(p0, s->c2), m1);
    c->c0 = _mm256_xor_si256(_mm256_srli_epi64(q1, 32), _mm256_xor_si256(p1, s->k0[2]));
    c->c1 = q1;
    c->c2 = _mm256_xor_si256(_mm256_srli_epi64(q0, 32), s->c3);
    c->c3 = q0;
}

INLINE_AVX2 void round_avx2(struct four *c, const struct shared *s, int round)
{
    __m256i p0 = _mm256_mul_epu32(c->c0, _mm256_set1_epi64x(MULTIPLIER_0));
    __m256i p1 = _mm256_mul_epu32(c->c2, _mm256_set1_epi64x(MULTIPLIER_1));
    c->c0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(c->c1, s->k0[round]));
    c->c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(c->c3, s->k1[round]));
    c->c1 = p1;
    c->c3 = p0;
}

/* Words of even blocks and of odd blocks -> words of eight blocks. */
INLINE_AVX2 void store_avx2(__m256i even, __m256i odd, uint32_t *to)
{
    _mm256_storeu_si256((__m256i *)to, _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa));
}

/* Several chains of multiplies hide each other's latency. */
AVX2 static void lanes_avx2(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes)
{
    struct shared s;
    share(key, tail, &s);
    for (int i = 0; i < lanes; i += 4 * CHAINS) {
        struct four c[CHAINS];
#pragma GCC unroll 4
        for (int k = 0; k < CHAINS; k++) {
            __m256i blocks = _mm256_loadu_si256((const __m256i *)(x[0] + i + k / 2 * 8));
            start_avx2(&c[k], k % 2 ? _mm256_srli_epi64(blocks, 32) : blocks, &s);
        }
#pragma GCC unroll 10
        for (int r = 3; r < ROUNDS; r++)
#pragma GCC unroll 4
            for (int k = 0; k < CHAINS; k++)
                round_avx2(&c[k], &s, r);
#pragma GCC unroll 2
        for (int k = 0; k < CHAINS; k += 2) {
            int at = i + k * 4;
            store_avx2(c[k].c0, c[k + 1].c0, x[0] + at);
            store_avx2(c[k].c1, c[k + 1].c1, x[1] + at);
            store_avx2(c[k].c2, c[k + 1].c2, x[2] + at);
            store_avx2(c[k].c3, c[k + 1].c3, x[3] + at);
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
