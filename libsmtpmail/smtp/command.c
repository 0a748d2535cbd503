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

/* Four letters as one number, whatever their case and our byte order. */
#define LETTERS(a, b, c, d) \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

/* Clearing these bits makes letters upper case, and no other byte a letter. */
#define CASE_BITS UINT32_C(0x20202020)

static inline enum smail__verb look_up(const char *name)
{
    const unsigned char *at = (const unsigned char *)name;

    switch (LETTERS(at[0], at[1], at[2], at[3]) & ~CASE_BITS) {
    case LETTERS('H', 'E', 'L', 'O'):
        return SMAIL__VERB_HELO;
    case LETTERS('E', 'H', 'L', 'O'):
        return SMAIL__VERB_EHLO;
    case LETTERS('L', 'H', 'L', 'O'):
        return SMAIL__VERB_LHLO;
    case LETTERS('M', 'A', 'I', 'L'):
        return SMAIL__VERB_MAIL;
    case LETTERS('R', 'C', 'P', 'T'):
        return SMAIL__VERB_RCPT;
    case LETTERS('D', 'A', 'T', 'A'):
        return SMAIL__VERB_DATA;
    case LETTERS('R', 'S', 'E', 'T'):
        return SMAIL__VERB_RSET;
    case LETTERS('N', 'O', 'O', 'P'):
        return SMAIL__VERB_NOOP;
    case LETTERS('Q', 'U', 'I', 'T'):
        return SMAIL__VERB_QUIT;
    case LETTERS('V', 'R', 'F', 'Y'):
        return SMAIL__VERB_VRFY;
    case LETTERS('E', 'X', 'P', 'N'):
        return SMAIL__VERB_EXPN;
    case LETTERS('H', 'E', 'L', 'P'):
        return SMAIL__VERB_HELP;
    case LETTERS('A', 'U', 'T', 'H'):
        return SMAIL__VERB_AUTH;
    case LETTERS('B', 'D', 'A', 'T'):
        return SMAIL__VERB_BDAT;
    case LETTERS('S', 'T', 'A', 'R'):
        return SMAIL__VERB_STARTTLS;
    case LETTERS('X', 'C', 'L', 'I'):
        return SMAIL__VERB_XCLIENT;
    default:
        return SMAIL__VERB_UNKNOWN;
    }
}

/* RFC 5321, 4.1.1: white space before the CRLF is tolerated. */
static smail_span trim(smail_span text)
{
    if (text.len == 0 || (text.data[0] > ' ' && text.data[text.len - 1] > ' '))
        return text;
    return smail__span_trim(text);
}

static enum smail__verb look_up_name(smail_span name)
{
    enum smail__verb verb =
        name.len < 4 ? SMAIL__VERB_UNKNOWN : look_up(name.data);

    return smail__span_iis(name, forms[verb].name) ? verb : SMAIL__VERB_UNKNOWN;
}

void smail__command_parse(struct smail__command *out, smail_span line)
{
    size_t space;

    /* Nearly every verb has four letters. */
    if (line.len == 4 || (line.len > 4 && line.data[4] == ' ')) {
        enum smail__verb verb = look_up(line.data);
        size_t len = line.len == 4 ? 4 : 5;

        if (forms[verb].name[0] != '\0' && forms[verb].name[4] != '\0')
            verb = SMAIL__VERB_UNKNOWN; /* a longer one that begins so */
        out->verb = verb;
        out->form = &forms[verb];
        out->argument = trim((smail_span){ line.data + len, line.len - len });
        return;
    }
    space = smail__span_find(line, ' ');
    out->verb = look_up_name(trim(smail__span_slice(line, 0, space)));
    out->form = &forms[out->verb];
    out->argument = trim(smail__span_from(line, space + 1));
}
