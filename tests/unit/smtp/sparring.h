/* SPDX-License-Identifier: MIT */
/*
 * sparring.h - a client session and a server session that talk to each other
 * in memory: what one says the other hears, in pieces of random size.
 */
#ifndef SPARRING_H
#define SPARRING_H

#include <stdlib.h>

#include <smtpmail/smtp_client.h>
#include <smtpmail/smtp_server.h>

#include "base/buf.h"
#include "base/span.h"

#define PIPE_MAX 10000000
#define TURNS_MAX 2000000 /* then they are stuck */

struct ring {
    smail_smtp_server *server;
    smail_smtp_client *client;
    struct smail__buf to_server; /* on the wire */
    struct smail__buf to_client;
    bool server_closed;
    bool client_closed;
    void (*on_server)(struct ring *ring, const smail_smtp_event *event);
    void (*on_client)(struct ring *ring, const smail_smtp_client_event *event);
    void (*on_turn)(struct ring *ring); /* of the client's */
};

static inline size_t chance(size_t n)
{
    return (size_t)rand() % n;
}

static inline void ring_begin(struct ring *ring,
                              smail_smtp_server_options server,
                              smail_smtp_client_options client)
{
    server.hostname = "mx.example";
    client.hostname = "client.example";
    client.protocol = server.protocol;
    smail__buf_init(&ring->to_server, PIPE_MAX, NULL);
    smail__buf_init(&ring->to_client, PIPE_MAX, NULL);
    assert_int_equal(smail_smtp_server_new(&ring->server, &server), 0);
    assert_int_equal(smail_smtp_client_new(&ring->client, &client), 0);
}

static inline void ring_end(struct ring *ring)
{
    smail_smtp_server_free(ring->server);
    smail_smtp_client_free(ring->client);
    smail__buf_dispose(&ring->to_server);
    smail__buf_dispose(&ring->to_client);
}

/* What is on the wire at STARTTLS is not carried over. */
static inline void ring_server_event(struct ring *ring,
                                     const smail_smtp_event *event)
{
    if (event->type == SMAIL_SMTP_STARTTLS) {
        smail__buf_clear(&ring->to_server);
        assert_int_equal(smail_smtp_server_secured(ring->server), 0);
    }
    ring->server_closed |= event->type == SMAIL_SMTP_CLOSE;
    ring->on_server(ring, event);
}

static inline void ring_serve(struct ring *ring)
{
    smail_span input = smail__span_slice(smail__buf_span(&ring->to_server), 0,
                                         1 + chance(200));
    size_t len = input.len;
    const smail_smtp_event *event;
    smail_span output;

    for (;;) {
        assert_int_equal(smail_smtp_server_feed(&event, ring->server, &input),
                         0);
        if (event->type == SMAIL_SMTP_NEED_INPUT ||
            event->type == SMAIL_SMTP_WAIT)
            break;
        if (event->type == SMAIL_SMTP_STARTTLS)
            len = 0; /* all of the wire is dropped */
        ring_server_event(ring, event);
        if (chance(3) == 0)
            break; /* the rest another time */
    }
    if (len > 0)
        smail__buf_consume(&ring->to_server, len - input.len);
    output = smail__span_slice(smail_smtp_server_output(ring->server), 0,
                               1 + chance(100));
    smail__buf_append(&ring->to_client, output);
    smail_smtp_server_sent(ring->server, output.len);
}

static inline void ring_client_event(struct ring *ring,
                                     const smail_smtp_client_event *event)
{
    if (event->type == SMAIL_SMTP_CLIENT_STARTTLS) {
        smail__buf_clear(&ring->to_client);
        assert_int_equal(smail_smtp_client_secured(ring->client), 0);
    }
    ring->client_closed |= event->type == SMAIL_SMTP_CLIENT_CLOSE;
    ring->on_client(ring, event);
}

static inline void ring_ask(struct ring *ring)
{
    smail_span input =
        smail__span_slice(smail__buf_span(&ring->to_client), 0, 1 + chance(50));
    size_t len = input.len;
    const smail_smtp_client_event *event;
    smail_span output;

    for (;;) {
        assert_int_equal(smail_smtp_client_feed(&event, ring->client, &input),
                         0);
        if (event->type == SMAIL_SMTP_CLIENT_NEED_INPUT ||
            event->type == SMAIL_SMTP_CLIENT_WAIT)
            break;
        if (event->type == SMAIL_SMTP_CLIENT_STARTTLS)
            len = 0;
        ring_client_event(ring, event);
    }
    if (len > 0)
        smail__buf_consume(&ring->to_client, len - input.len);
    ring->on_turn(ring);
    output = smail__span_slice(smail_smtp_client_output(ring->client), 0,
                               1 + chance(2000));
    smail__buf_append(&ring->to_server, output);
    smail_smtp_client_sent(ring->client, output.len);
}

static inline void ring_fight(struct ring *ring)
{
    for (int turn = 0; !ring->client_closed; turn++) {
        assert_true(turn < TURNS_MAX);
        if (chance(2) == 0)
            ring_serve(ring);
        else
            ring_ask(ring);
    }
}

#endif
