/* SPDX-License-Identifier: MIT */
/* crypto/tls_internal.h - what tls_context.c and tls_stream.c share. */
#ifndef SMAIL__CRYPTO_TLS_INTERNAL_H
#define SMAIL__CRYPTO_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "crypto/tls.h"

struct smail__tls_context {
    SSL_CTX *ctx;
    SSL_CTX **others; /* for other names; the first has the rules */
    size_t other_count;
    atomic_uint holders;
    bool is_client;
    int64_t not_before; /* of our own certificate; 0 for clients */
    int64_t not_after;
};

struct smail__tls_stream {
    struct smail__tls_context *context; /* for the choice by name */
    SSL *ssl;
    BIO *outer;  /* our end; the other belongs to `ssl` */
    bool broken; /* after this OpenSSL allows nothing but to free */
};

/* Fail with OpenSSL's newest reason behind `what`, and empty its queue. */
int smail__tls_fail(smail_error *err, int code, const char *what);

#endif
