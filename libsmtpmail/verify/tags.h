/* SPDX-License-Identifier: MIT */
/* verify/tags.h - "v=DMARC1; p=none": what DKIM, DMARC and TLSRPT records are
   made of (RFC 6376, 3.2). */
#ifndef SMAIL__VERIFY_TAGS_H
#define SMAIL__VERIFY_TAGS_H

#include <smtpmail/error.h>

/* More is no record that anybody wrote. */
#define SMAIL__TAGS_MAX 64

struct smail__tag {
    smail_span name, value; /* without spaces around them */
};

struct smail__tags {
    struct smail__tag list[SMAIL__TAGS_MAX]; /* in their order */
    size_t count;
};

/* Points into `text`. False: it is no list of tags, has too many, or one of
   them twice. */
bool smail__tags_read(struct smail__tags *out, smail_span text);

/* NULL when there is none. Names are case-sensitive. */
const smail_span *smail__tags_find(const struct smail__tags *tags,
                                   const char *name);

#endif
