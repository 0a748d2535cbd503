/* SPDX-License-Identifier: MIT */
/* jmap/header_write.c - header fields of a message that is being created, from
 * the same forms in which they are read (RFC 8621, 4.1.2). */
#include "jmap/header_write.h"

#include "base/date.h"
#include "base/span.h"
#include "message/address.h"
#include "message/compose.h"

/* Addresses, ids or URLs of one field. */
#define ITEMS_MAX 2000

#define NAME_SIZE 80

static smail_span text_of(const struct smail__json_value *value)
{
    smail_span text = { NULL, 0 };

    (void)smail__json_as_text(&text, value);
    return text;
}

static bool is_text(const struct smail__json_value *value)
{
    return smail__json_type(value) == SMAIL__JSON_STRING;
}

static bool is_text_or_null(const struct smail__json_value *value)
{
    return is_text(value) || smail__json_type(value) == SMAIL__JSON_NULL;
}

static bool is_list(const struct smail__json_value *value)
{
    return smail__json_type(value) == SMAIL__JSON_ARRAY &&
           smail__json_count(value) <= ITEMS_MAX;
}

/* --- Addresses ----------------------------------------------------------- */

static bool add_addresses(struct smail__compose_list *list,
                          const struct smail__json_value *value)
{
    size_t count = smail__json_count(value);

    if (!is_list(value))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct smail__json_value *item = smail__json_at(value, i);
        const struct smail__json_value *name = smail__json_get(item, "name");
        const struct smail__json_value *email = smail__json_get(item, "email");

        if (!is_text_or_null(name) || !is_text(email) ||
            /* It may be no address yet (RFC 8621, 4.1.2.3). */
            !smail__address_is_clean(text_of(email)))
            return false;
        smail__compose_list_add(list, text_of(name), text_of(email));
    }
    return true;
}

static bool add_groups(struct smail__compose_list *list,
                       const struct smail__json_value *value)
{
    size_t count = smail__json_count(value);
    bool is_fine = is_list(value);

    for (size_t i = 0; is_fine && i < count; i++) {
        const struct smail__json_value *item = smail__json_at(value, i);
        const struct smail__json_value *name = smail__json_get(item, "name");

        is_fine = is_text_or_null(name);
        if (is_fine && is_text(name))
            smail__compose_list_group(list, text_of(name));
        if (is_fine)
            is_fine = add_addresses(list, smail__json_get(item, "addresses"));
        if (is_fine && is_text(name))
            smail__compose_list_group_end(list);
    }
    return is_fine;
}

static bool write_list(struct smail__buf *out, const char *name,
                       const struct smail__json_value *value, bool grouped)
{
    struct smail__compose_list list;
    bool is_fine;

    if (smail__json_count(value) == 0)
        return is_list(value); /* no field rather than an empty one */
    smail__compose_list_begin(&list, out, name);
    is_fine = grouped ? add_groups(&list, value) : add_addresses(&list, value);
    smail__compose_list_end(&list);
    return is_fine;
}

/* --- Ids, URLs, dates ---------------------------------------------------- */

static bool write_ids(struct smail__buf *out, const char *name,
                      const struct smail__json_value *value)
{
    struct smail__compose_ids ids;
    size_t count = smail__json_count(value);
    bool is_fine = is_list(value);

    if (!is_fine || count == 0)
        return is_fine;
    smail__compose_ids_begin(&ids, out, name);
    for (size_t i = 0; is_fine && i < count; i++)
        is_fine =
            is_text(smail__json_at(value, i)) &&
            smail__compose_ids_add(&ids, text_of(smail__json_at(value, i)));
    smail__compose_ids_end(&ids);
    return is_fine;
}

static bool write_urls(struct smail__buf *out, const char *name,
                       const struct smail__json_value *value)
{
    size_t count = smail__json_count(value);
    bool is_fine = is_list(value);

    if (!is_fine || count == 0)
        return is_fine;
    smail__buf_printf(out, "%s:", name);
    for (size_t i = 0; is_fine && i < count; i++) {
        struct smail__compose_ids one = { .out = out };

        if (i > 0)
            smail__buf_puts(out, ",\r\n");
        is_fine =
            is_text(smail__json_at(value, i)) &&
            smail__compose_ids_add(&one, text_of(smail__json_at(value, i)));
    }
    smail__buf_puts(out, "\r\n");
    return is_fine;
}

/* Minutes east, of "...+09:30". */
static int zone_of(smail_span text)
{
    smail_span zone = smail__span_from(text, text.len >= 6 ? text.len - 6 : 0);
    uint64_t hours, minutes;

    if (zone.len != 6 || (zone.data[0] != '+' && zone.data[0] != '-') ||
        smail__span_number(&hours, smail__span_slice(zone, 1, 2)) != 0 ||
        smail__span_number(&minutes, smail__span_slice(zone, 4, 2)) != 0)
        return 0;
    return (zone.data[0] == '-' ? -1 : 1) * (int)(hours * 60 + minutes);
}

static bool write_date(struct smail__buf *out, const char *name,
                       const struct smail__json_value *value)
{
    int64_t seconds;

    if (!is_text(value) ||
        smail__date_parse_rfc3339(&seconds, text_of(value)) != 0)
        return false;
    smail__compose_date(out, name, seconds, zone_of(text_of(value)));
    return true;
}

static bool write_one(struct smail__buf *out, const char *name,
                      enum smail__jmap_form form,
                      const struct smail__json_value *value)
{
    switch (form) {
    case SMAIL__JMAP_RAW:
        return is_text(value) && smail__compose_raw(out, name, text_of(value));
    case SMAIL__JMAP_TEXT:
        if (is_text(value))
            smail__compose_text(out, name, text_of(value));
        return is_text(value);
    case SMAIL__JMAP_ADDRESSES:
        return write_list(out, name, value, false);
    case SMAIL__JMAP_GROUPED:
        return write_list(out, name, value, true);
    case SMAIL__JMAP_MESSAGE_IDS:
        return write_ids(out, name, value);
    case SMAIL__JMAP_DATE:
        return write_date(out, name, value);
    default:
        return write_urls(out, name, value);
    }
}

bool smail__jmap_header_write(struct smail__buf *out,
                              const struct smail__jmap_header *header,
                              const struct smail__json_value *value)
{
    char name[NAME_SIZE];
    size_t count = smail__json_count(value);
    bool is_fine = true;

    if (!smail__compose_is_name(header->name))
        return false;
    smail__format(name, sizeof(name), "%.*s", SMAIL__SPAN_ARG(header->name));
    if (!header->all)
        return write_one(out, name, header->form, value);
    if (!is_list(value) || count > 100)
        return false;
    for (size_t i = 0; is_fine && i < count; i++)
        is_fine = write_one(out, name, header->form, smail__json_at(value, i));
    return is_fine;
}
