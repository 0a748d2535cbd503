/* SPDX-License-Identifier: MIT */
/*
 * message/parse.c - from bytes to parts. The structure is our own scan
 * (structure.c); what the parts say of themselves is read here.
 */
#include "message/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/charset.h"
#include "message/decode.h"
#include "message/header.h"
#include "message/parameter.h"
#include "message/word.h"

/* All strings of all parts: a name, a type and so on each. */
#define STRINGS_MAX (64 * 1024 * 1024)

/* One string of a part; longer ones are cut. */
#define STRING_MAX 8192

/* A decoded part cannot be larger than a message is. */
#define DECODED_MAX ((size_t)1 << 40)

static int no_memory(smail_error *err)
{
    return smail__fail(err, SMAIL_ENOMEM, "out of memory");
}

smail_span smail__message_header_of(const smail_message *message, size_t part)
{
    const struct smail__place *place = &message->structure.places[part];

    return smail__span_slice(message->raw, place->header,
                             place->body - place->header);
}

smail_span smail__message_body_of(const smail_message *message, size_t part)
{
    const struct smail__place *place = &message->structure.places[part];

    return smail__span_slice(message->raw, place->body,
                             place->end - place->body);
}

/*
 * Strings are kept as offsets while the buffer grows, one more than the place,
 * so that NULL stays "not there"; fix_strings() turns them into pointers.
 */
static const char *keep(smail_message *message, smail_span text)
{
    size_t at = message->strings.len;

    text = smail__span_slice(text, 0, smail__span_find(text, '\0'));
    smail__utf8_scrub(&message->strings, smail__utf8_clip(text, STRING_MAX));
    smail__buf_putc(&message->strings, '\0');
    return (const char *)(at + 1);
}

static const char *keep_lower(smail_message *message, smail_span text)
{
    const char *kept = keep(message, text);

    if (smail__buf_error(&message->strings) == 0)
        for (size_t i = (size_t)kept - 1; message->strings.data[i] != '\0'; i++)
            message->strings.data[i] = smail__lower(message->strings.data[i]);
    return kept;
}

static const char *keep_parameter(smail_message *message, smail_span field,
                                  const char *name, bool lower)
{
    struct smail__buf value;
    const char *kept = NULL;

    smail__buf_init(&value, STRING_MAX * 4, NULL);
    if (smail__parameter_find(&value, field, name)) {
        smail_span text = smail__span_trim(smail__buf_span(&value));

        if (lower) /* a token: comments and the like are not part of it */
            text = smail__parameter_value(text);
        if (text.len > 0)
            kept = lower ? keep_lower(message, text) : keep(message, text);
    }
    smail__buf_dispose(&value);
    return kept;
}

static const char *keep_text(smail_message *message, smail_span header,
                             const char *name)
{
    struct smail__buf value;
    smail_span field;
    const char *kept = NULL;

    if (!smail__header_find(&field, header, name, 0))
        return NULL;
    smail__buf_init(&value, STRING_MAX * 4, NULL);
    smail__words_display(&value, field);
    if (value.len > 0)
        kept = keep(message, smail__buf_span(&value));
    smail__buf_dispose(&value);
    return kept;
}

/* type/subtype with nothing odd in it; else what a broken one stands for. */
static bool is_type(smail_span type)
{
    size_t slash = smail__span_find(type, '/');

    if (slash == 0 || slash + 1 >= type.len)
        return false;
    for (size_t i = 0; i < type.len; i++)
        if (type.data[i] <= ' ' || type.data[i] >= 0x7f ||
            strchr("()<>@,;:\\\"[]?=", type.data[i]) != NULL ||
            (type.data[i] == '/' && i != slash))
            return false;
    return true;
}

/* RFC 2046, 5.1.5: in a digest, a part without a type is a message. */
static smail_span default_type(const smail_message *message, size_t index)
{
    int parent = message->structure.places[index].parent;
    const char *around = parent >= 0 ? message->parts[parent].type : NULL;

    if (around != NULL && strcmp(message->strings.data + (size_t)around - 1,
                                 "multipart/digest") == 0)
        return SMAIL__SPAN("message/rfc822");
    return SMAIL__SPAN("text/plain");
}

static void read_type(smail_part *part, smail_message *message, size_t index,
                      smail_span header)
{
    smail_span field = { NULL, 0 };
    smail_span type = default_type(message, index);

    if (smail__header_find(&field, header, "Content-Type", 0)) {
        smail_span value = smail__parameter_value(field);

        if (is_type(value))
            type = value;
        else if (smail__span_iis(value, "text"))
            type = SMAIL__SPAN("text/plain");
        else if (value.len > 0 && smail__span_find(value, '/') < value.len)
            type = SMAIL__SPAN("application/octet-stream");
    }
    /* A multipart that no boundary opens is just bytes. */
    if (smail__span_istarts(type, "multipart/") &&
        !message->structure.places[index].multipart)
        type = SMAIL__SPAN("text/plain");
    part->type = keep_lower(message, type);
    part->is_message = smail__span_iis(type, "message/rfc822") ||
                       smail__span_iis(type, "message/global");
    if (field.data != NULL) {
        part->charset = keep_parameter(message, field, "charset", true);
        part->name = keep_parameter(message, field, "name", false);
    }
}

static void read_disposition(smail_part *part, smail_message *message,
                             smail_span header)
{
    smail_span field;
    const char *name;

    if (!smail__header_find(&field, header, "Content-Disposition", 0))
        return;
    smail_span value = smail__parameter_value(field);

    if (value.len > 0)
        part->disposition = keep_lower(message, value);
    name = keep_parameter(message, field, "filename", false);
    if (name != NULL)
        part->name = name;
}

static void read_id(smail_part *part, smail_message *message, smail_span header)
{
    smail_span field;

    if (!smail__header_find(&field, header, "Content-ID", 0))
        return;
    field = smail__span_trim(field);
    if (field.len >= 2 && field.data[0] == '<' &&
        field.data[field.len - 1] == '>')
        field = smail__span_slice(field, 1, field.len - 2);
    if (field.len > 0)
        part->id = keep(message, field);
}

static void read_part(smail_message *message, size_t index)
{
    const struct smail__place *place = &message->structure.places[index];
    smail_part *part = &message->parts[index];
    smail_span header = smail__message_header_of(message, index);
    smail_span field;

    *part = (smail_part){
        .parent = place->parent,
        .depth = place->depth,
        .is_multipart = place->multipart,
        .offset_header = place->header,
        .offset_body = place->body,
        .offset_end = place->end,
    };
    read_type(part, message, index, header);
    read_disposition(part, message, header);
    read_id(part, message, header);
    if (smail__header_find(&field, header, "Content-Transfer-Encoding", 0))
        part->encoding = keep_lower(message, smail__parameter_value(field));
    part->description = keep_text(message, header, "Content-Description");
    part->language = keep_text(message, header, "Content-Language");
    part->location = keep_text(message, header, "Content-Location");
}

static void fix(const smail_message *message, const char **string)
{
    if (*string != NULL)
        *string = message->strings.data + (size_t)*string - 1;
}

static void fix_strings(smail_message *message)
{
    for (size_t i = 0; i < message->structure.count; i++) {
        smail_part *part = &message->parts[i];

        fix(message, &part->type);
        fix(message, &part->charset);
        fix(message, &part->encoding);
        fix(message, &part->disposition);
        fix(message, &part->name);
        fix(message, &part->id);
        fix(message, &part->description);
        fix(message, &part->language);
        fix(message, &part->location);
    }
}

static void note_defects(smail_message *message)
{
    const struct smail__place *whole = &message->structure.places[0];

    message->defects = message->structure.defects;
    if (whole->body == message->raw.len && whole->body > whole->header &&
        message->raw.data[whole->body - 1] != '\n')
        message->defects |= SMAIL_DEFECT_NO_BODY;
}

static int parse(smail_message **out, smail_span raw, char *owned, int nesting,
                 smail_error *err)
{
    smail_message *message = calloc(1, sizeof(*message));

    if (message == NULL) {
        free(owned);
        return no_memory(err);
    }
    message->raw = raw;
    message->owned = owned;
    message->nesting = nesting;
    smail__buf_init(&message->strings, STRINGS_MAX, NULL);
    int rc = smail__structure_read(&message->structure, raw);

    if (rc == 0) {
        message->parts =
            calloc(message->structure.count, sizeof(*message->parts));
        if (message->parts == NULL)
            rc = SMAIL_ENOMEM;
    }
    for (size_t i = 0; rc == 0 && i < message->structure.count; i++) {
        read_part(message, i);
        rc = smail__buf_error(&message->strings);
    }
    if (rc == 0) {
        fix_strings(message);
        note_defects(message);
        rc = smail__body_lists(message);
    }
    if (rc != 0) {
        smail_message_free(message);
        return no_memory(err);
    }
    *out = message;
    return 0;
}

int smail_message_parse(smail_message **out, smail_span raw, smail_error *err)
{
    return parse(out, raw, NULL, 0, err);
}

void smail_message_free(smail_message *message)
{
    if (message == NULL)
        return;
    for (size_t i = 0; i < 3; i++)
        free(message->lists[i]);
    smail__buf_dispose(&message->strings);
    smail__structure_dispose(&message->structure);
    free(message->parts);
    free(message->owned);
    free(message);
}

size_t smail_message_part_count(const smail_message *message)
{
    return message->structure.count;
}

const smail_part *smail_message_part(const smail_message *message, size_t index)
{
    return index < message->structure.count ? &message->parts[index] : NULL;
}

unsigned smail_message_defects(const smail_message *message)
{
    return message->defects;
}

const size_t *smail_message_body(size_t *count, const smail_message *message,
                                 smail_body_list list)
{
    *count = message->list_counts[list];
    return message->lists[list];
}

/* Of the encoded part, `max` octets at most are looked at. */
static void decode(struct smail__buf *out, const smail_message *message,
                   size_t index, size_t max)
{
    const smail_part *part = &message->parts[index];

    /* RFC 2045, 6.4: a multipart has no encoding, whatever it says. */
    smail__decode(
        out,
        part->is_multipart ? SMAIL__ENCODING_NONE
                           : smail__encoding_named(smail__span(part->encoding)),
        smail__span_slice(smail__message_body_of(message, index), 0, max));
}

static int check_index(const smail_message *message, size_t index,
                       smail_error *err)
{
    return index < message->structure.count
               ? 0
               : smail__fail(err, SMAIL_EINVAL, "there is no such part");
}

int smail_message_decode(smail_buf *out, const smail_message *message,
                         size_t index, smail_error *err)
{
    struct smail__buf bytes;
    int rc = check_index(message, index, err);

    if (rc != 0)
        return rc;
    smail__buf_init(&bytes, DECODED_MAX, NULL);
    decode(&bytes, message, index, SIZE_MAX);
    rc = smail__buf_move(out, &bytes);
    smail__buf_dispose(&bytes);
    return rc != 0 ? no_memory(err) : 0;
}

/* CRLF to LF: what follows is text for people and programs here. */
static void put_lines(struct smail__buf *out, smail_span text)
{
    while (text.len > 0) {
        size_t cr = smail__span_find(text, '\r');
        bool ends = cr + 1 < text.len && text.data[cr + 1] == '\n';

        smail__buf_append(out, smail__span_slice(text, 0, cr + !ends));
        text = smail__span_from(text, cr + 1);
    }
}

int smail__message_front(smail_buf *out, const smail_message *message,
                         size_t index, size_t max, smail_error *err)
{
    struct smail__buf bytes;
    struct smail__buf utf8;
    struct smail__buf lines;
    int rc = check_index(message, index, err);

    if (rc != 0)
        return rc;
    smail__buf_init(&bytes, DECODED_MAX, NULL);
    smail__buf_init(&utf8, DECODED_MAX, NULL);
    smail__buf_init(&lines, DECODED_MAX, NULL);
    decode(&bytes, message, index, max);
    (void)smail__charset_to_utf8(&utf8,
                                 smail__span(message->parts[index].charset),
                                 smail__buf_span(&bytes));
    put_lines(&lines, smail__buf_span(&utf8));
    rc = smail__buf_error(&bytes);
    if (rc == 0)
        rc = smail__buf_error(&utf8);
    if (rc == 0)
        rc = smail__buf_move(out, &lines);
    smail__buf_dispose(&bytes);
    smail__buf_dispose(&utf8);
    smail__buf_dispose(&lines);
    return rc != 0 ? no_memory(err) : 0;
}

int smail_message_text(smail_buf *out, const smail_message *message,
                       size_t index, smail_error *err)
{
    return smail__message_front(out, message, index, SIZE_MAX, err);
}

int smail_message_embedded(smail_message **out, const smail_message *message,
                           size_t index, smail_error *err)
{
    smail_buf bytes = SMAIL_BUF_INIT;
    int rc = check_index(message, index, err);

    if (rc == 0 && !message->parts[index].is_message)
        return smail__fail(err, SMAIL_EINVAL, "part %zu is not a message",
                           index);
    if (rc == 0 && message->nesting + 1 >= SMAIL_MESSAGE_NESTING_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "messages are nested %d deep at most",
                           SMAIL_MESSAGE_NESTING_MAX);
    if (rc == 0)
        rc = smail_message_decode(&bytes, message, index, err);
    if (rc != 0)
        return rc;
    return parse(out, (smail_span){ bytes.data, bytes.len }, bytes.data,
                 message->nesting + 1, err);
}
