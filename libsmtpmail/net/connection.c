/* SPDX-License-Identifier: MIT */
/*
 * net/connection.c - the life of one connection.
 *
 *    phase      reads      sends                 left when
 *    OPEN       to input   output                finish() or abort()
 *    FINISHING  nothing    output, close_notify  all is sent, or its time
 *    LINGERING  to waste   nothing               peer closes, or its time
 *    CLOSED     nothing    nothing               at once
 *
 * LINGERING is there because closing a socket with unread input resets the
 * connection, and a reset can overtake the reply that says why.
 */
#include "net/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "net/connection_internal.h"

/* For what finish() still has to send to a peer that may not read. */
#define FINISH_MILLISECONDS 10000
#define LINGER_MILLISECONDS 2000
#define LINGER_OCTETS (1024 * 1024)

void smail__connection_close_with(struct smail__connection *connection,
                                  const char *why)
{
    if (connection->phase == SMAIL__CLOSED)
        return;
    connection->phase = SMAIL__CLOSED;
    if (connection->why == NULL)
        connection->why = why;
}

/* Behind finish(): all output, then the end of TLS, then of the sending. */
static void wind_up(struct smail__connection *connection)
{
    while (smail__transfer_output(connection) &&
           connection->phase == SMAIL__FINISHING)
        ;
    if (connection->phase != SMAIL__FINISHING ||
        smail__transfer_has_output(connection))
        return;
    smail__transfer_close_tls(connection);
    if (connection->phase != SMAIL__FINISHING)
        return;
    connection->phase = SMAIL__LINGERING;
    /* Not connected: the peer has read our last words and is gone. */
    if (shutdown(connection->fd, SHUT_WR) != 0 || connection->has_ended)
        smail__connection_close_with(connection, "finished");
    else
        smail__connection_set_deadline(connection, connection->linger_time);
}

static int events_wanted(struct smail__connection *connection)
{
    int events = connection->is_full ? UV_WRITABLE : 0;

    if (connection->phase == SMAIL__LINGERING)
        return UV_READABLE;
    if (connection->phase == SMAIL__OPEN && !connection->has_ended &&
        connection->plain.len == 0 && connection->ciphertext.len == 0 &&
        connection->next_tls == NULL && connection->next_stream == NULL)
        events |= UV_READABLE;
    return events;
}

static void on_freed(uv_handle_t *handle)
{
    free(handle->data);
}

static void destroy(struct smail__connection *connection)
{
    smail__timer_clear(&connection->timer, connection->loop);
    smail__tls_stream_free(connection->tls);
    smail__tls_context_free(connection->next_tls);
    smail__tls_stream_free(connection->next_stream);
    smail__transfer_forget(connection);
    connection->handler->closed(connection->user, connection->why);
    free(connection->error);
    uv_close((uv_handle_t *)&connection->poll, on_freed);
    close(connection->fd);
}

static void on_event(uv_poll_t *poll, int status, int events);

static void poll_for(struct smail__connection *connection, int events)
{
    if (events == connection->events)
        return;
    connection->events = events;
    if (events == 0)
        uv_poll_stop(&connection->poll);
    else
        uv_poll_start(&connection->poll, events, on_event);
}

/* The one place where things move. `input` is what was just read. */
static void move(struct smail__connection *connection, smail_span input)
{
    connection->is_busy = true;
    do {
        connection->is_woken = false;
        if (connection->phase == SMAIL__OPEN)
            smail__transfer(connection, input);
        if (connection->phase == SMAIL__FINISHING)
            wind_up(connection);
        input.len = 0;
    } while (connection->is_woken && connection->phase == SMAIL__OPEN);
    if (connection->phase == SMAIL__OPEN && connection->has_ended &&
        connection->plain.len == 0 && connection->ciphertext.len == 0 &&
        !smail__transfer_has_output(connection) &&
        !connection->handler->is_waiting(connection->user))
        smail__connection_close_with(connection, "closed by the peer");
    connection->is_busy = false;
    if (connection->phase == SMAIL__CLOSED)
        destroy(connection);
    else
        poll_for(connection, events_wanted(connection));
}

static smail_span receive(struct smail__connection *connection)
{
    char *scratch = smail__loop_scratch(connection->loop);
    ssize_t len;

    do
        len = recv(connection->fd, scratch, SMAIL__LOOP_SCRATCH, 0);
    while (len < 0 && errno == EINTR);
    if (len > 0)
        return (smail_span){ scratch, (size_t)len };
    if (len == 0)
        connection->has_ended = true;
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        smail__connection_close_with(connection, uv_strerror(-errno));
    return (smail_span){ scratch, 0 };
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct smail__connection *connection = poll->data;
    smail_span input = { "", 0 };

    /* An error of the poll shows in recv() with its reason, behind the octets
       that arrived before it. libuv has stopped polling. */
    if (status < 0) {
        events = UV_READABLE;
        connection->events = 0;
    }
    if ((events & UV_WRITABLE) != 0)
        connection->is_full = false;
    if ((events & UV_READABLE) != 0)
        input = receive(connection);
    if (connection->phase == SMAIL__LINGERING) {
        connection->wasted += input.len;
        if (connection->has_ended ||
            connection->wasted > connection->linger_octets)
            smail__connection_close_with(connection, "finished");
        input.len = 0;
    }
    move(connection, input);
}

static void on_timer(struct smail__timer *timer)
{
    struct smail__connection *connection =
        (struct smail__connection *)((char *)timer -
                                     offsetof(struct smail__connection, timer));
    uint64_t now = smail__loop_now(connection->loop);

    if (connection->deadline == 0)
        return;
    if (now < connection->deadline) {
        connection->timer_at = connection->deadline;
        smail__timer_set(timer, connection->loop, connection->deadline - now);
        return;
    }
    connection->deadline = 0;
    if (connection->phase != SMAIL__OPEN) {
        smail__connection_close_with(connection,
                                     "finished, and the peer did not hang up");
    } else {
        /* It may hang up, which must not free what move() then looks at. */
        connection->is_busy = true;
        connection->handler->deadline(connection->user);
        connection->is_busy = false;
    }
    move(connection, (smail_span){ "", 0 });
}

int smail__connection_new(struct smail__connection **out,
                          struct smail__loop *loop, int fd,
                          const struct smail__connection_handler *handler,
                          void *user, smail_error *err)
{
    struct smail__connection *connection = calloc(1, sizeof(*connection));
    int on = 1, rc;

    if (connection == NULL) {
        close(fd);
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a connection");
    }
    rc = uv_poll_init_socket(smail__loop_uv(loop), &connection->poll, fd);
    if (rc != 0) {
        close(fd);
        free(connection);
        return smail__fail_os(err, SMAIL_EIO, -rc, "no connection: %s",
                              uv_strerror(rc));
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connection->poll.data = connection;
    connection->loop = loop;
    connection->fd = fd;
    connection->handler = handler;
    connection->linger_octets = LINGER_OCTETS;
    connection->linger_time = LINGER_MILLISECONDS;
    connection->user = user;
    connection->timer.fire = on_timer;
    *out = connection;
    return 0;
}

void smail__connection_start(struct smail__connection *connection)
{
    if (connection->next_tls != NULL || connection->next_stream != NULL)
        smail__transfer_switch(connection);
    move(connection, (smail_span){ "", 0 });
}

void smail__connection_wake(struct smail__connection *connection)
{
    connection->is_woken = true;
    if (!connection->is_busy)
        move(connection, (smail_span){ "", 0 });
}

void smail__connection_start_tls(struct smail__connection *connection,
                                 struct smail__tls_context *context)
{
    if (connection->tls == NULL && connection->next_tls == NULL)
        connection->next_tls = smail__tls_context_ref(context);
}

void smail__connection_start_tls_with(struct smail__connection *connection,
                                      struct smail__tls_stream *stream)
{
    if (connection->tls == NULL && connection->next_tls == NULL &&
        connection->next_stream == NULL)
        connection->next_stream = stream;
    else
        smail__tls_stream_free(stream);
}

bool smail__connection_tls_failed(const struct smail__connection *connection)
{
    return connection->tls_failed;
}

enum smail__tls_fault smail__connection_tls_fault(
    const struct smail__connection *connection)
{
    return connection->fault;
}

void smail__connection_linger(struct smail__connection *connection,
                              uint64_t octets, uint64_t milliseconds)
{
    connection->linger_octets = octets;
    connection->linger_time = milliseconds;
}

void smail__connection_finish(struct smail__connection *connection)
{
    if (connection->phase != SMAIL__OPEN)
        return;
    connection->phase = SMAIL__FINISHING;
    smail__connection_set_deadline(connection, FINISH_MILLISECONDS);
    if (!connection->is_busy)
        move(connection, (smail_span){ "", 0 });
}

void smail__connection_abort(struct smail__connection *connection,
                             const char *why)
{
    smail__connection_close_with(connection, why);
    if (!connection->is_busy)
        move(connection, (smail_span){ "", 0 });
}

void smail__connection_set_deadline(struct smail__connection *connection,
                                    uint64_t milliseconds)
{
    uint64_t now = smail__loop_now(connection->loop);

    connection->deadline = milliseconds > 0 ? now + milliseconds : 0;
    if (milliseconds == 0)
        return;
    /* A timer that is set fires early enough, or is moved when it does. */
    if (!connection->timer.is_set ||
        connection->timer_at > connection->deadline) {
        smail__timer_set(&connection->timer, connection->loop, milliseconds);
        connection->timer_at = connection->deadline;
    }
}

const struct smail__tls_stream *smail__connection_tls(
    const struct smail__connection *connection)
{
    return connection->is_secure ? connection->tls : NULL;
}

const char *smail__connection_tls_protocol(
    const struct smail__connection *connection)
{
    return connection->is_secure ? smail__tls_stream_protocol(connection->tls)
                                 : NULL;
}

const char *smail__connection_tls_cipher(
    const struct smail__connection *connection)
{
    return connection->is_secure ? smail__tls_stream_cipher(connection->tls)
                                 : NULL;
}
