/* SPDX-License-Identifier: MIT */
/* delivery/route.c - see delivery/route.h. */
#include "delivery/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "dns/idna.h"

static const struct smail__route built_in = { .kind = SMAIL__ROUTE_MX };
static const struct smail__route local = { .kind = SMAIL__ROUTE_LOCAL };

void smail__routes_init(struct smail__routes *routes)
{
    *routes = (struct smail__routes){ .count = 0 };
}

static void dispose_route(struct smail__route *route)
{
    free(route->host);
    free(route->user);
    if (route->password != NULL)
        smail__wipe(route->password, strlen(route->password));
    free(route->password);
    free(route->source_ipv4);
    free(route->source_ipv6);
    free(route->hostname);
    free(route->text);
}

void smail__routes_dispose(struct smail__routes *routes)
{
    for (size_t i = 0; i < routes->count; i++)
        dispose_route(&routes->list[i]);
    for (size_t i = 0; i < routes->rule_count; i++) {
        free(routes->rules[i].recipient_domain);
        free(routes->rules[i].sender_domain);
    }
    free(routes->list);
    free(routes->rules);
    smail__routes_init(routes);
}

static int copy_text(char **out, const char *text)
{
    *out = NULL;
    if (text == NULL)
        return 0;
    *out = smail__strdup(text);
    return *out != NULL ? 0 : SMAIL_ENOMEM;
}

static int copy_route(struct smail__route *out,
                      const struct smail__route *route)
{
    int code = 0;

    *out = *route;
    code |= copy_text(&out->host, route->host);
    code |= copy_text(&out->user, route->user);
    code |= copy_text(&out->password, route->password);
    code |= copy_text(&out->source_ipv4, route->source_ipv4);
    code |= copy_text(&out->source_ipv6, route->source_ipv6);
    code |= copy_text(&out->hostname, route->hostname);
    code |= copy_text(&out->text, route->text);
    if (code == 0)
        return 0;
    dispose_route(out);
    return SMAIL_ENOMEM;
}

int smail__routes_add(struct smail__routes *routes,
                      const struct smail__route *route, smail_error *err)
{
    struct smail__route *list;

    if (routes->count >= SMAIL__ROUTES_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "there are more than %d routes",
                           SMAIL__ROUTES_MAX);
    if (smail__routes_named(routes, smail__span(route->name)) != NULL)
        return smail__fail(err, SMAIL_EEXISTS, "there are two routes '%s'",
                           route->name);
    list = realloc(routes->list, (routes->count + 1) * sizeof(*list));
    if (list == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    routes->list = list;
    if (copy_route(&list[routes->count], route) < 0)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return (int)routes->count++;
}

int smail__routes_add_rule(struct smail__routes *routes,
                           const char *recipient_domain,
                           const char *sender_domain, const char *route,
                           smail_error *err)
{
    const struct smail__route *found =
        smail__routes_named(routes, smail__span(route));
    struct smail__route_rule *rules, *rule;

    if (found == NULL)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no route '%s'",
                           route);
    if (routes->rule_count >= SMAIL__ROUTES_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "there are more than %d rules",
                           SMAIL__ROUTES_MAX);
    rules = realloc(routes->rules, (routes->rule_count + 1) * sizeof(*rules));
    if (rules == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    routes->rules = rules;
    rule = &rules[routes->rule_count];
    rule->route = (size_t)(found - routes->list);
    if (copy_text(&rule->recipient_domain, recipient_domain) < 0 ||
        copy_text(&rule->sender_domain, sender_domain) < 0) {
        free(rule->recipient_domain);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    routes->rule_count++;
    return 0;
}

static smail_span domain_of(smail_span address)
{
    for (size_t i = address.len; i > 0; i--)
        if (address.data[i - 1] == '@')
            return smail__span_from(address, i);
    return address;
}

/* ".example.org" is all below it; else the very same. */
static bool fits(const char *pattern, smail_span domain, smail_span whole)
{
    size_t len;

    if (pattern == NULL)
        return true;
    if (strchr(pattern, '@') != NULL)
        return smail__span_iis(whole, pattern);
    len = strlen(pattern);
    if (pattern[0] != '.')
        return smail__span_iis(domain, pattern);
    return domain.len > len &&
           smail__span_iis(smail__span_from(domain, domain.len - len), pattern);
}

const struct smail__route *smail__routes_find(
    const struct smail__routes *routes, smail_span recipient_domain,
    smail_span sender)
{
    if (smail__span_is(recipient_domain, SMAIL__ROUTE_HERE))
        return &local;
    for (size_t i = 0; i < routes->rule_count; i++) {
        const struct smail__route_rule *rule = &routes->rules[i];

        if (fits(rule->recipient_domain, recipient_domain, recipient_domain) &&
            fits(rule->sender_domain, domain_of(sender), sender))
            return &routes->list[rule->route];
    }
    return &built_in;
}

const struct smail__route *smail__routes_named(
    const struct smail__routes *routes, smail_span name)
{
    for (size_t i = 0; i < routes->count; i++)
        if (smail__span_iis(name, routes->list[i].name))
            return &routes->list[i];
    return NULL;
}

int smail__route_domain(char out[SMAIL_DOMAIN_MAX + 1], smail_span domain)
{
    if (domain.len == 0 || domain.len > SMAIL_DOMAIN_MAX)
        return SMAIL_EMALFORMED;
    if (domain.data[0] != '[')
        return smail__idna_to_ascii(out, domain);
    for (size_t i = 0; i < domain.len; i++)
        out[i] = smail__lower(domain.data[i]);
    out[domain.len] = '\0';
    return 0;
}

void smail__route_destination(char out[SMAIL__DESTINATION_ROOM],
                              const struct smail__routes *routes,
                              const struct smail__route *route,
                              smail_span recipient_domain)
{
    const smail_span nobody = { NULL, 0 };

    if (route->name[0] != '\0' && route->kind != SMAIL__ROUTE_MX)
        smail__format(out, SMAIL__DESTINATION_ROOM, "@%s", route->name);
    else if (route->name[0] != '\0' &&
             smail__routes_find(routes, recipient_domain, nobody) != route)
        smail__format(out, SMAIL__DESTINATION_ROOM, "@%s:%.*s", route->name,
                      SMAIL__SPAN_ARG(recipient_domain));
    else
        smail__format(out, SMAIL__DESTINATION_ROOM, "%.*s",
                      SMAIL__SPAN_ARG(recipient_domain));
}

const struct smail__route *smail__route_of(smail_span *domain,
                                           const struct smail__routes *routes,
                                           smail_span destination)
{
    smail_span rest = destination, name;
    const struct smail__route *route = NULL;

    *domain = destination;
    if (destination.len > 0 && destination.data[0] == '@') {
        rest = smail__span_from(destination, 1);
        route = smail__routes_named(routes, rest);
        if (route != NULL)
            return route;
        name = smail__span_cut(&rest, ':');
        route = smail__routes_named(routes, name);
        if (rest.len > 0) /* the operator may have taken the route away */
            *domain = rest;
    }
    return route != NULL
               ? route
               : smail__routes_find(routes, *domain, (smail_span){ NULL, 0 });
}

uint16_t smail__route_port(const struct smail__route *route)
{
    if (route->port != 0)
        return route->port;
    if (route->kind == SMAIL__ROUTE_LMTP)
        return 24;
    if (route->kind == SMAIL__ROUTE_RELAY && route->implicit_tls)
        return 465;
    if (route->kind == SMAIL__ROUTE_RELAY && route->user != NULL)
        return 587;
    return 25;
}
