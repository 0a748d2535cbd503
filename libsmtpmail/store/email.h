/* SPDX-License-Identifier: MIT */
/* store/email.h - changing messages that are there. */
#ifndef SMAIL__STORE_EMAIL_H
#define SMAIL__STORE_EMAIL_H

#include "store/internal.h"

/* Where one message is. */
struct smail__place {
    smail_id mailbox;
    int64_t uid;
};
struct smail__places {
    struct smail__place *list;
    size_t count, room;
};

int smail__places_load(struct smail__places *out, struct smail__db *db,
                       smail_id account, smail_id email, smail_error *err);
void smail__places_dispose(struct smail__places *places);

/* Inside a job. Take it out of one mailbox: row, trace, counts, change. */
int smail__email_take_out(smail_tx *tx, smail_id account,
                          const struct smail__place *place, bool unread,
                          smail_error *err);
/* Remove it wholly. SMAIL_ENOTFOUND. */
int smail__email_remove(smail_tx *tx, smail_id account, smail_id email,
                        smail_error *err);

#endif
