/* SPDX-License-Identifier: MIT */
/* server/routes_load.c - routes from the config. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "server/routes.h"

#define PASSWORD_MAX 1024

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* The first line of a file. */
static int read_password(char out[PASSWORD_MAX], const char *path,
                         smail_error *err)
{
    FILE *file = fopen(path, "re");
    bool read;

    if (file == NULL)
        return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", path,
                              strerror(errno));
    read = fgets(out, PASSWORD_MAX, file) != NULL;
    fclose(file);
    if (!read)
        return smail__fail(err, SMAIL_EINVAL, "%s holds no password", path);
    out[strcspn(out, "\r\n")] = '\0';
    return 0;
}

static smail_route_kind kind_of(const char *text)
{
    static const struct {
        const char *text;
        smail_route_kind kind;
    } kinds[] = { { "mx", SMAIL_ROUTE_MX },
                  { "lmtp", SMAIL_ROUTE_LMTP },
                  { "discard", SMAIL_ROUTE_DISCARD },
                  { "fail", SMAIL_ROUTE_FAIL } };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(text, kinds[i].text) == 0)
            return kinds[i].kind;
    return SMAIL_ROUTE_RELAY;
}

static smail_route_tls tls_of(const char *text)
{
    static const struct {
        const char *text;
        smail_route_tls tls;
    } levels[] = { { "none", SMAIL_ROUTE_TLS_NONE },
                   { "may", SMAIL_ROUTE_TLS_MAY },
                   { "encrypt", SMAIL_ROUTE_TLS_ENCRYPT },
                   { "verify", SMAIL_ROUTE_TLS_VERIFY },
                   { "implicit", SMAIL_ROUTE_TLS_VERIFY } };

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(text, levels[i].text) == 0)
            return levels[i].tls;
    return SMAIL_ROUTE_TLS_DEFAULT;
}

static int add_route(smail_routes *routes,
                     const struct smail__config_route *from, bool secrets,
                     smail_error *err)
{
    smail_route route = SMAIL_ROUTE_INIT;
    char password[PASSWORD_MAX] = "";
    int code = 0;

    route.name = from->name;
    route.kind = kind_of(from->kind);
    route.host = or_null(from->host);
    route.look_up_mx = from->look_up_mx;
    route.port = (uint16_t)from->port;
    route.implicit_tls = strcmp(from->tls, "implicit") == 0;
    route.tls = tls_of(from->tls);
    route.families = strcmp(from->families, "ipv4") == 0   ? SMAIL_ROUTE_IPV4
                     : strcmp(from->families, "ipv6") == 0 ? SMAIL_ROUTE_IPV6
                                                           : SMAIL_ROUTE_BOTH;
    route.user = secrets ? or_null(from->user) : NULL;
    route.source_ipv4 = or_null(from->source_ipv4);
    route.source_ipv6 = or_null(from->source_ipv6);
    route.hostname = or_null(from->hostname);
    route.text = or_null(from->text);
    route.connections = from->connections;
    route.messages_per_minute = from->messages_per_minute;
    if (route.user != NULL) {
        code = read_password(password, from->password_file, err);
        route.password = password;
    }
    if (code == 0)
        code = smail_routes_add(routes, &route, err);
    smail__wipe(password, sizeof(password));
    return code;
}

static int add_rule(smail_routes *routes, smail_span recipient,
                    smail_span sender, const char *route, smail_error *err)
{
    bool any = smail__span_is(recipient, "*") || recipient.len == 0;
    char *to = any ? NULL : smail__spandup(recipient);
    char *from = sender.len == 0 ? NULL : smail__spandup(sender);
    int code = 0;

    if ((!any && to == NULL) || (sender.len > 0 && from == NULL))
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    else
        code = smail_routes_add_rule(routes, to, from, route, err);
    free(to);
    free(from);
    return code;
}

/* Every sender with every recipient domain; neither: all mail. */
static int add_rules(smail_routes *routes,
                     const struct smail__config_route *route, smail_error *err)
{
    smail_span recipients = smail__span(route->recipients);
    int code = 0;

    do {
        smail_span recipient =
            smail__span_trim(smail__span_cut(&recipients, ','));
        smail_span senders = smail__span(route->senders);

        do {
            smail_span sender =
                smail__span_trim(smail__span_cut(&senders, ','));

            code = add_rule(routes, recipient, sender, route->name, err);
        } while (code == 0 && senders.len > 0);
    } while (code == 0 && recipients.len > 0);
    return code;
}

int smail__routes_load(smail_routes **out, const struct smail__config *config,
                       bool secrets, smail_error *err)
{
    smail_routes *routes = NULL;
    int code = smail_routes_new(&routes, err);

    for (size_t i = 0; code == 0 && i < config->route_count; i++)
        code = add_route(routes, &config->routes[i], secrets, err);
    for (size_t i = 0; code == 0 && i < config->route_count; i++)
        code = add_rules(routes, &config->routes[i], err);
    if (code < 0) {
        smail_routes_free(routes);
        return code;
    }
    *out = routes;
    return 0;
}
