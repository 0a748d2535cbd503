/* SPDX-License-Identifier: MIT */
/* The framing of a SASL exchange. */
#include "smtp/auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void mechanisms_are_found_in_any_case(void **state)
{
    const char *offered = "PLAIN SCRAM-SHA-256";

    (void)state;
    assert_true(smail__span_is(smail__auth_find(offered, SMAIL__SPAN("plain")),
                               "PLAIN"));
    assert_true(
        smail__span_is(smail__auth_find(offered, SMAIL__SPAN("Scram-Sha-256")),
                       "SCRAM-SHA-256"));
    assert_int_equal(smail__auth_find(offered, SMAIL__SPAN("SCRAM")).len, 0);
    assert_int_equal(smail__auth_find(offered, SMAIL__SPAN("")).len, 0);
    assert_int_equal(
        smail__auth_find(offered, SMAIL__SPAN("PLAIN SCRAM-SHA-256")).len, 0);
}

static void responses(void **state)
{
    static const struct {
        const char *line;
        bool initial;
        enum smail__auth_result result;
        const char *bytes;
    } cases[] = {
        { "Zm9v", true, SMAIL__AUTH_RESPONSE, "foo" },
        { "Zm9v", false, SMAIL__AUTH_RESPONSE, "foo" },
        { "=", true, SMAIL__AUTH_RESPONSE, "" },
        { "=", false, SMAIL__AUTH_MALFORMED, "" },
        { "", false, SMAIL__AUTH_RESPONSE, "" },
        { "*", false, SMAIL__AUTH_CANCELLED, "" },
        { "*", true, SMAIL__AUTH_MALFORMED, "" },
        { "Zm9", false, SMAIL__AUTH_MALFORMED, "" },
        { " Zm9v", false, SMAIL__AUTH_MALFORMED, "" },
    };
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 100, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(smail__auth_decode(&out, smail__span(cases[i].line),
                                            cases[i].initial),
                         cases[i].result);
        if (cases[i].result == SMAIL__AUTH_RESPONSE)
            assert_true(smail__span_is(smail__buf_span(&out), cases[i].bytes));
    }
    smail__buf_dispose(&out);
}

static void challenges(void **state)
{
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 20, NULL);
    smail__auth_put_challenge(&out, SMAIL__SPAN(""));
    smail__auth_put_challenge(&out, SMAIL__SPAN("foo"));
    assert_string_equal(out.data, "334 \r\n334 Zm9v\r\n");
    smail__auth_put_challenge(&out, SMAIL__SPAN("foo"));
    assert_string_equal(out.data, "334 \r\n334 Zm9v\r\n");
    smail__buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mechanisms_are_found_in_any_case),
        cmocka_unit_test(responses),
        cmocka_unit_test(challenges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
