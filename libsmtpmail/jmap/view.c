/* SPDX-License-Identifier: MIT */
/* jmap/view.c - see jmap/view.h. */
#include "jmap/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "message/decode.h"
#include "message/header.h"
#include "message/index.h"
#include "store/content.h"

void smail__jmap_view_init(struct smail__jmap_view *view,
                           struct smail__jmap *jmap, struct smail__db *db)
{
    memset(view, 0, sizeof(*view));
    view->jmap = jmap;
    view->db = db;
    smail__email_row_init(&view->row);
}

static void forget(struct smail__jmap_view *view)
{
    smail_message_free(view->message);
    free(view->bytes);
    free(view->sizes);
    smail_buf_dispose(&view->preview);
    view->message = NULL;
    view->bytes = NULL;
    view->sizes = NULL;
    view->len = 0;
    view->is_whole = false;
    view->is_summed = false;
}

void smail__jmap_view_dispose(struct smail__jmap_view *view)
{
    forget(view);
    smail__email_row_dispose(&view->row);
}

int smail__jmap_view_email(struct smail__jmap_view *view, smail_id account,
                           smail_id email, smail_error *err)
{
    char hex[33];
    int code;

    forget(view);
    code = smail__email_row_load(&view->row, view->db, account, email, err);
    if (code <= 0)
        return code;
    view->has_row = true;
    view->size = (uint64_t)view->row.size;
    smail__hex_encode(hex, view->row.blob, sizeof(view->row.blob));
    smail__format(view->blob_text, sizeof(view->blob_text), "b%s", hex);
    view->blob_id = view->blob_text;
    return 1;
}

void smail__jmap_view_bytes(struct smail__jmap_view *view, char *bytes,
                            size_t len, const char *blob_id)
{
    forget(view);
    view->has_row = false;
    view->bytes = bytes;
    view->len = len;
    view->size = len;
    view->is_whole = true;
    view->blob_id = blob_id;
}

/* The first `len` octets. */
static int read_front(struct smail__jmap_view *view, size_t len,
                      smail_error *err)
{
    smail_span id = { (const char *)view->row.blob, sizeof(view->row.blob) };
    smail_content *content;
    char *bytes;
    int64_t got;
    int code = smail__content_open_blob(&content, view->jmap->store, view->db,
                                        id, err);

    if (code < 0)
        return code;
    if (len > smail_content_size(content))
        len = (size_t)smail_content_size(content);
    bytes = realloc(view->bytes, len + 1);
    if (bytes == NULL) {
        smail_content_close(content);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    view->bytes = bytes;
    got = smail_content_read(bytes, content, 0, len, err);
    smail_content_close(content);
    view->len = got > 0 ? (size_t)got : 0;
    return got < 0 ? (int)got : 0;
}

/* Most messages are small: then all of it at once. */
int smail__jmap_view_header(smail_span *out, struct smail__jmap_view *view,
                            smail_error *err)
{
    int code = 0;

    if (!view->is_whole && view->len == 0)
        code = read_front(view, SMAIL__HEADER_MAX, err);
    if (code < 0)
        return code;
    view->is_whole = view->is_whole || view->len == view->size;
    *out = (smail_span){ view->bytes, view->len };
    out->len = smail__header_length(*out);
    return 0;
}

static int read_whole(struct smail__jmap_view *view, smail_error *err)
{
    int code;

    if (view->is_whole)
        return 0;
    code = read_front(view, SMAIL__JMAP_PARSED_MAX, err);
    view->is_whole = code == 0;
    return code;
}

int smail__jmap_view_message(smail_message **out, struct smail__jmap_view *view,
                             smail_error *err)
{
    int code = 0;

    if (view->message == NULL)
        code = read_whole(view, err);
    if (code == 0 && view->message == NULL)
        code = smail_message_parse(&view->message,
                                   (smail_span){ view->bytes, view->len }, err);
    if (code == 0)
        *out = view->message;
    return code;
}

static int decoded_size(uint64_t *out, struct smail__jmap_view *view,
                        size_t part, smail_error *err)
{
    const smail_part *info = smail_message_part(view->message, part);
    smail_buf decoded = SMAIL_BUF_INIT;
    int code;

    if (smail__encoding_named(smail__span(info->encoding)) ==
        SMAIL__ENCODING_NONE) {
        *out = info->offset_end - info->offset_body;
        return 0;
    }
    code = smail_message_decode(&decoded, view->message, part, err);
    *out = decoded.len;
    smail_buf_dispose(&decoded);
    return code;
}

int smail__jmap_view_part_size(uint64_t *out, struct smail__jmap_view *view,
                               size_t part, smail_error *err)
{
    int code = 0;

    if (view->sizes == NULL)
        view->sizes = calloc(smail_message_part_count(view->message) + 1,
                             sizeof(*view->sizes));
    if (view->sizes == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (view->sizes[part] == 0) {
        code = decoded_size(out, view, part, err);
        if (code == 0)
            view->sizes[part] = *out + 1;
    }
    if (code == 0)
        *out = view->sizes[part] - 1;
    return code;
}

int smail__jmap_view_summary(smail_span *preview, bool *has_attachment,
                             struct smail__jmap_view *view, smail_error *err)
{
    struct smail__index index;
    int code;

    if (view->has_row && view->row.is_indexed) {
        *preview = smail__buf_span(&view->row.preview);
        *has_attachment = view->row.has_attachment;
        return 0;
    }
    if (!view->is_summed) {
        code = read_whole(view, err);
        if (code == 0)
            code = smail__index_make(
                &index, (smail_span){ view->bytes, view->len }, err);
        if (code < 0)
            return code;
        view->is_summed = true;
        view->has_attachment = index.has_attachment;
        view->preview = index.preview; /* moved */
        index.preview = (smail_buf)SMAIL_BUF_INIT;
        smail__index_dispose(&index);
    }
    *preview = smail__span_of(&view->preview);
    *has_attachment = view->has_attachment;
    return 0;
}
