/* SPDX-License-Identifier: MIT */
#include "account/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void case_and_quotes_make_no_difference(void **state)
{
    static const struct {
        const char *text, *folded;
    } cases[] = {
        { "bob@example.test", "bob@example.test" },
        { "Bob@Example.TEST", "bob@example.test" },
        { "\"Bob\"@example.test", "bob@example.test" },
        { "\"b\\ob\"@example.test", "bob@example.test" },
        { "\"a b\"@example.test", "a b@example.test" },
        { "\"a\\\"b\"@example.test", "a\"b@example.test" },
        { "a+B@xn--bcher-kva.example", "a+b@xn--bcher-kva.example" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__name name;
        char text[SMAIL__NAME_SIZE];
        smail_path path;

        assert_int_equal(
            smail_path_parse(&path, smail__span(cases[i].text), false), 0);
        assert_int_equal(smail__name_fold(&name, &path, NULL), 0);
        smail__name_text(text, &name);
        assert_string_equal(text, cases[i].folded);
    }
}

static void what_cannot_be_ours_is_said_so(void **state)
{
    static const char *const foreign[] = {
        "bob@[192.0.2.1]",
        "bob@[IPv6:2001:db8::1]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        struct smail__name name;
        smail_path path;

        assert_int_equal(smail_path_parse(&path, smail__span(foreign[i]), true),
                         0);
        assert_int_equal(smail__name_fold(&name, &path, NULL), SMAIL_EINVAL);
    }
}

static void names_that_people_give_are_checked(void **state)
{
    static const char *const bad[] = {
        "",
        "bob",
        "bob@",
        "@example.test",
        "bob@@example.test",
        "bob @example.test",
        "bob@example .test",
        "<bob@example.test>",
        "\"bob\"@example.test",
        "bob@example.test.",
        "bob@-example.test",
        "bob@example-.test",
        "bob@exa_mple.test",
        "bob@192.0.2.1",
        "bob@[192.0.2.1]",
        ".bob@example.test",
        "bob..x@example.test",
        "b\xff@example.test",
        "bob@b\xc3\xbc_cher.example",
        "bob\n@example.test",
    };
    struct smail__name name;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (smail__name_parse(&name, bad[i], false, &err) != SMAIL_EINVAL)
            fail_msg("'%s' was taken", bad[i]);
        assert_true(strlen(err.message) > 0);
    }
    assert_int_equal(smail__name_parse(&name, "Bob@Example.test", true, NULL),
                     0);
    assert_string_equal(name.local, "bob");
    assert_string_equal(name.domain, "example.test");
}

/* RFC 6531, 3.3: however the same address is written. */
static void addresses_in_utf8_are_folded(void **state)
{
    static const struct {
        const char *written, *folded;
    } cases[] = {
        { "b\xc3\xb6x@example.test", "b\xc3\xb6x@example.test" },
        { "B\xc3\x96X@Example.test", "b\xc3\xb6x@example.test" },
        { "bo\xcc\x88x@example.test", "b\xc3\xb6x@example.test" },
        { "bob@b\xc3\xbc"
          "cher.example",
          "bob@xn--bcher-kva.example" },
        { "bob@B\xc3\x9c"
          "CHER.example",
          "bob@xn--bcher-kva.example" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__name name;
        char text[SMAIL__NAME_SIZE];
        smail_path path;

        assert_int_equal(
            smail_path_parse(&path, smail__span(cases[i].written), true), 0);
        assert_int_equal(smail__name_fold(&name, &path, NULL), 0);
        smail__name_text(text, &name);
        assert_string_equal(text, cases[i].folded);
        assert_int_equal(
            smail__name_parse(&name, cases[i].written, false, NULL), 0);
        smail__name_text(text, &name);
        assert_string_equal(text, cases[i].folded);
    }
}

static void a_catch_all_has_no_local_part(void **state)
{
    struct smail__name name;
    char text[SMAIL__NAME_SIZE];

    (void)state;
    assert_int_equal(smail__name_parse(&name, "@Example.test", true, NULL), 0);
    assert_string_equal(name.local, "");
    smail__name_text(text, &name);
    assert_string_equal(text, "@example.test");
    assert_int_equal(smail__name_parse(&name, "@", true, NULL), SMAIL_EINVAL);
}

static void lengths_have_their_limits(void **state)
{
    char text[400], domain[SMAIL_DOMAIN_MAX + 1];
    struct smail__name name;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + 64, "@example.test", 14);
    assert_int_equal(smail__name_parse(&name, text, false, NULL), 0);
    memset(text, 'a', 65);
    memcpy(text + 65, "@example.test", 14);
    assert_int_equal(smail__name_parse(&name, text, false, NULL), SMAIL_EINVAL);

    memset(text, 'a', sizeof(text));
    for (size_t i = 63; i < 253; i += 64)
        text[i] = '.';
    text[253] = '\0';
    assert_int_equal(smail__name_domain(domain, text, NULL), 0);
    text[253] = 'a';
    text[254] = '\0';
    assert_int_equal(smail__name_domain(domain, text, NULL), SMAIL_EINVAL);
    memset(text, 'a', 64);
    text[64] = '\0';
    assert_int_equal(smail__name_domain(domain, text, NULL), SMAIL_EINVAL);
}

static void roles_are_reserved(void **state)
{
    (void)state;
    assert_non_null(smail__name_reserved(SMAIL__SPAN("PostMaster")));
    assert_non_null(smail__name_reserved(SMAIL__SPAN("webmaster")));
    assert_null(smail__name_reserved(SMAIL__SPAN("bob")));
    assert_null(smail__name_reserved(SMAIL__SPAN("postmaster2")));
    assert_true(smail__name_is_admin(SMAIL__SPAN("Abuse")));
    assert_false(smail__name_is_admin(SMAIL__SPAN("webmaster")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_and_quotes_make_no_difference),
        cmocka_unit_test(what_cannot_be_ours_is_said_so),
        cmocka_unit_test(names_that_people_give_are_checked),
        cmocka_unit_test(addresses_in_utf8_are_folded),
        cmocka_unit_test(a_catch_all_has_no_local_part),
        cmocka_unit_test(lengths_have_their_limits),
        cmocka_unit_test(roles_are_reserved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
