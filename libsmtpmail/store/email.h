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
/* What a job has to know of a message that it changes. */
struct smail__email {
    smail_id account, id, thread;
    int64_t size, received_at;
    bool unread;
};

/* SMAIL_ENOTFOUND. */
int smail__email_load(struct smail__email *out, struct smail__db *db,
                      smail_id account, smail_id id, smail_error *err);
/* Into one more mailbox, which must be there. */
int smail__email_put_in(smail_tx *tx, const struct smail__email *email,
                        smail_id mailbox, smail_error *err);
/* It is different now: its modseq, the change. */
int smail__email_touch(smail_tx *tx, const struct smail__email *email,
                       smail_error *err);
/* flag.c: keywords added and taken away, as smail_email_flag(). */
int smail__email_flag(smail_tx *tx, smail_id account, smail_id email,
                      const char *add, const char *remove, smail_error *err);

/* Remove it from all mailboxes; it can be had again for as long as the store
 * keeps removed mail. SMAIL_ENOTFOUND. */
int smail__email_remove(smail_tx *tx, smail_id account, smail_id email,
                        smail_error *err);
/* The same for good, at once. */
int smail__email_purge(smail_tx *tx, smail_id account, smail_id email,
                       smail_error *err);

#endif
