/* SPDX-License-Identifier: MIT */
/* smtp/extension.h - the service extensions and their EHLO keywords. */
#ifndef SMAIL__SMTP_EXTENSION_H
#define SMAIL__SMTP_EXTENSION_H

#include "base/buf.h"

enum smail__extension {
    SMAIL__EXTENSION_PIPELINING = 1 << 0,          /* RFC 2920 */
    SMAIL__EXTENSION_SIZE = 1 << 1,                /* RFC 1870 */
    SMAIL__EXTENSION_8BITMIME = 1 << 2,            /* RFC 6152 */
    SMAIL__EXTENSION_STARTTLS = 1 << 3,            /* RFC 3207 */
    SMAIL__EXTENSION_AUTH = 1 << 4,                /* RFC 4954 */
    SMAIL__EXTENSION_ENHANCEDSTATUSCODES = 1 << 5, /* RFC 2034 */
};

/* What one side of a session offers. */
struct smail__extensions {
    unsigned set; /* of enum smail__extension */
    uint64_t size;
    const char *mechanisms;
};

/* Append the reply to EHLO. All or nothing: the error of `out` tells. */
void smail__extension_put(struct smail__buf *out, smail_span first_line,
                          const struct smail__extensions *offered);

/*
 * Read one line of a reply to EHLO, without code: the extension it names, or
 * 0 for one that is not known. `parameters` is what follows the keyword.
 */
unsigned smail__extension_read(smail_span *parameters, smail_span line);

#endif
