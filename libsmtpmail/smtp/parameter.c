/* SPDX-License-Identifier: MIT */
/*
 * smtp/parameter.c - Mail-parameters and Rcpt-parameters (RFC 5321, 4.1.2) as
 * two tables: each entry names the extension it belongs to, and is known only
 * where that is.
 */
#include "smtp/parameter.h"

#include "base/date.h"
#include "base/span.h"
#include "base/utf8.h"
#include "smtp/extension.h"
#include "smtp/xtext.h"

#define NAME(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }

#define SYNTAX SMAIL__PARAMETER_SYNTAX
#define FINE SMAIL__PARAMETER_FINE

typedef enum smail__parameter_result result;
typedef struct smail__parameter_rules grammar;

/* RFC 2852, 4 and RFC 4865, 4: 1 to 9 digits. */
#define SECONDS_DIGITS_MAX 9

/* `digits` 1 at least and `max` at most, nothing else. */
static bool read_number(uint64_t *out, smail_span text, size_t max)
{
    return text.len > 0 && text.len <= max &&
           smail__span_number(out, text) == 0;
}

/* --- MAIL ------------------------------------------------------------------ */

/* RFC 1870, 4: 1 to 20 digits. What 64 bits cannot hold is too big anyway. */
static result read_size(smail_smtp_mail *mail, smail_span value,
                        const grammar *rules)
{
    (void)rules;
    if (value.len == 0 || value.len > 20)
        return SYNTAX;
    for (size_t i = 0; i < value.len; i++)
        if (!smail__is_digit(value.data[i]))
            return SYNTAX;
    if (smail__span_number(&mail->size, value) != 0)
        mail->size = UINT64_MAX;
    return FINE;
}

static result read_body(smail_smtp_mail *mail, smail_span value,
                        const grammar *rules)
{
    if (smail__span_iis(value, "7BIT"))
        mail->body = SMAIL_SMTP_BODY_7BIT;
    else if (smail__span_iis(value, "8BITMIME"))
        mail->body = SMAIL_SMTP_BODY_8BITMIME;
    else if (!smail__span_iis(value, "BINARYMIME"))
        return SYNTAX;
    else if ((rules->known & SMAIL__EXTENSION_BINARYMIME) == 0)
        return SMAIL__PARAMETER_UNKNOWN;
    else
        mail->body = SMAIL_SMTP_BODY_BINARYMIME;
    return FINE;
}

static result read_auth(smail_smtp_mail *mail, smail_span value,
                        const grammar *rules)
{
    (void)rules;
    if (value.len == 0 || !smail__xtext_decode(&mail->auth, value))
        return SYNTAX;
    return FINE;
}

/* RFC 3461, 4.3 */
static result read_ret(smail_smtp_mail *mail, smail_span value,
                       const grammar *rules)
{
    (void)rules;
    if (smail__span_iis(value, "FULL"))
        mail->ret = SMAIL_SMTP_RET_FULL;
    else if (smail__span_iis(value, "HDRS"))
        mail->ret = SMAIL_SMTP_RET_HDRS;
    else
        return SYNTAX;
    return FINE;
}

/* RFC 3461, 4.4: printable ASCII once decoded. */
static result read_envid(smail_smtp_mail *mail, smail_span value,
                         const grammar *rules)
{
    (void)rules;
    if (value.len == 0 || value.len > SMAIL__PARAMETER_ENVID_MAX ||
        !smail__xtext_decode(&mail->envelope_id, value) ||
        !smail__is_ascii(mail->envelope_id))
        return SYNTAX;
    return FINE;
}

/* RFC 6531, 3.4: no value. */
static result read_smtputf8(smail_smtp_mail *mail, smail_span value,
                            const grammar *rules)
{
    (void)rules;
    mail->smtputf8 = true;
    return value.data == NULL ? FINE : SYNTAX;
}

/* RFC 8689, 2: no value. */
static result read_requiretls(smail_smtp_mail *mail, smail_span value,
                              const grammar *rules)
{
    (void)rules;
    mail->require_tls = true;
    return value.data == NULL ? FINE : SYNTAX;
}

/* RFC 6710, 7: -9 to 9, one digit. */
static result read_priority(smail_smtp_mail *mail, smail_span value,
                            const grammar *rules)
{
    bool negative = value.len == 2 && value.data[0] == '-';
    uint64_t number;

    (void)rules;
    if (!read_number(&number, smail__span_from(value, negative), 1) ||
        (negative && number == 0))
        return SYNTAX;
    mail->priority = negative ? -(int)number : (int)number;
    mail->has_priority = true;
    return FINE;
}

/* RFC 2852, 4: seconds, `;`, R or N, perhaps T. R needs time that is left. */
static result read_by(smail_smtp_mail *mail, smail_span value,
                      const grammar *rules)
{
    smail_span time = smail__span_cut(&value, ';');
    bool negative = time.len > 0 && time.data[0] == '-';
    bool sign = negative || (time.len > 0 && time.data[0] == '+');
    uint64_t number;

    if (!read_number(&number, smail__span_from(time, sign), SECONDS_DIGITS_MAX))
        return SYNTAX;
    if (smail__span_istarts(value, "R"))
        mail->by_mode = SMAIL_SMTP_BY_RETURN;
    else if (smail__span_istarts(value, "N"))
        mail->by_mode = SMAIL_SMTP_BY_NOTIFY;
    else
        return SYNTAX;
    value = smail__span_from(value, 1);
    mail->by_trace = smail__span_iis(value, "T");
    if (value.len > 0 && !mail->by_trace)
        return SYNTAX;
    mail->by_time = negative ? -(int32_t)number : (int32_t)number;
    if (mail->by_mode == SMAIL_SMTP_BY_NOTIFY)
        return FINE;
    if (mail->by_time < 1)
        return SYNTAX;
    return number < rules->min_deliver_by ? SMAIL__PARAMETER_TOO_SOON : FINE;
}

/* RFC 4865, 5: from 1 to the longest interval; not with HOLDUNTIL. */
static result read_hold_for(smail_smtp_mail *mail, smail_span value,
                            const grammar *rules)
{
    uint64_t seconds;

    if (!read_number(&seconds, value, SECONDS_DIGITS_MAX) || seconds == 0 ||
        seconds > rules->max_future_release || mail->hold_until != 0)
        return SYNTAX;
    mail->hold_for = (uint32_t)seconds;
    return FINE;
}

static result read_hold_until(smail_smtp_mail *mail, smail_span value,
                              const grammar *rules)
{
    if (smail__date_parse_rfc3339(&mail->hold_until, value) != 0 ||
        mail->hold_until < 1 || mail->hold_for != 0 ||
        mail->hold_until > rules->max_future_release_date)
        return SYNTAX;
    return FINE;
}

static const struct of_mail {
    smail_span keyword;
    unsigned extension;
    result (*read)(smail_smtp_mail *mail, smail_span value,
                   const grammar *rules);
} of_mail[] = {
    { NAME("SIZE"), SMAIL__EXTENSION_SIZE, read_size },
    { NAME("BODY"), SMAIL__EXTENSION_8BITMIME, read_body },
    { NAME("AUTH"), SMAIL__EXTENSION_AUTH, read_auth },
    { NAME("SMTPUTF8"), SMAIL__EXTENSION_SMTPUTF8, read_smtputf8 },
    { NAME("RET"), SMAIL__EXTENSION_DSN, read_ret },
    { NAME("ENVID"), SMAIL__EXTENSION_DSN, read_envid },
    { NAME("REQUIRETLS"), SMAIL__EXTENSION_REQUIRETLS, read_requiretls },
    { NAME("MT-PRIORITY"), SMAIL__EXTENSION_MT_PRIORITY, read_priority },
    { NAME("BY"), SMAIL__EXTENSION_DELIVERBY, read_by },
    { NAME("HOLDFOR"), SMAIL__EXTENSION_FUTURERELEASE, read_hold_for },
    { NAME("HOLDUNTIL"), SMAIL__EXTENSION_FUTURERELEASE, read_hold_until },
};

/* --- RCPT ------------------------------------------------------------------ */

/* RFC 3461, 4.1: NEVER alone, or a list of the others. */
static result read_notify(smail_smtp_rcpt *rcpt, smail_span value,
                          const grammar *rules)
{
    static const struct {
        const char *name;
        unsigned bit;
    } words[] = {
        { "NEVER", SMAIL_SMTP_NOTIFY_NEVER },
        { "SUCCESS", SMAIL_SMTP_NOTIFY_SUCCESS },
        { "FAILURE", SMAIL_SMTP_NOTIFY_FAILURE },
        { "DELAY", SMAIL_SMTP_NOTIFY_DELAY },
    };
    bool more;

    (void)rules;
    do {
        smail_span word;
        unsigned bit = 0;

        more = smail__span_find(value, ',') < value.len;
        word = smail__span_cut(&value, ',');
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (smail__span_iis(word, words[i].name))
                bit = words[i].bit;
        if (bit == 0)
            return SYNTAX;
        rcpt->notify |= bit;
    } while (more);
    if ((rcpt->notify & SMAIL_SMTP_NOTIFY_NEVER) != 0 &&
        rcpt->notify != SMAIL_SMTP_NOTIFY_NEVER)
        return SYNTAX;
    return FINE;
}

/* RFC 3461, 4.2: `atom;address`, no less than one octet of each. */
static bool is_address_type(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_alnum(text.data[i]) && text.data[i] != '-' &&
            text.data[i] != '_' && text.data[i] != '.')
            return false;
    return text.len > 0;
}

static result read_orcpt(smail_smtp_rcpt *rcpt, smail_span value,
                         const grammar *rules)
{
    smail_span type;
    bool good;

    (void)rules;
    if (value.len > SMAIL__PARAMETER_ORCPT_MAX)
        return SYNTAX;
    type = smail__span_cut(&value, ';');
    if (!is_address_type(type) || value.len == 0)
        return SYNTAX;
    if (smail__span_iis(type, "utf-8")) /* RFC 6533, 3 */
        good = smail__span_find(value, '+') == value.len &&
               smail__unitext_decode(&rcpt->orcpt_address, value);
    else
        good = smail__xtext_decode(&rcpt->orcpt_address, value) &&
               smail__is_ascii(rcpt->orcpt_address);
    rcpt->orcpt_type = type;
    return good ? FINE : SYNTAX;
}

static const struct of_rcpt {
    smail_span keyword;
    unsigned extension;
    result (*read)(smail_smtp_rcpt *rcpt, smail_span value,
                   const grammar *rules);
} of_rcpt[] = {
    { NAME("NOTIFY"), SMAIL__EXTENSION_DSN, read_notify },
    { NAME("ORCPT"), SMAIL__EXTENSION_DSN, read_orcpt },
};

/* --- Both ------------------------------------------------------------------ */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool is_keyword(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_alnum(text.data[i]) && (text.data[i] != '-' || i == 0))
            return false;
    return text.len > 0;
}

/* esmtp-value (RFC 5321, 4.1.2), with UTF-8 by RFC 6531, 3.3. */
static bool is_value(smail_span text, bool utf8)
{
    for (size_t i = 0; i < text.len; i++) {
        bool wide = (unsigned char)text.data[i] >= 0x80;

        if (wide ? !utf8
                 : text.data[i] <= ' ' || text.data[i] > '~' ||
                       text.data[i] == '=')
            return false;
    }
    return text.len > 0 && (!utf8 || smail__utf8_valid(text));
}

/*
 * Take one `keyword` or `keyword=value` from the front; `value.data` is NULL
 * where there is none. False at the end.
 */
static bool take_word(smail_span *keyword, smail_span *value, smail_span *text)
{
    smail_span word = { "", 0 };
    bool has_value;

    while (text->len > 0 && word.len == 0) /* two spaces do no harm */
        word = smail__span_cut(text, ' ');
    if (word.len == 0)
        return false;
    has_value = smail__span_find(word, '=') < word.len;
    *keyword = smail__span_cut(&word, '=');
    *value = has_value ? word : (smail_span){ NULL, 0 };
    return true;
}

static bool is_well_formed(smail_span keyword, smail_span value, bool utf8)
{
    return is_keyword(keyword) && (value.data == NULL || is_value(value, utf8));
}

/* `word` is `name`, in any case, and that may be used. */
static bool is_known(smail_span word, smail_span name, unsigned extension)
{
    return extension != 0 && word.len == name.len &&
           smail__span_iequal(word, name);
}

/* Set bit `index` of `seen`; false if it was set. */
static bool see(unsigned *seen, size_t index)
{
    unsigned bit = 1u << index;
    bool fresh = (*seen & bit) == 0;

    *seen |= bit;
    return fresh;
}

enum smail__parameter_result smail__parameter_of_mail(
    smail_smtp_mail *mail, smail_span text,
    const struct smail__parameter_rules *rules)
{
    unsigned seen = 0; /* a bit for each entry of the table */
    smail_span keyword;
    smail_span value;

    while (take_word(&keyword, &value, &text)) {
        result outcome = SMAIL__PARAMETER_UNKNOWN;

        if (!is_well_formed(keyword, value, rules->utf8))
            return SYNTAX;
        for (size_t i = 0; i < COUNT(of_mail); i++)
            if (is_known(keyword, of_mail[i].keyword,
                         of_mail[i].extension & rules->known)) {
                outcome = see(&seen, i) ? of_mail[i].read(mail, value, rules)
                                        : SYNTAX;
                break;
            }
        if (outcome != FINE)
            return outcome;
    }
    return FINE;
}

enum smail__parameter_result smail__parameter_of_rcpt(
    smail_smtp_rcpt *rcpt, smail_span text,
    const struct smail__parameter_rules *rules)
{
    unsigned seen = 0; /* a bit for each entry of the table */
    smail_span keyword;
    smail_span value;

    while (take_word(&keyword, &value, &text)) {
        result outcome = SMAIL__PARAMETER_UNKNOWN;

        if (!is_well_formed(keyword, value, rules->utf8))
            return SYNTAX;
        for (size_t i = 0; i < COUNT(of_rcpt); i++)
            if (is_known(keyword, of_rcpt[i].keyword,
                         of_rcpt[i].extension & rules->known)) {
                outcome = see(&seen, i) ? of_rcpt[i].read(rcpt, value, rules)
                                        : SYNTAX;
                break;
            }
        if (outcome != FINE)
            return outcome;
    }
    return FINE;
}
