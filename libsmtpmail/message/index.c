/* SPDX-License-Identifier: MIT */
/* message/index.c - see message/index.h. */
#include "message/index.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/fold.h"
#include "message/parse.h"
#include "message/word.h"

/* Subject and addresses of one message, as they are searched. */
#define FIELD_MAX 65536

static void add_field(struct smail__buf *out, const smail_message *message,
                      const char *name)
{
    smail_buf text = SMAIL_BUF_INIT;

    if (smail_message_header(&text, message, name, 0) != 0)
        return;
    smail_span clipped = smail__span_of(&text);

    if (clipped.len < out->max - out->len) {
        smail__buf_append(out, clipped);
        smail__buf_putc(out, '\n');
    }
    smail_buf_dispose(&text);
}

static int add_part(struct smail__buf *out, const smail_message *message,
                    size_t index, smail_error *err)
{
    smail_buf utf8 = SMAIL_BUF_INIT;
    size_t room = SMAIL__SEARCHED_MAX - out->len;
    /* Quoted-printable takes three octets for one, HTML more. */
    int rc = smail__message_front(&utf8, message, index,
                                  4 * SMAIL__SEARCHED_MAX, err);

    if (rc != 0)
        return rc;
    if (strcmp(smail_message_part(message, index)->type, "text/html") == 0)
        smail__html_to_text(out, smail__span_of(&utf8), out->len + room);
    else
        smail__buf_append(out, smail__utf8_clip(smail__span_of(&utf8), room));
    smail__buf_putc(out, '\n');
    smail_buf_dispose(&utf8);
    return 0;
}

static int read_body(struct smail__buf *out, const smail_message *message,
                     smail_error *err)
{
    size_t count;
    const size_t *body = smail_message_body(&count, message, SMAIL_BODY_TEXT);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count && out->len < SMAIL__SEARCHED_MAX;
         i++)
        if (smail__span_istarts(
                smail__span(smail_message_part(message, body[i])->type),
                "text/"))
            rc = add_part(out, message, body[i], err);
    return rc;
}

static bool is_signature(const smail_part *part)
{
    return strcmp(part->type, "application/pgp-signature") == 0 ||
           strcmp(part->type, "application/pkcs7-signature") == 0 ||
           strcmp(part->type, "application/x-pkcs7-signature") == 0;
}

/* An attachment that a person would call one: no text that is shown, no
 * picture that HTML refers to, no signature. */
static bool has_attachment(const smail_message *message)
{
    size_t count;
    const size_t *list =
        smail_message_body(&count, message, SMAIL_BODY_ATTACHMENTS);

    for (size_t i = 0; i < count; i++) {
        const smail_part *part = smail_message_part(message, list[i]);
        bool in_html = part->id != NULL && part->disposition != NULL &&
                       strcmp(part->disposition, "inline") == 0;

        if (!in_html && !is_signature(part))
            return true;
    }
    list = smail_message_body(&count, message, SMAIL_BODY_TEXT);
    for (size_t i = 0; i < count; i++) {
        const smail_part *part = smail_message_part(message, list[i]);

        if (part->id == NULL &&
            !smail__span_istarts(smail__span(part->type), "text/"))
            return true;
    }
    return false;
}

/* What people call a file, and look for. */
static void add_names(struct smail__buf *out, const smail_message *message)
{
    size_t count;
    const size_t *list =
        smail_message_body(&count, message, SMAIL_BODY_ATTACHMENTS);

    for (size_t i = 0; i < count; i++) {
        const smail_part *part = smail_message_part(message, list[i]);

        if (part->name == NULL || out->max - out->len < strlen(part->name) + 1)
            continue;
        smail__buf_puts(out, part->name);
        smail__buf_putc(out, '\n');
    }
}

/* Text that grows too much when it is folded stays as it is. */
static int fold_into(smail_buf *out, struct smail__buf *text)
{
    struct smail__buf folded;
    int code;

    smail__buf_init(&folded, 4 * text->max, NULL);
    code = smail__fold_words(&folded, smail__buf_span(text));
    code = smail__buf_move(out, code == SMAIL_ELIMIT ? text : &folded);
    smail__buf_dispose(&folded);
    return code;
}

static int fold_all(struct smail__index *out, struct smail__buf *subject,
                    struct smail__buf *sender, struct smail__buf *recipients,
                    struct smail__buf *body, smail_error *err)
{
    int code = fold_into(&out->subject, subject);

    if (code == 0)
        code = fold_into(&out->sender, sender);
    if (code == 0)
        code = fold_into(&out->recipients, recipients);
    if (code == 0)
        code = fold_into(&out->body, body);
    return code == 0 ? 0 : smail__fail(err, SMAIL_ENOMEM, "out of memory");
}

int smail__index_make(struct smail__index *out, smail_span raw,
                      smail_error *err)
{
    smail_message *message;
    struct smail__buf subject, sender, recipients, body;
    int rc;

    *out = (struct smail__index){ .preview = SMAIL_BUF_INIT };
    rc = smail_message_parse(&message, raw, err);
    if (rc != 0)
        return rc;
    smail__buf_init(&subject, FIELD_MAX, NULL);
    smail__buf_init(&sender, FIELD_MAX, NULL);
    smail__buf_init(&recipients, FIELD_MAX, NULL);
    /* What libxml2 hands over in one piece may pass the mark. */
    smail__buf_init(&body, 4 * SMAIL__SEARCHED_MAX, NULL);
    add_field(&subject, message, "Subject");
    add_field(&sender, message, "From");
    add_field(&recipients, message, "To");
    add_field(&recipients, message, "Cc");
    add_field(&recipients, message, "Bcc");
    out->has_attachment = has_attachment(message);
    rc = read_body(&body, message, err);
    if (rc == 0)
        rc = smail_message_preview(&out->preview, message, SMAIL__PREVIEW_MAX,
                                   err);
    if (rc == 0) {
        add_names(&body, message);
        rc = fold_all(out, &subject, &sender, &recipients, &body, err);
    }
    smail__buf_dispose(&subject);
    smail__buf_dispose(&sender);
    smail__buf_dispose(&recipients);
    smail__buf_dispose(&body);
    smail_message_free(message);
    if (rc != 0)
        smail__index_dispose(out);
    return rc;
}

void smail__index_dispose(struct smail__index *index)
{
    smail_buf_dispose(&index->preview);
    smail_buf_dispose(&index->subject);
    smail_buf_dispose(&index->sender);
    smail_buf_dispose(&index->recipients);
    smail_buf_dispose(&index->body);
}
