/* SPDX-License-Identifier: MIT */
/*
 * message/draft_write.c - a draft as octets: our header, and the MIME tree
 * below it composed by GMime. This file is its border: nothing else includes
 * it.
 *
 * GMime is for what we write. What we read is ours: the packaged version
 * (3.2.13) loses text of encoded words, base64 and address lists.
 */
#include <pthread.h>
#include <string.h>

#include <gmime/gmime.h>

#include "base/date.h"
#include "base/error.h"
#include "base/span.h"
#include "message/address.h"
#include "message/draft.h"
#include "message/encode.h"

static void start_gmime(void)
{
    g_mime_init(); /* also calls srand(): it cannot be told not to */
}

static void init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, start_gmime);
}

/* "=_" stands in no base64 and no quoted-printable (RFC 2045, 6.7). */
static GMimeMultipart *new_multipart(const smail_draft *draft,
                                     const char *subtype, int number)
{
    GMimeMultipart *multipart = g_mime_multipart_new_with_subtype(subtype);
    struct smail__buf boundary;

    smail__buf_init(&boundary, 100, NULL);
    smail__buf_printf(&boundary, "=_%d_%s", number, draft->seed);
    if (smail__buf_error(&boundary) == 0)
        g_mime_multipart_set_boundary(multipart, boundary.data);
    smail__buf_dispose(&boundary);
    return multipart;
}

static void set_content(GMimePart *part, const struct smail__draft_part *source,
                        GMimeContentEncoding encoding)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(
        source->content != NULL ? source->content : "", source->len);
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(
        stream, GMIME_CONTENT_ENCODING_DEFAULT);

    g_mime_part_set_content_encoding(part, encoding);
    g_mime_part_set_content(part, content);
    g_object_unref(content);
    g_object_unref(stream);
}

static GMimeObject *new_text(const struct smail__draft_part *source,
                             const char *subtype)
{
    GMimePart *part = g_mime_part_new_with_type("text", subtype);

    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset",
                                             "utf-8");
    set_content(part, source, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    return GMIME_OBJECT(part);
}

static GMimeObject *new_attachment(const struct smail__draft_part *source)
{
    smail_span rest = smail__span(source->type);
    smail_span type = smail__span_cut(&rest, '/');
    char *main_type = g_strndup(type.data, type.len);
    GMimePart *part = g_mime_part_new_with_type(main_type, rest.data);

    g_free(main_type);
    g_mime_object_set_disposition(GMIME_OBJECT(part), "attachment");
    g_mime_part_set_filename(part, source->name);
    set_content(part, source, GMIME_CONTENT_ENCODING_BASE64);
    return GMIME_OBJECT(part);
}

/* The multipart takes the part over. */
static void add_part(GMimeMultipart *multipart, GMimeObject *part)
{
    g_mime_multipart_add(multipart, part);
    g_object_unref(part);
}

static GMimeObject *new_body(const smail_draft *draft)
{
    static const struct smail__draft_part empty = { .content = NULL };

    if (draft->html.content == NULL)
        return new_text(draft->text.content != NULL ? &draft->text : &empty,
                        "plain");
    if (draft->text.content == NULL)
        return new_text(&draft->html, "html");
    GMimeMultipart *both = new_multipart(draft, "alternative", 2);

    /* The last is the best (RFC 2046, 5.1.4). */
    add_part(both, new_text(&draft->text, "plain"));
    add_part(both, new_text(&draft->html, "html"));
    return GMIME_OBJECT(both);
}

static GMimeObject *new_root(const smail_draft *draft)
{
    if (draft->part_count == 0)
        return new_body(draft);
    GMimeMultipart *mixed = new_multipart(draft, "mixed", 1);

    add_part(mixed, new_body(draft));
    for (size_t i = 0; i < draft->part_count; i++)
        add_part(mixed, new_attachment(&draft->parts[i]));
    return GMIME_OBJECT(mixed);
}

/* What smail__addresses_read() hands along. */
struct list {
    struct smail__encoder encoder;
    struct smail__buf address; /* "<bob@x>", waits for its comma */
};

static void end_mailbox(struct list *list, bool is_last)
{
    if (list->address.len == 0)
        return;
    if (!is_last)
        smail__buf_putc(&list->address, ',');
    smail__encode_word(&list->encoder, smail__buf_span(&list->address));
    smail__buf_clear(&list->address);
}

static void add_mailbox(const smail_mailbox_address *mailbox, void *user)
{
    struct list *list = user;
    bool has_name = mailbox->name[0] != '\0';

    if (mailbox->address[0] == '\0')
        return; /* an empty group */
    end_mailbox(list, false);
    if (has_name)
        smail__encode_phrase(&list->encoder, smail__span(mailbox->name));
    smail__buf_printf(&list->address, has_name ? "<%s>" : "%s",
                      mailbox->address);
}

static bool is_first(const smail_draft *draft, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (smail__span_iis(smail__span(draft->fields[i].name),
                            draft->fields[index].name))
            return false;
    return true;
}

/* All lists that were given for one field are one (RFC 5322, 3.6). */
static void put_list(struct smail__buf *out, const smail_draft *draft,
                     size_t index)
{
    const char *name = draft->fields[index].name;
    size_t before = out->len;
    struct list list;

    smail__encode_begin(&list.encoder, out, name);
    smail__buf_init(&list.address, SMAIL__DRAFT_VALUE_MAX + 3, NULL);
    for (size_t i = index; i < draft->field_count; i++)
        if (draft->fields[i].is_list &&
            smail__span_iis(smail__span(draft->fields[i].name), name))
            (void)smail__addresses_read(smail__span(draft->fields[i].value),
                                        add_mailbox, &list);
    end_mailbox(&list, true);
    if (list.encoder.is_empty)
        smail__buf_truncate(out, before); /* only empty groups */
    else
        smail__encode_end(&list.encoder);
    smail__buf_dispose(&list.address);
}

static void put_field(struct smail__buf *out, const char *name,
                      const char *value)
{
    struct smail__encoder encoder;

    smail__encode_begin(&encoder, out, name);
    smail__encode_text(&encoder, smail__span_trim(smail__span(value)));
    smail__encode_end(&encoder);
}

static void put_header(struct smail__buf *out, const smail_draft *draft)
{
    char date[SMAIL__DATE_MAX];

    if (draft->has_date) {
        smail__date_rfc5322(date, draft->date);
        put_field(out, "Date", date);
    }
    for (size_t i = 0; i < draft->field_count; i++) {
        if (!draft->fields[i].is_list)
            put_field(out, draft->fields[i].name, draft->fields[i].value);
        else if (is_first(draft, i))
            put_list(out, draft, i);
    }
    put_field(out, "MIME-Version", "1.0");
}

/* The fields of the content, an empty line, the content. */
static int put_tree(struct smail__buf *out, const smail_draft *draft)
{
    GMimeFormatOptions *format = g_mime_format_options_new();
    GMimeStream *stream = g_mime_stream_mem_new();
    GMimeObject *root = new_root(draft);
    int rc = 0;

    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    if (g_mime_object_write_to_stream(root, format, stream) < 0)
        rc = SMAIL_ENOMEM;
    GByteArray *bytes =
        g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    smail__buf_append(out,
                      (smail_span){ (const char *)bytes->data, bytes->len });
    g_object_unref(root);
    g_object_unref(stream);
    g_mime_format_options_free(format);
    return rc;
}

int smail_draft_write(smail_buf *out, const smail_draft *draft,
                      smail_error *err)
{
    struct smail__buf text;

    if (draft->error != 0)
        return smail__fail(err, draft->error, "%s", draft->problem);
    init();
    smail__buf_init(&text, SIZE_MAX / 2, NULL);
    put_header(&text, draft);
    int rc = put_tree(&text, draft);

    /* The last line of a text without its end: SMTP wants one. */
    if (text.len > 0 && text.data[text.len - 1] != '\n')
        smail__buf_puts(&text, "\r\n");
    if (rc == 0)
        rc = smail__buf_move(out, &text);
    smail__buf_dispose(&text);
    return rc != 0 ? smail__fail(err, rc, "out of memory") : 0;
}
