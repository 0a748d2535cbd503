/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <smtpmail/message.h>

#include "base/buf.h"
#include "base/span.h"

#define SEED SMAIL__SPAN("0123456789abcdef")

/* What SMTP takes everywhere (RFC 5321, 4.5.3.1.6; RFC 5322, 2.3). */
static void assert_sendable(const smail_buf *raw)
{
    size_t column = 0;

    for (size_t i = 0; i < raw->len; i++) {
        char byte = raw->data[i];

        assert_true((unsigned char)byte < 0x80 && byte != '\0');
        if (byte == '\n')
            assert_true(i > 0 && raw->data[i - 1] == '\r');
        if (byte == '\r')
            assert_true(i + 1 < raw->len && raw->data[i + 1] == '\n');
        column = byte == '\n' ? 0 : column + 1;
        assert_true(column <= 999);
    }
    assert_true(raw->len >= 2 && raw->data[raw->len - 1] == '\n');
}

/* The draft is consumed; `out` holds what the message looks into. */
static smail_message *written(smail_buf *out, smail_draft *draft)
{
    smail_message *message;
    smail_error error;
    int rc = smail_draft_write(out, draft, &error);

    smail_draft_free(draft);
    assert_int_equal(rc, 0);
    assert_sendable(out);
    assert_int_equal(smail_message_parse(&message, smail__span_of(out), NULL),
                     0);
    assert_int_equal(smail_message_defects(message), 0);
    return message;
}

static void assert_field(const smail_message *message, const char *name,
                         const char *expected)
{
    smail_buf value = SMAIL_BUF_INIT;

    assert_int_equal(smail_message_header(&value, message, name, 0), 0);
    assert_string_equal(value.data, expected);
    smail_buf_dispose(&value);
}

static void assert_part(const smail_message *message, size_t index,
                        const char *type, smail_span expected)
{
    smail_buf bytes = SMAIL_BUF_INIT;

    assert_string_equal(smail_message_part(message, index)->type, type);
    assert_int_equal(smail_message_decode(&bytes, message, index, NULL), 0);
    assert_int_equal(bytes.len, expected.len);
    if (bytes.len > 0)
        assert_memory_equal(bytes.data, expected.data, bytes.len);
    smail_buf_dispose(&bytes);
}

static void text_alone_is_one_part(void **state)
{
    smail_draft *draft = smail_draft_new(SEED);
    smail_buf raw = SMAIL_BUF_INIT;
    int64_t date;

    (void)state;
    smail_draft_from(draft, "bob@x.example");
    smail_draft_to(draft, "Al <al@y.example>");
    smail_draft_subject(draft, "Hello");
    smail_draft_date(draft, 1795402800);
    smail_draft_field(draft, "Message-ID", "<1@x.example>");
    smail_draft_text(draft,
                     SMAIL__SPAN(".\r\nFrom here  \r\n\xc3\xa4 = b\r\n"));
    smail_message *message = written(&raw, draft);

    assert_int_equal(smail_message_part_count(message), 1);
    assert_field(message, "From", "bob@x.example");
    assert_field(message, "To", "Al <al@y.example>");
    assert_field(message, "Message-ID", "<1@x.example>");
    assert_field(message, "MIME-Version", "1.0");
    assert_int_equal(smail_message_date(&date, message), 0);
    assert_int_equal(date, 1795402800);
    assert_part(message, 0, "text/plain",
                SMAIL__SPAN(".\r\nFrom here  \r\n\xc3\xa4 = b\r\n"));
    smail_message_free(message);
    smail_buf_dispose(&raw);
}

static void all_that_is_given_comes_back(void **state)
{
    static const char bytes[] = "\0\1\r\n\n\r\xff--=_1";
    smail_draft *draft = smail_draft_new(SEED);
    smail_buf raw = SMAIL_BUF_INIT;

    (void)state;
    smail_draft_text(draft, SMAIL__SPAN("text"));
    smail_draft_html(draft, SMAIL__SPAN("<p>html"));
    smail_draft_attach(draft, "r\xc3\xa9sum\xc3\xa9.pdf", "application/pdf",
                       (smail_span){ bytes, sizeof(bytes) });
    smail_draft_attach(draft, "empty", NULL, SMAIL__SPAN(""));
    smail_message *message = written(&raw, draft);
    size_t count;

    assert_int_equal(smail_message_part_count(message), 6);
    assert_string_equal(smail_message_part(message, 0)->type,
                        "multipart/mixed");
    assert_string_equal(smail_message_part(message, 1)->type,
                        "multipart/alternative");
    assert_part(message, 2, "text/plain", SMAIL__SPAN("text"));
    assert_part(message, 3, "text/html", SMAIL__SPAN("<p>html"));
    assert_part(message, 4, "application/pdf",
                (smail_span){ bytes, sizeof(bytes) });
    assert_string_equal(smail_message_part(message, 4)->name,
                        "r\xc3\xa9sum\xc3\xa9.pdf");
    assert_part(message, 5, "application/octet-stream", SMAIL__SPAN(""));
    (void)smail_message_body(&count, message, SMAIL_BODY_ATTACHMENTS);
    assert_int_equal(count, 2);
    smail_message_free(message);
    smail_buf_dispose(&raw);
}

static void any_text_survives_in_a_field(void **state)
{
    static const char *const texts[] = {
        "plain",
        "a  b",
        "=?utf-8?Q?not_a_word?=",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa"
        "\x9e"
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa"
        "\x9e"
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa"
        "\x9e",
        "a line of words that is longer than the seventy-six that we fold at, "
        "and then some more of them",
        "\xf0\x9f\x93\xa7 \xf0\x9f\x93\xa7x\xf0\x9f\x93\xa7y\xf0\x9f\x93\xa7z",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        smail_draft *draft = smail_draft_new(SEED);
        smail_buf raw = SMAIL_BUF_INIT;

        smail_draft_subject(draft, texts[i]);
        smail_message *message = written(&raw, draft);

        /* Shown, spaces are folded. */
        assert_field(message, "Subject",
                     strcmp(texts[i], "a  b") == 0 ? "a b" : texts[i]);
        smail_message_free(message);
        smail_buf_dispose(&raw);
    }
}

static void put(const smail_mailbox_address *address, void *user)
{
    smail__buf_printf(user, "%s <%s>|", address->name, address->address);
}

static void mailboxes_come_back_with_their_names(void **state)
{
    smail_draft *draft = smail_draft_new(SEED);
    smail_buf raw = SMAIL_BUF_INIT;
    struct smail__buf list;

    (void)state;
    smail_draft_to(draft, "\"Doe, \\\"J\\\" (x)\" <a@b>, c@d");
    smail_draft_cc(draft, "undisclosed:;");
    smail_draft_to(draft, "J\xc3\xb6rg <e@f>, A B <g@h>");
    smail_message *message = written(&raw, draft);
    smail_buf cc = SMAIL_BUF_INIT;

    smail__buf_init(&list, 65536, NULL);
    assert_int_equal(smail_message_addresses(message, "To", put, &list), 0);
    assert_span(smail__buf_span(&list),
                "Doe, \"J\" (x) <a@b>| <c@d>|J\xc3\xb6rg <e@f>|A B <g@h>|");
    assert_int_equal(smail_message_header(&cc, message, "Cc", 0),
                     SMAIL_ENOTFOUND);
    smail__buf_dispose(&list);
    smail_message_free(message);
    smail_buf_dispose(&raw);
}

static void no_value_begins_another_field(void **state)
{
    static const char evil[] = "x\r\nBcc: evil@x\r\n\r\nbody\nEvil: y\r";
    smail_draft *draft = smail_draft_new(SEED);
    smail_buf raw = SMAIL_BUF_INIT;

    (void)state;
    smail_draft_subject(draft, evil);
    smail_draft_field(draft, "X-Field", evil);
    smail_draft_from(draft, "\"x\r\nBcc: evil@x\r\n\" <a@b>");
    smail_draft_attach(draft, evil, "text/x", SMAIL__SPAN(""));
    smail_message *message = written(&raw, draft);
    smail_buf value = SMAIL_BUF_INIT;

    assert_int_equal(smail_message_header(&value, message, "Bcc", 0),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_message_header(&value, message, "Evil", 0),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_message_part_count(message), 3);
    smail_message_free(message);
    smail_buf_dispose(&raw);
}

static void what_cannot_be_sent_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 9; i++) {
        smail_draft *draft =
            smail_draft_new(i == 0 ? SMAIL__SPAN("short") : SEED);
        smail_buf raw = SMAIL_BUF_INIT;
        smail_error error;

        switch (i) {
        case 1:
            smail_draft_to(draft, "nobody");
            break;
        case 2:
            smail_draft_to(draft, "<a b@c>");
            break;
        case 3:
            smail_draft_to(draft, "\xc3\xa9@c");
            break;
        case 4:
            smail_draft_field(draft, "X Y", "v");
            break;
        case 5:
            smail_draft_field(draft, "X:\r\nY", "v");
            break;
        case 6:
            smail_draft_field(draft, "Content-Type", "v");
            break;
        case 7:
            smail_draft_attach(draft, "n", "a/b\r\nX: y", SMAIL__SPAN(""));
            break;
        case 8:
            smail_draft_attach(draft, "n", "multipart/mixed", SMAIL__SPAN(""));
            break;
        default:
            break;
        }
        smail_draft_subject(draft, "the first failure stays");
        assert_int_equal(smail_draft_write(&raw, draft, &error), SMAIL_EINVAL);
        assert_null(raw.data);
        smail_draft_free(draft);
    }
}

static void long_lines_and_odd_bytes_are_wrapped(void **state)
{
    smail_draft *draft = smail_draft_new(SEED);
    smail_buf raw = SMAIL_BUF_INIT;
    struct smail__buf text;

    (void)state;
    smail__buf_init(&text, 65536, NULL);
    for (int i = 0; i < 20000; i++)
        smail__buf_putc(&text, i % 1000 == 999 ? '\0' : 'x');
    smail__buf_puts(&text, "\xff\xfe\r\n");
    smail_draft_text(draft, smail__buf_span(&text));
    smail_message *message = written(&raw, draft);

    assert_part(message, 0, "text/plain", smail__buf_span(&text));
    smail_message_free(message);
    smail_buf_dispose(&raw);
    smail__buf_dispose(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_alone_is_one_part),
        cmocka_unit_test(all_that_is_given_comes_back),
        cmocka_unit_test(any_text_survives_in_a_field),
        cmocka_unit_test(mailboxes_come_back_with_their_names),
        cmocka_unit_test(no_value_begins_another_field),
        cmocka_unit_test(what_cannot_be_sent_is_refused),
        cmocka_unit_test(long_lines_and_odd_bytes_are_wrapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
