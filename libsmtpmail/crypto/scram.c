/* SPDX-License-Identifier: MIT */
/* crypto/scram.c - keys of RFC 5802, 3, by PBKDF2 (RFC 8018, 5.2). */
#include "crypto/scram.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"

int smail__scram_derive(struct smail__scram *scram, smail_span password,
                        smail_error *err)
{
    unsigned char salted[SMAIL__SHA256_LEN], client_key[SMAIL__SHA256_LEN];
    smail_span key = { (const char *)salted, sizeof(salted) };

    if (password.len > INT_MAX || scram->iterations == 0 ||
        scram->iterations > INT_MAX ||
        PKCS5_PBKDF2_HMAC(password.data, (int)password.len, scram->salt,
                          sizeof(scram->salt), (int)scram->iterations,
                          EVP_sha256(), sizeof(salted), salted) != 1)
        return smail__fail(err, SMAIL_EINVAL, "PBKDF2 failed");
    smail__hmac_sha256(client_key, key, SMAIL__SPAN("Client Key"));
    smail__sha256(scram->stored_key,
                  (smail_span){ (const char *)client_key, sizeof(client_key) });
    smail__hmac_sha256(scram->server_key, key, SMAIL__SPAN("Server Key"));
    smail__wipe(salted, sizeof(salted));
    smail__wipe(client_key, sizeof(client_key));
    return 0;
}

void smail__scram_pack(unsigned char out[SMAIL__SCRAM_PACKED],
                       const struct smail__scram *scram)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(scram->iterations >> (24 - 8 * i));
    out += 4;
    memcpy(out, scram->salt, sizeof(scram->salt));
    out += sizeof(scram->salt);
    memcpy(out, scram->stored_key, sizeof(scram->stored_key));
    out += sizeof(scram->stored_key);
    memcpy(out, scram->server_key, sizeof(scram->server_key));
}

int smail__scram_unpack(struct smail__scram *out, smail_span packed,
                        smail_error *err)
{
    const char *at = packed.data;

    if (packed.len != SMAIL__SCRAM_PACKED)
        return smail__fail(err, SMAIL_ECORRUPT, "SCRAM keys of %zu octets",
                           packed.len);
    out->iterations = 0;
    for (int i = 0; i < 4; i++)
        out->iterations = out->iterations << 8 | (unsigned char)*at++;
    memcpy(out->salt, at, sizeof(out->salt));
    at += sizeof(out->salt);
    memcpy(out->stored_key, at, sizeof(out->stored_key));
    at += sizeof(out->stored_key);
    memcpy(out->server_key, at, sizeof(out->server_key));
    return 0;
}
