/* SPDX-License-Identifier: MIT */
/* One-time passwords: the vectors of the RFCs, the window, the URI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/totp_code.h"
#include "base/span.h"

#define SECRET "12345678901234567890"

static smail_span secret(void)
{
    return smail__span(SECRET);
}

/* RFC 6238, appendix B: the rows of SHA-1. */
static void test_vectors(void **state)
{
    static const struct {
        int64_t at;
        uint32_t code;
    } rows[] = {
        { 59, 94287082 },         { 1111111109, 7081804 },
        { 1111111111, 14050471 }, { 1234567890, 89005924 },
        { 2000000000, 69279037 }, { 20000000000, 65353130 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(smail__hotp(secret(), (uint64_t)rows[i].at / 30, 8),
                         rows[i].code);
}

/* The code of step 37037036 is 081804. */
static void test_window(void **state)
{
    smail_span code = smail__span("081804");
    int64_t first = 37037036LL * 30;

    (void)state;
    assert_int_equal(smail__totp_step(secret(), code, first - 31, 0), 0);
    assert_int_equal(smail__totp_step(secret(), code, first - 30, 0), 37037036);
    assert_int_equal(smail__totp_step(secret(), code, first, 0), 37037036);
    assert_int_equal(smail__totp_step(secret(), code, first + 59, 0), 37037036);
    assert_int_equal(smail__totp_step(secret(), code, first + 60, 0), 0);
}

static void test_a_step_is_taken_once(void **state)
{
    smail_span code = smail__span("081804");
    int64_t now = 1111111109;

    (void)state;
    assert_int_equal(smail__totp_step(secret(), code, now, 37037035), 37037036);
    assert_int_equal(smail__totp_step(secret(), code, now, 37037036), 0);
    assert_int_equal(smail__totp_step(secret(), code, now, 37037037), 0);
}

static void test_what_is_no_code(void **state)
{
    static const char *const texts[] = { "",         "08180",
                                         "0818040",  "08180x",
                                         "-81804",   "081805",
                                         "0818 041", "             081804" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(
            smail__totp_step(secret(), smail__span(texts[i]), 1111111109, 0),
            0);
    assert_int_equal(
        smail__totp_step(secret(), smail__span("081 804"), 1111111109, 0),
        37037036);
    assert_int_equal(smail__totp_step(secret(), smail__span("081804"), -1, 0),
                     0);
}

static void test_uri(void **state)
{
    struct smail__buf uri;

    (void)state;
    smail__buf_init(&uri, 1024, NULL);
    smail__totp_uri(&uri, smail__span("Mail & more"),
                    smail__span("bob@example.test"),
                    (const unsigned char *)SECRET);
    assert_string_equal(uri.data,
                        "otpauth://totp/Mail%20%26%20more:bob%40example.test"
                        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                        "&issuer=Mail%20%26%20more&algorithm=SHA1&digits=6"
                        "&period=30");
    smail__buf_dispose(&uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_a_step_is_taken_once),
        cmocka_unit_test(test_what_is_no_code),
        cmocka_unit_test(test_uri),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
