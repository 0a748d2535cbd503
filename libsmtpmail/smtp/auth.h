/* SPDX-License-Identifier: MIT */
/*
 * smtp/auth.h - the framing of a SASL exchange (RFC 4954, 4): base64, "=" for
 * an empty initial response, "*" for giving up. What the bytes mean is not
 * known here.
 */
#ifndef SMAIL__SMTP_AUTH_H
#define SMAIL__SMTP_AUTH_H

#include "base/buf.h"

/* RFC 4422, 3.1: the longest name of a mechanism. */
#define SMAIL__AUTH_MECHANISM_MAX 20

/* Octets of one challenge, so that its base64 keeps to the same 12288. */
#define SMAIL__AUTH_CHALLENGE_MAX 9200

enum smail__auth_result {
    SMAIL__AUTH_RESPONSE,  /* `out` holds the decoded bytes */
    SMAIL__AUTH_CANCELLED, /* the client gave up */
    SMAIL__AUTH_MALFORMED, /* not base64 */
    SMAIL__AUTH_NOMEM
};

/*
 * Find `name` in the space-separated list `offered`, in any case. The span
 * points into `offered`, as it is written there; empty if it is not there.
 */
smail_span smail__auth_find(const char *offered, smail_span name);

/* Decode a line of the client; `initial`: the word behind AUTH. */
enum smail__auth_result smail__auth_decode(struct smail__buf *out,
                                           smail_span line, bool initial);

/* Append "334 ", the challenge in base64 and CRLF. All or nothing. */
void smail__auth_put_challenge(struct smail__buf *out, smail_span challenge);

#endif
