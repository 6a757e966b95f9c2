/* Inside Philox only: its constants, and philox_lanes for one instruction set each. */
#ifndef APEX_CORE_PHILOX_LANES_H
#define APEX_CORE_PHILOX_LANES_H

#include "core/lanes.h"

#define ROUNDS 10
#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u /* golden ratio */
#define WEYL_1 0xBB67AE85u /* sqrt 3 - 1 */

typedef void philox_lanes_fn(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes);
philox_lanes_fn philox_lanes_avx2, philox_lanes_avx512;

#endif
