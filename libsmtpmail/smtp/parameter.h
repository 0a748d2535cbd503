/* SPDX-License-Identifier: MIT */
/* smtp/parameter.h - what may follow the path of MAIL and RCPT. */
#ifndef SMAIL__SMTP_PARAMETER_H
#define SMAIL__SMTP_PARAMETER_H

#include <smtpmail/smtp_server.h>

enum smail__parameter_result {
    SMAIL__PARAMETER_FINE,
    SMAIL__PARAMETER_SYNTAX, /* or one given twice, or a malformed value */
    SMAIL__PARAMETER_UNKNOWN /* or a value that is not implemented */
};

enum smail__parameter_verb {
    SMAIL__PARAMETER_OF_MAIL,
    SMAIL__PARAMETER_OF_RCPT
};

/*
 * Read the parameters in `text` into `mail` (NULL for RCPT). AUTH= is decoded
 * in place, so `text` must lie in memory of ours that may be written.
 * `auth` false: AUTH= is not known here.
 */
enum smail__parameter_result smail__parameter_parse(
    smail_smtp_mail *mail, smail_span text, enum smail__parameter_verb verb,
    bool auth);

#endif
