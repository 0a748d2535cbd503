/* SPDX-License-Identifier: MIT */
/*
 * message/word.h - text of header fields as UTF-8: folding undone (RFC 5322,
 * 2.2.3), encoded words decoded (RFC 2047).
 */
#ifndef SMAIL__MESSAGE_WORD_H
#define SMAIL__MESSAGE_WORD_H

#include "base/buf.h"

/*
 * Append `value` decoded: unfolded, encoded words read, 8-bit text taken as
 * UTF-8 or windows-1252. Adjacent words of one charset are joined before they
 * are converted, since senders cut characters in two.
 */
void smail__words_decode(struct smail__buf *out, smail_span value);

/* The same for showing: controls become spaces, runs of space one, ends cut. */
void smail__words_display(struct smail__buf *out, smail_span value);

/* Length of the encoded word at the front of `text`; 0 if there is none. */
size_t smail__word_length(smail_span text);

#endif
