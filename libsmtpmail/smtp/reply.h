/* SPDX-License-Identifier: MIT */
/* smtp/reply.h - writing a reply (RFC 5321, 4.2). */
#ifndef SMAIL__SMTP_REPLY_H
#define SMAIL__SMTP_REPLY_H

#include "base/buf.h"

/* RFC 5321, 4.5.3.1.5: octets of a reply line, with code and CRLF. */
#define SMAIL__REPLY_LINE_MAX 512

/* Lines of one reply: somebody's text becomes a reply, and has to end. */
#define SMAIL__REPLY_LINES_MAX 32

/*
 * Append one reply. `status` NULL or "" leaves out the enhanced code
 * (RFC 2034, 4). A '\n' in `text` begins a new line, what is not printable
 * ASCII becomes '?', what does not fit is cut off. Adds all or nothing: the
 * error of `out` tells.
 */
void smail__reply_put(struct smail__buf *out, int code, const char *status,
                      const char *text);

/* The same, but UTF-8 stays as it is (RFC 6531, 3.7.4). */
void smail__reply_put_utf8(struct smail__buf *out, int code, const char *status,
                           const char *text);

/* Append `text` with '?' for what is not printable ASCII. */
void smail__reply_put_printable(struct smail__buf *out, smail_span text);

/* An RFC 3463 code such as "5.1.1", of the class of reply `code`. */
bool smail__reply_status_is_valid(const char *status, int code);

#endif
