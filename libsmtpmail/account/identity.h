/* SPDX-License-Identifier: MIT */
/*
 * account/identity.h - what an identity may say, for JMAP and for all others
 * who set one.
 */
#ifndef SMAIL__ACCOUNT_IDENTITY_H
#define SMAIL__ACCOUNT_IDENTITY_H

#include "account/identity_row.h"
#include "json/read.h"

/* Addresses of replyTo or bcc. */
#define SMAIL__IDENTITY_ADDRESSES_MAX 50

/* A list of EmailAddress (RFC 8621, 4.1.2.3), or null: as it is stored. False:
 * it is something else, or too much. */
bool smail__identity_read_list(struct smail__buf *out,
                               const struct smail__json_value *value);

/* SMAIL_EINVAL for what is no address; SMAIL_EAUTH (RFC 8621, 6.3:
 * forbiddenFrom) when the account may not send as it. */
int smail__identity_check_address(const struct smail__identity *identity,
                                  smail_store *store, smail_id account,
                                  smail_error *err);

#endif
