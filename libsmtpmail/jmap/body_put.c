/* SPDX-License-Identifier: MIT */
/* jmap/body_put.c - parts of a message and their text (RFC 8621, 4.1.4). */
#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "base/utf8.h"
#include "jmap/email_put.h"

/* Levels of bodyStructure that are shown: each takes two of the JSON. */
#define LEVELS_MAX 60

struct putting {
    struct smail__json *json;
    const struct smail__jmap_wanted *wanted;
    struct smail__jmap_view *view;
    const smail_message *message;
    int levels;
    smail_error *err;
};

/* --- One part ------------------------------------------------------------ */

static void put_string(struct smail__json *json, const char *text)
{
    if (text == NULL)
        smail__json_null(json);
    else
        smail__json_string(json, text);
}

static void put_part_id(struct putting *putting, size_t index, bool is_blob)
{
    char text[80];

    if (is_blob)
        smail__format(text, sizeof(text), "%s-%zu", putting->view->blob_id,
                      index);
    else
        smail__format(text, sizeof(text), "%zu", index);
    if (smail_message_part(putting->message, index)->is_multipart)
        smail__json_null(putting->json);
    else
        smail__json_string(putting->json, text);
}

/* RFC 8621, 4.1.4: text without a charset is us-ascii, what is no text has
 * none. */
static void put_charset(struct smail__json *json, const smail_part *part)
{
    bool is_text = smail__span_istarts(smail__span(part->type), "text/");

    if (part->charset == NULL && is_text)
        smail__json_string(json, "us-ascii");
    else if (!is_text)
        smail__json_null(json);
    else
        smail__json_string(json, part->charset);
}

static void put_languages(struct smail__json *json, const smail_part *part)
{
    smail_span left = smail__span(part->language);

    if (left.len == 0) {
        smail__json_null(json);
        return;
    }
    smail__json_begin_array(json);
    while (left.len > 0) {
        smail_span tag = smail__span_trim(smail__span_cut(&left, ','));

        if (tag.len > 0)
            smail__json_text(json, tag);
    }
    smail__json_end_array(json);
}

/* A key, if its property is wanted. */
static bool begin(struct putting *putting, unsigned bit, const char *key)
{
    if ((putting->wanted->part & bit) == 0)
        return false;
    smail__json_key(putting->json, key);
    return true;
}

static smail_span part_header(const struct putting *putting, size_t index)
{
    const smail_part *part = smail_message_part(putting->message, index);
    smail_span all = { putting->view->bytes, putting->view->len };

    return smail__span_slice(all, (size_t)part->offset_header,
                             (size_t)(part->offset_body - part->offset_header));
}

static int put_size(struct putting *putting, size_t index)
{
    uint64_t size = 0;
    int code = 0;

    if (!smail_message_part(putting->message, index)->is_multipart)
        code = smail__jmap_view_part_size(&size, putting->view, index,
                                          putting->err);
    smail__json_uint(putting->json, size);
    return code;
}

static void put_texts(struct putting *putting, const smail_part *part)
{
    struct smail__json *json = putting->json;

    if (begin(putting, SMAIL__JMAP_PART_NAME, "name"))
        put_string(json, part->name);
    if (begin(putting, SMAIL__JMAP_PART_TYPE, "type"))
        put_string(json, part->type);
    if (begin(putting, SMAIL__JMAP_PART_CHARSET, "charset"))
        put_charset(json, part);
    if (begin(putting, SMAIL__JMAP_PART_DISPOSITION, "disposition"))
        put_string(json, part->disposition);
    if (begin(putting, SMAIL__JMAP_PART_CID, "cid"))
        put_string(json, part->id);
    if (begin(putting, SMAIL__JMAP_PART_LANGUAGE, "language"))
        put_languages(json, part);
    if (begin(putting, SMAIL__JMAP_PART_LOCATION, "location"))
        put_string(json, part->location);
}

/* All but what is inside of it. */
static int put_properties(struct putting *putting, size_t index)
{
    const struct smail__jmap_names *headers = &putting->wanted->part_headers;
    struct smail__json *json = putting->json;
    int code = 0;

    if (begin(putting, SMAIL__JMAP_PART_ID, "partId"))
        put_part_id(putting, index, false);
    if (begin(putting, SMAIL__JMAP_PART_BLOB, "blobId"))
        put_part_id(putting, index, true);
    if (begin(putting, SMAIL__JMAP_PART_SIZE, "size"))
        code = put_size(putting, index);
    if (begin(putting, SMAIL__JMAP_PART_HEADERS, "headers"))
        smail__jmap_headers_put(json, part_header(putting, index));
    put_texts(putting, smail_message_part(putting->message, index));
    for (size_t i = 0; i < headers->count; i++) {
        smail__json_text_key(json, headers->list[i].property);
        smail__jmap_header_put(json, &headers->list[i],
                               part_header(putting, index));
    }
    return code;
}

static int put_tree(struct putting *putting, size_t index)
{
    size_t count = smail_message_part_count(putting->message);
    int code;

    smail__json_begin_object(putting->json);
    code = put_properties(putting, index);
    if (smail_message_part(putting->message, index)->is_multipart &&
        putting->levels < LEVELS_MAX) {
        putting->levels++;
        smail__json_key(putting->json, "subParts");
        smail__json_begin_array(putting->json);
        for (size_t i = index + 1; code == 0 && i < count; i++)
            if (smail_message_part(putting->message, i)->parent == (int)index)
                code = put_tree(putting, i);
        smail__json_end_array(putting->json);
        putting->levels--;
    } else if (begin(putting, SMAIL__JMAP_PART_SUB_PARTS, "subParts")) {
        smail__json_null(putting->json);
    }
    smail__json_end_object(putting->json);
    return code;
}

static int put_list(struct putting *putting, enum smail_body_list list)
{
    size_t count;
    const size_t *parts = smail_message_body(&count, putting->message, list);
    int code = 0;

    smail__json_begin_array(putting->json);
    for (size_t i = 0; code == 0 && i < count; i++) {
        smail__json_begin_object(putting->json);
        code = put_properties(putting, parts[i]);
        smail__json_end_object(putting->json);
    }
    smail__json_end_array(putting->json);
    return code;
}

/* --- Values -------------------------------------------------------------- */

/* Not inside a tag (RFC 8621, 4.2). */
static smail_span clip_html(smail_span text)
{
    size_t at = text.len;

    while (at > 0 && text.data[at - 1] != '>' && text.data[at - 1] != '<')
        at--;
    if (at > 0 && text.data[at - 1] == '<')
        text.len = at - 1;
    return text;
}

static bool has_replacement(smail_span text)
{
    for (size_t i = 0; i + 3 <= text.len; i++)
        if (memcmp(text.data + i, "\xef\xbf\xbd", 3) == 0)
            return true;
    return false;
}

static int put_value(struct putting *putting, size_t index)
{
    const smail_part *part = smail_message_part(putting->message, index);
    int64_t max = putting->wanted->value_max;
    struct smail__json *json = putting->json;
    smail_buf text = SMAIL_BUF_INIT;
    smail_span value;
    char id[24];
    bool truncated;
    int code = smail_message_text(&text, putting->message, index, putting->err);

    if (code < 0)
        return code;
    value = smail__span_of(&text);
    truncated = max > 0 && value.len > (uint64_t)max;
    if (truncated)
        value = smail__utf8_clip(value, (size_t)max);
    if (truncated && strcmp(part->type, "text/html") == 0)
        value = clip_html(value);
    smail__format(id, sizeof(id), "%zu", index);
    smail__json_key(json, id);
    smail__json_begin_object(json);
    smail__json_key(json, "value");
    smail__json_text(json, value);
    smail__json_key(json, "isEncodingProblem");
    smail__json_bool(json, has_replacement(value));
    smail__json_key(json, "isTruncated");
    smail__json_bool(json, truncated);
    smail__json_end_object(json);
    smail_buf_dispose(&text);
    return 0;
}

static bool is_in_list(const smail_message *message, enum smail_body_list list,
                       size_t index)
{
    size_t count;
    const size_t *parts = smail_message_body(&count, message, list);

    for (size_t i = 0; i < count; i++)
        if (parts[i] == index)
            return true;
    return false;
}

static bool wants_value(const struct putting *putting, size_t index)
{
    const struct smail__jmap_wanted *wanted = putting->wanted;
    const smail_part *part = smail_message_part(putting->message, index);

    if (part->is_multipart ||
        !smail__span_istarts(smail__span(part->type), "text/"))
        return false;
    return wanted->all_values ||
           (wanted->text_values &&
            is_in_list(putting->message, SMAIL_BODY_TEXT, index)) ||
           (wanted->html_values &&
            is_in_list(putting->message, SMAIL_BODY_HTML, index));
}

static int put_values(struct putting *putting)
{
    size_t count = smail_message_part_count(putting->message);
    int code = 0;

    smail__json_begin_object(putting->json);
    for (size_t i = 0; code == 0 && i < count; i++)
        if (wants_value(putting, i))
            code = put_value(putting, i);
    smail__json_end_object(putting->json);
    return code;
}

/* --- All ----------------------------------------------------------------- */

int smail__jmap_body_put(struct smail__json *json,
                         const struct smail__jmap_wanted *wanted,
                         struct smail__jmap_view *view, smail_error *err)
{
    static const struct {
        unsigned bit;
        const char *key;
        enum smail_body_list list;
    } lists[] = {
        { SMAIL__JMAP_EMAIL_TEXT_BODY, "textBody", SMAIL_BODY_TEXT },
        { SMAIL__JMAP_EMAIL_HTML_BODY, "htmlBody", SMAIL_BODY_HTML },
        { SMAIL__JMAP_EMAIL_ATTACHMENTS, "attachments",
          SMAIL_BODY_ATTACHMENTS },
    };
    struct putting putting = { json, wanted, view, view->message, 0, err };
    int code = 0;

    if ((wanted->email & SMAIL__JMAP_EMAIL_STRUCTURE) != 0) {
        smail__json_key(json, "bodyStructure");
        code = put_tree(&putting, 0);
    }
    for (size_t i = 0; code == 0 && i < 3; i++) {
        if ((wanted->email & lists[i].bit) == 0)
            continue;
        smail__json_key(json, lists[i].key);
        code = put_list(&putting, lists[i].list);
    }
    if (code == 0 && (wanted->email & SMAIL__JMAP_EMAIL_VALUES) != 0) {
        smail__json_key(json, "bodyValues");
        code = put_values(&putting);
    }
    return code;
}
