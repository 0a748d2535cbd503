/* SPDX-License-Identifier: MIT */
/*
 * webmail/identity.h - who is asking: the page with its cookie, or a program
 * with a password (docs/http.md).
 */
#ifndef WEBMAIL_IDENTITY_H
#define WEBMAIL_IDENTITY_H

#include <smtpmail/login.h>

#include "http/front.h"
#include "request.h"

struct identity {
    smail_id account;
    bool has_session; /* it came with a cookie */
    bool is_program;  /* it has an app password, not the account's own */
    struct smail__session session;
    char token[SMAIL__TOKEN_SIZE];
};

/* 0; or the status to refuse with: 401, 429, 503. `*wait` is for 429. */
int identify(struct identity *out, int64_t *wait, struct app *app,
             const struct smail__front_credentials *credentials);

/* Who asks, and may: with a cookie, what changes something must carry the
 * token against forged requests. False: an answer was given. */
bool require_identity(struct identity *out, struct request *request);

/* The same, but not for app passwords: a program that was given one for the
 * mail is not to open more doors with it. */
bool require_owner(struct identity *out, struct request *request);

/* For calls that need nobody: is it from our own page, if from a page at all?
 * False: an answer was given. */
bool require_own_origin(struct request *request);

/* 0 and the account when `password` is its own, no app password; 401, 429,
 * 503. Slow. `*wants_code`: that is the first of two steps. */
int check_password(smail_id *account, bool *wants_code, int64_t *wait,
                   struct app *app, smail_span user, smail_span password,
                   const char *peer);

/* The second: 0, or 401, 429, 503. */
int check_code(int64_t *wait, struct app *app, smail_id account,
               smail_span code, const char *peer);

/* For the account's log of log-ins. */
void note_login(struct app *app, smail_id account, const char *service,
                const char *method, const char *peer,
                smail_login_outcome outcome);

/* Seconds until `peer` may try again; 0: now. */
int64_t peer_wait(struct smail__limiter *limiter, const struct app *app,
                  const char *peer);

/* Hashing a password takes 32 MiB and a processor: a few at a time. False
 * when it is too busy. */
bool take_hash_turn(struct app *app);
void give_hash_turn(struct app *app);

/* Whole lines: the cookie of a session, and its removal. */
void put_cookie(struct smail__buf *out, const struct request *request,
                const char *token);
void put_no_cookie(struct smail__buf *out, const struct request *request);

#endif
