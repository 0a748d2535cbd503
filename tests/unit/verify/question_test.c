/* SPDX-License-Identifier: MIT */
/* Questions, addresses and lists of tags: what verifiers are made of. */
#include "unit.h"

#include "base/format.h"
#include "base/span.h"
#include "verify/ip.h"
#include "verify/question.h"
#include "verify/tags.h"

static void a_question_is_asked_once(void **state)
{
    struct smail__questions questions;
    struct smail__question *question;
    struct smail__dns_answer *answer =
        smail__dns_answer_new(SMAIL__DNS_FOUND, "a.example", "", 1, 4);

    (void)state;
    smail__questions_init(&questions, 10);
    assert_null(smail__questions_ask(&questions, "A.example.", SMAIL__DNS_A));
    assert_null(smail__questions_ask(&questions, "a.EXAMPLE", SMAIL__DNS_A));
    assert_int_equal(questions.count, 1);
    assert_int_equal(questions.open, 1);
    question = smail__questions_next(&questions);
    assert_string_equal(question->name, "a.example");
    assert_null(smail__questions_next(&questions));

    smail__dns_answer_add(answer, SMAIL__SPAN("\xc0\x00\x02\x01"));
    answer->security = SMAIL__DNS_SECURE;
    smail__question_answer(&questions, question, answer);
    smail__dns_answer_free(answer);
    assert_int_equal(questions.open, 0);
    answer = (struct smail__dns_answer *)(uintptr_t)smail__questions_ask(
        &questions, "a.example", SMAIL__DNS_A);
    assert_int_equal(answer->count, 1);
    assert_int_equal(answer->security, SMAIL__DNS_SECURE);
    assert_int_equal(answer->records[0].len, 4);
    assert_memory_equal(answer->records[0].data, "\xc0\0\2\1", 4);
    smail__questions_dispose(&questions);
}

static void what_is_no_name_does_not_exist(void **state)
{
    static const char *const names[] = { "", ".", "a..b", "a.b.." };
    struct smail__questions questions;

    (void)state;
    smail__questions_init(&questions, 10);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(
            smail__questions_ask(&questions, names[i], SMAIL__DNS_A)->status,
            SMAIL__DNS_NO_NAME);
    assert_int_equal(questions.count, 0);
    smail__questions_dispose(&questions);
}

static void there_are_not_too_many(void **state)
{
    struct smail__questions questions;

    (void)state;
    smail__questions_init(&questions, 3);
    for (int i = 0; i < 5; i++) {
        const struct smail__dns_answer *answer;
        char name[32];

        smail__format(name, sizeof(name), "n%d.example", i);
        answer = smail__questions_ask(&questions, name, SMAIL__DNS_A);
        if (i < 3)
            assert_null(answer);
        else
            assert_int_equal(answer->status, SMAIL__DNS_TEMPORARY);
    }
    assert_int_equal(questions.open, 3);
    while (questions.open > 0)
        smail__question_answer(&questions, smail__questions_next(&questions),
                               NULL);
    smail__questions_dispose(&questions);
}

static bool is_within(const char *ip, const char *network, unsigned bits)
{
    struct smail__ip one, other;

    assert_int_equal(smail__ip_parse(&one, smail__span(ip)), 0);
    assert_int_equal(smail__ip_parse(&other, smail__span(network)), 0);
    return smail__ip_within(&one, &other, bits);
}

static void addresses_in_networks(void **state)
{
    (void)state;
    assert_true(is_within("192.0.2.255", "192.0.2.0", 24));
    assert_false(is_within("192.0.3.0", "192.0.2.0", 24));
    assert_true(is_within("192.0.3.0", "192.0.2.0", 23));
    assert_true(is_within("192.0.2.1", "192.0.2.1", 32));
    assert_false(is_within("192.0.2.0", "192.0.2.1", 32));
    assert_true(is_within("1.2.3.4", "255.0.0.0", 0));
    assert_false(is_within("1.2.3.4", "1.2.3.4", 33));
    assert_false(is_within("::1", "0.0.0.0", 0));
    assert_true(is_within("2001:db8::1", "2001:db8:ffff::", 33) == false);
    assert_true(is_within("2001:db8::1", "2001:db8::", 128 - 1));
}

static void addresses_as_text(void **state)
{
    static const char *const bad[] = { "",          "1.2.3",    "1.2.3.4.5",
                                       "1.2.3.256", "1.2.3.4 ", "::1%lo",
                                       "[::1]",     "mail" };
    struct smail__ip ip;
    char text[SMAIL__IP_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(smail__ip_parse(&ip, smail__span(bad[i])),
                         SMAIL_EMALFORMED);
    assert_int_equal(smail__ip_parse(&ip, SMAIL__SPAN("::ffff:192.0.2.1")), 0);
    assert_true(ip.is_ipv6);
    smail__ip_unmap(&ip);
    smail__ip_text(text, &ip);
    assert_string_equal(text, "192.0.2.1");
    assert_false(smail__ip_is_private(&ip));
    assert_int_equal(smail__ip_parse(&ip, SMAIL__SPAN("172.31.0.1")), 0);
    assert_true(smail__ip_is_private(&ip));
    assert_int_equal(smail__ip_parse(&ip, SMAIL__SPAN("fe80::1")), 0);
    assert_true(smail__ip_is_private(&ip));
}

static void lists_of_tags(void **state)
{
    static const char *const bad[] = { "",         ";",     "a",
                                       "a=1;;b=2", "=1",    "1a=1",
                                       "a=1;a=2",  "a b=1", "a=\x01",
                                       "a=1; b",   ";a=1" };
    struct smail__tags tags;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (smail__tags_read(&tags, smail__span(bad[i])))
            fail_msg("'%s' was taken", bad[i]);
    }
    assert_true(smail__tags_read(&tags, SMAIL__SPAN(" v = X1 ; p= a b ;t=; ")));
    assert_int_equal(tags.count, 3);
    assert_span(*smail__tags_find(&tags, "v"), "X1");
    assert_span(*smail__tags_find(&tags, "p"), "a b");
    assert_span(*smail__tags_find(&tags, "t"), "");
    assert_null(smail__tags_find(&tags, "V"));
}

static void tags_have_an_end(void **state)
{
    (void)state;
    for (int count = SMAIL__TAGS_MAX - 1; count <= SMAIL__TAGS_MAX + 1;
         count++) {
        struct smail__tags tags;
        char text[2000];
        size_t at = 0;

        for (int i = 0; i < count; i++)
            at += smail__format(text + at, sizeof(text) - at, "t%d=%d;", i, i);
        assert_int_equal(smail__tags_read(&tags, smail__span(text)),
                         count <= SMAIL__TAGS_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_asked_once),
        cmocka_unit_test(what_is_no_name_does_not_exist),
        cmocka_unit_test(there_are_not_too_many),
        cmocka_unit_test(addresses_in_networks),
        cmocka_unit_test(addresses_as_text),
        cmocka_unit_test(lists_of_tags),
        cmocka_unit_test(tags_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
