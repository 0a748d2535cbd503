/* SPDX-License-Identifier: MIT */
/* jmap/email_part.c - an EmailBodyPart of a message that is created (RFC 8621,
 * 4.6): its header, and where its content comes from. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "jmap/blob.h"
#include "jmap/email_make.h"

#define HEADER_MAX ((size_t)64 * 1024)
#define TYPE_MAX 127

/* Where boundaries differ: the seed and the number of the part. */
static void set_boundary(struct smail__jmap_make *make,
                         struct smail__compose_part *part)
{
    unsigned char digest[SMAIL__SHA256_LEN];
    unsigned char bytes[sizeof(make->seed) + 1];

    memcpy(bytes, make->seed, sizeof(make->seed));
    bytes[sizeof(make->seed)] = (unsigned char)make->part_count;
    smail__sha256(digest, (smail_span){ (const char *)bytes, sizeof(bytes) });
    smail__compose_boundary(
        part, (smail_span){ (const char *)digest, sizeof(digest) });
}

struct smail__compose_part *smail__jmap_make_new(struct smail__jmap_make *make,
                                                 smail_error *err)
{
    struct smail__jmap_made *made;

    if (make->part_count == SMAIL__JMAP_PARTS_MAX) {
        smail__fail(err, SMAIL_ELIMIT, "a message has at most %d parts",
                    SMAIL__JMAP_PARTS_MAX);
        return NULL;
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        smail__fail(err, SMAIL_ENOMEM, "out of memory");
        return NULL;
    }
    smail__buf_init(&made->part.header, HEADER_MAX, NULL);
    make->parts[make->part_count++] = made;
    set_boundary(make, &made->part);
    return &made->part;
}

struct smail__compose_part *smail__jmap_make_multipart(
    struct smail__jmap_make *make, const char *type, smail_error *err)
{
    struct smail__compose_part *part = smail__jmap_make_new(make, err);

    if (part == NULL)
        return NULL;
    part->kind = SMAIL__COMPOSE_MULTIPART;
    smail__compose_begin(&part->header, "Content-Type", smail__span(type));
    smail__compose_parameter(&part->header, "boundary",
                             smail__span(part->boundary));
    smail__buf_puts(&part->header, "\r\n");
    return part;
}

/* --- Properties ---------------------------------------------------------- */

struct part {
    struct smail__jmap_make *make;
    struct smail__compose_part *out;
    struct smail__jmap_fields fields; /* of this part */
    smail_span type, part_id, blob_id, name, disposition, charset;
    const struct smail__json_value *sub_parts;
    bool is_bad;
};

static bool is_token(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_alnum(text.data[i]) &&
            (text.data[i] == '\0' || strchr("!#$&-^_.+", text.data[i]) == NULL))
            return false;
    return text.len > 0 && text.len <= TYPE_MAX;
}

static bool is_type(smail_span text)
{
    smail_span sub = text;
    smail_span main = smail__span_cut(&sub, '/');

    return is_token(main) && is_token(sub);
}

static bool write_language(struct smail__buf *out,
                           const struct smail__json_value *list)
{
    size_t count = smail__json_count(list);

    if (smail__json_type(list) != SMAIL__JSON_ARRAY || count == 0 || count > 20)
        return false;
    smail__buf_puts(out, "Content-Language: ");
    for (size_t i = 0; i < count; i++) {
        smail_span tag = { NULL, 0 };

        (void)smail__json_as_text(&tag, smail__json_at(list, i));
        if (!is_token(tag))
            return false;
        smail__buf_printf(out, "%s%.*s", i > 0 ? ", " : "",
                          SMAIL__SPAN_ARG(tag));
    }
    smail__buf_puts(out, "\r\n");
    return true;
}

static bool write_cid(struct smail__buf *out, smail_span cid)
{
    struct smail__compose_ids ids;
    bool is_fine;

    smail__compose_ids_begin(&ids, out, "Content-ID");
    is_fine = smail__compose_ids_add(&ids, cid);
    smail__compose_ids_end(&ids);
    return is_fine;
}

/* "header:..." of a part: none that is written by itself. */
static bool write_header(struct part *part, smail_span key,
                         const struct smail__json_value *value)
{
    static const char *const own[] = {
        "Content-Type", "Content-Disposition", "Content-Transfer-Encoding",
        "Content-ID",   "Content-Language",    "Content-Location"
    };
    struct smail__jmap_header header;

    if (!smail__jmap_header_read(&header, key) ||
        smail__span_find(key, ':') == key.len)
        return false;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (smail__span_iis(header.name, own[i]))
            return false;
    for (size_t i = 0; i < part->make->fields.count; i++)
        if (smail__span_iis(header.name, part->make->fields.list[i]))
            return false;
    return smail__jmap_fields_add(&part->fields, header.name) &&
           smail__jmap_header_write(&part->out->header, &header, value);
}

static bool read_member(struct part *part, smail_span key,
                        const struct smail__json_value *value)
{
    struct smail__buf *header = &part->out->header;
    smail_span text = { NULL, 0 };
    bool is_text = smail__json_as_text(&text, value) == 0;
    static const struct {
        const char *name;
        size_t at;
    } texts[] = {
        { "type", offsetof(struct part, type) },
        { "partId", offsetof(struct part, part_id) },
        { "blobId", offsetof(struct part, blob_id) },
        { "name", offsetof(struct part, name) },
        { "disposition", offsetof(struct part, disposition) },
        { "charset", offsetof(struct part, charset) },
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!smail__span_is(key, texts[i].name))
            continue;
        memcpy((char *)part + texts[i].at, &text, sizeof(text));
        return is_text;
    }
    if (smail__span_is(key, "cid"))
        return is_text && write_cid(header, text);
    if (smail__span_is(key, "language"))
        return write_language(header, value);
    if (smail__span_is(key, "location"))
        return is_text && smail__compose_raw(header, "Content-Location", text);
    if (smail__span_is(key, "size"))
        return true; /* it is counted (RFC 8621, 4.6) */
    if (smail__span_is(key, "subParts")) {
        part->sub_parts = value;
        return smail__json_type(value) == SMAIL__JSON_ARRAY;
    }
    return write_header(part, key, value);
}

static int each_member(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct part *part = user;

    if (smail__json_type(value) == SMAIL__JSON_NULL)
        return 0;
    if (!read_member(part, key, value)) {
        smail__jmap_refuse_property(part->make->set, key.data);
        part->is_bad = true;
    }
    return 0;
}

static void write_type(struct part *part, smail_span type, bool is_text)
{
    struct smail__buf *out = &part->out->header;

    smail__compose_begin(out, "Content-Type", type);
    if (is_text)
        smail__compose_parameter(out, "charset", SMAIL__SPAN("utf-8"));
    else if (part->charset.len > 0)
        smail__compose_parameter(out, "charset", part->charset);
    if (part->name.len > 0)
        smail__compose_parameter(out, "name", part->name);
    if (part->out->kind == SMAIL__COMPOSE_MULTIPART)
        smail__compose_parameter(out, "boundary",
                                 smail__span(part->out->boundary));
    smail__buf_puts(out, "\r\n");
    if (part->disposition.len == 0 && part->name.len == 0)
        return;
    smail__compose_begin(out, "Content-Disposition",
                         part->disposition.len > 0 ? part->disposition
                                                   : SMAIL__SPAN("attachment"));
    if (part->name.len > 0)
        smail__compose_parameter(out, "filename", part->name);
    smail__buf_puts(out, "\r\n");
}

/* --- Content ------------------------------------------------------------- */

/* {"value": "..."} of bodyValues. */
static int take_value(struct part *part)
{
    struct smail__jmap_make *make = part->make;
    const struct smail__json_value *value =
        smail__json_get(make->values, part->part_id.data);
    bool problem = false, truncated = false;

    (void)smail__json_as_bool(&problem,
                              smail__json_get(value, "isEncodingProblem"));
    (void)smail__json_as_bool(&truncated,
                              smail__json_get(value, "isTruncated"));
    if (smail__json_as_text(&part->out->text,
                            smail__json_get(value, "value")) != 0 ||
        problem || truncated || part->blob_id.len > 0 || part->charset.len > 0)
        return smail__jmap_refuse_property(make->set, "bodyValues");
    part->out->kind = SMAIL__COMPOSE_TEXT;
    return 0;
}

static int64_t read_blob(void *out, void *source, uint64_t offset, size_t len,
                         smail_error *err)
{
    return smail__jmap_blob_read(out, source, offset, len, err);
}

static int take_blob(struct part *part, smail_error *err)
{
    struct smail__jmap_make *make = part->make;
    struct smail__jmap_made *made = make->parts[make->part_count - 1];
    struct smail__jmap_call *call = make->set->call;
    int code = smail__jmap_blob_open(&made->blob, call->jmap, call->account,
                                     part->blob_id, err);

    if (code == SMAIL_ENOTFOUND) {
        smail__buf_append(&make->missing, part->blob_id);
        smail__buf_putc(&make->missing, '\n');
        return 0; /* all that are missing are told of */
    }
    if (code < 0)
        return code;
    made->part.read = read_blob;
    made->part.source = made->blob;
    made->part.kind = smail__span_istarts(part->type, "message/")
                          ? SMAIL__COMPOSE_AS_IS
                          : SMAIL__COMPOSE_BASE64;
    return 0;
}

static int take_sub_parts(struct part *part, smail_error *err)
{
    struct smail__compose_part **at = &part->out->first;
    size_t count = smail__json_count(part->sub_parts);
    int code = 0;

    part->out->kind = SMAIL__COMPOSE_MULTIPART;
    if (count == 0)
        return smail__jmap_refuse_property(part->make->set, "subParts");
    for (size_t i = 0; code == 0 && i < count; i++) {
        code = smail__jmap_make_part(at, part->make,
                                     smail__json_at(part->sub_parts, i),
                                     "text/plain", err);
        if (code == 0)
            at = &(*at)->next;
    }
    return code;
}

static int take_content(struct part *part, smail_error *err)
{
    struct smail__jmap_set *set = part->make->set;
    bool is_multipart = smail__span_istarts(part->type, "multipart/");
    bool is_text = part->part_id.len > 0;
    int code;

    if (!is_type(part->type))
        return smail__jmap_refuse_property(set, "type");
    if (part->disposition.len > 0 && !is_token(part->disposition))
        return smail__jmap_refuse_property(set, "disposition");
    if (is_multipart != (part->sub_parts != NULL))
        return smail__jmap_refuse_property(set, "subParts");
    if (is_multipart)
        code = part->part_id.len > 0 || part->blob_id.len > 0
                   ? smail__jmap_refuse_property(set, "partId")
                   : 0;
    else if (is_text)
        code = take_value(part);
    else if (part->blob_id.len > 0)
        code = take_blob(part, err);
    else
        code = smail__jmap_refuse_property(set, "blobId");
    if (code == 0 && is_multipart)
        part->out->kind = SMAIL__COMPOSE_MULTIPART;
    if (code == 0)
        write_type(part, part->type, is_text);
    if (code == 0 && is_multipart)
        code = take_sub_parts(part, err);
    return code;
}

int smail__jmap_make_part(struct smail__compose_part **out,
                          struct smail__jmap_make *make,
                          const struct smail__json_value *object,
                          const char *fallback, smail_error *err)
{
    struct part part = { .make = make };
    int code;

    if (smail__json_type(object) != SMAIL__JSON_OBJECT)
        return smail__jmap_refuse(make->set, "invalidProperties",
                                  "a body part is not an object");
    part.out = smail__jmap_make_new(make, err);
    if (part.out == NULL)
        return make->part_count == SMAIL__JMAP_PARTS_MAX ? SMAIL_ELIMIT
                                                         : SMAIL_ENOMEM;
    *out = part.out;
    smail__json_each(object, each_member, &part);
    if (part.type.len == 0)
        part.type = smail__span(fallback);
    code = part.is_bad ? SMAIL__JMAP_REFUSED : take_content(&part, err);
    smail__jmap_fields_dispose(&part.fields);
    return code;
}
