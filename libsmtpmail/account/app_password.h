/* SPDX-License-Identifier: MIT */
/*
 * account/app_password.h - passwords that we make, one for each program.
 *
 * They have 140 random bits, so a fast hash keeps them as safe as a slow one
 * would, and checking one costs nothing. The store holds the SHA-256, and the
 * keys with which SCRAM-SHA-256 (RFC 7677) proves the same.
 */
#ifndef SMAIL__ACCOUNT_APP_PASSWORD_H
#define SMAIL__ACCOUNT_APP_PASSWORD_H

#include "account/name.h"
#include "store/store.h"

/* "abcd-efgh-ijkm-npqr-stuv-wxyz-2345", and a NUL. */
#define SMAIL__APP_PASSWORD_SIZE 35

/* Of one account, and octets of the name its owner gives it. */
#define SMAIL__APP_PASSWORDS_MAX 100
#define SMAIL__APP_PASSWORD_NAME_MAX 100

/* Room for the address of its account. */
#define SMAIL__APP_PASSWORD_ADDRESS_MAX SMAIL__NAME_SIZE

/* What it opens. */
enum smail__app_scope {
    SMAIL__SCOPE_ALL,
    SMAIL__SCOPE_SMTP, /* submission */
    SMAIL__SCOPE_JMAP  /* what programs ask over HTTP */
};

/* "all", "smtp", "jmap". */
const char *smail__app_scope_name(enum smail__app_scope scope);
bool smail__app_scope_read(enum smail__app_scope *out, smail_span name);

struct smail__app_password_wish {
    smail_id account;
    smail_span name;
    enum smail__app_scope scope;
    int64_t expires_at; /* 0: never */
};

#define SMAIL__APP_SCOPE_SIZE 17

struct smail__app_password {
    smail_id id;
    char scope[SMAIL__APP_SCOPE_SIZE]; /* its name, as above */
    int64_t created_at;
    int64_t expires_at; /* 0: never */
    int64_t last_used;  /* 0: never */
    char name[SMAIL__APP_PASSWORD_NAME_MAX + 1];
};

/* Make one; `password` is told this once. SMAIL_EINVAL for a name that is
 * empty, too long or not text; SMAIL_ELIMIT for one too many. */
int smail__app_password_add(smail_id *out,
                            char password[SMAIL__APP_PASSWORD_SIZE],
                            smail_store *store,
                            const struct smail__app_password_wish *wish,
                            int64_t now, smail_error *err);

/* Could it be one? Groups, spaces and letter case do not matter. */
bool smail__app_password_is(smail_span text);

/* Whose it is, asked for `use`; SMAIL__SCOPE_ALL is for one that opens all.
 * SMAIL_EAUTH for what is unknown, expired, for another use, or of a disabled
 * account. */
int smail__app_password_find(smail_id *account, smail_store *store,
                             enum smail__app_scope use, smail_span password,
                             int64_t now, smail_error *err);

/* The same, when its owner says to be `user`. It costs one SHA-256 and one
 * look at the store; its use is written down once an hour. */
int smail__app_password_check(smail_id *account, smail_store *store,
                              enum smail__app_scope use, smail_span user,
                              smail_span password, int64_t now,
                              smail_error *err);

/* It was used; that is written down if the last time is an hour ago. */
void smail__app_password_touch(smail_store *store, smail_id account,
                               smail_id password, int64_t last_used,
                               int64_t now);

/* Has anybody one for submission? */
int smail__app_password_any(bool *out, smail_store *store, smail_error *err);

int smail__app_password_list(
    smail_store *store, smail_id account,
    int (*each)(const struct smail__app_password *password, void *user),
    void *user, smail_error *err);

/* SMAIL_ENOTFOUND when `account` has no such one. */
int smail__app_password_remove(smail_store *store, smail_id account,
                               smail_id password, smail_error *err);

#endif
