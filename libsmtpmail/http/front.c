/* SPDX-License-Identifier: MIT */
/*
 * http/front.c - ports, loops, and who is let in. The first loop accepts and
 * deals connections to all in turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "http/front_internal.h"
#include "net/watch.h"

#define LOOPS_MAX 16

/* Threads that ask who listens to events. */
#define WORKERS 2
#define WORK_MAX 1000

/* How often stop() looks whether all are gone. */
#define STOP_POLL_NANOSECONDS (10 * 1000 * 1000)

/* A connection on its way to its loop. */
struct arrival {
    struct smail__task task;
    struct smail__front_loop *loop;
    int fd;
    struct smail__endpoint peer;
    bool is_secure;
};

/* --- Letting in ---------------------------------------------------------- */

static void on_arrival(struct smail__task *task)
{
    struct arrival *arrival = (struct arrival *)task;

    if (arrival->loop->is_draining) {
        close(arrival->fd);
        smail__crowd_leave(arrival->loop->front->guests, &arrival->peer);
        atomic_fetch_sub(&arrival->loop->front->connections, 1);
    } else {
        smail__client_start(arrival->loop, arrival->fd, &arrival->peer,
                            arrival->is_secure);
    }
    free(arrival);
}

/* There is no room: say so, if that can be said in the clear. */
static void turn_away(const struct smail__port *port, int fd,
                      const struct smail__endpoint *peer, const char *why)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                 "Content-Length: 0\r\nRetry-After: 5\r\n"
                                 "Connection: close\r\n\r\n";
    char text[SMAIL__ADDRESS_TEXT];
    struct smail__log_field fields[2];

    smail__endpoint_text(text, peer);
    fields[0] =
        (struct smail__log_field)SMAIL__LOG_TEXT("peer", smail__span(text));
    fields[1] =
        (struct smail__log_field)SMAIL__LOG_TEXT("reason", smail__span(why));
    smail__log_write(port->front->options.log, SMAIL__LOG_WARNING,
                     "turned_away", fields, 2);
    if (!port->is_secure &&
        send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) > 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

static void deal(struct smail__port *port, int fd,
                 const struct smail__endpoint *peer)
{
    struct smail__front *front = port->front;
    struct arrival *arrival = calloc(1, sizeof(*arrival));
    unsigned turn = atomic_fetch_add(&front->next, 1) % front->options.loops;

    if (arrival == NULL) {
        smail__crowd_leave(front->guests, peer);
        atomic_fetch_sub(&front->connections, 1);
        close(fd);
        return;
    }
    *arrival = (struct arrival){ .task = { .run = on_arrival },
                                 .loop = &front->loops[turn],
                                 .fd = fd,
                                 .peer = *peer,
                                 .is_secure = port->is_secure };
    smail__loop_post(arrival->loop->loop, &arrival->task);
}

static void on_accepted(void *user, int fd, const struct smail__endpoint *peer)
{
    struct smail__port *port = user;
    struct smail__front *front = port->front;

    if (atomic_fetch_add(&front->connections, 1) >=
        front->options.connections) {
        atomic_fetch_sub(&front->connections, 1);
        turn_away(port, fd, peer, "too many connections");
    } else if (!smail__crowd_enter(front->guests, peer)) {
        atomic_fetch_sub(&front->connections, 1);
        turn_away(port, fd, peer, "too many connections from there");
    } else {
        deal(port, fd, peer);
    }
}

static void on_exhausted(void *user, int os)
{
    struct smail__port *port = user;
    struct smail__log_field field =
        SMAIL__LOG_TEXT("reason", smail__span(strerror(os)));

    smail__log_write(port->front->options.log, SMAIL__LOG_ERROR,
                     "no_descriptors", &field, 1);
}

static const struct smail__listener_handler listener_handler = {
    .accepted = on_accepted,
    .exhausted = on_exhausted,
};

/* --- Tasks of the loops -------------------------------------------------- */

static void run_start_port(struct smail__task *task)
{
    struct smail__port *port =
        (struct smail__port *)((char *)task -
                               offsetof(struct smail__port, start));

    smail_error error = SMAIL_ERROR_INIT;
    struct smail__log_field field;

    if (smail__listener_start(port->listener, port->front->loops[0].loop,
                              &listener_handler, port, &error) == 0)
        return;
    field = (struct smail__log_field)SMAIL__LOG_TEXT(
        "reason", smail__span(error.message));
    smail__log_write(port->front->options.log, SMAIL__LOG_ERROR, "no_port",
                     &field, 1);
}

static void run_close_port(struct smail__task *task)
{
    struct smail__port *port =
        (struct smail__port *)((char *)task -
                               offsetof(struct smail__port, close));

    smail__listener_close(port->listener);
    port->listener = NULL;
    atomic_fetch_sub(&port->front->open_ports, 1);
}

static void on_changed(void *user)
{
    struct smail__front *front = user;

    smail__hub_notify(front->hub);
}

static void run_open_watch(struct smail__task *task)
{
    struct smail__front *front =
        (struct smail__front *)((char *)task -
                                offsetof(struct smail__front, open_watch));
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__log_field field;

    if (smail__watch_open(&front->watch, front->loops[0].loop,
                          front->options.notify, on_changed, front,
                          &error) == 0)
        return;
    /* The look once a second remains. */
    field = (struct smail__log_field)SMAIL__LOG_TEXT(
        "reason", smail__span(error.message));
    smail__log_write(front->options.log, SMAIL__LOG_WARNING, "no_watch", &field,
                     1);
}

static void run_close_watch(struct smail__task *task)
{
    struct smail__front *front =
        (struct smail__front *)((char *)task -
                                offsetof(struct smail__front, close_watch));

    smail__watch_close(front->watch);
    front->watch = NULL;
}

static void run_news(struct smail__task *task)
{
    smail__stream_news(
        (struct smail__front_loop *)((char *)task -
                                     offsetof(struct smail__front_loop, news)));
}

/* Those who wait for nothing leave; the others when they have their answer. */
static void run_drain(struct smail__task *task)
{
    struct smail__front_loop *loop =
        (struct smail__front_loop *)((char *)task -
                                     offsetof(struct smail__front_loop, drain));
    struct smail__client *client = loop->clients;

    loop->is_draining = true;
    while (client != NULL) {
        struct smail__client *next = client->next;

        if (client->state == SMAIL__CLIENT_STREAMING ||
            (client->state == SMAIL__CLIENT_READING && client->in.len == 0)) {
            client->is_ending = true;
            smail__connection_finish(client->connection);
        }
        client = next;
    }
}

static void run_cut(struct smail__task *task)
{
    struct smail__front_loop *loop =
        (struct smail__front_loop *)((char *)task -
                                     offsetof(struct smail__front_loop, cut));

    while (loop->clients != NULL)
        smail__connection_abort(loop->clients->connection, "shutting down");
}

/* Called on the hub's thread. */
static void on_news(void *arg)
{
    struct smail__front *front = arg;

    for (unsigned i = 0; i < front->started; i++)
        smail__loop_post(front->loops[i].loop, &front->loops[i].news);
}

/* --- Making -------------------------------------------------------------- */

static void set_default(unsigned *value, unsigned number)
{
    if (*value == 0)
        *value = number;
}

static void set_time(uint64_t *value, uint64_t number)
{
    if (*value == 0)
        *value = number;
}

static void fill_options(struct smail__front_options *options)
{
    set_default(&options->loops, 2);
    if (options->loops > LOOPS_MAX)
        options->loops = LOOPS_MAX;
    set_default(&options->connections, 2000);
    set_default(&options->connections_by_address, 100);
    set_default(&options->requests, 32);
    set_default(&options->requests_by_address, 16);
    set_default(&options->streams, 1000);
    set_time(&options->body_max, 50 * 1024 * 1024);
    set_time(&options->head_time, 15000);
    set_time(&options->body_time, 30000);
    set_time(&options->idle_time, 60000);
    set_time(&options->answer_time, 120000);
    set_time(&options->grace, 10000);
    if (options->exempt == NULL)
        options->exempt = "";
}

static int make_loops(struct smail__front *front, smail_error *err)
{
    unsigned count = front->options.loops;
    int rc = 0;

    front->loops = calloc(count, sizeof(*front->loops));
    if (front->loops == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for loops");
    for (unsigned i = 0; i < count && rc == 0; i++) {
        struct smail__front_loop *loop = &front->loops[i];

        loop->front = front;
        loop->slots = (front->options.requests + count - 1) / count;
        loop->news.run = run_news;
        loop->drain.run = run_drain;
        loop->cut.run = run_cut;
        rc = smail__loop_new(&loop->loop, err);
    }
    return rc;
}

int smail__front_new(struct smail__front **out,
                     const struct smail__front_options *options,
                     smail_error *err)
{
    struct smail__front *front = calloc(1, sizeof(*front));
    int rc;

    if (front == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for the web ports");
    pthread_mutex_init(&front->lock, NULL);
    front->options = *options;
    fill_options(&front->options);
    front->open_watch.run = run_open_watch;
    front->close_watch.run = run_close_watch;
    rc = make_loops(front, err);
    if (rc == 0)
        rc = smail__crowd_new(&front->guests,
                              front->options.connections_by_address,
                              front->options.exempt, err);
    if (rc == 0)
        rc = smail__crowd_new(&front->requests,
                              front->options.requests_by_address,
                              front->options.exempt, err);
    if (rc == 0)
        rc = smail__workers_new(&front->workers, WORKERS, WORK_MAX, 0, err);
    if (rc == 0)
        rc = smail__hub_new(&front->hub, front->options.handler,
                            front->options.user, on_news, front, err);
    if (rc == 0)
        *out = front;
    else
        smail__front_free(front);
    return rc;
}

int smail__front_add(struct smail__front *front,
                     struct smail__listener *listener,
                     struct smail__tls_context *tls, smail_error *err)
{
    struct smail__port *port = calloc(1, sizeof(*port));

    if (port == NULL) {
        smail__listener_close(listener);
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a port");
    }
    port->listener = listener;
    port->front = front;
    port->is_secure = tls != NULL;
    port->start.run = run_start_port;
    port->close.run = run_close_port;
    port->next = front->ports;
    front->ports = port;
    if (tls != NULL)
        smail__front_set_tls(front, tls);
    return 0;
}

int smail__front_listen(struct smail__endpoint *bound,
                        struct smail__front *front,
                        const struct smail__endpoint *endpoint,
                        struct smail__tls_context *tls, smail_error *err)
{
    struct smail__listener *listener = NULL;
    int rc = smail__listener_open(&listener, endpoint, err);

    if (rc != 0)
        return rc;
    *bound = *smail__listener_endpoint(listener);
    return smail__front_add(front, listener, tls, err);
}

int smail__front_start(struct smail__front *front, smail_error *err)
{
    for (unsigned i = 0; i < front->options.loops; i++) {
        int rc = smail__loop_start(front->loops[i].loop, err);

        if (rc != 0)
            return rc;
        front->started++;
    }
    for (struct smail__port *port = front->ports; port != NULL;
         port = port->next) {
        atomic_fetch_add(&front->open_ports, 1);
        smail__loop_post(front->loops[0].loop, &port->start);
    }
    if (front->options.notify != NULL)
        smail__loop_post(front->loops[0].loop, &front->open_watch);
    return 0;
}

void smail__front_set_tls(struct smail__front *front,
                          struct smail__tls_context *tls)
{
    struct smail__tls_context *old;

    pthread_mutex_lock(&front->lock);
    old = front->tls;
    front->tls = smail__tls_context_ref(tls);
    pthread_mutex_unlock(&front->lock);
    smail__tls_context_free(old);
}

/* --- Ending -------------------------------------------------------------- */

static void nap(void)
{
    nanosleep(&(struct timespec){ 0, STOP_POLL_NANOSECONDS }, NULL);
}

static void wait_for_clients(struct smail__front *front, uint64_t milliseconds)
{
    uint64_t naps = milliseconds * 1000000 / STOP_POLL_NANOSECONDS;

    while (naps-- > 0 && atomic_load(&front->connections) > 0)
        nap();
}

/* Every request at the server behind ends with its client, soon. */
static void end_loops(struct smail__front *front)
{
    smail__workers_free(front->workers);
    front->workers = NULL;
    smail__hub_free(front->hub);
    front->hub = NULL;
    for (unsigned i = 0; i < front->started; i++)
        smail__loop_stop(front->loops[i].loop);
    for (unsigned i = 0; i < front->started; i++)
        smail__loop_join(front->loops[i].loop);
    front->started = 0;
}

void smail__front_stop(struct smail__front *front)
{
    if (front->started == 0)
        return;
    for (struct smail__port *port = front->ports; port != NULL;
         port = port->next)
        smail__loop_post(front->loops[0].loop, &port->close);
    smail__loop_post(front->loops[0].loop, &front->close_watch);
    while (atomic_load(&front->open_ports) > 0)
        nap();
    for (unsigned i = 0; i < front->started; i++)
        smail__loop_post(front->loops[i].loop, &front->loops[i].drain);
    wait_for_clients(front, front->options.grace);
    for (unsigned i = 0; i < front->started; i++)
        smail__loop_post(front->loops[i].loop, &front->loops[i].cut);
    while (atomic_load(&front->connections) > 0)
        nap();
    end_loops(front);
}

void smail__front_free(struct smail__front *front)
{
    if (front == NULL)
        return;
    smail__workers_free(front->workers);
    smail__hub_free(front->hub);
    while (front->ports != NULL) {
        struct smail__port *port = front->ports;

        front->ports = port->next;
        smail__listener_close(port->listener);
        free(port);
    }
    for (unsigned i = 0; front->loops != NULL && i < front->options.loops; i++)
        if (front->loops[i].loop != NULL)
            smail__loop_free(front->loops[i].loop);
    free(front->loops);
    smail__crowd_free(front->guests);
    smail__crowd_free(front->requests);
    smail__tls_context_free(front->tls);
    pthread_mutex_destroy(&front->lock);
    free(front);
}
