/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"
#include "http/host.h"

#define NAMES "mail.example.org, .example.net,.local,."

static void our_names_are_ours(void **state)
{
    static const char *const ours[] = {
        "mail.example.org",
        "MAIL.Example.ORG:8080",
        "mail.example.org.",
        "a.example.net",
        "a.b.EXAMPLE.net:1",
        "box.local",
        "box",
        "box:8080",
        "box.",
        "localhost",
        "localhost:80",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1:8080",
        "192.0.2.1",
        "[::1]",
        "[2001:db8::1]:443",
        "[::ffff:127.0.0.1]:1",
    };
    static const char *const others[] = {
        "evil.example",
        "example.org",
        "x.mail.example.org",
        "example.net",
        "xexample.net",
        "mail.example.org.evil.example",
        "mail.example.org:8080x",
        "mail.example.org:123456",
        "evil.example:80",
        "",
        ".",
        ":80",
        "[evil.example]",
        "[::1",
        "[::1]x",
        "[]",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "local",
        "a:b:c",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (!smail__http_host_is_ours(smail__span(ours[i]), NAMES))
            fail_msg("%s is ours", ours[i]);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (smail__http_host_is_ours(smail__span(others[i]),
                                     "mail.example.org,.example.net,.local"))
            fail_msg("%s is not ours", others[i]);
}

static void without_names_only_addresses_are(void **state)
{
    (void)state;
    assert_true(smail__http_host_is_ours(SMAIL__SPAN("127.0.0.1"), ""));
    assert_true(smail__http_host_is_ours(SMAIL__SPAN("localhost"), " , "));
    assert_false(smail__http_host_is_ours(SMAIL__SPAN("box"), ""));
    assert_false(smail__http_host_is_ours(SMAIL__SPAN("a.test"), ",,"));
    assert_true(smail__http_host_is_ours(SMAIL__SPAN("evil.example"), "a,*"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_names_are_ours),
        cmocka_unit_test(without_names_only_addresses_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
