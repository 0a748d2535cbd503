/* SPDX-License-Identifier: MIT */
/* message/parse.h - a parsed message, for this folder only. */
#ifndef SMAIL__MESSAGE_PARSE_H
#define SMAIL__MESSAGE_PARSE_H

#include <smtpmail/message.h>

#include "base/buf.h"
#include "message/structure.h"

struct smail_message {
    smail_span raw;
    char *owned; /* the bytes of an embedded message */
    int nesting;
    unsigned defects;
    struct smail__structure structure;
    smail_part *parts;
    struct smail__buf strings; /* all text of the parts */
    size_t *lists[3];          /* by smail_body_list */
    size_t list_counts[3];
};

smail_span smail__message_header_of(const smail_message *message, size_t part);

/* The body of a part as it stands, still encoded. */
smail_span smail__message_body_of(const smail_message *message, size_t part);

/* As smail_message_text(), of what the first `max` octets of the body say. */
int smail__message_front(smail_buf *out, const smail_message *message,
                         size_t index, size_t max, smail_error *err);

/* body.c: fill in the three lists. */
int smail__body_lists(smail_message *message);

/* text.c: the text of HTML, for previews and the index. */
void smail__html_to_text(struct smail__buf *out, smail_span html, size_t max);

#endif
