/* SPDX-License-Identifier: MIT */
/*
 * net/transfer.c - moving bytes between a socket, TLS and a handler.
 *
 * Reading and writing go by recv() and send() on a polled descriptor and not
 * by uv_write(), which raises SIGPIPE in programs that do not ignore it: a
 * library has no say in that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/span.h"
#include "net/connection_internal.h"

static smail_span leftover_span(const struct smail__leftover *left)
{
    if (left->data == NULL)
        return (smail_span){ "", 0 };
    return (smail_span){ left->data + left->at, left->len - left->at };
}

static void leftover_drop(struct smail__leftover *left)
{
    free(left->data);
    *left = (struct smail__leftover){ NULL, 0, 0 };
}

static bool leftover_keep(struct smail__leftover *left, smail_span rest)
{
    char *data = malloc(rest.len);

    if (data == NULL)
        return false;
    memcpy(data, rest.data, rest.len);
    leftover_drop(left);
    left->data = data;
    left->len = rest.len;
    return true;
}

/* --- Out ----------------------------------------------------------------- */

/* Octets that the socket took; 0 also when the connection is broken. */
static size_t send_some(struct smail__connection *connection, smail_span bytes)
{
    ssize_t len;

    if (connection->is_full)
        return 0;
    do
        len = send(connection->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
    while (len < 0 && errno == EINTR);
    if (len >= 0)
        return (size_t)len;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        connection->is_full = true;
    else
        smail__connection_close_with(connection, uv_strerror(-errno));
    return 0;
}

static bool send_plain(struct smail__connection *connection)
{
    bool moved = false;
    smail_span bytes = connection->handler->output(connection->user);

    while (bytes.len > 0) {
        size_t len = send_some(connection, bytes);

        if (len == 0)
            break;
        connection->handler->sent(connection->user, len);
        moved = true;
        bytes = connection->handler->output(connection->user);
    }
    return moved;
}

static bool send_ciphertext(struct smail__connection *connection)
{
    bool moved = false;
    smail_span bytes = smail__tls_stream_output(connection->tls);

    while (bytes.len > 0) {
        size_t len = send_some(connection, bytes);

        if (len == 0)
            break;
        smail__tls_stream_sent(connection->tls, len);
        moved = true;
        bytes = smail__tls_stream_output(connection->tls);
    }
    return moved;
}

static bool encrypt(struct smail__connection *connection)
{
    bool moved = false;
    size_t len;
    smail_span bytes = connection->handler->output(connection->user);

    while (bytes.len > 0) {
        int rc = smail__tls_stream_write(&len, connection->tls, bytes,
                                         connection->error);

        if (rc < 0)
            smail__connection_close_with(connection,
                                         connection->error->message);
        if (rc != 1)
            break;
        connection->handler->sent(connection->user, len);
        moved = true;
        bytes = connection->handler->output(connection->user);
    }
    return moved;
}

bool smail__transfer_output(struct smail__connection *connection)
{
    if (connection->tls == NULL)
        return send_plain(connection);

    bool moved = connection->is_secure && encrypt(connection);

    return send_ciphertext(connection) || moved;
}

bool smail__transfer_has_output(struct smail__connection *connection)
{
    if (connection->tls != NULL &&
        smail__tls_stream_output(connection->tls).len > 0)
        return true;
    return (connection->tls == NULL || connection->is_secure) &&
           connection->handler->output(connection->user).len > 0;
}

/* --- In ------------------------------------------------------------------ */

/* Offer `input` to the handler and keep what it leaves. */
static bool offer(struct smail__connection *connection, smail_span input)
{
    size_t before = input.len;

    connection->handler->input(connection->user, &input);
    if (connection->phase == SMAIL__OPEN && input.len > 0 &&
        !leftover_keep(&connection->plain, input))
        smail__connection_close_with(connection, "no memory");
    return input.len < before;
}

static bool offer_leftover(struct smail__connection *connection)
{
    smail_span input = leftover_span(&connection->plain);
    size_t before = input.len;

    connection->handler->input(connection->user, &input);
    if (input.len == 0 || connection->phase != SMAIL__OPEN)
        leftover_drop(&connection->plain);
    else
        connection->plain.at = connection->plain.len - input.len;
    return input.len < before;
}

static bool shake_hands(struct smail__connection *connection)
{
    int rc = smail__tls_stream_handshake(connection->tls, connection->error);

    if (rc < 0) { /* the alert is to reach the peer */
        connection->tls_failed = true;
        connection->fault = smail__tls_stream_fault(connection->tls);
        if (connection->fault == SMAIL__TLS_FAULT_NONE)
            connection->fault = SMAIL__TLS_FAULT_OTHER;
        connection->why = connection->error->message;
        smail__connection_finish(connection);
    }
    if (rc != 1)
        return false;
    connection->is_secure = true;
    connection->fault = smail__tls_stream_fault(connection->tls);
    connection->handler->secured(connection->user);
    return true;
}

static bool decrypt(struct smail__connection *connection)
{
    char *plain = smail__loop_plain(connection->loop);
    size_t len;
    int rc;

    if (!connection->is_secure)
        return shake_hands(connection);
    if (connection->plain.len > 0)
        return false;
    rc = smail__tls_stream_read(&len, connection->tls, plain, SMAIL__LOOP_PLAIN,
                                connection->error);
    if (rc == SMAIL_ESTATE)
        connection->has_ended = true;
    else if (rc < 0)
        smail__connection_close_with(connection, connection->error->message);
    if (rc != 1)
        return false;
    offer(connection, (smail_span){ plain, len });
    return true;
}

static bool feed_tls(struct smail__connection *connection, smail_span *input)
{
    size_t taken = smail__tls_stream_feed(connection->tls, *input);

    *input = smail__span_from(*input, taken);
    return taken > 0;
}

/* --- Both ---------------------------------------------------------------- */

/* The switch to TLS, once the clear reply to STARTTLS is on its way. What was
 * read in the clear behind it was dropped by the engine (RFC 3207, 4.2). */
static bool switch_to_tls(struct smail__connection *connection)
{
    if ((connection->next_tls == NULL && connection->next_stream == NULL) ||
        connection->handler->output(connection->user).len > 0)
        return false;
    leftover_drop(&connection->plain);
    connection->error = calloc(1, sizeof(*connection->error));
    if (connection->error == NULL)
        smail__connection_close_with(connection, "no memory");
    else if (connection->next_stream != NULL)
        connection->tls = connection->next_stream;
    else if (smail__tls_stream_new(&connection->tls, connection->next_tls, NULL,
                                   connection->error) != 0)
        smail__connection_close_with(connection, connection->error->message);
    smail__tls_context_free(connection->next_tls);
    connection->next_tls = NULL;
    if (connection->tls == NULL)
        smail__tls_stream_free(connection->next_stream);
    connection->next_stream = NULL;
    return true;
}

static void move_clear(struct smail__connection *connection, smail_span input)
{
    bool moved = true;

    if (input.len > 0)
        offer(connection, input);
    while (connection->phase == SMAIL__OPEN && connection->tls == NULL &&
           moved) {
        moved = connection->next_tls == NULL &&
                connection->next_stream == NULL && offer_leftover(connection);
        moved = smail__transfer_output(connection) || moved;
        moved = switch_to_tls(connection) || moved;
    }
}

static void move_tls(struct smail__connection *connection, smail_span input)
{
    bool moved = true;

    while (connection->phase == SMAIL__OPEN && moved) {
        moved = feed_tls(connection, &input);
        moved = decrypt(connection) || moved;
        if (!moved && connection->phase == SMAIL__OPEN && connection->is_secure)
            moved = offer_leftover(connection);
        if (!moved && connection->phase == SMAIL__OPEN)
            moved = smail__transfer_output(connection);
    }
    if (connection->phase != SMAIL__OPEN || input.len == 0)
        leftover_drop(&connection->ciphertext);
    else if (!leftover_keep(&connection->ciphertext, input))
        smail__connection_close_with(connection, "no memory");
}

void smail__transfer(struct smail__connection *connection, smail_span input)
{
    if (connection->tls == NULL) {
        move_clear(connection, input);
        if (connection->tls == NULL)
            return;
        input.len = 0; /* a client speaks first */
    }
    if (input.len == 0)
        move_tls(connection, leftover_span(&connection->ciphertext));
    else
        move_tls(connection, input);
}

void smail__transfer_close_tls(struct smail__connection *connection)
{
    if (connection->tls == NULL)
        return;
    smail__tls_stream_close(connection->tls);
    send_ciphertext(connection);
}

void smail__transfer_switch(struct smail__connection *connection)
{
    switch_to_tls(connection);
}

void smail__transfer_forget(struct smail__connection *connection)
{
    leftover_drop(&connection->plain);
    leftover_drop(&connection->ciphertext);
}
