/* SPDX-License-Identifier: MIT */
/*
 * message/compose_part.c - bodies of a message that is being made: text as
 * 7bit or quoted-printable, octets as base64 (RFC 2045, 6), parts between
 * boundaries (RFC 2046, 5.1.1).
 */
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/span.h"
#include "message/compose.h"

/* Lines of text that are sent as they are. */
#define PLAIN_LINE_MAX 900

/* RFC 2045, 6.7: a line has at most 76 characters. */
#define QUOTED_LINE_MAX 75

/* 57 octets make a line of 76 digits. */
#define LINE_OCTETS 57
#define CHUNK_LINES 128

/* Text of one chunk that is written at once. */
#define TEXT_CHUNK 4096

struct writing {
    int (*write)(void *user, smail_span bytes, smail_error *err);
    void *user;
    smail_error *err;
    struct smail__buf line;
};

static int put(struct writing *writing, smail_span bytes)
{
    return bytes.len == 0 ? 0
                          : writing->write(writing->user, bytes, writing->err);
}

static int puts_to(struct writing *writing, const char *text)
{
    return put(writing, smail__span(text));
}

static int flush(struct writing *writing)
{
    int code = smail__buf_error(&writing->line);

    if (code < 0)
        return smail__fail(writing->err, code, "out of memory");
    code = put(writing, smail__buf_span(&writing->line));
    smail__buf_clear(&writing->line);
    return code;
}

/* --- Text ---------------------------------------------------------------- */

static bool is_plain(smail_span text)
{
    size_t line = 0;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte == '\n' || byte == '\r')
            line = 0;
        else if ((byte < ' ' && byte != '\t') || byte >= 0x7f ||
                 ++line > PLAIN_LINE_MAX)
            return false;
    }
    return true;
}

/* Length of a line end at the front: CRLF, LF or CR. */
static size_t line_end(smail_span text)
{
    if (text.len > 1 && text.data[0] == '\r' && text.data[1] == '\n')
        return 2;
    return text.len > 0 && (text.data[0] == '\n' || text.data[0] == '\r');
}

static int put_plain(struct writing *writing, smail_span text)
{
    int code = 0;

    while (code == 0 && text.len > 0) {
        size_t end = line_end(text);

        if (end > 0)
            smail__buf_puts(&writing->line, "\r\n");
        else
            smail__buf_putc(&writing->line, text.data[0]);
        text = smail__span_from(text, end > 0 ? end : 1);
        if (writing->line.len >= TEXT_CHUNK)
            code = flush(writing);
    }
    return code == 0 ? flush(writing) : code;
}

/* What does not stand for itself: also white space before a line's end, and
 * the "From " that some programs would escape (RFC 2049, 3). */
static bool is_quoted(smail_span text, size_t column)
{
    char byte = text.data[0];

    if (byte == ' ' || byte == '\t')
        return text.len == 1 || line_end(smail__span_from(text, 1)) > 0;
    if (column == 0 &&
        (byte == '.' || smail__span_is(smail__span_slice(text, 0, 5), "From ")))
        return true;
    return byte < ' ' || byte >= 0x7f || byte == '=';
}

static int put_quoted(struct writing *writing, smail_span text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t column = 0;
    int code = 0;

    while (code == 0 && text.len > 0) {
        size_t end = line_end(text);
        bool quoted = end == 0 && is_quoted(text, column);
        size_t width = quoted ? 3 : 1;

        if (end == 0 && column + width > QUOTED_LINE_MAX) {
            smail__buf_puts(&writing->line, "=\r\n");
            column = 0;
            continue; /* it stands at a line's begin now */
        }
        if (end > 0) {
            smail__buf_puts(&writing->line, "\r\n");
            column = 0;
        } else if (quoted) {
            unsigned char byte = (unsigned char)text.data[0];

            smail__buf_putc(&writing->line, '=');
            smail__buf_putc(&writing->line, digits[byte >> 4]);
            smail__buf_putc(&writing->line, digits[byte & 15]);
            column += width;
        } else {
            smail__buf_putc(&writing->line, text.data[0]);
            column += width;
        }
        text = smail__span_from(text, end > 0 ? end : 1);
        if (writing->line.len >= TEXT_CHUNK)
            code = flush(writing);
    }
    return code == 0 ? flush(writing) : code;
}

static int write_text(struct writing *writing,
                      const struct smail__compose_part *part)
{
    bool plain = is_plain(part->text);
    int code =
        puts_to(writing, plain ? "Content-Transfer-Encoding: 7bit\r\n\r\n"
                               : "Content-Transfer-Encoding: "
                                 "quoted-printable\r\n\r\n");

    if (code == 0)
        code = plain ? put_plain(writing, part->text)
                     : put_quoted(writing, part->text);
    return code;
}

/* --- Octets -------------------------------------------------------------- */

static int write_base64(struct writing *writing,
                        const struct smail__compose_part *part)
{
    char octets[LINE_OCTETS * CHUNK_LINES];
    uint64_t offset = 0;
    int64_t got;
    int code = puts_to(writing, "Content-Transfer-Encoding: base64\r\n\r\n");

    while (code == 0 && (got = part->read(octets, part->source, offset,
                                          sizeof(octets), writing->err)) != 0) {
        smail_span left = { octets, (size_t)got };

        if (got < 0)
            return (int)got;
        offset += (uint64_t)got;
        while (left.len > 0) {
            smail__base64_encode(&writing->line,
                                 smail__span_slice(left, 0, LINE_OCTETS));
            smail__buf_puts(&writing->line, "\r\n");
            left = smail__span_from(left, LINE_OCTETS);
        }
        code = flush(writing);
    }
    return code;
}

/* Bytes as they stand, their lines ended by CRLF: a message inside is text to
 * those who carry it. */
static int write_as_is(struct writing *writing,
                       const struct smail__compose_part *part)
{
    char octets[LINE_OCTETS * CHUNK_LINES];
    uint64_t offset = 0;
    int64_t got;
    char before = '\0';
    int code = puts_to(writing, "Content-Transfer-Encoding: 8bit\r\n\r\n");

    while (code == 0 && (got = part->read(octets, part->source, offset,
                                          sizeof(octets), writing->err)) != 0) {
        if (got < 0)
            return (int)got;
        offset += (uint64_t)got;
        for (int64_t i = 0; i < got; i++) {
            if (octets[i] == '\n' && before != '\r')
                smail__buf_putc(&writing->line, '\r');
            smail__buf_putc(&writing->line, octets[i]);
            before = octets[i];
        }
        code = flush(writing);
    }
    return code;
}

/* --- Parts --------------------------------------------------------------- */

void smail__compose_boundary(struct smail__compose_part *part,
                             smail_span random)
{
    char hex[2 * 16 + 1];

    smail__hex_encode(hex, random.data, 16);
    smail__format(part->boundary, sizeof(part->boundary), "=_%s", hex);
}

static int write_part(struct writing *writing,
                      struct smail__compose_part *part);

static int write_parts(struct writing *writing,
                       struct smail__compose_part *part)
{
    int code = puts_to(writing, "\r\n");

    for (struct smail__compose_part *at = part->first; code == 0 && at != NULL;
         at = at->next) {
        smail__buf_printf(&writing->line, "%s--%s\r\n",
                          at == part->first ? "" : "\r\n", part->boundary);
        code = flush(writing);
        if (code == 0)
            code = write_part(writing, at);
    }
    smail__buf_printf(&writing->line, "\r\n--%s--\r\n", part->boundary);
    return code == 0 ? flush(writing) : code;
}

static int write_part(struct writing *writing, struct smail__compose_part *part)
{
    int code = smail__buf_error(&part->header);

    if (code < 0)
        return smail__fail(writing->err, code, "a header is too long");
    code = put(writing, smail__buf_span(&part->header));
    if (code != 0)
        return code;
    switch (part->kind) {
    case SMAIL__COMPOSE_MULTIPART:
        return write_parts(writing, part);
    case SMAIL__COMPOSE_TEXT:
        return write_text(writing, part);
    case SMAIL__COMPOSE_BASE64:
        return write_base64(writing, part);
    default:
        return write_as_is(writing, part);
    }
}

int smail__compose_write(struct smail__compose_part *part,
                         int (*write)(void *user, smail_span bytes,
                                      smail_error *err),
                         void *user, smail_error *err)
{
    struct writing writing = { .write = write, .user = user, .err = err };
    int code;

    smail__buf_init(&writing.line, (size_t)64 * 1024, NULL);
    code = write_part(&writing, part);
    smail__buf_dispose(&writing.line);
    return code;
}
