/* SPDX-License-Identifier: MIT */
/* server/outbound_log.c - one line for what came of each recipient. */
#include <time.h>

#include "base/base64.h"
#include "base/span.h"
#include "server/outbound.h"

#define LINE_MAX (16 * 1024)
#define VALUE_MAX 512

static void write_line(enum smail__log_level level, const char *event,
                       const struct smail__log_field *fields, size_t count,
                       void *user)
{
    static const smail_log_level levels[] = {
        [SMAIL__LOG_ERROR] = SMAIL_LOG_ERROR,
        [SMAIL__LOG_WARNING] = SMAIL_LOG_WARNING,
        [SMAIL__LOG_INFO] = SMAIL_LOG_INFO,
        [SMAIL__LOG_DEBUG] = SMAIL_LOG_DEBUG,
    };
    const smail_outbound *outbound = user;
    struct smail__buf out;

    smail__buf_init(&out, LINE_MAX, NULL);
    if (outbound->options.log_json)
        smail__log_as_json(&out, time(NULL), level, event, fields, count);
    else
        smail__log_as_text(&out, time(NULL), level, event, fields, count);
    if (smail__buf_error(&out) == 0)
        outbound->options.log(levels[level], out.data, out.len,
                              outbound->options.log_user);
    smail__buf_dispose(&out);
}

void smail__outbound_open_log(smail_outbound *outbound)
{
    static const enum smail__log_level levels[] = {
        [SMAIL_LOG_ERROR] = SMAIL__LOG_ERROR,
        [SMAIL_LOG_WARNING] = SMAIL__LOG_WARNING,
        [SMAIL_LOG_INFO] = SMAIL__LOG_INFO,
        [SMAIL_LOG_DEBUG] = SMAIL__LOG_DEBUG,
    };

    if (outbound->options.log_level == 0)
        outbound->options.log_level = SMAIL_LOG_INFO;
    outbound->log.level = levels[outbound->options.log_level];
    outbound->log.user = outbound;
    if (outbound->options.log != NULL)
        outbound->log.write = write_line;
}

void smail__outbound_say(smail_outbound *outbound, enum smail__log_level level,
                         const char *event, const char *reason)
{
    struct smail__log_field field =
        SMAIL__LOG_TEXT("reason", smail__span(reason));

    smail__log_write(&outbound->log, level, event, &field, reason != NULL);
}

static const char *event_of(const struct smail__settled *settled)
{
    switch (settled->result.outcome) {
    case SMAIL_QUEUE_TAKEN:
        return "delivered";
    case SMAIL_QUEUE_PUT_OFF:
        return "put_off";
    case SMAIL_QUEUE_REFUSED:
    case SMAIL_QUEUE_GIVEN_UP:
        return "not_delivered";
    case SMAIL_QUEUE_NOTED:
        break;
    }
    return "noted";
}

void smail__outbound_log(void *world, const char *event,
                         const struct smail__queue_message *message,
                         const struct smail__settled *settled,
                         smail_span detail)
{
    smail_outbound *outbound = world;
    const struct smail__queue_result *result = &settled->result;
    char id[SMAIL_QUEUE_ID_LEN + 1] = "";
    struct smail__log_field fields[] = {
        SMAIL__LOG_TEXT("id", SMAIL__SPAN("")),
        SMAIL__LOG_TEXT("from", message->sender),
        SMAIL__LOG_TEXT("to", settled->recipient->recipient),
        SMAIL__LOG_TEXT("host", result->host),
        SMAIL__LOG_TEXT("address", result->address),
        SMAIL__LOG_TEXT("tls", result->tls),
        SMAIL__LOG_TEXT("phase", result->phase),
        SMAIL__LOG_TEXT("status", settled->status),
        SMAIL__LOG_TEXT("reply", smail__span_slice(detail, 0, VALUE_MAX)),
        SMAIL__LOG_NUMBER("attempts", settled->recipient->attempts + 1),
        SMAIL__LOG_NUMBER("delay", result->ended_at - message->created_at),
        SMAIL__LOG_NUMBER("next", result->next_attempt),
    };
    size_t count = sizeof(fields) / sizeof(fields[0]);

    (void)event;
    smail__hex_encode(id, message->name, sizeof(message->name));
    fields[0].text = smail__span(id);
    if (result->outcome != SMAIL_QUEUE_PUT_OFF)
        count--;
    for (size_t i = 0; i < count; i++)
        if (fields[i].text.data == NULL && fields[i].number == 0 && i < 9)
            fields[i].text = SMAIL__SPAN("");
    smail__log_write(&outbound->log,
                     result->outcome == SMAIL_QUEUE_TAKEN ? SMAIL__LOG_INFO
                                                          : SMAIL__LOG_WARNING,
                     event_of(settled), fields, count);
}
