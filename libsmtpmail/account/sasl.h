/* SPDX-License-Identifier: MIT */
/*
 * account/sasl.h - the server's side of a SASL exchange, without I/O and
 * without a store: PLAIN (RFC 4616) and LOGIN (which has no RFC, and clients
 * that know nothing else).
 *
 *    smail__sasl_new(&sasl, mechanism, &err);
 *    smail__sasl_step(&action, sasl, response, has_response);
 *    CHALLENGE  send action.challenge, step again with the answer
 *    CHECK      ask smail_account_login() about action.user and .password
 *    FAIL       action.reason says what was wrong with the exchange
 *
 * The secrets are wiped when it is freed.
 */
#ifndef SMAIL__ACCOUNT_SASL_H
#define SMAIL__ACCOUNT_SASL_H

#include <smtpmail/error.h>

/* What is offered, as smail_smtp_server_options takes it. */
#define SMAIL__SASL_MECHANISMS "PLAIN LOGIN"

/* Octets of a user name: a whole address, and a little more. */
#define SMAIL__SASL_USER_MAX 320

struct smail__sasl;

enum smail__sasl_result {
    SMAIL__SASL_CHALLENGE,
    SMAIL__SASL_CHECK,
    SMAIL__SASL_FAIL
};

/* The spans are good until the next step, or free(). */
struct smail__sasl_action {
    enum smail__sasl_result result;
    smail_span challenge;
    smail_span user;
    smail_span password;
    const char *reason; /* a constant; of FAIL only */
};

/* `mechanism` in any case; SMAIL_ENOTFOUND for one that is not known. */
int smail__sasl_new(struct smail__sasl **out, smail_span mechanism,
                    smail_error *err);
void smail__sasl_free(struct smail__sasl *sasl);

/*
 * `has_response` is false in the first step of a client that sent no initial
 * response (RFC 4422, 3). After CHECK or FAIL the exchange is over: another
 * step fails.
 */
void smail__sasl_step(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      smail_span response, bool has_response);

#endif
