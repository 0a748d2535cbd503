/* SPDX-License-Identifier: MIT */
/* store/email_patch.h - keywords and mailboxes of a message, changed in one
 * step (RFC 8621, 4.6). */
#ifndef SMAIL__STORE_EMAIL_PATCH_H
#define SMAIL__STORE_EMAIL_PATCH_H

#include "base/buf.h"
#include "store/store.h"

/* Mailboxes of one message. */
#define SMAIL__PLACES_MAX SMAIL_EMAIL_MAILBOXES_MAX

struct smail__patch_place {
    smail_id mailbox;
    bool out; /* take it out instead of putting it in */
};

struct smail__email_patch {
    smail_id email;
    bool all_keywords;             /* `add` are all it shall have */
    bool all_mailboxes;            /* `places` are all it shall be in */
    struct smail__buf add, remove; /* keywords, parted by spaces */
    struct smail__patch_place *places;
    size_t place_count, place_room;

    int code; /* what became of it */
    smail_error error;
};

void smail__email_patch_init(struct smail__email_patch *patch, smail_id email);
void smail__email_patch_dispose(struct smail__email_patch *patch);
void smail__email_patch_keyword(struct smail__email_patch *patch,
                                smail_span keyword, bool on);
/* SMAIL_ENOMEM, SMAIL_ELIMIT. */
int smail__email_patch_place(struct smail__email_patch *patch, smail_id mailbox,
                             bool in, smail_error *err);

/*
 * Inside a job; nothing is changed when it fails. SMAIL_ENOTFOUND: no such
 * message. SMAIL_ESTATE: it would be nowhere, or a mailbox is not there.
 * SMAIL_EINVAL: what is no keyword. SMAIL_ELIMIT: too many keywords or
 * mailboxes.
 */
int smail__tx_email_patch(smail_tx *tx, smail_id account,
                          const struct smail__email_patch *patch,
                          smail_error *err);

/* Each by itself, a few in each transaction: `code` tells. */
int smail__email_patch_all(smail_store *store, smail_id account,
                           struct smail__email_patch *patches, size_t count,
                           smail_error *err);

/* Remove messages the same way; `codes` has room for `count`. */
int smail__email_remove_all(smail_store *store, smail_id account,
                            const smail_id *emails, int *codes, size_t count,
                            smail_error *err);

#endif
