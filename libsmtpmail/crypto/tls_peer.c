/* SPDX-License-Identifier: MIT */
/*
 * crypto/tls_peer.c - what TLS says about its two ends: channel bindings
 * (RFC 5929, RFC 9266) and the addresses in a client's certificate.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "crypto/tls_internal.h"

#define EXPORTER_LABEL "EXPORTER-Channel-Binding"
#define EXPORTER_LEN 32

static const unsigned char session_context[] = "smtpmail";

/* RFC 5929, 4.1: the hash of the signature, and SHA-256 for what is older. */
static const EVP_MD *end_point_digest(X509 *certificate)
{
    int digest = NID_undef;

    if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) != 1 ||
        digest == NID_undef)
        return NULL;
    if (digest == NID_md5 || digest == NID_sha1)
        return EVP_sha256();
    return EVP_get_digestbynid(digest);
}

size_t smail__tls_stream_end_point(unsigned char out[SMAIL__TLS_BINDING_MAX],
                                   const struct smail__tls_stream *stream)
{
    X509 *certificate = SSL_is_server(stream->ssl)
                            ? SSL_get_certificate(stream->ssl)
                            : SSL_get0_peer_certificate(stream->ssl);
    const EVP_MD *digest =
        certificate != NULL ? end_point_digest(certificate) : NULL;
    unsigned len = 0;

    if (digest == NULL || EVP_MD_get_size(digest) > SMAIL__TLS_BINDING_MAX ||
        X509_digest(certificate, digest, out, &len) != 1)
        len = 0;
    ERR_clear_error();
    return len;
}

size_t smail__tls_stream_exporter(unsigned char out[SMAIL__TLS_BINDING_MAX],
                                  const struct smail__tls_stream *stream)
{
    static const unsigned char context[1];
    int rc;

    if (!SSL_is_init_finished(stream->ssl) ||
        (SSL_version(stream->ssl) < TLS1_3_VERSION &&
         SSL_get_extms_support(stream->ssl) != 1))
        return 0;
    rc = SSL_export_keying_material(stream->ssl, out, EXPORTER_LEN,
                                    EXPORTER_LABEL, sizeof(EXPORTER_LABEL) - 1,
                                    context, 0, 1);
    ERR_clear_error();
    return rc == 1 ? EXPORTER_LEN : 0;
}

/* What it says of the certificate is asked for later. */
static int let_everybody_in(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static int ask(SSL_CTX *ctx, const char *authorities, smail_error *err)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(authorities);

    if (names == NULL ||
        SSL_CTX_load_verify_locations(ctx, authorities, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        ERR_clear_error();
        return smail__fail(err, SMAIL_EMALFORMED,
                           "no certificates of authorities in '%s'",
                           authorities);
    }
    SSL_CTX_set_client_CA_list(ctx, names);
    /* A session that is resumed must not come from elsewhere. */
    SSL_CTX_set_session_id_context(ctx, session_context,
                                   sizeof(session_context) - 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, let_everybody_in);
    return 0;
}

/* Whose certificate is checked by the authorities of the name that it asked
 * for. */
int smail__tls_server_ask(struct smail__tls_context *context,
                          const char *authorities, smail_error *err)
{
    int rc = ask(context->ctx, authorities, err);

    for (size_t i = 0; i < context->other_count && rc == 0; i++)
        rc = ask(context->others[i], authorities, err);
    return rc;
}

/* The `index`th address of `names` that is one. */
static size_t email_of(char out[SMAIL__TLS_EMAIL_MAX + 1], GENERAL_NAMES *names,
                       size_t index)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const char *text;
        size_t len;

        if (name->type != GEN_EMAIL)
            continue;
        text = (const char *)ASN1_STRING_get0_data(name->d.rfc822Name);
        len = (size_t)ASN1_STRING_length(name->d.rfc822Name);
        if (len == 0 || len > SMAIL__TLS_EMAIL_MAX ||
            memchr(text, '\0', len) != NULL || index-- > 0)
            continue;
        memcpy(out, text, len);
        out[len] = '\0';
        return len;
    }
    return 0;
}

size_t smail__tls_stream_peer_email(char out[SMAIL__TLS_EMAIL_MAX + 1],
                                    const struct smail__tls_stream *stream,
                                    size_t index)
{
    X509 *certificate = SSL_get0_peer_certificate(stream->ssl);
    GENERAL_NAMES *names;
    size_t len;

    if (certificate == NULL || SSL_get_verify_result(stream->ssl) != X509_V_OK)
        return 0;
    names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    len = names != NULL ? email_of(out, names, index) : 0;
    GENERAL_NAMES_free(names);
    ERR_clear_error();
    return len;
}
