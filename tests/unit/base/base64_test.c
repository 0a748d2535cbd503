/* SPDX-License-Identifier: MIT */
/* RFC 4648: its test vectors, and what strict means. */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"

static void the_vectors_of_the_rfc(void **state)
{
    static const char *const pairs[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
        { "\xfb\xff\xfe", "+//+" },
    };
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 100, NULL);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        smail__buf_clear(&buf);
        smail__base64_encode(&buf, smail__span(pairs[i][0]));
        assert_true(smail__span_is(smail__buf_span(&buf), pairs[i][1]));
        smail__buf_clear(&buf);
        assert_int_equal(smail__base64_decode(&buf, smail__span(pairs[i][1])),
                         0);
        assert_true(smail__span_is(smail__buf_span(&buf), pairs[i][0]));
    }
    smail__buf_dispose(&buf);
}

static void every_byte_comes_back(void **state)
{
    char bytes[256];
    struct smail__buf text;
    struct smail__buf back;

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        smail__buf_init(&text, 1000, NULL);
        smail__buf_init(&back, 1000, NULL);
        smail__base64_encode(&text, (smail_span){ bytes, len });
        assert_int_equal(smail__base64_decode(&back, smail__buf_span(&text)),
                         0);
        assert_int_equal(back.len, len);
        if (len > 0)
            assert_memory_equal(back.data, bytes, len);
        smail__buf_dispose(&text);
        smail__buf_dispose(&back);
    }
}

static void what_is_not_strict_is_refused(void **state)
{
    static const char *const bad[] = {
        "Z",        "Zg",   "Zg=",  "Zg===", "====",    "Z===",
        "=Zg=",     "Zg=v", "Zh==", "Zm9=",  "Zm9 ",    "Zg==Zg==",
        "Zm9v\r\n", "Zm-_", "*",    "Zg =",  "\x80m9v",
    };
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 100, NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(smail__base64_decode(&buf, smail__span(bad[i])),
                         SMAIL_EMALFORMED);
    smail__buf_dispose(&buf);
}

static void hexadecimal_goes_both_ways(void **state)
{
    char text[9];
    unsigned char bytes[4];

    (void)state;
    smail__hex_encode(text, "\x00\x7f\xab\xff", 4);
    assert_string_equal(text, "007fabff");
    assert_int_equal(smail__hex_decode(bytes, 4, SMAIL__SPAN("007FabFF")), 0);
    assert_memory_equal(bytes, "\x00\x7f\xab\xff", 4);
    assert_int_equal(smail__hex_decode(bytes, 4, SMAIL__SPAN("007FabF")),
                     SMAIL_EMALFORMED);
    assert_int_equal(smail__hex_decode(bytes, 4, SMAIL__SPAN("007FabFg")),
                     SMAIL_EMALFORMED);
    assert_int_equal(smail__hex_decode(bytes, 0, SMAIL__SPAN("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(what_is_not_strict_is_refused),
        cmocka_unit_test(hexadecimal_goes_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
