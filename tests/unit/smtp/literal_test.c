/* SPDX-License-Identifier: MIT */
/* Address literals by the grammar of RFC 5321, 4.1.3. */
#include "smtp/literal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void what_is_one(void **state)
{
    static const char *const good[] = {
        "[0.0.0.0]",
        "[255.255.255.255]",
        "[IPv6:1111:2222:3333:4444:5555:6666:7777:8888]",
        "[ipv6:2001:DB8::1]",
        "[IPv6:::]",
        "[IPv6:::1]",
        "[IPv6:1::]",
        "[IPv6:1:2:3:4:5::6]",
        "[IPv6:::1:2:3:4:5:6]",
        "[IPv6:1:2:3:4:5:6::]",
        "[IPv6:::ffff:192.0.2.1]",
        "[IPv6:1:2:3:4:5:6:192.0.2.1]",
        "[IPv6:1:2:3:4::192.0.2.1]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(smail__literal_is_valid(smail__span(good[i])));
}

static void what_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "[",
        "192.0.2.1",
        "[192.0.2.1",
        "192.0.2.1]",
        "[192.0.2]",
        "[192.0.2.1.1]",
        "[192.0.2.256]",
        "[192.0.2.0001]",
        "[192.0.2.]",
        "[.0.2.1]",
        "[2001:db8::1]",
        "[IPv6:]",
        "[IPv6::]",
        "[IPv6:1]",
        "[IPv6:1:2:3:4:5:6:7]",
        "[IPv6:1:2:3:4:5:6:7:8:9]",
        "[IPv6:1:2:3:4:5:6::7]",
        "[IPv6:1::2::3]",
        "[IPv6:1:::2]",
        "[IPv6::1:2]",
        "[IPv6:1::2:]",
        "[IPv6:12345::]",
        "[IPv6:g::]",
        "[IPv6:1:2:3:4:5::192.0.2.1]",
        "[IPv6:192.0.2.1::]",
        "[IPv6:1::192.0.2.1:2]",
        "[IPv6:1::192.0.2]",
        "[x:y]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (smail__literal_is_valid(smail__span(bad[i])))
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_one),
        cmocka_unit_test(what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
