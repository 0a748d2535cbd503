/* SPDX-License-Identifier: MIT */
/*
 * message/compose.h - a message of any MIME structure, written piece by
 * piece, so that what is attached need not be in memory. smail_draft_new() is
 * for the usual letter.
 *
 * Field names must be checked by the caller; whatever the values hold, they
 * cannot end their line.
 */
#ifndef SMAIL__MESSAGE_COMPOSE_H
#define SMAIL__MESSAGE_COMPOSE_H

#include <smtpmail/error.h>

#include "base/buf.h"

/* --- Fields, with their CRLF --------------------------------------------- */

/* Printable ASCII without ':' (RFC 5322, 2.2), at most 76 octets. */
bool smail__compose_is_name(smail_span name);

/* Text in UTF-8; controls become spaces. */
void smail__compose_text(struct smail__buf *out, const char *name,
                         smail_span text);

/* As it is: every line must be folded already. False, and nothing written,
 * for a value that would end the header or hold what is no ASCII. */
bool smail__compose_raw(struct smail__buf *out, const char *name,
                        smail_span value);

/* "<a@b> <c@d>"; false for an id that cannot stand in angle brackets. */
struct smail__compose_ids {
    struct smail__buf *out;
    size_t column, count;
};
void smail__compose_ids_begin(struct smail__compose_ids *ids,
                              struct smail__buf *out, const char *name);
bool smail__compose_ids_add(struct smail__compose_ids *ids, smail_span id);
void smail__compose_ids_end(struct smail__compose_ids *ids);

/* Mailboxes, in groups or not. An address is written as it stands if it is
 * printable, otherwise its octets are replaced. */
struct smail__compose_list {
    struct smail__buf *out;
    const char *field;
    struct smail__buf item; /* the entry being made */
    size_t column;
    bool is_empty, after_group;
};
void smail__compose_list_begin(struct smail__compose_list *list,
                               struct smail__buf *out, const char *name);
void smail__compose_list_add(struct smail__compose_list *list, smail_span name,
                             smail_span address);
void smail__compose_list_group(struct smail__compose_list *list,
                               smail_span name);
void smail__compose_list_group_end(struct smail__compose_list *list);
void smail__compose_list_end(struct smail__compose_list *list);

void smail__compose_date(struct smail__buf *out, const char *name,
                         int64_t seconds, int zone_minutes);

/* "Content-Type: text/plain", to be continued by parameters and ended. */
void smail__compose_begin(struct smail__buf *out, const char *name,
                          smail_span value);
/* ; name="value", or name*=utf-8''value (RFC 2231). */
void smail__compose_parameter(struct smail__buf *out, const char *name,
                              smail_span value);

/* --- Parts --------------------------------------------------------------- */

enum smail__compose_kind {
    SMAIL__COMPOSE_MULTIPART,
    SMAIL__COMPOSE_TEXT,   /* UTF-8; 7bit or quoted-printable */
    SMAIL__COMPOSE_BASE64, /* octets */
    SMAIL__COMPOSE_AS_IS   /* a message: never encoded (RFC 2046, 5.2.1) */
};

struct smail__compose_part {
    enum smail__compose_kind kind;
    struct smail__buf header; /* lines with CRLF; Content-Type with its
                                 boundary for a multipart */
    char boundary[48];
    struct smail__compose_part *first, *next;

    smail_span text; /* what a text says */
    /* Octets of the others: fewer than `len` only at the end. */
    int64_t (*read)(void *out, void *source, uint64_t offset, size_t len,
                    smail_error *err);
    void *source;
};

/* A boundary from `random`, 16 octets or more. */
void smail__compose_boundary(struct smail__compose_part *part,
                             smail_span random);

/* Content-Transfer-Encoding, an empty line, the body, for it and all inside.
 * `write` returns 0, or a code that ends it. */
int smail__compose_write(struct smail__compose_part *part,
                         int (*write)(void *user, smail_span bytes,
                                      smail_error *err),
                         void *user, smail_error *err);

#endif
