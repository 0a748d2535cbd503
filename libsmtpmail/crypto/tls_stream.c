/* SPDX-License-Identifier: MIT */
/*
 * crypto/tls_stream.c - one TLS connection over a pair of small buffers.
 *
 * OpenSSL has one end of the pair, the caller the other. OpenSSL takes and
 * leaves what fits, so a record of 16 KiB passes through in pieces.
 */
#include "crypto/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/error.h"
#include "crypto/tls_internal.h"

static int demand_name(SSL *ssl, const char *name)
{
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return SSL_set_tlsext_host_name(ssl, name) == 1 &&
                   SSL_set1_host(ssl, name) == 1
               ? 0
               : SMAIL_EINVAL;
}

int smail__tls_stream_new(struct smail__tls_stream **out,
                          struct smail__tls_context *context, const char *name,
                          smail_error *err)
{
    struct smail__tls_stream *stream = calloc(1, sizeof(*stream));
    BIO *inner = NULL;

    if (stream == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for TLS");
    ERR_clear_error();
    stream->context = smail__tls_context_ref(context);
    stream->ssl = SSL_new(context->ctx);
    if (stream->ssl == NULL ||
        BIO_new_bio_pair(&inner, SMAIL__TLS_BUFFER, &stream->outer,
                         SMAIL__TLS_BUFFER) != 1) {
        smail__tls_stream_free(stream);
        return smail__tls_fail(err, SMAIL_ENOMEM, "no memory for TLS");
    }
    SSL_set_bio(stream->ssl, inner, inner);
    if (context->is_client)
        SSL_set_connect_state(stream->ssl);
    else
        SSL_set_accept_state(stream->ssl);
    if (context->is_client && name != NULL &&
        demand_name(stream->ssl, name) != 0) {
        smail__tls_stream_free(stream);
        return smail__tls_fail(err, SMAIL_EINVAL, "not a server's name");
    }
    *out = stream;
    return 0;
}

void smail__tls_stream_free(struct smail__tls_stream *stream)
{
    if (stream == NULL)
        return;
    SSL_free(stream->ssl);
    BIO_free(stream->outer);
    smail__tls_context_free(stream->context);
    free(stream);
}

size_t smail__tls_stream_feed(struct smail__tls_stream *stream,
                              smail_span ciphertext)
{
    size_t taken = 0;

    if (stream->broken)
        return ciphertext.len;
    while (taken < ciphertext.len) {
        size_t room = ciphertext.len - taken;
        int len =
            BIO_write(stream->outer, ciphertext.data + taken,
                      room > SMAIL__TLS_BUFFER ? SMAIL__TLS_BUFFER : (int)room);

        if (len <= 0)
            break;
        taken += (size_t)len;
    }
    return taken;
}

smail_span smail__tls_stream_output(struct smail__tls_stream *stream)
{
    char *data = NULL;
    int len = BIO_nread0(stream->outer, &data);

    return len > 0 ? (smail_span){ data, (size_t)len } : (smail_span){ "", 0 };
}

void smail__tls_stream_sent(struct smail__tls_stream *stream, size_t len)
{
    char *data = NULL;

    if (len > 0 && len <= SMAIL__TLS_BUFFER)
        BIO_nread(stream->outer, &data, (int)len);
}

/* What a call on `ssl` that did not succeed means. */
static int outcome(struct smail__tls_stream *stream, int result,
                   smail_error *err)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        return smail__fail(err, SMAIL_ESTATE, "TLS was closed by the peer");
    default:
        stream->broken = true;
        return smail__tls_fail(err, SMAIL_EIO, "TLS failed");
    }
}

int smail__tls_stream_handshake(struct smail__tls_stream *stream,
                                smail_error *err)
{
    if (stream->broken)
        return smail__fail(err, SMAIL_EIO, "TLS failed before");
    ERR_clear_error();

    int result = SSL_do_handshake(stream->ssl);

    return result == 1 ? 1 : outcome(stream, result, err);
}

int smail__tls_stream_read(size_t *len, struct smail__tls_stream *stream,
                           void *out, size_t room, smail_error *err)
{
    *len = 0;
    if (stream->broken)
        return smail__fail(err, SMAIL_EIO, "TLS failed before");
    ERR_clear_error();

    int result = SSL_read_ex(stream->ssl, out, room, len);

    return result == 1 ? 1 : outcome(stream, result, err);
}

int smail__tls_stream_write(size_t *len, struct smail__tls_stream *stream,
                            smail_span plaintext, smail_error *err)
{
    *len = 0;
    if (plaintext.len == 0)
        return 1;
    if (stream->broken)
        return smail__fail(err, SMAIL_EIO, "TLS failed before");
    ERR_clear_error();

    int result = SSL_write_ex(stream->ssl, plaintext.data, plaintext.len, len);

    return result == 1 ? 1 : outcome(stream, result, err);
}

void smail__tls_stream_close(struct smail__tls_stream *stream)
{
    if (stream->broken || !SSL_is_init_finished(stream->ssl))
        return;
    ERR_clear_error();
    SSL_shutdown(stream->ssl);
    ERR_clear_error();
}

const char *smail__tls_stream_protocol(const struct smail__tls_stream *stream)
{
    return SSL_get_version(stream->ssl);
}

const char *smail__tls_stream_cipher(const struct smail__tls_stream *stream)
{
    return SSL_get_cipher_name(stream->ssl);
}

void smail__tls_thread_stop(void)
{
    OPENSSL_thread_stop();
}
