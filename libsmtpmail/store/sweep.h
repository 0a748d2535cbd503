/* SPDX-License-Identifier: MIT */
/* store/sweep.h - takes away what nobody names any more. */
#ifndef SMAIL__STORE_SWEEP_H
#define SMAIL__STORE_SWEEP_H

#include "store/internal.h"

/* Nothing younger goes: a message may be on its way to a row. */
#define SMAIL__SWEEP_AGE ((int64_t)3600)

/* One pass over all that is due and over blobs and files not used for `age`
 * seconds, in steps; `*removed` counts these. Ends early when the store
 * closes. */
int smail__store_sweep(uint64_t *removed, smail_store *store, int64_t age,
                       smail_error *err);

/* Files that no row names are a fault from then on. */
#define SMAIL__ORPHAN_AGE ((int64_t)2 * 86400)

/* The files that are, taken away; unless a backup may be copying them. */
int smail__sweep_orphans(uint64_t *removed, smail_store *store,
                         smail_error *err);

/* The pass, if it is time for one. */
void smail__sweeper_step(smail_store *store);

#endif
