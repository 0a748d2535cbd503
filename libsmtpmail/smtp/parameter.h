/* SPDX-License-Identifier: MIT */
/* smtp/parameter.h - what may follow the path of MAIL and RCPT. */
#ifndef SMAIL__SMTP_PARAMETER_H
#define SMAIL__SMTP_PARAMETER_H

#include <smtpmail/smtp_server.h>

enum smail__parameter_result {
    SMAIL__PARAMETER_FINE,
    SMAIL__PARAMETER_SYNTAX,  /* or one given twice, or a malformed value */
    SMAIL__PARAMETER_UNKNOWN, /* or a value that is not implemented */
    SMAIL__PARAMETER_TOO_SOON /* BY= asks for less than can be promised */
};

/* RFC 3461, 4.4 and 4.2: octets of the values of ENVID and ORCPT. */
#define SMAIL__PARAMETER_ENVID_MAX 100
#define SMAIL__PARAMETER_ORCPT_MAX 500

/* What is understood, and the limits that options put on values. */
struct smail__parameter_rules {
    unsigned known; /* of enum smail__extension */
    uint32_t min_deliver_by;
    uint32_t max_future_release;
    int64_t max_future_release_date;
    bool utf8; /* values may hold UTF-8 (RFC 6531, 3.3) */
};

/*
 * Read the parameters in `text`. Values are decoded in place, so `text` must
 * lie in memory of ours that may be written.
 */
enum smail__parameter_result smail__parameter_of_mail(
    smail_smtp_mail *mail, smail_span text,
    const struct smail__parameter_rules *rules);
enum smail__parameter_result smail__parameter_of_rcpt(
    smail_smtp_rcpt *rcpt, smail_span text,
    const struct smail__parameter_rules *rules);

#endif
