/* SPDX-License-Identifier: MIT */
/* jmap/email_place.h - keywords and mailboxes from JSON; a message put there. */
#ifndef SMAIL__JMAP_EMAIL_PLACE_H
#define SMAIL__JMAP_EMAIL_PLACE_H

#include "jmap/method.h"
#include "store/email_patch.h"

/* Where a new message goes. */
struct smail__jmap_place {
    struct smail__buf keywords; /* parted by spaces */
    smail_id mailboxes[SMAIL__JMAP_PLACES_MAX];
    size_t count;
    int64_t received_at; /* 0: now */
};

void smail__jmap_place_init(struct smail__jmap_place *place);
void smail__jmap_place_dispose(struct smail__jmap_place *place);

/* From mailboxIds, keywords and receivedAt. SMAIL__JMAP_REFUSED. */
int smail__jmap_place_read(struct smail__jmap_place *place,
                           struct smail__jmap_set *set,
                           const struct smail__json_value *object);

/* Commit there; writes id, blobId, threadId and size. */
int smail__jmap_place_commit(struct smail__jmap_set *set, smail_append *append,
                             const struct smail__jmap_place *place,
                             smail_error *err);

/* A PatchObject for an email (RFC 8621, 4.6). SMAIL__JMAP_REFUSED. */
int smail__jmap_patch_read(struct smail__email_patch *patch,
                           struct smail__jmap_set *set,
                           const struct smail__json_value *object,
                           smail_error *err);

/* What the store said of a patch, as a refusal. */
int smail__jmap_patch_explain(struct smail__jmap_set *set, int code,
                              const smail_error *error);

#endif
