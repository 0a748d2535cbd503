/* SPDX-License-Identifier: MIT */
/*
 * crypto/scram.h - what a server keeps to let a client prove that it knows a
 * password, without keeping the password (RFC 5802, 3; SHA-256 of RFC 7677).
 */
#ifndef SMAIL__CRYPTO_SCRAM_H
#define SMAIL__CRYPTO_SCRAM_H

#include "crypto/digest.h"

#define SMAIL__SCRAM_SALT_LEN 16

/* RFC 7677, 4: at least 4096. More buys nothing: the passwords that this is
 * used for are generated, with 128 bits and more. */
#define SMAIL__SCRAM_ITERATIONS 4096

/* Octets of what pack() writes: iterations, salt, both keys. */
#define SMAIL__SCRAM_PACKED (4 + SMAIL__SCRAM_SALT_LEN + 2 * SMAIL__SHA256_LEN)

struct smail__scram {
    uint32_t iterations;
    unsigned char salt[SMAIL__SCRAM_SALT_LEN];
    unsigned char stored_key[SMAIL__SHA256_LEN];
    unsigned char server_key[SMAIL__SHA256_LEN];
};

struct smail__scram_challenge {
    smail_span salt;
    uint32_t iterations;
    smail_span auth_message;
};

/* With `salt` and `iterations` set by the caller, compute both keys. */
int smail__scram_derive(struct smail__scram *scram, smail_span password,
                        smail_error *err);

/*
 * What a client sends to prove that it knows `password`, and the signature by
 * which the server proves the same (RFC 5802, 3). `salt` is of any length: it
 * is another server's.
 */
int smail__scram_prove(unsigned char proof[SMAIL__SHA256_LEN],
                       unsigned char signature[SMAIL__SHA256_LEN],
                       const struct smail__scram_challenge *challenge,
                       smail_span password, smail_error *err);

/* Is `proof` that of the owner of these keys? In the same time either way. */
bool smail__scram_check(const struct smail__scram *scram,
                        smail_span auth_message,
                        const unsigned char proof[SMAIL__SHA256_LEN]);

void smail__scram_sign(unsigned char out[SMAIL__SHA256_LEN],
                       const struct smail__scram *scram,
                       smail_span auth_message);

void smail__scram_pack(unsigned char out[SMAIL__SCRAM_PACKED],
                       const struct smail__scram *scram);

/* SMAIL_ECORRUPT when it is not what pack() wrote. */
int smail__scram_unpack(struct smail__scram *out, smail_span packed,
                        smail_error *err);

#endif
