/* SPDX-License-Identifier: MIT */
/*
 * server/login.h - one exchange of AUTH.
 *
 * login.c         the exchange, on the loop
 * login_check.c   what is asked of the store, on a worker's thread
 * login_offer.c   which mechanisms a client is offered
 */
#ifndef SMAIL__SERVER_LOGIN_H
#define SMAIL__SERVER_LOGIN_H

#include <smtpmail/login.h>

#include "account/app_password_keys.h"
#include "account/sasl.h"
#include "server/dialogue.h"

/* Addresses of a client's certificate that are looked at. */
#define SMAIL__LOGIN_EMAILS_MAX 8

struct smail__login {
    struct smail__work work;
    struct smail__task task;
    struct smail__shard *shard;
    uint64_t connection;
    struct smail__endpoint peer;
    struct smail__sasl *sasl;
    struct smail__sasl_action action; /* what is being asked; of `sasl` */
    bool is_checking;                 /* a worker has it */
    bool is_counted;                  /* the guard has begun it */
    bool is_slow;                     /* it has come to the slow hash */
    bool is_told;                     /* that its token is no good */
    int result;
    smail_id account;
    struct smail__app_password_keys *keys; /* of SCRAM */
    size_t email_count;                    /* of EXTERNAL */
    char emails[SMAIL__LOGIN_EMAILS_MAX][SMAIL__TLS_EMAIL_MAX + 1];
    char identity[SMAIL__SASL_USER_MAX + 1];
    char method[32]; /* for the log of log-ins */
    smail_error error;
};

/* Of whom it was, in the account's log of log-ins. */
void smail__login_note(const struct smail__login *login, smail_id account,
                       smail_login_outcome outcome);

/* login_check.c: answer `login->action`. SMAIL_EAUTH: no. */
void smail__login_check(struct smail__work *work);

/* login_offer.c: what the exchange runs over. The spans point into `room`. */
struct smail__login_bindings {
    unsigned char end_point[SMAIL__TLS_BINDING_MAX];
    unsigned char exporter[SMAIL__TLS_BINDING_MAX];
};
void smail__login_channel(struct smail__sasl_channel *out,
                          struct smail__login_bindings *room,
                          const struct smail__dialogue *dialogue);

#endif
