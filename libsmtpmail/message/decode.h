/* SPDX-License-Identifier: MIT */
/*
 * message/decode.h - transfer encodings of bodies, forgiving (RFC 2045, 6).
 *
 * Ours because the packaged GMime stops at the first '=' inside base64. What
 * cannot be understood is passed over or kept as it stands, never refused.
 */
#ifndef SMAIL__MESSAGE_DECODE_H
#define SMAIL__MESSAGE_DECODE_H

#include "base/buf.h"

enum smail__encoding {
    SMAIL__ENCODING_NONE, /* 7bit, 8bit, binary, unknown */
    SMAIL__ENCODING_BASE64,
    SMAIL__ENCODING_QUOTED_PRINTABLE,
    SMAIL__ENCODING_UUENCODE
};

/* By its name in Content-Transfer-Encoding, comments aside. */
enum smail__encoding smail__encoding_named(smail_span name);
const char *smail__encoding_name(enum smail__encoding encoding);

void smail__decode(struct smail__buf *out, enum smail__encoding encoding,
                   smail_span text);

/* The parts of it, which encoded words use too. */
void smail__decode_base64(struct smail__buf *out, smail_span text);
void smail__decode_quoted_printable(struct smail__buf *out, smail_span text);

#endif
