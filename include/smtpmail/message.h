/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/message.h - read a message, write a message (RFC 5322, MIME: RFC
 * 2045 to 2049).
 *
 * Reading never fails on bad mail, only on bad memory: real mail is broken
 * in every way, and a reader that refuses it loses it.  What could not be
 * made sense of is reported by smail_message_defects().
 *
 * All text that comes out is UTF-8, NUL-terminated, and decoded (RFC 2047,
 * RFC 2231); it may hold anything a stranger wrote: escape it where you show
 * it.
 */
#ifndef SMAIL_MESSAGE_H
#define SMAIL_MESSAGE_H

#include <smtpmail/error.h>

SMAIL_BEGIN_DECLS

/** A parsed message. Read-only, so any number of threads may share it. */
typedef struct smail_message smail_message;

/** Messages inside messages that smail_message_embedded() opens. */
#define SMAIL_MESSAGE_NESTING_MAX 16

/** One part of the MIME tree, in depth-first order; part 0 is the whole.
    Strings that are not there are NULL. */
typedef struct smail_part {
    const char *type;        /**< "text/plain", lower case. */
    const char *charset;     /**< As the sender wrote it, lower case. */
    const char *encoding;    /**< "base64", lower case. */
    const char *disposition; /**< "inline", "attachment", lower case. */
    const char *name;        /**< File name. */
    const char *id;          /**< Content-ID without the angle brackets. */
    const char *description;
    const char *language;
    const char *location;
    int parent; /**< Index of the multipart around it; -1. */
    int depth;
    bool is_multipart;      /**< Has parts inside. */
    bool is_message;        /**< A message inside: see _embedded(). */
    uint64_t offset_header; /**< From the start of the raw message ... */
    uint64_t offset_body;
    uint64_t offset_end; /**< ... without the boundary's line end. */
} smail_part;

/** `raw` is kept: it must outlive the message. */
SMAIL_API int smail_message_parse(smail_message **out, smail_span raw,
                                  smail_error *err);
SMAIL_API void smail_message_free(smail_message *message);

/* --- Header fields ------------------------------------------------------- */

/** How many fields the header of part `part` has. */
SMAIL_API size_t smail_message_field_count(const smail_message *message,
                                           size_t part);

/** The `index`th field as it stands: name, and value with its folding. */
SMAIL_API int smail_message_field(smail_span *name, smail_span *value,
                                  const smail_message *message, size_t part,
                                  size_t index);

/** The `nth` header of the message called `name`, decoded to UTF-8 into
    `out`. SMAIL_ENOTFOUND if there is none. */
SMAIL_API int smail_message_header(smail_buf *out, const smail_message *message,
                                   const char *name, size_t nth);

/** One mailbox of an address list; `group` is NULL outside of one. */
typedef struct smail_mailbox_address {
    const char *name;    /**< Display name; may be empty. */
    const char *address; /**< local@domain as written; may be empty. */
    const char *group;
} smail_mailbox_address;

/** Calls `each` for every address in the first field called `name`, in order;
    an empty group comes once, without address. */
SMAIL_API int smail_message_addresses(
    const smail_message *message, const char *name,
    void (*each)(const smail_mailbox_address *address, void *user), void *user);

/** Calls `each` for every id in the first field called `name`, without angle
    brackets. */
SMAIL_API void smail_message_ids(const smail_message *message, const char *name,
                                 void (*each)(smail_span id, void *user),
                                 void *user);

/** Seconds since the epoch of the Date field. SMAIL_ENOTFOUND without one
    that makes sense. */
SMAIL_API int smail_message_date(int64_t *out, const smail_message *message);

/* --- Parts --------------------------------------------------------------- */

SMAIL_API size_t smail_message_part_count(const smail_message *message);
SMAIL_API const smail_part *smail_message_part(const smail_message *message,
                                               size_t index);

/** Decode part `index` into `out`: the bytes that were attached. */
SMAIL_API int smail_message_decode(smail_buf *out, const smail_message *message,
                                   size_t index, smail_error *err);

/** Decode part `index`, which should be text, into UTF-8 with LF line ends. */
SMAIL_API int smail_message_text(smail_buf *out, const smail_message *message,
                                 size_t index, smail_error *err);

/** The message inside part `index` (message/rfc822); it owns its bytes.
    SMAIL_EINVAL when there is none, SMAIL_ELIMIT when nested too deep. */
SMAIL_API int smail_message_embedded(smail_message **out,
                                     const smail_message *message, size_t index,
                                     smail_error *err);

/** Which parts to show, by the algorithm of RFC 8621, 4.1.4. */
typedef enum smail_body_list {
    SMAIL_BODY_TEXT,
    SMAIL_BODY_HTML,
    SMAIL_BODY_ATTACHMENTS
} smail_body_list;

/** Indexes of parts, in order. */
SMAIL_API const size_t *smail_message_body(size_t *count,
                                           const smail_message *message,
                                           smail_body_list list);

/** One line of the text, for a list: at most `max` octets, white space folded,
    quotations left out. */
SMAIL_API int smail_message_preview(smail_buf *out,
                                    const smail_message *message, size_t max,
                                    smail_error *err);

enum smail_defect {
    SMAIL_DEFECT_DEEP = 1 << 0,        /**< Nested too deep: cut. */
    SMAIL_DEFECT_MANY_PARTS = 1 << 1,  /**< Too many parts: cut. */
    SMAIL_DEFECT_UNCLOSED = 1 << 2,    /**< A multipart without its end. */
    SMAIL_DEFECT_NO_BOUNDARY = 1 << 3, /**< A multipart without boundary. */
    SMAIL_DEFECT_NO_BODY = 1 << 4      /**< The header never ends. */
};

/** Bits of smail_defect: what was wrong and survived. */
SMAIL_API unsigned smail_message_defects(const smail_message *message);

/* --- Writing ------------------------------------------------------------- */

/** Random octets that a draft wants. */
#define SMAIL_DRAFT_SEED_LEN 16

/**
 * A message in the making.
 *
 * The setters return nothing. The first one to fail marks the draft, the rest
 * do nothing, and smail_draft_write() reports it: a caller checks once. All
 * text is UTF-8 and copied. Controls in it become spaces, so that no value can
 * end its line and begin another field.
 */
typedef struct smail_draft smail_draft;

/** `seed` is random, of SMAIL_DRAFT_SEED_LEN octets or more: boundaries are
    made of it, which nobody can guess. NULL without memory. */
SMAIL_API smail_draft *smail_draft_new(smail_span seed);
SMAIL_API void smail_draft_free(smail_draft *draft);

/** Add mailboxes, as "Bob <bob@example.org>, al@example.org". From, To, Cc and
    so on; each `field` may be added to again. */
SMAIL_API void smail_draft_mailboxes(smail_draft *draft, const char *field,
                                     const char *list);
SMAIL_API void smail_draft_from(smail_draft *draft, const char *list);
SMAIL_API void smail_draft_to(smail_draft *draft, const char *list);
SMAIL_API void smail_draft_cc(smail_draft *draft, const char *list);
SMAIL_API void smail_draft_subject(smail_draft *draft, const char *text);

/** Seconds since the epoch. Without it there is no Date field. */
SMAIL_API void smail_draft_date(smail_draft *draft, int64_t seconds);

/** Any other field: Message-ID and References too, with angle brackets. Not
    Content-... or MIME-Version, which follow from the content. */
SMAIL_API void smail_draft_field(smail_draft *draft, const char *name,
                                 const char *value);

/** The body; with both, readers choose (multipart/alternative). */
SMAIL_API void smail_draft_text(smail_draft *draft, smail_span text);
SMAIL_API void smail_draft_html(smail_draft *draft, smail_span html);

/** `type` as "image/png"; NULL for application/octet-stream. */
SMAIL_API void smail_draft_attach(smail_draft *draft, const char *filename,
                                  const char *type, smail_span content);

/** Write it out: CRLF line ends, 7-bit, ready for SMTP. */
SMAIL_API int smail_draft_write(smail_buf *out, const smail_draft *draft,
                                smail_error *err);

SMAIL_END_DECLS

#endif
