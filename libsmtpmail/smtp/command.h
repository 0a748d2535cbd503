/* SPDX-License-Identifier: MIT */
/* smtp/command.h - the verbs, and what each may stand with. */
#ifndef SMAIL__SMTP_COMMAND_H
#define SMAIL__SMTP_COMMAND_H

#include <smtpmail/base.h>

enum smail__verb {
    SMAIL__VERB_UNKNOWN,
    SMAIL__VERB_HELO,
    SMAIL__VERB_EHLO,
    SMAIL__VERB_LHLO,
    SMAIL__VERB_MAIL,
    SMAIL__VERB_RCPT,
    SMAIL__VERB_DATA,
    SMAIL__VERB_RSET,
    SMAIL__VERB_NOOP,
    SMAIL__VERB_QUIT,
    SMAIL__VERB_VRFY,
    SMAIL__VERB_EXPN,
    SMAIL__VERB_HELP,
    SMAIL__VERB_AUTH,
    SMAIL__VERB_STARTTLS,
    SMAIL__VERB_BDAT,
    SMAIL__VERB_XCLIENT,
    SMAIL__VERBS
};

enum smail__argument {
    SMAIL__ARGUMENT_NONE,
    SMAIL__ARGUMENT_OPTIONAL,
    SMAIL__ARGUMENT_REQUIRED
};

struct smail__command_form {
    const char *name;
    const char *usage; /* for the 501 of a wrong argument */
    enum smail__argument argument;
    unsigned extension; /* unknown where this one is not offered; or 0 */
    bool smtp;          /* spoken in SMTP */
    bool lmtp;          /* spoken in LMTP (RFC 2033, 4.1) */
    bool in_clear;      /* allowed where TLS is required (RFC 3207, 4) */
    bool idle;          /* carries no mail forward; counted */
};

struct smail__command {
    enum smail__verb verb;
    const struct smail__command_form *form;
    smail_span argument; /* without white space at its ends */
};

const struct smail__command_form *smail__command_form(enum smail__verb verb);

/* Split a line into verb and argument. Any line can be split. */
void smail__command_parse(struct smail__command *out, smail_span line);

#endif
