/* SPDX-License-Identifier: MIT */
/* config/route.c - see config/route.h. */
#include "config/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/value.h"

#define KEY(name, type, field, max, standard, help)                            \
    {                                                                          \
        "route NAME", name, type, offsetof(struct smail__config_route, field), \
            0, max, standard, help                                             \
    }

/* clang-format off */
static const struct smail__key keys[] = {
    KEY("kind", SMAIL__KEY_STRING, kind, 16, "relay",
        "mx, relay, lmtp, discard or fail"),
    KEY("host", SMAIL__KEY_STRING, host, 253, "",
        "of relay and lmtp: a name, or an address in brackets"),
    KEY("look-up-mx", SMAIL__KEY_BOOL, look_up_mx, 0, "no",
        "the host has MX records to follow"),
    KEY("port", SMAIL__KEY_NUMBER, port, 65535, "0",
        "0: 25, or 587 with a user, 465 with tls = implicit, 24 for lmtp"),
    KEY("tls", SMAIL__KEY_STRING, tls, 16, "",
        "none, may, encrypt, verify or implicit; else what DNS and MTA-STS "
        "say, with a user verify"),
    KEY("user", SMAIL__KEY_STRING, user, 320, "", "log in as"),
    KEY("password-file", SMAIL__KEY_STRING, password_file, 4000, "",
        "file whose first line is the password"),
    KEY("recipients", SMAIL__KEY_STRING, recipients, 8000, "",
        "domains it is for, with commas; .example.org: all below it; * : "
        "any"),
    KEY("senders", SMAIL__KEY_STRING, senders, 8000, "",
        "domains or addresses whose mail it is for, with commas"),
    KEY("families", SMAIL__KEY_STRING, families, 8, "",
        "ipv4 or ipv6; else both"),
    KEY("source-ipv4", SMAIL__KEY_STRING, source_ipv4, 63, "",
        "address to send from"),
    KEY("source-ipv6", SMAIL__KEY_STRING, source_ipv6, 63, "",
        "address to send from"),
    KEY("hostname", SMAIL__KEY_STRING, hostname, 253, "",
        "what EHLO says; else [server] hostname"),
    KEY("text", SMAIL__KEY_STRING, text, 400, "",
        "of fail: what the sender is told, as \"5.7.1 No mail for there\""),
    KEY("connections", SMAIL__KEY_NUMBER, connections, 10000, "0",
        "to one destination at a time; 0: [queue] connections"),
    KEY("messages-per-minute", SMAIL__KEY_NUMBER, messages_per_minute, 1000000,
        "0", "to one destination; 0: any number"),
};
/* clang-format on */

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static smail_span name_of(smail_span section)
{
    return smail__span_trim(smail__span_from(section, 6));
}

bool smail__route_section(smail_span section)
{
    return smail__span_istarts(section, "route ") && name_of(section).len > 0;
}

static struct smail__config_route *find(struct smail__config *config,
                                        smail_span name)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (smail__span_iis(name, config->routes[i].name))
            return &config->routes[i];
    return NULL;
}

static int add(struct smail__config_route **out, struct smail__config *config,
               smail_span name, smail_error *err)
{
    struct smail__config_route *list, *route;
    int code = 0;

    if (name.len > SMAIL__CONFIG_ROUTE_NAME_MAX)
        return smail__fail(err, SMAIL_EINVAL,
                           "the name of a route has %d octets at most",
                           SMAIL__CONFIG_ROUTE_NAME_MAX);
    if (config->route_count == SMAIL__CONFIG_ROUTES_MAX)
        return smail__fail(err, SMAIL_EINVAL, "more than %d routes",
                           SMAIL__CONFIG_ROUTES_MAX);
    list = realloc(config->routes, (config->route_count + 1) * sizeof(*list));
    if (list == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for the config");
    config->routes = list;
    route = &list[config->route_count++];
    memset(route, 0, sizeof(*route));
    smail__format(route->name, sizeof(route->name), "%.*s",
                  SMAIL__SPAN_ARG(name));
    for (size_t i = 0; code == 0 && i < KEY_COUNT; i++)
        code =
            smail__key_set(route, &keys[i], smail__span(keys[i].standard), err);
    *out = route;
    return code;
}

static const struct smail__key *find_key(smail_span name)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (smail__span_is(name, keys[i].name))
            return &keys[i];
    return NULL;
}

static const char *nearest(smail_span name)
{
    const char *best = keys[0].name;
    unsigned least = ~0u;

    for (size_t i = 0; i < KEY_COUNT; i++) {
        unsigned distance =
            smail__value_distance(name, smail__span(keys[i].name));

        if (distance < least) {
            least = distance;
            best = keys[i].name;
        }
    }
    return best;
}

int smail__route_set(struct smail__config *config, smail_span section,
                     smail_span name, smail_span value, smail_error *err)
{
    struct smail__config_route *route = find(config, name_of(section));
    const struct smail__key *key = find_key(name);
    unsigned bit;
    int code = 0;

    if (key == NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "no key of a route is called '%.*s'; did you mean "
                           "'%s'?",
                           SMAIL__SPAN_ARG(name), nearest(name));
    if (route == NULL)
        code = add(&route, config, name_of(section), err);
    bit = 1u << (key - keys);
    if (code == 0 && (route->is_set & bit) != 0)
        return smail__fail(err, SMAIL_EINVAL, "'%s' was set already",
                           key->name);
    if (code == 0) {
        route->is_set |= bit;
        code = smail__key_set(route, key, value, err);
    }
    return code;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static const char *fault_of(const struct smail__config_route *route)
{
    static const char *const kinds[] = { "mx",      "relay", "lmtp",
                                         "discard", "fail",  NULL };
    static const char *const levels[] = { "",        "none",   "may",
                                          "encrypt", "verify", "implicit",
                                          NULL };
    static const char *const families[] = { "", "ipv4", "ipv6", NULL };
    bool to_host =
        strcmp(route->kind, "relay") == 0 || strcmp(route->kind, "lmtp") == 0;

    if (!is_one_of(route->kind, kinds))
        return "kind must be mx, relay, lmtp, discard or fail";
    if (!is_one_of(route->tls, levels))
        return "tls must be none, may, encrypt, verify or implicit";
    if (!is_one_of(route->families, families))
        return "families must be ipv4 or ipv6";
    if (to_host && route->host[0] == '\0')
        return "a relay wants a host";
    if ((route->user[0] == '\0') != (route->password_file[0] == '\0'))
        return "user and password-file go together";
    if (route->user[0] != '\0' && strcmp(route->tls, "none") == 0)
        return "a password is not sent without TLS";
    return NULL;
}

const char *smail__route_fault(const struct smail__config *config)
{
    for (size_t i = 0; i < config->route_count; i++) {
        const char *fault = fault_of(&config->routes[i]);

        if (fault != NULL)
            return fault;
    }
    return NULL;
}

void smail__route_dispose(struct smail__config *config)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < KEY_COUNT; j++)
            if (keys[j].type == SMAIL__KEY_STRING)
                free(*(char **)(void *)((char *)&config->routes[i] +
                                        keys[j].offset));
    free(config->routes);
    config->routes = NULL;
    config->route_count = 0;
}

static bool same_value(const struct smail__key *key, const void *x,
                       const void *y)
{
    switch (key->type) {
    case SMAIL__KEY_STRING:
        return strcmp(*(char *const *)x, *(char *const *)y) == 0;
    case SMAIL__KEY_BOOL:
        return *(const bool *)x == *(const bool *)y;
    default:
        return *(const uint32_t *)x == *(const uint32_t *)y;
    }
}

static bool same_route(const struct smail__config_route *a,
                       const struct smail__config_route *b)
{
    if (strcmp(a->name, b->name) != 0)
        return false;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (!same_value(&keys[i], (const char *)a + keys[i].offset,
                        (const char *)b + keys[i].offset))
            return false;
    return true;
}

const char *smail__config_other_route(const struct smail__config *a,
                                      const struct smail__config *b)
{
    for (size_t i = 0; i < a->route_count || i < b->route_count; i++) {
        if (i == b->route_count)
            return a->routes[i].name;
        if (i == a->route_count || !same_route(&a->routes[i], &b->routes[i]))
            return b->routes[i].name;
    }
    return NULL;
}

bool smail__config_route_key(struct smail__config_key *out, size_t index)
{
    if (index >= KEY_COUNT)
        return false;
    *out = (struct smail__config_key){ keys[index].section, keys[index].name,
                                       smail__key_allowed(&keys[index]),
                                       keys[index].standard, keys[index].help };
    return true;
}
