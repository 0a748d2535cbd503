/* SPDX-License-Identifier: MIT */
/* message/compose.c - fields of a message that is being made. */
#include "message/compose.h"

#include <string.h>

#include "base/date.h"
#include "base/format.h"
#include "base/span.h"
#include "message/encode.h"

#define LINE_MAX_OCTETS 998 /* RFC 5322, 2.1.1 */
#define NAME_MAX_OCTETS 76

/* A name before an address, an entry of a list, encoded. */
#define ENTRY_MAX ((size_t)64 * 1024)

bool smail__compose_is_name(smail_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] < 33 || name.data[i] > 126 || name.data[i] == ':')
            return false;
    return name.len > 0 && name.len <= NAME_MAX_OCTETS;
}

/* Controls become spaces, the ends are cut. */
static void put_clean(struct smail__buf *out, smail_span text)
{
    text = smail__span_trim(text);
    smail__buf_append(out, text);
    for (size_t i = 0; i < out->len; i++)
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f)
            out->data[i] = ' ';
}

void smail__compose_text(struct smail__buf *out, const char *name,
                         smail_span text)
{
    struct smail__encoder encoder;
    struct smail__buf clean;

    smail__buf_init(&clean, out->max, NULL);
    put_clean(&clean, text);
    smail__encode_begin(&encoder, out, name);
    smail__encode_text(&encoder, smail__buf_span(&clean));
    smail__encode_end(&encoder);
    smail__buf_dispose(&clean);
}

/* Whole lines, each begun by white space, none empty. */
static bool is_folded(smail_span value)
{
    size_t line = 0;

    for (size_t i = 0; i < value.len; i++) {
        char byte = value.data[i];

        if (byte == '\r') {
            smail_span rest = smail__span_from(value, i + 1);

            if (rest.len < 2 || rest.data[0] != '\n' ||
                !smail__is_space(rest.data[1]) ||
                smail__span_trim(
                    smail__span_slice(
                        rest, 1,
                        smail__span_find(smail__span_from(rest, 1), '\r')))
                        .len == 0)
                return false;
            i++;
            line = 0;
        } else if ((byte < ' ' && byte != '\t') || byte >= 0x7f ||
                   ++line > LINE_MAX_OCTETS - NAME_MAX_OCTETS - 2) {
            return false;
        }
    }
    return true;
}

bool smail__compose_raw(struct smail__buf *out, const char *name,
                        smail_span value)
{
    if (!is_folded(value))
        return false;
    smail__buf_printf(out, "%s:", name);
    if (value.len == 0 || !smail__is_space(value.data[0]))
        smail__buf_putc(out, ' ');
    smail__buf_append(out, value);
    smail__buf_puts(out, "\r\n");
    return true;
}

/* --- Ids ----------------------------------------------------------------- */

void smail__compose_ids_begin(struct smail__compose_ids *ids,
                              struct smail__buf *out, const char *name)
{
    *ids = (struct smail__compose_ids){ .out = out, .column = strlen(name) };
    smail__buf_printf(out, "%s:", name);
}

bool smail__compose_ids_add(struct smail__compose_ids *ids, smail_span id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.data[i] <= ' ' || id.data[i] >= 0x7f || id.data[i] == '<' ||
            id.data[i] == '>')
            return false;
    if (id.len == 0 || id.len > LINE_MAX_OCTETS - NAME_MAX_OCTETS - 4)
        return false;
    if (ids->count++ > 0 && ids->column + id.len + 3 > SMAIL__LINE_WANTED) {
        smail__buf_puts(ids->out, "\r\n");
        ids->column = 0;
    }
    smail__buf_printf(ids->out, " <%.*s>", SMAIL__SPAN_ARG(id));
    ids->column += id.len + 3;
    return true;
}

void smail__compose_ids_end(struct smail__compose_ids *ids)
{
    smail__buf_puts(ids->out, "\r\n");
}

/* --- Mailboxes ----------------------------------------------------------- */

void smail__compose_list_begin(struct smail__compose_list *list,
                               struct smail__buf *out, const char *name)
{
    *list = (struct smail__compose_list){
        .out = out, .field = name, .column = strlen(name) + 1, .is_empty = true
    };
    smail__buf_printf(out, "%s:", name);
}

/* What stands between two entries; a fold where the line gets long. */
static void separate(struct smail__compose_list *list, size_t next)
{
    if (!list->is_empty && !list->after_group) {
        smail__buf_putc(list->out, ',');
        list->column++;
    }
    if (!list->is_empty && list->column + next + 2 > SMAIL__LINE_WANTED) {
        smail__buf_puts(list->out, "\r\n");
        list->column = 0;
    }
    smail__buf_putc(list->out, ' ');
    list->column++;
    list->is_empty = false;
    list->after_group = false;
}

/* The phrase, folded as the encoder does from column 0. */
static void put_phrase(struct smail__buf *out, smail_span name)
{
    struct smail__encoder encoder = { out, 0, true };
    struct smail__buf clean;
    size_t start = out->len;

    smail__buf_init(&clean, ENTRY_MAX, NULL);
    put_clean(&clean, name);
    smail__encode_phrase(&encoder, smail__buf_span(&clean));
    /* The encoder begins with a space, which the list has put already. */
    if (out->len > start && smail__buf_error(out) == 0) {
        memmove(out->data + start, out->data + start + 1, out->len - start);
        smail__buf_truncate(out, out->len - 1);
    }
    smail__buf_dispose(&clean);
}

static void put_address(struct smail__buf *out, smail_span address)
{
    smail__buf_putc(out, '<');
    for (size_t i = 0; i < address.len && i < LINE_MAX_OCTETS / 2; i++) {
        char byte = address.data[i];
        bool is_bad = byte <= ' ' || byte >= 0x7f || byte == '<' ||
                      byte == '>' || byte == ',' || byte == ';';

        smail__buf_putc(out, is_bad ? '?' : byte);
    }
    smail__buf_putc(out, '>');
}

static size_t last_line(const struct smail__buf *item)
{
    size_t at = item->len;

    while (at > 0 && item->data[at - 1] != '\n')
        at--;
    return item->len - at;
}

static void put_item(struct smail__compose_list *list, struct smail__buf *item)
{
    smail_span text = smail__buf_span(item);
    size_t first = smail__span_find(text, '\r');

    separate(list, first);
    smail__buf_append(list->out, text);
    list->column = first < text.len ? last_line(item) : list->column + first;
    if (list->out->error == 0)
        list->out->error = smail__buf_error(item);
}

void smail__compose_list_add(struct smail__compose_list *list, smail_span name,
                             smail_span address)
{
    struct smail__buf item;

    smail__buf_init(&item, ENTRY_MAX * 4, NULL);
    if (smail__span_trim(name).len > 0) {
        put_phrase(&item, name);
        smail__buf_puts(&item,
                        last_line(&item) + address.len + 3 > SMAIL__LINE_WANTED
                            ? "\r\n "
                            : " ");
    }
    put_address(&item, address);
    put_item(list, &item);
    smail__buf_dispose(&item);
}

void smail__compose_list_group(struct smail__compose_list *list,
                               smail_span name)
{
    struct smail__buf item;

    smail__buf_init(&item, ENTRY_MAX * 4, NULL);
    put_phrase(&item, name.len > 0 ? name : SMAIL__SPAN("group"));
    smail__buf_putc(&item, ':');
    put_item(list, &item);
    list->after_group = true;
    smail__buf_dispose(&item);
}

void smail__compose_list_group_end(struct smail__compose_list *list)
{
    smail__buf_putc(list->out, ';');
    list->column++;
    list->after_group = false;
}

void smail__compose_list_end(struct smail__compose_list *list)
{
    smail__buf_puts(list->out, "\r\n");
}

/* --- Dates, parameters --------------------------------------------------- */

void smail__compose_date(struct smail__buf *out, const char *name,
                         int64_t seconds, int zone_minutes)
{
    char text[SMAIL__DATE_MAX];
    int minutes = zone_minutes < 0 ? -zone_minutes : zone_minutes;
    smail_span date;

    smail__date_rfc5322(text, seconds + (int64_t)zone_minutes * 60);
    date = smail__span(text);
    if (date.len > 5)
        date.len -= 5; /* "+0000" */
    smail__buf_printf(out, "%s: %.*s%c%02d%02d\r\n", name,
                      SMAIL__SPAN_ARG(date), zone_minutes < 0 ? '-' : '+',
                      minutes / 60, minutes % 60);
}

void smail__compose_begin(struct smail__buf *out, const char *name,
                          smail_span value)
{
    smail__buf_printf(out, "%s: ", name);
    for (size_t i = 0; i < value.len; i++)
        smail__buf_putc(out, value.data[i] <= ' ' || value.data[i] >= 0x7f
                                 ? '?'
                                 : value.data[i]);
}

static bool is_plain(smail_span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] >= 0x7f)
            return false;
    return value.len <= SMAIL__LINE_WANTED - 20;
}

/* RFC 2231, 7: attribute-char. */
static bool is_attribute(char byte)
{
    return smail__is_alnum(byte) || (byte > ' ' && byte < 0x7f &&
                                     strchr("!#$&+-.^_`{|}~", byte) != NULL);
}

/* In sections of one line each (RFC 2231, 3). */
static void put_extended(struct smail__buf *out, const char *name,
                         smail_span value)
{
    size_t at = 0;

    for (int section = 0; at < value.len || section == 0; section++) {
        smail__buf_printf(out, ";\r\n %s*%d*=%s", name, section,
                          section == 0 ? "utf-8''" : "");
        for (size_t room = 48; at < value.len && room >= 3; at++) {
            unsigned char byte = (unsigned char)value.data[at];

            if (byte < ' ' || byte == 0x7f)
                byte = ' ';
            if (is_attribute((char)byte)) {
                smail__buf_putc(out, (char)byte);
                room--;
            } else {
                smail__buf_printf(out, "%%%c%c", "0123456789ABCDEF"[byte >> 4],
                                  "0123456789ABCDEF"[byte & 15]);
                room -= 3;
            }
        }
    }
}

void smail__compose_parameter(struct smail__buf *out, const char *name,
                              smail_span value)
{
    if (!is_plain(value)) {
        put_extended(out, name, value);
        return;
    }
    smail__buf_printf(out, ";\r\n %s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            smail__buf_putc(out, '\\');
        smail__buf_putc(out, value.data[i]);
    }
    smail__buf_putc(out, '"');
}
