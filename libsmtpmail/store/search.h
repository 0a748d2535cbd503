/* SPDX-License-Identifier: MIT */
/*
 * store/search.h - what a person types to find mail.
 *
 * Words and phrases as RFC 8621, 4.4.1 has them: white space parts words, and
 * all must occur; what stands in quotes, double or single, is a phrase, in
 * which \ stands before a quote or another \.
 */
#ifndef SMAIL__STORE_SEARCH_H
#define SMAIL__STORE_SEARCH_H

#include "base/buf.h"
#include "store/email_query.h"

/* Octets of one search, and its words. */
#define SMAIL__SEARCH_MAX 1000
#define SMAIL__SEARCH_WORDS_MAX 32

struct smail__search_token {
    char text[SMAIL__SEARCH_MAX + 1]; /* without quotes and escapes */
    size_t len;
    bool is_phrase;
};

/* The next of `left`, which has at most SMAIL__SEARCH_MAX octets; false: there
 * is none. */
bool smail__search_next(struct smail__search_token *out, smail_span *left);

/* Octets that the index is asked, at most. */
#define SMAIL__SEARCH_MATCH_MAX ((size_t)128 * 1024)

/* Which words may go on: the last one does while it is being typed. None of
 * one letter does, for it would mean nearly all. */
enum smail__search_open {
    SMAIL__SEARCH_WHOLE,
    SMAIL__SEARCH_LAST_OPEN,
    SMAIL__SEARCH_ALL_OPEN
};

/* To what the index understands; nothing when there are no words. */
int smail__search_parse(struct smail__buf *out, const char *text,
                        enum smail__search_open open, smail_error *err);

/*
 * A whole question: words, "phrases", begin* of words, and
 *
 *    from:  to:  cc:  bcc:  subject:  body:        words of that
 *    in:MAILBOX  has:attachment  keyword:WORD
 *    is:unread, read, starred, answered, forwarded, draft, important
 *    before:2026-11-23  after:2026-11-23           days, UTC
 *    larger:10M  smaller:500K
 *
 * of which all must be true; `-` before one turns it, OR between two asks for
 * either. SMAIL_EINVAL says what is wrong with it; SMAIL_ENOTFOUND: there is
 * no such mailbox. With `is_open` the last word may go on.
 */
int smail__search_read(struct smail__filter **out, smail_store *store,
                       smail_id account, smail_span text, bool is_open,
                       smail_error *err);

#endif
