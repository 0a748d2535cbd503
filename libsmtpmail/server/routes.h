/* SPDX-License-Identifier: MIT */
/* server/routes.h - routes as the public header has them. */
#ifndef SMAIL__SERVER_ROUTES_H
#define SMAIL__SERVER_ROUTES_H

#include <smtpmail/outbound.h>

#include "config/config.h"
#include "delivery/route.h"

struct smail_routes {
    struct smail__routes routes;
};

/* Those of the file. Who only puts mail into the queue needs no passwords:
 * `secrets` false leaves them out, and their files alone. SMAIL_EINVAL,
 * SMAIL_EIO say which. */
int smail__routes_load(smail_routes **out, const struct smail__config *config,
                       bool secrets, smail_error *err);

#endif
