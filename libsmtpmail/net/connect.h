/* SPDX-License-Identifier: MIT */
/* net/connect.h - a socket on its way to another program. */
#ifndef SMAIL__NET_CONNECT_H
#define SMAIL__NET_CONNECT_H

#include "net/endpoint.h"

/*
 * Begin to connect without waiting. The socket is non-blocking and
 * close-on-exec, and ready for smail__connection_new() at once: output waits
 * until it is connected, and a refusal shows as a closed connection.
 */
int smail__connect_from(int *out, const struct smail__endpoint *to,
                        const struct smail__endpoint *source, smail_error *err);

/* From whichever address the system chooses. */
int smail__connect(int *out, const struct smail__endpoint *to,
                   smail_error *err);

#endif
