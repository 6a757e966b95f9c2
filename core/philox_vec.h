/* Philox in vectors, written once over a vector type. The including file defines VEC (the type), BLOCKS (how
 * many 64-bit elements it has), KERNEL (how a function is compiled) and the functions set32 and set64 (all
 * elements), mul32 (low halves, 64-bit products), xor, xor3, high (the upper halves, moved down), load, and
 * store (the low halves of blocks that are even and of those that are odd, side by side). */
#include "core/philox_lanes.h"

enum { CHAINS = 4 };

/* BLOCKS blocks, each word in the low half of a 64-bit element: that is where the vector multiply reads it,
 * and what is left in the high half never matters. (Compilers do not find this form by themselves, and it
 * halves the time.) */
struct some {
    VEC c0, c1, c2, c3;
};

/* What all lanes share: round keys, and as only the first counter word differs between lanes, half of the
 * first two rounds. */
struct shared {
    VEC k0[ROUNDS], k1[ROUNDS];
    VEC first, c0, c2, c3; /* to be mixed in: c2 of round 0; c0, c2 and c3 ^ k1 of rounds 1 and 2 */
};

KERNEL void share(const uint32_t key[2], const uint32_t tail[3], struct shared *s)
{
    for (uint32_t r = 0; r < ROUNDS; r++) {
        s->k0[r] = set32(key[0] + r * WEYL_0);
        s->k1[r] = set32(key[1] + r * WEYL_1);
    }
    uint64_t p1 = (uint64_t)MULTIPLIER_1 * tail[1];
    uint32_t c0 = (uint32_t)(p1 >> 32) ^ tail[0] ^ key[0], c1 = (uint32_t)p1;
    uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0;
    s->first = set32(tail[2] ^ key[1]);
    s->c0 = set32(c1 ^ (key[0] + WEYL_0));
    s->c2 = set32((uint32_t)(p0 >> 32) ^ (key[1] + WEYL_1));
    s->c3 = set32((uint32_t)p0 ^ (key[1] + 2 * WEYL_1));
}

/* Rounds 0 to 2 of the block numbers in the low halves. */
KERNEL void start(struct some *c, VEC block, const struct shared *s)
{
    VEC m0 = set64(MULTIPLIER_0), m1 = set64(MULTIPLIER_1);
    VEC p0 = mul32(block, m0);
    VEC p1 = mul32(xor(high(p0), s->first), m1);
    VEC q0 = mul32(xor(high(p1), s->c0), m0);
    VEC q1 = mul32(xor(p0, s->c2), m1);
    c->c0 = xor3(high(q1), p1, s->k0[2]);
    c->c1 = q1;
    c->c2 = xor(high(q0), s->c3);
    c->c3 = q0;
}

KERNEL void round_of(struct some *c, const struct shared *s, int round)
{
    VEC p0 = mul32(c->c0, set64(MULTIPLIER_0));
    VEC p1 = mul32(c->c2, set64(MULTIPLIER_1));
    c->c0 = xor3(high(p1), c->c1, s->k0[round]);
    c->c2 = xor3(high(p0), c->c3, s->k1[round]);
    c->c1 = p1;
    c->c3 = p0;
}

/* Several chains of multiplies hide each other's latency. */
KERNEL void lanes_of(const uint32_t key[2], const uint32_t tail[3], uint32_t x[4][LANES], int lanes)
{
    struct shared s;
    share(key, tail, &s);
    for (int i = 0; i < lanes; i += BLOCKS * CHAINS) {
        struct some c[CHAINS];
#pragma GCC unroll 4
        for (int k = 0; k < CHAINS; k++) {
            VEC blocks = load(x[0] + i + k / 2 * 2 * BLOCKS);
            start(&c[k], k % 2 ? high(blocks) : blocks, &s);
        }
#pragma GCC unroll 10
        for (int r = 3; r < ROUNDS; r++)
#pragma GCC unroll 4
            for (int k = 0; k < CHAINS; k++)
                round_of(&c[k], &s, r);
#pragma GCC unroll 2
        for (int k = 0; k < CHAINS; k += 2) {
            int at = i + k * BLOCKS;
            store(c[k].c0, c[k + 1].c0, x[0] + at);
            store(c[k].c1, c[k + 1].c1, x[1] + at);
            store(c[k].c2, c[k + 1].c2, x[2] + at);
            store(c[k].c3, c[k + 1].c3, x[3] + at);
        }
    }
}
