/* Internal to the engine: memory for what is read from end to end over and over. */
#ifndef APEX_CORE_ENGINE_PAGES_H
#define APEX_CORE_ENGINE_PAGES_H

#include <stddef.h>

/* At least that many bytes, 64-byte aligned, not set to anything; large ones in huge pages where the system
 * has them: an address is then looked up once for 2 MiB instead of 4 KiB. NULL: no memory. Freed with free().
 */
void *pages_alloc(size_t bytes);

#endif
