#include "core/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sha256 {
    EVP_MD_CTX *context;
};

/* A wrong digest would file results under a wrong identity, silently: stopping is the lesser evil. It takes
 * a libcrypto without SHA-256, or memory running out inside it. */
static void must(int ok)
{
    if (ok)
        return;
    fputs("apex: libcrypto could not compute a SHA-256\n", stderr);
    abort();
}

struct sha256 *sha256_new(void)
{
    struct sha256 *h = malloc(sizeof *h);
    if (!h)
        return NULL;
    h->context = EVP_MD_CTX_new();
    if (!h->context || !EVP_DigestInit_ex(h->context, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(h->context);
        free(h);
        return NULL;
    }
    return h;
}

void sha256_add(struct sha256 *h, const void *data, size_t size)
{
    if (size)
        must(EVP_DigestUpdate(h->context, data, size));
}

void sha256_end(struct sha256 *h, unsigned char digest[32])
{
    must(EVP_DigestFinal_ex(h->context, digest, NULL));
    EVP_MD_CTX_free(h->context);
    free(h);
}

void sha256_of(const void *data, size_t size, unsigned char digest[32])
{
    must(EVP_Digest(size ? data : "", size, digest, NULL, EVP_sha256(), NULL));
}

void sha256_hex(const unsigned char digest[32], char text[65])
{
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
