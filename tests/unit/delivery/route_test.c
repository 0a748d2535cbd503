/* SPDX-License-Identifier: MIT */
/* By which way mail leaves. */
#include "delivery/route.h"

#include "base/format.h"
#include "base/span.h"
#include "unit.h"

static void add(struct smail__routes *routes, const char *name,
                enum smail__route_kind kind)
{
    struct smail__route route = { .kind = kind };
    char host[] = "[203.0.113.1]";

    smail__format(route.name, sizeof(route.name), "%s", name);
    if (kind == SMAIL__ROUTE_RELAY)
        route.host = host;
    assert_true(smail__routes_add(routes, &route, NULL) >= 0);
}

static void check(const struct smail__routes *routes, const char *domain,
                  const char *sender, const char *expected)
{
    const struct smail__route *route =
        smail__routes_find(routes, smail__span(domain), smail__span(sender));

    assert_non_null(route);
    assert_string_equal(route->name, expected);
}

static void without_rules_it_is_mx(void **state)
{
    struct smail__routes routes;
    const struct smail__route *route;

    (void)state;
    smail__routes_init(&routes);
    check(&routes, "example.org", "alice@here.test", "");
    route = smail__routes_find(&routes, SMAIL__SPAN("example.org"),
                               SMAIL__SPAN(""));
    assert_int_equal(route->kind, SMAIL__ROUTE_MX);
    assert_int_equal(smail__route_port(route), 25);
    route = smail__routes_find(&routes, SMAIL__SPAN(SMAIL__ROUTE_HERE),
                               SMAIL__SPAN(""));
    assert_int_equal(route->kind, SMAIL__ROUTE_LOCAL);
    smail__routes_dispose(&routes);
}

static void the_first_rule_that_fits(void **state)
{
    struct smail__routes routes;

    (void)state;
    smail__routes_init(&routes);
    add(&routes, "one", SMAIL__ROUTE_RELAY);
    add(&routes, "below", SMAIL__ROUTE_RELAY);
    add(&routes, "from", SMAIL__ROUTE_RELAY);
    add(&routes, "who", SMAIL__ROUTE_RELAY);
    add(&routes, "rest", SMAIL__ROUTE_RELAY);
    smail__routes_add_rule(&routes, "example.org", NULL, "one", NULL);
    smail__routes_add_rule(&routes, ".example.org", NULL, "below", NULL);
    smail__routes_add_rule(&routes, NULL, "bob@here.test", "who", NULL);
    smail__routes_add_rule(&routes, NULL, "here.test", "from", NULL);
    check(&routes, "example.org", "bob@here.test", "one");
    check(&routes, "EXAMPLE.org", "", "one");
    check(&routes, "a.example.org", "", "below");
    check(&routes, "a.b.example.org", "", "below");
    check(&routes, "notexample.org", "", "");
    check(&routes, "example.net", "alice@here.test", "from");
    check(&routes, "example.net", "BOB@here.test", "who");
    check(&routes, "example.net", "alice@sub.here.test", "");
    smail__routes_add_rule(&routes, NULL, NULL, "rest", NULL);
    check(&routes, "example.net", "", "rest");
    assert_int_equal(
        smail__routes_add_rule(&routes, NULL, NULL, "nobody", NULL),
        SMAIL_ENOTFOUND);
    smail__routes_dispose(&routes);
}

static void names_are_unique(void **state)
{
    struct smail__route route = { .kind = SMAIL__ROUTE_MX };
    struct smail__routes routes;

    (void)state;
    smail__routes_init(&routes);
    add(&routes, "one", SMAIL__ROUTE_MX);
    smail__format(route.name, sizeof(route.name), "ONE");
    assert_int_equal(smail__routes_add(&routes, &route, NULL), SMAIL_EEXISTS);
    assert_non_null(smail__routes_named(&routes, SMAIL__SPAN("One")));
    assert_null(smail__routes_named(&routes, SMAIL__SPAN("two")));
    smail__routes_dispose(&routes);
}

/* One below the limit, at it, and above. */
static void so_many_routes(void **state)
{
    struct smail__route route = { .kind = SMAIL__ROUTE_MX };
    struct smail__routes routes;

    (void)state;
    smail__routes_init(&routes);
    for (int i = 0; i <= SMAIL__ROUTES_MAX; i++) {
        int code;

        smail__format(route.name, sizeof(route.name), "r%d", i);
        code = smail__routes_add(&routes, &route, NULL);
        assert_int_equal(code, i < SMAIL__ROUTES_MAX ? i : SMAIL_ELIMIT);
    }
    for (int i = 0; i <= SMAIL__ROUTES_MAX; i++)
        assert_int_equal(
            smail__routes_add_rule(&routes, "example.org", NULL, "r1", NULL),
            i < SMAIL__ROUTES_MAX ? 0 : SMAIL_ELIMIT);
    smail__routes_dispose(&routes);
}

static void domains_have_one_form(void **state)
{
    static const struct {
        const char *in, *out;
    } good[] = {
        { "Example.ORG", "example.org" },
        { "b\xc3\xbc"
          "cher.example",
          "xn--bcher-kva.example" },
        { "B\xc3\x9c"
          "CHER.example",
          "xn--bcher-kva.example" },
        { "xn--bcher-kva.example", "xn--bcher-kva.example" },
        { "[192.0.2.1]", "[192.0.2.1]" },
        { "[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]" },
    };
    char out[SMAIL_DOMAIN_MAX + 1], longest[SMAIL_DOMAIN_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(smail__route_domain(out, smail__span(good[i].in)), 0);
        assert_string_equal(out, good[i].out);
    }
    assert_int_equal(smail__route_domain(out, SMAIL__SPAN("")),
                     SMAIL_EMALFORMED);
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(
        smail__route_domain(out, (smail_span){ longest, SMAIL_DOMAIN_MAX + 1 }),
        SMAIL_EMALFORMED);
}

static void ports(void **state)
{
    struct smail__route route = { .kind = SMAIL__ROUTE_RELAY };
    char user[] = "u";

    (void)state;
    assert_int_equal(smail__route_port(&route), 25);
    route.user = user;
    assert_int_equal(smail__route_port(&route), 587);
    route.implicit_tls = true;
    assert_int_equal(smail__route_port(&route), 465);
    route.kind = SMAIL__ROUTE_LMTP;
    assert_int_equal(smail__route_port(&route), 24);
    route.port = 2525;
    assert_int_equal(smail__route_port(&route), 2525);
}

static void destinations(void **state)
{
    char out[SMAIL__DESTINATION_ROOM];
    struct smail__routes routes = { .count = 0 };
    struct smail__route route = { .kind = SMAIL__ROUTE_MX };

    (void)state;
    smail__route_destination(out, &routes, &route, SMAIL__SPAN("example.org"));
    assert_string_equal(out, "example.org");
    route.kind = SMAIL__ROUTE_RELAY;
    smail__format(route.name, sizeof(route.name), "big");
    smail__route_destination(out, &routes, &route, SMAIL__SPAN("example.org"));
    assert_string_equal(out, "@big");
}

/* Where DNS decides, a sender's route has to be found again. */
static void destinations_of_a_sender(void **state)
{
    char out[SMAIL__DESTINATION_ROOM], longest[SMAIL_DOMAIN_MAX + 1];
    char name[SMAIL__ROUTE_NAME_MAX + 1];
    struct smail__routes routes;
    const struct smail__route *route;
    smail_span domain;

    (void)state;
    smail__routes_init(&routes);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memset(longest, 'd', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    add(&routes, "theirs", SMAIL__ROUTE_MX);
    add(&routes, name, SMAIL__ROUTE_MX);
    smail__routes_add_rule(&routes, "example.org", NULL, "theirs", NULL);
    smail__routes_add_rule(&routes, NULL, "here.test", name, NULL);
    route = smail__routes_find(&routes, SMAIL__SPAN("example.org"),
                               SMAIL__SPAN("alice@here.test"));
    smail__route_destination(out, &routes, route, SMAIL__SPAN("example.org"));
    assert_string_equal(out, "example.org");
    assert_ptr_equal(smail__route_of(&domain, &routes, smail__span(out)),
                     route);
    route = smail__routes_find(&routes, smail__span(longest),
                               SMAIL__SPAN("alice@here.test"));
    assert_string_equal(route->name, name);
    smail__route_destination(out, &routes, route, smail__span(longest));
    assert_int_equal(strlen(out), sizeof(out) - 1);
    assert_ptr_equal(smail__route_of(&domain, &routes, smail__span(out)),
                     route);
    assert_span(domain, longest);
    route = smail__route_of(&domain, &routes, SMAIL__SPAN("@gone:[::1]"));
    assert_string_equal(route->name, ""); /* taken away meanwhile */
    assert_span(domain, "[::1]");
    smail__routes_dispose(&routes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_it_is_mx),
        cmocka_unit_test(the_first_rule_that_fits),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(so_many_routes),
        cmocka_unit_test(domains_have_one_form),
        cmocka_unit_test(ports),
        cmocka_unit_test(destinations),
        cmocka_unit_test(destinations_of_a_sender),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
