/* SPDX-License-Identifier: MIT */
/* account/account_rules.h - what an account may be called, for all who name
 * one. */
#ifndef SMAIL__ACCOUNT_RULES_H
#define SMAIL__ACCOUNT_RULES_H

#include "account/lookup.h"

/* SMAIL_EINVAL: not UTF-8, too long, or with controls. */
int smail__account_check_name(const char *name, smail_error *err);

/* A quota in octets or messages that a row can hold. SMAIL_EINVAL. */
int smail__account_check_quota(uint64_t quota, smail_error *err);

/* An address that an account may have: in parts, and whole in `text`.
 * SMAIL_EINVAL. */
int smail__account_check_address(struct smail__name *name,
                                 char text[SMAIL__NAME_SIZE],
                                 const char *address, smail_error *err);

/* Its domain, when nobody has the address: SMAIL_ENOTFOUND when there is no
 * such domain, SMAIL_EEXISTS. */
int smail__account_check_free(smail_id *domain, struct smail__db *db,
                              const struct smail__name *name, const char *text,
                              smail_error *err);

#endif
