/* SPDX-License-Identifier: MIT */
/* store/removed.h - messages that were removed and can be had again. */
#ifndef SMAIL__STORE_REMOVED_H
#define SMAIL__STORE_REMOVED_H

#include "store/email.h"

/* Inside a job, before the rows of the message go: keep what it takes to have
 * it again, if the store is to; let go of the oldest beyond the limits. */
int smail__removed_keep(smail_tx *tx, const struct smail__email *email,
                        const struct smail__places *places, smail_error *err);

/* Let go of those whose time is over, in steps. */
int smail__removed_expire(uint64_t *count, smail_store *store,
                          smail_error *err);

#endif
