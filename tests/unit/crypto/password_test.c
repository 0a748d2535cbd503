/* SPDX-License-Identifier: MIT */
#include "crypto/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/span.h"

static void the_right_password_passes_and_others_do_not(void **state)
{
    char hash[SMAIL__PASSWORD_HASH_MAX];
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(
        smail__password_hash(hash, SMAIL__SPAN("correct horse"), &err), 0);
    assert_int_equal(strncmp(hash, "$scrypt$ln=15,r=8,p=1$", 22), 0);
    assert_int_equal(strlen(hash), 22 + 22 + 1 + 43);

    assert_int_equal(smail__password_check(smail__span(hash),
                                           SMAIL__SPAN("correct horse"), &err),
                     0);
    assert_int_equal(smail__password_check(smail__span(hash),
                                           SMAIL__SPAN("correct Horse"), &err),
                     SMAIL_EAUTH);
    assert_int_equal(
        smail__password_check(smail__span(hash), SMAIL__SPAN(""), &err),
        SMAIL_EAUTH);
    assert_false(smail__password_is_outdated(smail__span(hash)));
}

static void each_hash_has_its_own_salt(void **state)
{
    char a[SMAIL__PASSWORD_HASH_MAX], b[SMAIL__PASSWORD_HASH_MAX];

    (void)state;
    assert_int_equal(smail__password_hash(a, SMAIL__SPAN("same"), NULL), 0);
    assert_int_equal(smail__password_hash(b, SMAIL__SPAN("same"), NULL), 0);
    assert_string_not_equal(a, b);
}

static void a_nul_is_an_octet_like_any_other(void **state)
{
    char hash[SMAIL__PASSWORD_HASH_MAX];

    (void)state;
    assert_int_equal(smail__password_hash(hash, SMAIL__SPAN("ab\0cd"), NULL),
                     0);
    assert_int_equal(
        smail__password_check(smail__span(hash), SMAIL__SPAN("ab\0cd"), NULL),
        0);
    assert_int_equal(
        smail__password_check(smail__span(hash), SMAIL__SPAN("ab\0ce"), NULL),
        SMAIL_EAUTH);
    assert_int_equal(
        smail__password_check(smail__span(hash), SMAIL__SPAN("ab"), NULL),
        SMAIL_EAUTH);
}

/* RFC 7914, 12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1). */
static void a_hash_of_the_rfc_is_understood(void **state)
{
    smail_span hash =
        SMAIL__SPAN("$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$"
                    "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofL"
                    "VQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw");

    (void)state;
    assert_int_equal(
        smail__password_check(hash, SMAIL__SPAN("pleaseletmein"), NULL), 0);
    assert_int_equal(
        smail__password_check(hash, SMAIL__SPAN("pleaseletmeIn"), NULL),
        SMAIL_EAUTH);
    assert_true(smail__password_is_outdated(hash));
}

#define SALT "U29kaXVtQ2hsb3JpZGVOYUNs"
#define HASH "cCO9yzr9c0hGHAbNgf04/2o+66oNNjOpgxmVYJ3yuCs"

static void foreign_and_costly_hashes_are_refused(void **state)
{
    static const char *const bad[] = {
        "x",
        "$",
        "$1$salt$hash",
        "$scrypt$",
        "$scrypt$ln=15,r=8,p=1$",
        "$scrypt$ln=15,r=8,p=1$" SALT,
        "$scrypt$ln=15,r=8,p=1$" SALT "$",
        "$scrypt$ln=15,r=8,p=1$" SALT "$" HASH "$",
        "$scrypt$ln=15,r=8,p=1$" SALT "$*" HASH,
        "$scrypt$ln=18,r=8,p=1$" SALT "$" HASH,
        "$scrypt$ln=30,r=8,p=1$" SALT "$" HASH,
        "$scrypt$ln=9,r=8,p=1$" SALT "$" HASH,
        "$scrypt$ln=0,r=8,p=1$" SALT "$" HASH,
        "$scrypt$ln=15,r=9,p=1$" SALT "$" HASH,
        "$scrypt$ln=15,r=8,p=9$" SALT "$" HASH,
        "$scrypt$ln=15,r=8,p=0$" SALT "$" HASH,
        "$scrypt$ln=15,r=8,p=-1$" SALT "$" HASH,
        "$scrypt$r=8,ln=15,p=1$" SALT "$" HASH,
        "$scrypt$ln=15,r=8,p=1,x=1$" SALT "$" HASH,
        "$scrypt$ln=99999999999999999999,r=8,p=1$" SALT "$" HASH,
        "$scrypt$ln=15,r=8,p=1$" HASH HASH HASH HASH "$" HASH,
        "$scrypt$ln=15,r=8,p=1$AAAA$" HASH,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(smail__password_check(smail__span(bad[i]),
                                               SMAIL__SPAN("password"), NULL),
                         SMAIL_ECORRUPT);
        assert_true(smail__password_is_outdated(smail__span(bad[i])));
    }
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void an_unknown_user_costs_what_a_known_one_does(void **state)
{
    char hash[SMAIL__PASSWORD_HASH_MAX];
    double known = 1e9, unknown = 1e9;

    (void)state;
    assert_int_equal(smail__password_hash(hash, SMAIL__SPAN("secret"), NULL),
                     0);
    for (int i = 0; i < 5; i++) {
        double start = seconds(), middle, end;

        assert_int_equal(smail__password_check(smail__span(hash),
                                               SMAIL__SPAN("wrong"), NULL),
                         SMAIL_EAUTH);
        middle = seconds();
        assert_int_equal(smail__password_check((smail_span){ NULL, 0 },
                                               SMAIL__SPAN("wrong"), NULL),
                         SMAIL_EAUTH);
        end = seconds();
        known = middle - start < known ? middle - start : known;
        unknown = end - middle < unknown ? end - middle : unknown;
    }
    assert_true(unknown > known * 0.7 && unknown < known * 1.4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_password_passes_and_others_do_not),
        cmocka_unit_test(each_hash_has_its_own_salt),
        cmocka_unit_test(a_nul_is_an_octet_like_any_other),
        cmocka_unit_test(a_hash_of_the_rfc_is_understood),
        cmocka_unit_test(foreign_and_costly_hashes_are_refused),
        cmocka_unit_test(an_unknown_user_costs_what_a_known_one_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
