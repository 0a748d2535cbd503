/* SPDX-License-Identifier: MIT */
/*
 * message/prepare.h - user names and passwords as both ends of a login have
 * to write them: SASLprep (RFC 4013).
 */
#ifndef SMAIL__MESSAGE_PREPARE_H
#define SMAIL__MESSAGE_PREPARE_H

#include <smtpmail/error.h>

#include "base/buf.h"

/*
 * Append `text` prepared: other spaces are spaces, what shows nothing is left
 * out, the rest in compatibility form (NFKC). SMAIL_EINVAL for what is not
 * UTF-8, and for controls, private and unassigned characters. Text in ASCII
 * stays what it is. The rule on text that runs both ways (RFC 4013, 2.4) is
 * left to the server.
 */
int smail__prepare(struct smail__buf *out, smail_span text, smail_error *err);

#endif
