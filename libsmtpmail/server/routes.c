/* SPDX-License-Identifier: MIT */
/* server/routes.c - see <smtpmail/outbound.h>. */
#include "server/routes.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "net/endpoint.h"

int smail_routes_new(smail_routes **out, smail_error *err)
{
    smail_routes *routes = calloc(1, sizeof(*routes));

    if (routes == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    smail__routes_init(&routes->routes);
    *out = routes;
    return 0;
}

void smail_routes_free(smail_routes *routes)
{
    if (routes == NULL)
        return;
    smail__routes_dispose(&routes->routes);
    free(routes);
}

static bool is_name(const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;

    if (len == 0 || len > SMAIL__ROUTE_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return true;
}

static int check_source(const char *text, bool is_ipv6, const char *name,
                        smail_error *err)
{
    struct smail__endpoint endpoint;
    char room[SMAIL__ADDRESS_TEXT + 8];

    if (text == NULL)
        return 0;
    smail__format(room, sizeof(room), is_ipv6 ? "[%s]:0" : "%s:0", text);
    if (smail__endpoint_parse(&endpoint, smail__span(room), NULL) == 0 &&
        endpoint.is_ipv6 == is_ipv6)
        return 0;
    return smail__fail(err, SMAIL_EINVAL,
                       "route '%s': '%s' is not an IPv%d address", name, text,
                       is_ipv6 ? 6 : 4);
}

static int check(const smail_route *route, smail_error *err)
{
    bool has_host = route->host != NULL && route->host[0] != '\0';
    int code = 0;

    if (!is_name(route->name))
        return smail__fail(err, SMAIL_EINVAL,
                           "a route wants a name of letters, digits and "
                           "hyphens, %d at most",
                           SMAIL__ROUTE_NAME_MAX);
    if ((route->kind == SMAIL_ROUTE_RELAY || route->kind == SMAIL_ROUTE_LMTP) &&
        !has_host)
        return smail__fail(err, SMAIL_EINVAL, "route '%s' wants a host",
                           route->name);
    if ((route->user == NULL) != (route->password == NULL))
        return smail__fail(err, SMAIL_EINVAL,
                           "route '%s' wants a user and a password, or "
                           "neither",
                           route->name);
    if (route->user != NULL && route->tls == SMAIL_ROUTE_TLS_NONE)
        return smail__fail(err, SMAIL_EINVAL,
                           "route '%s': a password is not sent without TLS",
                           route->name);
    code = check_source(route->source_ipv4, false, route->name, err);
    if (code == 0)
        code = check_source(route->source_ipv6, true, route->name, err);
    return code;
}

static const enum smail__tls_level levels[] = {
    [SMAIL_ROUTE_TLS_DEFAULT] = SMAIL__TLS_MAY,
    [SMAIL_ROUTE_TLS_NONE] = SMAIL__TLS_NONE,
    [SMAIL_ROUTE_TLS_MAY] = SMAIL__TLS_MAY,
    [SMAIL_ROUTE_TLS_ENCRYPT] = SMAIL__TLS_ENCRYPT,
    [SMAIL_ROUTE_TLS_VERIFY] = SMAIL__TLS_VERIFY
};

/* Never written to: the list makes copies. */
static char *lent(const char *text)
{
    return (char *)(uintptr_t)text;
}

int smail_routes_add(smail_routes *routes, const smail_route *route,
                     smail_error *err)
{
    smail_route mine = SMAIL_ROUTE_INIT;
    struct smail__route one = { .kind = SMAIL__ROUTE_MX };
    int code;

    memcpy(&mine, route,
           route->size < sizeof(mine) ? route->size : sizeof(mine));
    code = check(&mine, err);
    if (code < 0)
        return code;
    smail__format(one.name, sizeof(one.name), "%s", mine.name);
    one.kind = (enum smail__route_kind)mine.kind;
    one.host = lent(mine.host);
    one.look_up_mx = mine.look_up_mx;
    one.port = mine.port;
    one.implicit_tls = mine.implicit_tls;
    one.has_tls = mine.tls != SMAIL_ROUTE_TLS_DEFAULT;
    one.tls = levels[mine.tls];
    one.families = (enum smail__families)mine.families;
    one.user = lent(mine.user);
    one.password = lent(mine.password);
    one.source_ipv4 = lent(mine.source_ipv4);
    one.source_ipv6 = lent(mine.source_ipv6);
    one.hostname = lent(mine.hostname);
    one.text = lent(mine.text);
    one.connections = mine.connections;
    one.messages_per_minute = mine.messages_per_minute;
    code = smail__routes_add(&routes->routes, &one, err);
    return code < 0 ? code : 0;
}

int smail_routes_add_rule(smail_routes *routes, const char *recipient_domain,
                          const char *sender, const char *route,
                          smail_error *err)
{
    return smail__routes_add_rule(&routes->routes, recipient_domain, sender,
                                  route, err);
}
