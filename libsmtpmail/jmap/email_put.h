/* SPDX-License-Identifier: MIT */
/* jmap/email_put.h - an Email object (RFC 8621, 4.1), as much as is wanted. */
#ifndef SMAIL__JMAP_EMAIL_PUT_H
#define SMAIL__JMAP_EMAIL_PUT_H

#include "jmap/call.h"
#include "jmap/header_form.h"
#include "jmap/view.h"

/* Header fields that are named in one list of properties. */
#define SMAIL__JMAP_HEADERS_MAX 64

enum smail__jmap_email_property {
    SMAIL__JMAP_EMAIL_ID = 1 << 0,
    SMAIL__JMAP_EMAIL_BLOB = 1 << 1,
    SMAIL__JMAP_EMAIL_THREAD = 1 << 2,
    SMAIL__JMAP_EMAIL_MAILBOXES = 1 << 3,
    SMAIL__JMAP_EMAIL_KEYWORDS = 1 << 4,
    SMAIL__JMAP_EMAIL_SIZE = 1 << 5,
    SMAIL__JMAP_EMAIL_RECEIVED = 1 << 6,
    SMAIL__JMAP_EMAIL_HEADERS = 1 << 7,
    SMAIL__JMAP_EMAIL_STRUCTURE = 1 << 8,
    SMAIL__JMAP_EMAIL_VALUES = 1 << 9,
    SMAIL__JMAP_EMAIL_TEXT_BODY = 1 << 10,
    SMAIL__JMAP_EMAIL_HTML_BODY = 1 << 11,
    SMAIL__JMAP_EMAIL_ATTACHMENTS = 1 << 12,
    SMAIL__JMAP_EMAIL_HAS_ATTACHMENT = 1 << 13,
    SMAIL__JMAP_EMAIL_PREVIEW = 1 << 14
};

enum smail__jmap_part_property {
    SMAIL__JMAP_PART_ID = 1 << 0,
    SMAIL__JMAP_PART_BLOB = 1 << 1,
    SMAIL__JMAP_PART_SIZE = 1 << 2,
    SMAIL__JMAP_PART_HEADERS = 1 << 3,
    SMAIL__JMAP_PART_NAME = 1 << 4,
    SMAIL__JMAP_PART_TYPE = 1 << 5,
    SMAIL__JMAP_PART_CHARSET = 1 << 6,
    SMAIL__JMAP_PART_DISPOSITION = 1 << 7,
    SMAIL__JMAP_PART_CID = 1 << 8,
    SMAIL__JMAP_PART_LANGUAGE = 1 << 9,
    SMAIL__JMAP_PART_LOCATION = 1 << 10,
    SMAIL__JMAP_PART_SUB_PARTS = 1 << 11
};

struct smail__jmap_names {
    struct smail__jmap_header list[SMAIL__JMAP_HEADERS_MAX];
    size_t count;
};

struct smail__jmap_wanted {
    unsigned email; /* bits */
    struct smail__jmap_names email_headers;
    unsigned part;
    struct smail__jmap_names part_headers;
    bool text_values, html_values, all_values;
    int64_t value_max; /* 0: none */
};

/* From the arguments of Email/get and Email/parse; `defaults` are the email
 * properties when none are named. SMAIL__JMAP_REFUSED. */
int smail__jmap_wanted_read(struct smail__jmap_wanted *out,
                            struct smail__jmap_call *call, unsigned defaults);

/* Writes one object. What an email has and bytes have not is null. */
int smail__jmap_email_put(struct smail__json *json,
                          const struct smail__jmap_wanted *wanted,
                          struct smail__jmap_view *view, smail_error *err);

/* body_put.c: the properties of the body, into the open object. */
int smail__jmap_body_put(struct smail__json *json,
                         const struct smail__jmap_wanted *wanted,
                         struct smail__jmap_view *view, smail_error *err);

#endif
