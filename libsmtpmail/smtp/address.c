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

static smail_span take(smail_span *text, size_t len)
{
    smail_span front = smail__span_slice(*text, 0, len);

    *text = smail__span_from(*text, len);
    return front;
}

static bool starts_with(smail_span text, char byte)
{
    return text.len > 0 && text.data[0] == byte;
}

/* RFC 6531, 3.3: the length of a character beyond ASCII, or 0. */
static size_t wide_len(smail_span text, bool utf8)
{
    uint32_t code_point;

    if (!utf8 || text.len == 0 || (unsigned char)text.data[0] < 0x80)
        return 0;
    return smail__utf8_next(&code_point, text);
}

/* RFC 5322, 3.2.3. */
static bool is_atext(char byte)
{
    return smail__is_alnum(byte) ||
           (byte != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", byte) != NULL);
}

static size_t atom_len(smail_span text, bool utf8)
{
    size_t len = 0;

    while (len < text.len) {
        size_t step = is_atext(text.data[len])
                          ? 1
                          : wide_len(smail__span_from(text, len), utf8);

        if (step == 0)
            break;
        len += step;
    }
    return len;
}

static size_t dot_string_len(smail_span text, bool utf8)
{
    size_t len = atom_len(text, utf8);

    while (len > 0 && len < text.len && text.data[len] == '.') {
        size_t atom = atom_len(smail__span_from(text, len + 1), utf8);

        if (atom == 0)
            return 0;
        len += 1 + atom;
    }
    return len;
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
            step = wide_len(smail__span_from(text, len), utf8 && !escaped);
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
static bool is_no_letter(smail_span text)
{
    static const uint32_t dots[] = { 0x3002, 0xff0e, 0xff61 };
    uint32_t point = 0;

    (void)smail__utf8_next(&point, text);
    return point < 0xa0 || point == dots[0] || point == dots[1] ||
           point == dots[2];
}

/* Octets of a label; 0 if it is none. `is_long`: more than DNS can take. */
static size_t label_len(smail_span text, bool utf8, bool *is_long)
{
    size_t len = 0;
    size_t characters = 0;

    while (len < text.len) {
        bool plain = smail__is_alnum(text.data[len]) || text.data[len] == '-';
        smail_span rest = smail__span_from(text, len);
        size_t step = plain ? 1 : wide_len(rest, utf8);

        if (step == 0 || (!plain && is_no_letter(rest)))
            break;
        len += step;
        characters++;
    }
    if (len > 0 && (text.data[0] == '-' || text.data[len - 1] == '-'))
        return 0;
    if (characters > (len > characters ? WIDE_LABEL_MAX : LABEL_MAX))
        *is_long = true;
    return len;
}

static enum smail__address_fault take_domain(smail_span *out, smail_span *text,
                                             bool utf8)
{
    smail_span rest = *text;
    bool is_long = false;
    size_t len = 0;

    for (;;) {
        size_t label = label_len(smail__span_from(rest, len), utf8, &is_long);

        if (label == 0)
            return SMAIL__ADDRESS_SYNTAX;
        len += label;
        if (len == rest.len || rest.data[len] != '.')
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

    *out = (smail_path){ .local = { "", 0 }, .domain = { "", 0 } };
    if (kind == SMAIL__ADDRESS_REVERSE && smail__span_istarts(*text, "<>")) {
        (void)take(text, 2);
        return true;
    }
    if (kind == SMAIL__ADDRESS_FORWARD &&
        smail__span_istarts(*text, postmaster)) {
        smail_span path = take(text, sizeof(postmaster) - 1);

        out->local = smail__span_slice(path, 1, path.len - BRACKETS);
        return true;
    }
    return false;
}

enum smail__address_fault smail__address_take(smail_path *out, smail_span *text,
                                              enum smail__address_kind kind,
                                              bool utf8)
{
    enum smail__address_fault fault = SMAIL__ADDRESS_FINE;
    smail_span whole = *text;

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
