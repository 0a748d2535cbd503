/* SPDX-License-Identifier: MIT */
/*
 * base/base64.h - base64 and base16 (RFC 4648), strict, as protocols use it.
 *
 * The forgiving decoder for message bodies is message/decode.
 */
#ifndef SMAIL__BASE_BASE64_H
#define SMAIL__BASE_BASE64_H

#include "base/buf.h"

/* Append the encoding of `bytes` to `out`, in one line, padded. */
void smail__base64_encode(struct smail__buf *out, smail_span bytes);

/*
 * Append what `text` decodes to. SMAIL_EMALFORMED for a foreign character,
 * missing or misplaced padding, or bits left over that are not zero
 * (RFC 4648, 3.5); errors of `out` stick to it as ever.
 */
int smail__base64_decode(struct smail__buf *out, smail_span text);

/* Lower-case hexadecimal. `out` takes 2 * len characters and a NUL. */
void smail__hex_encode(char *out, const void *bytes, size_t len);

/* Exactly 2 * len digits of either case, else SMAIL_EMALFORMED. */
int smail__hex_decode(void *out, size_t len, smail_span text);

#endif
