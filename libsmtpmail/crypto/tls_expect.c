/* SPDX-License-Identifier: MIT */
/* crypto/tls_expect.c - who a server has to be: by the certificates that the
 * system trusts, by DANE, or anybody. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "crypto/tls_internal.h"

/* RFC 8461, 4.2: the names of the extension, and no other. */
#define HOST_FLAGS \
    (X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

static int add_association(SSL *ssl, const struct smail__tls_association *one)
{
    /* 1: it is of use. 0: not to OpenSSL. */
    return SSL_dane_tlsa_add(ssl, one->usage, one->selector, one->matching,
                             (const unsigned char *)one->data.data,
                             one->data.len);
}

static int expect_dane(SSL *ssl, const struct smail__tls_expected *expected)
{
    int usable = 0;

    if (SSL_dane_enable(ssl, expected->name) <= 0)
        return SMAIL_EINVAL;
    /* RFC 7672, 3.1.1: the key alone is what DANE-EE speaks of. */
    SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (expected->also != NULL && expected->also[0] != '\0' &&
        SSL_add1_host(ssl, expected->also) != 1)
        return SMAIL_EINVAL;
    for (size_t i = 0; i < expected->association_count; i++) {
        int rc = add_association(ssl, &expected->associations[i]);

        if (rc > 0)
            usable++;
    }
    ERR_clear_error();
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return usable > 0 ? 0 : SMAIL_EINVAL;
}

static int expect_name(SSL *ssl, const struct smail__tls_expected *expected)
{
    if (SSL_set1_host(ssl, expected->name) != 1 ||
        (expected->also != NULL && expected->also[0] != '\0' &&
         SSL_add1_host(ssl, expected->also) != 1))
        return SMAIL_EINVAL;
    SSL_set_hostflags(ssl, HOST_FLAGS);
    return 0;
}

int smail__tls_stream_expect(struct smail__tls_stream *stream,
                             const struct smail__tls_expected *expected,
                             smail_error *err)
{
    bool has_name = expected->name != NULL && expected->name[0] != '\0' &&
                    expected->name[0] != '[';
    int rc = 0;

    ERR_clear_error();
    if (expected->association_count > 0)
        rc = expect_dane(stream->ssl, expected);
    else if (has_name)
        rc = expect_name(stream->ssl, expected);
    else if (expected->verify)
        rc = SMAIL_EINVAL;
    if (expected->association_count == 0)
        SSL_set_verify(stream->ssl,
                       expected->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                       NULL);
    if (rc == 0 && has_name && expected->association_count == 0 &&
        SSL_set_tlsext_host_name(stream->ssl, expected->name) != 1)
        rc = SMAIL_EINVAL;
    return rc == 0 ? 0
                   : smail__tls_fail(err, SMAIL_EINVAL,
                                     "not a server's name, or no record that "
                                     "is of use");
}

enum smail__tls_fault smail__tls_stream_fault(
    const struct smail__tls_stream *stream)
{
    switch (SSL_get_verify_result(stream->ssl)) {
    case X509_V_OK:
        /* Also where none was shown, or looked at. */
        return SSL_get0_peer_certificate(stream->ssl) != NULL
                   ? SMAIL__TLS_FAULT_NONE
                   : SMAIL__TLS_FAULT_OTHER;
    case X509_V_ERR_HOSTNAME_MISMATCH:
        return SMAIL__TLS_FAULT_NAME;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return SMAIL__TLS_FAULT_TIME;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_REJECTED:
    case X509_V_ERR_CERT_REVOKED:
    case X509_V_ERR_INVALID_CA:
        return SMAIL__TLS_FAULT_TRUST;
    case X509_V_ERR_DANE_NO_MATCH:
        return SMAIL__TLS_FAULT_NO_MATCH;
    default:
        return SMAIL__TLS_FAULT_OTHER;
    }
}

int smail__tls_lend(void *ssl_ctx, const struct smail__tls_context *context,
                    const char *name)
{
    SSL_CTX *ctx = ssl_ctx;
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    SSL_CTX_set1_cert_store(ctx, SSL_CTX_get_cert_store(context->ctx));
    X509_VERIFY_PARAM_set_hostflags(param, HOST_FLAGS);
    return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 ? 0 : SMAIL_EINVAL;
}
