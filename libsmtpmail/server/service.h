/* SPDX-License-Identifier: MIT */
/*
 * server/service.h - what a service manager and its service say to each other
 * (systemd's sd_listen_fds(3) and sd_notify(3)), without its library.
 *
 * Both are a few variables of the environment, and nothing happens where they
 * are not set.
 */
#ifndef SMAIL__SERVER_SERVICE_H
#define SMAIL__SERVER_SERVICE_H

#include <smtpmail/error.h>

#define SMAIL__SERVICE_SOCKETS_MAX 32
#define SMAIL__SERVICE_NAME_MAX 255

/* Sockets that were opened for us, and what the manager calls them. */
struct smail__service_sockets {
    struct {
        int fd;
        char name[SMAIL__SERVICE_NAME_MAX + 1]; /* "" when it has none */
    } items[SMAIL__SERVICE_SOCKETS_MAX];
    size_t count;
};

/* None when they are for another process. Takes the variables away, so that
 * nobody takes the sockets twice. While there is one thread. */
int smail__service_sockets(struct smail__service_sockets *out,
                           smail_error *err);

/* One of systemd's words: "READY=1". Lost where nobody listens. Any thread,
 * once open() was called: it keeps the address. */
struct smail__service {
    char path[108];    /* of the socket; "": there is no manager */
    uint32_t watchdog; /* milliseconds between two signs of life; 0: none */
};

void smail__service_open(struct smail__service *out);
void smail__service_say(const struct smail__service *service,
                        const char *words);

/* READY=1 follows when it is done. */
void smail__service_say_reloading(const struct smail__service *service);

#endif
