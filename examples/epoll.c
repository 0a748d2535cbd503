/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - many SMTP sessions under an event loop of one's own.
 *
 *    epoll [PORT [SECONDS]]    listens on 127.0.0.1, takes and drops mail
 *
 * Three rules: read only while there is nothing to send, so that a client
 * that does not read is not read from (back-pressure); keep what feed() left
 * of the input; give each client the patience that its state deserves, or
 * SECONDS if that is less.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <smtpmail/smtp_server.h>

enum { MAX_CLIENTS = 200 };

typedef struct client {
    smail_smtp_server *session; /* NULL: the place is free */
    int fd;
    bool closing;     /* the session is over, its last words are not out */
    time_t deadline;  /* when our patience ends */
    smail_span input; /* what feed() has not used of buffer */
    char buffer[4096];
} client;

static time_t seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* False: the client is gone. What the socket does not take now stays. */
static bool flush(client *at)
{
    smail_span out;

    while ((out = smail_smtp_server_output(at->session)).len > 0) {
        ssize_t len = send(at->fd, out.data, out.len, MSG_NOSIGNAL);

        if (len < 0)
            return errno == EAGAIN || errno == EINTR;
        smail_smtp_server_sent(at->session, (size_t)len);
    }
    return !at->closing;
}

/* Go on until there is nothing to do but wait. False: hang up. */
static bool drive(client *at)
{
    const smail_smtp_event *event;

    while (smail_smtp_server_feed(&event, at->session, &at->input) == 0) {
        switch (event->type) {
        case SMAIL_SMTP_WAIT: /* output first */
            if (!flush(at))
                return false;
            if (smail_smtp_server_output(at->session).len > 0)
                return true;
            break;
        case SMAIL_SMTP_NEED_INPUT:
            return flush(at);
        case SMAIL_SMTP_CLOSE:
            at->closing = true;
            return flush(at);
        case SMAIL_SMTP_BODY:
        case SMAIL_SMTP_RESET:
            break;
        default: /* a decision: yes to all */
            smail_smtp_server_accept(at->session);
        }
    }
    return false;
}

/* The socket is ready for what we waited for. False: hang up. */
static bool serve(client *at, int loop, time_t patience)
{
    struct epoll_event want = { .events = EPOLLIN, .data.ptr = at };
    time_t allowed;

    if (!flush(at))
        return false;
    if (smail_smtp_server_output(at->session).len == 0 && at->input.len == 0) {
        ssize_t len = read(at->fd, at->buffer, sizeof(at->buffer));

        if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        at->input = (smail_span){ at->buffer, len > 0 ? (size_t)len : 0 };
    }
    if (!at->closing && !drive(at))
        return false;
    allowed = (time_t)smail_smtp_server_patience(at->session);
    at->deadline = seconds() + (allowed < patience ? allowed : patience);
    if (smail_smtp_server_output(at->session).len > 0)
        want.events = EPOLLOUT;
    return epoll_ctl(loop, EPOLL_CTL_MOD, at->fd, &want) == 0;
}

static void hang_up(client *at)
{
    smail_smtp_server_free(at->session);
    close(at->fd); /* leaves epoll by itself */
    *at = (client){ 0 };
}

static void greet(client *at, int loop, int listener)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    struct epoll_event want = { .events = EPOLLOUT, .data.ptr = at };

    at->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (at->fd < 0)
        return;
    options.hostname = "mx.example.test";
    at->deadline = seconds() + 5;
    if (smail_smtp_server_new(&at->session, &options) != 0 ||
        epoll_ctl(loop, EPOLL_CTL_ADD, at->fd, &want) != 0)
        hang_up(at);
}

/* Whose time is up gets a 421; who does not take it in time, the end. */
static void expire(client *at)
{
    bool last = at->closing;

    at->deadline = seconds() + 5;
    if (last ||
        smail_smtp_server_abandon(at->session, "4.4.2", "Timeout") != 0 ||
        !drive(at))
        hang_up(at);
}

static int listen_at(unsigned port)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((uint16_t)port);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) != 0 ||
        listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return -1;
    printf("port %u\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    int listener =
        listen_at(argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0);
    time_t patience = argc > 2 ? (time_t)strtoul(argv[2], NULL, 10) : 300;
    client *all = calloc(MAX_CLIENTS, sizeof(*all));
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { 0 };

    if (listener < 0 || all == NULL || loop < 0 ||
        epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event) != 0)
        return 1;
    for (;;) {
        client *room = NULL;

        for (client *at = all; at < all + MAX_CLIENTS; at++) {
            if (at->session != NULL && at->deadline < seconds())
                expire(at);
            if (at->session == NULL)
                room = at;
        }
        event = (struct epoll_event){ .events = room != NULL ? EPOLLIN : 0 };
        epoll_ctl(loop, EPOLL_CTL_MOD, listener, &event);
        if (epoll_wait(loop, &event, 1, 1000) <= 0)
            continue;
        if (event.data.ptr == NULL)
            greet(room, loop, listener);
        else if (!serve(event.data.ptr, loop, patience))
            hang_up(event.data.ptr);
    }
}
