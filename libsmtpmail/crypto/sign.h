/* SPDX-License-Identifier: MIT */
/* crypto/sign.h - keys that sign mail: RSA and Ed25519 (RFC 6376, RFC 8463). */
#ifndef SMAIL__CRYPTO_SIGN_H
#define SMAIL__CRYPTO_SIGN_H

#include <smtpmail/error.h>

#include "base/buf.h"

enum smail__sign_algorithm { SMAIL__SIGN_RSA, SMAIL__SIGN_ED25519 };

/* Bits of a new RSA key: its record fits into one answer by UDP. */
#define SMAIL__SIGN_RSA_BITS 2048

/* Octets of a signature: RSA of 4096 bits. */
#define SMAIL__SIGNATURE_MAX 512

/* A new key, appended as PKCS #8 (RFC 5958), DER. */
int smail__sign_generate(struct smail__buf *out,
                         enum smail__sign_algorithm algorithm,
                         smail_error *err);

/* What a DKIM record publishes of it: SubjectPublicKeyInfo of RSA, the 32
 * octets of Ed25519. */
int smail__sign_public(struct smail__buf *out,
                       enum smail__sign_algorithm algorithm, smail_span key,
                       smail_error *err);

/*
 * Keys that have signed, ready to sign again: reading one costs several times
 * what a signature does. It keeps what was used last, and knows a key by its
 * octets. From any thread.
 */
struct smail__sign_cache;
struct smail__sign_cache *smail__sign_cache_new(void); /* NULL: no memory */
void smail__sign_cache_free(struct smail__sign_cache *cache);

/* Of a SHA-256: RSA as rsa-sha256 has it, Ed25519 over the digest itself.
 * `cache` may be NULL. */
int smail__sign_digest(unsigned char out[SMAIL__SIGNATURE_MAX], size_t *len,
                       enum smail__sign_algorithm algorithm, smail_span key,
                       smail_span digest, struct smail__sign_cache *cache,
                       smail_error *err);

#endif
