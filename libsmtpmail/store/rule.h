/* SPDX-License-Identifier: MIT */
/* store/rule.h - what is true of an account's rows, and what makes it true
 * again. */
#ifndef SMAIL__STORE_RULE_H
#define SMAIL__STORE_RULE_H

#include "store/internal.h"

struct smail__rule {
    const char *text; /* with three %lld, for the columns */
    const char *sql;  /* a row for each fault; $1: the account */
    const char *mend; /* $1: the account; NULL: cannot be mended */
};

/* In the order in which they are mended. */
extern const struct smail__rule smail__rules[];
extern const size_t smail__rule_count;

/* `each` gets one line for each fault; how many, or negative. */
int smail__rule_apply(const struct smail__rule *rule, struct smail__db *db,
                      smail_id account,
                      void (*each)(const char *text, void *user), void *user,
                      smail_error *err);

/* The account behind `*account`: 1; 0: none. */
int smail__rule_next_account(smail_id *account, struct smail__db *db,
                             smail_error *err);

#endif
