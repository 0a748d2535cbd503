/* SPDX-License-Identifier: MIT */
/* DNS block lists: how they are named, asked and understood. */
#include "unit.h"

#include "base/span.h"
#include "server/block_list.h"

static void lists_and_weights(void **state)
{
    struct smail__block_lists lists;

    (void)state;
    assert_int_equal(
        smail__block_lists_parse(
            &lists, " Zen.Example.org, two.example*20\tgood*-3 ", NULL),
        0);
    assert_int_equal(lists.count, 3);
    assert_string_equal(lists.items[0].zone, "zen.example.org");
    assert_int_equal(lists.items[0].weight, 1);
    assert_string_equal(lists.items[1].zone, "two.example");
    assert_int_equal(lists.items[1].weight, 20);
    assert_int_equal(lists.items[2].weight, -3);
    assert_int_equal(smail__block_lists_parse(&lists, "", NULL), 0);
    assert_int_equal(lists.count, 0);
}

static void weights_have_an_end(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } rows[] = { { "a*999", 0 },   { "a*1000", 0 },   { "a*1001", -1 },
                 { "a*-1000", 0 }, { "a*-1001", -1 }, { "a*", -1 },
                 { "a*--1", -1 },  { "*1", -1 },      { "a..b", -1 },
                 { ".", -1 } };
    struct smail__block_lists lists;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(smail__block_lists_parse(&lists, rows[i].text, NULL),
                         rows[i].rc == 0 ? 0 : SMAIL_EINVAL);
}

static void so_many_lists_and_no_more(void **state)
{
    struct smail__block_lists lists;
    char text[2 * SMAIL__BLOCK_LISTS_MAX + 3];

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = i % 2 == 0 ? 'a' : ' ';
    for (size_t count = SMAIL__BLOCK_LISTS_MAX - 1;
         count <= SMAIL__BLOCK_LISTS_MAX + 1; count++) {
        char copy[sizeof(text)];

        memcpy(copy, text, sizeof(text));
        copy[2 * count] = '\0';
        assert_int_equal(smail__block_lists_parse(&lists, copy, NULL),
                         count <= SMAIL__BLOCK_LISTS_MAX ? 0 : SMAIL_ELIMIT);
    }
}

static void names_of_zones_have_an_end(void **state)
{
    struct smail__block_lists lists;
    char text[SMAIL__BLOCK_ZONE_MAX + 2];

    (void)state;
    for (size_t len = SMAIL__BLOCK_ZONE_MAX - 1;
         len <= SMAIL__BLOCK_ZONE_MAX + 1; len++) {
        memset(text, 'a', len);
        text[50] = text[100] = '.';
        text[len] = '\0';
        assert_int_equal(smail__block_lists_parse(&lists, text, NULL),
                         len <= SMAIL__BLOCK_ZONE_MAX ? 0 : SMAIL_EINVAL);
    }
}

/* The longest zone has room for the nibbles of IPv6 before it. */
static void questions(void **state)
{
    static const unsigned char four[] = { 192, 0, 2, 99 };
    static const unsigned char six[16] = { 0x20, 0x01, 0x0d, 0xb8 };
    char out[SMAIL__DNS_NAME_ROOM], zone[SMAIL__BLOCK_ZONE_MAX + 1];

    (void)state;
    assert_int_equal(smail__block_name(out, four, false, "zen.example"), 0);
    assert_string_equal(out, "99.2.0.192.zen.example");
    assert_int_equal(smail__block_name(out, six, true, "zen.example"), 0);
    assert_string_equal(out, "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                             "8.b.d.0.1.0.0.2.zen.example");
    assert_int_equal(smail__block_test_name(out, false, "zen.example"), 0);
    assert_string_equal(out, "1.0.0.127.zen.example");
    assert_int_equal(smail__block_test_name(out, true, "zen.example"), 0);
    assert_string_equal(out, "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0."
                             "0.0.0.0.0.0.0.0.zen.example");
    memset(zone, 'a', sizeof(zone));
    zone[50] = zone[100] = '.';
    zone[SMAIL__BLOCK_ZONE_MAX] = '\0';
    assert_int_equal(smail__block_name(out, six, true, zone), 0);
}

static void answers(void **state)
{
    static const struct {
        const char *record;
        enum smail__block_answer answer;
    } rows[] = {
        { "\177\0\0\2", SMAIL__BLOCK_LISTED },
        { "\177\377\376\1", SMAIL__BLOCK_LISTED },
        { "\177\377\377\374", SMAIL__BLOCK_ERROR },
        { "\177\377\377\376", SMAIL__BLOCK_ERROR },
        { "\300\0\2\1", SMAIL__BLOCK_OUTSIDE },
        { "\0\0\0\0", SMAIL__BLOCK_OUTSIDE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            smail__block_answer_of((smail_span){ rows[i].record, 4 }),
            rows[i].answer);
    assert_int_equal(smail__block_answer_of(SMAIL__SPAN("\177\0\0")),
                     SMAIL__BLOCK_OUTSIDE);
}

static void words_for_the_client(void **state)
{
    char out[SMAIL__BLOCK_REASON_MAX + 1], text[300];

    (void)state;
    smail__block_clean(out, SMAIL__SPAN(" See\r\n250 OK\tx\x7f\xc3\xa4 \r\n"));
    assert_string_equal(out, "See??250 OK?x???");
    memset(text, 'x', sizeof(text));
    smail__block_clean(out, (smail_span){ text, 199 });
    assert_int_equal(strlen(out), 199);
    smail__block_clean(out, (smail_span){ text, 200 });
    assert_int_equal(strlen(out), 200);
    smail__block_clean(out, (smail_span){ text, 201 });
    assert_int_equal(strlen(out), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_and_weights),
        cmocka_unit_test(weights_have_an_end),
        cmocka_unit_test(so_many_lists_and_no_more),
        cmocka_unit_test(names_of_zones_have_an_end),
        cmocka_unit_test(questions),
        cmocka_unit_test(answers),
        cmocka_unit_test(words_for_the_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
