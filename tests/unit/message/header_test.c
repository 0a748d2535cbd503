/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/buf.h"
#include "base/span.h"
#include "message/header.h"

static void fields_are_found_in_order_with_their_folding(void **state)
{
    smail_span message = SMAIL__SPAN("A: one\r\nB: two\r\n three\r\n\r\nC: no");
    struct smail__header_scan scan;
    struct smail__header_field field;

    (void)state;
    smail__header_begin(&scan, message);
    assert_true(smail__header_next(&field, &scan));
    assert_span(field.name, "A");
    assert_span(field.value, " one");
    assert_true(smail__header_next(&field, &scan));
    assert_span(field.value, " two\r\n three");
    assert_int_equal(field.offset, 8);
    assert_false(smail__header_next(&field, &scan));
    assert_true(scan.at_body);
    assert_int_equal(smail__header_length(message), 26);
}

static void broken_headers_are_read_as_far_as_they_go(void **state)
{
    static const struct {
        const char *message;
        const char *subject;
    } cases[] = {
        { "Subject: lf\n\nbody", "lf" },
        { "From me Mon Jan 1\r\nSubject: mbox\r\n\r\n", "mbox" },
        { "no colon here\r\nSubject: after junk\r\n\r\n", "after junk" },
        { "subject : space\r\n\r\n", "space" },
        { "Subject: no end", "no end" },
        { "X: y\r\nSUBJECT:nothing between\r\n\r\n", "nothing between" },
        { "Subject: first\r\nSubject: second\r\n\r\n", "first" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__summary summary;

        smail__summary_read(&summary, smail__span(cases[i].message));
        assert_span(summary.subject, cases[i].subject);
    }
}

static void ids_come_oldest_first_and_the_parent_last(void **state)
{
    struct smail__summary summary;

    (void)state;
    smail__summary_read(&summary,
                        SMAIL__SPAN("Message-ID: <d@x>\r\n"
                                    "In-Reply-To: <c@x> (you wrote)\r\n"
                                    "References: <a@x>\r\n\t<b@x>\r\n\r\n"));
    assert_span(summary.message_id, "d@x");
    assert_span(summary.in_reply_to, "c@x");
    assert_int_equal(summary.reference_count, 3);
    assert_span(summary.references[0], "a@x");
    assert_span(summary.references[2], "c@x");
}

static void references_beyond_the_limit_push_out_the_oldest(void **state)
{
    static const size_t counts[] = { SMAIL__REFERENCES_MAX - 1,
                                     SMAIL__REFERENCES_MAX,
                                     SMAIL__REFERENCES_MAX + 1 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct smail__summary summary;
        struct smail__buf text;

        smail__buf_init(&text, 65536, NULL);
        smail__buf_puts(&text, "References:");
        for (size_t n = 0; n < counts[i]; n++)
            smail__buf_printf(&text, " <%zu@x>", n);
        smail__buf_puts(&text, "\r\n\r\n");
        smail__summary_read(&summary, smail__buf_span(&text));
        assert_int_equal(summary.reference_count,
                         counts[i] < SMAIL__REFERENCES_MAX
                             ? counts[i]
                             : SMAIL__REFERENCES_MAX);
        assert_span(summary.references[0], i < 2 ? "0@x" : "1@x");
        smail__buf_dispose(&text);
    }
}

static void hops_are_counted(void **state)
{
    struct smail__summary summary;

    (void)state;
    smail__summary_read(&summary,
                        SMAIL__SPAN("Received: a\r\nreceived: b\r\n"
                                    "Delivered-To: c\r\n\r\nReceived: no"));
    assert_int_equal(summary.received_count, 2);
    assert_int_equal(summary.delivered_to_count, 1);
}

static void dates_are_read_or_are_none(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: none */
    } cases[] = {
        { "Wed, 17 May 2000 19:20:24 -0400", 958605624 },
        { " 17 May 2000 23:20:24 GMT (comment)", 958605624 },
        { "Thu, 1 Jan 1970 00:00:00 +0000", 0 },
        { "1 Jan 70 00:00 UT", 0 },
        { "Fri, 21 Nov 97 09:55:06 -0600", 880127706 },
        /* RFC 5322, A.6.3. */
        { "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706 },
        { "Fri,21 Nov 1997 09:55:06-0600", 880127706 },
        { "Fri Nov 21 15:55:06 1997", 880127706 },
        { "Nov 21, 1997 15:55:06 +0000", 880127706 },
        { "21-Nov-1997 09:55:06 \"CST\"", 880127706 },
        { "Friday, 21 November 97 15:55:06 GMT (now)", 880127706 },
        { "Fri, 21 Nov 1997 09:55:06 GMT-0600", 880127706 },
        { "Fri, 21 Nov 097 15:55:06", 880127706 },
        { "Fri, 21 Nov 1997 09:55:06 -06000", -1 },
        { "Fri, 21 Nov 1997", -1 },
        { "21 1997 Nov 09:55:06", -1 },
        { "(((((", -1 },
        { "29 Feb 2000 12:00:00 +0000", 951825600 },
        { "29 Feb 1999 12:00:00 +0000", -1 },
        { "Mon, 1 Jan 4459332 00:00:00 +0000", -1 },
        { "1 Foo 2000 00:00:00 +0000", -1 },
        { "32 Jan 2000 00:00:00 +0000", -1 },
        { "1 Jan 2000 24:00:00 +0000", -1 },
        { "yesterday", -1 },
        { "", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t seconds = -1;

        assert_int_equal(
            smail__header_date(&seconds, smail__span(cases[i].text)),
            cases[i].seconds != -1);
        assert_int_equal(seconds, cases[i].seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_in_order_with_their_folding),
        cmocka_unit_test(broken_headers_are_read_as_far_as_they_go),
        cmocka_unit_test(ids_come_oldest_first_and_the_parent_last),
        cmocka_unit_test(references_beyond_the_limit_push_out_the_oldest),
        cmocka_unit_test(hops_are_counted),
        cmocka_unit_test(dates_are_read_or_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
