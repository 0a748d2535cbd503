/* SPDX-License-Identifier: MIT */
/*
 * crypto/tls.h - TLS without sockets: certificates, and streams that turn
 * ciphertext into plaintext and back (RFC 8446, RFC 5246).
 *
 * A context holds a certificate and the rules; it is shared by any number of
 * streams on any threads. A stream belongs to one thread at a time. Between
 * it and the socket lie two buffers of SMAIL__TLS_BUFFER octets, so neither
 * side can make it grow.
 */
#ifndef SMAIL__CRYPTO_TLS_H
#define SMAIL__CRYPTO_TLS_H

#include <smtpmail/error.h>

/* Larger ones cost twice the memory of an idle connection and gain nothing. */
#define SMAIL__TLS_BUFFER 4096

struct smail__tls_context;
struct smail__tls_stream;

/* More names than this are a matter for a certificate with many. */
#define SMAIL__TLS_CERTIFICATES_MAX 64

/*
 * Read a PEM chain, own certificate first, and its key. Several, parted by
 * commas, each with its key at the same place: then the first is shown that is
 * for the name the client asked for (RFC 6066, 3), or else the first of all. The error names the
 * file and what is wrong with it: not there, not allowed, no PEM, another
 * key, a passphrase. A certificate out of date loads; ask not_after().
 */
int smail__tls_server_new(struct smail__tls_context **out,
                          const char *certificate, const char *key,
                          smail_error *err);

/* `authorities` is a PEM file of trusted certificates; NULL: the system's. */
int smail__tls_client_new(struct smail__tls_context **out,
                          const char *authorities, smail_error *err);

/* Counted: each holder lets go of its own; streams hold theirs by themselves.
   Both may be called from any thread. */
struct smail__tls_context *smail__tls_context_ref(struct smail__tls_context *);
void smail__tls_context_free(struct smail__tls_context *context);

/* When the certificate of a server's context begins and ends to be valid, in
   seconds since the epoch. */
int64_t smail__tls_context_not_before(const struct smail__tls_context *context);
int64_t smail__tls_context_not_after(const struct smail__tls_context *context);

/*
 * `name` is for clients: the server's name, sent as SNI (RFC 6066, 3) and
 * demanded of its certificate. NULL: none is sent and nothing demanded.
 */
int smail__tls_stream_new(struct smail__tls_stream **out,
                          struct smail__tls_context *context, const char *name,
                          smail_error *err);
void smail__tls_stream_free(struct smail__tls_stream *stream);

/* A record that says which certificate is right (RFC 6698, 2.1). */
struct smail__tls_association {
    uint8_t usage, selector, matching;
    smail_span data;
};

/* Who the server has to be. */
struct smail__tls_expected {
    const char
        *name; /* sent as SNI; demanded of its certificate, if `verify` */
    const char *also; /* will do as well; NULL or "": none */
    bool verify;      /* else anybody will do (RFC 7435) */
    /* DANE (RFC 7672, 3): one of these has to fit, and of the names only where
       its usage is 2. Overrides `verify`. */
    const struct smail__tls_association *associations;
    size_t association_count;
};

/* Before the handshake of a client's stream that was made without a name.
   SMAIL_EINVAL for what cannot be a server's name, or of use. */
int smail__tls_stream_expect(struct smail__tls_stream *stream,
                             const struct smail__tls_expected *expected,
                             smail_error *err);

/* What was wrong with the certificate, for reports (RFC 8460, 4.3). */
enum smail__tls_fault {
    SMAIL__TLS_FAULT_NONE,
    SMAIL__TLS_FAULT_NAME,     /* it is for another name */
    SMAIL__TLS_FAULT_TIME,     /* out of date, or not valid yet */
    SMAIL__TLS_FAULT_TRUST,    /* nobody whom we know signed it */
    SMAIL__TLS_FAULT_NO_MATCH, /* no record of DANE fits */
    SMAIL__TLS_FAULT_OTHER
};

/* Once the handshake is done, or has failed. Where nobody demanded anything of
   the certificate it tells all the same, by the name that was expected. */
enum smail__tls_fault smail__tls_stream_fault(
    const struct smail__tls_stream *stream);

/* Let another's SSL_CTX of OpenSSL trust whom this client's context trusts,
   and demand a certificate for `name`. */
int smail__tls_lend(void *ssl_ctx, const struct smail__tls_context *context,
                    const char *name);

/* Give ciphertext from the peer; returns how much was taken, maybe nothing
   until some was read. */
size_t smail__tls_stream_feed(struct smail__tls_stream *stream,
                              smail_span ciphertext);

/* Ciphertext for the peer, to be sent in order; and drop what was sent. The
   span may be a part: ask again after dropping it. */
smail_span smail__tls_stream_output(struct smail__tls_stream *stream);
void smail__tls_stream_sent(struct smail__tls_stream *stream, size_t len);

/* 1 when it is done, 0 while it waits for bytes from or room towards the
   peer; SMAIL_EIO when it failed: send the output, it holds the alert. */
int smail__tls_stream_handshake(struct smail__tls_stream *stream,
                                smail_error *err);

/* 1 and `*len` octets; 0 when there are none now; SMAIL_ESTATE when the peer
   has closed in good order; SMAIL_EIO when the stream is broken. */
int smail__tls_stream_read(size_t *len, struct smail__tls_stream *stream,
                           void *out, size_t room, smail_error *err);

/* 1 and how much of `plaintext` was taken in `*len`; 0 when the output must
   be sent first; SMAIL_EIO when the stream is broken. */
int smail__tls_stream_write(size_t *len, struct smail__tls_stream *stream,
                            smail_span plaintext, smail_error *err);

/* Queue a close_notify (RFC 8446, 6.1). */
void smail__tls_stream_close(struct smail__tls_stream *stream);

/* "TLSv1.3", "TLS_AES_256_GCM_SHA384": once the handshake is done. They
   outlive the stream. */
const char *smail__tls_stream_protocol(const struct smail__tls_stream *stream);
const char *smail__tls_stream_cipher(const struct smail__tls_stream *stream);

/* --- Who the peer is (tls_peer.c) ----------------------------------------- */

/* Octets of the longest channel binding: a SHA-512 of a certificate. */
#define SMAIL__TLS_BINDING_MAX 64

/*
 * What ties a login to this connection and no other. Both return the octets
 * filled in, and 0 where the binding is not defined: tls-server-end-point
 * (RFC 5929, 4) of certificates that are signed without a hash, tls-exporter
 * (RFC 9266, 2) of TLS 1.2 without the extended master secret.
 */
size_t smail__tls_stream_end_point(unsigned char out[SMAIL__TLS_BINDING_MAX],
                                   const struct smail__tls_stream *stream);
size_t smail__tls_stream_exporter(unsigned char out[SMAIL__TLS_BINDING_MAX],
                                  const struct smail__tls_stream *stream);

/*
 * Let a server's context ask clients for a certificate of these authorities,
 * a PEM file. A client without one, or with another one, is served all the
 * same, and has no addresses.
 */
int smail__tls_server_ask(struct smail__tls_context *context,
                          const char *authorities, smail_error *err);

/* Longest address that is looked at. */
#define SMAIL__TLS_EMAIL_MAX 320

/* The `index`th rfc822Name (RFC 5280, 4.2.1.6) of the client's certificate,
   if one of the authorities signed it; its length, 0 when there is none. */
size_t smail__tls_stream_peer_email(char out[SMAIL__TLS_EMAIL_MAX + 1],
                                    const struct smail__tls_stream *stream,
                                    size_t index);

/* Before a thread that used TLS ends. */
void smail__tls_thread_stop(void);

#endif
