/* SPDX-License-Identifier: MIT */
/* store/index.h - what is derived from messages, made after they are safe. */
#ifndef SMAIL__STORE_INDEX_H
#define SMAIL__STORE_INDEX_H

#include "store/internal.h"

/* How what is derived is made; rows of an older one may be made anew. */
#define SMAIL__INDEX_GENERATION 2

void smail__indexer_init(struct smail__indexer *indexer);
/* Begin, if another process left something. */
void smail__indexer_open(smail_store *store);
/* Something new came. */
void smail__indexer_wake(smail_store *store);
/* At most so many messages, now; how many. */
#define SMAIL__INDEX_BATCH 256
size_t smail__indexer_step(smail_store *store);
/* The store is closing: end soon. */
bool smail__indexer_is_stopping(smail_store *store);
void smail__indexer_stop(smail_store *store);
void smail__indexer_dispose(struct smail__indexer *indexer);

#endif
