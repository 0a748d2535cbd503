/* SPDX-License-Identifier: MIT */
/* crypto/digest.h - SHA-256 and SHA-1 (FIPS 180-4), and HMAC (RFC 2104). */
#ifndef SMAIL__CRYPTO_DIGEST_H
#define SMAIL__CRYPTO_DIGEST_H

#include <smtpmail/error.h>

#define SMAIL__SHA256_LEN 32
#define SMAIL__SHA1_LEN 20

void smail__sha256(unsigned char out[SMAIL__SHA256_LEN], smail_span bytes);
void smail__hmac_sha256(unsigned char out[SMAIL__SHA256_LEN], smail_span key,
                        smail_span bytes);

/* For one-time passwords alone, whose apps know no other. */
void smail__hmac_sha1(unsigned char out[SMAIL__SHA1_LEN], smail_span key,
                      smail_span bytes);

/* SHA-256 piece by piece; finish() frees. `new` is NULL without memory. */
struct smail__sha256;
struct smail__sha256 *smail__sha256_new(void);
void smail__sha256_update(struct smail__sha256 *digest, smail_span bytes);
void smail__sha256_finish(unsigned char out[SMAIL__SHA256_LEN],
                          struct smail__sha256 *digest);
void smail__sha256_free(struct smail__sha256 *digest);

#endif
