/* SPDX-License-Identifier: MIT */
/*
 * http/front_internal.h - what the files of the front share: a client's
 * connection (client.c), its request at the server behind (proxy.c), or its
 * stream of events (stream.c), and how answers are written (reply.c).
 *
 * All of one loop is touched on its thread only. What is called on one
 * connection may end another at once, so after smail__connection_wake(),
 * finish() and abort() nothing is used that was not looked up again.
 */
#ifndef SMAIL__HTTP_FRONT_INTERNAL_H
#define SMAIL__HTTP_FRONT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "http/crowd.h"
#include "http/front.h"
#include "http/head.h"
#include "http/hub.h"
#include "net/connection.h"
#include "net/listener.h"
#include "net/worker.h"

/* Octets that wait for a client before its answer is no longer read. */
#define SMAIL__OUT_WINDOW 131072

/* Octets of a request's body that wait for the server behind; a body that is
 * not larger is whole before a thread there is bothered. */
#define SMAIL__BODY_WINDOW 65536

/* Octets of a path that the log shows. */
#define SMAIL__LOG_PATH_MAX 256

struct smail__front_loop {
    struct smail__front *front;
    struct smail__loop *loop;
    struct smail__task news;           /* topics have changed */
    struct smail__task drain;          /* stop() was called */
    struct smail__task cut;            /* and the grace time is over */
    struct smail__client *clients;     /* doubly linked */
    struct smail__stream *streams;     /* those that are open */
    struct smail__proxy *first, *last; /* waiting for a free slot */
    unsigned waiting;
    unsigned busy;  /* requests at the server behind */
    unsigned slots; /* and how many there may be */
    bool is_draining;
};

struct smail__port {
    struct smail__port *next;
    struct smail__front *front;
    struct smail__listener *listener;
    struct smail__task start, close;
    bool is_secure;
};

struct smail__front {
    struct smail__front_options options;
    struct smail__front_loop *loops;
    unsigned started; /* loops whose thread runs */
    atomic_uint next; /* the loop that gets the next connection */
    atomic_uint connections;
    atomic_uint streams;
    atomic_uint open_ports;
    struct smail__port *ports;
    struct smail__crowd *guests;   /* connections by address */
    struct smail__crowd *requests; /* requests at work by address */
    struct smail__workers *workers;
    struct smail__hub *hub;
    struct smail__watch *watch;
    struct smail__task open_watch, close_watch;
    pthread_mutex_t lock; /* over `tls` */
    struct smail__tls_context *tls;
};

enum smail__client_state {
    SMAIL__CLIENT_READING,  /* a head, or nothing yet */
    SMAIL__CLIENT_PROXIED,  /* its request is at the server behind */
    SMAIL__CLIENT_STREAMING /* it listens to events */
};

struct smail__client {
    struct smail__client *next, *previous;
    struct smail__front_loop *loop;
    struct smail__connection *connection;
    struct smail__endpoint peer;
    char peer_text[SMAIL__ADDRESS_TEXT];
    bool is_secure;
    bool is_ending; /* finish() was called */
    enum smail__client_state state;
    struct smail__buf in;  /* the head so far */
    size_t scanned;        /* of it */
    struct smail__buf out; /* to be sent */

    /* The request that is being answered, for the log. */
    char method[8];
    char path[SMAIL__LOG_PATH_MAX];
    uint64_t began; /* loop time; 0: there is none */
    int status;     /* of the answer; 0: not begun */
    uint64_t sent;  /* octets of its body */
    smail_id account;
    bool keeps_alive;                       /* another may follow */
    const struct smail__front_limit *limit; /* of the body */

    struct smail__proxy *proxy;
    struct smail__stream *stream;
};

/* --- client.c ------------------------------------------------------------ */

/* Takes `fd` and the place in the crowd, also when it fails. */
void smail__client_start(struct smail__front_loop *loop, int fd,
                         const struct smail__endpoint *peer, bool is_secure);

/* Octets that the body of its request may have. */
uint64_t smail__client_body_max(const struct smail__client *client);

/* The answer is complete in `out`: log it, go on or hang up. The last thing
 * to do with a client. */
void smail__client_answered(struct smail__client *client);

/* A whole answer: a problem (RFC 7807) with this code and title. The last
 * thing to do with a client. */
void smail__client_refuse(struct smail__client *client, int status,
                          const char *code, const char *title);

/* The same for what is wrong with a head or the framing of a body, where
 * nobody can tell where the next request would begin: hangs up. */
void smail__client_refuse_framing(struct smail__client *client, int status);

/* The request's body is not read to its end: let the client finish sending it
 * before hanging up, within bounds. */
void smail__client_linger(struct smail__client *client);

/* --- reply.c ------------------------------------------------------------- */

struct smail__reply {
    int status;
    const struct smail__http_field *fields;
    size_t count;
    bool has_length;
    uint64_t length;
};

/* Append a head, with the fields that keep the page safe. */
void smail__reply_head(struct smail__client *client,
                       const struct smail__reply *reply);

/* --- proxy.c ------------------------------------------------------------- */

/* Pass the request on. The last thing to do with a client. */
void smail__proxy_begin(struct smail__client *client,
                        const struct smail__http_head *head);

/* Take of the body what there is room for. */
void smail__proxy_feed(struct smail__client *client, smail_span *input);

/* Room in the client's `out` again. */
void smail__proxy_resume(struct smail__proxy *proxy);

/* Time is up. The last thing to do with a client. */
void smail__proxy_expire(struct smail__client *client);

/* The client is gone. */
void smail__proxy_abandon(struct smail__proxy *proxy);

/* --- stream.c ------------------------------------------------------------ */

bool smail__stream_is(const struct smail__http_head *head);

/* Begin to serve events. The last thing to do with a client. */
void smail__stream_begin(struct smail__client *client,
                         const struct smail__http_head *head);

/* Time for a ping, and to ask whether the client may still listen. */
void smail__stream_tick(struct smail__client *client);

/* The client is gone. */
void smail__stream_abandon(struct smail__stream *stream);

/* Topics have changed: tell those who listen on this loop. */
void smail__stream_news(struct smail__front_loop *loop);

#endif
