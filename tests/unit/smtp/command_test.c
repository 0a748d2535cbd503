/* SPDX-License-Identifier: MIT */
/* Verbs and arguments. */
#include "smtp/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void a_line_is_split(void **state)
{
    static const struct {
        const char *line;
        enum smail__verb verb;
        const char *argument;
    } cases[] = {
        { "NOOP", SMAIL__VERB_NOOP, "" },
        { "noop  x y ", SMAIL__VERB_NOOP, "x y" },
        { "Mail FROM:<>", SMAIL__VERB_MAIL, "FROM:<>" },
        { "STARTTLS", SMAIL__VERB_STARTTLS, "" },
        { "QUIT\t", SMAIL__VERB_QUIT, "" },
        { "NOOPS", SMAIL__VERB_UNKNOWN, "" },
        { "NOO", SMAIL__VERB_UNKNOWN, "" },
        { "", SMAIL__VERB_UNKNOWN, "" },
        { " NOOP", SMAIL__VERB_UNKNOWN, "NOOP" },
        { "NO\tOP", SMAIL__VERB_UNKNOWN, "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__command command;

        smail__command_parse(&command, smail__span(cases[i].line));
        assert_int_equal(command.verb, cases[i].verb);
        assert_true(smail__span_is(command.argument, cases[i].argument));
    }
}

static void every_verb_finds_itself(void **state)
{
    (void)state;
    for (int i = SMAIL__VERB_UNKNOWN + 1; i < SMAIL__VERBS; i++) {
        const struct smail__command_form *form =
            smail__command_form((enum smail__verb)i);
        struct smail__command command;

        smail__command_parse(&command, smail__span(form->name));
        assert_int_equal(command.verb, i);
        assert_true(form->smtp || form->lmtp);
        assert_non_null(form->usage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_split),
        cmocka_unit_test(every_verb_finds_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
