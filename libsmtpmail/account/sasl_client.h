/* SPDX-License-Identifier: MIT */
/*
 * account/sasl_client.h - the client's side of a SASL exchange, without I/O:
 * PLAIN, LOGIN, SCRAM-SHA-256 and -PLUS, OAUTHBEARER, XOAUTH2, EXTERNAL.
 *
 *    name = smail__sasl_client_choose(&credentials, offered);
 *    smail__sasl_client_new(&client, name, &credentials, &err);
 *    smail__sasl_client_initial(&response, client, &err);   1: there is one
 *    smail__sasl_client_respond(&response, client, challenge, &err);
 *    smail__sasl_client_finish(client, &err);   the server said yes: did it
 *                                               prove who it is?
 *
 * The secrets are wiped when it is freed.
 */
#ifndef SMAIL__ACCOUNT_SASL_CLIENT_H
#define SMAIL__ACCOUNT_SASL_CLIENT_H

#include <smtpmail/error.h>

/* Iterations that a server may ask for: more would be its way to keep us
   busy. */
#define SMAIL__SASL_ITERATIONS_MAX 1000000

struct smail__sasl_client;

/* Copied. Text is UTF-8; spans may be empty. */
struct smail__sasl_credentials {
    smail_span user;
    smail_span password;
    smail_span token;     /* for OAUTHBEARER and XOAUTH2 */
    smail_span host;      /* the server's name, for OAUTHBEARER */
    uint16_t port;        /* likewise; 0: not told */
    smail_span end_point; /* bindings of the TLS connection, if any */
    smail_span exporter;
    bool has_certificate; /* EXTERNAL may be tried */
    bool is_secure;       /* a password may be sent as it is */
    smail_span nonce;     /* ours; empty: a random one */
    smail_span offered;   /* all that the server offers, space-separated */
};

/*
 * The best mechanism that the server offers and the credentials are enough
 * for: a constant, or NULL. A password is never sent in the clear, and to a
 * server that offers -PLUS only over the binding.
 */
const char *smail__sasl_client_choose(
    const struct smail__sasl_credentials *credentials);

/* SMAIL_ENOTFOUND for a mechanism that is not known; SMAIL_EINVAL when the
   credentials are not enough for it, or not text. */
int smail__sasl_client_new(struct smail__sasl_client **out,
                           const char *mechanism,
                           const struct smail__sasl_credentials *credentials,
                           smail_error *err);
void smail__sasl_client_free(struct smail__sasl_client *client);

/* 1 and what goes out with AUTH; 0 when the server speaks first. The span is
   good until the next call. */
int smail__sasl_client_initial(smail_span *response,
                               struct smail__sasl_client *client,
                               smail_error *err);

/*
 * The answer to a challenge. Once initial() has returned 1 it is not asked for
 * again. SMAIL_EMALFORMED for a challenge that makes no sense, SMAIL_EAUTH for
 * a server that cannot prove who it is, or says why it refuses: cancel then.
 */
int smail__sasl_client_respond(smail_span *response,
                               struct smail__sasl_client *client,
                               smail_span challenge, smail_error *err);

/* The server has said yes. SMAIL_EAUTH when it should have proved first that
   it knows the password: it is not who it claims to be. */
int smail__sasl_client_finish(const struct smail__sasl_client *client,
                              smail_error *err);

#endif
