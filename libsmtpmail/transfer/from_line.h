/* SPDX-License-Identifier: MIT */
/* transfer/from_line.h - the line that parts the messages of an mbox. */
#ifndef SMAIL__TRANSFER_FROM_LINE_H
#define SMAIL__TRANSFER_FROM_LINE_H

#include <smtpmail/base.h>

/* When it says that the message came, by UTC (RFC 4155) or the zone it names;
 * 0: it does not say. */
int64_t smail__from_line_time(smail_span line);

bool smail__is_from_line(smail_span line);

/* "From MAILER-DAEMON Mon Nov 23 10:00:00 2026\n", with room for the NUL. */
#define SMAIL__FROM_LINE_MAX 64
void smail__from_line_format(char out[SMAIL__FROM_LINE_MAX], int64_t time);

#endif
