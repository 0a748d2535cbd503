/* SPDX-License-Identifier: MIT */
/* server/routes.h - routes as the public header has them. */
#ifndef SMAIL__SERVER_ROUTES_H
#define SMAIL__SERVER_ROUTES_H

#include <smtpmail/outbound.h>

#include "delivery/route.h"

struct smail_routes {
    struct smail__routes routes;
};

#endif
