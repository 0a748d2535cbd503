/* SPDX-License-Identifier: MIT */
/*
 * message/header.h - the header of a message, by a linear scan of its bytes
 * (RFC 5322, 2.2). It runs before the 250, so it uses nothing that allocates,
 * recurses or can be surprised: no GMime here.
 *
 * Forgiving: lines may end in LF alone, the empty line may be missing, an
 * mbox "From " line may stand first, lines that are no field are skipped.
 */
#ifndef SMAIL__MESSAGE_HEADER_H
#define SMAIL__MESSAGE_HEADER_H

#include <smtpmail/base.h>

/* What is looked at, at most: longer headers are read to here. */
#define SMAIL__HEADER_MAX (256 * 1024)
#define SMAIL__HEADER_FIELDS_MAX 2000

/* Ids of References and In-Reply-To that are kept: the last ones. */
#define SMAIL__REFERENCES_MAX 100

/* One field. Spans point into the message. */
struct smail__header_field {
    smail_span name;
    smail_span value; /* as it stands, with folding, without the last CRLF */
    size_t offset;    /* of the name, from the start of the scan */
};

struct smail__header_scan {
    smail_span rest;
    size_t offset;
    size_t fields;
    bool at_body; /* the empty line was passed */
};

/* Whether an mbox "From " line stands in front. */
bool smail__header_is_mbox_line(smail_span message);

void smail__header_begin(struct smail__header_scan *scan, smail_span message);

/* The next field; false at the end of the header. */
bool smail__header_next(struct smail__header_field *out,
                        struct smail__header_scan *scan);

/* The `nth` field (from 0) called `name`, in any case. */
bool smail__header_find(smail_span *value, smail_span message, const char *name,
                        size_t nth);

/* Where the body begins: behind the empty line; `message.len` without one. */
size_t smail__header_length(smail_span message);

/* What a delivery needs, from one pass. Fields that occur twice count once,
 * the first. Ids are without angle brackets. */
struct smail__summary {
    smail_span message_id, subject, from, sender, to, cc, bcc, reply_to, date;
    smail_span in_reply_to;                       /* the first id in it */
    smail_span references[SMAIL__REFERENCES_MAX]; /* oldest first */
    size_t reference_count;
    int64_t sent_at; /* of Date; 0 when there is none or it makes no sense */
    unsigned received_count;
    unsigned delivered_to_count;
    bool has_from, has_date, has_message_id;
};

void smail__summary_read(struct smail__summary *out, smail_span message);

/* RFC 5322, 3.3, with the obsolete forms of 4.3. False if it is no date. */
bool smail__header_date(int64_t *out, smail_span value);

#endif
