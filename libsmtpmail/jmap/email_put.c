/* SPDX-License-Identifier: MIT */
/* jmap/email_put.c - see jmap/email_put.h. */
#include "jmap/email_put.h"

#include "base/error.h"
#include "base/span.h"

#define BODY                                                     \
    (SMAIL__JMAP_EMAIL_STRUCTURE | SMAIL__JMAP_EMAIL_VALUES |    \
     SMAIL__JMAP_EMAIL_TEXT_BODY | SMAIL__JMAP_EMAIL_HTML_BODY | \
     SMAIL__JMAP_EMAIL_ATTACHMENTS)
#define SUMMARY (SMAIL__JMAP_EMAIL_HAS_ATTACHMENT | SMAIL__JMAP_EMAIL_PREVIEW)

/* A key, if its property is wanted; null, and false, if bytes alone have no
 * such thing. */
static bool begin(struct smail__json *json,
                  const struct smail__jmap_wanted *wanted,
                  const struct smail__jmap_view *view, unsigned bit,
                  const char *key)
{
    if ((wanted->email & bit) == 0)
        return false;
    smail__json_key(json, key);
    if (view->has_row)
        return true;
    smail__json_null(json);
    return false;
}

static void put_mailboxes(struct smail__json *json,
                          const struct smail__email_row *row)
{
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_begin_object(json);
    for (size_t i = 0; i < row->mailbox_count; i++) {
        smail__json_key(json, smail__jmap_id_text(id, SMAIL__JMAP_MAILBOX,
                                                  row->mailboxes[i]));
        smail__json_bool(json, true);
    }
    smail__json_end_object(json);
}

static void put_keywords(struct smail__json *json,
                         const struct smail__email_row *row)
{
    smail_span left = smail__buf_span(&row->keywords);

    smail__json_begin_object(json);
    while (left.len > 0) {
        smail__json_text_key(json, smail__span_cut(&left, ' '));
        smail__json_bool(json, true);
    }
    smail__json_end_object(json);
}

static void put_metadata(struct smail__json *json,
                         const struct smail__jmap_wanted *wanted,
                         const struct smail__jmap_view *view)
{
    const struct smail__email_row *row = &view->row;
    char id[SMAIL__JMAP_ID_SIZE];

    if (begin(json, wanted, view, SMAIL__JMAP_EMAIL_ID, "id"))
        smail__json_string(json,
                           smail__jmap_id_text(id, SMAIL__JMAP_EMAIL, row->id));
    if ((wanted->email & SMAIL__JMAP_EMAIL_BLOB) != 0) {
        smail__json_key(json, "blobId");
        smail__json_string(json, view->blob_id);
    }
    if (begin(json, wanted, view, SMAIL__JMAP_EMAIL_THREAD, "threadId"))
        smail__json_string(
            json, smail__jmap_id_text(id, SMAIL__JMAP_THREAD, row->thread));
    if (begin(json, wanted, view, SMAIL__JMAP_EMAIL_MAILBOXES, "mailboxIds"))
        put_mailboxes(json, row);
    if (begin(json, wanted, view, SMAIL__JMAP_EMAIL_KEYWORDS, "keywords"))
        put_keywords(json, row);
    if ((wanted->email & SMAIL__JMAP_EMAIL_SIZE) != 0) {
        smail__json_key(json, "size");
        smail__json_uint(json, view->size);
    }
    if (begin(json, wanted, view, SMAIL__JMAP_EMAIL_RECEIVED, "receivedAt"))
        smail__json_time(json, row->received_at);
}

static int put_header(struct smail__json *json,
                      const struct smail__jmap_wanted *wanted,
                      struct smail__jmap_view *view, smail_error *err)
{
    const struct smail__jmap_names *names = &wanted->email_headers;
    smail_span header;
    int code;

    if (names->count == 0 && (wanted->email & SMAIL__JMAP_EMAIL_HEADERS) == 0)
        return 0;
    code = smail__jmap_view_header(&header, view, err);
    if (code < 0)
        return code;
    if ((wanted->email & SMAIL__JMAP_EMAIL_HEADERS) != 0) {
        smail__json_key(json, "headers");
        smail__jmap_headers_put(json, header);
    }
    for (size_t i = 0; i < names->count; i++) {
        smail__json_text_key(json, names->list[i].property);
        smail__jmap_header_put(json, &names->list[i], header);
    }
    return 0;
}

static int put_summary(struct smail__json *json,
                       const struct smail__jmap_wanted *wanted,
                       struct smail__jmap_view *view, smail_error *err)
{
    smail_span preview = { NULL, 0 };
    bool has_attachment = false;
    int code;

    if ((wanted->email & SUMMARY) == 0)
        return 0;
    code = smail__jmap_view_summary(&preview, &has_attachment, view, err);
    if (code < 0)
        return code;
    if ((wanted->email & SMAIL__JMAP_EMAIL_HAS_ATTACHMENT) != 0) {
        smail__json_key(json, "hasAttachment");
        smail__json_bool(json, has_attachment);
    }
    if ((wanted->email & SMAIL__JMAP_EMAIL_PREVIEW) != 0) {
        smail__json_key(json, "preview");
        smail__json_text(json, preview);
    }
    return 0;
}

int smail__jmap_email_put(struct smail__json *json,
                          const struct smail__jmap_wanted *wanted,
                          struct smail__jmap_view *view, smail_error *err)
{
    smail_message *message;
    int code = 0;

    /* Reading more moves what was read before. */
    if ((wanted->email & BODY) != 0)
        code = smail__jmap_view_message(&message, view, err);
    if (code < 0)
        return code;
    smail__json_begin_object(json);
    put_metadata(json, wanted, view);
    code = put_header(json, wanted, view, err);
    if (code == 0 && (wanted->email & BODY) != 0)
        code = smail__jmap_body_put(json, wanted, view, err);
    if (code == 0)
        code = put_summary(json, wanted, view, err);
    smail__json_end_object(json);
    return code;
}
