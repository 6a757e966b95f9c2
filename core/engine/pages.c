#include "core/engine/pages.h"

#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { HUGE_PAGE = 2 * 1024 * 1024 };

void *pages_alloc(size_t bytes)
{
    const size_t unit = bytes < 4 * (size_t)HUGE_PAGE ? 64 : HUGE_PAGE;
    const size_t whole = (bytes + unit - 1) / unit * unit;
    void *p = aligned_alloc(unit, whole ? whole : unit);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (p && unit == HUGE_PAGE)
        madvise(p, whole, MADV_HUGEPAGE); /* a wish: where it is not granted nothing is lost */
#endif
    return p;
}
