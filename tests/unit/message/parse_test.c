/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <smtpmail/message.h>

#include "base/buf.h"
#include "base/span.h"
#include "message/structure.h"

static smail_message *parse(smail_span raw)
{
    smail_message *message;

    assert_int_equal(smail_message_parse(&message, raw, NULL), 0);
    return message;
}

static void assert_text(const smail_message *message, size_t part,
                        const char *expected)
{
    smail_buf text = SMAIL_BUF_INIT;

    assert_int_equal(smail_message_text(&text, message, part, NULL), 0);
    assert_string_equal(text.data, expected);
    smail_buf_dispose(&text);
}

static const char mixed[] =
    "Subject: two parts\r\n"
    "Content-Type: multipart/mixed; boundary=\"b\"\r\n"
    "\r\n"
    "preamble\r\n"
    "--b\r\n"
    "\r\n"
    "caf\xc3\xa9\r\n"
    "--b\r\n"
    "Content-Type: application/pdf; name=x\r\n"
    "Content-Disposition: attachment; filename=\"r\xc3\xa9sum\xc3\xa9.pdf\"\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n"
    "AAEC\r\n"
    "--b--\r\n"
    "epilogue\r\n";

static void a_message_is_its_parts(void **state)
{
    smail_message *message = parse(SMAIL__SPAN(mixed));
    smail_buf bytes = SMAIL_BUF_INIT;
    size_t count;
    const size_t *list;

    (void)state;
    assert_int_equal(smail_message_part_count(message), 3);
    assert_string_equal(smail_message_part(message, 0)->type,
                        "multipart/mixed");
    assert_string_equal(smail_message_part(message, 1)->type, "text/plain");
    assert_text(message, 1, "caf\xc3\xa9");
    assert_string_equal(smail_message_part(message, 2)->name,
                        "r\xc3\xa9sum\xc3\xa9.pdf");
    assert_int_equal(smail_message_decode(&bytes, message, 2, NULL), 0);
    assert_int_equal(bytes.len, 3);
    assert_memory_equal(bytes.data, "\0\1\2", 3);
    smail_buf_dispose(&bytes);
    list = smail_message_body(&count, message, SMAIL_BODY_ATTACHMENTS);
    assert_int_equal(count, 1);
    assert_int_equal(list[0], 2);
    assert_null(smail_message_part(message, 3));
    assert_int_equal(smail_message_defects(message), 0);
    smail_message_free(message);
}

/* RFC 8621, 4.1.4 shows this tree and says what must come of it. */
static void body_lists_are_those_of_the_rfc(void **state)
{
    static const char raw[] =
        "Content-Type: multipart/mixed; boundary=1\n\n"
        "--1\nContent-Disposition: inline\n\nA\n"
        "--1\nContent-Type: multipart/mixed; boundary=2\n\n"
        "--2\nContent-Type: multipart/alternative; boundary=3\n\n"
        "--3\nContent-Type: multipart/mixed; boundary=4\n\n"
        "--4\nContent-Disposition: inline\n\nB\n"
        "--4\nContent-Type: image/jpeg\nContent-Disposition: inline\n\nC\n"
        "--4\nContent-Disposition: inline\n\nD\n--4--\n"
        "--3\nContent-Type: multipart/related; boundary=5\n\n"
        "--5\nContent-Type: text/html\n\nE\n"
        "--5\nContent-Type: image/jpeg\n\nF\n--5--\n--3--\n"
        "--2\nContent-Type: image/jpeg\nContent-Disposition: attachment\n\nG\n"
        "--2\nContent-Type: application/x-excel\n\nH\n"
        "--2\nContent-Type: message/rfc822\n\nSubject: J\n\n\n--2--\n"
        "--1\nContent-Disposition: inline\n\nK\n--1--\n";
    static const char *const expected[] = { "ABCDK", "AEK", "CFGHS" };
    smail_message *message = parse(SMAIL__SPAN(raw));

    (void)state;
    for (int list = 0; list < 3; list++) {
        size_t count;
        const size_t *indexes =
            smail_message_body(&count, message, (smail_body_list)list);

        assert_int_equal(count, strlen(expected[list]));
        for (size_t i = 0; i < count; i++) {
            const smail_part *part = smail_message_part(message, indexes[i]);

            assert_int_equal(raw[part->offset_body], expected[list][i]);
        }
    }
    smail_message_free(message);
}

static void a_message_inside_is_opened(void **state)
{
    smail_message *message =
        parse(SMAIL__SPAN("Content-Type: message/rfc822\n\n"
                          "Subject: inner\n\ntext\n"));
    smail_message *inner;
    smail_buf subject = SMAIL_BUF_INIT;

    (void)state;
    assert_true(smail_message_part(message, 0)->is_message);
    assert_int_equal(smail_message_embedded(&inner, message, 0, NULL), 0);
    assert_int_equal(smail_message_header(&subject, inner, "subject", 0), 0);
    assert_string_equal(subject.data, "inner");
    smail_buf_dispose(&subject);
    smail_message_free(inner);
    smail_message_free(message);
}

static void nesting_ends_at_its_limit(void **state)
{
    struct smail__buf raw;
    smail_message *chain[SMAIL_MESSAGE_NESTING_MAX + 1];
    int depth = 0;

    (void)state;
    smail__buf_init(&raw, 1 << 20, NULL);
    for (int i = 0; i < 2 * SMAIL_MESSAGE_NESTING_MAX; i++)
        smail__buf_puts(&raw, "Content-Type: message/rfc822\n\n");
    chain[0] = parse(smail__buf_span(&raw));
    while (smail_message_embedded(&chain[depth + 1], chain[depth], 0, NULL) ==
           0)
        depth++;
    assert_int_equal(depth, SMAIL_MESSAGE_NESTING_MAX - 1);
    for (; depth >= 0; depth--)
        smail_message_free(chain[depth]);
    smail__buf_dispose(&raw);
}

static void parts_end_at_their_limit(void **state)
{
    (void)state;
    for (int over = -1; over <= 1; over++) {
        struct smail__buf raw;

        smail__buf_init(&raw, 1 << 20, NULL);
        smail__buf_puts(&raw, "Content-Type: multipart/mixed; boundary=b\n\n");
        for (int i = 1; i < SMAIL__PARTS_MAX + over; i++)
            smail__buf_puts(&raw, "--b\n\nx\n");
        smail__buf_puts(&raw, "--b--\n");
        smail_message *message = parse(smail__buf_span(&raw));

        assert_int_equal(smail_message_part_count(message),
                         over < 0 ? SMAIL__PARTS_MAX - 1 : SMAIL__PARTS_MAX);
        assert_int_equal(smail_message_defects(message) &
                             SMAIL_DEFECT_MANY_PARTS,
                         over > 0 ? SMAIL_DEFECT_MANY_PARTS : 0);
        smail_message_free(message);
        smail__buf_dispose(&raw);
    }
}

static void depth_ends_at_its_limit(void **state)
{
    (void)state;
    for (int over = -1; over <= 1; over++) {
        struct smail__buf raw;

        smail__buf_init(&raw, 1 << 20, NULL);
        for (int i = 0; i < SMAIL__DEPTH_MAX + over; i++)
            smail__buf_printf(&raw,
                              "Content-Type: multipart/mixed; boundary=b%d\n\n"
                              "--b%d\n",
                              i, i);
        smail__buf_puts(&raw, "\nx\n");
        smail_message *message = parse(smail__buf_span(&raw));

        assert_int_equal(smail_message_defects(message) & SMAIL_DEFECT_DEEP,
                         over > 0 ? SMAIL_DEFECT_DEEP : 0);
        smail_message_free(message);
        smail__buf_dispose(&raw);
    }
}

/* Each of these once hung or crashed a parser somewhere. */
static void poison_is_read_like_anything_else(void **state)
{
    static const char *const cases[] = {
        "",
        "\n",
        "\r",
        "From x\r\n",
        "Content-Type: multipart/mixed; boundary*=\r\n\r\nx",
        "Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        "Content-Type: multipart/mixed; boundary=\"\r\n\r\n--\r\n",
        "Content-Type: multipart/mixed\r\n\r\n--b\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--b\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b",
        "Content-Type: a/b/c; x\r\n\r\n",
        "Content-Type: ;;;;\r\n\r\n",
        "Content-Disposition: \xff\xfe; filename=\xff\r\n\r\n",
        "Date: Mon, 1 Jan 4459332 00:00:00 +0000\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        smail_message *message = parse(smail__span(cases[i]));
        smail_buf preview = SMAIL_BUF_INIT;

        assert_true(smail_message_part_count(message) >= 1);
        assert_int_equal(smail_message_preview(&preview, message, 256, NULL),
                         0);
        smail_buf_dispose(&preview);
        smail_message_free(message);
    }
}

static void collect(const smail_mailbox_address *address, void *user)
{
    smail__buf_printf(user, "[%s|%s|%s]", address->name, address->address,
                      address->group != NULL ? address->group : "-");
}

static void addresses_are_names_and_mailboxes(void **state)
{
    static const struct {
        const char *to;
        const char *expected;
    } cases[] = {
        { "a@b", "[|a@b|-]" },
        { "\"A, B\" <a@b>, c@d (C)", "[A, B|a@b|-][C|c@d|-]" },
        { "=?utf-8?B?YQ==?= =?utf-8?B?Yg==?= <a@b>", "[ab|a@b|-]" },
        { "team: a@b, C <c@d>;", "[|a@b|team][C|c@d|team]" },
        { "=?iso-8859-1?Q?M\xfcller?= <m@x>", "[M\xc3\xbcller|m@x|-]" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__buf raw;
        struct smail__buf out;

        smail__buf_init(&raw, 4096, NULL);
        smail__buf_init(&out, 4096, NULL);
        smail__buf_printf(&raw, "To: %s\r\n\r\n", cases[i].to);
        smail_message *message = parse(smail__buf_span(&raw));

        (void)smail_message_addresses(message, "To", collect, &out);
        assert_span(smail__buf_span(&out), cases[i].expected);
        smail_message_free(message);
        smail__buf_dispose(&out);
        smail__buf_dispose(&raw);
    }
}

static void a_preview_is_what_was_written(void **state)
{
    static const struct {
        const char *raw;
        const char *preview;
    } cases[] = {
        { "\n> quoted\nanswer\n  and more\n", "answer and more" },
        { "Content-Type: text/html\n\n<style>x{}</style><p>Hello "
          "<b>wor</b>ld</p><script>no</script><div>&amp; more</div>",
          "Hello world & more" },
        { "Content-Type: image/png\n\nxx", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        smail_message *message = parse(smail__span(cases[i].raw));
        smail_buf preview = SMAIL_BUF_INIT;

        assert_int_equal(smail_message_preview(&preview, message, 256, NULL),
                         0);
        assert_string_equal(preview.data, cases[i].preview);
        smail_buf_dispose(&preview);
        smail_message_free(message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_its_parts),
        cmocka_unit_test(body_lists_are_those_of_the_rfc),
        cmocka_unit_test(a_message_inside_is_opened),
        cmocka_unit_test(nesting_ends_at_its_limit),
        cmocka_unit_test(parts_end_at_their_limit),
        cmocka_unit_test(depth_ends_at_its_limit),
        cmocka_unit_test(poison_is_read_like_anything_else),
        cmocka_unit_test(addresses_are_names_and_mailboxes),
        cmocka_unit_test(a_preview_is_what_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
