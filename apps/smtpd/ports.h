/* SPDX-License-Identifier: MIT */
/*
 * ports.h - what smtpd listens on: sockets of the service manager, and those
 * it binds itself, before it gives up the right to.
 */
#ifndef SMTPD_PORTS_H
#define SMTPD_PORTS_H

#include <smtpmail/server.h>

#include "config/config.h"
#include "net/listener.h"

struct ports {
    struct smail__listen items[SMAIL__CONFIG_LISTEN_MAX]; /* as bound */
    uint16_t ports[SMAIL__CONFIG_LISTEN_MAX];
    struct smail__listener *listeners[SMAIL__CONFIG_LISTEN_MAX];
    size_t count;
};

/*
 * Bind. `given` are those of the command line; sockets of the manager stand
 * for what the file says, and come besides what the command line does.
 */
int ports_open(struct ports *out, const struct smail__listens *given,
               const struct smail__listens *configured, smail_error *err);

/* Hand them to the server, which then has them. */
int ports_hand_over(struct ports *ports, smail_server *server,
                    smail_error *err);

/* Those that were not handed over. */
void ports_close(struct ports *ports);

smail_listener_kind ports_kind(const struct smail__listen *listen);

#endif
