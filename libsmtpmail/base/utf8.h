/* SPDX-License-Identifier: MIT */
/* base/utf8.h - UTF-8 as RFC 3629 has it: no surrogates, nothing overlong. */
#ifndef SMAIL__BASE_UTF8_H
#define SMAIL__BASE_UTF8_H

#include "base/buf.h"

/* What stands where a byte could not be understood. */
#define SMAIL__UTF8_REPLACEMENT 0xfffdu

/*
 * Read one code point from the front of `text`. Returns the bytes it takes,
 * 1 to 4; 0 when `text` is empty or does not begin with a whole valid one.
 */
size_t smail__utf8_next(uint32_t *out, smail_span text);

bool smail__utf8_valid(smail_span text);
bool smail__is_ascii(smail_span text);

/*
 * Write `code_point`, U+FFFD in place of one there is not; returns the bytes,
 * 1 to 4.
 */
size_t smail__utf8_encode(char bytes[4], uint32_t code_point);
void smail__utf8_put(struct smail__buf *out, uint32_t code_point);

/* Append `text`, each byte that is not UTF-8 replaced by U+FFFD. */
void smail__utf8_scrub(struct smail__buf *out, smail_span text);

/* The longest front of `text` within `max` bytes that cuts no code point. */
smail_span smail__utf8_clip(smail_span text, size_t max);

#endif
