/* SPDX-License-Identifier: MIT */
/*
 * smtp/parameter.c - Mail-parameters and Rcpt-parameters (RFC 5321, 4.1.2):
 * SIZE (RFC 1870), BODY (RFC 6152) and AUTH (RFC 4954, 5).
 */
#include "smtp/parameter.h"

#include "base/base64.h"
#include "base/span.h"

typedef enum smail__parameter_result result;

struct parameter {
    const char *keyword;
    enum smail__parameter_verb verb;
    bool with_auth; /* known only where AUTH is */
    result (*read)(smail_smtp_mail *mail, smail_span value);
};

static bool is_value(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '=')
            return false;
    return text.len > 0;
}

/* RFC 1870, 4: 1 to 20 digits. What 64 bits cannot hold is too big anyway. */
static result read_size(smail_smtp_mail *mail, smail_span value)
{
    if (value.len == 0 || value.len > 20)
        return SMAIL__PARAMETER_SYNTAX;
    for (size_t i = 0; i < value.len; i++)
        if (!smail__is_digit(value.data[i]))
            return SMAIL__PARAMETER_SYNTAX;
    if (smail__span_number(&mail->size, value) != 0)
        mail->size = UINT64_MAX;
    return SMAIL__PARAMETER_FINE;
}

static result read_body(smail_smtp_mail *mail, smail_span value)
{
    if (value.len == 0)
        return SMAIL__PARAMETER_SYNTAX;
    if (smail__span_iis(value, "7BIT"))
        mail->body = SMAIL_SMTP_BODY_7BIT;
    else if (smail__span_iis(value, "8BITMIME"))
        mail->body = SMAIL_SMTP_BODY_8BITMIME;
    else
        return SMAIL__PARAMETER_UNKNOWN;
    return SMAIL__PARAMETER_FINE;
}

/* xtext (RFC 3461, 4): `+` and two upper-case hex digits stand for an octet. */
static result read_auth(smail_smtp_mail *mail, smail_span value)
{
    char *out = (char *)(uintptr_t)value.data; /* shrinks in place */
    size_t len = 0;

    if (value.len == 0)
        return SMAIL__PARAMETER_SYNTAX;
    for (size_t i = 0; i < value.len; i++) {
        char byte = value.data[i];

        if (byte == '+') {
            if (smail__hex_decode(&byte, 1, smail__span_slice(value, i + 1, 2)))
                return SMAIL__PARAMETER_SYNTAX;
            i += 2;
            if ((unsigned char)byte < ' ' || byte == 0x7f)
                return SMAIL__PARAMETER_SYNTAX; /* no address holds controls */
        }
        out[len++] = byte;
    }
    mail->auth = (smail_span){ value.data, len };
    return SMAIL__PARAMETER_FINE;
}

static const struct parameter parameters[] = {
    { "SIZE", SMAIL__PARAMETER_OF_MAIL, false, read_size },
    { "BODY", SMAIL__PARAMETER_OF_MAIL, false, read_body },
    { "AUTH", SMAIL__PARAMETER_OF_MAIL, true, read_auth },
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static bool is_keyword(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_alnum(text.data[i]) && (text.data[i] != '-' || i == 0))
            return false;
    return text.len > 0;
}

/* One `keyword` or `keyword=value`; `seen` has a bit for each known one. */
static result read_one(smail_smtp_mail *mail, unsigned *seen, smail_span text,
                       enum smail__parameter_verb verb, bool auth)
{
    bool has_value = smail__span_find(text, '=') < text.len;
    smail_span keyword = smail__span_cut(&text, '=');

    if (!is_keyword(keyword) || (has_value && !is_value(text)))
        return SMAIL__PARAMETER_SYNTAX;
    for (unsigned i = 0; i < PARAMETERS; i++) {
        const struct parameter *known = &parameters[i];

        if (!smail__span_iis(keyword, known->keyword) || known->verb != verb ||
            (known->with_auth && !auth))
            continue;
        if ((*seen & 1u << i) != 0)
            return SMAIL__PARAMETER_SYNTAX;
        *seen |= 1u << i;
        return known->read(mail, text);
    }
    return SMAIL__PARAMETER_UNKNOWN;
}

enum smail__parameter_result smail__parameter_parse(
    smail_smtp_mail *mail, smail_span text, enum smail__parameter_verb verb,
    bool auth)
{
    unsigned seen = 0;

    while (text.len > 0) {
        smail_span word = smail__span_cut(&text, ' ');
        result outcome;

        if (word.len == 0)
            continue; /* two spaces do no harm */
        outcome = read_one(mail, &seen, word, verb, auth);
        if (outcome != SMAIL__PARAMETER_FINE)
            return outcome;
    }
    return SMAIL__PARAMETER_FINE;
}
