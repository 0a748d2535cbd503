/* SPDX-License-Identifier: MIT */
/*
 * server/report.c - what the log says: one line a message, with all that is
 * needed to answer "where is my mail"; never a password or a word of content.
 */
#include <string.h>
#include <time.h>

#include "base/span.h"
#include "server/dialogue.h"

#define LINE_MAX (16 * 1024)
#define LISTED_MAX 10 /* recipients that are named; all are counted */
#define FIELDS_MAX 20

/* Longer values are cut: one line is read by people. */
#define VALUE_MAX 512

struct line {
    struct smail__log_field fields[FIELDS_MAX];
    size_t count;
};

static void add_span(struct line *line, const char *key, smail_span value)
{
    if (value.data == NULL || line->count == FIELDS_MAX)
        return;
    line->fields[line->count++] = (struct smail__log_field)SMAIL__LOG_TEXT(
        key, smail__span_slice(value, 0, VALUE_MAX));
}

static void add(struct line *line, const char *key, const char *value)
{
    if (value != NULL)
        add_span(line, key, smail__span(value));
}

static void add_number(struct line *line, const char *key, int64_t value)
{
    if (line->count < FIELDS_MAX)
        line->fields[line->count++] =
            (struct smail__log_field)SMAIL__LOG_NUMBER(key, value);
}

static bool is_wanted(const smail_server *server, enum smail__log_level level)
{
    return (int)level <=
           atomic_load_explicit(&server->log_level, memory_order_relaxed);
}

static const char *kind_name(smail_listener_kind kind)
{
    static const char *const names[] = { "smtp", "submission", "submissions",
                                         "lmtp" };

    return names[kind];
}

void smail__report_write(enum smail__log_level level, const char *event,
                         const struct smail__log_field *fields, size_t count,
                         void *user)
{
    static const smail_log_level levels[] = {
        [SMAIL__LOG_ERROR] = SMAIL_LOG_ERROR,
        [SMAIL__LOG_WARNING] = SMAIL_LOG_WARNING,
        [SMAIL__LOG_INFO] = SMAIL_LOG_INFO,
        [SMAIL__LOG_DEBUG] = SMAIL_LOG_DEBUG,
    };
    const smail_server *server = user;
    struct smail__buf out;

    smail__buf_init(&out, LINE_MAX, NULL);
    if (server->options.log_json)
        smail__log_as_json(&out, time(NULL), level, event, fields, count);
    else
        smail__log_as_text(&out, time(NULL), level, event, fields, count);
    if (smail__buf_error(&out) == 0)
        server->options.log(levels[level], out.data, out.len,
                            server->options.log_user);
    smail__buf_dispose(&out);
}

static void list_recipients(struct smail__buf *out,
                            const struct smail__envelope *envelope)
{
    char text[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];

    for (size_t i = 0; i < envelope->recipient_count && i < LISTED_MAX; i++) {
        smail__path_text(text, &envelope->recipients[i]);
        if (i > 0)
            smail__buf_putc(out, ',');
        smail__buf_puts(out, text);
    }
}

void smail__report_message(const smail_server *server,
                           const struct smail__envelope *envelope,
                           const char *verdict, int code, const char *text)
{
    char sender[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];
    struct smail__buf recipients;
    struct line line = { .count = 0 };

    if (!is_wanted(server, SMAIL__LOG_INFO) || server->log.write == NULL)
        return;
    smail__path_text(sender, &envelope->sender);
    smail__buf_init(&recipients, LINE_MAX / 2, NULL);
    list_recipients(&recipients, envelope);
    if (envelope->id[0] != '\0')
        add(&line, "id", envelope->id);
    add(&line, "listener", kind_name(envelope->kind));
    add(&line, "peer", envelope->peer);
    add(&line, "name", envelope->peer_name);
    add(&line, "tls", envelope->tls_protocol);
    add(&line, "cipher", envelope->tls_cipher);
    add(&line, "helo", envelope->helo);
    add(&line, "user", envelope->identity);
    add(&line, "from", sender);
    line.fields[line.count++] = (struct smail__log_field)SMAIL__LOG_TEXT(
        "to",
        recipients.len > 0 ? smail__buf_span(&recipients) : SMAIL__SPAN(""));
    add_number(&line, "recipients", (int64_t)envelope->recipient_count);
    add_number(&line, "size", (int64_t)envelope->received);
    add(&line, "verdict", verdict);
    if (code != 0)
        add_number(&line, "code", code);
    add(&line, "reason", text);
    add_number(&line, "ms", (int64_t)(envelope->ended_at - envelope->begun_at));
    smail__log_write(&server->log, SMAIL__LOG_INFO, "message", line.fields,
                     line.count);
    smail__buf_dispose(&recipients);
}

void smail__report_event(const smail_server *server,
                         enum smail__log_level level, const char *event,
                         const struct smail__dialogue *dialogue,
                         const char *key, smail_span value)
{
    struct line line = { .count = 0 };

    if (!is_wanted(server, level))
        return;
    add(&line, "listener", kind_name(dialogue->kind));
    add(&line, "peer", dialogue->peer_text);
    if (dialogue->identity != NULL)
        add(&line, "user", dialogue->identity);
    if (key != NULL)
        add_span(&line, key, value);
    smail__log_write(&server->log, level, event, line.fields, line.count);
}

static void report_refused(const struct smail__dialogue *dialogue,
                           const char *event, const smail_path *sender,
                           const smail_path *recipient, int code,
                           const char *text)
{
    const smail_server *server = dialogue->server;
    char from[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];
    char to[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];
    struct line line = { .count = 0 };

    if (!is_wanted(server, SMAIL__LOG_INFO))
        return;
    smail__path_text(from, sender);
    add(&line, "listener", kind_name(dialogue->kind));
    add(&line, "peer", dialogue->peer_text);
    add_span(&line, "helo", smail_smtp_server_helo(dialogue->engine));
    add(&line, "user", dialogue->identity);
    add(&line, "from", from);
    if (recipient != NULL) {
        smail__path_text(to, recipient);
        add(&line, "to", to);
    }
    add_number(&line, "code", code);
    add(&line, "reason", text);
    smail__log_write(&server->log, SMAIL__LOG_INFO, event, line.fields,
                     line.count);
}

void smail__report_recipient(const struct smail__dialogue *dialogue,
                             const smail_path *recipient, int code,
                             const char *text)
{
    report_refused(dialogue, "recipient_refused", &dialogue->envelope->sender,
                   recipient, code, text);
}

void smail__report_sender(const struct smail__dialogue *dialogue,
                          const smail_path *sender, int code, const char *text)
{
    report_refused(dialogue, "sender_refused", sender, NULL, code, text);
}

void smail__report_plain(const smail_server *server,
                         enum smail__log_level level, const char *event,
                         const char *key, const char *value)
{
    struct line line = { .count = 0 };

    add(&line, key, value);
    smail__log_write(&server->log, level, event, line.fields, line.count);
}
