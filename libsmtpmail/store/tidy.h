/* SPDX-License-Identifier: MIT */
/* store/tidy.h - rows that are kept for a time only, by one table. */
#ifndef SMAIL__STORE_TIDY_H
#define SMAIL__STORE_TIDY_H

#include "store/internal.h"

/* Modseqs that /changes and QRESYNC can look back, for each account. */
#define SMAIL__CHANGES_KEPT 20000

/* How long mail that came to an end is remembered, unless the store's options
 * say; and who logged in. */
#define SMAIL__KEEP_QUEUE ((int64_t)30 * 86400)
#define SMAIL__KEEP_LOGINS ((int64_t)180 * 86400)

/* An app password is listed so long after it ended: its owner sees why a
 * program cannot log in any more. */
#define SMAIL__KEEP_APP_PASSWORDS ((int64_t)30 * 86400)

/* Rows that one transaction removes, about: a few milliseconds. */
#define SMAIL__TIDY_STEP 500

struct smail__tidied {
    void (*each)(const char *what, uint64_t rows, void *user); /* or NULL */
    void *user;
};

/* Remove what is due at `now`, in steps that let deliveries pass; ends early
 * when the store closes. */
int smail__tidy_apply(const struct smail__tidied *told, smail_store *store,
                      int64_t now, smail_error *err);

/* Tell how much that would be. */
int smail__tidy_count(const struct smail__tidied *told, smail_store *store,
                      int64_t now, smail_error *err);

#endif
