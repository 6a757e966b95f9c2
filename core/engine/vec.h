/* Eight floats at a time, for loops that say themselves what goes into a vector. By pointer: a vector as an
 * argument would depend on the instruction set. Loops that gain from sixteen are written once for both:
 * vec512.h has the same names. */
#ifndef APEX_CORE_ENGINE_VEC_H
#define APEX_CORE_ENGINE_VEC_H

#define KERNEL static inline __attribute__((always_inline))

enum { WIDTH = 8 }; /* floats of a vec */

typedef float vec __attribute__((vector_size(32), aligned(4), may_alias));
typedef int mask __attribute__((vector_size(32)));

/* NaN passes in both. */
KERNEL void vec_relu(vec *v)
{
    *v = (vec)((mask)*v & ~(*v < (vec){0}));
}

KERNEL void vec_largest(vec *v, const vec *x)
{
    mask taken = (*x > *v) | (*x != *x);
    *v = (vec)((taken & (mask)*x) | (~taken & (mask)*v));
}

/* Of v and three more. */
KERNEL void vec_largest_of_4(vec *v, const vec x[3])
{
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++)
        vec_largest(v, &x[i]);
}

#endif
