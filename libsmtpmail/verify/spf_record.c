/* SPDX-License-Identifier: MIT */
/* verify/spf_record.c - the grammar of RFC 7208, 12. */
#include "verify/spf_record.h"

#include "base/format.h"
#include "base/span.h"
#include "base/utf8.h"

struct parser {
    struct smail__spf_record *record;
    char *why;
    size_t why_room;
};

static bool complain(struct parser *parser, smail_span term, const char *what)
{
    term = smail__utf8_clip(term, 60);
    smail__format(parser->why, parser->why_room, "'%.*s': %s",
                  SMAIL__SPAN_ARG(term), what);
    return false;
}

/* --- Macros --------------------------------------------------------------- */

static bool is_letter(char byte, bool is_explanation)
{
    static const char letters[] = "slodiphvcrt";
    size_t count = sizeof(letters) - 1 - (is_explanation ? 0 : 3);

    for (size_t i = 0; i < count; i++) {
        if (smail__lower(byte) == letters[i])
            return true;
    }
    return false;
}

static bool is_delimiter(char byte)
{
    return smail__span_find(SMAIL__SPAN(".-+,/_="), byte) < 7;
}

/* What stands between "%{" and "}": letter, digits, "r", delimiters. */
static bool is_expansion(smail_span text, bool is_explanation)
{
    size_t at = 1;
    bool has_digits = false, is_zero = true;

    if (text.len == 0 || !is_letter(text.data[0], is_explanation))
        return false;
    for (; at < text.len && smail__is_digit(text.data[at]); at++) {
        has_digits = true;
        is_zero = is_zero && text.data[at] == '0';
    }
    if (has_digits && is_zero)
        return false;
    if (at < text.len && smail__lower(text.data[at]) == 'r')
        at++;
    while (at < text.len && is_delimiter(text.data[at]))
        at++;
    return at == text.len;
}

/* The length of the macro or literal at the front; 0: neither. */
static size_t piece_at(smail_span text, bool is_explanation)
{
    size_t end;

    if (text.data[0] != '%')
        return (text.data[0] > ' ' && text.data[0] < 0x7f) ||
                       (is_explanation && text.data[0] == ' ')
                   ? 1
                   : 0;
    if (text.len < 2)
        return 0;
    if (text.data[1] == '%' || text.data[1] == '_' || text.data[1] == '-')
        return 2;
    if (text.data[1] != '{')
        return 0;
    end = smail__span_find(text, '}');
    return end < text.len && is_expansion(smail__span_slice(text, 2, end - 2),
                                          is_explanation)
               ? end + 1
               : 0;
}

bool smail__spf_is_macro(smail_span text, bool is_explanation)
{
    while (text.len > 0) {
        size_t len = piece_at(text, is_explanation);

        if (len == 0)
            return false;
        text = smail__span_from(text, len);
    }
    return true;
}

/* RFC 7208, 7.1: toplabel, which is no number. */
static bool is_toplabel(smail_span label)
{
    bool has_other = false;

    if (label.len == 0 || label.data[0] == '-' ||
        label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!smail__is_alnum(label.data[i]) && label.data[i] != '-')
            return false;
        has_other = has_other || !smail__is_digit(label.data[i]);
    }
    return has_other;
}

bool smail__spf_is_domain_spec(smail_span text)
{
    size_t last = 0, dot = 0;
    bool has_dot = false;
    smail_span rest = text;

    if (text.len == 0)
        return false;
    while (rest.len > 0) {
        size_t len = piece_at(rest, false);

        if (len == 0)
            return false;
        last = text.len - rest.len;
        if (len == 1 && rest.data[0] == '.' && rest.len > 1) {
            has_dot = true;
            dot = last;
        }
        rest = smail__span_from(rest, len);
    }
    if (text.data[last] == '%')
        return true;
    if (!has_dot)
        return false;
    text = smail__span_from(text, dot + 1);
    if (text.data[text.len - 1] == '.')
        text.len--;
    return is_toplabel(text);
}

/* --- Lengths of prefixes -------------------------------------------------- */

/* "0", or digits that do not begin with 0. */
static bool read_bits(unsigned *out, smail_span digits, unsigned max)
{
    uint64_t number = 0;

    if (digits.len == 0 || digits.len > 3 ||
        (digits.data[0] == '0' && digits.len > 1) ||
        smail__span_number(&number, digits) != 0 || number > max)
        return false;
    *out = (unsigned)number;
    return true;
}

/* Where the digits at the end of `text` begin. */
static size_t digits_at_end(smail_span text)
{
    size_t at = text.len;

    while (at > 0 && smail__is_digit(text.data[at - 1]))
        at--;
    return at;
}

/* Take "/24", "//64" or "/24//64" off the end of `text`. */
static bool take_bits(struct smail__spf_term *term, smail_span *text)
{
    size_t at = digits_at_end(*text);

    term->bits4 = 32;
    term->bits6 = 128;
    if (at >= 2 && text->data[at - 1] == '/' && text->data[at - 2] == '/') {
        if (!read_bits(&term->bits6, smail__span_from(*text, at), 128))
            return false;
        text->len = at - 2;
        at = digits_at_end(*text);
        if (at == text->len)
            return true;
    }
    if (at >= 1 && text->data[at - 1] == '/') {
        if (!read_bits(&term->bits4, smail__span_from(*text, at), 32))
            return false;
        text->len = at - 1;
    }
    return true;
}

/* --- Mechanisms ----------------------------------------------------------- */

enum target { NO_TARGET, MAY_HAVE, MUST_HAVE, NETWORK };

static const struct {
    const char *name;
    enum smail__spf_kind kind;
    enum target target;
    bool has_bits;
} mechanisms[] = {
    { "all", SMAIL__SPF_ALL, NO_TARGET, false },
    { "include", SMAIL__SPF_INCLUDE, MUST_HAVE, false },
    { "a", SMAIL__SPF_A, MAY_HAVE, true },
    { "mx", SMAIL__SPF_MX, MAY_HAVE, true },
    { "ptr", SMAIL__SPF_PTR, MAY_HAVE, false },
    { "ip4", SMAIL__SPF_IP4, NETWORK, true },
    { "ip6", SMAIL__SPF_IP6, NETWORK, true },
    { "exists", SMAIL__SPF_EXISTS, MUST_HAVE, false },
};

#define MECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

static bool read_network(struct smail__spf_term *term, smail_span text)
{
    size_t slash = smail__span_find(text, '/');
    bool wants_ipv6 = term->kind == SMAIL__SPF_IP6;
    unsigned *bits = wants_ipv6 ? &term->bits6 : &term->bits4;

    *bits = wants_ipv6 ? 128 : 32;
    if (slash < text.len &&
        !read_bits(bits, smail__span_from(text, slash + 1), *bits))
        return false;
    return smail__ip_parse(&term->network, smail__span_slice(text, 0, slash)) ==
               0 &&
           term->network.is_ipv6 == wants_ipv6;
}

static enum smail__spf_result take_qualifier(smail_span *text)
{
    enum smail__spf_result result = SMAIL__SPF_PASS;

    switch (text->data[0]) {
    case '+':
        break;
    case '-':
        result = SMAIL__SPF_FAIL;
        break;
    case '~':
        result = SMAIL__SPF_SOFTFAIL;
        break;
    case '?':
        result = SMAIL__SPF_NEUTRAL;
        break;
    default:
        return result;
    }
    *text = smail__span_from(*text, 1);
    return result;
}

static bool read_target(struct parser *parser, struct smail__spf_term *term,
                        size_t row, smail_span rest)
{
    enum target target = mechanisms[row].target;
    bool has_colon = rest.len > 0 && rest.data[0] == ':';

    if (target == NETWORK)
        return has_colon && read_network(term, smail__span_from(rest, 1))
                   ? true
                   : complain(parser, term->text, "that is no network");
    if (mechanisms[row].has_bits && !take_bits(term, &rest))
        return complain(parser, term->text,
                        "that is no length of a network's prefix");
    if (rest.len == 0 && target != MUST_HAVE)
        return true;
    if (!has_colon || target == NO_TARGET)
        return complain(parser, term->text,
                        target == MUST_HAVE ? "it wants a domain"
                                            : "that makes no sense behind it");
    term->target = smail__span_from(rest, 1);
    return smail__spf_is_domain_spec(term->target)
               ? true
               : complain(parser, term->text, "that is no domain");
}

static bool read_mechanism(struct parser *parser, smail_span text)
{
    struct smail__spf_record *record = parser->record;
    struct smail__spf_term *term = &record->terms[record->count];
    smail_span rest = text, name;
    size_t len = 0;

    if (record->count == SMAIL__SPF_TERMS_MAX)
        return complain(parser, text, "too many terms");
    *term = (struct smail__spf_term){ .text = text };
    term->result = take_qualifier(&rest);
    while (len < rest.len && rest.data[len] != ':' && rest.data[len] != '/')
        len++;
    name = smail__span_slice(rest, 0, len);
    for (size_t i = 0; i < MECHANISMS; i++) {
        if (!smail__span_iis(name, mechanisms[i].name))
            continue;
        term->kind = mechanisms[i].kind;
        record->count++;
        return read_target(parser, term, i, smail__span_from(rest, len));
    }
    return complain(parser, text, "there is no such mechanism");
}

/* --- Modifiers ------------------------------------------------------------ */

/* The length of the name of a modifier, "=" behind it; 0: it is none. */
static size_t modifier_at(smail_span text)
{
    size_t len = 0;

    if (text.len == 0 || !smail__is_alpha(text.data[0]))
        return 0;
    while (len < text.len &&
           (smail__is_alnum(text.data[len]) || text.data[len] == '-' ||
            text.data[len] == '_' || text.data[len] == '.'))
        len++;
    return len < text.len && text.data[len] == '=' ? len : 0;
}

/* RFC 7208, 6: redirect and exp, each at most once; others mean nothing. */
static bool read_modifier(struct parser *parser, smail_span text, size_t len)
{
    smail_span name = smail__span_slice(text, 0, len);
    smail_span value = smail__span_from(text, len + 1);
    smail_span *field = NULL;

    if (smail__span_iis(name, "redirect"))
        field = &parser->record->redirect;
    else if (smail__span_iis(name, "exp"))
        field = &parser->record->exp;
    if (field == NULL)
        return smail__spf_is_macro(value, false)
                   ? true
                   : complain(parser, text, "its value is malformed");
    if (field->data != NULL)
        return complain(parser, text, "it stands there twice");
    if (!smail__spf_is_domain_spec(value))
        return complain(parser, text, "it wants a domain");
    *field = value;
    return true;
}

bool smail__spf_parse(struct smail__spf_record *out, smail_span text, char *why,
                      size_t why_room)
{
    struct parser parser = { out, why, why_room };

    out->count = 0;
    out->redirect = out->exp = (smail_span){ NULL, 0 };
    text = smail__span_from(text, sizeof("v=spf1") - 1);
    while (text.len > 0) {
        smail_span term = smail__span_cut(&text, ' ');
        size_t name;

        if (term.len == 0)
            continue;
        name = modifier_at(term);
        if (name > 0 ? !read_modifier(&parser, term, name)
                     : !read_mechanism(&parser, term))
            return false;
    }
    return true;
}
