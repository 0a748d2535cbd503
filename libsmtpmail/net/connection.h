/* SPDX-License-Identifier: MIT */
/*
 * net/connection.h - one TCP connection on a loop, in the clear or under TLS.
 *
 * The handler is asked to take input and to lend output; how either crosses
 * the network is not its concern. Input that it leaves is kept, at most what
 * one read brought, and nothing more is read until it was taken: so a slow
 * decision becomes the peer's closed TCP window.
 *
 * Everything here happens on the loop's thread.
 */
#ifndef SMAIL__NET_CONNECTION_H
#define SMAIL__NET_CONNECTION_H

#include "crypto/tls.h"
#include "net/loop.h"

struct smail__connection;

struct smail__connection_handler {
    /* Take what can be taken from the front; called with nothing, too, when
       woken or when output has been sent. */
    void (*input)(void *user, smail_span *input);
    /* What is to be sent; and how much of it has been. */
    smail_span (*output)(void *user);
    void (*sent)(void *user, size_t len);
    /* True while an answer is owed: a peer that has said all it had to say
       is then still listening. */
    bool (*is_waiting)(void *user);
    /* The handshake after start_tls() is done. */
    void (*secured)(void *user);
    /* The time of set_deadline() is over. */
    void (*deadline)(void *user);
    /* The last call: the connection is gone. */
    void (*closed)(void *user, const char *why);
};

/*
 * Takes the socket `fd`, also when it fails. `handler` is kept, not copied.
 * Nothing is called before start().
 */
int smail__connection_new(struct smail__connection **out,
                          struct smail__loop *loop, int fd,
                          const struct smail__connection_handler *handler,
                          void *user, smail_error *err);
void smail__connection_start(struct smail__connection *connection);

/* Input may be taken again, or there is output. */
void smail__connection_wake(struct smail__connection *connection);

/* Once all output is sent, shake hands as a server. Before start(): at once.
   Takes its own hold of `context`. */
void smail__connection_start_tls(struct smail__connection *connection,
                                 struct smail__tls_context *context);

/* The same as a client, with a stream that was made for it, and is taken. */
void smail__connection_start_tls_with(struct smail__connection *connection,
                                      struct smail__tls_stream *stream);

/* Did the handshake fail, rather than anything else? In closed(). */
bool smail__connection_tls_failed(const struct smail__connection *connection);

/* What was wrong with the peer's certificate, whoever asked for one. */
enum smail__tls_fault smail__connection_tls_fault(
    const struct smail__connection *connection);

/* How much input finish() may drop, and for how long, before it hangs up on a
   peer that goes on sending: one that listens only when it has said all it had
   to say would else miss the reply. 1 MiB and two seconds. */
void smail__connection_linger(struct smail__connection *connection,
                              uint64_t octets, uint64_t milliseconds);

/* Send what is left, say goodbye, hang up; input is dropped from now on. */
void smail__connection_finish(struct smail__connection *connection);

/* Hang up now. `why` is a literal. */
void smail__connection_abort(struct smail__connection *connection,
                             const char *why);

/* Milliseconds from now; 0: none. Cheap enough for every read. */
void smail__connection_set_deadline(struct smail__connection *connection,
                                    uint64_t milliseconds);

/* NULL in the clear, and before the handshake is done. */
const struct smail__tls_stream *smail__connection_tls(
    const struct smail__connection *connection);

/* NULL in the clear. They stay good when the connection is gone. */
const char *smail__connection_tls_protocol(
    const struct smail__connection *connection);
const char *smail__connection_tls_cipher(
    const struct smail__connection *connection);

#endif
