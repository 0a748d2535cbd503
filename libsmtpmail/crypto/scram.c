/* SPDX-License-Identifier: MIT */
/* crypto/scram.c - keys of RFC 5802, 3, by PBKDF2 (RFC 8018, 5.2). */
#include "crypto/scram.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"

/* SaltedPassword of RFC 5802, 3. */
static int salt_password(unsigned char out[SMAIL__SHA256_LEN],
                         smail_span password, smail_span salt,
                         uint32_t iterations)
{
    if (password.len > INT_MAX || salt.len > INT_MAX || iterations == 0 ||
        iterations > INT_MAX)
        return SMAIL_EINVAL;
    if (PKCS5_PBKDF2_HMAC(password.data, (int)password.len,
                          (const unsigned char *)salt.data, (int)salt.len,
                          (int)iterations, EVP_sha256(), SMAIL__SHA256_LEN,
                          out) != 1)
        return SMAIL_EIO;
    return 0;
}

static smail_span span_of(const unsigned char bytes[SMAIL__SHA256_LEN])
{
    return (smail_span){ (const char *)bytes, SMAIL__SHA256_LEN };
}

static void xor_with(unsigned char bytes[SMAIL__SHA256_LEN],
                     const unsigned char with[SMAIL__SHA256_LEN])
{
    for (size_t i = 0; i < SMAIL__SHA256_LEN; i++)
        bytes[i] ^= with[i];
}

int smail__scram_derive(struct smail__scram *scram, smail_span password,
                        smail_error *err)
{
    unsigned char salted[SMAIL__SHA256_LEN], client_key[SMAIL__SHA256_LEN];
    smail_span salt = { (const char *)scram->salt, sizeof(scram->salt) };

    if (salt_password(salted, password, salt, scram->iterations) != 0)
        return smail__fail(err, SMAIL_EINVAL, "PBKDF2 failed");
    smail__hmac_sha256(client_key, span_of(salted), SMAIL__SPAN("Client Key"));
    smail__sha256(scram->stored_key, span_of(client_key));
    smail__hmac_sha256(scram->server_key, span_of(salted),
                       SMAIL__SPAN("Server Key"));
    smail__wipe(salted, sizeof(salted));
    smail__wipe(client_key, sizeof(client_key));
    return 0;
}

int smail__scram_prove(unsigned char proof[SMAIL__SHA256_LEN],
                       unsigned char signature[SMAIL__SHA256_LEN],
                       const struct smail__scram_challenge *challenge,
                       smail_span password, smail_error *err)
{
    unsigned char salted[SMAIL__SHA256_LEN], key[SMAIL__SHA256_LEN];

    if (salt_password(salted, password, challenge->salt,
                      challenge->iterations) != 0)
        return smail__fail(err, SMAIL_EINVAL, "PBKDF2 failed");
    smail__hmac_sha256(proof, span_of(salted), SMAIL__SPAN("Client Key"));
    smail__sha256(key, span_of(proof));
    smail__hmac_sha256(signature, span_of(key), challenge->auth_message);
    xor_with(proof, signature);
    smail__hmac_sha256(key, span_of(salted), SMAIL__SPAN("Server Key"));
    smail__hmac_sha256(signature, span_of(key), challenge->auth_message);
    smail__wipe(salted, sizeof(salted));
    smail__wipe(key, sizeof(key));
    return 0;
}

bool smail__scram_check(const struct smail__scram *scram,
                        smail_span auth_message,
                        const unsigned char proof[SMAIL__SHA256_LEN])
{
    unsigned char client_key[SMAIL__SHA256_LEN], stored_key[SMAIL__SHA256_LEN];
    bool result;

    smail__hmac_sha256(client_key, span_of(scram->stored_key), auth_message);
    xor_with(client_key, proof);
    smail__sha256(stored_key, span_of(client_key));
    result =
        smail__equal_secret(stored_key, scram->stored_key, sizeof(stored_key));
    smail__wipe(client_key, sizeof(client_key));
    return result;
}

void smail__scram_sign(unsigned char out[SMAIL__SHA256_LEN],
                       const struct smail__scram *scram,
                       smail_span auth_message)
{
    smail__hmac_sha256(out, span_of(scram->server_key), auth_message);
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
