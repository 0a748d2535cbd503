/* SPDX-License-Identifier: MIT */
/*
 * net/listener.h - a port on which connections are taken in.
 *
 * open() binds, on any thread, so that errors show before anything runs;
 * start() begins to accept, on a loop's thread.
 */
#ifndef SMAIL__NET_LISTENER_H
#define SMAIL__NET_LISTENER_H

#include "net/endpoint.h"
#include "net/loop.h"

struct smail__listener;

struct smail__listener_handler {
    /* `fd` is the callee's from now on, non-blocking and close-on-exec. */
    void (*accepted)(void *user, int fd, const struct smail__endpoint *peer);
    /* The system had no descriptor left; a connection was turned away. */
    void (*exhausted)(void *user, int os);
};

/* The error names the address and what can be done about it. */
int smail__listener_open(struct smail__listener **out,
                         const struct smail__endpoint *endpoint,
                         smail_error *err);

/*
 * On a socket of the file system. One that nobody listens on any more is
 * replaced. Whoever may enter its folder may connect; such clients have the
 * address 127.0.0.1, and port 0.
 */
int smail__listener_open_path(struct smail__listener **out, const char *path,
                              smail_error *err);

/* A socket that is bound already: TCP, listening or to be. Takes it, also when
   it fails. */
int smail__listener_adopt(struct smail__listener **out, int fd,
                          smail_error *err);

/* As bound: with the port that the system chose for 0. */
const struct smail__endpoint *smail__listener_endpoint(
    const struct smail__listener *listener);

/* `handler` is kept, not copied. */
int smail__listener_start(struct smail__listener *listener,
                          struct smail__loop *loop,
                          const struct smail__listener_handler *handler,
                          void *user, smail_error *err);

/* On the loop's thread, once started. Frees, soon; nothing is called after
   this. NULL is fine. */
void smail__listener_close(struct smail__listener *listener);

#endif
