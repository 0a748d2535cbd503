/* SPDX-License-Identifier: MIT */
/* Options of the server session: which make sense, and whose memory it is. */
#include "smtp/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"

static smail_smtp_server_options plain(void)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;

    options.hostname = "mx.example";
    return options;
}

static int attempt(const smail_smtp_server_options *options)
{
    smail_smtp_server *session = NULL;
    int error = smail_smtp_server_new(&session, options);

    smail_smtp_server_free(session);
    return error;
}

static void what_makes_no_sense(void **state)
{
    smail_smtp_server_options options = plain();

    (void)state;
    assert_int_equal(attempt(&options), 0);
    options.offer_binarymime = true;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.offer_chunking = true;
    assert_int_equal(attempt(&options), 0);
    options.mt_priority_profile = "";
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.mt_priority_profile = "A B";
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.mt_priority_profile = "A\r\n";
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.mt_priority_profile = "STANAG4406";
    assert_int_equal(attempt(&options), 0);
}

static void limits_of_limits(void **state)
{
    smail_smtp_server_options options = plain();

    (void)state;
    options.max_mails = 1000000;
    assert_int_equal(attempt(&options), 0);
    options.offer_limits = true;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.max_mails = 999999;
    assert_int_equal(attempt(&options), 0);
    options.max_recipient_domains = 1000000;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.max_recipient_domains = 0;
    options.max_recipients = 1000000;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.max_recipients = 999999;
    assert_int_equal(attempt(&options), 0);
    options.min_deliver_by = 1000000000;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.min_deliver_by = 999999999;
    assert_int_equal(attempt(&options), 0);
}

static void future_release_has_two_limits(void **state)
{
    smail_smtp_server_options options = plain();

    (void)state;
    options.max_future_release_date = 1;
    assert_int_equal(attempt(&options), 0);
    options.max_future_release = 3600;
    assert_int_equal(attempt(&options), 0);
    options.max_future_release_date = 0;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.max_future_release_date = INT64_C(253402300800);
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
    options.max_future_release_date--;
    assert_int_equal(attempt(&options), 0);
    options.max_future_release = 1000000000;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
}

static void strings_are_copied(void **state)
{
    smail_smtp_server_options options = plain();
    char strings[4][10] = { "mx.here", "plain", "mixer", "ask" };
    smail_smtp_server *session = NULL;

    (void)state;
    options.hostname = strings[0];
    options.auth_mechanisms = strings[1];
    options.mt_priority_profile = strings[2];
    options.help_text = strings[3];
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    memset(strings, 'x', sizeof(strings));
    assert_string_equal(session->options.hostname, "mx.here");
    assert_string_equal(session->options.auth_mechanisms, "PLAIN");
    assert_string_equal(session->options.mt_priority_profile, "mixer");
    assert_string_equal(session->options.help_text, "ask");
    smail_smtp_server_free(session);
}

/* A caller built against an older header knows fewer fields. */
static void a_shorter_struct_is_filled_up(void **state)
{
    smail_smtp_server_options options = plain();

    (void)state;
    options.offer_binarymime = true;
    options.size = offsetof(smail_smtp_server_options, offer_chunking);
    assert_int_equal(attempt(&options), 0);
    options.size = 0;
    assert_int_equal(attempt(&options), SMAIL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_no_sense),
        cmocka_unit_test(limits_of_limits),
        cmocka_unit_test(future_release_has_two_limits),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test(a_shorter_struct_is_filled_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
