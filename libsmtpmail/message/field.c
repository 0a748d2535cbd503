/* SPDX-License-Identifier: MIT */
/*
 * message/field.c - the header fields of a parsed message: as they stand, as
 * text, as ids, as a date.
 */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "message/header.h"
#include "message/parse.h"
#include "message/word.h"

#define TEXT_MAX (4 * 1024 * 1024)

size_t smail_message_field_count(const smail_message *message, size_t part)
{
    struct smail__header_scan scan;
    struct smail__header_field field;
    size_t count = 0;

    if (part >= message->structure.count)
        return 0;
    smail__header_begin(&scan, smail__message_header_of(message, part));
    while (smail__header_next(&field, &scan))
        count++;
    return count;
}

int smail_message_field(smail_span *name, smail_span *value,
                        const smail_message *message, size_t part, size_t index)
{
    struct smail__header_scan scan;
    struct smail__header_field field;

    if (part >= message->structure.count)
        return SMAIL_EINVAL;
    smail__header_begin(&scan, smail__message_header_of(message, part));
    while (smail__header_next(&field, &scan)) {
        if (index-- == 0) {
            *name = field.name;
            *value = field.value;
            return 0;
        }
    }
    return SMAIL_ENOTFOUND;
}

static bool find(smail_span *value, const smail_message *message,
                 const char *name, size_t nth)
{
    return smail__header_find(value, smail__message_header_of(message, 0), name,
                              nth);
}

int smail_message_header(smail_buf *out, const smail_message *message,
                         const char *name, size_t nth)
{
    struct smail__buf text;
    smail_span value;

    if (!find(&value, message, name, nth))
        return SMAIL_ENOTFOUND;
    smail__buf_init(&text, TEXT_MAX, NULL);
    smail__words_display(&text, value);
    int rc = smail__buf_move(out, &text);

    smail__buf_dispose(&text);
    return rc;
}

void smail_message_ids(const smail_message *message, const char *name,
                       void (*each)(smail_span id, void *user), void *user)
{
    smail_span list;

    if (!find(&list, message, name, 0))
        return;
    for (;;) {
        (void)smail__span_cut(&list, '<');
        size_t end = smail__span_find(list, '>');

        if (end == list.len)
            return;
        smail_span id = smail__span_trim(smail__span_slice(list, 0, end));

        if (id.len > 0)
            each(id, user);
        list = smail__span_from(list, end + 1);
    }
}

int smail_message_date(int64_t *out, const smail_message *message)
{
    smail_span value;

    if (!find(&value, message, "Date", 0) || !smail__header_date(out, value))
        return SMAIL_ENOTFOUND;
    return 0;
}
