/* SPDX-License-Identifier: MIT */
/* Addresses in, addresses out, and which network they are in. */
#include "net/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void good_ones_come_out_as_they_went_in(void **state)
{
    static const struct {
        const char *text, *address;
        unsigned port;
    } cases[] = {
        { "127.0.0.1:25", "127.0.0.1", 25 },
        { "0.0.0.0:0", "0.0.0.0", 0 },
        { "*:465", "0.0.0.0", 465 },
        { "[*]:465", "::", 465 },
        { "[::1]:2525", "::1", 2525 },
        { "[2001:db8::2:1]:65535", "2001:db8::2:1", 65535 },
        { "[::ffff:192.0.2.1]:1", "192.0.2.1", 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__endpoint endpoint;
        char text[SMAIL__ADDRESS_TEXT];

        assert_int_equal(
            smail__endpoint_parse(&endpoint, smail__span(cases[i].text), NULL),
            0);
        smail__endpoint_text(text, &endpoint);
        assert_string_equal(text, cases[i].address);
        assert_int_equal(endpoint.port, cases[i].port);
    }
}

static void bad_ones_are_refused_by_name(void **state)
{
    static const char *const cases[] = {
        "",
        "25",
        ":25",
        "127.0.0.1",
        "localhost:25",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:2x",
        "::1:25",
        "[::1]",
        "[::1]25",
        "[127.0.0.1]:25",
        "[]:25",
        "256.0.0.1:25",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__endpoint endpoint;
        smail_error err = SMAIL_ERROR_INIT;

        assert_int_equal(
            smail__endpoint_parse(&endpoint, smail__span(cases[i]), &err),
            SMAIL_EMALFORMED);
        assert_non_null(strstr(err.message, cases[i]));
    }
}

static bool within(const char *address, const char *list)
{
    struct smail__endpoint endpoint;
    char text[80] = "";

    memcpy(text, address, strlen(address) + 1);
    memcpy(text + strlen(text), ":1", 3);
    assert_int_equal(smail__endpoint_parse(&endpoint, smail__span(text), NULL),
                     0);
    return smail__endpoint_in(&endpoint, list);
}

static void networks_hold_what_they_hold(void **state)
{
    (void)state;
    assert_true(within("127.3.2.1", "127.0.0.0/8"));
    assert_true(within("[::1]", "127.0.0.0/8, ::1"));
    assert_true(within("[::ffff:127.0.0.1]", "127.0.0.0/8"));
    assert_false(within("128.0.0.1", "127.0.0.0/8"));
    assert_true(within("192.0.2.129", "192.0.2.128/25"));
    assert_false(within("192.0.2.127", "192.0.2.128/25"));
    assert_true(within("192.0.2.7", "192.0.2.7"));
    assert_false(within("192.0.2.8", "192.0.2.7"));
    assert_true(within("10.1.2.3", "0.0.0.0/0"));
    assert_false(within("[::1]", "0.0.0.0/0"));
    assert_true(within("[2001:db8:1::5]", "2001:db8::/32"));
    assert_false(within("[2001:db9::5]", "2001:db8::/32"));
    assert_false(within("127.0.0.1", ""));
    assert_int_equal(smail__endpoint_check("127.0.0.0/8, ::1", NULL), 0);
    assert_int_equal(smail__endpoint_check("", NULL), 0);
    assert_int_equal(smail__endpoint_check("127.0.0.0/33", NULL),
                     SMAIL_EMALFORMED);
    assert_int_equal(smail__endpoint_check("loopback", NULL), SMAIL_EMALFORMED);
    assert_int_equal(smail__endpoint_check("::1/129", NULL), SMAIL_EMALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_come_out_as_they_went_in),
        cmocka_unit_test(bad_ones_are_refused_by_name),
        cmocka_unit_test(networks_hold_what_they_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
