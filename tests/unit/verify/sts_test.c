/* SPDX-License-Identifier: MIT */
/* Records and policies of MTA-STS: what is one, what is not, whom it names. */
#include "verify/sts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/span.h"
#include "dns/record.h"

#define HEAD "version: STSv1\nmode: enforce\nmax_age: 604800\n"

static struct smail__sts_policy policy;

static int parse(const char *text)
{
    smail_error err = SMAIL_ERROR_INIT;

    free(policy.hosts);
    return smail__sts_policy_parse(&policy, smail__span(text), &err);
}

static void a_policy_is_read(void **state)
{
    (void)state;
    assert_int_equal(parse("version: STSv1\r\nmode: enforce\r\n"
                           "mx: mail.Example.com\r\nmx: *.example.net\r\n"
                           "mx:\tbackupmx.example.com  \r\n"
                           "max_age: 604800\r\n"),
                     0);
    assert_int_equal(policy.mode, SMAIL__STS_ENFORCE);
    assert_int_equal(policy.max_age, 604800);
    assert_string_equal(policy.hosts, "mail.example.com\n*.example.net\n"
                                      "backupmx.example.com\n");
    assert_int_equal(parse("mx: a.test\nmax_age:0\nmode:testing\n"
                           "version:STSv1"),
                     0); /* in any order, no space, no end of the last line */
    assert_int_equal(policy.mode, SMAIL__STS_TESTING);
    assert_int_equal(policy.max_age, 0);
    assert_int_equal(parse("version: STSv1\nmode: none\nmax_age: 1\n"), 0);
    assert_string_equal(policy.hosts, "");
}

static void what_nobody_knows_is_let_be(void **state)
{
    (void)state;
    assert_int_equal(parse(HEAD "mx: a.test\nx-later.1_y: two words \xc3\xa9\n"
                                "mode: none\nmax_age: 1\nversion: STSv2\n"),
                     0); /* and of what is said twice the first counts */
    assert_int_equal(policy.mode, SMAIL__STS_ENFORCE);
    assert_int_equal(policy.max_age, 604800);
}

static void what_is_no_policy_is_refused(void **state)
{
    static const char *const list[] = {
        "",
        "\n",
        HEAD, /* names no mx */
        "mode: enforce\nmax_age: 1\nmx: a.test\n",
        "version: STSv1\nmax_age: 1\nmx: a.test\n",
        "version: STSv1\nmode: enforce\nmx: a.test\n",
        "version: STSv2\nmode: enforce\nmax_age: 1\nmx: a.test\n",
        "version: stsv1\nmode: enforce\nmax_age: 1\nmx: a.test\n",
        "version: STSv1\nmode: Enforce\nmax_age: 1\nmx: a.test\n",
        "version: STSv1\nmode: enforce\nmax_age: -1\nmx: a.test\n",
        "version: STSv1\nmode: enforce\nmax_age: 1s\nmx: a.test\n",
        "version: STSv1\nmode: enforce\nmax_age: 12345678901\nmx: a.test\n",
        HEAD "mx: \n",
        HEAD "mx: *\n",
        HEAD "mx: *.\n",
        HEAD "mx: a.*.test\n",
        HEAD "mx: **.test\n",
        HEAD "mx: a b.test\n",
        HEAD "mx: a..test\n",
        HEAD "mx: b\xc3\xbc"
             "cher.test\n", /* A-labels only */
        HEAD "mx: a.test\nnonsense\n",
        HEAD "mx: a.test\n: x\n",
        HEAD "mx: a.test\n\nx: y\n", /* an empty line amid */
        HEAD "mx: a.test\nx: a\x01"
             "b\n",
        HEAD "mx : a.test\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        int code = parse(list[i]);

        if (code != SMAIL_EMALFORMED)
            fail_msg("%zu: %s", i, list[i]);
        assert_null(policy.hosts);
    }
}

static void a_year_is_the_most(void **state)
{
    (void)state;
    assert_int_equal(parse("version: STSv1\nmode: none\nmax_age: 31557599\n"),
                     0);
    assert_int_equal(policy.max_age, 31557599);
    assert_int_equal(parse("version: STSv1\nmode: none\nmax_age: 31557600\n"),
                     0);
    assert_int_equal(policy.max_age, 31557600);
    assert_int_equal(parse("version: STSv1\nmode: none\nmax_age: 9999999999\n"),
                     0);
    assert_int_equal(policy.max_age, 31557600);
}

static int parse_of(size_t len)
{
    static const char head[] = HEAD "mx: a.test\nx: ";
    char *text = malloc(len);
    int code;

    assert_non_null(text);
    memset(text, 'y', len);
    memcpy(text, head, sizeof(head) - 1);
    free(policy.hosts);
    code = smail__sts_policy_parse(&policy, (smail_span){ text, len }, NULL);
    free(text);
    return code;
}

static void its_length_has_an_end(void **state)
{
    (void)state;
    assert_int_equal(parse_of(SMAIL__STS_POLICY_MAX - 1), 0);
    assert_int_equal(parse_of(SMAIL__STS_POLICY_MAX), 0);
    assert_int_equal(parse_of(SMAIL__STS_POLICY_MAX + 1), SMAIL_EMALFORMED);
}

static void hosts_match(void **state)
{
    smail_span list = SMAIL__SPAN("mail.example.com\n*.example.net\n");

    (void)state;
    assert_true(smail__sts_matches(list, "mail.example.com"));
    assert_true(smail__sts_matches(list, "MAIL.example.com"));
    assert_true(smail__sts_matches(list, "a.example.net"));
    assert_false(smail__sts_matches(list, "a.mail.example.com"));
    assert_false(smail__sts_matches(list, "example.com"));
    assert_false(smail__sts_matches(list, "example.net"));
    assert_false(smail__sts_matches(list, "a.b.example.net"));
    assert_false(smail__sts_matches(list, ".example.net"));
    assert_false(smail__sts_matches(list, "aexample.net"));
    assert_false(smail__sts_matches(list, ""));
    assert_false(smail__sts_matches(SMAIL__SPAN(""), "a.example.net"));
}

/* The answer to a question for TXT: `texts`, parted by '|'. */
static bool id_of(char out[SMAIL__STS_ID_MAX + 1], const char *texts)
{
    struct smail__dns_answer *answer =
        smail__dns_answer_new(SMAIL__DNS_FOUND, "_mta-sts.test", "", 10, 4000);
    smail_span rest = smail__span(texts);
    bool is_one;

    assert_non_null(answer);
    answer->count = 0;
    while (rest.len > 0) {
        struct smail__buf wire;

        smail__buf_init(&wire, 1000, NULL);
        assert_int_equal(smail__dns_write(&wire, SMAIL__DNS_TXT,
                                          smail__span_cut(&rest, '|')),
                         0);
        smail__dns_answer_add(answer, smail__buf_span(&wire));
        smail__buf_dispose(&wire);
    }
    is_one = smail__sts_read_id(out, answer);
    smail__dns_answer_free(answer);
    return is_one;
}

static void one_record_is_one(void **state)
{
    static const char *const none[] = {
        "v=spf1 -all",
        "v=STSv1",
        "v=STSv1;",
        "v=STSv1; id=;",
        "v=STSv1; id=a-b;",
        "v=STSv1; id=123456789012345678901234567890123;",
        "v=STSv1 id=1;",
        "V=STSv1; id=1;",
        "v=STSv10; id=1;",
        " v=STSv1; id=1;",
        "id=1; v=STSv1;",
        "v=STSv1; id=1; id;",
        "v=STSv1; id=1;; x=2",
        "v=STSv1; id=1;|v=STSv1; id=2;",
        "v=STSv1; id=1;|v=STSv1; nonsense",
    };
    char id[SMAIL__STS_ID_MAX + 1];

    (void)state;
    assert_true(id_of(id, "v=STSv1; id=20160831085700Z;"));
    assert_string_equal(id, "20160831085700Z");
    assert_true(id_of(id, "v=STSv1;id=12345678901234567890123456789012"));
    assert_int_equal(strlen(id), 32);
    assert_true(id_of(id, "v=STSv1 ; x.y=z , ; id=A1 ; id=B2 ; ") == false);
    assert_true(id_of(id, "v=STSv1 ; x.y=z ; id=A1 ; id=B2 ; "));
    assert_string_equal(id, "A1");
    assert_true(id_of(id, "other|v=STSv1; id=7|v=spf1 -all"));
    assert_string_equal(id, "7");
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (id_of(id, none[i]))
            fail_msg("%zu: %s", i, none[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_read),
        cmocka_unit_test(what_nobody_knows_is_let_be),
        cmocka_unit_test(what_is_no_policy_is_refused),
        cmocka_unit_test(a_year_is_the_most),
        cmocka_unit_test(its_length_has_an_end),
        cmocka_unit_test(hosts_match),
        cmocka_unit_test(one_record_is_one),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(policy.hosts);
    return failed;
}
