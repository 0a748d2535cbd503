/* SPDX-License-Identifier: MIT */
/*
 * client_io.h - the I/O that a client session leaves to its owner, in its
 * simplest form: a blocking socket. For send.c and lmtp.c.
 */
#ifndef CLIENT_IO_H
#define CLIENT_IO_H

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <smtpmail/smtp_client.h>

/* A connection, or -1. */
static inline int dial(const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *all = NULL;
    int fd = -1;

    if (getaddrinfo(host, port, &hints, &all) != 0)
        return -1;
    for (struct addrinfo *at = all; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(all);
    return fd;
}

/* Send what the session has to say. */
static inline void flush(smail_smtp_client *session, int fd)
{
    smail_span out;

    while ((out = smail_smtp_client_output(session)).len > 0) {
        ssize_t len = send(fd, out.data, out.len, MSG_NOSIGNAL);

        if (len <= 0)
            smail_smtp_client_abandon(session);
        else
            smail_smtp_client_sent(session, (size_t)len);
    }
}

/* Wait for what the server has to say; nothing after the end. */
static inline smail_span listen_to(smail_smtp_client *session, int fd,
                                   char *buffer, size_t size)
{
    ssize_t len = read(fd, buffer, size);

    if (len <= 0)
        smail_smtp_client_abandon(session);
    return (smail_span){ buffer, len > 0 ? (size_t)len : 0 };
}

/*
 * Hand over content: as much as the session takes now. For more it asks by
 * SEND_BODY once the server has answered.
 */
static inline void push(smail_smtp_client *session, int fd, smail_span *content)
{
    size_t before;

    do {
        before = content->len;
        if (smail_smtp_client_body(session, content) != 0) {
            printf("this may not be sent as mail\n");
            return; /* READY or CLOSE comes next */
        }
        flush(session, fd);
    } while (content->len > 0 && content->len < before);
    if (content->len == 0)
        smail_smtp_client_body_end(session);
}

/* Standard input, or as much as fits, with CRLF for each line end. */
static inline smail_span read_message(char *out, size_t size)
{
    size_t len = 0;
    int last = '\n';

    for (int c; len + 4 <= size && (c = getchar()) != EOF; last = c) {
        if (c == '\n' && last != '\r')
            out[len++] = '\r';
        out[len++] = (char)c;
    }
    if (last != '\n') {
        out[len++] = '\r';
        out[len++] = '\n';
    }
    return (smail_span){ out, len };
}

#endif
