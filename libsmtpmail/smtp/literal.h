/* SPDX-License-Identifier: MIT */
/* smtp/literal.h - address literals (RFC 5321, 4.1.3). */
#ifndef SMAIL__SMTP_LITERAL_H
#define SMAIL__SMTP_LITERAL_H

#include <smtpmail/base.h>

/*
 * True for `[192.0.2.1]` and `[IPv6:2001:db8::1]`, brackets included. Other
 * tags are refused: none is registered.
 */
bool smail__literal_is_valid(smail_span text);

#endif
