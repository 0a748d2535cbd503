/* SPDX-License-Identifier: MIT */
/* store/email_read.h - what is known of a message without reading it. */
#ifndef SMAIL__STORE_EMAIL_READ_H
#define SMAIL__STORE_EMAIL_READ_H

#include "base/buf.h"
#include "store/store.h"

struct smail__email_row {
    smail_id id, thread;
    unsigned char blob[16];
    int64_t received_at, size;
    bool is_indexed; /* what follows is known */
    bool has_attachment;
    struct smail__buf preview;
    struct smail__buf keywords; /* sorted, parted by spaces */
    smail_id mailboxes[128];
    size_t mailbox_count;
};

void smail__email_row_init(struct smail__email_row *row);
void smail__email_row_dispose(struct smail__email_row *row);

/* 1, or 0 when the account has no such message. */
int smail__email_row_load(struct smail__email_row *out, struct smail__db *db,
                          smail_id account, smail_id email, smail_error *err);

/* Messages of a thread, oldest first; `each` other than 0 ends it. Returns
 * how many there were, or what `each` or the store said below 0. */
int smail__thread_each(struct smail__db *db, smail_id account, smail_id thread,
                       int (*each)(smail_id email, void *user), void *user,
                       smail_error *err);

#endif
