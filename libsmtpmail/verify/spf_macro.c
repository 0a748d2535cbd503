/* SPDX-License-Identifier: MIT */
/* verify/spf_macro.c - what macros stand for (RFC 7208, 7). */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/span.h"
#include "verify/spf_internal.h"

/* RFC 7208, 7.3: of a name that is looked up. */
#define NAME_MAX 253

/* Octets that any macro can make before the labels at its left are cut. */
#define EXPANDED_MAX 4096

/* Labels that a macro is parted into: of the longest name, and more than any
   address has. */
#define PARTS_MAX 256

/* "%{i}" and what it has in it. */
struct macro {
    char letter;
    bool escapes; /* an upper-case letter: for a URI */
    uint64_t keep;
    bool reverses;
    smail_span delimiters;
};

static void read_macro(struct macro *out, smail_span text)
{
    size_t at = 1, digits = 1;

    *out = (struct macro){ .letter = smail__lower(text.data[0]) };
    out->escapes = out->letter != text.data[0];
    while (digits < text.len && smail__is_digit(text.data[digits]))
        digits++;
    if (smail__span_number(&out->keep,
                           smail__span_slice(text, 1, digits - 1)) != 0)
        out->keep = PARTS_MAX;
    at = digits;
    if (at < text.len && smail__lower(text.data[at]) == 'r') {
        out->reverses = true;
        at++;
    }
    out->delimiters = smail__span_from(text, at);
    if (out->delimiters.len == 0)
        out->delimiters = SMAIL__SPAN(".");
}

/* --- The values ----------------------------------------------------------- */

struct sender {
    smail_span local, domain;
};

/* RFC 7208, 4.3: without a local part it is postmaster's. */
static struct sender sender_of(const struct smail__spf_request *request)
{
    struct sender out = { SMAIL__SPAN("postmaster"),
                          smail__span(request->sender) };
    size_t at = out.domain.len;

    while (at > 0 && out.domain.data[at - 1] != '@')
        at--;
    if (at > 1)
        out.local = smail__span_slice(out.domain, 0, at - 1);
    out.domain = smail__span_from(out.domain, at);
    if (out.domain.len == 0)
        out.domain = smail__span(request->helo);
    if (out.domain.len == 0)
        out.domain = smail__span(request->domain);
    return out;
}

static void put_sender(struct smail__buf *out, char letter,
                       const struct smail__spf_request *request)
{
    struct sender sender = sender_of(request);

    if (letter != 'o')
        smail__buf_append(out, sender.local);
    if (letter == 's')
        smail__buf_putc(out, '@');
    if (letter != 'l')
        smail__buf_append(out, sender.domain);
}

/* RFC 7208, 7.3: dotted, of IPv6 each nibble. */
static void put_dotted(struct smail__buf *out, const struct smail__ip *ip)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[SMAIL__IP_TEXT];

    if (!ip->is_ipv6) {
        smail__ip_text(text, ip);
        smail__buf_puts(out, text);
        return;
    }
    for (size_t i = 0; i < 16; i++)
        smail__buf_printf(out, "%s%c.%c", i > 0 ? "." : "",
                          digits[ip->octets[i] >> 4],
                          digits[ip->octets[i] & 15]);
}

static enum smail__spf_step put_validated(struct smail__buf *out,
                                          struct smail__spf *spf,
                                          const char *domain)
{
    char name[SMAIL__DNS_NAME_ROOM];
    enum smail__spf_step step = smail__spf_validated(name, spf, domain, true);

    if (step == SMAIL__SPF_OPEN)
        return step;
    smail__buf_puts(out, step == SMAIL__SPF_YES ? name : "unknown");
    return SMAIL__SPF_YES;
}

static const char *or_unknown(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "unknown";
}

static enum smail__spf_step put_value(struct smail__buf *out, char letter,
                                      struct smail__spf *spf,
                                      const char *domain)
{
    char text[SMAIL__IP_TEXT];

    switch (letter) {
    case 's':
    case 'l':
    case 'o':
        put_sender(out, letter, spf->request);
        break;
    case 'd':
        smail__buf_puts(out, domain);
        break;
    case 'i':
        put_dotted(out, &spf->ip);
        break;
    case 'p':
        return put_validated(out, spf, domain);
    case 'v':
        smail__buf_puts(out, spf->ip.is_ipv6 ? "ip6" : "in-addr");
        break;
    case 'h':
        smail__buf_puts(out, or_unknown(spf->request->helo));
        break;
    case 'c':
        smail__ip_text(text, &spf->ip);
        smail__buf_puts(out, text);
        break;
    case 'r':
        smail__buf_puts(out, or_unknown(spf->request->receiver));
        break;
    default: /* t */
        smail__buf_printf(out, "%" PRId64, spf->request->now);
        break;
    }
    return SMAIL__SPF_YES;
}

/* --- Their parts ---------------------------------------------------------- */

static void put_text(struct smail__buf *out, smail_span text, bool escapes)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];

        /* RFC 3986, 2.3: unreserved. */
        if (!escapes || smail__is_alnum(byte) || byte == '-' || byte == '.' ||
            byte == '_' || byte == '~')
            smail__buf_putc(out, byte);
        else
            smail__buf_printf(out, "%%%c%c", digits[(unsigned char)byte >> 4],
                              digits[(unsigned char)byte & 15]);
    }
}

static size_t part(smail_span parts[PARTS_MAX], smail_span text,
                   smail_span delimiters)
{
    size_t count = 0;

    while (count < PARTS_MAX) {
        size_t len = 0;

        while (len < text.len &&
               smail__span_find(delimiters, text.data[len]) == delimiters.len)
            len++;
        parts[count++] = smail__span_slice(text, 0, len);
        if (len == text.len)
            break;
        text = smail__span_from(text, len + 1);
    }
    return count;
}

static void put_parts(struct smail__buf *out, smail_span value,
                      const struct macro *macro)
{
    smail_span parts[PARTS_MAX];
    size_t count = part(parts, value, macro->delimiters);
    size_t keep =
        macro->keep < count && macro->keep > 0 ? (size_t)macro->keep : count;

    for (size_t i = count - keep; i < count; i++) {
        size_t at = macro->reverses ? count - 1 - i : i;

        if (i > count - keep)
            smail__buf_putc(out, '.');
        put_text(out, parts[at], macro->escapes);
    }
}

static enum smail__spf_step put_macro(struct smail__buf *out, smail_span text,
                                      struct smail__spf *spf,
                                      const char *domain)
{
    enum smail__spf_step step;
    struct smail__buf value;
    struct macro macro;

    read_macro(&macro, text);
    smail__buf_init(&value, EXPANDED_MAX, NULL);
    step = put_value(&value, macro.letter, spf, domain);
    if (step == SMAIL__SPF_YES && smail__buf_error(&value) == 0)
        put_parts(out, smail__buf_span(&value), &macro);
    else if (step == SMAIL__SPF_YES)
        step = SMAIL__SPF_NO;
    smail__buf_dispose(&value);
    return step;
}

/* One piece from the front of `text`, which is well formed. */
static enum smail__spf_step put_piece(struct smail__buf *out, smail_span *text,
                                      struct smail__spf *spf,
                                      const char *domain)
{
    enum smail__spf_step step = SMAIL__SPF_YES;
    size_t len = 2;

    if (text->data[0] != '%') {
        len = smail__span_find(*text, '%');
        smail__buf_append(out, smail__span_slice(*text, 0, len));
    } else if (text->data[1] == '{') {
        len = smail__span_find(*text, '}') + 1;
        step =
            put_macro(out, smail__span_slice(*text, 2, len - 3), spf, domain);
    } else {
        smail__buf_puts(out, text->data[1] == '_'   ? " "
                             : text->data[1] == '-' ? "%20"
                                                    : "%");
    }
    *text = smail__span_from(*text, len);
    return step;
}

enum smail__spf_step smail__spf_expand(char *out, size_t room,
                                       struct smail__spf *spf,
                                       const char *domain, smail_span text)
{
    enum smail__spf_step step = SMAIL__SPF_YES;
    struct smail__buf buf;

    smail__buf_init(&buf, room - 1, NULL);
    while (text.len > 0 && step == SMAIL__SPF_YES)
        step = put_piece(&buf, &text, spf, domain);
    if (step == SMAIL__SPF_YES && smail__buf_error(&buf) != 0)
        step = SMAIL__SPF_NO;
    if (step == SMAIL__SPF_YES)
        smail__format(out, room, "%.*s",
                      SMAIL__SPAN_ARG(smail__buf_span(&buf)));
    smail__buf_dispose(&buf);
    return step;
}

enum smail__spf_step smail__spf_target(char out[SMAIL__DNS_NAME_ROOM],
                                       struct smail__spf *spf,
                                       const char *domain, smail_span text)
{
    char name[EXPANDED_MAX];
    enum smail__spf_step step = SMAIL__SPF_YES;
    smail_span rest = smail__span(domain);

    if (text.len > 0) {
        step = smail__spf_expand(name, sizeof(name), spf, domain, text);
        if (step != SMAIL__SPF_YES)
            return step;
        rest = smail__span(name);
    }
    if (rest.len > 0 && rest.data[rest.len - 1] == '.')
        rest.len--;
    while (rest.len > NAME_MAX)
        (void)smail__span_cut(&rest, '.');
    smail__format(out, SMAIL__DNS_NAME_ROOM, "%.*s", SMAIL__SPAN_ARG(rest));
    return SMAIL__SPF_YES;
}
