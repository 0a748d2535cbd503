/* SPDX-License-Identifier: MIT */
/*
 * account/session.h - who stays logged in at a browser.
 *
 * The browser holds a token of 256 random bits; the store holds its SHA-256,
 * so that whoever reads the store cannot log in with what he finds. The token
 * against forged requests is derived from the first, so every process knows
 * it and a restart does not change it.
 *
 * Times are seconds since the epoch, and arguments.
 */
#ifndef SMAIL__ACCOUNT_SESSION_H
#define SMAIL__ACCOUNT_SESSION_H

#include "store/store.h"

/* Lower-case hexadecimal, and a NUL. */
#define SMAIL__TOKEN_LEN 64
#define SMAIL__TOKEN_SIZE (SMAIL__TOKEN_LEN + 1)

/* A session ends when it was idle for so long, and in any case after so
 * long. */
#define SMAIL__SESSION_IDLE ((int64_t)14 * 24 * 3600)
#define SMAIL__SESSION_LIFE ((int64_t)90 * 24 * 3600)

/* Of one account; the one that was idle longest gives way. */
#define SMAIL__SESSIONS_MAX 100

#define SMAIL__PEER_MAX 64

struct smail__session {
    smail_id id;
    smail_id account;
    int64_t created_at;
    int64_t expires_at;
    int64_t last_used;
    char peer[SMAIL__PEER_MAX];
};

/* `peer` is where it came from, for the list that its owner sees. */
int smail__session_begin(char token[SMAIL__TOKEN_SIZE],
                         struct smail__session *out, smail_store *store,
                         smail_id account, const char *peer, int64_t now,
                         smail_error *err);

/* The session that `token` stands for, and note its use. SMAIL_EAUTH for one
 * that is unknown or over, or whose account is disabled. */
int smail__session_find(struct smail__session *out, smail_store *store,
                        smail_span token, int64_t now, smail_error *err);

/* SMAIL_ENOTFOUND when `account` has no such session. */
int smail__session_end(smail_store *store, smail_id account, smail_id session,
                       smail_error *err);

/* All but `kept`; 0 keeps none. */
int smail__session_end_others(smail_store *store, smail_id account,
                              smail_id kept, smail_error *err);

/* Those that are not over, the newest first. */
int smail__session_list(smail_store *store, smail_id account, int64_t now,
                        int (*each)(const struct smail__session *session,
                                    void *user),
                        void *user, smail_error *err);

/* What a request that changes something must carry beside the cookie. */
void smail__session_csrf(char out[SMAIL__TOKEN_SIZE], smail_span token);
bool smail__session_csrf_is(smail_span token, smail_span csrf);

/* Forget sessions that are over, of all accounts, in one small step. */
int smail__session_sweep(smail_store *store, int64_t now, smail_error *err);

#endif
