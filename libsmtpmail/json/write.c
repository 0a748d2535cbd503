/* SPDX-License-Identifier: MIT */
#include "json/write.h"

#include <assert.h>
#include <inttypes.h>

#include "base/date.h"
#include "base/span.h"
#include "base/utf8.h"

void smail__json_init(struct smail__json *json, struct smail__buf *out)
{
    *json = (struct smail__json){ .out = out };
}

static void before_value(struct smail__json *json)
{
    uint64_t bit = (uint64_t)1 << json->depth % 64;
    uint64_t *items = &json->has_items[json->depth / 64];

    if (!json->after_key && (*items & bit) != 0)
        smail__buf_putc(json->out, ',');
    *items |= bit;
    json->after_key = false;
}

static void begin(struct smail__json *json, char bracket)
{
    before_value(json);
    assert(json->depth + 1 < SMAIL__JSON_DEPTH_MAX);
    json->depth++;
    json->has_items[json->depth / 64] &= ~((uint64_t)1 << json->depth % 64);
    smail__buf_putc(json->out, bracket);
}

static void end(struct smail__json *json, char bracket)
{
    assert(json->depth > 0 && !json->after_key);
    json->depth--;
    smail__buf_putc(json->out, bracket);
}

static bool is_escaped(uint32_t code)
{
    return code < 0x20 || code == '"' || code == '\\' ||
           (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

static void put_escape(struct smail__buf *out, uint32_t code)
{
    static const char letters[] = "b\bf\fn\nr\rt\t\"\"\\\\";

    for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
        if ((uint32_t)letters[i + 1] != code)
            continue;
        smail__buf_putc(out, '\\');
        smail__buf_putc(out, letters[i]);
        return;
    }
    smail__buf_printf(out, "\\u%04x", (unsigned)code);
}

static void put_quoted(struct smail__buf *out, smail_span text)
{
    size_t plain = 0; /* what is to be copied as it stands */

    smail__buf_putc(out, '"');
    while (plain < text.len) {
        smail_span rest = smail__span_from(text, plain);
        uint32_t code = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&code, rest);

        if (len > 0 && !is_escaped(code)) {
            plain += len;
            continue;
        }
        smail__buf_append(out, smail__span_slice(text, 0, plain));
        if (len > 0)
            put_escape(out, code);
        else
            smail__utf8_put(out, SMAIL__UTF8_REPLACEMENT);
        text = smail__span_from(rest, len > 0 ? len : 1);
        plain = 0;
    }
    smail__buf_append(out, text);
    smail__buf_putc(out, '"');
}

void smail__json_begin_object(struct smail__json *json)
{
    begin(json, '{');
}

void smail__json_end_object(struct smail__json *json)
{
    end(json, '}');
}

void smail__json_begin_array(struct smail__json *json)
{
    begin(json, '[');
}

void smail__json_end_array(struct smail__json *json)
{
    end(json, ']');
}

void smail__json_text_key(struct smail__json *json, smail_span key)
{
    before_value(json);
    put_quoted(json->out, key);
    smail__buf_putc(json->out, ':');
    json->after_key = true;
}

void smail__json_key(struct smail__json *json, const char *key)
{
    smail__json_text_key(json, smail__span(key));
}

void smail__json_text(struct smail__json *json, smail_span text)
{
    before_value(json);
    put_quoted(json->out, text);
}

void smail__json_string(struct smail__json *json, const char *text)
{
    smail__json_text(json, smail__span(text));
}

void smail__json_int(struct smail__json *json, int64_t value)
{
    before_value(json);
    smail__buf_printf(json->out, "%" PRId64, value);
}

void smail__json_uint(struct smail__json *json, uint64_t value)
{
    before_value(json);
    smail__buf_printf(json->out, "%" PRIu64, value);
}

void smail__json_bool(struct smail__json *json, bool value)
{
    before_value(json);
    smail__buf_puts(json->out, value ? "true" : "false");
}

void smail__json_null(struct smail__json *json)
{
    before_value(json);
    smail__buf_puts(json->out, "null");
}

void smail__json_raw(struct smail__json *json, smail_span text)
{
    before_value(json);
    smail__buf_append(json->out, text);
}

void smail__json_id(struct smail__json *json, smail_id id)
{
    before_value(json);
    smail__buf_printf(json->out, "\"%" PRId64 "\"", id);
}

void smail__json_time(struct smail__json *json, int64_t seconds)
{
    char text[SMAIL__DATE_MAX];

    smail__date_rfc3339(text, seconds);
    smail__json_string(json, text);
}
