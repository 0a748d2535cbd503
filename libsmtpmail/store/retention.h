/* SPDX-License-Identifier: MIT */
/* store/retention.h - the trash and the junk mailbox empty themselves. */
#ifndef SMAIL__STORE_RETENTION_H
#define SMAIL__STORE_RETENTION_H

#include "store/internal.h"

/*
 * What has been in them for longer than the store's options say goes for good,
 * in steps that let deliveries pass. When it came there is told by marks: how
 * far a mailbox had got, at a time. Nothing goes too early; what came between
 * two marks goes as if it had come with the second.
 */
int smail__retention_apply(uint64_t *purged, smail_store *store,
                           smail_error *err);

/* What would go, by the marks that there are. */
int smail__retention_count(uint64_t *out, smail_store *store, smail_error *err);

#endif
