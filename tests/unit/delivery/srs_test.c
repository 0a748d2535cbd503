/* SPDX-License-Identifier: MIT */
/* A forwarded sender leads back to where it came from, and nothing else does. */
#include "delivery/srs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

#define NOW ((int64_t)1800000000)
#define DAY 86400

static const unsigned char secret[SMAIL__SRS_SECRET_LEN] = { 1, 2, 3 };

static smail_path path_of(const char *text)
{
    smail_path path = { { NULL, 0 }, { NULL, 0 } };

    assert_int_equal(smail_path_parse(&path, smail__span(text), true), 0);
    return path;
}

static int forward(char out[SMAIL__SRS_ROOM], const char *sender)
{
    smail_path path = path_of(sender);

    return smail__srs_forward(out, &path, SMAIL__SPAN("ours.test"), secret,
                              NOW);
}

static int reverse(char out[SMAIL__SRS_ROOM], const char *address, int64_t now)
{
    smail_path path = path_of(address);

    return smail__srs_reverse(out, path.local, secret, now);
}

static void a_sender_comes_back(void **state)
{
    char there[SMAIL__SRS_ROOM], back[SMAIL__SRS_ROOM];

    (void)state;
    assert_int_equal(forward(there, "Bob=x@example.org"), 0);
    assert_memory_equal(there, "SRS0=", 5);
    assert_int_equal(reverse(back, there, NOW + 20 * DAY), 0);
    assert_string_equal(back, "Bob=x@example.org");
}

static void a_changed_case_still_leads_back(void **state)
{
    char there[SMAIL__SRS_ROOM], back[SMAIL__SRS_ROOM];

    (void)state;
    assert_int_equal(forward(there, "bob@example.org"), 0);
    for (char *c = there; *c != '\0'; c++)
        *c = smail__lower(*c);
    assert_int_equal(reverse(back, there, NOW), 0);
    assert_string_equal(back, "bob@example.org");
}

static void a_second_forwarder_remembers_the_first(void **state)
{
    char there[SMAIL__SRS_ROOM], back[SMAIL__SRS_ROOM];

    (void)state;
    assert_int_equal(forward(there, "SRS0=ab=CD=far.test=eve@first.test"), 0);
    assert_memory_equal(there, "SRS1=", 5);
    assert_int_equal(reverse(back, there, NOW), 0);
    assert_string_equal(back, "SRS0=ab=CD=far.test=eve@first.test");
    assert_int_equal(
        forward(there, "SRS1=zz=first.test==ab=CD=far.test=eve@second.test"),
        0);
    assert_int_equal(reverse(back, there, NOW), 0);
    assert_string_equal(back, "SRS0=ab=CD=far.test=eve@first.test");
}

/* Mail that comes by twice leads all the way back. */
static void a_round_trip_comes_back(void **state)
{
    char there[SMAIL__SRS_ROOM], again[SMAIL__SRS_ROOM], back[SMAIL__SRS_ROOM];

    (void)state;
    assert_int_equal(forward(there, "bob@example.org"), 0);
    assert_int_equal(forward(again, there), 0);
    assert_memory_equal(again, "SRS1=", 5);
    assert_int_equal(reverse(back, again, NOW), 0);
    assert_string_equal(back, "bob@example.org");
    assert_int_equal(reverse(back, again, NOW + 22 * 86400), 0);
    assert_memory_equal(back, "SRS0=", 5); /* which is too old by now */
}

static void what_we_did_not_make_is_refused(void **state)
{
    char there[SMAIL__SRS_ROOM], back[SMAIL__SRS_ROOM];

    (void)state;
    assert_int_equal(reverse(back, "SRS0=AAAAAAAA=BB=x.test=y@ours.test", NOW),
                     SMAIL_EAUTH);
    assert_int_equal(forward(there, "bob@example.org"), 0);
    there[6] = there[6] == 'A' ? 'B' : 'A';
    assert_int_equal(reverse(back, there, NOW), SMAIL_EAUTH);
    assert_int_equal(reverse(back, "bob@ours.test", NOW), SMAIL_EAUTH);
}

static void what_is_too_old_is_refused(void **state)
{
    char there[SMAIL__SRS_ROOM], back[SMAIL__SRS_ROOM];

    (void)state;
    assert_int_equal(forward(there, "bob@example.org"), 0);
    assert_int_equal(reverse(back, there, NOW + SMAIL__SRS_DAYS * DAY), 0);
    assert_int_equal(reverse(back, there, NOW + (SMAIL__SRS_DAYS + 1) * DAY),
                     SMAIL_EAUTH);
}

static void what_does_not_fit_is_told(void **state)
{
    char there[SMAIL__SRS_ROOM];
    smail_path none = { { NULL, 0 }, { NULL, 0 } };

    (void)state;
    assert_int_equal(forward(there, "abcdefghijklmnopqrstuvwxyz0123456789@"
                                    "a-rather-long-name.example.org"),
                     SMAIL_ELIMIT);
    assert_int_equal(
        smail__srs_forward(there, &none, SMAIL__SPAN("ours.test"), secret, NOW),
        0);
    assert_string_equal(there, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sender_comes_back),
        cmocka_unit_test(a_changed_case_still_leads_back),
        cmocka_unit_test(a_second_forwarder_remembers_the_first),
        cmocka_unit_test(a_round_trip_comes_back),
        cmocka_unit_test(what_we_did_not_make_is_refused),
        cmocka_unit_test(what_is_too_old_is_refused),
        cmocka_unit_test(what_does_not_fit_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
