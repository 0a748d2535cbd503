/* SPDX-License-Identifier: MIT */
/*
 * http/client.c - one connection from outside: heads come in, and each is
 * passed on, listened to, or refused (RFC 9112, 9).
 *
 *                 whole head        answered          refused
 *    READING      PROXIED, or       -                 READING or hang up
 *                 STREAMING
 *    PROXIED      -                 READING or        hang up
 *                                   hang up
 *    STREAMING    -                 hang up           READING or hang up
 *
 * A refusal for what is wrong with the head itself always hangs up: nobody
 * can tell where the next request would begin.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"
#include "base/span.h"
#include "http/front_internal.h"
#include "http/host.h"

/* Of a body that is refused so much is read to waste: most clients listen only
 * when they have sent all of it. */
#define LINGER_OCTETS ((uint64_t)64 * 1024 * 1024)
#define LINGER_MILLISECONDS 30000

/* Room behind the window for the head of an answer, and for one error. */
#define OUT_MAX (SMAIL__OUT_WINDOW + 65536)

static const struct {
    int status;
    const char *code, *title;
} refusals[] = {
    { 413, "tooLarge", "That is larger than this server takes." },
    { 414, "badRequest", "The address of the request is too long." },
    { 417, "badRequest", "This server expects nothing but 100-continue." },
    { 421, "misdirected",
      "This server is not known by that name. Its names are the key 'hosts' of "
      "section [web]." },
    { 431, "badRequest", "The head or trailer of the request is too large." },
    { 501, "badRequest", "This server does not know that method or coding." },
    { 505, "badRequest", "This server speaks HTTP/1.1." },
};

/* --- The log ------------------------------------------------------------- */

static void write_log(struct smail__client *client)
{
    uint64_t now = smail__loop_now(client->loop->loop);
    struct smail__log_field fields[] = {
        SMAIL__LOG_TEXT("method", smail__span(client->method)),
        SMAIL__LOG_TEXT("path", smail__span(client->path)),
        SMAIL__LOG_NUMBER("status", client->status),
        SMAIL__LOG_NUMBER("bytes", (int64_t)client->sent),
        SMAIL__LOG_NUMBER("ms", (int64_t)(now - client->began)),
        SMAIL__LOG_TEXT("peer", smail__span(client->peer_text)),
        SMAIL__LOG_NUMBER("account", client->account),
    };
    size_t count = sizeof(fields) / sizeof(*fields);

    if (client->began == 0)
        return;
    smail__log_write(client->loop->front->options.log, SMAIL__LOG_INFO,
                     "request", fields,
                     client->account != 0 ? count : count - 1);
    client->began = 0;
}

/* Never the query: it may hold what is nobody's business. */
static void note_request(struct smail__client *client,
                         const struct smail__http_head *head)
{
    smail__format(client->method, sizeof(client->method), "%.*s",
                  SMAIL__SPAN_ARG(head->method));
    smail__format(client->path, sizeof(client->path), "%.*s",
                  SMAIL__SPAN_ARG(head->path));
    client->began = smail__loop_now(client->loop->loop);
    client->status = 0;
    client->sent = 0;
    client->account = 0;
}

uint64_t smail__client_body_max(const struct smail__client *client)
{
    return client->limit != NULL ? client->limit->max
                                 : client->loop->front->options.body_max;
}

/* --- Answers ------------------------------------------------------------- */

void smail__client_answered(struct smail__client *client)
{
    write_log(client);
    if (smail__buf_error(&client->out) != 0) {
        smail__connection_abort(client->connection, "no memory");
        return;
    }
    if (!client->keeps_alive || client->loop->is_draining) {
        client->is_ending = true;
        smail__connection_finish(client->connection);
        return;
    }
    client->state = SMAIL__CLIENT_READING;
    smail__buf_clear(&client->in);
    client->scanned = 0;
    smail__connection_set_deadline(client->connection,
                                   client->loop->front->options.idle_time);
    smail__connection_wake(client->connection);
}

static void answer_problem(struct smail__client *client, int status,
                           smail_span problem)
{
    static const struct smail__http_field fields[] = {
        { { "Content-Type", 12 }, { "application/problem+json", 24 } },
        { { "Retry-After", 11 }, { "5", 1 } },
    };
    bool is_later = status == 503 || status == 429;
    struct smail__reply reply = { status, fields, is_later ? 2 : 1, true,
                                  problem.len };

    smail__reply_head(client, &reply);
    if (strcmp(client->method, "HEAD") != 0) {
        smail__buf_append(&client->out, problem);
        client->sent += problem.len;
    }
    smail__client_answered(client);
}

void smail__client_refuse(struct smail__client *client, int status,
                          const char *code, const char *title)
{
    char body[512];
    size_t len = smail__format(body, sizeof(body),
                               "{\"type\":\"about:blank\",\"status\":%d,"
                               "\"title\":\"%s\",\"code\":\"%s\"}\n",
                               status, title, code);

    answer_problem(client, status, (smail_span){ body, len });
}

void smail__client_linger(struct smail__client *client)
{
    smail__connection_linger(client->connection, LINGER_OCTETS,
                             LINGER_MILLISECONDS);
}

void smail__client_refuse_framing(struct smail__client *client, int status)
{
    if (client->began == 0) {
        static const struct smail__http_head unknown = { .method = { "-", 1 },
                                                         .path = { "-", 1 } };

        note_request(client, &unknown);
    }
    client->keeps_alive = false;
    if (status == 413)
        smail__client_linger(client);
    if (status == 413 && client->limit != NULL) {
        answer_problem(client, status, smail__span(client->limit->problem));
        return;
    }
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        if (refusals[i].status == status) {
            smail__client_refuse(client, status, refusals[i].code,
                                 refusals[i].title);
            return;
        }
    smail__client_refuse(client, status, "badRequest",
                         "This is not a request of HTTP/1.1.");
}

/* --- Heads --------------------------------------------------------------- */

static const struct smail__front_limit *find_limit(
    const struct smail__front_options *options, smail_span path)
{
    const struct smail__front_limit *limit = options->limits;

    while (limit != NULL && limit->path != NULL) {
        if (smail__span_is(path, limit->path))
            return limit;
        limit++;
    }
    return NULL;
}

static bool is_for_us(const struct smail__client *client,
                      const struct smail__http_head *head)
{
    const char *names = client->loop->front->options.hosts;

    return names == NULL || smail__http_host_is_ours(head->host, names);
}

static void begin_request(struct smail__client *client)
{
    struct smail__http_head head;
    int status = smail__http_head_parse(&head, smail__buf_span(&client->in));

    if (head.path.len > 0)
        note_request(client, &head);
    client->limit = find_limit(&client->loop->front->options, head.path);
    if (status == 0 && !is_for_us(client, &head))
        status = 421;
    if (status == 0 && head.length > smail__client_body_max(client))
        status = 413;
    if (status != 0) {
        smail__client_refuse_framing(client, status);
        return;
    }
    client->keeps_alive = head.keeps_alive;
    if (smail__stream_is(&head))
        smail__stream_begin(client, &head);
    else
        smail__proxy_begin(client, &head);
}

static void read_head(struct smail__client *client, smail_span *input)
{
    size_t had = client->in.len, len;
    smail_span chunk = smail__span_slice(*input, 0, SMAIL__HTTP_HEAD_MAX - had);
    int status;

    smail__buf_append(&client->in, chunk);
    if (smail__buf_error(&client->in) != 0) {
        smail__connection_abort(client->connection, "no memory");
        return;
    }
    status = smail__http_head_find(&len, &client->scanned,
                                   smail__buf_span(&client->in));
    if (had == 0 && chunk.len > 0)
        smail__connection_set_deadline(client->connection,
                                       client->loop->front->options.head_time);
    if (status != 0) {
        *input = smail__span_from(*input, chunk.len);
        smail__client_refuse_framing(client, status);
        return;
    }
    if (len == 0) {
        *input = smail__span_from(*input, chunk.len);
        return;
    }
    smail__buf_truncate(&client->in, len);
    *input = smail__span_from(*input, len - had);
    begin_request(client);
}

/* --- The connection's calls ---------------------------------------------- */

static void on_input(void *user, smail_span *input)
{
    struct smail__client *client = user;

    while (input->len > 0 && !client->is_ending &&
           client->state == SMAIL__CLIENT_READING &&
           client->out.len < SMAIL__OUT_WINDOW)
        read_head(client, input);
    if (client->is_ending)
        input->len = 0;
    else if (client->state == SMAIL__CLIENT_PROXIED && client->proxy != NULL)
        smail__proxy_feed(client, input);
    else if (client->state == SMAIL__CLIENT_STREAMING && input->len > 0) {
        /* Left unread it would hide that the client hung up. */
        input->len = 0;
        smail__connection_abort(client->connection, "spoke while listening");
    }
}

static smail_span on_output(void *user)
{
    struct smail__client *client = user;

    return smail__buf_span(&client->out);
}

static void on_sent(void *user, size_t len)
{
    struct smail__client *client = user;

    smail__buf_consume(&client->out, len);
    if (client->proxy != NULL)
        smail__proxy_resume(client->proxy);
}

static bool on_is_waiting(void *user)
{
    struct smail__client *client = user;

    return client->state == SMAIL__CLIENT_PROXIED;
}

static void on_secured(void *user)
{
    (void)user;
}

static void on_deadline(void *user)
{
    struct smail__client *client = user;

    if (client->state == SMAIL__CLIENT_STREAMING) {
        smail__stream_tick(client);
    } else if (client->state == SMAIL__CLIENT_PROXIED) {
        smail__proxy_expire(client);
    } else if (client->in.len == 0 || client->out.len > 0) {
        smail__connection_abort(client->connection, "idle for too long");
    } else {
        static const struct smail__http_head unknown = { .method = { "-", 1 },
                                                         .path = { "-", 1 } };

        note_request(client, &unknown);
        client->keeps_alive = false;
        smail__client_refuse(client, 408, "badRequest",
                             "The request took too long to arrive.");
    }
}

static void on_closed(void *user, const char *why)
{
    struct smail__client *client = user;
    struct smail__front_loop *loop = client->loop;

    (void)why;
    write_log(client);
    if (client->proxy != NULL)
        smail__proxy_abandon(client->proxy);
    if (client->stream != NULL)
        smail__stream_abandon(client->stream);
    if (client->previous != NULL)
        client->previous->next = client->next;
    else
        loop->clients = client->next;
    if (client->next != NULL)
        client->next->previous = client->previous;
    smail__crowd_leave(loop->front->guests, &client->peer);
    atomic_fetch_sub(&loop->front->connections, 1);
    smail__buf_dispose(&client->in);
    smail__buf_dispose(&client->out);
    free(client);
}

static const struct smail__connection_handler handler = {
    .input = on_input,
    .output = on_output,
    .sent = on_sent,
    .is_waiting = on_is_waiting,
    .secured = on_secured,
    .deadline = on_deadline,
    .closed = on_closed,
};

/* --- Beginning ----------------------------------------------------------- */

static struct smail__client *client_new(struct smail__front_loop *loop, int fd,
                                        const struct smail__endpoint *peer)
{
    struct smail__client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        close(fd);
        return NULL;
    }
    if (smail__connection_new(&client->connection, loop->loop, fd, &handler,
                              client, NULL) != 0) {
        free(client);
        return NULL;
    }
    client->loop = loop;
    client->peer = *peer;
    smail__endpoint_text(client->peer_text, peer);
    smail__buf_init(&client->in, SMAIL__HTTP_HEAD_MAX, NULL);
    smail__buf_init(&client->out, OUT_MAX, NULL);
    return client;
}

static void start_tls(struct smail__client *client)
{
    struct smail__front *front = client->loop->front;
    struct smail__tls_context *tls;

    pthread_mutex_lock(&front->lock);
    tls = smail__tls_context_ref(front->tls);
    pthread_mutex_unlock(&front->lock);
    smail__connection_start_tls(client->connection, tls);
    smail__tls_context_free(tls);
}

void smail__client_start(struct smail__front_loop *loop, int fd,
                         const struct smail__endpoint *peer, bool is_secure)
{
    struct smail__client *client = client_new(loop, fd, peer);

    if (client == NULL) {
        smail__crowd_leave(loop->front->guests, peer);
        atomic_fetch_sub(&loop->front->connections, 1);
        return;
    }
    client->is_secure = is_secure;
    client->next = loop->clients;
    if (client->next != NULL)
        client->next->previous = client;
    loop->clients = client;
    if (is_secure)
        start_tls(client);
    smail__connection_set_deadline(client->connection,
                                   loop->front->options.head_time);
    smail__connection_start(client->connection);
}
