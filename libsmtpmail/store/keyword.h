/* SPDX-License-Identifier: MIT */
/*
 * store/keyword.h - keywords of a message (RFC 8621, 4.1.1): the well-known
 * ones as bits, the others as words.
 */
#ifndef SMAIL__STORE_KEYWORD_H
#define SMAIL__STORE_KEYWORD_H

#include <smtpmail/store.h>

#include "base/buf.h"

/* Bits of email.flags; never renumbered. */
enum smail__flag {
    SMAIL__FLAG_SEEN = 1 << 0,
    SMAIL__FLAG_FLAGGED = 1 << 1,
    SMAIL__FLAG_ANSWERED = 1 << 2,
    SMAIL__FLAG_DRAFT = 1 << 3,
    SMAIL__FLAG_FORWARDED = 1 << 4,
    SMAIL__FLAG_PHISHING = 1 << 5,
    SMAIL__FLAG_JUNK = 1 << 6,
    SMAIL__FLAG_NOTJUNK = 1 << 7,
    SMAIL__FLAG_MDNSENT = 1 << 8
};

/* Longest list of others: all there may be, with their spaces. */
#define SMAIL__WORDS_MAX ((SMAIL_KEYWORD_MAX + 1) * SMAIL_KEYWORDS_MAX)

/* `words` is as in email.keywords: folded, sorted, parted by single spaces. */
struct smail__keywords {
    unsigned flags;
    struct smail__buf words;
};

void smail__keywords_init(struct smail__keywords *keywords);
void smail__keywords_dispose(struct smail__keywords *keywords);

/* Add what the list `text` names (NULL: nothing), or take it away. SMAIL_EINVAL
 * for what is no keyword, SMAIL_ELIMIT for too many. */
int smail__keywords_add(struct smail__keywords *keywords, const char *text,
                        smail_error *err);
int smail__keywords_remove(struct smail__keywords *keywords, const char *text,
                           smail_error *err);
/* As a row has them. */
int smail__keywords_load(struct smail__keywords *keywords, unsigned flags,
                         smail_span words, smail_error *err);

/* All of them, sorted, parted by spaces. */
void smail__keywords_put(struct smail__buf *out, unsigned flags,
                         smail_span words);

/* Are all (any) of `wanted` in flags and words? */
bool smail__keywords_all(const struct smail__keywords *wanted, unsigned flags,
                         smail_span words);
bool smail__keywords_any(const struct smail__keywords *wanted, unsigned flags,
                         smail_span words);

#endif
