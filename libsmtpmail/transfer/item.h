/* SPDX-License-Identifier: MIT */
/*
 * transfer/item.h - a file by its path: which mailbox its messages belong to,
 * and what its name says of them. For folders and archives alike.
 */
#ifndef SMAIL__TRANSFER_ITEM_H
#define SMAIL__TRANSFER_ITEM_H

#include "transfer/import.h"
#include "transfer/maildir.h"

enum smail__item_kind {
    SMAIL__ITEM_OTHER, /* nobody knows by its name */
    SMAIL__ITEM_NOISE, /* what mail programs keep beside their mail */
    SMAIL__ITEM_MESSAGE,
    SMAIL__ITEM_MBOX,
    SMAIL__ITEM_MAILDIR, /* a message in cur/ or new/ */
    SMAIL__ITEM_MANIFEST,
    SMAIL__ITEM_KEYWORDS, /* dovecot-keywords */
    SMAIL__ITEM_ARCHIVE
};

enum smail__item_kind smail__item_kind(smail_span name);

/* "20261123T012600Z-17.eml", as an export names it: the time; else 0. */
int64_t smail__item_time(smail_span name);

/* A path of folders as a mailbox: "Mail.sbd/Work" is "Mail/Work". */
void smail__item_mailbox(struct smail__buf *out, smail_span folder);

/* What an mbox file is called as a mailbox. */
smail_span smail__item_mbox_name(smail_span name);

/* One file of a folder, its content at `input`. */
struct smail__item {
    const char *file; /* to name it */
    smail_span name;  /* in its folder */
    enum smail__item_kind kind;
    smail_span mailbox;               /* of its folder */
    bool is_new;                      /* Maildir: in new/ */
    struct smail__manifest *manifest; /* of its folder; may hold nothing */
    const struct smail__maildir_words *words;
};

int smail__item_import(struct smail__import *import,
                       const struct smail__item *item,
                       struct smail__input *input, smail_error *err);

#endif
