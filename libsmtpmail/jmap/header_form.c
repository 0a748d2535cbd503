/* SPDX-License-Identifier: MIT */
/* jmap/header_form.c - see jmap/header_form.h. */
#include "jmap/header_form.h"

#include "base/date.h"
#include "base/span.h"
#include "message/address.h"
#include "message/header.h"
#include "message/word.h"

#define TEXT_MAX ((size_t)8 * SMAIL__HEADER_MAX)

/* Ids and URLs of one field. */
#define ITEMS_MAX 1000

/* --- Names --------------------------------------------------------------- */

#define BIT(form) (1u << (form))
#define ANY 0x7fu

static const struct {
    const char *name;
    unsigned forms; /* besides raw */
} fields[] = {
    { "Bcc", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Cc", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Comments", BIT(SMAIL__JMAP_TEXT) },
    { "Date", BIT(SMAIL__JMAP_DATE) },
    { "From", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "In-Reply-To", BIT(SMAIL__JMAP_MESSAGE_IDS) },
    { "Keywords", BIT(SMAIL__JMAP_TEXT) },
    { "List-Archive", BIT(SMAIL__JMAP_URLS) },
    { "List-Help", BIT(SMAIL__JMAP_URLS) },
    { "List-Owner", BIT(SMAIL__JMAP_URLS) },
    { "List-Post", BIT(SMAIL__JMAP_URLS) },
    { "List-Subscribe", BIT(SMAIL__JMAP_URLS) },
    { "List-Unsubscribe", BIT(SMAIL__JMAP_URLS) },
    { "Message-ID", BIT(SMAIL__JMAP_MESSAGE_IDS) },
    { "Received", 0 },
    { "References", BIT(SMAIL__JMAP_MESSAGE_IDS) },
    { "Reply-To", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Resent-Bcc", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Resent-Cc", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Resent-Date", BIT(SMAIL__JMAP_DATE) },
    { "Resent-From", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Resent-Message-ID", BIT(SMAIL__JMAP_MESSAGE_IDS) },
    { "Resent-Sender", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Resent-To", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Return-Path", 0 },
    { "Sender", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
    { "Subject", BIT(SMAIL__JMAP_TEXT) },
    { "To", BIT(SMAIL__JMAP_ADDRESSES) | BIT(SMAIL__JMAP_GROUPED) },
};

static const struct {
    const char *property, *name;
    enum smail__jmap_form form;
} known[] = {
    { "messageId", "Message-ID", SMAIL__JMAP_MESSAGE_IDS },
    { "inReplyTo", "In-Reply-To", SMAIL__JMAP_MESSAGE_IDS },
    { "references", "References", SMAIL__JMAP_MESSAGE_IDS },
    { "sender", "Sender", SMAIL__JMAP_ADDRESSES },
    { "from", "From", SMAIL__JMAP_ADDRESSES },
    { "to", "To", SMAIL__JMAP_ADDRESSES },
    { "cc", "Cc", SMAIL__JMAP_ADDRESSES },
    { "bcc", "Bcc", SMAIL__JMAP_ADDRESSES },
    { "replyTo", "Reply-To", SMAIL__JMAP_ADDRESSES },
    { "subject", "Subject", SMAIL__JMAP_TEXT },
    { "sentAt", "Date", SMAIL__JMAP_DATE },
};

static const char *const forms[] = {
    [SMAIL__JMAP_RAW] = "asRaw",
    [SMAIL__JMAP_TEXT] = "asText",
    [SMAIL__JMAP_ADDRESSES] = "asAddresses",
    [SMAIL__JMAP_GROUPED] = "asGroupedAddresses",
    [SMAIL__JMAP_MESSAGE_IDS] = "asMessageIds",
    [SMAIL__JMAP_DATE] = "asDate",
    [SMAIL__JMAP_URLS] = "asURLs",
};

static bool may_have(smail_span name, enum smail__jmap_form form)
{
    unsigned allowed = ANY;

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (smail__span_iis(name, fields[i].name))
            allowed = fields[i].forms | BIT(SMAIL__JMAP_RAW);
    return (allowed & BIT(form)) != 0;
}

static bool is_field_name(smail_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] < 33 || name.data[i] > 126 || name.data[i] == ':')
            return false;
    return name.len > 0 && name.len <= 200;
}

static bool read_suffixes(struct smail__jmap_header *out, smail_span rest)
{
    smail_span word = smail__span_cut(&rest, ':');
    size_t form = 0;

    while (form < sizeof(forms) / sizeof(forms[0]) &&
           !smail__span_is(word, forms[form]))
        form++;
    if (form < sizeof(forms) / sizeof(forms[0])) {
        out->form = (enum smail__jmap_form)form;
        if (rest.len == 0)
            return true;
        word = smail__span_cut(&rest, ':');
    }
    out->all = smail__span_is(word, "all");
    return out->all && rest.len == 0;
}

bool smail__jmap_header_read(struct smail__jmap_header *out,
                             smail_span property)
{
    smail_span rest = property;

    *out = (struct smail__jmap_header){ .property = property };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!smail__span_is(property, known[i].property))
            continue;
        out->name = smail__span(known[i].name);
        out->form = known[i].form;
        return true;
    }
    if (!smail__span_is(smail__span_cut(&rest, ':'), "header"))
        return false;
    out->name = smail__span_cut(&rest, ':');
    if (!is_field_name(out->name) || (property.data[property.len - 1] == ':') ||
        (rest.len > 0 && !read_suffixes(out, rest)))
        return false;
    return may_have(out->name, out->form);
}

/* --- Forms --------------------------------------------------------------- */

/* Text that is UTF-8 as it came, or the best guess. */
static void put_raw(struct smail__json *json, smail_span value)
{
    smail__json_text(json, value);
}

static void put_text(struct smail__json *json, smail_span value)
{
    struct smail__buf text;

    smail__buf_init(&text, TEXT_MAX, NULL);
    smail__words_display(&text, value);
    smail__json_text(json, smail__buf_span(&text));
    smail__buf_dispose(&text);
}

static void put_string_or_null(struct smail__json *json, const char *text)
{
    if (text == NULL || text[0] == '\0')
        smail__json_null(json);
    else
        smail__json_string(json, text);
}

static void put_address(const smail_mailbox_address *address, void *user)
{
    struct smail__json *json = user;

    if (address->address[0] == '\0' && address->name[0] == '\0')
        return; /* an empty group */
    smail__json_begin_object(json);
    smail__json_key(json, "name");
    put_string_or_null(json, address->name);
    smail__json_key(json, "email");
    smail__json_string(json, address->address);
    smail__json_end_object(json);
}

struct grouping {
    struct smail__json *json;
    struct smail__buf group; /* the one that is open */
    bool is_open, is_named;
};

static void close_group(struct grouping *grouping)
{
    if (!grouping->is_open)
        return;
    smail__json_end_array(grouping->json);
    smail__json_end_object(grouping->json);
    grouping->is_open = false;
}

static void put_grouped(const smail_mailbox_address *address, void *user)
{
    struct grouping *grouping = user;
    bool is_named = address->group != NULL;
    smail_span name = smail__span(address->group);

    if (!grouping->is_open || grouping->is_named != is_named ||
        !smail__span_equal(name, smail__buf_span(&grouping->group))) {
        close_group(grouping);
        smail__buf_clear(&grouping->group);
        smail__buf_append(&grouping->group, name);
        grouping->is_open = true;
        grouping->is_named = is_named;
        smail__json_begin_object(grouping->json);
        smail__json_key(grouping->json, "name");
        if (is_named)
            smail__json_text(grouping->json, name);
        else
            smail__json_null(grouping->json);
        smail__json_key(grouping->json, "addresses");
        smail__json_begin_array(grouping->json);
    }
    put_address(address, grouping->json);
}

static void put_groups(struct smail__json *json, smail_span value)
{
    struct grouping grouping = { .json = json };

    smail__buf_init(&grouping.group, TEXT_MAX, NULL);
    smail__json_begin_array(json);
    (void)smail__addresses_read(value, put_grouped, &grouping);
    close_group(&grouping);
    smail__json_end_array(json);
    smail__buf_dispose(&grouping.group);
}

/* What stands in angle brackets; null when nothing does. */
static void put_bracketed(struct smail__json *json, smail_span value)
{
    size_t count = 0;

    while (count < ITEMS_MAX) {
        smail_span item;
        size_t end;

        (void)smail__span_cut(&value, '<');
        end = smail__span_find(value, '>');
        if (end == value.len)
            break;
        item = smail__span_trim(smail__span_slice(value, 0, end));
        value = smail__span_from(value, end + 1);
        if (item.len == 0)
            continue;
        if (count++ == 0)
            smail__json_begin_array(json);
        smail__json_text(json, item);
    }
    if (count == 0)
        smail__json_null(json);
    else
        smail__json_end_array(json);
}

/* Minutes east, as the end of the date has it: "+0930". */
static int read_zone(smail_span value)
{
    for (size_t i = value.len; i >= 5; i--) {
        smail_span zone = smail__span_slice(value, i - 5, 5);
        uint64_t number;

        if ((zone.data[0] != '+' && zone.data[0] != '-') ||
            smail__span_number(&number, smail__span_from(zone, 1)) != 0 ||
            number % 100 > 59 || number > 1459)
            continue;
        number = number / 100 * 60 + number % 100;
        return zone.data[0] == '-' ? -(int)number : (int)number;
    }
    return 0;
}

static void put_date(struct smail__json *json, smail_span value)
{
    char text[SMAIL__DATE_MAX + 8];
    int64_t seconds;
    int zone;
    size_t len = 0;

    if (!smail__header_date(&seconds, value)) {
        smail__json_null(json);
        return;
    }
    zone = read_zone(value);
    smail__date_rfc3339(text, seconds + (int64_t)zone * 60);
    while (text[len] != '\0' && text[len] != 'Z')
        len++;
    if (zone != 0)
        smail__format(text + len, sizeof(text) - len, "%c%02d:%02d",
                      zone < 0 ? '-' : '+', (zone < 0 ? -zone : zone) / 60,
                      (zone < 0 ? -zone : zone) % 60);
    smail__json_string(json, text);
}

static void put_form(struct smail__json *json, enum smail__jmap_form form,
                     smail_span value)
{
    switch (form) {
    case SMAIL__JMAP_TEXT:
        put_text(json, value);
        break;
    case SMAIL__JMAP_ADDRESSES:
        smail__json_begin_array(json);
        (void)smail__addresses_read(value, put_address, json);
        smail__json_end_array(json);
        break;
    case SMAIL__JMAP_GROUPED:
        put_groups(json, value);
        break;
    case SMAIL__JMAP_MESSAGE_IDS:
    case SMAIL__JMAP_URLS:
        put_bracketed(json, value);
        break;
    case SMAIL__JMAP_DATE:
        put_date(json, value);
        break;
    default:
        put_raw(json, value);
    }
}

void smail__jmap_header_put(struct smail__json *json,
                            const struct smail__jmap_header *wanted,
                            smail_span header)
{
    struct smail__header_scan scan;
    struct smail__header_field field;
    smail_span last = { NULL, 0 };

    smail__header_begin(&scan, header);
    if (wanted->all)
        smail__json_begin_array(json);
    while (smail__header_next(&field, &scan)) {
        if (!smail__span_iequal(field.name, wanted->name))
            continue;
        if (wanted->all)
            put_form(json, wanted->form, field.value);
        else
            last = field.value;
    }
    if (wanted->all)
        smail__json_end_array(json);
    else if (last.data != NULL)
        put_form(json, wanted->form, last);
    else
        smail__json_null(json);
}

void smail__jmap_headers_put(struct smail__json *json, smail_span header)
{
    struct smail__header_scan scan;
    struct smail__header_field field;

    smail__header_begin(&scan, header);
    smail__json_begin_array(json);
    while (smail__header_next(&field, &scan)) {
        smail__json_begin_object(json);
        smail__json_key(json, "name");
        smail__json_text(json, field.name);
        smail__json_key(json, "value");
        put_raw(json, field.value);
        smail__json_end_object(json);
    }
    smail__json_end_array(json);
}
