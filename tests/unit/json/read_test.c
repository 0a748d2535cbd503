/* SPDX-License-Identifier: MIT */
#include "json/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static struct smail__json_document *read_text(const char *text)
{
    struct smail__json_document *document = NULL;

    assert_int_equal(smail__json_read(&document, smail__span(text), 64, NULL),
                     0);
    return document;
}

static void values_are_found_by_name_and_place(void **state)
{
    struct smail__json_document *document = read_text(
        "{\"a\": [1, \"zwei\", true, null, 1.5], \"b\": {\"c\": -7}}");
    const struct smail__json_value *root = smail__json_root(document);
    const struct smail__json_value *a = smail__json_get(root, "a");
    smail_span text;
    int64_t number;
    bool truth;

    (void)state;
    assert_int_equal(smail__json_type(root), SMAIL__JSON_OBJECT);
    assert_int_equal(smail__json_count(root), 2);
    assert_int_equal(smail__json_count(a), 5);
    assert_int_equal(smail__json_as_int(&number, smail__json_at(a, 0)), 0);
    assert_int_equal(number, 1);
    assert_int_equal(smail__json_as_text(&text, smail__json_at(a, 1)), 0);
    assert_true(smail__span_is(text, "zwei"));
    assert_int_equal(smail__json_as_bool(&truth, smail__json_at(a, 2)), 0);
    assert_true(truth);
    assert_int_equal(smail__json_type(smail__json_at(a, 3)), SMAIL__JSON_NULL);
    assert_int_equal(smail__json_as_int(&number, smail__json_at(a, 4)),
                     SMAIL_EINVAL);
    assert_int_equal(
        smail__json_as_int(&number,
                           smail__json_get(smail__json_get(root, "b"), "c")),
        0);
    assert_int_equal(number, -7);
    smail__json_document_free(document);
}

static void what_is_not_there_answers_no(void **state)
{
    struct smail__json_document *document = read_text("{\"a\": 1}");
    const struct smail__json_value *root = smail__json_root(document);
    const struct smail__json_value *none =
        smail__json_at(smail__json_get(smail__json_get(root, "x"), "y"), 3);
    smail_span text;
    bool truth;

    (void)state;
    assert_null(none);
    assert_int_equal(smail__json_type(none), SMAIL__JSON_NULL);
    assert_int_equal(smail__json_count(none), 0);
    assert_int_equal(smail__json_as_text(&text, none), SMAIL_EINVAL);
    assert_int_equal(smail__json_as_bool(&truth, smail__json_get(root, "a")),
                     SMAIL_EINVAL);
    smail__json_document_free(document);
    smail__json_document_free(NULL);
}

static int collect(smail_span key, const struct smail__json_value *value,
                   void *user)
{
    int64_t number = 0;

    smail__json_as_int(&number, value);
    assert_int_equal(key.len, 1);
    *(int64_t *)user += number;
    return number == 3 ? 42 : 0;
}

static void each_member_is_visited_until_it_is_enough(void **state)
{
    struct smail__json_document *document =
        read_text("{\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4}");
    int64_t sum = 0;

    (void)state;
    assert_int_equal(
        smail__json_each(smail__json_root(document), collect, &sum), 42);
    assert_int_equal(sum, 6);
    assert_int_equal(smail__json_each(NULL, collect, &sum), 0);
    smail__json_document_free(document);
}

static void what_is_malformed_is_refused(void **state)
{
    static const char *const bad[] = {
        "",       "{",         "[1,]",     "{\"a\":1,\"a\":2}",
        "nul",    "[1] [2]",   "\"\xff\"", "\"\\ud800\"",
        "{a: 1}", "[1e99999]", "\"\x01\"", "[012]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct smail__json_document *document = NULL;
        smail_error err = SMAIL_ERROR_INIT;

        assert_int_equal(
            smail__json_read(&document, smail__span(bad[i]), 64, &err),
            SMAIL_EMALFORMED);
        assert_true(strlen(err.message) > 0);
        assert_null(document);
    }
}

static void depth_is_bounded_and_strings_have_none(void **state)
{
    struct smail__json_document *document = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(
        smail__json_read(&document, SMAIL__SPAN("[[[1]]]"), 2, &err),
        SMAIL_ELIMIT);
    assert_int_equal(
        smail__json_read(&document, SMAIL__SPAN("[[\"[[\\\"[\"],[]]"), 2, &err),
        0);
    smail__json_document_free(document);
}

static void text_may_hold_a_nul(void **state)
{
    struct smail__json_document *document = read_text("\"a\\u0000b\"");
    smail_span text;

    (void)state;
    assert_int_equal(smail__json_as_text(&text, smail__json_root(document)), 0);
    assert_true(smail__span_equal(text, SMAIL__SPAN("a\0b")));
    smail__json_document_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_name_and_place),
        cmocka_unit_test(what_is_not_there_answers_no),
        cmocka_unit_test(each_member_is_visited_until_it_is_enough),
        cmocka_unit_test(what_is_malformed_is_refused),
        cmocka_unit_test(depth_is_bounded_and_strings_have_none),
        cmocka_unit_test(text_may_hold_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
