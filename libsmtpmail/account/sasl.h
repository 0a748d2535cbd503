/* SPDX-License-Identifier: MIT */
/*
 * account/sasl.h - the server's side of a SASL exchange (RFC 4422), without
 * I/O and without a store: PLAIN (RFC 4616), LOGIN (which has no RFC, and
 * clients that know nothing else), SCRAM-SHA-256 and -PLUS (RFC 5802,
 * RFC 7677), OAUTHBEARER (RFC 7628), XOAUTH2 (likewise without an RFC) and
 * EXTERNAL (RFC 4422, appendix A).
 *
 *    smail__sasl_new(&sasl, mechanism, &channel, &err);
 *    smail__sasl_step(&action, sasl, response, has_response);
 *    CHALLENGE    send action.challenge, step again with the answer
 *    CHECK        is action.password that of action.user? Then it is over.
 *    KEYS         find the SCRAM keys of action.user, smail__sasl_keys()
 *    TOKEN        whose is action.token? If nobody's, smail__sasl_no_token()
 *    CERTIFICATE  may the client's certificate log in as action.user, or as
 *                 somebody at all when that is empty?
 *    ACCEPT       action.user has proved it with key action.index
 *    DENY         he has not
 *    FAIL         action.reason says what was wrong with the exchange
 *
 * The secrets are wiped when it is freed.
 */
#ifndef SMAIL__ACCOUNT_SASL_H
#define SMAIL__ACCOUNT_SASL_H

#include <smtpmail/error.h>

#include "crypto/scram.h"

/* Octets of a user name: a whole address, and a little more. */
#define SMAIL__SASL_USER_MAX 320

/* Octets of a token: RFC 6750 sets no limit, the line of AUTH does. */
#define SMAIL__SASL_TOKEN_MAX 8192

/* Of the client's part of a SCRAM nonce. RFC 5802, 5.1 sets no limit. */
#define SMAIL__SASL_NONCE_MAX 256

/* Keys of one user that a proof is tried with. */
#define SMAIL__SASL_KEYS_MAX 100

struct smail__sasl;

enum smail__sasl_result {
    SMAIL__SASL_CHALLENGE,
    SMAIL__SASL_CHECK,
    SMAIL__SASL_KEYS,
    SMAIL__SASL_TOKEN,
    SMAIL__SASL_CERTIFICATE,
    SMAIL__SASL_ACCEPT,
    SMAIL__SASL_DENY,
    SMAIL__SASL_FAIL
};

/* The spans are good until the next step, or free(). */
struct smail__sasl_action {
    enum smail__sasl_result result;
    smail_span challenge;
    smail_span user;
    smail_span password;
    smail_span token;
    size_t index;
    const char *reason; /* a constant; of FAIL only */
};

/* What the exchange runs over. Empty bindings: there are none. */
struct smail__sasl_channel {
    smail_span end_point; /* tls-server-end-point (RFC 5929, 4) */
    smail_span exporter;  /* tls-exporter (RFC 9266, 2) */
    bool offers_plus;     /* a mechanism with -PLUS was offered */
    smail_span nonce;     /* ours; empty: a random one */
};

/* `mechanism` in any case; SMAIL_ENOTFOUND for one that is not known.
   `channel` NULL: in the clear. */
int smail__sasl_new(struct smail__sasl **out, smail_span mechanism,
                    const struct smail__sasl_channel *channel,
                    smail_error *err);
void smail__sasl_free(struct smail__sasl *sasl);

/*
 * `has_response` is false in the first step of a client that sent no initial
 * response (RFC 4422, 3). After CHECK, ACCEPT, DENY and FAIL the exchange is
 * over: another step fails.
 */
void smail__sasl_step(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      smail_span response, bool has_response);

/*
 * After KEYS: `keys` are those of the user, which share salt and iterations;
 * they are copied. For a user who has none, or is not there, `salt` and
 * `iterations` alone, so that nobody can tell.
 */
void smail__sasl_keys(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      const struct smail__scram *keys, size_t count);

/* After TOKEN: it is no good. What to tell the client comes first, then
   DENY. */
void smail__sasl_no_token(struct smail__sasl_action *out,
                          struct smail__sasl *sasl);

#endif
