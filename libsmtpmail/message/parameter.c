/* SPDX-License-Identifier: MIT */
/* message/parameter.c - see message/parameter.h. */
#include "message/parameter.h"

#include <string.h>

#include "base/span.h"
#include "message/charset.h"
#include "message/word.h"

/* One value; what is longer is cut. */
#define PARAMETER_MAX 65536

/* One `name*section*=value` as it stands. */
struct parameter {
    smail_span name; /* without the stars */
    int section;     /* -1: the whole value */
    bool extended;   /* percent-encoded, the first with charset'language' */
    smail_span raw;  /* with its quotes */
};

static bool is_blank(char byte)
{
    return smail__is_space(byte) || byte == '\r' || byte == '\n';
}

static size_t comment_length(smail_span text)
{
    int depth = 0;
    size_t at = 0;

    for (; at < text.len; at++) {
        if (text.data[at] == '\\')
            at++;
        else if (text.data[at] == '(')
            depth++;
        else if (text.data[at] == ')' && --depth == 0)
            return at + 1;
    }
    return text.len;
}

static smail_span skip_blank(smail_span text)
{
    while (text.len > 0) {
        if (text.data[0] == '(')
            text = smail__span_from(text, comment_length(text));
        else if (is_blank(text.data[0]))
            text = smail__span_from(text, 1);
        else
            break;
    }
    return text;
}

static size_t quoted_length(smail_span text)
{
    size_t at = 1;

    while (at < text.len && text.data[at] != '"')
        at += text.data[at] == '\\' ? 2 : 1;
    return at < text.len ? at + 1 : text.len;
}

/* Up to the ';' that ends a parameter, which quotes and comments hide. */
static size_t piece_length(smail_span text)
{
    size_t at = 0;

    while (at < text.len && text.data[at] != ';') {
        if (text.data[at] == '"')
            at += quoted_length(smail__span_from(text, at));
        else
            at++;
    }
    return at;
}

smail_span smail__parameter_value(smail_span field)
{
    smail_span value = skip_blank(field);
    size_t len = 0;

    while (len < value.len && value.data[len] != ';' &&
           value.data[len] != '(' && !is_blank(value.data[len]))
        len++;
    value.len = len;
    /* "Content-Disposition: filename=x" says how it is called, not what. */
    return smail__span_find(value, '=') < len ? smail__span_slice(value, 0, 0)
                                              : value;
}

/* "filename*0*" is filename, section 0, extended (RFC 2231, 4.1). */
static void read_name(struct parameter *out, smail_span name)
{
    uint64_t section;

    out->section = -1;
    out->extended = false;
    if (name.len > 0 && name.data[name.len - 1] == '*') {
        out->extended = true;
        name.len--;
    }
    size_t star = smail__span_find(name, '*');

    out->name = smail__span_slice(name, 0, star);
    if (star == name.len)
        return;
    if (smail__span_number(&section, smail__span_from(name, star + 1)) == 0 &&
        section < SMAIL__PARAMETERS_MAX)
        out->section = (int)section;
    else
        out->name = name; /* nobody asks for one with a star */
}

/* Where the parameters begin: at the first ';', or where one stands without
 * ("text/plain charset=utf-8"). */
static smail_span parameters_of(smail_span field)
{
    smail_span rest = skip_blank(field);

    rest =
        skip_blank(smail__span_from(rest, smail__parameter_value(field).len));
    if (rest.len > 0 && rest.data[0] != ';' &&
        smail__span_find(rest, '=') < piece_length(rest))
        return rest;
    return smail__span_from(rest, piece_length(rest));
}

static size_t read_all(struct parameter out[SMAIL__PARAMETERS_MAX],
                       smail_span field)
{
    size_t count = 0;

    field = parameters_of(field);
    while (field.len > 0 && count < SMAIL__PARAMETERS_MAX) {
        if (field.data[0] == ';')
            field = smail__span_from(field, 1);
        field = skip_blank(field);
        smail_span piece = smail__span_slice(field, 0, piece_length(field));

        field = smail__span_from(field, piece.len);
        smail_span name = smail__span_trim(smail__span_cut(&piece, '='));

        if (name.len == 0)
            continue;
        read_name(&out[count], name);
        out[count++].raw = smail__span_trim(skip_blank(piece));
    }
    return count;
}

/* Quotes and backslashes off; unquoted values end at a comment. */
static void unquote(struct smail__buf *out, smail_span raw)
{
    if (raw.len == 0 || raw.data[0] != '"') {
        for (size_t i = 0; i < raw.len; i++)
            if (raw.data[i] != '\r' && raw.data[i] != '\n')
                smail__buf_putc(out, raw.data[i]);
        return;
    }
    for (size_t i = 1; i < raw.len && raw.data[i] != '"'; i++) {
        if (raw.data[i] == '\\' && i + 1 < raw.len)
            i++;
        if (raw.data[i] != '\r' && raw.data[i] != '\n')
            smail__buf_putc(out, raw.data[i]);
    }
}

static int hex(char byte)
{
    if (smail__is_digit(byte))
        return byte - '0';
    byte = smail__lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void decode_percent(struct smail__buf *out, smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '%' && i + 2 < text.len &&
            hex(text.data[i + 1]) >= 0 && hex(text.data[i + 2]) >= 0) {
            smail__buf_putc(out, (char)(hex(text.data[i + 1]) << 4 |
                                        hex(text.data[i + 2])));
            i += 2;
        } else {
            smail__buf_putc(out, text.data[i]);
        }
    }
}

/* One section's bytes; of the first extended one also the charset. */
static void add_section(struct smail__buf *bytes, struct smail__buf *charset,
                        const struct parameter *parameter, bool first)
{
    struct smail__buf raw;

    smail__buf_init(&raw, PARAMETER_MAX, NULL);
    unquote(&raw, parameter->raw);
    smail_span text = smail__buf_span(&raw);

    if (parameter->extended && first) {
        smail_span rest = text;
        smail_span name = smail__span_cut(&rest, '\'');

        if (smail__span_find(rest, '\'') < rest.len) {
            smail__buf_append(charset, name);
            (void)smail__span_cut(&rest, '\''); /* the language */
            text = rest;
        }
    }
    if (parameter->extended)
        decode_percent(bytes, text);
    else
        smail__buf_append(bytes, text);
    smail__buf_dispose(&raw);
}

static const struct parameter *find(const struct parameter *all, size_t count,
                                    const char *name, int section)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].section == section && smail__span_iis(all[i].name, name))
            return &all[i];
    return NULL;
}

/* The one to begin with: in sections, extended, or plain. Who sends two means
 * the plain one for those who cannot read the other. */
static const struct parameter *find_first(const struct parameter *all,
                                          size_t count, const char *name)
{
    const struct parameter *one = find(all, count, name, 0);

    for (size_t i = 0; one == NULL && i < count; i++)
        if (all[i].extended && all[i].section < 0 &&
            smail__span_iis(all[i].name, name))
            one = &all[i];
    return one != NULL ? one : find(all, count, name, -1);
}

/* The octets of `name`, its sections joined; whether any was extended. */
static bool join(struct smail__buf *bytes, struct smail__buf *charset,
                 smail_span field, const char *name, bool *extended)
{
    struct parameter all[SMAIL__PARAMETERS_MAX];
    size_t count = read_all(all, smail__span_slice(field, 0, PARAMETER_MAX));
    const struct parameter *one = find_first(all, count, name);

    *extended = false;
    if (one == NULL)
        return false;
    for (int section = one->section; one != NULL;
         one = section < 0 ? NULL : find(all, count, name, ++section)) {
        *extended = *extended || one->extended;
        add_section(bytes, charset, one, section <= 0);
    }
    return true;
}

bool smail__parameter_octets(struct smail__buf *out, smail_span field,
                             const char *name)
{
    struct smail__buf charset;
    bool extended;

    smail__buf_init(&charset, PARAMETER_MAX, NULL);
    bool found = join(out, &charset, field, name, &extended);

    smail__buf_dispose(&charset);
    return found;
}

bool smail__parameter_find(struct smail__buf *out, smail_span field,
                           const char *name)
{
    struct smail__buf bytes;
    struct smail__buf charset;
    bool extended;

    smail__buf_init(&bytes, PARAMETER_MAX, NULL);
    smail__buf_init(&charset, PARAMETER_MAX, NULL);
    bool found = join(&bytes, &charset, field, name, &extended);

    /* Without RFC 2231, encoded words are what senders use instead. */
    if (extended)
        (void)smail__charset_to_utf8(out, smail__buf_span(&charset),
                                     smail__buf_span(&bytes));
    else
        smail__words_decode(out, smail__buf_span(&bytes));
    smail__buf_dispose(&charset);
    smail__buf_dispose(&bytes);
    return found;
}
