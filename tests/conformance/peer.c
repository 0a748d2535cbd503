/* SPDX-License-Identifier: MIT */
/*
 * peer.c - one connection to the server under test.
 *
 * What arrives is taken while we send, so that a server that answers before it
 * has read all never makes both sides wait for each other.
 */
#define _POSIX_C_SOURCE 200809L
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 16384
#define IN_MAX (1024 * 1024) /* nobody has so much to say */

static long now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000L + at.tv_nsec / 1000000L;
}

void peer_init(struct peer *peer, int timeout)
{
    *peer = (struct peer){ .fd = -1, .timeout = timeout };
}

void peer_close(struct peer *peer, bool abort)
{
    struct linger hard = { .l_onoff = 1, .l_linger = 0 };

    if (peer->fd >= 0 && abort)
        (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    SSL_free(peer->ssl);
    peer->ssl = NULL;
    if (peer->fd >= 0)
        (void)close(peer->fd);
    peer->fd = -1;
    peer->closed = true;
    text_clear(&peer->in);
}

void peer_dispose(struct peer *peer)
{
    peer_close(peer, false);
    SSL_CTX_free(peer->context);
    text_free(&peer->in);
}

static bool wait_for(struct peer *peer, short events, int milliseconds)
{
    struct pollfd wanted = { .fd = peer->fd, .events = events };

    return poll(&wanted, 1, milliseconds) > 0;
}

static int connect_one(const struct addrinfo *at, int timeout)
{
    int fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    struct pollfd wanted = { .fd = fd, .events = POLLOUT };
    socklen_t len = sizeof(int);
    int error = 0, yes = 1;

    if (fd < 0)
        return -1;
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(fd, at->ai_addr, at->ai_addrlen) != 0 &&
        (errno != EINPROGRESS || poll(&wanted, 1, timeout) != 1 ||
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
         error != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

bool peer_open(struct peer *peer, const char *host, const char *port,
               const char **why)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found, *at;
    int error = getaddrinfo(host, port, &hints, &found);

    if (error != 0) {
        *why = gai_strerror(error);
        return false;
    }
    peer_close(peer, false);
    peer->piece = 0;
    for (at = found; at != NULL && peer->fd < 0; at = at->ai_next)
        peer->fd = connect_one(at, peer->timeout);
    freeaddrinfo(found);
    peer->closed = peer->fd < 0;
    *why = "cannot connect";
    return peer->fd >= 0;
}

/* The poll event that a call of OpenSSL asks for; 0: it failed for good. */
static short wanted_by(const SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return POLLIN;
    case SSL_ERROR_WANT_WRITE:
        return POLLOUT;
    default:
        return 0;
    }
}

bool peer_handshake(struct peer *peer, const char **why)
{
    long end = now() + peer->timeout;
    int result;

    *why = "the TLS handshake fails";
    if (peer->context == NULL)
        peer->context = SSL_CTX_new(TLS_client_method());
    if (peer->context == NULL || peer->fd < 0)
        return false;
    SSL_CTX_set_verify(peer->context, SSL_VERIFY_NONE, NULL);
    peer->ssl = SSL_new(peer->context);
    if (peer->ssl == NULL || SSL_set_fd(peer->ssl, peer->fd) != 1)
        return false;
    while ((result = SSL_connect(peer->ssl)) != 1) {
        short events = wanted_by(peer->ssl, result);

        if (events == 0 || now() >= end)
            return false;
        (void)wait_for(peer, events, 100);
    }
    return true;
}

/* Take what has arrived, without waiting. */
static void take(struct peer *peer)
{
    char chunk[CHUNK];

    while (!peer->closed && peer->in.len < IN_MAX) {
        long len = peer->ssl != NULL ? SSL_read(peer->ssl, chunk, sizeof(chunk))
                                     : recv(peer->fd, chunk, sizeof(chunk), 0);

        if (len > 0)
            text_put(&peer->in, chunk, (size_t)len);
        else if (peer->ssl != NULL && wanted_by(peer->ssl, (int)len) != 0)
            return;
        else if (peer->ssl == NULL && len < 0 &&
                 (errno == EAGAIN || errno == EINTR))
            return;
        else
            peer->closed = true;
    }
}

/* Octets sent now; 0: none, wait for `events`. */
static size_t give(struct peer *peer, const char *data, size_t len,
                   short *events)
{
    long sent;

    *events = POLLOUT;
    if (peer->ssl != NULL) {
        sent = SSL_write(peer->ssl, data, len < CHUNK ? (int)len : CHUNK);
        if (sent <= 0)
            *events = wanted_by(peer->ssl, (int)sent);
    } else {
        sent = send(peer->fd, data, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            *events = 0;
    }
    return sent > 0 ? (size_t)sent : 0;
}

static void send_piece(struct peer *peer, const char *data, size_t len)
{
    long end = now() + peer->timeout;

    while (len > 0 && !peer->closed) {
        short events;
        size_t sent = give(peer, data, len, &events);

        data += sent;
        len -= sent;
        if (events == 0 || now() >= end) {
            take(peer);
            peer->closed = true;
            return;
        }
        if (sent > 0) {
            end = now() + peer->timeout;
            continue;
        }
        (void)wait_for(peer, (short)(events | POLLIN), 100);
        if (peer->ssl == NULL || events == POLLOUT)
            take(peer);
    }
}

void peer_send(struct peer *peer, const char *data, size_t len)
{
    size_t step = peer->piece > 0 ? peer->piece : len;

    for (size_t at = 0; at < len; at += step) {
        send_piece(peer, data + at, len - at < step ? len - at : step);
        if (peer->piece > 0)
            (void)peer_wait(peer, peer->piece_pause);
    }
}

bool peer_wait(struct peer *peer, int milliseconds)
{
    long end = now() + milliseconds;
    size_t before = peer->in.len;

    for (;;) {
        long left = end - now();

        take(peer);
        if (peer->closed && left > 0)
            (void)poll(NULL, 0, (int)left);
        if (peer->closed || left <= 0)
            return peer->in.len > before;
        (void)wait_for(peer, POLLIN, (int)left);
    }
}

void peer_half_close(struct peer *peer)
{
    if (peer->ssl != NULL)
        (void)SSL_shutdown(peer->ssl);
    else if (peer->fd >= 0)
        (void)shutdown(peer->fd, SHUT_WR);
}

void reply_clear(struct reply *reply)
{
    text_clear(&reply->text);
    reply->code = 0;
    reply->closed = false;
    reply->fault = NULL;
    reply->unprintable = false;
}

void reply_free(struct reply *reply)
{
    text_free(&reply->text);
}

/* The length of the line at the front, LF included; 0: not here yet. */
static size_t line_here(struct peer *peer, long end)
{
    for (;;) {
        const char *lf = peer->in.len == 0
                             ? NULL
                             : memchr(peer->in.data, '\n', peer->in.len);
        long left = end - now();

        if (lf != NULL)
            return (size_t)(lf - peer->in.data) + 1;
        if (peer->closed || left <= 0)
            return 0;
        (void)wait_for(peer, POLLIN, (int)left);
        take(peer);
    }
}

/* RFC 5321, 4.2: HT and the printable characters. */
static bool is_printable(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)line[i];

        if ((byte < ' ' && byte != '\t') || byte > '~')
            return false;
    }
    return true;
}

/* RFC 5321, 4.2 and 4.5.3.1.5: what is wrong with a line, CRLF included. */
static const char *line_fault(const char *line, size_t len)
{
    if (len < 2 || line[len - 2] != '\r')
        return "a line of the reply ends in a bare LF";
    if (len > 512)
        return "a line of the reply is longer than 512 octets";
    if (len < 5 || line[0] < '2' || line[0] > '5' || line[1] < '0' ||
        line[1] > '5' || line[2] < '0' || line[2] > '9')
        return "a line of the reply does not begin with a code";
    if (len > 5 && line[3] != ' ' && line[3] != '-')
        return "neither a space nor a hyphen follows the code";
    return NULL;
}

void peer_reply(struct reply *out, struct peer *peer)
{
    long end = now() + peer->timeout;
    bool more = true;

    reply_clear(out);
    for (unsigned lines = 0; more; lines++) {
        size_t len = line_here(peer, end);
        const char *line = peer->in.data;
        int code = 0;

        if (len == 0 || lines == REPLY_LINES_MAX) {
            out->closed = peer->closed;
            if (lines > 0 || peer->in.len > 0)
                out->fault = "the reply does not end";
            out->code = 0;
            return;
        }
        if (out->fault == NULL)
            out->fault = line_fault(line, len);
        out->unprintable |= len < 2 || !is_printable(line, len - 2);
        for (size_t i = 0; i < 3 && i < len; i++)
            code = code * 10 + (line[i] - '0');
        if (lines > 0 && code != out->code && out->fault == NULL)
            out->fault = "the lines of the reply have different codes";
        out->code = code;
        more = len > 4 && line[3] == '-';
        if (lines > 0)
            text_puts(&out->text, "\n");
        text_put(&out->text, line,
                 len - (len > 1 && line[len - 2] == '\r') - 1);
        memmove(peer->in.data, peer->in.data + len, peer->in.len - len);
        peer->in.len -= len;
    }
}
