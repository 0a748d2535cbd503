/* SPDX-License-Identifier: MIT */
/* http/proxy_internal.h - one request at the server behind: its life
 * (proxy.c), and what is said there (proxy_request.c). */
#ifndef SMAIL__HTTP_PROXY_INTERNAL_H
#define SMAIL__HTTP_PROXY_INTERNAL_H

#include "http/chunk.h"
#include "http/front_internal.h"

enum smail__proxy_state {
    SMAIL__PROXY_GATHERING,
    SMAIL__PROXY_QUEUED,
    SMAIL__PROXY_CONNECTED
};

struct smail__proxy {
    struct smail__front_loop *loop;
    struct smail__client *client; /* NULL when it is gone */
    struct smail__connection *connection;
    struct smail__proxy *next; /* in the queue */
    enum smail__proxy_state state;
    struct smail__endpoint peer;
    struct smail__buf out; /* head and body, to the server */
    uint64_t body_left;    /* still to come from the client */
    bool is_chunked;       /* and how much that is, only the chunks tell */
    struct smail__http_chunks chunks;
    struct smail__buf in; /* the answer's head so far */
    size_t scanned;
    bool is_head; /* the method: no body comes */
    bool has_head;
    bool has_length;
    uint64_t left; /* of the answer's body */
};

/* proxy_request.c: append the head. */
void smail__proxy_put_head(struct smail__proxy *proxy,
                           const struct smail__http_head *head);

/* proxy_request.c: of the body what there is room for. 0, or the status to
 * refuse with. */
int smail__proxy_take(struct smail__proxy *proxy, smail_span *input);

#endif
