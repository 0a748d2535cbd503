/* SPDX-License-Identifier: MIT */
/*
 * smtp/extension.h - the service extensions, their EHLO keywords and what
 * they add to the lines of commands.
 */
#ifndef SMAIL__SMTP_EXTENSION_H
#define SMAIL__SMTP_EXTENSION_H

#include "base/buf.h"
#include "smtp/command.h"

enum smail__extension {
    SMAIL__EXTENSION_PIPELINING = 1 << 0,          /* RFC 2920 */
    SMAIL__EXTENSION_SIZE = 1 << 1,                /* RFC 1870 */
    SMAIL__EXTENSION_8BITMIME = 1 << 2,            /* RFC 6152 */
    SMAIL__EXTENSION_STARTTLS = 1 << 3,            /* RFC 3207 */
    SMAIL__EXTENSION_AUTH = 1 << 4,                /* RFC 4954 */
    SMAIL__EXTENSION_ENHANCEDSTATUSCODES = 1 << 5, /* RFC 2034 */
    SMAIL__EXTENSION_DSN = 1 << 6,                 /* RFC 3461 */
    SMAIL__EXTENSION_SMTPUTF8 = 1 << 7,            /* RFC 6531 */
    SMAIL__EXTENSION_CHUNKING = 1 << 8,            /* RFC 3030 */
    SMAIL__EXTENSION_BINARYMIME = 1 << 9,          /* RFC 3030 */
    SMAIL__EXTENSION_DELIVERBY = 1 << 10,          /* RFC 2852 */
    SMAIL__EXTENSION_FUTURERELEASE = 1 << 11,      /* RFC 4865 */
    SMAIL__EXTENSION_MT_PRIORITY = 1 << 12,        /* RFC 6710 */
    SMAIL__EXTENSION_REQUIRETLS = 1 << 13,         /* RFC 8689 */
    SMAIL__EXTENSION_LIMITS = 1 << 14,             /* RFC 9422 */
    SMAIL__EXTENSION_VRFY = 1 << 15,               /* RFC 5321, 3.5.2 */
    SMAIL__EXTENSION_EXPN = 1 << 16,               /* RFC 5321, 3.5.2 */
    SMAIL__EXTENSION_XCLIENT = 1 << 17,            /* Postfix's own */
};

/* The values that LIMITS can tell: 1 to 6 digits. */
#define SMAIL__EXTENSION_LIMIT_MAX 999999

/* What one side of a session offers. */
struct smail__extensions {
    unsigned set; /* of enum smail__extension */
    uint64_t size;
    const char *mechanisms;
    uint32_t min_deliver_by;
    uint32_t max_future_release;
    int64_t max_future_release_date;
    const char *mt_priority_profile; /* may be NULL */
    uint32_t max_mails;              /* of LIMITS; 0 is not told */
    uint32_t max_recipients;
    uint32_t max_recipient_domains;
};

/* Append the reply to EHLO. All or nothing: the error of `out` tells. */
void smail__extension_put(struct smail__buf *out, smail_span first_line,
                          const struct smail__extensions *offered);

/*
 * Read one line of a reply to EHLO, without code: the extension it names, or
 * 0 for one that is not known. `parameters` is what follows the keyword.
 */
unsigned smail__extension_read(smail_span *parameters, smail_span line);

/* Octets that the extensions in `set` add to a line that begins with `verb`. */
size_t smail__extension_extra(unsigned set, enum smail__verb verb);

#endif
