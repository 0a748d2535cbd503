/* SPDX-License-Identifier: MIT */
#include "crypto/foreign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/format.h"
#include "base/span.h"
#include "crypto/password.h"

#define HELLO "Hello world!"
#define SHORT "we have a short salt string but not a short password"

/* What stands behind the costs; whose they are does not matter to reading. */
#define BCRYPT "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define SHA256 "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
#define SHA512                                        \
    "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIF" \
    "NjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
#define YESCRYPT "iofk68xbXBoXKsxTyMBCh2qkQuzQZ2Zik521F9TsTq6"
#define DIGITS_86                                     \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU" \
    "VWXYZ0123456789./abcdefghijklmnopqrstuv"

static const struct {
    const char *hash, *password;
} known[] = {
    /* As published with crypt_blowfish. */
    { "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U" },
    { "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*" },
    { "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U" },
    { "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", "" },
    { "$2b$04$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK", "U*U" },
    { "$2y$04$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK", "U*U" },
    /* As published with the specification of SHA-crypt. */
    { "$5$saltstring$" SHA256, HELLO },
    { "$5$rounds=10000$saltstringsaltst$"
      "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
      HELLO },
    { "$5$rounds=77777$short$JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/",
      SHORT },
    { "$6$saltstring$" SHA512, HELLO },
    { "$6$rounds=10000$saltstringsaltst$"
      "OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSn"
      "CM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
      HELLO },
    { "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr"
      "0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0",
      SHORT },
    /* As published with yescrypt. */
    { "$y$jD5.7$LdJMENpBABJJ3hIHjB1Bi.$"
      "HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6",
      "pleaseletmein" },
    /* yescrypt at what is usual, and at the cheapest. */
    { "$y$j9T$LdJMENpBABJJ3hIHjB1Bi.$" YESCRYPT, "pleaseletmein" },
    { "$y$j75$LdJMENpBABJJ3hIHjB1Bi.$"
      "LOFz5qVpaHYHlkfy7RM1hH9gRBSqy5mk4KRmFVRFKM4",
      "pleaseletmein" },
};

static int check(const char *hash, const char *password)
{
    return smail__password_check(smail__span(hash), smail__span(password),
                                 NULL);
}

static int import(const char *text)
{
    char out[SMAIL__PASSWORD_HASH_MAX];

    return smail__password_import(out, smail__span(text), NULL);
}

static void published_vectors(void **state)
{
    char other[100];

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_int_equal(import(known[i].hash), 0);
        assert_true(smail__foreign_is(smail__span(known[i].hash)));
        assert_int_equal(check(known[i].hash, known[i].password), 0);
        smail__format(other, sizeof(other), "%s.", known[i].password);
        assert_int_equal(check(known[i].hash, other), SMAIL_EAUTH);
        assert_true(smail__password_is_outdated(smail__span(known[i].hash)));
    }
}

static void one_other_digit_is_another_hash(void **state)
{
    char hash[SMAIL__FOREIGN_MAX];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i += 6) {
        smail__format(hash, sizeof(hash), "%s", known[i].hash);
        len = strlen(hash);
        hash[len - 20] = hash[len - 20] == 'a' ? 'b' : 'a';
        assert_int_equal(check(hash, known[i].password), SMAIL_EAUTH);
    }
}

/* Some programs fill the bits of the salt's last digit that are not used. */
static void a_salt_of_bcrypt_may_have_idle_bits(void **state)
{
    (void)state;
    assert_int_equal(
        check("$2a$05$CCCCCCCCCCCCCCCCCCCCC/E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
              "U*U"),
        0);
}

static void the_scheme_of_dovecot_is_dropped(void **state)
{
    static const struct {
        const char *text, *hash;
    } good[] = {
        { "{BLF-CRYPT}$2y$05$" BCRYPT, "$2y$05$" BCRYPT },
        { "{SHA256-CRYPT}$5$saltstring$" SHA256, "$5$saltstring$" SHA256 },
        { "{SHA512-CRYPT}$6$saltstring$" SHA512, "$6$saltstring$" SHA512 },
        { "{CRYPT}$6$saltstring$" SHA512, "$6$saltstring$" SHA512 },
        { "{crypt}$2a$05$" BCRYPT, "$2a$05$" BCRYPT },
    };
    static const char *const bad[] = {
        "{BLF-CRYPT}$6$saltstring$" SHA512,
        "{SHA512-CRYPT}$2y$05$" BCRYPT,
        "{SHA512-CRYPT}$5$saltstring$" SHA256,
        "{SHA256-CRYPT}",
        "{CRYPT}{CRYPT}$2y$05$" BCRYPT,
        "{PLAIN}secret",
        "{SSHA512}$6$saltstring$" SHA512,
        "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA",
        " {CRYPT}$2y$05$" BCRYPT,
        "{CRYPT} $2y$05$" BCRYPT,
    };
    char out[SMAIL__PASSWORD_HASH_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(
            smail__password_import(out, smail__span(good[i].text), NULL), 0);
        assert_string_equal(out, good[i].hash);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(import(bad[i]), SMAIL_EINVAL);
}

static void what_is_refused_says_what_would_not_be(void **state)
{
    static const char *const bad[] = {
        "",
        "$",
        "secret",
        "x",
        "abJnggxhB/yWI",                      /* DES */
        "$1$saltstri$YMyguxXMBpd2TEZ.vS/3q1", /* MD5 */
        "$apr1$saltstri$YMyguxXMBpd2TEZ.vS/3q1",
        "$sha1$40000$jtNX3nZ2$hBNaIXkt4wBI2o5rsi8KejSjNqIq",
        "$3$$8846f7eaee8fb117ad06bdd830b7586c",
        "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJ",
        "$2$05$" BCRYPT,
        "$2x$05$" BCRYPT,
        "$2c$05$" BCRYPT,
        "$2a$05$" BCRYPT "x",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe!",
        "$2a$5$" BCRYPT,
        "$2a$+5$" BCRYPT,
        "$2a$05" BCRYPT,
        "$5$saltstring$" SHA512,
        "$6$saltstring$" SHA256,
        "$6$saltstring$" SHA512 "\n",
        "$6$saltstring$" SHA512 "$",
        "$6$saltstring",
        "$6$$" SHA512,
        "$6$salt:ring$" SHA512,
        "$6$saltstringsaltst.$" SHA512,
        "$6$rounds=$saltstring$" SHA512,
        "$6$rounds=05000$saltstring$" SHA512,
        "$6$rounds=-5000$saltstring$" SHA512,
        "$6$rounds=5000" SHA512,
        "$6$rounds=99999999999999999999$saltstring$" SHA512,
        "$y$j9T$$" YESCRYPT,
        "$y$j9T$salt$" YESCRYPT "x",
        "$y$j9T$salt",
        "$y$j9$salt$" YESCRYPT,
        "$y$j9T.$salt$" YESCRYPT,
        "$y$k9T$salt$" YESCRYPT,
        "$y$j9!$salt$" YESCRYPT,
        "$y$jzz$salt$" YESCRYPT,
        "$y$j9T$" DIGITS_86 "a$" YESCRYPT,
        "$gy$j9T$salt$" YESCRYPT,
    };
    char out[SMAIL__PASSWORD_HASH_MAX];
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(smail__password_import(out, smail__span(bad[i]), &err),
                         SMAIL_EINVAL);
        assert_non_null(strstr(err.message, "bcrypt"));
        assert_non_null(strstr(err.message, "$6$"));
        assert_non_null(strstr(err.message, "yescrypt"));
        assert_non_null(strstr(err.message, "{CRYPT}"));
        assert_int_not_equal(check(bad[i], "secret"), 0);
    }
    assert_int_equal(
        smail__password_import(out, SMAIL__SPAN("$6$salt\0ring$" SHA512), &err),
        SMAIL_EINVAL);
}

static void costs_have_limits(void **state)
{
    static const struct {
        const char *hash;
        int code;
    } costs[] = {
        { "$2b$03$" BCRYPT, SMAIL_EINVAL },
        { "$2b$04$" BCRYPT, 0 },
        { "$2b$05$" BCRYPT, 0 },
        { "$2b$13$" BCRYPT, 0 },
        { "$2b$14$" BCRYPT, 0 },
        { "$2b$15$" BCRYPT, SMAIL_EINVAL },
        { "$2b$31$" BCRYPT, SMAIL_EINVAL },
        { "$6$rounds=0$a$" SHA512, SMAIL_EINVAL },
        { "$6$rounds=999$a$" SHA512, SMAIL_EINVAL },
        { "$6$rounds=1000$a$" SHA512, 0 },
        { "$6$rounds=1001$a$" SHA512, 0 },
        { "$5$rounds=999999$a$" SHA256, 0 },
        { "$5$rounds=1000000$a$" SHA256, 0 },
        { "$5$rounds=1000001$a$" SHA256, SMAIL_EINVAL },
        { "$6$abcdefghijklmno$" SHA512, 0 },
        { "$6$abcdefghijklmnop$" SHA512, 0 },
        { "$6$abcdefghijklmnopq$" SHA512, SMAIL_EINVAL },
        { "$y$j74$a$" YESCRYPT, SMAIL_EINVAL }, /* 896 KiB */
        { "$y$j75$a$" YESCRYPT, 0 },            /* 1 MiB */
        { "$y$j76$a$" YESCRYPT, 0 },
        { "$y$jCS$a$" YESCRYPT, 0 },
        { "$y$jCT$a$" YESCRYPT, 0 }, /* 128 MiB */
        { "$y$jCU$a$" YESCRYPT, SMAIL_EINVAL },
        { "$y$jDT$a$" YESCRYPT, SMAIL_EINVAL },
        { "$y$jj.$a$" YESCRYPT, SMAIL_EINVAL },
        { "$y$j9T$" DIGITS_86 "$" YESCRYPT, 0 },
        { "$y$j9T..$a$" YESCRYPT, 0 },
        { "$y$j9T/.$a$" YESCRYPT, SMAIL_EINVAL },
        { "$y$j9T.z$a$" YESCRYPT, SMAIL_EINVAL },
        { "$y$jCT.3$a$" YESCRYPT, 0 }, /* 128 MiB by 7, by 8, by 9 */
        { "$y$jCT.4$a$" YESCRYPT, 0 },
        { "$y$jCT.5$a$" YESCRYPT, SMAIL_EINVAL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
        assert_int_equal(import(costs[i].hash), costs[i].code);
    /* Nor from a row that somebody put there. */
    assert_int_equal(check("$2b$15$" BCRYPT, "x"), SMAIL_ECORRUPT);
    assert_int_equal(check("$6$rounds=1000001$a$" SHA512, "x"), SMAIL_ECORRUPT);
    assert_int_equal(check("$y$jCU$a$" YESCRYPT, "x"), SMAIL_ECORRUPT);
}

static void a_nul_is_wrong(void **state)
{
    smail_span hash = SMAIL__SPAN("$5$saltstring$" SHA256);

    (void)state;
    assert_int_equal(
        smail__password_check(hash, SMAIL__SPAN("Hello world!\0"), NULL),
        SMAIL_EAUTH);
    assert_int_equal(
        smail__password_check(hash, SMAIL__SPAN("Hello world!\0x"), NULL),
        SMAIL_EAUTH);
    assert_int_equal(smail__password_check(hash, (smail_span){ NULL, 0 }, NULL),
                     SMAIL_EAUTH);
}

static void long_passwords(void **state)
{
    /* Of 511 times 'a'. */
    smail_span hash =
        SMAIL__SPAN("$5$rounds=1000$saltstring$"
                    "b8jfihVxUWloctpFOWlfPXwPsee33rIBjX3A.Bd.bVA");
    char text[SMAIL__FOREIGN_PASSWORD_MAX + 1];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(smail__password_check(
                         hash, (smail_span){ text, sizeof(text) - 2 }, NULL),
                     SMAIL_EAUTH);
    assert_int_equal(smail__password_check(
                         hash, (smail_span){ text, sizeof(text) - 1 }, NULL),
                     0);
    assert_int_equal(
        smail__password_check(hash, (smail_span){ text, sizeof(text) }, NULL),
        SMAIL_EAUTH);
}

static void bcrypt_does_not_cover_what_it_does_not_see(void **state)
{
    /* Of 72 times 'a'. */
    smail_span hash = SMAIL__SPAN(
        "$2b$04$CCCCCCCCCCCCCCCCCCCCC.mDyzbhj.9K0apb9O/AGMWwoLXiYAu6u");
    smail_span other = SMAIL__SPAN("$5$saltstring$" SHA256);
    char text[SMAIL__BCRYPT_PASSWORD_MAX + 1];
    const size_t max = SMAIL__BCRYPT_PASSWORD_MAX;

    (void)state;
    memset(text, 'a', max);
    text[max] = 'x';
    assert_int_equal(
        smail__password_check(hash, (smail_span){ text, max - 1 }, NULL),
        SMAIL_EAUTH);
    for (size_t len = max; len <= max + 1; len++)
        assert_int_equal(
            smail__password_check(hash, (smail_span){ text, len }, NULL), 0);
    assert_true(smail__foreign_covers(hash, (smail_span){ text, max - 1 }));
    assert_true(smail__foreign_covers(hash, (smail_span){ text, max }));
    assert_false(smail__foreign_covers(hash, (smail_span){ text, max + 1 }));
    assert_true(smail__foreign_covers(other, (smail_span){ text, max + 1 }));
}

static void our_own_may_be_moved(void **state)
{
    char hash[SMAIL__PASSWORD_HASH_MAX];

    (void)state;
    assert_int_equal(smail__password_hash(hash, SMAIL__SPAN("secret"), NULL),
                     0);
    assert_int_equal(import(hash), 0);
    assert_false(smail__foreign_is(smail__span(hash)));
    assert_int_equal(import("$scrypt$ln=31,r=8,p=1$c2FsdHNhbHQ$c2FsdHNhbHQ"),
                     SMAIL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(one_other_digit_is_another_hash),
        cmocka_unit_test(a_salt_of_bcrypt_may_have_idle_bits),
        cmocka_unit_test(the_scheme_of_dovecot_is_dropped),
        cmocka_unit_test(what_is_refused_says_what_would_not_be),
        cmocka_unit_test(costs_have_limits),
        cmocka_unit_test(a_nul_is_wrong),
        cmocka_unit_test(long_passwords),
        cmocka_unit_test(bcrypt_does_not_cover_what_it_does_not_see),
        cmocka_unit_test(our_own_may_be_moved),
    };

    return cmocka_run_group_tests_name("crypto/foreign", tests, NULL, NULL);
}
