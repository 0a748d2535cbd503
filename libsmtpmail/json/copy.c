/* SPDX-License-Identifier: MIT */
#include "json/copy.h"

#include <jansson.h>

#include "base/span.h"

static int append(const char *bytes, size_t len, void *out)
{
    smail__buf_append(out, (smail_span){ bytes, len });
    return smail__buf_error(out) == 0 ? 0 : -1;
}

void smail__json_value(struct smail__json *json,
                       const struct smail__json_value *value)
{
    smail__json_raw(json, SMAIL__SPAN(""));
    if (value == NULL)
        smail__buf_puts(json->out, "null");
    else if (json_dump_callback((const json_t *)value, append, json->out,
                                JSON_COMPACT | JSON_ENSURE_ASCII |
                                    JSON_ENCODE_ANY) != 0)
        smail__buf_reserve(json->out, SIZE_MAX); /* sticks */
}

size_t smail__json_values(smail_span text)
{
    size_t count = 1;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];

        if (in_string) {
            if (byte == '\\')
                i++;
            in_string = byte != '"';
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == ',' || byte == '[' || byte == '{') {
            count++;
        }
    }
    return count;
}
