/* SPDX-License-Identifier: MIT */
/* base/log.c - log lines as text and as JSON, controls escaped. */
#include "base/log.h"

#include <smtpmail/error.h>

#include "base/date.h"
#include "base/span.h"
#include "base/utf8.h"

static const char *const level_names[] = { "error", "warning", "info",
                                           "debug" };

void smail__log_write(const struct smail__log *log, enum smail__log_level level,
                      const char *event, const struct smail__log_field *fields,
                      size_t count)
{
    if (log == NULL || log->write == NULL || level > log->level)
        return;
    log->write(level, event, fields, count, log->user);
}

const char *smail__log_level_name(enum smail__log_level level)
{
    return level_names[level];
}

int smail__log_level_parse(enum smail__log_level *out, smail_span name)
{
    for (int i = SMAIL__LOG_ERROR; i <= SMAIL__LOG_DEBUG; i++) {
        if (smail__span_iis(name, level_names[i])) {
            *out = (enum smail__log_level)i;
            return 0;
        }
    }
    return SMAIL_EINVAL;
}

/* Controls, C1 controls and line separators never reach a terminal. */
static bool is_hidden(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
           code_point == 0x2028 || code_point == 0x2029;
}

static void put_quoted(struct smail__buf *out, smail_span text)
{
    smail__buf_putc(out, '"');
    while (text.len > 0) {
        uint32_t code_point = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&code_point, text);

        if (code_point == '"' || code_point == '\\')
            smail__buf_printf(out, "\\%c", (int)code_point);
        else if (is_hidden(code_point))
            smail__buf_printf(out, "\\u%04x", (unsigned)code_point);
        else
            smail__utf8_put(out, code_point);
        text = smail__span_from(text, len > 0 ? len : 1);
    }
    smail__buf_putc(out, '"');
}

static bool is_plain(smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '\\' ||
            byte == '=')
            return false;
    }
    return text.len > 0;
}

void smail__log_as_text(struct smail__buf *out, int64_t now,
                        enum smail__log_level level, const char *event,
                        const struct smail__log_field *fields, size_t count)
{
    char date[SMAIL__DATE_MAX];

    smail__date_rfc3339(date, now);
    smail__buf_printf(out, "%s %s %s", date, level_names[level], event);
    for (size_t i = 0; i < count; i++) {
        smail__buf_printf(out, " %s=", fields[i].key);
        if (fields[i].text.data == NULL)
            smail__buf_printf(out, "%lld", (long long)fields[i].number);
        else if (is_plain(fields[i].text))
            smail__buf_append(out, fields[i].text);
        else
            put_quoted(out, fields[i].text);
    }
}

void smail__log_as_json(struct smail__buf *out, int64_t now,
                        enum smail__log_level level, const char *event,
                        const struct smail__log_field *fields, size_t count)
{
    char date[SMAIL__DATE_MAX];

    smail__date_rfc3339(date, now);
    smail__buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"",
                      date, level_names[level], event);
    for (size_t i = 0; i < count; i++) {
        smail__buf_printf(out, ",\"%s\":", fields[i].key);
        if (fields[i].text.data == NULL)
            smail__buf_printf(out, "%lld", (long long)fields[i].number);
        else
            put_quoted(out, fields[i].text);
    }
    smail__buf_putc(out, '}');
}
