/* SPDX-License-Identifier: MIT */
/* message/charset.h - text of any charset as UTF-8, by iconv. */
#ifndef SMAIL__MESSAGE_CHARSET_H
#define SMAIL__MESSAGE_CHARSET_H

#include "base/buf.h"

/*
 * Append `text` in `charset` as UTF-8. What makes no sense becomes U+FFFD. An
 * empty, unknown or wrong charset is guessed: UTF-8, and windows-1252 where it
 * is not. False when it had to be guessed or something was replaced.
 */
bool smail__charset_to_utf8(struct smail__buf *out, smail_span charset,
                            smail_span text);

#endif
