/* SPDX-License-Identifier: MIT */
/* message/fold.h - text as one compares it: without case and accents. */
#ifndef SMAIL__MESSAGE_FOLD_H
#define SMAIL__MESSAGE_FOLD_H

#include "base/buf.h"

/* Append `text` folded. What is not UTF-8 is replaced. SMAIL_ENOMEM,
 * SMAIL_ELIMIT. */
int smail__fold(struct smail__buf *out, smail_span text);

/* The same for the full-text index: in scripts that put no space between
 * words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each letter is a word of
 * its own, so that a phrase of them finds any piece of a sentence. */
int smail__fold_words(struct smail__buf *out, smail_span text);

/* Append `text`, of which only case is folded, in the form in which the same
 * characters are the same octets (NFC): names that are compared. SMAIL_EINVAL:
 * it is not UTF-8. */
int smail__fold_name(struct smail__buf *out, smail_span text);

/* Has it a letter or a digit? What has none, no index knows. */
bool smail__has_letter(smail_span text);

#endif
