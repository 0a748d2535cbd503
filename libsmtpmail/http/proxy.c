/* SPDX-License-Identifier: MIT */
/*
 * http/proxy.c - one request on its way to the server behind, and the answer
 * on its way back, with as much between them as the windows hold.
 *
 *    GATHERING   until the body is whole, or fills the window
 *    QUEUED      until one of the places at the server behind is free
 *    CONNECTED   both ways at once, until the answer is complete
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "http/proxy_internal.h"
#include "net/connect.h"

/* Requests that wait for a place, on one loop. */
#define QUEUE_MAX 500

static void proxy_free(struct smail__proxy *proxy)
{
    smail__buf_dispose(&proxy->out);
    smail__buf_dispose(&proxy->in);
    free(proxy);
}

/* --- The queue ----------------------------------------------------------- */

static void queue_remove(struct smail__proxy *proxy)
{
    struct smail__front_loop *loop = proxy->loop;
    struct smail__proxy **at = &loop->first, *previous = NULL;

    while (*at != proxy) {
        previous = *at;
        at = &(*at)->next;
    }
    *at = proxy->next;
    if (loop->last == proxy)
        loop->last = previous;
    loop->waiting--;
}

static void queue_add(struct smail__proxy *proxy)
{
    struct smail__front_loop *loop = proxy->loop;

    proxy->state = SMAIL__PROXY_QUEUED;
    proxy->next = NULL;
    if (loop->first == NULL)
        loop->first = proxy;
    else
        loop->last->next = proxy;
    loop->last = proxy;
    loop->waiting++;
}

/* --- The answer ---------------------------------------------------------- */

static smail_id account_of(const struct smail__http_answer *answer)
{
    uint64_t number;

    for (size_t i = 0; i < answer->count; i++)
        if (smail__span_iis(answer->fields[i].name, "x-smtpmail-account") &&
            smail__span_number(&number, answer->fields[i].value) == 0)
            return (smail_id)number;
    return 0;
}

static bool has_no_body(const struct smail__proxy *proxy, int status)
{
    return proxy->is_head || status == 204 || status == 304;
}

/* False when it is not an answer. */
static bool begin_answer(struct smail__proxy *proxy)
{
    struct smail__client *client = proxy->client;
    struct smail__http_answer answer;
    struct smail__reply reply;

    if (smail__http_answer_parse(&answer, smail__buf_span(&proxy->in)) != 0)
        return false;
    proxy->has_head = true;
    proxy->has_length = answer.has_length;
    proxy->left = answer.length;
    if (has_no_body(proxy, answer.status)) {
        proxy->has_length = true;
        proxy->left = 0;
    }
    /* What is left of the body is not read any more, so where the next
     * request begins is not known. */
    if (proxy->body_left > 0)
        smail__client_linger(client);
    if (proxy->body_left > 0 || !proxy->has_length)
        client->keeps_alive = false;
    client->account = account_of(&answer);
    reply = (struct smail__reply){ answer.status, answer.fields, answer.count,
                                   answer.has_length, answer.length };
    smail__reply_head(client, &reply);
    return true;
}

/* Let go of each other, so that neither touches the other when it ends. */
static void part(struct smail__proxy *proxy)
{
    if (proxy->client != NULL)
        proxy->client->proxy = NULL;
    proxy->client = NULL;
}

static void fail(struct smail__proxy *proxy, int status, const char *title)
{
    struct smail__client *client = proxy->client;

    part(proxy);
    if (client == NULL)
        return;
    client->keeps_alive = false;
    if (client->status == 0)
        smail__client_refuse(client, status, "unavailable", title);
    else
        smail__connection_abort(client->connection, "the answer broke off");
}

static bool is_complete(const struct smail__proxy *proxy)
{
    return proxy->has_head && proxy->has_length && proxy->left == 0;
}

static void complete(struct smail__proxy *proxy)
{
    struct smail__client *client = proxy->client;

    part(proxy);
    smail__connection_abort(proxy->connection, "done");
    smail__client_answered(client);
}

static void read_answer_head(struct smail__proxy *proxy, smail_span *input)
{
    size_t had = proxy->in.len, len;
    smail_span chunk = smail__span_slice(*input, 0, SMAIL__HTTP_HEAD_MAX - had);
    int status;

    smail__buf_append(&proxy->in, chunk);
    status = smail__http_head_find(&len, &proxy->scanned,
                                   smail__buf_span(&proxy->in));
    if (status == 0 && len == 0 && smail__buf_error(&proxy->in) == 0) {
        *input = smail__span_from(*input, chunk.len);
        return;
    }
    *input = smail__span_from(*input, len > had ? len - had : chunk.len);
    smail__buf_truncate(&proxy->in, len);
    if (status != 0 || smail__buf_error(&proxy->in) != 0 ||
        !begin_answer(proxy)) {
        fail(proxy, 502, "The server behind gave no answer.");
        smail__connection_abort(proxy->connection, "not an answer");
    }
}

static void pass_answer(struct smail__proxy *proxy, smail_span *input)
{
    struct smail__client *client = proxy->client;
    size_t room = client->out.len < SMAIL__OUT_WINDOW
                      ? SMAIL__OUT_WINDOW - client->out.len
                      : 0;
    smail_span chunk = smail__span_slice(*input, 0, room);

    if (proxy->has_length && chunk.len > proxy->left)
        chunk.len = (size_t)proxy->left;
    smail__buf_append(&client->out, chunk);
    client->sent += chunk.len;
    if (proxy->has_length)
        proxy->left -= chunk.len;
    *input = smail__span_from(*input, chunk.len);
    if (chunk.len > 0 && !is_complete(proxy))
        smail__connection_set_deadline(client->connection,
                                       client->loop->front->options.body_time);
}

static void on_input(void *user, smail_span *input)
{
    struct smail__proxy *proxy = user;
    size_t before;

    do {
        before = input->len;
        if (proxy->client != NULL && !proxy->has_head && input->len > 0)
            read_answer_head(proxy, input);
        if (proxy->client != NULL && proxy->has_head)
            pass_answer(proxy, input);
        if (proxy->client != NULL && is_complete(proxy)) {
            complete(proxy);
            break;
        }
        if (proxy->client != NULL && input->len < before)
            smail__connection_wake(proxy->client->connection);
    } while (proxy->client != NULL && input->len > 0 && input->len < before);
    if (proxy->client == NULL)
        input->len = 0;
}

static smail_span on_output(void *user)
{
    struct smail__proxy *proxy = user;

    return smail__buf_span(&proxy->out);
}

static void on_sent(void *user, size_t len)
{
    struct smail__proxy *proxy = user;

    smail__buf_consume(&proxy->out, len);
    /* Room for more of the body. */
    if (proxy->client != NULL && proxy->body_left > 0)
        smail__connection_wake(proxy->client->connection);
}

static bool on_is_waiting(void *user)
{
    (void)user;
    return false;
}

static void on_nothing(void *user)
{
    (void)user;
}

static void next_in_queue(struct smail__front_loop *loop);

static void on_closed(void *user, const char *why)
{
    struct smail__proxy *proxy = user;
    struct smail__front_loop *loop = proxy->loop;
    struct smail__client *client = proxy->client;

    (void)why;
    loop->busy--;
    smail__crowd_leave(loop->front->requests, &proxy->peer);
    if (client != NULL && proxy->has_head && !proxy->has_length) {
        part(proxy);
        smail__client_answered(client); /* its end was the answer's end */
    } else {
        fail(proxy, 502, "The server behind broke off.");
    }
    proxy_free(proxy);
    next_in_queue(loop);
}

static const struct smail__connection_handler handler = {
    .input = on_input,
    .output = on_output,
    .sent = on_sent,
    .is_waiting = on_is_waiting,
    .secured = on_nothing,
    .deadline = on_nothing,
    .closed = on_closed,
};

/* --- Connecting ---------------------------------------------------------- */

/* A place was taken for it already. False when it could not be opened. */
static bool connect_to_server(struct smail__proxy *proxy)
{
    struct smail__front_loop *loop = proxy->loop;
    int fd;

    if (smail__connect(&fd, &loop->front->options.upstream, NULL) != 0)
        return false;
    if (smail__connection_new(&proxy->connection, loop->loop, fd, &handler,
                              proxy, NULL) != 0)
        return false;
    proxy->state = SMAIL__PROXY_CONNECTED;
    return true;
}

static void launch(struct smail__proxy *proxy)
{
    struct smail__front_loop *loop = proxy->loop;

    loop->busy++;
    if (connect_to_server(proxy)) {
        smail__connection_start(proxy->connection);
        return;
    }
    loop->busy--;
    smail__crowd_leave(loop->front->requests, &proxy->peer);
    fail(proxy, 503, "The server is too busy. Please try again.");
    proxy_free(proxy);
}

/* The first that waits and whose address has not too many at work. */
static void next_in_queue(struct smail__front_loop *loop)
{
    struct smail__proxy *proxy = loop->first;

    if (loop->busy >= loop->slots)
        return;
    while (proxy != NULL &&
           !smail__crowd_enter(loop->front->requests, &proxy->peer))
        proxy = proxy->next;
    if (proxy == NULL)
        return;
    queue_remove(proxy);
    launch(proxy);
}

static bool is_ready(const struct smail__proxy *proxy)
{
    return proxy->body_left == 0 || proxy->out.len >= SMAIL__BODY_WINDOW;
}

/* The last thing to do with a client, when it returns false. */
static bool enqueue(struct smail__proxy *proxy)
{
    if (proxy->loop->waiting >= QUEUE_MAX) {
        fail(proxy, 503, "The server is too busy. Please try again.");
        proxy_free(proxy);
        return false;
    }
    queue_add(proxy);
    next_in_queue(proxy->loop);
    return true;
}

/* --- For the client ------------------------------------------------------ */

static uint64_t patience(const struct smail__proxy *proxy)
{
    const struct smail__front_options *options = &proxy->loop->front->options;

    return proxy->body_left > 0 ? options->body_time : options->answer_time;
}

void smail__proxy_begin(struct smail__client *client,
                        const struct smail__http_head *head)
{
    struct smail__proxy *proxy = calloc(1, sizeof(*proxy));

    if (proxy == NULL) {
        client->keeps_alive = false;
        smail__client_refuse(client, 503, "unavailable", "No memory.");
        return;
    }
    client->state = SMAIL__CLIENT_PROXIED;
    client->proxy = proxy;
    proxy->client = client;
    proxy->loop = client->loop;
    proxy->peer = client->peer;
    proxy->is_chunked = head->is_chunked;
    proxy->body_left = head->is_chunked ? UINT64_MAX : head->length;
    smail__http_chunks_begin(&proxy->chunks, smail__client_body_max(client));
    proxy->is_head = smail__span_is(head->method, "HEAD");
    smail__buf_init(&proxy->out, SMAIL__BODY_WINDOW + 2 * SMAIL__HTTP_HEAD_MAX,
                    NULL);
    smail__buf_init(&proxy->in, SMAIL__HTTP_HEAD_MAX, NULL);
    smail__proxy_put_head(proxy, head);
    if (head->wants_continue)
        smail__buf_puts(&client->out, "HTTP/1.1 100 Continue\r\n\r\n");
    smail__connection_set_deadline(client->connection, patience(proxy));
    if (is_ready(proxy))
        enqueue(proxy);
}

/* What came is no body: the server behind never sees the end of it. */
static void refuse_body(struct smail__client *client, int status)
{
    struct smail__proxy *proxy = client->proxy;

    client->proxy = NULL;
    smail__proxy_abandon(proxy);
    if (client->status == 0)
        smail__client_refuse_framing(client, status);
    else
        smail__connection_abort(client->connection, "no body");
}

void smail__proxy_feed(struct smail__client *client, smail_span *input)
{
    struct smail__proxy *proxy = client->proxy;
    size_t had = input->len;
    int status;

    if (proxy->body_left == 0)
        return;
    status = smail__proxy_take(proxy, input);
    if (status != 0) {
        refuse_body(client, status);
        return;
    }
    if (input->len == had)
        return;
    if (smail__buf_error(&proxy->out) != 0) {
        smail__connection_abort(client->connection, "no memory");
        return;
    }
    smail__connection_set_deadline(client->connection, patience(proxy));
    if (proxy->state == SMAIL__PROXY_CONNECTED)
        smail__connection_wake(proxy->connection);
    else if (proxy->state == SMAIL__PROXY_GATHERING && is_ready(proxy))
        enqueue(proxy);
}

void smail__proxy_resume(struct smail__proxy *proxy)
{
    if (proxy->state == SMAIL__PROXY_CONNECTED && proxy->has_head)
        smail__connection_wake(proxy->connection);
}

void smail__proxy_expire(struct smail__client *client)
{
    struct smail__proxy *proxy = client->proxy;
    bool is_theirs =
        proxy->body_left > 0 && proxy->state == SMAIL__PROXY_GATHERING;

    if (proxy->state == SMAIL__PROXY_CONNECTED && proxy->body_left > 0 &&
        proxy->out.len < SMAIL__BODY_WINDOW)
        is_theirs = true;
    client->proxy = NULL;
    smail__proxy_abandon(proxy);
    client->keeps_alive = false;
    if (client->status != 0)
        smail__connection_abort(client->connection, "took nothing more");
    else if (is_theirs)
        smail__client_refuse(client, 408, "badRequest",
                             "The request took too long to arrive.");
    else
        smail__client_refuse(client, 504, "unavailable",
                             "The server took too long. Please try again.");
}

void smail__proxy_abandon(struct smail__proxy *proxy)
{
    part(proxy);
    if (proxy->state == SMAIL__PROXY_CONNECTED) {
        smail__connection_abort(proxy->connection, "the client is gone");
        return;
    }
    if (proxy->state == SMAIL__PROXY_QUEUED)
        queue_remove(proxy);
    proxy_free(proxy);
}
