/* SPDX-License-Identifier: MIT */
/*
 * message/draft.c - a message in the making: what it shall hold, checked and
 * copied. draft_write.c makes octets of it.
 */
#include "message/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/address.h"

static void spoil(smail_draft *draft, int error, const char *problem)
{
    if (draft->error != 0)
        return;
    draft->error = error;
    draft->problem = problem;
}

/* Ready for a header: valid UTF-8, controls spaces. NULL without memory. */
static char *clean(smail_span text)
{
    struct smail__buf out;
    smail_buf moved = SMAIL_BUF_INIT;

    smail__buf_init(&out, 4 * SMAIL__DRAFT_VALUE_MAX, NULL);
    smail__utf8_scrub(&out, text);
    smail__buf_putc(&out, '\0');
    if (smail__buf_move(&moved, &out) != 0) {
        smail__buf_dispose(&out);
        return NULL;
    }
    for (size_t i = 0; i + 1 < moved.len; i++)
        if ((unsigned char)moved.data[i] < ' ' || moved.data[i] == 0x7f)
            moved.data[i] = ' ';
    return moved.data;
}

smail_draft *smail_draft_new(smail_span seed)
{
    smail_draft *draft = calloc(1, sizeof(*draft));

    if (draft == NULL)
        return NULL;
    if (seed.len < SMAIL_DRAFT_SEED_LEN)
        spoil(draft, SMAIL_EINVAL, "the seed is too short");
    else
        smail__hex_encode(draft->seed, (const unsigned char *)seed.data,
                          SMAIL_DRAFT_SEED_LEN);
    return draft;
}

static void dispose_part(struct smail__draft_part *part)
{
    free(part->name);
    free(part->type);
    free(part->content);
}

void smail_draft_free(smail_draft *draft)
{
    if (draft == NULL)
        return;
    for (size_t i = 0; i < draft->field_count; i++) {
        free(draft->fields[i].name);
        free(draft->fields[i].value);
    }
    for (size_t i = 0; i < draft->part_count; i++)
        dispose_part(&draft->parts[i]);
    dispose_part(&draft->text);
    dispose_part(&draft->html);
    free(draft->fields);
    free(draft->parts);
    free(draft);
}

/* RFC 5322, 3.6.8. */
static bool is_field_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':')
            return false;
    return len > 0 && len <= 70;
}

static void add_field(smail_draft *draft, const char *name, const char *value,
                      bool is_list)
{
    struct smail__draft_field field = { .is_list = is_list };
    struct smail__draft_field *fields;

    if (draft->error != 0)
        return;
    if (!is_field_name(name)) {
        spoil(draft, SMAIL_EINVAL, "a field has a name that is none");
        return;
    }
    if (draft->field_count == SMAIL__DRAFT_FIELDS_MAX ||
        strlen(value) > SMAIL__DRAFT_VALUE_MAX) {
        spoil(draft, SMAIL_ELIMIT, "the header is too long");
        return;
    }
    fields = realloc(draft->fields, (draft->field_count + 1) * sizeof(*fields));
    if (fields == NULL) {
        spoil(draft, SMAIL_ENOMEM, "out of memory");
        return;
    }
    draft->fields = fields;
    field.name = smail__strdup(name);
    field.value = clean(smail__span(value));
    fields[draft->field_count++] = field;
    if (field.name == NULL || field.value == NULL)
        spoil(draft, SMAIL_ENOMEM, "out of memory");
}

/* Octets that no hop refuses: more needs SMTPUTF8 (RFC 6531). */
static bool is_address(smail_span address)
{
    size_t at = 0;

    for (size_t i = 0; i < address.len; i++) {
        if (address.data[i] <= ' ' || address.data[i] >= 0x7f ||
            address.data[i] == '<' || address.data[i] == '>')
            return false;
        if (address.data[i] == '@')
            at = i;
    }
    return at > 0 && at + 1 < address.len;
}

static void check_mailbox(const smail_mailbox_address *mailbox, void *user)
{
    smail_draft *draft = user;

    bool is_empty_group = mailbox->group != NULL && mailbox->name[0] == '\0' &&
                          mailbox->address[0] == '\0';

    if (!is_empty_group && !is_address(smail__span(mailbox->address)))
        spoil(draft, SMAIL_EINVAL, "a mailbox has no valid address");
}

void smail_draft_mailboxes(smail_draft *draft, const char *field,
                           const char *list)
{
    if (draft->error != 0)
        return;
    if (smail__addresses_read(smail__span(list), check_mailbox, draft) != 0)
        spoil(draft, SMAIL_ENOMEM, "out of memory");
    add_field(draft, field, list, true);
}

void smail_draft_from(smail_draft *draft, const char *list)
{
    smail_draft_mailboxes(draft, "From", list);
}

void smail_draft_to(smail_draft *draft, const char *list)
{
    smail_draft_mailboxes(draft, "To", list);
}

void smail_draft_cc(smail_draft *draft, const char *list)
{
    smail_draft_mailboxes(draft, "Cc", list);
}

void smail_draft_subject(smail_draft *draft, const char *text)
{
    add_field(draft, "Subject", text, false);
}

void smail_draft_date(smail_draft *draft, int64_t seconds)
{
    draft->date = seconds;
    draft->has_date = true;
}

void smail_draft_field(smail_draft *draft, const char *name, const char *value)
{
    if (smail__span_istarts(smail__span(name), "content-") ||
        smail__span_iis(smail__span(name), "mime-version"))
        spoil(draft, SMAIL_EINVAL, "a field is one that the content decides");
    add_field(draft, name, value, false);
}

static void fill_part(smail_draft *draft, struct smail__draft_part *part,
                      const char *type, smail_span content)
{
    dispose_part(part);
    *part = (struct smail__draft_part){ .len = content.len };
    part->type = smail__strdup(type);
    part->content = malloc(content.len + 1);
    if (part->type == NULL || part->content == NULL) {
        spoil(draft, SMAIL_ENOMEM, "out of memory");
        return;
    }
    if (content.len > 0)
        memcpy(part->content, content.data, content.len);
}

void smail_draft_text(smail_draft *draft, smail_span text)
{
    if (draft->error == 0)
        fill_part(draft, &draft->text, "text/plain", text);
}

void smail_draft_html(smail_draft *draft, smail_span html)
{
    if (draft->error == 0)
        fill_part(draft, &draft->html, "text/html", html);
}

/* type/subtype, both tokens (RFC 2045, 5.1). */
static bool is_type(const char *type)
{
    smail_span rest = smail__span(type);
    smail_span first = smail__span_cut(&rest, '/');

    for (size_t i = 0; type[i] != '\0'; i++)
        if (type[i] <= ' ' || type[i] >= 0x7f ||
            strchr("()<>@,;:\\\"[]?=", type[i]) != NULL)
            return false;
    return first.len > 0 && rest.len > 0 &&
           smail__span_find(rest, '/') == rest.len &&
           !smail__span_iis(first, "multipart") &&
           !smail__span_iis(first, "message");
}

void smail_draft_attach(smail_draft *draft, const char *filename,
                        const char *type, smail_span content)
{
    struct smail__draft_part *parts;

    if (draft->error != 0)
        return;
    if (type == NULL)
        type = "application/octet-stream";
    if (!is_type(type)) {
        spoil(draft, SMAIL_EINVAL, "an attachment has a type that is none");
        return;
    }
    if (draft->part_count == SMAIL__DRAFT_PARTS_MAX ||
        strlen(filename) > SMAIL__DRAFT_VALUE_MAX) {
        spoil(draft, SMAIL_ELIMIT, "too much is attached");
        return;
    }
    parts = realloc(draft->parts, (draft->part_count + 1) * sizeof(*parts));
    if (parts == NULL) {
        spoil(draft, SMAIL_ENOMEM, "out of memory");
        return;
    }
    draft->parts = parts;
    parts[draft->part_count] = (struct smail__draft_part){ .name = NULL };
    fill_part(draft, &parts[draft->part_count], type, content);
    parts[draft->part_count].name = clean(smail__span(filename));
    if (parts[draft->part_count++].name == NULL)
        spoil(draft, SMAIL_ENOMEM, "out of memory");
}
