/* SPDX-License-Identifier: MIT */
/*
 * jmap/view.h - one message as it is looked at: its row, its header, all of
 * it, each read when first asked for.
 */
#ifndef SMAIL__JMAP_VIEW_H
#define SMAIL__JMAP_VIEW_H

#include <smtpmail/message.h>

#include "jmap/internal.h"
#include "store/email_read.h"

struct smail__jmap_view {
    struct smail__jmap *jmap;
    struct smail__db *db; /* to read by; NULL: all bytes are there */
    bool has_row;         /* it is an email, not only bytes */
    struct smail__email_row row;
    const char *blob_id; /* as parts are named by it */
    char blob_text[40];

    char *bytes; /* from the front */
    size_t len;
    uint64_t size;
    bool is_whole; /* `len` is all that is ever read */
    smail_message *message;
    uint64_t *sizes; /* of parts, decoded, plus one; 0: not known yet */

    bool is_summed; /* what is not indexed yet */
    bool has_attachment;
    smail_buf preview;
};

void smail__jmap_view_init(struct smail__jmap_view *view,
                           struct smail__jmap *jmap, struct smail__db *db);
void smail__jmap_view_dispose(struct smail__jmap_view *view);

/* 1, or 0 when the account has no such message. What was read is forgotten. */
int smail__jmap_view_email(struct smail__jmap_view *view, smail_id account,
                           smail_id email, smail_error *err);
/* Bytes by themselves, as blob `blob_id`. Both are kept; `bytes` from malloc
 * is the view's from now on. */
void smail__jmap_view_bytes(struct smail__jmap_view *view, char *bytes,
                            size_t len, const char *blob_id);

int smail__jmap_view_header(smail_span *out, struct smail__jmap_view *view,
                            smail_error *err);
int smail__jmap_view_message(smail_message **out, struct smail__jmap_view *view,
                             smail_error *err);
/* Of a part, decoded. */
int smail__jmap_view_part_size(uint64_t *out, struct smail__jmap_view *view,
                               size_t part, smail_error *err);
/* Preview and mark, from the row or by parsing. */
int smail__jmap_view_summary(smail_span *preview, bool *has_attachment,
                             struct smail__jmap_view *view, smail_error *err);

#endif
