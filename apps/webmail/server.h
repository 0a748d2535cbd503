/* SPDX-License-Identifier: MIT */
/*
 * webmail/server.h - civetweb, on loopback, for the front alone.
 */
#ifndef WEBMAIL_SERVER_H
#define WEBMAIL_SERVER_H

#include "net/endpoint.h"
#include "request.h"

struct server;

/* `handle` is called on one of `threads`. Both pointers are kept. */
int server_open(struct server **out, struct app *app, unsigned threads,
                void (*handle)(struct request *request), smail_error *err);

/* The port that the system chose. */
const struct smail__endpoint *server_endpoint(const struct server *server);

/* Waits for requests that were begun. NULL is fine. */
void server_close(struct server *server);

#endif
