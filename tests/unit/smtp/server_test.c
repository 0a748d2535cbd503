/* SPDX-License-Identifier: MIT */
/*
 * The server session as its caller sees it: options, states, memory. What it
 * says on the wire is tested by the dialogues in tests/sessions.
 */
#include "smtp/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "smtp/memory.h"

/* What an idle session may cost, its buffers included. */
#define IDLE_MAX 2048

static smail_smtp_server *session_new(void)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session = NULL;

    options.hostname = "mx.example";
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    return session;
}

/* Feed all of `text`, accepting everything; the last event. */
static smail_smtp_event_type say(smail_smtp_server *session, const char *text)
{
    smail_span input = smail__span(text);
    const smail_smtp_event *event;

    for (;;) {
        assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
        if (event->type == SMAIL_SMTP_NEED_INPUT ||
            event->type == SMAIL_SMTP_WAIT)
            return event->type;
        if (smail_smtp_server_accept(session) != 0 && input.len == 0)
            return event->type;
    }
}

static smail_smtp_event_type feed_once(smail_smtp_server *session,
                                       const char *text)
{
    smail_span input = smail__span(text);
    const smail_smtp_event *event;

    assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
    return event->type;
}

static void drain(smail_smtp_server *session)
{
    smail_smtp_server_sent(session, smail_smtp_server_output(session).len);
}

static void options_are_checked(void **state)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session = NULL;

    (void)state;
    assert_int_equal(smail_smtp_server_new(&session, &options), SMAIL_EINVAL);
    options.hostname = "bad name\r\n";
    assert_int_equal(smail_smtp_server_new(&session, &options), SMAIL_EINVAL);
    options.hostname = "mx.example";
    options.auth_mechanisms = "PLAIN  LOGIN";
    assert_int_equal(smail_smtp_server_new(&session, &options), SMAIL_EINVAL);
    options.auth_mechanisms = "";
    assert_int_equal(smail_smtp_server_new(&session, &options), SMAIL_EINVAL);
    options.auth_mechanisms = "PLAIN\r\n";
    assert_int_equal(smail_smtp_server_new(&session, &options), SMAIL_EINVAL);
    options.auth_mechanisms = NULL;
    options.require_auth = true;
    assert_int_equal(smail_smtp_server_new(&session, &options), SMAIL_EINVAL);
    options.require_auth = false;
    options.size = 0;
    assert_int_equal(smail_smtp_server_new(&session, &options), SMAIL_EINVAL);
    assert_null(session);
    smail_smtp_server_free(NULL);
}

static void shorter_options_are_those_of_an_older_caller(void **state)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session = NULL;

    (void)state;
    options.hostname = "mx.example";
    options.require_auth = true; /* lies behind what `size` covers */
    options.size = offsetof(smail_smtp_server_options, max_message_size);
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    assert_int_equal(session->options.max_recipients, 100);
    assert_false(session->options.require_auth);
    smail_smtp_server_free(session);
}

static void strings_are_copied(void **state)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    char name[] = "mx.example";
    char mechanisms[] = "plain";
    smail_smtp_server *session;

    (void)state;
    options.hostname = name;
    options.auth_mechanisms = mechanisms;
    options.auth_without_tls = true;
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    memset(name, 'x', sizeof(name));
    memset(mechanisms, 'x', sizeof(mechanisms));
    say(session, "EHLO c.example\r\n");
    assert_non_null(
        strstr(smail_smtp_server_output(session).data, "220 mx.example ESMTP"));
    assert_non_null(
        strstr(smail_smtp_server_output(session).data, "AUTH PLAIN\r\n"));
    smail_smtp_server_free(session);
}

static void answers_need_a_question(void **state)
{
    smail_smtp_server *session = session_new();

    (void)state;
    assert_int_equal(smail_smtp_server_accept(session), SMAIL_ESTATE);
    assert_int_equal(smail_smtp_server_reject(session, 550, NULL, "no"),
                     SMAIL_ESTATE);
    assert_int_equal(smail_smtp_server_challenge(session, SMAIL__SPAN("x")),
                     SMAIL_ESTATE);
    assert_int_equal(
        smail_smtp_server_reject_recipient(session, 0, 550, NULL, "no"),
        SMAIL_ESTATE);
    assert_int_equal(feed_once(session, ""), SMAIL_SMTP_CONNECT);
    assert_int_equal(feed_once(session, "QUIT\r\n"), SMAIL_SMTP_WAIT);
    assert_int_equal(smail_smtp_server_reject(session, 250, NULL, "no"),
                     SMAIL_EINVAL);
    assert_int_equal(smail_smtp_server_reject(session, 600, NULL, "no"),
                     SMAIL_EINVAL);
    assert_int_equal(smail_smtp_server_reject(session, 550, "4.0.0", "no"),
                     SMAIL_EINVAL);
    assert_int_equal(smail_smtp_server_reject(session, 550, "x", "no"),
                     SMAIL_EINVAL);
    assert_int_equal(smail_smtp_server_accept_with(session, "5.0.0", "yes"),
                     SMAIL_EINVAL);
    assert_int_equal(smail_smtp_server_accept(session), 0);
    assert_int_equal(smail_smtp_server_accept(session), SMAIL_ESTATE);
    smail_smtp_server_free(session);
}

static void nothing_is_consumed_while_it_waits(void **state)
{
    smail_smtp_server *session = session_new();
    smail_span input = SMAIL__SPAN("EHLO c.example\r\nNOOP\r\n");
    const smail_smtp_event *event;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
        assert_int_equal(input.len, 22);
    }
    assert_int_equal(smail_smtp_server_accept(session), 0);
    assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
    assert_int_equal(event->type, SMAIL_SMTP_HELO);
    assert_int_equal(input.len, 6);
    assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
    assert_int_equal(event->type, SMAIL_SMTP_WAIT);
    assert_int_equal(input.len, 6);
    smail_smtp_server_free(session);
}

static void a_client_that_does_not_read_is_not_read(void **state)
{
    smail_smtp_server *session = session_new();
    const smail_smtp_event *event;
    smail_span input;

    (void)state;
    say(session, "EHLO c.example\r\n");
    drain(session);
    for (int i = 0; i < 990; i++) {
        input = SMAIL__SPAN("HELP\r\n");
        assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
    }
    assert_int_equal(event->type, SMAIL_SMTP_WAIT);
    assert_int_equal(input.len, 6);
    assert_true(smail_smtp_server_output(session).len < 9000);
    drain(session);
    assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
    assert_int_equal(event->type, SMAIL_SMTP_NEED_INPUT);
    assert_int_equal(input.len, 0);
    smail_smtp_server_free(session);
}

static void close_comes_once(void **state)
{
    smail_smtp_server *session = session_new();

    (void)state;
    say(session, "");
    assert_int_equal(feed_once(session, "QUIT\r\nNOOP\r\n"), SMAIL_SMTP_CLOSE);
    assert_int_equal(feed_once(session, "NOOP\r\n"), SMAIL_SMTP_WAIT);
    assert_int_equal(smail_smtp_server_abandon(session, NULL, NULL), 0);
    assert_int_equal(feed_once(session, ""), SMAIL_SMTP_WAIT);
    drain(session);
    assert_int_equal(smail_smtp_server_output(session).len, 0);
    smail_smtp_server_free(session);
}

static void content_points_into_the_input(void **state)
{
    smail_smtp_server *session = session_new();
    smail_span input = SMAIL__SPAN("line one\r\nline two\r\n");
    const smail_smtp_event *event;

    (void)state;
    say(session, "EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    const char *start = input.data;

    assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
    assert_int_equal(event->type, SMAIL_SMTP_BODY);
    assert_ptr_equal(event->body.data, start);
    assert_int_equal(event->body.len, 20);
    smail_smtp_server_free(session);
}

static void it_knows_what_it_was_told(void **state)
{
    smail_smtp_server *session = session_new();

    (void)state;
    assert_int_equal(smail_smtp_server_helo(session).len, 0);
    assert_false(smail_smtp_server_is_extended(session));
    say(session, "HELO a.example\r\n");
    assert_true(smail__span_is(smail_smtp_server_helo(session), "a.example"));
    assert_false(smail_smtp_server_is_extended(session));
    say(session, "EHLO longer.b.example\r\nMAIL FROM:<>\r\n");
    assert_true(
        smail__span_is(smail_smtp_server_helo(session), "longer.b.example"));
    assert_true(smail_smtp_server_is_extended(session));
    assert_true(smail_smtp_server_in_transaction(session));
    assert_false(smail_smtp_server_is_secured(session));
    assert_false(smail_smtp_server_is_authenticated(session));
    assert_true(smail_smtp_server_patience(session) >= 300);
    smail_smtp_server_free(session);
}

static void a_refused_helo_changes_nothing(void **state)
{
    smail_smtp_server *session = session_new();

    (void)state;
    say(session, "EHLO a.example\r\nMAIL FROM:<>\r\n");
    assert_int_equal(feed_once(session, "EHLO b.example\r\n"), SMAIL_SMTP_HELO);
    assert_int_equal(smail_smtp_server_reject(session, 550, NULL, "no"), 0);
    assert_true(smail__span_is(smail_smtp_server_helo(session), "a.example"));
    assert_true(smail_smtp_server_in_transaction(session));
    smail_smtp_server_free(session);
}

static void secured_has_its_time(void **state)
{
    smail_smtp_server *session = session_new();

    (void)state;
    assert_int_equal(smail_smtp_server_secured(session), 0);
    assert_true(smail_smtp_server_is_secured(session));
    say(session, "EHLO a.example\r\n");
    assert_int_equal(smail_smtp_server_secured(session), SMAIL_ESTATE);
    smail_smtp_server_free(session);
}

static void an_idle_session_is_small(void **state)
{
    struct meter meter = { 0 };
    const smail_mem mem = meter_mem(&meter);
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session;

    (void)state;
    options.hostname = "mx.example";
    options.mem = &mem;
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    assert_true(meter.asked < 1024);
    say(session, "EHLO c.example\r\nMAIL FROM:<a@b>\r\n");
    drain(session);
    assert_true(meter.asked < IDLE_MAX);
    smail_smtp_server_free(session);
    assert_int_equal(meter.live, 0);
}

/* The mail was taken: a client must not hear that it was not. */
static void a_taken_mail_is_confirmed_without_memory(void **state)
{
    struct meter meter = { 0 };
    const smail_mem mem = meter_mem(&meter);
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session;
    char text[6000];

    (void)state;
    options.hostname = "mx.example";
    options.mem = &mem;
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    say(session, "EHLO c.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n");
    drain(session);
    assert_int_equal(feed_once(session, ".\r\n"), SMAIL_SMTP_END_OF_DATA);
    memset(text, 'x', sizeof(text));
    for (size_t i = 400; i < sizeof(text); i += 400)
        text[i] = '\n';
    text[sizeof(text) - 1] = '\0';
    meter.fail_at = meter.calls + 1;
    assert_int_equal(smail_smtp_server_accept_with(session, NULL, text), 0);
    assert_true(meter.calls >= meter.fail_at);
    assert_true(
        smail__span_is(smail_smtp_server_output(session), "250 2.0.0 OK\r\n"));
    assert_int_equal(feed_once(session, "NOOP\r\n"), SMAIL_SMTP_NEED_INPUT);
    smail_smtp_server_free(session);
    assert_int_equal(meter.live, 0);
}

static void a_long_challenge_is_not_sent(void **state)
{
    static char much[20000];
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session;

    (void)state;
    options.hostname = "mx.example";
    options.auth_mechanisms = "PLAIN";
    options.auth_without_tls = true;
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    say(session, "EHLO c.example\r\n");
    assert_int_equal(feed_once(session, "AUTH PLAIN\r\n"), SMAIL_SMTP_AUTH);
    assert_int_equal(smail_smtp_server_challenge(
                         session, (smail_span){ much, sizeof(much) }),
                     SMAIL_EINVAL);
    assert_int_equal(
        smail_smtp_server_challenge(session, (smail_span){ much, 9000 }), 0);
    smail_smtp_server_free(session);
}

static void abandoning_checks_its_words(void **state)
{
    smail_smtp_server *session = session_new();

    (void)state;
    say(session, "");
    drain(session);
    assert_int_equal(smail_smtp_server_abandon(session, "5.0.0", "x"),
                     SMAIL_EINVAL);
    assert_int_equal(smail_smtp_server_abandon(session, NULL, NULL), 0);
    assert_true(smail__span_is(smail_smtp_server_output(session),
                               "421 4.0.0 Closing connection\r\n"));
    assert_int_equal(feed_once(session, "NOOP\r\n"), SMAIL_SMTP_CLOSE);
    smail_smtp_server_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(shorter_options_are_those_of_an_older_caller),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(answers_need_a_question),
        cmocka_unit_test(nothing_is_consumed_while_it_waits),
        cmocka_unit_test(a_client_that_does_not_read_is_not_read),
        cmocka_unit_test(close_comes_once),
        cmocka_unit_test(content_points_into_the_input),
        cmocka_unit_test(it_knows_what_it_was_told),
        cmocka_unit_test(a_refused_helo_changes_nothing),
        cmocka_unit_test(secured_has_its_time),
        cmocka_unit_test(an_idle_session_is_small),
        cmocka_unit_test(a_taken_mail_is_confirmed_without_memory),
        cmocka_unit_test(a_long_challenge_is_not_sent),
        cmocka_unit_test(abandoning_checks_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
