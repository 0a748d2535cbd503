/* SPDX-License-Identifier: MIT */
/*
 * smtp/command.c - the verbs of RFC 5321, 4.1.1 and of its extensions.
 */
#include "smtp/command.h"

#include "base/span.h"
#include "smtp/extension.h"

#define NONE SMAIL__ARGUMENT_NONE
#define OPTIONAL SMAIL__ARGUMENT_OPTIONAL
#define REQUIRED SMAIL__ARGUMENT_REQUIRED

/* clang-format off */
static const struct smail__command_form forms[SMAIL__VERBS] = {
    /*                       name, usage, argument, extension
                                      smtp,  lmtp,  in clear, idle */
    [SMAIL__VERB_UNKNOWN] = { "", "", OPTIONAL, 0,
                                      true,  true,  true,  false },
    [SMAIL__VERB_HELO] = { "HELO", "HELO hostname", REQUIRED, 0,
                                      true,  false, false, true },
    [SMAIL__VERB_EHLO] = { "EHLO", "EHLO hostname", REQUIRED, 0,
                                      true,  false, true,  true },
    [SMAIL__VERB_LHLO] = { "LHLO", "LHLO hostname", REQUIRED, 0,
                                      false, true,  true,  true },
    [SMAIL__VERB_MAIL] = { "MAIL", "MAIL FROM:<address>", REQUIRED, 0,
                                      true,  true,  false, false },
    [SMAIL__VERB_RCPT] = { "RCPT", "RCPT TO:<address>", REQUIRED, 0,
                                      true,  true,  false, false },
    [SMAIL__VERB_DATA] = { "DATA", "DATA", NONE, 0,
                                      true,  true,  false, false },
    [SMAIL__VERB_RSET] = { "RSET", "RSET", NONE, 0,
                                      true,  true,  false, true },
    [SMAIL__VERB_NOOP] = { "NOOP", "NOOP", OPTIONAL, 0,
                                      true,  true,  true,  true },
    [SMAIL__VERB_QUIT] = { "QUIT", "QUIT", NONE, 0,
                                      true,  true,  true,  false },
    [SMAIL__VERB_VRFY] = { "VRFY", "VRFY address", REQUIRED, 0,
                                      true,  true,  false, true },
    [SMAIL__VERB_EXPN] = { "EXPN", "EXPN list", REQUIRED, 0,
                                      true,  true,  false, true },
    [SMAIL__VERB_HELP] = { "HELP", "HELP", OPTIONAL, 0,
                                      true,  true,  false, true },
    [SMAIL__VERB_AUTH] = { "AUTH", "AUTH mechanism [response]", REQUIRED, 0,
                                      true,  true,  false, false },
    [SMAIL__VERB_STARTTLS] = { "STARTTLS", "STARTTLS", NONE, 0,
                                      true,  true,  true,  false },
    [SMAIL__VERB_BDAT] = { "BDAT", "BDAT size [LAST]", REQUIRED,
                                      SMAIL__EXTENSION_CHUNKING,
                                      true,  true,  false, false },
    [SMAIL__VERB_XCLIENT] = { "XCLIENT", "XCLIENT attribute=value ...",
                                      REQUIRED, SMAIL__EXTENSION_XCLIENT,
                                      true,  true,  true,  false },
};
/* clang-format on */

const struct smail__command_form *smail__command_form(enum smail__verb verb)
{
    return &forms[verb];
}

void smail__command_parse(struct smail__command *out, smail_span line)
{
    smail_span name = smail__span_cut(&line, ' ');

    *out = (struct smail__command){ .verb = SMAIL__VERB_UNKNOWN };
    /* RFC 5321, 4.1.1: white space before the CRLF is tolerated. */
    out->argument = smail__span_trim(line);
    name = smail__span_trim(name);
    for (unsigned i = SMAIL__VERB_UNKNOWN + 1; i < SMAIL__VERBS; i++)
        if (smail__span_iis(name, forms[i].name))
            out->verb = (enum smail__verb)i;
}
