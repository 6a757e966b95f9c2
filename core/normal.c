/* From random words to numbers of mean 0 and variance 1, in float32. ln, sin and cos are minimax polynomials
 * (Remez, relative error below 2^-27 before rounding), because libm's last bits differ between machines. */
#include "core/lanes.h"

#include <math.h>
#include <string.h>

#define TWO_TO_MINUS_32 0x1p-32f
#define SQRT_HALF_BITS 0x3f3504f3u

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

/* -2 ln((x + middle) / 2^32), always above 0; middle is 0.5 or 1. With w = x + middle = 2^(32 + e) m and m in
 * [sqrt 1/2, sqrt 2) it is -2 e ln 2 - 2 ln(1 + f), f = m - 1, a polynomial in g = -2 f. Near u = 1, where m
 * - 1 would have lost its bits, f = u - 1 is taken from the word itself; near u = 0 all 32 bits count. Signed
 * conversions, which every vector unit has. */
static inline float log_unit(uint32_t x, float middle)
{
    float from_top = (float)(int32_t)x + middle; /* w, or w - 2^32 */
    float w = from_top + float_of((uint32_t)((int32_t)x >> 31) & 0x4f800000u);
    int32_t shifted = (int32_t)(bits_of(w) - (SQRT_HALF_BITS + (32u << 23)));
    float e = (float)(shifted >> 23);
    float minus_2m = float_of(((uint32_t)shifted & 0x7fffffu) + (SQRT_HALF_BITS + (1u << 23)) + 0x80000000u);
    float g = shifted < 0 ? minus_2m + 2.0f : from_top * -0x1p-31f;
    float gg = g * g, g4 = gg * gg; /* not Horner's rule: what waits for nothing is done side by side */
    float low =
        (0.333333317f * 0x1p-2f * g + 0.25f) + (0.200012269f * 0x1p-4f * g + 0.25000821f * 0x1p-3f) * gg;
    float high = (0.142017562f * 0x1p-6f * g + 0.166233568f * 0x1p-5f) +
                 (0.127615927f * 0x1p-8f * g + 0.131601861f * 0x1p-7f) * gg;
    high += 0.0763450647f * 0x1p-9f * g4;
    return e * -1.38629436f + ((low + high * g4) * gg + g);
}

/* sin and cos of 2 pi (x + 0.5) / 2^32. The nearest quarter turn is taken off in integers, exactly: what
 * is left of x, times 4, is x shifted by the two bits of the quarter. */
static inline void sin_cos_turn(uint32_t x, float *sine, float *cosine)
{
    float y = ((float)(int32_t)(x << 2) + 2.0f) * 0x1.921fb6p-32f; /* 2 pi / 2^34 */
    float t = y * y;
    float s = ((-1.95039633e-4f * t + 8.33210096e-3f) * t + -0.166666547f) * (t * y) + y;
    float c = ((2.44638094e-5f * t + -1.38876541e-3f) * t + 4.16666546e-2f) * (t * t) + (1.0f - 0.5f * t);
    uint32_t quarter = x + 0x20000000u; /* in the upper two bits */
    uint32_t sine_sign = quarter & 0x80000000u;
    uint32_t cosine_sign = (quarter + 0x40000000u) & 0x80000000u;
    int odd = (int32_t)(quarter << 1) < 0;
    *sine = float_of(bits_of(odd ? c : s) ^ sine_sign);
    *cosine = float_of(bits_of(odd ? s : c) ^ cosine_sign);
}

static inline __attribute__((always_inline)) void normal_step(uint32_t x[4][LANES], float xi[4][LANES],
                                                              int from)
{
    for (int pair = 0; pair < 4; pair += 2) {
        for (int i = from; i < from + LANE_STEP; i++) {
            float sine, cosine, radius = sqrtf(log_unit(x[pair][i], 0.5f));
            sin_cos_turn(x[pair + 1][i], &sine, &cosine);
            xi[pair][i] = radius * cosine;
            xi[pair + 1][i] = radius * sine;
        }
    }
}

APEX_CLONES
void normal_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    for (int from = 0; from < lanes; from += LANE_STEP)
        normal_step(x, xi, from);
}

/* sqrt 3 (2 u - 1) with u = (x + 0.5) / 2^32: x - 2^31 is exact in integers. */
static inline __attribute__((always_inline)) void uniform_step(uint32_t x[4][LANES], float xi[4][LANES],
                                                               int from)
{
    for (int w = 0; w < 4; w++)
        for (int i = from; i < from + LANE_STEP; i++)
            xi[w][i] = ((float)(int32_t)(x[w][i] ^ 0x80000000u) + 0.5f) * 0x1.bb67aep-31f; /* sqrt 3 / 2^31 */
}

APEX_CLONES
void uniform_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    for (int from = 0; from < lanes; from += LANE_STEP)
        uniform_step(x, xi, from);
}

/* The top bit is the sign, the others v give u = (v + 0.5) / 2^31; xi = sign * -ln(u) / sqrt 2. */
static inline __attribute__((always_inline)) void laplace_step(uint32_t x[4][LANES], float xi[4][LANES],
                                                               int from)
{
    for (int w = 0; w < 4; w++)
        for (int i = from; i < from + LANE_STEP; i++) {
            float size = log_unit(x[w][i] << 1, 1.0f) * 0.353553391f;
            xi[w][i] = float_of(bits_of(size) | (x[w][i] & 0x80000000u));
        }
}

APEX_CLONES
void laplace_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    for (int from = 0; from < lanes; from += LANE_STEP)
        laplace_step(x, xi, from);
}

/* x + 0.5, rounded once: both halves are exact. */
static inline float from_word(uint32_t x)
{
    return (float)(int32_t)(x >> 16) * 65536.0f + ((float)(int32_t)(x & 0xffffu) + 0.5f);
}

/* (x + 0.5) / 2^32, rounded into the open interval. */
static inline __attribute__((always_inline)) void unit_step(uint32_t x[4][LANES], float xi[4][LANES],
                                                            int from)
{
    for (int w = 0; w < 4; w++)
        for (int i = from; i < from + LANE_STEP; i++) {
            float u = from_word(x[w][i]) * TWO_TO_MINUS_32;
            xi[w][i] = u < 0.99999994f ? u : 0.99999994f;
        }
}

APEX_CLONES
void unit_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes)
{
    for (int from = 0; from < lanes; from += LANE_STEP)
        unit_step(x, xi, from);
}
