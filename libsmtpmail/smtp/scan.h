/* SPDX-License-Identifier: MIT */
/*
 * smtp/scan.h - looking at many bytes at once: the speed of content and of
 * command lines. Neither allocates, reads past `text` or knows a state.
 */
#ifndef SMAIL__SMTP_SCAN_H
#define SMAIL__SMTP_SCAN_H

#include <smtpmail/base.h>

/*
 * The length, a multiple of 64, of a front of `text` within which, and across
 * whose end, each LF stands behind a CR and each CR before an LF, there is no
 * NUL, and no `stuffing` stands behind an LF. The first byte is judged by what
 * follows it alone. A byte behind that front is always left over.
 */
size_t smail__scan_plain(smail_span text, char stuffing);

/* How many bytes at the front of `text` are neither CR nor LF nor NUL. */
size_t smail__scan_run(smail_span text);

#endif
