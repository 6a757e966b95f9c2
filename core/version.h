/* Raised whenever a change of kernels, noise, tiles or statistics may change any bit of a result: work done
 * under another version is then computed again instead of being mixed in. */
#ifndef APEX_CORE_VERSION_H
#define APEX_CORE_VERSION_H

#define APEX_NUMERICS_VERSION 3

/* Raised instead where only results of precision bf16 may change. */
#define APEX_BF16_NUMERICS_VERSION 2

/* The same for products of two activations by the kernels `native`, in float32. */
#define APEX_PRODUCTS_VERSION 2

#endif
