/* Eight floats at a time, for loops that say themselves what goes into a vector. By pointer: a vector as an
 * argument would depend on the instruction set. */
#ifndef APEX_CORE_ENGINE_VEC_H
#define APEX_CORE_ENGINE_VEC_H

enum { WIDTH = 8 }; /* floats of a vec */

typedef float vec __attribute__((vector_size(32), aligned(4), may_alias));
typedef int mask __attribute__((vector_size(32)));

/* NaN passes in both. */
static inline __attribute__((always_inline)) void vec_relu(vec *v)
{
    *v = (vec)((mask)*v & ~(*v < (vec){0}));
}

static inline __attribute__((always_inline)) void vec_largest(vec *v, const vec *x)
{
    mask taken = (*x > *v) | (*x != *x);
    *v = (vec)((taken & (mask)*x) | (~taken & (mask)*v));
}

#endif
