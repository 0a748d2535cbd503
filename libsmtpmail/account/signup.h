/* SPDX-License-Identifier: MIT */
/*
 * account/signup.h - accounts that people make for themselves, in domains
 * that are open to it.
 */
#ifndef SMAIL__ACCOUNT_SIGNUP_H
#define SMAIL__ACCOUNT_SIGNUP_H

#include <smtpmail/account.h>

/* Octets of an address, and of the name that goes with it. */
#define SMAIL__SIGNUP_ADDRESS_MAX (SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 1)
#define SMAIL__SIGNUP_NAME_MAX 200

/* What was wrong, so that the right field of a form can say it. */
enum smail__signup_fault {
    SMAIL__SIGNUP_FAILED, /* something else: see the error */
    SMAIL__SIGNUP_ADDRESS,
    SMAIL__SIGNUP_RESERVED,
    SMAIL__SIGNUP_TAKEN,
    SMAIL__SIGNUP_CLOSED,
    SMAIL__SIGNUP_PASSWORD,
    SMAIL__SIGNUP_NAME
};

/*
 * Make an account with all its mailboxes. `name` may be empty. On failure
 * `*fault` says what it is about, and the error's message is a sentence for
 * the person at the form. Slow: a password is hashed.
 */
int smail__signup(smail_id *out, enum smail__signup_fault *fault,
                  smail_store *store, smail_span address, smail_span name,
                  smail_span password, smail_error *err);

/* Would anybody guess it? `*why` is then a sentence that says what to do. */
bool smail__password_is_weak(const char **why, smail_span password,
                             smail_span address);

/* The domains that are open, by name. */
int smail__signup_domains(smail_store *store,
                          int (*each)(const char *name, void *user), void *user,
                          smail_error *err);

/* Can `text` be shown as one line: UTF-8 without controls? */
bool smail__is_line_of_text(smail_span text);

#endif
