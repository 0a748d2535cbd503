/* SPDX-License-Identifier: MIT */
/* store/stray.h - rows of an account, or of a message, that is not there. */
#ifndef SMAIL__STORE_STRAY_H
#define SMAIL__STORE_STRAY_H

#include "store/internal.h"

/* `each` gets one line for each account that has such rows in a table, of
 * those tables whose relations the database does not know; how many lines, or
 * negative. */
int smail__strays_find(struct smail__db *db,
                       void (*each)(const char *text, void *user), void *user,
                       smail_error *err);

/* In a job: take them away, also those that the database knows of. Mail whose
 * account is gone stays, with its places: it is nobody's, but it is mail.
 * `*mended` counts rows. */
int smail__strays_mend(uint64_t *mended, smail_tx *tx, smail_error *err);

#endif
