/* SPDX-License-Identifier: MIT */
/*
 * base/span.h - looking at bytes that somebody else owns.
 *
 * Letters mean ASCII letters, whatever the locale: ctype.h is not used.
 */
#ifndef SMAIL__BASE_SPAN_H
#define SMAIL__BASE_SPAN_H

#include <smtpmail/base.h>

/* A span of a string literal. */
#define SMAIL__SPAN(literal) ((smail_span){ (literal), sizeof(literal) - 1 })

/* For "%.*s": two arguments, never more than an int can hold. */
#define SMAIL__SPAN_ARG(span) \
    (int)((span).len < 0x7fffffff ? (span).len : 0x7fffffff), (span).data

smail_span smail__span(const char *text); /* NULL gives an empty span */
smail_span smail__span_of(const smail_buf *buf);

bool smail__span_equal(smail_span a, smail_span b);
bool smail__span_iequal(smail_span a, smail_span b); /* ASCII case folded */
bool smail__span_is(smail_span a, const char *text);
bool smail__span_iis(smail_span a, const char *text);
bool smail__span_istarts(smail_span a, const char *prefix);
int smail__span_compare(smail_span a, smail_span b); /* as memcmp, then len */

/* From `start` on; and the `len` bytes from there. Both clip. */
smail_span smail__span_from(smail_span span, size_t start);
smail_span smail__span_slice(smail_span span, size_t start, size_t len);

/* Without the spaces, tabs, CR and LF at both ends. */
smail_span smail__span_trim(smail_span span);

/* Index of the first `byte`, or `span.len`. */
size_t smail__span_find(smail_span span, char byte);

/*
 * Cut `span` at the first `byte`: returns what is before it and moves `span`
 * behind it. Without one, returns all and leaves `span` empty.
 */
smail_span smail__span_cut(smail_span *span, char byte);

/* All digits, no sign, no overflow: 0; else SMAIL_EMALFORMED. */
int smail__span_number(uint64_t *out, smail_span span);

bool smail__is_alpha(char byte);
bool smail__is_digit(char byte);
bool smail__is_alnum(char byte);
bool smail__is_space(char byte); /* space or tab */
char smail__lower(char byte);
char smail__upper(char byte);

#endif
