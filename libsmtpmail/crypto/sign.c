/* SPDX-License-Identifier: MIT */
/* crypto/sign.c - see crypto/sign.h. */
#include "crypto/sign.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "base/span.h"
#include "crypto/digest.h"

#define CACHE_SLOTS 64

struct smail__sign_cache {
    pthread_mutex_t lock;
    struct slot {
        unsigned char name[SMAIL__SHA256_LEN]; /* of the octets */
        EVP_PKEY *key;
    } slots[CACHE_SLOTS];
};

static int broken(smail_error *err, const char *what)
{
    ERR_clear_error();
    return smail__fail(err, SMAIL_EINVAL, "%s", what);
}

static EVP_PKEY *make(enum smail__sign_algorithm algorithm)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(
        algorithm == SMAIL__SIGN_RSA ? EVP_PKEY_RSA : EVP_PKEY_ED25519, NULL);
    EVP_PKEY *key = NULL;

    if (context == NULL)
        return NULL;
    if (EVP_PKEY_keygen_init(context) <= 0 ||
        (algorithm == SMAIL__SIGN_RSA &&
         EVP_PKEY_CTX_set_rsa_keygen_bits(context, SMAIL__SIGN_RSA_BITS) <=
             0) ||
        EVP_PKEY_keygen(context, &key) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static int put_der(struct smail__buf *out, unsigned char *der, int len)
{
    if (len <= 0)
        return SMAIL_ENOMEM;
    smail__buf_append(out, (smail_span){ (const char *)der, (size_t)len });
    OPENSSL_cleanse(der, (size_t)len);
    OPENSSL_free(der);
    return smail__buf_error(out);
}

int smail__sign_generate(struct smail__buf *out,
                         enum smail__sign_algorithm algorithm, smail_error *err)
{
    EVP_PKEY *key = make(algorithm);
    PKCS8_PRIV_KEY_INFO *info = key != NULL ? EVP_PKEY2PKCS8(key) : NULL;
    unsigned char *der = NULL;
    int rc = SMAIL_EINVAL;

    if (info != NULL) {
        int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

        rc = len > 0 ? put_der(out, der, len) : SMAIL_EINVAL;
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    return rc == 0 ? 0 : broken(err, "no key can be made");
}

static EVP_PKEY *load(smail_span der)
{
    const unsigned char *at = (const unsigned char *)der.data;

    return d2i_AutoPrivateKey(NULL, &at, (long)der.len);
}

/* --- Keys that have signed ----------------------------------------------- */

struct smail__sign_cache *smail__sign_cache_new(void)
{
    struct smail__sign_cache *cache = calloc(1, sizeof(*cache));

    if (cache != NULL)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void smail__sign_cache_free(struct smail__sign_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        EVP_PKEY_free(cache->slots[i].key);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static void keep(struct smail__sign_cache *cache, struct slot *slot,
                 const unsigned char *name, EVP_PKEY *key)
{
    pthread_mutex_lock(&cache->lock);
    if (EVP_PKEY_up_ref(key) == 1) {
        EVP_PKEY_free(slot->key);
        slot->key = key;
        memcpy(slot->name, name, sizeof(slot->name));
    }
    pthread_mutex_unlock(&cache->lock);
}

/* To be freed by the caller, who has a share of it. */
static EVP_PKEY *find(struct smail__sign_cache *cache, smail_span der)
{
    unsigned char name[SMAIL__SHA256_LEN];
    EVP_PKEY *key = NULL;
    struct slot *slot;

    if (cache == NULL)
        return load(der);
    smail__sha256(name, der);
    slot = &cache->slots[name[0] % CACHE_SLOTS];
    pthread_mutex_lock(&cache->lock);
    if (slot->key != NULL && memcmp(slot->name, name, sizeof(name)) == 0 &&
        EVP_PKEY_up_ref(slot->key) == 1)
        key = slot->key;
    pthread_mutex_unlock(&cache->lock);
    if (key != NULL)
        return key;
    key = load(der);
    if (key != NULL)
        keep(cache, slot, name, key);
    return key;
}

/* --- Use ----------------------------------------------------------------- */

int smail__sign_public(struct smail__buf *out,
                       enum smail__sign_algorithm algorithm, smail_span der,
                       smail_error *err)
{
    EVP_PKEY *key = load(der);
    unsigned char raw[32], *public = NULL;
    size_t len = sizeof(raw);
    int rc = SMAIL_EINVAL;

    if (key == NULL)
        return broken(err, "that is no private key");
    if (algorithm == SMAIL__SIGN_RSA) {
        int octets = i2d_PUBKEY(key, &public);

        rc = octets > 0 ? put_der(out, public, octets) : SMAIL_EINVAL;
    } else if (EVP_PKEY_get_raw_public_key(key, raw, &len) == 1) {
        smail__buf_append(out, (smail_span){ (const char *)raw, len });
        rc = smail__buf_error(out);
    }
    EVP_PKEY_free(key);
    return rc == 0 ? 0 : broken(err, "that key has no public half");
}

static int sign_rsa(unsigned char *out, size_t *len, EVP_PKEY *key,
                    smail_span digest)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    int ok = context != NULL && EVP_PKEY_sign_init(context) > 0 &&
             EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
             EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0 &&
             EVP_PKEY_sign(context, out, len,
                           (const unsigned char *)digest.data, digest.len) > 0;

    EVP_PKEY_CTX_free(context);
    return ok ? 0 : SMAIL_EINVAL;
}

static int sign_ed25519(unsigned char *out, size_t *len, EVP_PKEY *key,
                        smail_span digest)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int ok = context != NULL &&
             EVP_DigestSignInit(context, NULL, NULL, NULL, key) > 0 &&
             EVP_DigestSign(context, out, len,
                            (const unsigned char *)digest.data, digest.len) > 0;

    EVP_MD_CTX_free(context);
    return ok ? 0 : SMAIL_EINVAL;
}

int smail__sign_digest(unsigned char out[SMAIL__SIGNATURE_MAX], size_t *len,
                       enum smail__sign_algorithm algorithm, smail_span der,
                       smail_span digest, struct smail__sign_cache *cache,
                       smail_error *err)
{
    EVP_PKEY *key = find(cache, der);
    int rc = SMAIL_EINVAL;

    *len = SMAIL__SIGNATURE_MAX;
    if (key == NULL)
        return broken(err, "that is no private key");
    if (EVP_PKEY_get_size(key) <= SMAIL__SIGNATURE_MAX)
        rc = algorithm == SMAIL__SIGN_RSA ? sign_rsa(out, len, key, digest)
                                          : sign_ed25519(out, len, key, digest);
    EVP_PKEY_free(key);
    return rc == 0 ? 0 : broken(err, "the key does not sign");
}
