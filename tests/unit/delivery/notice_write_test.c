/* SPDX-License-Identifier: MIT */
/* What a delivery status notification says. */
#include <smtpmail/smtp_client.h>

#include "base/span.h"
#include "delivery/notice.h"
#include "unit.h"

#define AT ((int64_t)1800000000) /* Fri, 15 Jan 2027 08:00:00 +0000 */

struct fixture {
    struct smail__queue_message message;
    struct smail__queue_recipient recipients[2];
    struct smail__settled settled[2];
    struct smail__settlement settlement;
    struct smail__notice notice;
    struct smail__buf text;
};

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->message.sender = SMAIL__SPAN("alice@here.test");
    f->message.envelope_id = SMAIL__SPAN("E+1");
    f->message.message_id = SMAIL__SPAN("<m1@here.test>");
    f->message.subject = SMAIL__SPAN("Tomorrow");
    f->message.created_at = AT;
    f->message.expires_at = AT + 432000;
    f->recipients[0].recipient = SMAIL__SPAN("bob@example.org");
    f->recipients[0].original_recipient = SMAIL__SPAN("rfc822;Bob@example.org");
    f->recipients[1].recipient = SMAIL__SPAN("carol@example.org");
    f->settled[0] = (struct smail__settled){
        .result = { .outcome = SMAIL_QUEUE_REFUSED,
                    .ended_at = AT + 60,
                    .host = SMAIL__SPAN("mx.example.org"),
                    .address = SMAIL__SPAN("192.0.2.1"),
                    .reply = SMAIL__SPAN("550 5.1.1 no such user") },
        .recipient = &f->recipients[0],
        .code = 550,
        .status = SMAIL__SPAN("5.1.1"),
        .is_remote = true,
        .told = SMAIL__TOLD_FAILURE,
    };
    f->settled[1] = f->settled[0];
    f->settled[1].recipient = &f->recipients[1];
    f->settled[1].told = 0;
    f->settlement = (struct smail__settlement){
        .message = &f->message,
        .destination = SMAIL__SPAN("example.org"),
        .now = AT + 61,
        .list = f->settled,
        .count = 2,
    };
    f->notice = (struct smail__notice){
        .settlement = &f->settlement,
        .hostname = "mail.here.test",
        .message_id = "n1@mail.here.test",
        .boundary = "=_b",
        .header = SMAIL__SPAN("Subject: Tomorrow\r\nX-One: 1\r\n\r\n"),
        .body = SMAIL__SPAN("the body of it\r\n"),
    };
    smail__buf_init(&f->text, 1024 * 1024, NULL);
}

static const char *text_of(struct fixture *f)
{
    smail__buf_clear(&f->text);
    assert_int_equal(smail__notice_write(&f->text, &f->notice, NULL), 0);
    return f->text.data;
}

static void has(struct fixture *f, const char *what)
{
    if (strstr(text_of(f), what) == NULL) {
        print_error("'%s' is not in:\n%s\n", what, f->text.data);
        fail();
    }
}

static void has_not(struct fixture *f, const char *what)
{
    if (strstr(text_of(f), what) != NULL) {
        print_error("'%s' is in:\n%s\n", what, f->text.data);
        fail();
    }
}

/* Lines end with CRLF, none is longer than 998, and nothing is behind the
 * end. */
static void is_canonical(struct fixture *f)
{
    const char *text = text_of(f);
    size_t len = f->text.len, line = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            assert_true(i > 0 && text[i - 1] == '\r');
            line = 0;
            continue;
        }
        assert_true(text[i] != '\r' || text[i + 1] == '\n');
        assert_int_not_equal(text[i], '\0');
        assert_true(++line <= 999);
    }
    assert_string_equal(text + len - 9, "--=_b--\r\n");
}

static void end(struct fixture *f)
{
    is_canonical(f);
    smail__buf_dispose(&f->text);
}

static void a_failure(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    has(&f, "From: Mail delivery <MAILER-DAEMON@mail.here.test>\r\n"
            "To: <alice@here.test>\r\n"
            "Subject: Your message could not be delivered\r\n"
            "Date: Fri, 15 Jan 2027 08:01:01 +0000\r\n"
            "Message-ID: <n1@mail.here.test>\r\n"
            "In-Reply-To: <m1@here.test>\r\n");
    has(&f, "Auto-Submitted: auto-replied\r\n");
    has(&f, "Content-Type: multipart/report; report-type=delivery-status;\r\n");
    has(&f, "Content-Type: message/delivery-status\r\n\r\n"
            "Original-Envelope-Id: E+1\r\n"
            "Reporting-MTA: dns; mail.here.test\r\n"
            "Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n\r\n"
            "Original-Recipient: rfc822; Bob@example.org\r\n"
            "Final-Recipient: rfc822; bob@example.org\r\n"
            "Action: failed\r\n"
            "Status: 5.1.1\r\n"
            "Remote-MTA: dns; mx.example.org\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
            "Last-Attempt-Date: Fri, 15 Jan 2027 08:01:00 +0000\r\n");
    has_not(&f, "Will-Retry-Until");
    has_not(&f, "carol"); /* nobody has to be told of her */
    end(&f);
}

/* Somebody who reads only the first lines knows. */
static void people_come_first(void **state)
{
    struct fixture f;
    const char *text;

    (void)state;
    begin(&f);
    text = text_of(&f);
    assert_true(strstr(text, "Not delivered to bob@example.org") <
                strstr(text, "message/delivery-status"));
    has(&f, "Nobody has that address there.");
    has(&f, "mx.example.org [192.0.2.1] said:\r\n"
            "    550 5.1.1 no such user\r\n");
    has(&f, "What you can do:");
    has(&f, "Tomorrow");
    end(&f);
}

static void two_recipients(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.settled[1].told = SMAIL__TOLD_FAILURE;
    has(&f, "Final-Recipient: rfc822; bob@example.org\r\n");
    has(&f, "\r\n\r\nFinal-Recipient: rfc822; carol@example.org\r\n");
    has(&f, "Not delivered to carol@example.org");
    end(&f);
}

static void a_delay(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.settled[0].told = SMAIL__TOLD_DELAY;
    f.settled[0].result.outcome = SMAIL_QUEUE_PUT_OFF;
    f.settled[0].status = SMAIL__SPAN("4.2.0");
    has(&f, "Subject: Your message is delayed\r\n");
    has(&f, "Action: delayed\r\nStatus: 4.2.0\r\n");
    has(&f, "Will-Retry-Until: Wed, 20 Jan 2027 08:00:00 +0000\r\n");
    has(&f, "We go on trying");
    has_not(&f, "could not be delivered");
    end(&f);
}

static void good_news(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.settled[0].result.outcome = SMAIL_QUEUE_TAKEN;
    f.settled[0].result.reply = SMAIL__SPAN("250 2.0.0 taken");
    f.settled[0].code = 250;
    f.settled[0].status = SMAIL__SPAN("2.0.0");
    f.settled[0].told = SMAIL__TOLD_RELAYED;
    has(&f, "Subject: Your message was passed on\r\n");
    has(&f, "Action: relayed\r\nStatus: 2.0.0\r\n");
    f.settled[0].told = SMAIL__TOLD_SUCCESS;
    has(&f, "Subject: Your message was delivered\r\n");
    has(&f, "Action: delivered\r\n");
    end(&f);
}

/* What was our own word is no reply of SMTP (RFC 3464, 2.3.6). */
static void our_own_word(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.settled[0].code = 0;
    f.settled[0].is_remote = false;
    f.settled[0].status = SMAIL__SPAN("4.4.7");
    f.settled[0].result.outcome = SMAIL_QUEUE_GIVEN_UP;
    f.settled[0].result.host = SMAIL__SPAN("");
    f.settled[0].result.address = SMAIL__SPAN("");
    f.settled[0].result.reply = SMAIL__SPAN("no answer in time");
    has(&f, "Diagnostic-Code: x-smtpmail; no answer in time\r\n");
    has_not(&f, "Remote-MTA");
    has(&f, "Time is up");
    end(&f);
}

/* Folded between words, and none is lost by it. */
static void a_long_reply(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.settled[0].result.reply = SMAIL__SPAN(
        "550 5.1.1 <bob@example.org>: Recipient address rejected: no such user "
        "is known here, nor was one ever");
    has(&f, "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.org>: Recipient "
            "address\r\n"
            " rejected: no such user is known here, nor was one ever\r\n");
    end(&f);
}

/* RET (RFC 3461, 4.3). */
static void header_or_whole(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    has(&f, "Content-Type: text/rfc822-headers\r\n\r\n"
            "Subject: Tomorrow\r\nX-One: 1\r\n");
    has_not(&f, "the body of it");
    f.notice.whole = true;
    has(&f, "Content-Type: message/rfc822\r\n");
    has(&f, "X-One: 1\r\n\r\nthe body of it\r\n");
    f.notice.header = SMAIL__SPAN("");
    f.notice.whole = false;
    has_not(&f, "rfc822-headers");
    end(&f);
}

/* RFC 6533: addresses in UTF-8, in types that allow for them. */
static void in_utf8(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.recipients[0].recipient = SMAIL__SPAN("b\xc3\xb6"
                                            "b@example.org");
    f.recipients[0].original_recipient = SMAIL__SPAN("utf-8;b\xc3\xb6"
                                                     "b@example.org");
    has(&f, "Content-Type: message/global-delivery-status\r\n"
            "Content-Transfer-Encoding: 8bit\r\n");
    has(&f, "Final-Recipient: utf-8; b\xc3\xb6"
            "b@example.org\r\n");
    has(&f, "Original-Recipient: utf-8; b\xc3\xb6"
            "b@example.org\r\n");
    has(&f, "Content-Type: message/global-headers\r\n");
    f.notice.whole = true;
    has(&f, "Content-Type: message/global\r\n");
    end(&f);
}

/* Whatever a host said, it does not get out of its line. */
static void hostile_replies(void **state)
{
    static char endless[4000];
    struct fixture f;

    (void)state;
    begin(&f);
    f.settled[0].result.reply =
        SMAIL__SPAN("550 a\r\nAction: delivered\r\n\r\n--=_b--\r\nb\x01\x1b");
    has_not(&f, "\nAction: delivered");
    has_not(&f, "\r\n--=_b--\r\nb");
    has_not(&f, "\x1b");
    memset(endless, 'x', sizeof(endless));
    f.settled[0].result.reply = (smail_span){ endless, sizeof(endless) };
    is_canonical(&f);
    f.message.subject = SMAIL__SPAN("a\r\nBcc: everybody\r\n\x02");
    has_not(&f, "\nBcc: everybody");
    f.message.message_id = SMAIL__SPAN("<a\r\nBcc: x@y>");
    has_not(&f, "\nBcc: x@y");
    end(&f);
}

/* A reply beyond ASCII needs a body that may hold it. */
static void replies_beyond_ascii(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.settled[0].result.reply = SMAIL__SPAN("550 kein Empf\xc3\xa4nger");
    has(&f, "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n");
    has(&f, "Content-Type: message/delivery-status\r\n\r\n");
    has(&f, "Diagnostic-Code: smtp; 550 kein Empf?nger\r\n");
    end(&f);
}

/* It was not sent for what it holds; the notice of it has to be. */
static void originals_that_cannot_be_sent(void **state)
{
    static char body[3000];
    struct fixture f;

    (void)state;
    begin(&f);
    memset(body, 'x', sizeof(body));
    memcpy(body + 10, "a\rb\nc\0d\r\ne", 11);
    f.notice.whole = true;
    f.notice.body = (smail_span){ body, sizeof(body) };
    has(&f, "a\r\nb\r\nc?d\r\ne");
    f.notice.header = SMAIL__SPAN("Subject: a\nX: \xe4\r\n\r\n");
    f.notice.whole = false;
    has(&f, "Subject: a\r\nX: \xe4\r\n\r\n");
    has(&f, "text/rfc822-headers\r\nContent-Transfer-Encoding: 8bit\r\n");
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure),
        cmocka_unit_test(people_come_first),
        cmocka_unit_test(two_recipients),
        cmocka_unit_test(a_delay),
        cmocka_unit_test(good_news),
        cmocka_unit_test(our_own_word),
        cmocka_unit_test(a_long_reply),
        cmocka_unit_test(header_or_whole),
        cmocka_unit_test(in_utf8),
        cmocka_unit_test(hostile_replies),
        cmocka_unit_test(replies_beyond_ascii),
        cmocka_unit_test(originals_that_cannot_be_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
