/* Kernel sets in tests. Included by tests only, after cmocka. */
#ifndef APEX_TESTS_KERNEL_SETS_H
#define APEX_TESTS_KERNEL_SETS_H

#include "core/engine/kernels.h"

/* The set of that name; the test fails if this machine has none. */
static inline const struct kernel_set *find(const char *name)
{
    struct apex_error err = {""};
    const struct kernel_set *set = kernel_set_find(name, &err);
    if (!set)
        fail_msg("%s", err.text);
    return set;
}

#endif
