/* SPDX-License-Identifier: MIT */
/* transfer/status.h - keywords as mail programs keep them beside messages. */
#ifndef SMAIL__TRANSFER_STATUS_H
#define SMAIL__TRANSFER_STATUS_H

#include <smtpmail/store.h>

#include "base/buf.h"

/* All that a message can have, with spaces. */
#define SMAIL__STATUS_MAX \
    ((size_t)(SMAIL_KEYWORD_MAX + 1) * (SMAIL_KEYWORDS_MAX + 9))

/* Append a keyword to the list, unless it is there, or is none, or there are
 * too many. "Junk", "NonJunk" and "Forwarded" become what JMAP calls them. */
void smail__status_add(struct smail__buf *keywords, smail_span keyword);
void smail__status_add_all(struct smail__buf *keywords, smail_span list);

/* Status, X-Status, X-Keywords, X-Mozilla-Status, X-Mozilla-Keys and
 * X-Gmail-Labels. False: a program had marked it as gone. */
bool smail__status_read(struct smail__buf *keywords, smail_span header);

/* Mailboxes that X-Gmail-Labels names, a newline behind each. */
void smail__labels_read(struct smail__buf *paths, smail_span header);

/* The letters behind ":2," in the name of a file of a Maildir. `words`: what
 * 'a' to 'z' stand for, 26 spans. */
void smail__status_letters(struct smail__buf *keywords, smail_span letters,
                           const smail_span *words);

/* What can be said by letters, sorted as they have to be: "DFPRST". */
#define SMAIL__LETTERS_MAX 8
void smail__status_to_letters(char out[SMAIL__LETTERS_MAX],
                              const char *keywords);

/* Whether a letter says it. */
bool smail__status_is_letter(smail_span keyword);

bool smail__status_has(smail_span keywords, const char *keyword);

#endif
