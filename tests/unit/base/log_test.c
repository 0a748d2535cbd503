/* SPDX-License-Identifier: MIT */
/* Log lines: levels, and that nothing a stranger sends breaks one. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"

static void count(enum smail__log_level level, const char *event,
                  const struct smail__log_field *fields, size_t n, void *user)
{
    (void)level;
    (void)event;
    (void)fields;
    *(size_t *)user += n;
}

static void lines_above_the_level_are_dropped(void **state)
{
    size_t fields = 0;
    struct smail__log log = { SMAIL__LOG_WARNING, count, &fields };
    const struct smail__log_field field = SMAIL__LOG_NUMBER("n", 1);

    (void)state;
    smail__log_write(&log, SMAIL__LOG_INFO, "x", &field, 1);
    assert_int_equal(fields, 0);
    smail__log_write(&log, SMAIL__LOG_WARNING, "x", &field, 1);
    smail__log_write(&log, SMAIL__LOG_ERROR, "x", &field, 1);
    assert_int_equal(fields, 2);
    smail__log_write(NULL, SMAIL__LOG_ERROR, "x", &field, 1);
    log.write = NULL;
    smail__log_write(&log, SMAIL__LOG_ERROR, "x", &field, 1);
}

static void levels_have_names(void **state)
{
    enum smail__log_level level;

    (void)state;
    for (int i = SMAIL__LOG_ERROR; i <= SMAIL__LOG_DEBUG; i++) {
        const char *name = smail__log_level_name((enum smail__log_level)i);

        assert_int_equal(smail__log_level_parse(&level, smail__span(name)), 0);
        assert_int_equal(level, i);
    }
    assert_int_equal(smail__log_level_parse(&level, SMAIL__SPAN("loud")),
                     SMAIL_EINVAL);
}

static void a_line_is_one_line(void **state)
{
    const struct smail__log_field fields[] = {
        SMAIL__LOG_TEXT("plain", SMAIL__SPAN("a@b.example")),
        SMAIL__LOG_TEXT("blank", SMAIL__SPAN("two words")),
        SMAIL__LOG_TEXT("empty", SMAIL__SPAN("")),
        SMAIL__LOG_TEXT("evil", SMAIL__SPAN("\r\n\x1b[2J\"\\\xff\xc2\x85")),
        SMAIL__LOG_TEXT("wide", SMAIL__SPAN("\xc3\xa4\xe2\x80\xa8")),
        SMAIL__LOG_NUMBER("n", -7),
    };
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 1000, NULL);
    smail__log_as_text(&out, 0, SMAIL__LOG_INFO, "mail", fields, 6);
    assert_string_equal(
        out.data,
        "1970-01-01T00:00:00Z info mail plain=a@b.example "
        "blank=\"two words\" empty=\"\" "
        "evil=\"\\u000d\\u000a\\u001b[2J\\\"\\\\\xef\xbf\xbd\\u0085\" "
        "wide=\"\xc3\xa4\\u2028\" n=-7");
    smail__buf_clear(&out);
    smail__log_as_json(&out, 0, SMAIL__LOG_INFO, "mail", fields + 3, 3);
    assert_string_equal(
        out.data,
        "{\"time\":\"1970-01-01T00:00:00Z\",\"level\":\"info\","
        "\"event\":\"mail\","
        "\"evil\":\"\\u000d\\u000a\\u001b[2J\\\"\\\\\xef\xbf\xbd\\u0085\","
        "\"wide\":\"\xc3\xa4\\u2028\",\"n\":-7}");
    smail__buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_above_the_level_are_dropped),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(a_line_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
