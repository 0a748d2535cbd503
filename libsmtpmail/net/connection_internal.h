/* SPDX-License-Identifier: MIT */
/*
 * net/connection_internal.h - what connection.c (when things move) and
 * transfer.c (how they move) share.
 */
#ifndef SMAIL__NET_CONNECTION_INTERNAL_H
#define SMAIL__NET_CONNECTION_INTERNAL_H

#include <uv.h>

#include "net/connection.h"

enum smail__phase {
    SMAIL__OPEN,
    SMAIL__FINISHING,
    SMAIL__LINGERING,
    SMAIL__CLOSED
};

/* What was read and could not be used yet. */
struct smail__leftover {
    char *data;
    size_t at, len;
};

struct smail__connection {
    uv_poll_t poll;
    struct smail__loop *loop;
    int fd;
    enum smail__phase phase;
    int events;     /* polled for now */
    bool is_busy;   /* move() is at work */
    bool is_woken;  /* and is to go round once more */
    bool is_full;   /* the socket takes no more now */
    bool has_ended; /* the peer will send no more */
    bool is_secure; /* the handshake is done */
    bool tls_failed;
    enum smail__tls_fault fault; /* once the handshake is over */
    const struct smail__connection_handler *handler;
    void *user;
    struct smail__tls_context *next_tls;   /* from start_tls() */
    struct smail__tls_stream *next_stream; /* from start_tls_with() */
    struct smail__tls_stream *tls;
    struct smail__leftover plain;      /* for the handler */
    struct smail__leftover ciphertext; /* for TLS */
    struct smail__timer timer;
    uint64_t deadline; /* 0: none */
    uint64_t timer_at; /* what the timer is set to */
    uint64_t wasted;   /* octets, while it lingers */
    uint64_t linger_octets, linger_time;
    const char *why;
    smail_error
        *error; /* of TLS, from malloc: most have none, and it is large */
};

/* No more is to happen; the first reason given stays. */
void smail__connection_close_with(struct smail__connection *connection,
                                  const char *why);

/* Move what can be moved, both ways; `input` is what was just read. Stops
   when nothing moves any more or the phase is not OPEN. */
void smail__transfer(struct smail__connection *connection, smail_span input);

/* Output alone: true if any of it moved; whether there is more; and forget
   what was read. */
bool smail__transfer_output(struct smail__connection *connection);
bool smail__transfer_has_output(struct smail__connection *connection);
void smail__transfer_close_tls(struct smail__connection *connection);
void smail__transfer_switch(struct smail__connection *connection);
void smail__transfer_forget(struct smail__connection *connection);

#endif
