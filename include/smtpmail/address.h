/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/address.h - a mailbox as SMTP writes it (RFC 5321, 4.1.2).
 *
 * This is the strict grammar of envelopes. What stands in the From: and To:
 * of real messages is looser; see message.h.
 */
#ifndef SMAIL_ADDRESS_H
#define SMAIL_ADDRESS_H

#include <smtpmail/base.h>

SMAIL_BEGIN_DECLS

/** RFC 5321, 4.5.3.1.1 to 4.5.3.1.3, in octets. */
#define SMAIL_LOCAL_PART_MAX 64
#define SMAIL_DOMAIN_MAX 255
#define SMAIL_PATH_MAX 256

/**
 * The two halves of a mailbox, as they were written: quotes and backslashes
 * of a quoted local part, brackets of an address literal and letter case are
 * kept. Both empty: the null reverse-path `<>` (RFC 5321, 4.5.5). An empty
 * `domain` beside a `local`: bare `postmaster` (RFC 5321, 4.1.1.3).
 */
typedef struct smail_path {
    smail_span local;
    smail_span domain;
} smail_path;

/**
 * Parse `text` as Mailbox of RFC 5321, 4.1.2 (no angle brackets), with the
 * limits above. `utf8` allows the characters of RFC 6531, 3.3 too. The spans
 * in `out` point into `text`.
 * SMAIL_EMALFORMED if it is none, SMAIL_ELIMIT if a part is too long.
 */
SMAIL_API int smail_path_parse(smail_path *out, smail_span text, bool utf8);

/** True for the null reverse-path. */
SMAIL_API bool smail_path_is_null(const smail_path *path);

SMAIL_END_DECLS

#endif
