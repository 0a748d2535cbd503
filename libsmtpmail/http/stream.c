/* SPDX-License-Identifier: MIT */
/*
 * http/stream.c - a client that listens to events (RFC 8620, 7.3): asked who
 * it is on a worker's thread, at first and then once a minute, and told on
 * its loop what the hub has for it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "http/front_internal.h"
#include "http/uri.h"

/* Octets that may wait for one who does not read. */
#define BACKLOG_MAX 65536

/* Octets of what it showed, and of its parameters. */
#define CREDENTIALS_MAX 8192
#define PARAMETER_MAX 1024

/* Seconds. RFC 8620, 7.3: at most 30 for the least, at least 300 for the
 * most. */
#define PING_MIN 5
#define PING_MAX 900

/* Whose session has ended, or whose password was changed, is told nothing
 * any more after so many milliseconds. */
#define ASK_AGAIN 60000

/* Hexadecimal digits of an event's id: of the hash of what it says. */
#define ID_LEN 16

struct smail__stream {
    struct smail__work work;
    struct smail__task task;
    struct smail__front_loop *loop;
    struct smail__client *client;          /* NULL when it is gone */
    struct smail__stream *next, *previous; /* while it is open */
    bool is_open;
    bool is_asking; /* the worker has it */
    uint64_t asked;
    struct smail__buf authorization, cookie;
    char peer[SMAIL__ADDRESS_TEXT];
    bool is_secure;
    smail_id answer; /* the worker's: whose it is */
    int status;      /* or why not */
    smail_id account;
    unsigned types;
    unsigned ping; /* seconds; 0: none were wanted */
    bool closes_after;
    struct smail__topic *topic;
    uint64_t seen;       /* of the topic */
    char id[ID_LEN + 1]; /* of the last event, ours or the client's */
    bool is_silent;      /* the first state is not news to it */
};

/* --- Who it is ----------------------------------------------------------- */

static void run(struct smail__work *work)
{
    struct smail__stream *stream = (struct smail__stream *)work;
    const struct smail__front_options *options = &stream->loop->front->options;
    struct smail__front_credentials credentials = {
        .authorization = smail__buf_span(&stream->authorization),
        .cookie = smail__buf_span(&stream->cookie),
        .peer = stream->peer,
        .is_secure = stream->is_secure,
    };

    stream->status = options->handler->authorize(&stream->answer, options->user,
                                                 &credentials);
    smail__loop_post(stream->loop->loop, &stream->task);
}

static bool ask(struct smail__stream *stream)
{
    stream->asked = smail__loop_now(stream->loop->loop);
    stream->is_asking =
        smail__workers_submit(stream->loop->front->workers, &stream->work) == 0;
    return stream->is_asking;
}

static void stream_free(struct smail__stream *stream)
{
    smail__buf_dispose(&stream->authorization);
    smail__buf_dispose(&stream->cookie);
    free(stream);
}

static void leave(struct smail__stream *stream)
{
    struct smail__front_loop *loop = stream->loop;

    if (!stream->is_open)
        return;
    stream->is_open = false;
    smail__hub_leave(loop->front->hub, stream->topic);
    atomic_fetch_sub(&loop->front->streams, 1);
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        loop->streams = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
}

void smail__stream_abandon(struct smail__stream *stream)
{
    leave(stream);
    if (stream->client != NULL)
        stream->client->stream = NULL;
    stream->client = NULL;
    if (!stream->is_asking)
        stream_free(stream);
}

static void refuse(struct smail__stream *stream, int status)
{
    struct smail__client *client = stream->client;

    smail__stream_abandon(stream);
    if (status == 401)
        smail__client_refuse(client, status, "sessionRequired",
                             "Please log in.");
    else if (status == 429)
        smail__client_refuse(client, status, "tooManyRequests",
                             "Too many attempts. Please wait.");
    else
        smail__client_refuse(client, 503, "unavailable",
                             "The server is too busy. Please try again.");
}

/* --- Events -------------------------------------------------------------- */

static uint64_t tick_time(const struct smail__stream *stream)
{
    uint64_t ping = (uint64_t)stream->ping * 1000;

    return ping > 0 && ping < ASK_AGAIN ? ping : ASK_AGAIN;
}

static void end(struct smail__client *client)
{
    client->keeps_alive = false;
    smail__client_answered(client);
}

static void id_of(char id[ID_LEN + 1], smail_span text)
{
    unsigned char hash[SMAIL__SHA256_LEN];

    smail__sha256(hash, text);
    smail__hex_encode(id, hash, ID_LEN / 2);
}

/* The last thing to do with a client. */
static void tell(struct smail__stream *stream)
{
    struct smail__client *client = stream->client;
    struct smail__buf text;
    char id[ID_LEN + 1];
    bool is_news;

    smail__buf_init(&text, BACKLOG_MAX, NULL);
    is_news = smail__hub_read(&text, stream->loop->front->hub, stream->topic,
                              &stream->seen);
    if (is_news) {
        id_of(id, smail__buf_span(&text));
        is_news = !stream->is_silent && strcmp(id, stream->id) != 0;
        stream->is_silent = false;
        memcpy(stream->id, id, sizeof(id));
    }
    if (is_news) {
        size_t before = client->out.len;

        smail__buf_printf(&client->out, "event: state\nid: %s\ndata: %.*s\n\n",
                          id, SMAIL__SPAN_ARG(smail__buf_span(&text)));
        client->sent += client->out.len - before;
    }
    smail__buf_dispose(&text);
    if (!is_news)
        return;
    if (client->out.len > BACKLOG_MAX)
        smail__connection_abort(client->connection, "does not read");
    else if (stream->closes_after)
        end(client);
    else
        smail__connection_wake(client->connection);
}

void smail__stream_news(struct smail__front_loop *loop)
{
    struct smail__stream *stream = loop->streams;

    while (stream != NULL) {
        struct smail__stream *next = stream->next;

        tell(stream);
        stream = next;
    }
}

void smail__stream_tick(struct smail__client *client)
{
    struct smail__stream *stream = client->stream;
    uint64_t now = smail__loop_now(client->loop->loop);

    if (stream == NULL || !stream->is_open || client->out.len > BACKLOG_MAX) {
        smail__connection_abort(client->connection, "does not read");
        return;
    }
    if (!stream->is_asking && now - stream->asked >= ASK_AGAIN)
        ask(stream);
    if (stream->ping > 0)
        smail__buf_printf(&client->out,
                          "event: ping\ndata: {\"interval\":%u}\n\n",
                          stream->ping);
    else
        smail__buf_puts(&client->out, ":\n\n");
    smail__connection_set_deadline(client->connection, tick_time(stream));
    smail__connection_wake(client->connection);
}

/* --- Opening ------------------------------------------------------------- */

static void open_stream(struct smail__stream *stream)
{
    static const struct smail__http_field fields[] = {
        { { "Content-Type", 12 }, { "text/event-stream", 17 } },
    };
    struct smail__reply reply = { 200, fields, 1, false, 0 };
    struct smail__client *client = stream->client;
    struct smail__front *front = stream->loop->front;

    if (atomic_fetch_add(&front->streams, 1) >= front->options.streams ||
        (stream->topic = smail__hub_join(front->hub, stream->answer,
                                         stream->types)) == NULL) {
        atomic_fetch_sub(&front->streams, 1);
        refuse(stream, 503);
        return;
    }
    stream->account = client->account = stream->answer;
    stream->is_open = true;
    stream->next = stream->loop->streams;
    if (stream->next != NULL)
        stream->next->previous = stream;
    stream->loop->streams = stream;
    client->keeps_alive = false;
    smail__reply_head(client, &reply);
    smail__buf_puts(&client->out, ":\n\n"); /* so that it knows it is open */
    smail__connection_set_deadline(client->connection, tick_time(stream));
    tell(stream);
    if (stream->client != NULL)
        smail__connection_wake(client->connection);
}

static void on_answer(struct smail__task *task)
{
    struct smail__stream *stream =
        (struct smail__stream *)((char *)task -
                                 offsetof(struct smail__stream, task));

    stream->is_asking = false;
    if (stream->client == NULL)
        stream_free(stream);
    else if (stream->loop->is_draining)
        refuse(stream, 503);
    else if (!stream->is_open && stream->status == 0)
        open_stream(stream);
    else if (!stream->is_open)
        refuse(stream, stream->status);
    else if (stream->status == 401 ||
             (stream->status == 0 && stream->answer != stream->account))
        end(stream->client);
}

/* --- The request --------------------------------------------------------- */

bool smail__stream_is(const struct smail__http_head *head)
{
    return smail__span_is(head->method, "GET") && head->length == 0 &&
           (smail__span_is(head->path, "/jmap/eventsource/") ||
            smail__span_is(head->path, "/jmap/eventsource"));
}

static unsigned parse_ping(smail_span text)
{
    uint64_t seconds;

    if (smail__span_number(&seconds, text) != 0 || seconds == 0)
        return 0;
    if (seconds < PING_MIN)
        return PING_MIN;
    return seconds > PING_MAX ? PING_MAX : (unsigned)seconds;
}

/* False when the types name nothing that can change. */
static bool parse_query(struct smail__stream *stream, smail_span query)
{
    const struct smail__front_options *options = &stream->loop->front->options;
    struct smail__buf value;

    smail__buf_init(&value, PARAMETER_MAX, NULL);
    if (smail__uri_parameter(&value, query, "types") == SMAIL_ENOTFOUND)
        smail__buf_puts(&value, "*");
    stream->types =
        options->handler->types(options->user, smail__buf_span(&value));
    smail__buf_clear(&value);
    if (smail__uri_parameter(&value, query, "closeafter") == 0)
        stream->closes_after = smail__span_is(smail__buf_span(&value), "state");
    smail__buf_clear(&value);
    if (smail__uri_parameter(&value, query, "ping") == 0)
        stream->ping = parse_ping(smail__buf_span(&value));
    smail__buf_dispose(&value);
    return stream->types != 0;
}

/* With an id, the client knows what it last heard (RFC 8620, 7.3); without,
 * it is told how things are at once, unless one event is all it wants. */
static void note_last_event(struct smail__stream *stream, smail_span id)
{
    if (id.len == ID_LEN)
        memcpy(stream->id, id.data, ID_LEN);
    else
        stream->is_silent = stream->closes_after;
}

static struct smail__stream *stream_new(struct smail__client *client,
                                        const struct smail__http_head *head)
{
    struct smail__stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL)
        return NULL;
    stream->work.run = run;
    stream->task.run = on_answer;
    stream->loop = client->loop;
    stream->client = client;
    stream->is_secure = client->is_secure;
    memcpy(stream->peer, client->peer_text, sizeof(stream->peer));
    smail__buf_init(&stream->authorization, CREDENTIALS_MAX, NULL);
    smail__buf_init(&stream->cookie, CREDENTIALS_MAX, NULL);
    smail__buf_append(&stream->authorization,
                      smail__http_field(head, "authorization"));
    smail__buf_append(&stream->cookie, smail__http_field(head, "cookie"));
    return stream;
}

void smail__stream_begin(struct smail__client *client,
                         const struct smail__http_head *head)
{
    struct smail__stream *stream = stream_new(client, head);

    if (stream == NULL) {
        smail__client_refuse(client, 503, "unavailable", "No memory.");
        return;
    }
    client->stream = stream;
    client->state = SMAIL__CLIENT_STREAMING;
    if (!parse_query(stream, head->query)) {
        smail__stream_abandon(stream);
        smail__client_refuse(client, 400, "badRequest",
                             "The types name nothing that this server knows.");
    } else if (!ask(stream)) {
        refuse(stream, 503);
    } else {
        note_last_event(stream, smail__http_field(head, "last-event-id"));
        smail__connection_set_deadline(
            client->connection, client->loop->front->options.answer_time);
    }
}
