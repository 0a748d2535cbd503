/* SPDX-License-Identifier: MIT */
/* crypto/tls_expect.c - who a server has to be: by the certificates that the
 * system trusts, by DANE, or anybody. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "crypto/tls_internal.h"

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
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
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
    else if (expected->verify)
        rc = has_name ? expect_name(stream->ssl, expected) : SMAIL_EINVAL;
    else
        SSL_set_verify(stream->ssl, SSL_VERIFY_NONE, NULL);
    if (rc == 0 && has_name && expected->association_count == 0 &&
        SSL_set_tlsext_host_name(stream->ssl, expected->name) != 1)
        rc = SMAIL_EINVAL;
    return rc == 0 ? 0
                   : smail__tls_fail(err, SMAIL_EINVAL,
                                     "not a server's name, or no record that "
                                     "is of use");
}
