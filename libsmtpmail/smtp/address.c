/* SPDX-License-Identifier: MIT */
/*
 * smtp/address.c - Mailbox, Path and Domain (RFC 5321, 4.1.2), and their
 * limits (RFC 5321, 4.5.3.1.1 to 4.5.3.1.3).
 *
 * The parts to recognise are taken from the front of a span: take_x() moves
 * `text` past an x and returns it, empty if there is none.
 */
#include "smtp/address.h"

#include <string.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"
#include "smtp/literal.h"

/* RFC 1035, 2.3.4; RFC 5321, 2.3.5 takes its names from there. */
#define LABEL_MAX 63

/*
 * A label with characters beyond ASCII becomes "xn--" and at least one letter
 * for each of them (RFC 5890, 2.3.2.1).
 */
#define WIDE_LABEL_MAX 59

/* RFC 5321, 4.5.3.1.3 counts the angle brackets. */
#define BRACKETS 2

/* `len` is never more than there is. */
static smail_span take(smail_span *text, size_t len)
{
    smail_span front = { text->data, len };

    *text = (smail_span){ text->data + len, text->len - len };
    return front;
}

static bool starts_with(smail_span text, char byte)
{
    return text.len > 0 && text.data[0] == byte;
}

/* RFC 6531, 3.3: the length of a character beyond ASCII at `at`, or 0. */
static size_t wide_len(smail_span text, size_t at)
{
    uint32_t code_point;

    if ((unsigned char)text.data[at] < 0x80)
        return 0;
    return smail__utf8_next(&code_point, smail__span_from(text, at));
}

#define ATEXT 1 /* RFC 5322, 3.2.3 */
#define LABEL 2 /* letters, digits and the hyphen (RFC 1035, 2.3.1) */

/* clang-format off */
static const unsigned char classes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 3, 0, 1,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 1, 0, 1,
    0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 1, 1,
    1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 0,
};
/* clang-format on */

static bool is_in(char byte, unsigned char class)
{
    return (classes[(unsigned char)byte] & class) != 0;
}

/* RFC 5321, 4.1.2: atoms with a single dot between two; 0 if it is none. */
static size_t dot_string_len(smail_span text, bool utf8)
{
    size_t start = 0; /* of the atom */
    size_t len = 0;

    for (;;) {
        while (len < text.len && is_in(text.data[len], ATEXT))
            len++;
        if (utf8 && len < text.len && wide_len(text, len) > 0) {
            len += wide_len(text, len);
            continue;
        }
        if (len == start)
            return 0;
        if (len == text.len || text.data[len] != '.')
            return len;
        start = ++len;
    }
}

/* Both quotes included; 0 if it does not close. */
static size_t quoted_string_len(smail_span text, bool utf8)
{
    size_t len = 1;

    while (len < text.len && text.data[len] != '"') {
        bool escaped = text.data[len] == '\\' && len + 1 < text.len;
        size_t step = 1;

        if (escaped)
            len++;
        if ((unsigned char)text.data[len] >= 0x80)
            step = utf8 && !escaped ? wide_len(text, len) : 0;
        else if (text.data[len] < ' ' || text.data[len] > '~')
            step = 0;
        if (step == 0)
            return 0;
        len += step;
    }
    return len < text.len ? len + 1 : 0;
}

static smail_span take_local(smail_span *text, bool utf8)
{
    size_t len = starts_with(*text, '"') ? quoted_string_len(*text, utf8)
                                         : dot_string_len(*text, utf8);

    return take(text, len);
}

/*
 * What no U-label holds (RFC 5890, 2.3.2.1): controls, and the characters that
 * other software takes for the dot between two labels. The rest of IDNA needs
 * tables, and is for those who resolve names.
 */
static bool is_no_letter(smail_span text, size_t at)
{
    static const uint32_t dots[] = { 0x3002, 0xff0e, 0xff61 };
    uint32_t point = 0;

    (void)smail__utf8_next(&point, smail__span_from(text, at));
    return point < 0xa0 || point == dots[0] || point == dots[1] ||
           point == dots[2];
}

/* Octets of a label at `start`; 0 if it is none. `is_long`: too much for DNS.
 */
static size_t label_len(smail_span text, size_t start, bool utf8, bool *is_long)
{
    size_t len = start;
    size_t wide = 0;        /* characters beyond ASCII */
    size_t wide_octets = 0; /* what they take */

    for (;;) {
        size_t step;

        while (len < text.len && is_in(text.data[len], LABEL))
            len++;
        if (!utf8 || len == text.len)
            break;
        step = wide_len(text, len);
        if (step == 0 || is_no_letter(text, len))
            break;
        len += step;
        wide++;
        wide_octets += step;
    }
    if (len == start || text.data[start] == '-' || text.data[len - 1] == '-')
        return 0;
    if (len - start - wide_octets + wide >
        (wide > 0 ? WIDE_LABEL_MAX : LABEL_MAX))
        *is_long = true;
    return len - start;
}

static enum smail__address_fault take_domain(smail_span *out, smail_span *text,
                                             bool utf8)
{
    bool is_long = false;
    size_t len = 0;

    for (;;) {
        size_t label = label_len(*text, len, utf8, &is_long);

        if (label == 0)
            return SMAIL__ADDRESS_SYNTAX;
        len += label;
        if (len == text->len || text->data[len] != '.')
            break;
        len++;
    }
    *out = take(text, len);
    if (len > SMAIL_DOMAIN_MAX)
        return SMAIL__ADDRESS_DOMAIN_LONG;
    return is_long ? SMAIL__ADDRESS_LABEL_LONG : SMAIL__ADDRESS_FINE;
}

static enum smail__address_fault take_literal(smail_span *out, smail_span *text)
{
    size_t end = smail__span_find(*text, ']');

    if (end == text->len)
        return SMAIL__ADDRESS_SYNTAX;
    *out = take(text, end + 1);
    return smail__literal_is_valid(*out) ? SMAIL__ADDRESS_FINE
                                         : SMAIL__ADDRESS_SYNTAX;
}

static enum smail__address_fault take_mailbox(smail_path *out, smail_span *text,
                                              bool utf8)
{
    enum smail__address_fault fault;
    smail_span local = take_local(text, utf8);
    smail_span domain;

    if (local.len == 0 || !starts_with(*text, '@'))
        return SMAIL__ADDRESS_SYNTAX;
    (void)take(text, 1);
    fault = starts_with(*text, '[') ? take_literal(&domain, text)
                                    : take_domain(&domain, text, utf8);
    if (fault == SMAIL__ADDRESS_SYNTAX)
        return fault;
    if (local.len > SMAIL_LOCAL_PART_MAX)
        return SMAIL__ADDRESS_LOCAL_LONG;
    *out = (smail_path){ .local = local, .domain = domain };
    return fault;
}

/* `@a,@b:` (RFC 5321, appendix C): must be well formed, means nothing. */
static enum smail__address_fault skip_route(smail_span *text, bool utf8)
{
    while (starts_with(*text, '@')) {
        enum smail__address_fault fault;
        smail_span domain;

        (void)take(text, 1);
        fault = take_domain(&domain, text, utf8);
        if (fault != SMAIL__ADDRESS_FINE)
            return fault;
        if (starts_with(*text, ':')) {
            (void)take(text, 1);
            return SMAIL__ADDRESS_FINE;
        }
        if (!starts_with(*text, ','))
            return SMAIL__ADDRESS_SYNTAX;
        (void)take(text, 1);
    }
    return SMAIL__ADDRESS_SYNTAX;
}

static bool take_special(smail_path *out, smail_span *text,
                         enum smail__address_kind kind)
{
    static const char postmaster[] = "<postmaster>";
    const size_t len = sizeof(postmaster) - 1;

    *out = (smail_path){ .local = { "", 0 }, .domain = { "", 0 } };
    if (kind == SMAIL__ADDRESS_REVERSE && smail__span_istarts(*text, "<>")) {
        (void)take(text, 2);
        return true;
    }
    if (kind == SMAIL__ADDRESS_FORWARD && text->len >= len &&
        text->data[len - 1] == '>' && smail__span_istarts(*text, postmaster)) {
        smail_span path = take(text, len);

        out->local = smail__span_slice(path, 1, path.len - BRACKETS);
        return true;
    }
    return false;
}

/*
 * Words of one class with a dot between two, none of them too long for a label
 * or with a hyphen at an end: where they stop, or NULL.
 */
static const char *skip_words(const char *at, const char *end,
                              unsigned char class)
{
    for (;;) {
        const char *start = at;

        while (at < end && is_in(*at, class))
            at++;
        if (at == start || at - start > LABEL_MAX || *start == '-' ||
            at[-1] == '-')
            return NULL;
        if (at == end || *at != '.')
            return at;
        at++;
    }
}

/*
 * Nearly every path is as simple as this, and is read in one go. False: it is
 * not, and the rest of this file tells what it is.
 */
static bool take_plain_path(smail_path *out, smail_span *text)
{
    const char *end = text->data + text->len;
    const char *at;
    const char *close;

    if (!starts_with(*text, '<'))
        return false;
    at = skip_words(text->data + 1, end, ATEXT);
    if (at == NULL || at == end || *at != '@' ||
        at - text->data - 1 > SMAIL_LOCAL_PART_MAX)
        return false;
    close = skip_words(at + 1, end, LABEL);
    if (close == NULL || close == end || *close != '>' ||
        close + 1 - text->data > SMAIL_PATH_MAX)
        return false;
    out->local = (smail_span){ text->data + 1, (size_t)(at - text->data) - 1 };
    out->domain = (smail_span){ at + 1, (size_t)(close - at) - 1 };
    *text = (smail_span){ close + 1, (size_t)(end - close) - 1 };
    return true;
}

enum smail__address_fault smail__address_take(smail_path *out, smail_span *text,
                                              enum smail__address_kind kind,
                                              bool utf8)
{
    enum smail__address_fault fault = SMAIL__ADDRESS_FINE;
    smail_span whole = *text;

    if (take_plain_path(out, text))
        return SMAIL__ADDRESS_FINE;
    if (take_special(out, text, kind))
        return SMAIL__ADDRESS_FINE;
    if (!starts_with(*text, '<'))
        return SMAIL__ADDRESS_SYNTAX;
    (void)take(text, 1);
    if (starts_with(*text, '@'))
        fault = skip_route(text, utf8);
    if (fault == SMAIL__ADDRESS_FINE)
        fault = take_mailbox(out, text, utf8);
    if (fault == SMAIL__ADDRESS_SYNTAX || !starts_with(*text, '>'))
        return SMAIL__ADDRESS_SYNTAX;
    (void)take(text, 1);
    if (fault == SMAIL__ADDRESS_FINE && whole.len - text->len > SMAIL_PATH_MAX)
        return SMAIL__ADDRESS_PATH_LONG;
    return fault;
}

enum smail__address_fault smail__address_parse(smail_path *out, smail_span text,
                                               bool utf8)
{
    enum smail__address_fault fault;
    size_t len = text.len;

    fault = take_mailbox(out, &text, utf8);
    if (text.len > 0)
        return SMAIL__ADDRESS_SYNTAX;
    if (fault == SMAIL__ADDRESS_FINE && len + BRACKETS > SMAIL_PATH_MAX)
        return SMAIL__ADDRESS_PATH_LONG;
    return fault;
}

const char *smail__address_fault_text(enum smail__address_fault fault)
{
    static const char *const texts[] = {
        [SMAIL__ADDRESS_FINE] = "Address is well formed",
        [SMAIL__ADDRESS_SYNTAX] = "Syntax error in address",
        [SMAIL__ADDRESS_LOCAL_LONG] = "Local part too long (limit is 64)",
        [SMAIL__ADDRESS_LABEL_LONG] = "Domain label too long (limit is 63)",
        [SMAIL__ADDRESS_DOMAIN_LONG] = "Domain too long (limit is 255)",
        [SMAIL__ADDRESS_PATH_LONG] = "Path too long (limit is 256)",
    };

    return texts[fault];
}

bool smail__address_is_helo(smail_span name)
{
    if (name.len == 0 || name.len > SMAIL_DOMAIN_MAX)
        return false;
    if (name.data[0] == '[')
        return smail__literal_is_valid(name);
    for (size_t i = 0; i < name.len; i++)
        if (!smail__is_alnum(name.data[i]) &&
            (name.data[i] == '\0' || strchr(".-_", name.data[i]) == NULL))
            return false;
    return true;
}

int smail_path_parse(smail_path *out, smail_span text, bool utf8)
{
    smail_path path;

    switch (smail__address_parse(&path, text, utf8)) {
    case SMAIL__ADDRESS_FINE:
        *out = path;
        return 0;
    case SMAIL__ADDRESS_SYNTAX:
        return SMAIL_EMALFORMED;
    default:
        return SMAIL_ELIMIT;
    }
}

bool smail_path_is_null(const smail_path *path)
{
    return path->local.len == 0 && path->domain.len == 0;
}
