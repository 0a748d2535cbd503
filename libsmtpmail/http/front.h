/* SPDX-License-Identifier: MIT */
/*
 * http/front.h - what owns the web ports, plain and TLS.
 *
 * Every head is read strictly (http/head.h) and written anew, so what stands
 * behind sees only requests that can be read in one way. EventSource
 * (RFC 8620, 7.3) is served right here, on the loops, where an idle client
 * costs memory and no thread. All else goes to a server on loopback, one
 * connection for each request, once the small bodies are whole: a slow client
 * keeps none of its threads. Answers get the security fields they lack and a
 * line in the log.
 *
 * To the server behind, three fields are true, because the front writes them
 * and passes none of the kind on:
 *
 *     X-Smtpmail-Secret   shared with it alone
 *     X-Smtpmail-Peer     the client's address
 *     X-Smtpmail-Scheme   http or https
 *
 * and from it, X-Smtpmail-Account names the account for the log and goes no
 * further.
 */
#ifndef SMAIL__HTTP_FRONT_H
#define SMAIL__HTTP_FRONT_H

#include "base/buf.h"
#include "base/log.h"
#include "crypto/tls.h"
#include "net/endpoint.h"
#include "net/listener.h"

struct smail__front;

/* What a client of EventSource showed. */
struct smail__front_credentials {
    smail_span authorization;
    smail_span cookie;
    const char *peer;
    bool is_secure;
};

struct smail__front_handler {
    /* Who asks: 0 and the account, or the HTTP status to refuse with. Called
     * on a worker's thread; may take its time. */
    int (*authorize)(smail_id *account, void *user,
                     const struct smail__front_credentials *credentials);
    /* A set of types from their names in the URL; 0: none that we know. */
    unsigned (*types)(void *user, smail_span names);
    /* The state of `types`, as one line of JSON: the same text as long as
     * nothing changed. Called on the hub's thread. */
    int (*state)(struct smail__buf *out, void *user, smail_id account,
                 unsigned types, smail_error *err);
    /* A number that changes when anything in the store did. */
    int64_t (*version)(void *user);
};

/* What a body that is sent to one path may have at most, instead of
 * `body_max`; and the problem (RFC 7807) that a larger one is told. */
struct smail__front_limit {
    const char *path;
    uint64_t max;
    const char *problem;
};

/* Zero in a number means the default. Times are milliseconds. */
struct smail__front_options {
    struct smail__endpoint upstream;
    const char *secret;
    const char *notify; /* the file to watch for changes; NULL: none */
    const char *exempt; /* networks without limits by address; "" for none */
    const char *hosts;  /* our names, as http/host.h has them; NULL: any */
    const struct smail__log *log;
    const struct smail__front_handler *handler;
    void *user;
    const struct smail__front_limit *limits; /* the last has no path; or NULL */

    unsigned loops;                  /* threads; 2 */
    unsigned connections;            /* in all; 2000 */
    unsigned connections_by_address; /* 100 */
    unsigned requests;               /* at the server behind at once; 32 */
    unsigned requests_by_address;    /* 16 */
    unsigned streams;                /* EventSource clients; 1000 */
    uint64_t body_max;               /* octets of a body; 50 MiB */
    uint64_t head_time;              /* for a whole head; 15 s */
    uint64_t body_time;              /* a body's longest pause; 30 s */
    uint64_t idle_time;              /* between two requests; 60 s */
    uint64_t answer_time;            /* until an answer begins; 120 s */
    uint64_t grace;                  /* stop() waits for what runs; 10 s */
};

/* `options` is copied; what it points at is kept. */
int smail__front_new(struct smail__front **out,
                     const struct smail__front_options *options,
                     smail_error *err);

/* Before start(). `tls` NULL is plain; else it takes a hold of its own.
 * `bound` is told the port that was chosen for 0. */
int smail__front_listen(struct smail__endpoint *bound,
                        struct smail__front *front,
                        const struct smail__endpoint *endpoint,
                        struct smail__tls_context *tls, smail_error *err);

/* The same with a port that was bound before. Takes `listener`, also when it
 * fails. */
int smail__front_add(struct smail__front *front,
                     struct smail__listener *listener,
                     struct smail__tls_context *tls, smail_error *err);

int smail__front_start(struct smail__front *front, smail_error *err);

/* New connections on TLS ports use `tls` from now on. Any thread. */
void smail__front_set_tls(struct smail__front *front,
                          struct smail__tls_context *tls);

/* Take nothing new in, finish what was begun within the grace time, end. */
void smail__front_stop(struct smail__front *front);

/* After stop(), or without start(). NULL is fine. */
void smail__front_free(struct smail__front *front);

#endif
