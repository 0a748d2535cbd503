/* SPDX-License-Identifier: MIT */
/* smtp/auth.c - the framing of a SASL exchange (RFC 4954, 4). */
#include "smtp/auth.h"

#include <smtpmail/error.h>

#include "base/base64.h"
#include "base/span.h"

smail_span smail__auth_find(const char *offered, smail_span name)
{
    smail_span rest = smail__span(offered);

    if (name.len == 0 || name.len > SMAIL__AUTH_MECHANISM_MAX)
        return (smail_span){ "", 0 };
    while (rest.len > 0) {
        smail_span mechanism = smail__span_cut(&rest, ' ');

        if (smail__span_iequal(mechanism, name))
            return mechanism;
    }
    return (smail_span){ "", 0 };
}

enum smail__auth_result smail__auth_decode(struct smail__buf *out,
                                           smail_span line, bool initial)
{
    int error;

    smail__buf_clear(out);
    if (!initial && smail__span_is(line, "*"))
        return SMAIL__AUTH_CANCELLED;
    if (initial && smail__span_is(line, "="))
        return SMAIL__AUTH_RESPONSE;
    error = smail__base64_decode(out, line);
    if (smail__buf_error(out) != 0)
        return SMAIL__AUTH_NOMEM;
    return error == 0 ? SMAIL__AUTH_RESPONSE : SMAIL__AUTH_MALFORMED;
}

void smail__auth_put_challenge(struct smail__buf *out, smail_span challenge)
{
    size_t start = out->len;

    smail__buf_puts(out, "334 ");
    smail__base64_encode(out, challenge);
    smail__buf_puts(out, "\r\n");
    if (smail__buf_error(out) != 0)
        smail__buf_truncate(out, start);
}
