/* From random words to numbers of mean 0 and variance 1, in float32. ln, sin and cos are minimax polynomials
 * (Remez, relative error below 2^-27 before rounding), because libm's last bits differ between machines. */
#include "core/lanes.h"

#include <math.h>
#include <string.h>

#define TWO_TO_MINUS_32 0x1p-32f
#define SQRT_HALF_BITS 0x3f3504f3u
#define LN2_HIGH 0.693359375f /* 10 bits: times an exponent it is exact */
#define LN2_LOW -2.12194440e-4f

static inline uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* x + middle, rounded once: both halves are exact. Signed conversions, which every vector unit has. */
static inline float from_word(uint32_t x, float middle)
{
    return (float)(int32_t)(x >> 16) * 65536.0f + ((float)(int32_t)(x & 0xffffu) + middle);
}

/* ln((x + middle) / 2^32), always below 0; middle is 0.5 or 1. With w = x + middle = 2^e m and m in
 * [sqrt 1/2, sqrt 2) it is (e - 32) ln 2 + ln(1 + f), f = m - 1. Near u = 1, where m - 1 would have lost its
 * bits, f = u - 1 is taken from the word itself; near u = 0 all 32 bits count. */
static inline float log_unit(uint32_t x, float middle)
{
    float w = from_word(x, middle);
    uint32_t shifted = bits_of(w) - SQRT_HALF_BITS;
    int32_t exponent = (int32_t)shifted >> 23;
    float m = float_of((shifted & 0x7fffffu) + SQRT_HALF_BITS);
    float e = (float)(exponent - 32);
    float near_one = ((float)(int32_t)x + middle) * TWO_TO_MINUS_32;
    float f = exponent == 32 ? near_one : m - 1.0f;
    float p = -0.0763450647f;
    p = p * f + 0.127615927f;
    p = p * f + -0.131601861f;
    p = p * f + 0.142017562f;
    p = p * f + -0.166233568f;
    p = p * f + 0.200012269f;
    p = p * f + -0.25000821f;
    p = p * f + 0.333333317f;
    float ff = f * f;
    float tail = p * (ff * f) + e * LN2_LOW;
    return e * LN2_HIGH + (f + (tail - 0.5f * ff));
}

/* sin and cos of 2 pi (x + 0.5) / 2^32. The nearest quarter turn is taken off in integers, exactly. */
static inline void sin_cos_turn(uint32_t x, float *sine, float *cosine)
{
    uint32_t quarter = (x + 0x20000000u) >> 30;
    int32_t rest = (int32_t)(x - (quarter << 30));    /* within +- 2^29 */
    float y = ((float)rest + 0.5f) * 0x1.921fb6p-30f; /* 2 pi / 2^32 */
    float t = y * y;
    float s = ((-1.95039633e-4f * t + 8.33210096e-3f) * t + -0.166666547f) * (t * y) + y;
    float c = ((2.44638094e-5f * t + -1.38876541e-3f) * t + 4.16666546e-2f) * (t * t) + (1.0f - 0.5f * t);
    uint32_t sine_sign = (quarter & 2u) << 30;
    uint32_t cosine_sign = ((quarter + 1u) & 2u) << 30;
    *sine = float_of(bits_of(quarter & 1u ? c : s) ^ sine_sign);
    *cosine = float_of(bits_of(quarter & 1u ? s : c) ^ cosine_sign);
}

static inline __attribute__((always_inline)) void normal_some(uint32_t x[4][LANES], float xi[4][LANES],
                                                              const int lanes)
{
    for (int pair = 0; pair < 4; pair += 2) {
        for (int i = 0; i < lanes; i++) {
            float sine, cosine, radius = sqrtf(-2.0f * log_unit(x[pair][i], 0.5f));
            sin_cos_turn(x[pair + 1][i], &sine, &cosine);
            xi[pair][i] = radius * cosine;
            xi[pair + 1][i] = radius * sine;
        }
    }
}

APEX_CLONES
void normal_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    if (lanes > FEW_LANES)
        normal_some(x, xi, LANES);
    else
        normal_some(x, xi, FEW_LANES);
}

/* sqrt 3 (2 u - 1) with u = (x + 0.5) / 2^32: x - 2^31 is exact in integers. */
static inline __attribute__((always_inline)) void uniform_some(uint32_t x[4][LANES], float xi[4][LANES],
                                                               const int lanes)
{
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < lanes; i++)
            xi[w][i] = ((float)(int32_t)(x[w][i] ^ 0x80000000u) + 0.5f) * 0x1.bb67aep-31f; /* sqrt 3 / 2^31 */
}

APEX_CLONES
void uniform_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    if (lanes > FEW_LANES)
        uniform_some(x, xi, LANES);
    else
        uniform_some(x, xi, FEW_LANES);
}

/* The top bit is the sign, the others v give u = (v + 0.5) / 2^31; xi = sign * -ln(u) / sqrt 2. */
static inline __attribute__((always_inline)) void laplace_some(uint32_t x[4][LANES], float xi[4][LANES],
                                                               const int lanes)
{
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < lanes; i++) {
            float size = log_unit(x[w][i] << 1, 1.0f) * -0.707106781f;
            xi[w][i] = float_of(bits_of(size) | (x[w][i] & 0x80000000u));
        }
}

APEX_CLONES
void laplace_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    if (lanes > FEW_LANES)
        laplace_some(x, xi, LANES);
    else
        laplace_some(x, xi, FEW_LANES);
}

/* (x + 0.5) / 2^32, rounded into the open interval. */
static inline __attribute__((always_inline)) void unit_some(uint32_t x[4][LANES], float xi[4][LANES],
                                                            const int lanes)
{
    for (int w = 0; w < 4; w++)
        for (int i = 0; i < lanes; i++) {
            float u = from_word(x[w][i], 0.5f) * TWO_TO_MINUS_32;
            xi[w][i] = u < 0.99999994f ? u : 0.99999994f;
        }
}

APEX_CLONES
void unit_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    if (lanes > FEW_LANES)
        unit_some(x, xi, LANES);
    else
        unit_some(x, xi, FEW_LANES);
}
