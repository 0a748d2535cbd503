/* SPDX-License-Identifier: MIT */
/*
 * server/deadline.c - how long a client may take. One timer a connection:
 *
 *   before its first word   handshake_timeout for PROXY header and TLS
 *   between commands        idle_timeout (RFC 5321, 4.5.3.2.7)
 *   within a command        command_timeout from its first octet
 *   within content          data_timeout for each CONTENT_STEP octets
 *   in all                  session_timeout, but a message that is with the
 *                           store gets its answer
 *
 * An octet now and then moves no deadline but the first, so that to hold a
 * connection costs about what it costs us. Who does not read his replies is
 * silent: the engine takes no more commands from him.
 */
/* clang-format off */
#define _GNU_SOURCE 1 /* memrchr() */
/* clang-format on */
#include <string.h>

#include "base/span.h"
#include "server/dialogue.h"

/* Content that comes slower than this in a data_timeout is not coming. */
#define CONTENT_STEP 1024

static uint64_t now_of(const struct smail__dialogue *dialogue)
{
    return smail__loop_now(dialogue->shard->loop);
}

static uint64_t session_end(const struct smail__dialogue *dialogue)
{
    return dialogue->begun_at +
           (uint64_t)dialogue->settings->options.session_timeout * 1000;
}

static bool is_owed_an_answer(const struct smail__dialogue *dialogue)
{
    const smail_smtp_event *event;
    smail_span nothing = { "", 0 };

    (void)smail_smtp_server_feed(&event, dialogue->engine, &nothing);
    return event->type == SMAIL_SMTP_WAIT &&
           smail_smtp_server_output(dialogue->engine).len == 0;
}

void smail__deadline_renew(struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;
    uint64_t now = now_of(dialogue), end = session_end(dialogue), at;

    if (dialogue->is_leaving)
        return; /* the connection has its own way of ending */
    if (dialogue->is_shaking || dialogue->proxy != NULL)
        at = now + (uint64_t)options->handshake_timeout * 1000;
    else if (dialogue->content_at != 0)
        at = dialogue->content_at + (uint64_t)options->data_timeout * 1000;
    else if (dialogue->line_at != 0)
        at = dialogue->line_at + (uint64_t)options->command_timeout * 1000;
    else
        at = now + (uint64_t)options->idle_timeout * 1000;
    if (at > end)
        at = end;
    smail__connection_set_deadline(dialogue->connection,
                                   at > now ? at - now : 1);
}

static void hear_content(struct smail__dialogue *dialogue, size_t len)
{
    dialogue->line_at = 0;
    dialogue->content_step += len;
    if (dialogue->content_at != 0 && dialogue->content_step < CONTENT_STEP)
        return;
    dialogue->content_at = now_of(dialogue);
    dialogue->content_step = 0;
}

static void hear_commands(struct smail__dialogue *dialogue, smail_span heard,
                          bool did_something)
{
    bool was_content = dialogue->content_at != 0;
    const char *end = memrchr(heard.data, '\n', heard.len);

    dialogue->content_at = 0;
    if (was_content || did_something ||
        (end != NULL && end == heard.data + heard.len - 1))
        dialogue->line_at = 0;
    else if (heard.len > 0 && (end != NULL || dialogue->line_at == 0))
        dialogue->line_at = now_of(dialogue);
}

void smail__deadline_heard(struct smail__dialogue *dialogue, smail_span heard,
                           bool did_something)
{
    if (heard.len == 0 && !did_something)
        return;
    if (smail_smtp_server_in_content(dialogue->engine))
        hear_content(dialogue, heard.len);
    else
        hear_commands(dialogue, heard, did_something);
    smail__deadline_renew(dialogue);
}

void smail__deadline_answered(struct smail__dialogue *dialogue)
{
    if (dialogue->content_at != 0)
        dialogue->content_at = now_of(dialogue);
    if (dialogue->line_at != 0)
        dialogue->line_at = now_of(dialogue);
    smail__deadline_renew(dialogue);
}

bool smail__deadline_passed(const char **why, struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;
    bool is_over = now_of(dialogue) >= session_end(dialogue);

    /* While we owe the answer the client is not the one who is silent. */
    if (dialogue->is_delivering || (!is_over && is_owed_an_answer(dialogue))) {
        smail__connection_set_deadline(dialogue->connection,
                                       (uint64_t)options->idle_timeout * 1000);
        return false;
    }
    *why = is_over                     ? "Session took too long"
           : dialogue->content_at != 0 ? "Content came too slowly"
           : dialogue->line_at != 0    ? "Command came too slowly"
                                       : "Timeout, closing connection";
    return true;
}
