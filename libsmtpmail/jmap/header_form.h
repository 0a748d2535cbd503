/* SPDX-License-Identifier: MIT */
/*
 * jmap/header_form.h - header fields in the forms of RFC 8621, 4.1.2, by the
 * names that properties have (4.1.3).
 */
#ifndef SMAIL__JMAP_HEADER_FORM_H
#define SMAIL__JMAP_HEADER_FORM_H

#include "json/write.h"

enum smail__jmap_form {
    SMAIL__JMAP_RAW,
    SMAIL__JMAP_TEXT,
    SMAIL__JMAP_ADDRESSES,
    SMAIL__JMAP_GROUPED,
    SMAIL__JMAP_MESSAGE_IDS,
    SMAIL__JMAP_DATE,
    SMAIL__JMAP_URLS
};

struct smail__jmap_header {
    smail_span property; /* as it was asked for */
    smail_span name;     /* of the field */
    enum smail__jmap_form form;
    bool all; /* every instance, not only the last */
};

/* "header:..." or a convenience property as "from". False for another name,
 * or a form that the field cannot have. */
bool smail__jmap_header_read(struct smail__jmap_header *out,
                             smail_span property);

/* The value by the header of a message or a part. */
void smail__jmap_header_put(struct smail__json *json,
                            const struct smail__jmap_header *wanted,
                            smail_span header);

/* "headers": all of them. */
void smail__jmap_headers_put(struct smail__json *json, smail_span header);

#endif
