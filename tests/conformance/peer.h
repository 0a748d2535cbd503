/* SPDX-License-Identifier: MIT */
/* peer.h - one connection to the server under test, and its replies. */
#ifndef CONFORMANCE_PEER_H
#define CONFORMANCE_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "text.h"

#define REPLY_LINES_MAX 512 /* a reply with more is a fault of its own */

struct reply {
    int code;          /* 0: none came */
    bool closed;       /* because the connection is closed */
    struct text text;  /* the lines without their CRLF, LF between */
    bool unprintable;  /* it holds octets that it may not */
    const char *fault; /* how else its form offends; NULL if it does not */
};

struct peer {
    int fd; /* -1: not connected */
    SSL *ssl;
    SSL_CTX *context;
    struct text in;  /* has arrived, not looked at */
    bool closed;     /* the server has closed, or reset */
    int timeout;     /* milliseconds to wait for a reply */
    size_t piece;    /* octets sent at once; 0: all */
    int piece_pause; /* milliseconds between them */
};

void peer_init(struct peer *peer, int timeout);
void peer_dispose(struct peer *peer);

/* False: `why` says what went wrong. */
bool peer_open(struct peer *peer, const char *host, const char *port,
               const char **why);
bool peer_handshake(struct peer *peer, const char **why);

/* Send all, unless the server closes before. */
void peer_send(struct peer *peer, const char *data, size_t len);

/* Wait for a whole reply, the end, or the timeout. */
void peer_reply(struct reply *out, struct peer *peer);

/* Wait so long; whether anything came meanwhile. */
bool peer_wait(struct peer *peer, int milliseconds);

void peer_half_close(struct peer *peer);
void peer_close(struct peer *peer, bool abort);

void reply_clear(struct reply *reply);
void reply_free(struct reply *reply);

#endif
