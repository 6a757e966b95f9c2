/* SHA-256 (libcrypto), for content identities. */
#ifndef APEX_CORE_SHA256_H
#define APEX_CORE_SHA256_H

#include <stddef.h>

struct sha256;
struct sha256 *sha256_new(void); /* NULL: no memory */
void sha256_add(struct sha256 *h, const void *data, size_t size);
void sha256_end(struct sha256 *h, unsigned char digest[32]); /* frees h */
void sha256_of(const void *data, size_t size, unsigned char digest[32]);
void sha256_hex(const unsigned char digest[32], char text[65]);

#endif
