/* SPDX-License-Identifier: MIT */
/* message/draft.h - a message in the making, for this folder only. */
#ifndef SMAIL__MESSAGE_DRAFT_H
#define SMAIL__MESSAGE_DRAFT_H

#include <smtpmail/message.h>

#include "base/buf.h"

/* What one draft holds. */
#define SMAIL__DRAFT_FIELDS_MAX 2000
#define SMAIL__DRAFT_PARTS_MAX 1000
#define SMAIL__DRAFT_VALUE_MAX 65536

struct smail__draft_field {
    char *name;
    char *value;  /* UTF-8 without controls */
    bool is_list; /* of addresses */
};

struct smail__draft_part {
    char *name; /* file name; NULL for a body */
    char *type;
    char *content;
    size_t len;
};

struct smail_draft {
    struct smail__draft_field *fields;
    size_t field_count;
    struct smail__draft_part text, html; /* content NULL: none */
    struct smail__draft_part *parts;     /* attached */
    size_t part_count;
    char seed[2 * SMAIL_DRAFT_SEED_LEN + 1]; /* in hexadecimal */
    int64_t date;
    bool has_date;
    int error;           /* the first that happened */
    const char *problem; /* what it was about */
};

#endif
