/* SPDX-License-Identifier: MIT */
/*
 * verify/dkim_sign.c - see verify/dkim_sign.h.
 *
 * The header is kept until the end, the body is hashed as it passes. In the
 * body, white space at the end of a line, and empty lines at the end of all,
 * count only once something comes behind them (RFC 6376, 3.4.4).
 */
#include "verify/dkim_sign.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/digest.h"

#define CHUNK 4096
#define FIELDS_MAX 500

struct smail__dkim_signer {
    struct smail__buf header;
    bool in_body, failed;
    unsigned tail; /* of CR LF CR LF, seen so far */

    struct smail__sha256 *body;
    unsigned char body_hash[SMAIL__SHA256_LEN];
    char chunk[CHUNK];
    size_t len;
    uint64_t empty_lines;
    bool has_space, has_text, after_cr; /* of the line */
};

/* What is signed where it is there (RFC 6376, 5.4.1). */
static const char *const signed_fields[] = {
    "From",
    "Sender",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "To",
    "Cc",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
};

int smail__dkim_signer_new(struct smail__dkim_signer **out)
{
    struct smail__dkim_signer *signer = calloc(1, sizeof(*signer));

    if (signer == NULL)
        return SMAIL_ENOMEM;
    smail__buf_init(&signer->header, SMAIL__DKIM_HEADER_MAX, NULL);
    signer->body = smail__sha256_new();
    if (signer->body == NULL) {
        free(signer);
        return SMAIL_ENOMEM;
    }
    *out = signer;
    return 0;
}

void smail__dkim_signer_free(struct smail__dkim_signer *signer)
{
    if (signer == NULL)
        return;
    smail__buf_dispose(&signer->header);
    smail__sha256_free(signer->body);
    free(signer);
}

/* --- The body ------------------------------------------------------------ */

static void flush(struct smail__dkim_signer *signer)
{
    smail__sha256_update(signer->body,
                         (smail_span){ signer->chunk, signer->len });
    signer->len = 0;
}

static void put(struct smail__dkim_signer *signer, char byte)
{
    if (signer->len == CHUNK)
        flush(signer);
    signer->chunk[signer->len++] = byte;
}

static void put_line_end(struct smail__dkim_signer *signer)
{
    put(signer, '\r');
    put(signer, '\n');
}

/* Text without white space and line ends. */
static void put_text(struct smail__dkim_signer *signer, smail_span text)
{
    for (; signer->empty_lines > 0; signer->empty_lines--)
        put_line_end(signer);
    if (signer->has_space)
        put(signer, ' ');
    signer->has_space = false;
    signer->has_text = true;
    while (text.len > 0) {
        size_t room = CHUNK - signer->len;
        size_t len = text.len < room ? text.len : room;

        memcpy(signer->chunk + signer->len, text.data, len);
        signer->len += len;
        text = smail__span_from(text, len);
        if (signer->len == CHUNK)
            flush(signer);
    }
}

static void end_line(struct smail__dkim_signer *signer)
{
    if (signer->has_text)
        put_line_end(signer);
    else
        signer->empty_lines++;
    signer->has_text = false;
    signer->has_space = false;
}

static bool is_text(char byte)
{
    return byte != ' ' && byte != '\t' && byte != '\r' && byte != '\n';
}

/* How much of the piece was dealt with. */
static size_t body_part(struct smail__dkim_signer *signer, smail_span piece)
{
    bool was_cr = signer->after_cr;
    size_t len = 0;

    signer->after_cr = piece.data[0] == '\r';
    if (piece.data[0] == '\n' && was_cr) {
        end_line(signer);
        return 1;
    }
    if (was_cr)
        put_text(signer, SMAIL__SPAN("\r")); /* alone: as it is */
    while (len < piece.len && is_text(piece.data[len]))
        len++;
    if (len == 0 && piece.data[0] == '\n')
        len = 1; /* alone, too */
    if (len > 0)
        put_text(signer, smail__span_slice(piece, 0, len));
    else if (!signer->after_cr)
        signer->has_space = true;
    return len > 0 ? len : 1;
}

static void end_body(struct smail__dkim_signer *signer)
{
    if (signer->after_cr)
        put_text(signer, SMAIL__SPAN("\r"));
    if (signer->has_text)
        put_line_end(signer); /* RFC 6376, 3.4.4: a last line gets its end */
    flush(signer);
    smail__sha256_finish(signer->body_hash, signer->body);
    signer->body = NULL;
}

/* --- The header ---------------------------------------------------------- */

/* How much of `piece` still belongs to it, the empty line included. */
static size_t header_part(struct smail__dkim_signer *signer, smail_span piece)
{
    static const char end[] = "\r\n\r\n";

    for (size_t i = 0; i < piece.len; i++) {
        char byte = piece.data[i];

        if (byte == end[signer->tail])
            signer->tail++;
        else
            signer->tail = byte == '\r';
        if (signer->tail == 4) {
            signer->in_body = true;
            return i + 1;
        }
    }
    return piece.len;
}

void smail__dkim_signer_feed(struct smail__dkim_signer *signer,
                             smail_span piece)
{
    if (!signer->in_body) {
        size_t part = header_part(signer, piece);

        smail__buf_append(&signer->header, smail__span_slice(piece, 0, part));
        piece = smail__span_from(piece, part);
    }
    while (piece.len > 0)
        piece = smail__span_from(piece, body_part(signer, piece));
}

smail_span smail__dkim_signer_header(const struct smail__dkim_signer *signer)
{
    return smail__buf_span(&signer->header);
}

/* One field, from its name to its last line end. */
struct field {
    smail_span name, value;
    bool used;
};

struct fields {
    struct field list[FIELDS_MAX];
    size_t count;
};

/* A line that begins with white space goes on with the one before. */
static size_t field_length(smail_span text)
{
    size_t at = 0;

    while (at < text.len) {
        size_t end = at;

        while (end < text.len && text.data[end] != '\n')
            end++;
        at = end < text.len ? end + 1 : end;
        if (at == text.len || (text.data[at] != ' ' && text.data[at] != '\t'))
            break;
    }
    return at;
}

static void read_fields(struct fields *out, smail_span header)
{
    out->count = 0;
    while (header.len > 0 && out->count < FIELDS_MAX) {
        size_t len = field_length(header);
        smail_span field = smail__span_slice(header, 0, len);
        struct field *one = &out->list[out->count];

        header = smail__span_from(header, len);
        if (smail__span_find(field, ':') == field.len)
            continue;
        one->name = smail__span_trim(smail__span_cut(&field, ':'));
        one->value = field;
        one->used = false;
        out->count++;
    }
}

/* RFC 6376, 3.4.2; without the line end. */
static void relax_field(struct smail__buf *out, smail_span name,
                        smail_span value)
{
    bool space = false, any = false;

    for (size_t i = 0; i < name.len; i++)
        smail__buf_putc(out, smail__lower(name.data[i]));
    smail__buf_putc(out, ':');
    for (size_t i = 0; i < value.len; i++) {
        char byte = value.data[i];

        if (byte == '\r' || byte == '\n')
            continue;
        if (byte == ' ' || byte == '\t') {
            space = true;
            continue;
        }
        if (space && any)
            smail__buf_putc(out, ' ');
        space = false;
        any = true;
        smail__buf_putc(out, byte);
    }
}

/* The last one of that name that is not signed yet (RFC 6376, 5.4.2). */
static struct field *last_unused(struct fields *fields, const char *name)
{
    for (size_t i = fields->count; i > 0; i--)
        if (!fields->list[i - 1].used &&
            smail__span_iis(fields->list[i - 1].name, name))
            return &fields->list[i - 1];
    return NULL;
}

static void put_name(struct smail__buf *names, size_t *column, const char *name)
{
    if (names->len > 0) {
        smail__buf_putc(names, ':');
        ++*column;
    }
    if (*column + strlen(name) > 70) {
        smail__buf_puts(names, "\r\n\t");
        *column = 8;
    }
    smail__buf_puts(names, name);
    *column += strlen(name);
}

/* Names of all that is signed, and its text. From is named once more than it
 * occurs, so that nobody adds another one (RFC 6376, 5.4). */
static void collect(struct smail__buf *names, struct smail__buf *text,
                    struct fields *fields)
{
    size_t column = 10;

    for (size_t i = 0; i < sizeof(signed_fields) / sizeof(signed_fields[0]);
         i++) {
        struct field *field;

        while ((field = last_unused(fields, signed_fields[i])) != NULL) {
            field->used = true;
            put_name(names, &column, signed_fields[i]);
            relax_field(text, field->name, field->value);
            smail__buf_puts(text, "\r\n");
        }
        if (i == 0)
            put_name(names, &column, signed_fields[i]);
    }
}

/* --- A signature --------------------------------------------------------- */

static void put_folded(struct smail__buf *out, smail_span text, size_t column)
{
    while (text.len > 0) {
        size_t room = 74 - column;
        size_t len = text.len < room ? text.len : room;

        smail__buf_append(out, smail__span_slice(text, 0, len));
        text = smail__span_from(text, len);
        if (text.len > 0)
            smail__buf_puts(out, "\r\n\t");
        column = 8;
    }
}

/* All of the field but the signature itself. */
static void put_tags(struct smail__buf *out,
                     const struct smail__dkim_signer *signer,
                     const struct smail__dkim_key *key, smail_span names,
                     int64_t now)
{
    smail__buf_printf(
        out, " v=1; a=%s; c=relaxed/relaxed;\r\n\td=%.*s; s=%.*s;\r\n",
        key->algorithm == SMAIL__SIGN_RSA ? "rsa-sha256" : "ed25519-sha256",
        SMAIL__SPAN_ARG(key->domain), SMAIL__SPAN_ARG(key->selector));
    smail__buf_printf(out, "\tt=%lld; x=%lld;\r\n\th=", (long long)now,
                      (long long)(now + SMAIL__DKIM_SECONDS));
    smail__buf_append(out, names);
    smail__buf_puts(out, ";\r\n\tbh=");
    smail__base64_encode(out, (smail_span){ (const char *)signer->body_hash,
                                            SMAIL__SHA256_LEN });
    smail__buf_puts(out, ";\r\n\tb=");
}

static int sign_one(struct smail__buf *out,
                    const struct smail__dkim_signer *signer,
                    const struct smail__dkim_key *key, smail_span names,
                    smail_span text, int64_t now, smail_error *err)
{
    unsigned char digest[SMAIL__SHA256_LEN], signature[SMAIL__SIGNATURE_MAX];
    struct smail__buf tags, input, base64;
    size_t len = 0;
    int code;

    smail__buf_init(&tags, SMAIL__DKIM_HEADER_MAX, NULL);
    smail__buf_init(&input, 2 * SMAIL__DKIM_HEADER_MAX, NULL);
    smail__buf_init(&base64, 2048, NULL);
    put_tags(&tags, signer, key, names, now);
    smail__buf_append(&input, text);
    relax_field(&input, SMAIL__SPAN("DKIM-Signature"), smail__buf_span(&tags));
    smail__sha256(digest, smail__buf_span(&input));
    code = smail__buf_error(&input) != 0 ? SMAIL_ENOMEM : 0;
    if (code == 0)
        code = smail__sign_digest(
            signature, &len, key->algorithm, key->key,
            (smail_span){ (const char *)digest, sizeof(digest) }, key->cache,
            err);
    if (code == 0) {
        smail__base64_encode(&base64,
                             (smail_span){ (const char *)signature, len });
        smail__buf_puts(out, "DKIM-Signature:");
        smail__buf_append(out, smail__buf_span(&tags));
        put_folded(out, smail__buf_span(&base64), 10);
        smail__buf_puts(out, "\r\n");
        code = smail__buf_error(out);
    }
    smail__buf_dispose(&tags);
    smail__buf_dispose(&input);
    smail__buf_dispose(&base64);
    return code;
}

int smail__dkim_signer_sign(struct smail__buf *out,
                            struct smail__dkim_signer *signer,
                            const struct smail__dkim_key *keys, size_t count,
                            int64_t now, smail_error *err)
{
    struct fields *fields;
    struct smail__buf names, text;
    int code = smail__buf_error(&signer->header);

    if (code != 0 || signer->body == NULL)
        return smail__fail(err, code != 0 ? SMAIL_ELIMIT : SMAIL_ESTATE,
                           "the header is too long to be signed");
    fields = malloc(sizeof(*fields));
    if (fields == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    end_body(signer);
    smail__buf_init(&names, 16384, NULL);
    smail__buf_init(&text, 2 * SMAIL__DKIM_HEADER_MAX, NULL);
    read_fields(fields, smail__buf_span(&signer->header));
    collect(&names, &text, fields);
    if (smail__buf_error(&names) != 0 || smail__buf_error(&text) != 0)
        code = smail__fail(err, SMAIL_ELIMIT, "too many fields to be signed");
    for (size_t i = 0; code == 0 && i < count; i++)
        code = sign_one(out, signer, &keys[i], smail__buf_span(&names),
                        smail__buf_span(&text), now, err);
    smail__buf_dispose(&names);
    smail__buf_dispose(&text);
    free(fields);
    return code;
}
