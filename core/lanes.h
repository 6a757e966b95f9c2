/* Inside core only: noise is made in lanes, LANES Philox blocks side by side, word w of lane i in x[w][i], so
 * that the compiler turns each loop over lanes into vector code. The same C on every path, no contraction and
 * no libm but sqrt: the bits are those of a scalar machine. */
#ifndef APEX_CORE_LANES_H
#define APEX_CORE_LANES_H

#include <stdint.h>

#define LANES 64
#define LANE_STEP 16 /* lanes are made in steps of so many: a site of few elements does not pay for all */

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#if __has_attribute(target_clones)
#define APEX_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#endif
#ifndef APEX_CLONES
#define APEX_CLONES
#endif

/* `lanes` of each function: how many are wanted; at least so many are made, all LANES are room to write in.
 *
 * In: x[0] the first counter word of each lane; tail = (stream, draw, sample), the other three, common to
 * all. Out: the four words of each block. */
void philox_lanes(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes);

/* xi[w][i] from x[w][i]; docs/noise.md has the formulas. */
void normal_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes);
void uniform_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes); /* variance 1 */
void laplace_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes); /* variance 1 */
void unit_lanes(uint32_t x[4][LANES], float xi[4][LANES], int lanes);    /* on (0,1) */

#endif
