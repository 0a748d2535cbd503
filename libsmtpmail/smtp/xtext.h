/* SPDX-License-Identifier: MIT */
/*
 * smtp/xtext.h - the two encodings of parameter values: xtext (RFC 3461, 4)
 * and unitext (RFC 6533, 3). Both only shrink when they are undone, so that is
 * done in place: `text` has to lie in memory that may be written.
 */
#ifndef SMAIL__SMTP_XTEXT_H
#define SMAIL__SMTP_XTEXT_H

#include <smtpmail/base.h>

/*
 * `+` and two hex digits stand for an octet; no control comes out. False if
 * `text` is malformed, and then it is spoilt too.
 */
bool smail__xtext_decode(smail_span *out, smail_span text);

/*
 * `\x{HEX}` stands for a character, written as UTF-8. UTF-8 as it stands is
 * for the caller to allow. False if `text` is malformed.
 */
bool smail__unitext_decode(smail_span *out, smail_span text);

#endif
