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

/* Those of the file, passwords read. SMAIL_EINVAL, SMAIL_EIO say which. */
int smail__routes_load(smail_routes **out, const struct smail__config *config,
                       smail_error *err);

#endif
