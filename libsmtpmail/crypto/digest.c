/* SPDX-License-Identifier: MIT */
/* crypto/digest.c - SHA-256, SHA-1 and HMAC, as OpenSSL computes them. */
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/mem.h"

struct smail__sha256 {
    EVP_MD_CTX *context;
};

/* Without memory the digest is all zeros: it matches nothing that is real. */
void smail__sha256(unsigned char out[SMAIL__SHA256_LEN], smail_span bytes)
{
    if (EVP_Digest(bytes.len > 0 ? bytes.data : "", bytes.len, out, NULL,
                   EVP_sha256(), NULL) != 1)
        memset(out, 0, SMAIL__SHA256_LEN);
}

#define BLOCK 64

static void xor_pad(unsigned char pad[BLOCK], const unsigned char key[BLOCK],
                    unsigned char with)
{
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] = key[i] ^ with;
}

static bool digest_two(unsigned char out[SMAIL__SHA256_LEN], smail_span first,
                       smail_span second)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL &&
              EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(context, first.data, first.len) == 1 &&
              (second.len == 0 ||
               EVP_DigestUpdate(context, second.data, second.len) == 1) &&
              EVP_DigestFinal_ex(context, out, NULL) == 1;

    EVP_MD_CTX_free(context);
    if (!ok)
        memset(out, 0, SMAIL__SHA256_LEN);
    return ok;
}

/* Spelt out (RFC 2104, 2): keys of any length, and no int in between. */
void smail__hmac_sha256(unsigned char out[SMAIL__SHA256_LEN], smail_span key,
                        smail_span bytes)
{
    unsigned char block[BLOCK] = { 0 }, pad[BLOCK];
    unsigned char inner[SMAIL__SHA256_LEN];
    smail_span padded = { (const char *)pad, sizeof(pad) };

    if (key.len > BLOCK)
        smail__sha256(block, key);
    else if (key.len > 0)
        memcpy(block, key.data, key.len);
    xor_pad(pad, block, 0x36);
    if (digest_two(inner, padded, bytes)) {
        xor_pad(pad, block, 0x5c);
        digest_two(out, padded,
                   (smail_span){ (const char *)inner, sizeof(inner) });
    } else {
        memset(out, 0, SMAIL__SHA256_LEN);
    }
    smail__wipe(block, sizeof(block));
    smail__wipe(pad, sizeof(pad));
    smail__wipe(inner, sizeof(inner));
}

/* Without memory, or with a key no app has, all zeros as above. */
void smail__hmac_sha1(unsigned char out[SMAIL__SHA1_LEN], smail_span key,
                      smail_span bytes)
{
    unsigned int len = 0;

    if (key.len > BLOCK ||
        HMAC(EVP_sha1(), key.len > 0 ? key.data : "", (int)key.len,
             (const unsigned char *)(bytes.len > 0 ? bytes.data : ""),
             bytes.len, out, &len) == NULL ||
        len != SMAIL__SHA1_LEN)
        memset(out, 0, SMAIL__SHA1_LEN);
}

struct smail__sha256 *smail__sha256_new(void)
{
    struct smail__sha256 *digest = calloc(1, sizeof(*digest));

    if (digest == NULL)
        return NULL;
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL ||
        EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
        smail__sha256_free(digest);
        return NULL;
    }
    return digest;
}

void smail__sha256_update(struct smail__sha256 *digest, smail_span bytes)
{
    if (bytes.len > 0)
        EVP_DigestUpdate(digest->context, bytes.data, bytes.len);
}

void smail__sha256_finish(unsigned char out[SMAIL__SHA256_LEN],
                          struct smail__sha256 *digest)
{
    if (EVP_DigestFinal_ex(digest->context, out, NULL) != 1)
        memset(out, 0, SMAIL__SHA256_LEN);
    smail__sha256_free(digest);
}

void smail__sha256_free(struct smail__sha256 *digest)
{
    if (digest == NULL)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}
