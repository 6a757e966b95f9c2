/* Raised whenever a change of kernels, noise, tiles or statistics may change any bit of a result: work done
 * under another version is then computed again instead of being mixed in. */
#ifndef APEX_CORE_VERSION_H
#define APEX_CORE_VERSION_H

#define APEX_NUMERICS_VERSION 3

#endif
