/* SPDX-License-Identifier: MIT */
/*
 * cmd_queue_story.c - the whole story of a message that was sent: for each
 * recipient where it is, what was tried, and what the other side said.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "display.h"
#include "queue.h"
#include "json/write.h"

struct story {
    struct ctl *ctl;
    struct smail__json json;
    bool is_json;
    smail_id message;
    smail_id recipient; /* whose attempts are printed */
    bool has_head, any;
};

static void put_time(struct smail__buf *out, int64_t at)
{
    char text[SMAIL__DATE_MAX];

    smail__date_rfc3339(text, at);
    smail__buf_puts(out, text);
}

static void put_shown(struct smail__buf *out, smail_span text)
{
    display_text(out, text, false);
}

/* --- For a person -------------------------------------------------------- */

static void tell_head(struct story *story, const smail_queue_entry *entry)
{
    struct smail__buf *out = &story->ctl->out.buf;

    smail__buf_printf(out, "message:  %lld, in the log %s\n",
                      (long long)entry->message, entry->queue_id);
    smail__buf_puts(out, "from:     ");
    put_shown(out, entry->sender.len > 0 ? entry->sender : SMAIL__SPAN("<>"));
    smail__buf_puts(out, "\nsubject:  ");
    put_shown(out, entry->subject);
    smail__buf_puts(out, "\nsize:     ");
    smail__buf_printf(
        out, "%llu octets\naccepted: ", (unsigned long long)entry->size);
    put_time(out, entry->created_at);
    smail__buf_puts(out, "\n");
}

static void tell_state(struct smail__buf *out, const smail_queue_entry *entry)
{
    switch (entry->status) {
    case SMAIL_QUEUE_WAITING:
        if (entry->is_leased) {
            smail__buf_puts(out, "  being sent right now\n");
            break;
        }
        smail__buf_puts(out, "  waits; it is tried ");
        smail__buf_puts(out, entry->attempts > 0 ? "again on " : "on ");
        put_time(out, entry->next_attempt);
        smail__buf_puts(out, ", and given up on ");
        put_time(out, entry->expires_at);
        smail__buf_puts(out, "\n");
        break;
    case SMAIL_QUEUE_HELD:
        smail__buf_puts(out, "  held until somebody releases it\n");
        break;
    case SMAIL_QUEUE_DELIVERED:
        smail__buf_puts(out, "  delivered: the other side took it on ");
        put_time(out, entry->last_attempt);
        smail__buf_puts(out, "\n");
        break;
    case SMAIL_QUEUE_FAILED:
        smail__buf_puts(out, "  not delivered; its sender was told on ");
        put_time(out, entry->last_attempt);
        smail__buf_puts(out, "\n");
        break;
    case SMAIL_QUEUE_CANCELLED:
        smail__buf_puts(out, "  cancelled\n");
        break;
    }
}

static const char *outcome_word(smail_queue_outcome outcome)
{
    switch (outcome) {
    case SMAIL_QUEUE_TAKEN:
        return "taken";
    case SMAIL_QUEUE_PUT_OFF:
        return "put off";
    case SMAIL_QUEUE_REFUSED:
        return "refused";
    case SMAIL_QUEUE_GIVEN_UP:
        return "given up";
    case SMAIL_QUEUE_NOTED:
        break;
    }
    return "noted";
}

static void tell_attempt(struct smail__buf *out, const smail_queue_attempt *one)
{
    smail__buf_puts(out, "    ");
    put_time(out, one->started_at);
    smail__buf_printf(out, "  %s", outcome_word(one->outcome));
    if (one->host[0] != '\0') {
        smail__buf_puts(out, " by ");
        put_shown(out, smail__span(one->host));
    }
    if (one->address[0] != '\0' && one->host[0] != '[')
        smail__buf_printf(out, " [%s]", one->address);
    if (one->phase[0] != '\0')
        smail__buf_printf(out, " at %s", one->phase);
    if (one->outcome != SMAIL_QUEUE_NOTED && one->address[0] != '\0')
        smail__buf_printf(out, ", %s",
                          one->tls[0] != '\0' ? one->tls : "in the clear");
    smail__buf_puts(out, "\n      ");
    put_shown(out, one->reply);
    smail__buf_puts(out, "\n");
}

/* --- For a script -------------------------------------------------------- */

static void json_text(struct smail__json *json, const char *key,
                      smail_span text)
{
    smail__json_key(json, key);
    smail__json_text(json, text);
}

static void json_time(struct smail__json *json, const char *key, int64_t at)
{
    smail__json_key(json, key);
    if (at == 0)
        smail__json_null(json);
    else
        smail__json_time(json, at);
}

static void json_head(struct story *story, const smail_queue_entry *entry)
{
    struct smail__json *json = &story->json;
    char id[24];

    smail__format(id, sizeof(id), "%lld", (long long)entry->message);
    smail__json_begin_object(json);
    json_text(json, "id", smail__span(id));
    json_text(json, "queueId", smail__span(entry->queue_id));
    json_text(json, "from", entry->sender);
    json_text(json, "subject", entry->subject);
    json_text(json, "messageId", entry->message_id);
    smail__json_key(json, "size");
    smail__json_int(json, (int64_t)entry->size);
    json_time(json, "createdAt", entry->created_at);
    json_time(json, "expiresAt", entry->expires_at);
    smail__json_key(json, "recipients");
    smail__json_begin_array(json);
}

static void json_entry(struct smail__json *json, const smail_queue_entry *entry)
{
    json_text(json, "to", entry->recipient);
    json_text(json, "destination", entry->destination);
    json_text(json, "status",
              entry->is_leased && entry->status == SMAIL_QUEUE_WAITING
                  ? SMAIL__SPAN("sending")
                  : smail__span(smail_queue_status_name(entry->status)));
    json_time(json, "nextAttempt",
              entry->status == SMAIL_QUEUE_WAITING ? entry->next_attempt : 0);
    json_time(json, "lastAttempt", entry->last_attempt);
    json_text(json, "lastReply", entry->last_reply);
}

static void json_attempt(struct smail__json *json,
                         const smail_queue_attempt *one)
{
    smail__json_begin_object(json);
    smail__json_key(json, "number");
    smail__json_int(json, one->number);
    json_time(json, "startedAt", one->started_at);
    json_time(json, "endedAt", one->ended_at);
    json_text(json, "outcome", smail__span(outcome_word(one->outcome)));
    json_text(json, "host", smail__span(one->host));
    json_text(json, "address", smail__span(one->address));
    json_text(json, "tls", smail__span(one->tls));
    json_text(json, "phase", smail__span(one->phase));
    json_text(json, "reply", one->reply);
    smail__json_end_object(json);
}

/* --- The story ----------------------------------------------------------- */

static int on_attempt(const smail_queue_attempt *one, void *user)
{
    struct story *story = user;

    if (one->recipient_id != story->recipient)
        return 0;
    if (story->is_json)
        json_attempt(&story->json, one);
    else
        tell_attempt(&story->ctl->out.buf, one);
    return 0;
}

static int on_entry(const smail_queue_entry *entry, void *user)
{
    struct story *story = user;
    struct smail__buf *out = &story->ctl->out.buf;
    int rc;

    if (!story->has_head && story->is_json)
        json_head(story, entry);
    else if (!story->has_head)
        tell_head(story, entry);
    story->has_head = true;
    story->recipient = entry->recipient_id;
    if (story->is_json) {
        smail__json_begin_object(&story->json);
        json_entry(&story->json, entry);
        smail__json_key(&story->json, "attempts");
        smail__json_begin_array(&story->json);
    } else {
        smail__buf_puts(out, "\nto ");
        put_shown(out, entry->recipient);
        smail__buf_puts(out, "\n");
        tell_state(out, entry);
    }
    rc = smail_queue_history(story->ctl->store, entry->message, on_attempt,
                             story, &story->ctl->err);
    if (story->is_json) {
        smail__json_end_array(&story->json);
        smail__json_end_object(&story->json);
    }
    return rc;
}

static int tell(struct story *story, smail_id message)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    int rc;

    query.message = message;
    story->has_head = false;
    rc = smail_queue_list(story->ctl->store, &query, on_entry, story,
                          &story->ctl->err);
    if (rc == 0 && story->has_head && story->is_json) {
        smail__json_end_array(&story->json);
        smail__json_end_object(&story->json);
    }
    story->any = story->any || story->has_head;
    return rc;
}

int queue_story(struct ctl *ctl, smail_id message)
{
    struct story story = { .ctl = ctl, .is_json = ctl->json };
    int rc;

    smail__json_init(&story.json, &ctl->out.buf);
    rc = tell(&story, message);
    if (rc == 0 && ctl->json)
        smail__buf_putc(&ctl->out.buf, '\n');
    return rc;
}

/* --- message why --------------------------------------------------------- */

struct sought {
    const char *message_id;
    smail_id email;
    smail_id found[64];
    size_t count;
};

static int collect(const smail_queue_entry *entry, void *user)
{
    struct sought *sought = user;
    smail_span id = entry->message_id;

    bool is_it = sought->message_id == NULL ||
                 (id.len > 0 && smail__span_is(id, sought->message_id)) ||
                 (sought->email != 0 && sought->email == entry->email);

    if (!is_it)
        return 0;
    if (sought->count > 0 && sought->found[sought->count - 1] == entry->message)
        return 0;
    if (sought->count == sizeof(sought->found) / sizeof(sought->found[0]))
        return 1;
    sought->found[sought->count++] = entry->message;
    return 0;
}

static int seek(struct sought *sought, const smail_queue_query *query,
                struct ctl *ctl)
{
    int rc = smail_queue_list(ctl->store, query, collect, sought, &ctl->err);

    return rc < 0 ? rc : 0;
}

/* By what a mailbox holds: the sent copy has the Message-ID of what went. */
static int seek_email(struct sought *sought, struct ctl *ctl)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    smail_cursor *cursor = NULL;
    smail_entry entry;
    smail_id email;
    int rc = ctl_id(&email, ctl, ctl->arguments[1]);

    if (rc == 0)
        rc = ctl_account(&query.account, ctl);
    if (rc == 0)
        rc = smail_email_get(&entry, &cursor, ctl->store, query.account, email,
                             &ctl->err);
    if (rc != 0)
        return rc;
    sought->message_id = entry.message_id;
    sought->email = email;
    rc = seek(sought, &query, ctl);
    smail_cursor_free(cursor);
    return rc;
}

static int seek_id(struct sought *sought, struct ctl *ctl)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    const char *text = ctl->arguments[0];
    uint64_t number;

    if (strlen(text) == SMAIL_QUEUE_ID_LEN)
        query.queue_id = text;
    else if (smail__span_number(&number, smail__span(text)) == 0 && number > 0)
        query.message = (smail_id)number;
    else
        sought->message_id = text;
    return seek(sought, &query, ctl);
}

int message_why(struct ctl *ctl)
{
    struct story story = { .ctl = ctl, .is_json = ctl->json };
    struct sought sought = { .count = 0 };
    int rc = ctl->argument_count > 1 ? seek_email(&sought, ctl)
                                     : seek_id(&sought, ctl);

    if (rc != 0)
        return rc;
    if (sought.count == 0)
        return smail__fail(&ctl->err, SMAIL_ENOTFOUND,
                           "no message by that id was sent to other hosts, or "
                           "its story is forgotten by now");
    smail__json_init(&story.json, &ctl->out.buf);
    if (story.is_json)
        smail__json_begin_array(&story.json);
    for (size_t i = 0; rc == 0 && i < sought.count; i++) {
        if (i > 0 && !story.is_json)
            smail__buf_puts(&ctl->out.buf, "\n");
        rc = tell(&story, sought.found[i]);
    }
    if (story.is_json) {
        smail__json_end_array(&story.json);
        smail__buf_putc(&ctl->out.buf, '\n');
    }
    return rc;
}
