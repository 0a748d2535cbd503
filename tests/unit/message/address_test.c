/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <smtpmail/message.h>

#include "base/buf.h"
#include "base/span.h"

static void put(const smail_mailbox_address *address, void *user)
{
    struct smail__buf *out = user;

    if (address->group != NULL)
        smail__buf_printf(out, "%s: ", address->group);
    smail__buf_printf(out, "%s <%s>|", address->name, address->address);
}

static int read_list(struct smail__buf *out, smail_span list)
{
    struct smail__buf raw;
    smail_message *message;
    int rc;

    smail__buf_init(&raw, 4 << 20, NULL);
    smail__buf_puts(&raw, "To: ");
    smail__buf_append(&raw, list);
    smail__buf_puts(&raw, "\r\n\r\n");
    assert_int_equal(smail_message_parse(&message, smail__buf_span(&raw), NULL),
                     0);
    rc = smail_message_addresses(message, "To", put, out);
    smail_message_free(message);
    smail__buf_dispose(&raw);
    return rc;
}

static void assert_lists(const char *const cases[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct smail__buf out;

        smail__buf_init(&out, 1 << 20, NULL);
        assert_int_equal(read_list(&out, smail__span(cases[i][0])), 0);
        assert_span(smail__buf_span(&out), cases[i][1]);
        smail__buf_dispose(&out);
    }
}

#define ASSERT_LISTS(cases) \
    assert_lists(cases, sizeof(cases) / sizeof(cases[0]))

static void lists_are_read_as_the_rfc_writes_them(void **state)
{
    static const char *const cases[][2] = {
        { "a@b", " <a@b>|" },
        { "<a@b>", " <a@b>|" },
        { "Bob <a@b>", "Bob <a@b>|" },
        { "\"Bob, the\\\" one\" <a@b>", "Bob, the\" one <a@b>|" },
        { "a@b, Bob\r\n <c@d>,e@f", " <a@b>|Bob <c@d>| <e@f>|" },
        { "A. B. Cee <a@b>", "A. B. Cee <a@b>|" },
        { "\"two words\"@b", " <\"two words\"@b>|" },
        { "Bob <\"a>b\"@c>", "Bob <\"a>b\"@c>|" },
        { "Bob <a@[192.0.2.1]>", "Bob <a@[192.0.2.1]>|" },
        { "a@[IPv6:2001:db8::1]", " <a@[IPv6:2001:db8::1]>|" },
        /* RFC 5322, 3.4: groups. */
        { "G: a@b, C <c@d>;", "G:  <a@b>|G: C <c@d>|" },
        { "none:;", "none:  <>|" },
        { "G:;, a@b", "G:  <>| <a@b>|" },
        { "\"G, H\":a@b;", "G, H:  <a@b>|" },
        /* RFC 5322, 4.4: routes, comments, spaces, empty entries. */
        { "<@x,@y:a@b>", " <a@b>|" },
        { "a@b (Bob (the) One)", "Bob (the) One <a@b>|" },
        { "(x) Bob (y) <a@b> (z)", "Bob <a@b>|" },
        { "a (x) @ (y) b . c", "y <a@b.c>|" },
        { "Bob < a @ b . c >", "Bob <a@b.c>|" },
        { ",,a@b,,c@d,", " <a@b>| <c@d>|" },
        { "<>", "" },
        { "", "" },
    };

    (void)state;
    ASSERT_LISTS(cases);
}

static void lists_are_read_as_senders_write_them(void **state)
{
    static const char *const cases[][2] = {
        { "Foo [Bar] <a@b>", "Foo [Bar] <a@b>|" },
        { "a@b; c@d; E <e@f>", " <a@b>| <c@d>|E <e@f>|" },
        { "Bob Builder bob@x", "Bob Builder <bob@x>|" },
        { "a@b c@d", " <a@b>| <c@d>|" },
        { "<a@b> <c@d>", " <a@b>| <c@d>|" },
        { "Doe, John <a@b>", "Doe, John <a@b>|" },
        { "root, a@b", " <root>| <a@b>|" },
        { "MAILER-DAEMON (Mail System)", "Mail System <MAILER-DAEMON>|" },
        { "undisclosed recipients", "undisclosed recipients <>|" },
        { "a@b <c@d>", "a@b <c@d>|" },
        { "mailto:a@b, <mailto:c@d>", " <a@b>| <c@d>|" },
        { "Bob <<a@b>>", "Bob <a@b>|" },
        /* What never closes. */
        { "Bob <a@b", "Bob <a@b>|" },
        { "Bob <a@b, c@d>", "Bob <a@b>| <c@d>|" },
        { "a@b>", " <a@b>|" },
        { "\"Bob <a@b>", "Bob <a@b>|" },
        { "Bob (the <a@b>", "Bob the <a@b>|" },
        { "Bob) <a@b>", "Bob <a@b>|" },
        { "G: a@b", "G:  <a@b>|" },
        { "G: H: a@b;", "G: H: <a@b>|" },
    };

    (void)state;
    ASSERT_LISTS(cases);
}

static void names_are_decoded(void **state)
{
    static const char *const cases[][2] = {
        /* Padding in the first of two words stops the packaged GMime. */
        { "=?utf-8?B?YQ==?= =?utf-8?B?Yg==?= <a@b>", "ab <a@b>|" },
        { "=?utf-8?Q?Doe=2C_J=3Cx=3E?= <a@b>", "Doe, J<x> <a@b>|" },
        { "\"=?utf-8?B?w6k=?=\" <a@b>", "\xc3\xa9 <a@b>|" },
        { "a@b (=?iso-8859-1?Q?=E9?=)", "\xc3\xa9 <a@b>|" },
        { "=?utf-8?B?w6k=?=: a@b;", "\xc3\xa9:  <a@b>|" },
        { "=?utf-8?Q?a\"b,c?= <a@b>", "ab,c <a@b>|" },
        { "J\xf6rg <a@b>", "J\xc3\xb6rg <a@b>|" },
        { "J\xc3\xb6rg <\xc3\xb6@b>", "J\xc3\xb6rg <\xc3\xb6@b>|" },
        /* An address that only the decoded name shows is none. */
        { "=?utf-8?Q?Bob_<x@y>?=", "Bob <x@y> <>|" },
        { "=?utf-8?Q?<x@y>?= <a@b>", "<x@y> <a@b>|" },
    };

    (void)state;
    ASSERT_LISTS(cases);
}

/* Each of these is 200 000 times the same; all are read in one pass. */
static void long_lists_take_no_longer_than_they_are(void **state)
{
    static const char *const pieces[] = {
        ":",    "(",  "\"",   "<",   ",",    ";",    "@",  ".",
        "\\",   "g:", "(x",   "\" ", "a@b ", "a . ", "@.", "=?a?q?\\\"?=",
        "<@a,", "a,", "a@b,",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct smail__buf list;
        struct smail__buf out;

        smail__buf_init(&list, 4 << 20, NULL);
        smail__buf_init(&out, 16 << 20, NULL);
        for (size_t n = 0; n < 200000; n++)
            smail__buf_puts(&list, pieces[i]);
        assert_int_equal(read_list(&out, smail__buf_span(&list)), 0);
        smail__buf_dispose(&list);
        smail__buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read_as_the_rfc_writes_them),
        cmocka_unit_test(lists_are_read_as_senders_write_them),
        cmocka_unit_test(names_are_decoded),
        cmocka_unit_test(long_lists_take_no_longer_than_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
