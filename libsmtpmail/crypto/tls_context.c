/* SPDX-License-Identifier: MIT */
/*
 * crypto/tls_context.c - certificates and the rules of a listener.
 *
 * TLS 1.2 is the floor (RFC 8996, RFC 9325, 3.1.1) and only suites with
 * forward secrecy are taken (RFC 9325, 4.1). There is no renegotiation, no
 * compression and no resumption: SMTP sessions are seldom resumed, and some
 * large senders refuse servers whose session tickets they do not like, so
 * that a ticket costs mail and gains little.
 */
#include "crypto/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/tls_internal.h"

static const char cipher_list[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!eNULL";

int smail__tls_fail(smail_error *err, int code, const char *what)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

    ERR_clear_error();
    return smail__fail(err, code, "%s: %s", what,
                       reason != NULL ? reason : "no reason given");
}

/* No terminal is asked for a passphrase: a server starts alone. */
static int no_passphrase(char *out, int size, int rwflag, void *user)
{
    bool *asked = user;

    (void)out;
    (void)size;
    (void)rwflag;
    *asked = true;
    return -1;
}

static int open_file(BIO **out, const char *what, const char *path,
                     smail_error *err)
{
    FILE *file = fopen(path, "rb");
    int os = errno;
    char reason[128] = "";

    if (file != NULL) {
        *out = BIO_new_fp(file, BIO_CLOSE);
        if (*out != NULL)
            return 0;
        fclose(file);
        return smail__fail(err, SMAIL_ENOMEM, "no memory for %s '%s'", what,
                           path);
    }
    if (strerror_r(os, reason, sizeof(reason)) != 0)
        return smail__fail_os(err, SMAIL_EIO, os, "%s '%s' cannot be opened",
                              what, path);
    return smail__fail_os(err, os == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO, os,
                          "%s '%s' cannot be opened: %s", what, path, reason);
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts = { 0 };

    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return 0;
    return smail__date_to_seconds(
        &(struct smail__date){ .year = parts.tm_year + 1900,
                               .month = parts.tm_mon + 1,
                               .day = parts.tm_mday,
                               .hour = parts.tm_hour,
                               .minute = parts.tm_min,
                               .second = parts.tm_sec });
}

/* The rest of the chain, to the end of the file. */
static int load_issuers(SSL_CTX *ctx, BIO *file)
{
    X509 *issuer;

    while ((issuer = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(ctx, issuer) != 1) {
            X509_free(issuer);
            return SMAIL_EMALFORMED;
        }
    }
    unsigned long error = ERR_peek_last_error();

    if (ERR_GET_LIB(error) != ERR_LIB_PEM ||
        ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
        return SMAIL_EMALFORMED;
    ERR_clear_error();
    return 0;
}

/* Of several certificates the times that all of them are valid at count. */
static void note_times(struct smail__tls_context *context, const X509 *own)
{
    int64_t begin = seconds_of(X509_get0_notBefore(own));
    int64_t end = seconds_of(X509_get0_notAfter(own));

    if (context->not_before < begin)
        context->not_before = begin;
    if (context->not_after == 0 || context->not_after > end)
        context->not_after = end;
}

static int load_certificate(struct smail__tls_context *context, SSL_CTX *ctx,
                            const char *path, smail_error *err)
{
    BIO *file = NULL;
    X509 *own = NULL;
    int rc = open_file(&file, "certificate", path, err);

    if (rc != 0)
        return rc;
    ERR_clear_error();
    own = PEM_read_bio_X509_AUX(file, NULL, NULL, NULL);
    if (own == NULL) {
        rc = smail__fail(err, SMAIL_EMALFORMED,
                         "certificate '%s' is not a PEM certificate", path);
        goto out;
    }
    if (SSL_CTX_use_certificate(ctx, own) != 1) {
        rc = smail__fail(err, SMAIL_EMALFORMED,
                         "certificate '%s' cannot be used: %s", path,
                         ERR_reason_error_string(ERR_peek_last_error()));
        goto out;
    }
    if (load_issuers(ctx, file) != 0) {
        rc = smail__fail(err, SMAIL_EMALFORMED,
                         "certificate '%s': the chain behind the first "
                         "certificate is broken",
                         path);
        goto out;
    }
    note_times(context, own);
out:
    ERR_clear_error();
    X509_free(own);
    BIO_free(file);
    return rc;
}

static int load_key(SSL_CTX *ctx, const char *certificate, const char *path,
                    smail_error *err)
{
    BIO *file = NULL;
    EVP_PKEY *key = NULL;
    bool asked = false;
    int rc = open_file(&file, "key", path, err);

    if (rc != 0)
        return rc;
    ERR_clear_error();
    key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, &asked);
    if (key == NULL)
        rc = smail__fail(err, SMAIL_EMALFORMED,
                         asked ? "key '%s' wants a passphrase: store it "
                                 "without one"
                               : "key '%s' is not a PEM private key",
                         path);
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
             SSL_CTX_check_private_key(ctx) != 1)
        rc = smail__fail(err, SMAIL_EMALFORMED,
                         "key '%s' does not belong to certificate '%s'", path,
                         certificate);
    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(file);
    return rc;
}

static int set_rules(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
                              SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
                   SSL_CTX_set_cipher_list(ctx, cipher_list) == 1
               ? 0
               : SMAIL_EIO;
}

static int context_new(struct smail__tls_context **out, bool is_client,
                       smail_error *err)
{
    struct smail__tls_context *context = calloc(1, sizeof(*context));

    if (context == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for TLS");
    ERR_clear_error();
    atomic_init(&context->holders, 1);
    context->is_client = is_client;
    context->ctx =
        SSL_CTX_new(is_client ? TLS_client_method() : TLS_server_method());
    if (context->ctx == NULL || set_rules(context->ctx) != 0 ||
        (is_client && SSL_CTX_dane_enable(context->ctx) <= 0)) {
        int rc = smail__tls_fail(err, SMAIL_EIO, "TLS cannot be set up");

        smail__tls_context_free(context);
        return rc;
    }
    *out = context;
    return 0;
}

static bool is_for(SSL_CTX *ctx, const char *name)
{
    X509 *own = SSL_CTX_get0_certificate(ctx);

    return own != NULL &&
           X509_check_host(own, name, strlen(name), 0, NULL) == 1;
}

/* RFC 6066, 3: the first certificate that is for the name, or the first. */
static int choose(SSL *ssl, int *alert, void *user)
{
    const struct smail__tls_context *context = user;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    if (name == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    if (is_for(context->ctx, name))
        return SSL_TLSEXT_ERR_OK;
    for (size_t i = 0; i < context->other_count; i++) {
        if (is_for(context->others[i], name))
            return SSL_set_SSL_CTX(ssl, context->others[i]) != NULL
                       ? SSL_TLSEXT_ERR_OK
                       : SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

static int load_pair(struct smail__tls_context *context, SSL_CTX *ctx,
                     smail_span certificate, smail_span key, smail_error *err)
{
    char *certificate_path = smail__spandup(certificate);
    char *key_path = smail__spandup(key);
    int rc;

    if (certificate_path == NULL || key_path == NULL)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory for TLS");
    else
        rc = load_certificate(context, ctx, certificate_path, err);
    if (rc == 0)
        rc = load_key(ctx, certificate_path, key_path, err);
    free(certificate_path);
    free(key_path);
    return rc;
}

/* NULL: there is no room or no memory for one more. */
static SSL_CTX *add_other(struct smail__tls_context *context)
{
    SSL_CTX *ctx;

    if (context->other_count == SMAIL__TLS_CERTIFICATES_MAX - 1)
        return NULL;
    if (context->others == NULL)
        context->others =
            calloc(SMAIL__TLS_CERTIFICATES_MAX - 1, sizeof(SSL_CTX *));
    if (context->others == NULL)
        return NULL;
    ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return NULL;
    context->others[context->other_count++] = ctx;
    return set_rules(ctx) == 0 ? ctx : NULL;
}

static int load_pairs(struct smail__tls_context *context, smail_span list,
                      smail_span keys, smail_error *err)
{
    SSL_CTX *ctx = context->ctx;
    int rc = 0;

    while (rc == 0) {
        smail_span certificate = smail__span_trim(smail__span_cut(&list, ','));
        smail_span key = smail__span_trim(smail__span_cut(&keys, ','));

        if (ctx == NULL)
            return smail__fail(err, SMAIL_ELIMIT,
                               "no room for more than %d certificates",
                               SMAIL__TLS_CERTIFICATES_MAX);
        rc = load_pair(context, ctx, certificate, key, err);
        if (rc == 0 && (list.len == 0) != (keys.len == 0))
            rc = smail__fail(err, SMAIL_EINVAL,
                             "there are not as many keys as certificates");
        if (list.len == 0)
            break;
        if (rc == 0)
            ctx = add_other(context);
    }
    return rc;
}

int smail__tls_server_new(struct smail__tls_context **out,
                          const char *certificate, const char *key,
                          smail_error *err)
{
    struct smail__tls_context *context = NULL;
    int rc = context_new(&context, false, err);

    if (rc == 0)
        rc = load_pairs(context, smail__span(certificate), smail__span(key),
                        err);
    if (rc != 0) {
        smail__tls_context_free(context);
        return rc;
    }
    if (context->other_count > 0) {
        SSL_CTX_set_tlsext_servername_callback(context->ctx, choose);
        SSL_CTX_set_tlsext_servername_arg(context->ctx, context);
    }
    *out = context;
    return 0;
}

int smail__tls_client_new(struct smail__tls_context **out,
                          const char *authorities, smail_error *err)
{
    struct smail__tls_context *context = NULL;
    int rc = context_new(&context, true, err);

    if (rc != 0)
        return rc;
    if (authorities != NULL
            ? SSL_CTX_load_verify_locations(context->ctx, authorities, NULL)
            : SSL_CTX_set_default_verify_paths(context->ctx)) {
        *out = context;
        return 0;
    }
    ERR_clear_error();
    smail__tls_context_free(context);
    return smail__fail(err, SMAIL_EMALFORMED, "no trusted certificates in '%s'",
                       authorities != NULL ? authorities : "the system's");
}

struct smail__tls_context *smail__tls_context_ref(
    struct smail__tls_context *context)
{
    if (context != NULL)
        atomic_fetch_add(&context->holders, 1);
    return context;
}

void smail__tls_context_free(struct smail__tls_context *context)
{
    if (context == NULL || atomic_fetch_sub(&context->holders, 1) > 1)
        return;
    SSL_CTX_free(context->ctx);
    for (size_t i = 0; i < context->other_count; i++)
        SSL_CTX_free(context->others[i]);
    free(context->others);
    free(context);
}

int64_t smail__tls_context_not_before(const struct smail__tls_context *context)
{
    return context->not_before;
}

int64_t smail__tls_context_not_after(const struct smail__tls_context *context)
{
    return context->not_after;
}
