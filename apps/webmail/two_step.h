/* SPDX-License-Identifier: MIT */
/*
 * webmail/two_step.h - what the log-in and the settings of a second factor
 * have in common (docs/http.md).
 */
#ifndef WEBMAIL_TWO_STEP_H
#define WEBMAIL_TWO_STEP_H

#include "account/signup.h"
#include "identity.h"

struct own_address {
    char text[SMAIL__SIGNUP_ADDRESS_MAX + 1];
};

/* The owner's password again, for what opens or shuts doors. False: an answer
 * was given, that names `field`. */
bool require_password(struct own_address *own, struct request *request,
                      const struct identity *identity, smail_span password,
                      const char *field);

/* The password was right, and a code is wanted. */
void answer_code_wanted(struct request *request);

/* False: an answer was given. */
bool take_code(struct request *request, smail_id account, smail_span code);

#endif
