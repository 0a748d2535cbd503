/* SPDX-License-Identifier: MIT */
/* verify/tags.c - see the header. */
#include "verify/tags.h"

#include "base/span.h"

static bool is_name(smail_span name)
{
    if (name.len == 0 || !smail__is_alpha(name.data[0]))
        return false;
    for (size_t i = 1; i < name.len; i++) {
        if (!smail__is_alnum(name.data[i]) && name.data[i] != '_')
            return false;
    }
    return true;
}

/* Printable, and spaces within. */
static bool is_value(smail_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.data[i];

        if ((byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n') ||
            byte == 0x7f)
            return false;
    }
    return true;
}

static bool has(const struct smail__tags *tags, smail_span name)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (smail__span_equal(tags->list[i].name, name))
            return true;
    }
    return false;
}

bool smail__tags_read(struct smail__tags *out, smail_span text)
{
    out->count = 0;
    while (text.len > 0) {
        smail_span value = smail__span_cut(&text, ';');
        smail_span name;

        /* Only behind the last one may be nothing. */
        if (smail__span_trim(value).len == 0) {
            if (smail__span_trim(text).len > 0 || out->count == 0)
                return false;
            continue;
        }
        if (smail__span_find(value, '=') == value.len)
            return false;
        name = smail__span_trim(smail__span_cut(&value, '='));
        value = smail__span_trim(value);
        if (!is_name(name) || !is_value(value) || has(out, name) ||
            out->count == SMAIL__TAGS_MAX)
            return false;
        out->list[out->count++] = (struct smail__tag){ name, value };
    }
    return out->count > 0;
}

const smail_span *smail__tags_find(const struct smail__tags *tags,
                                   const char *name)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (smail__span_is(tags->list[i].name, name))
            return &tags->list[i].value;
    }
    return NULL;
}
