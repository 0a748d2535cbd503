/* SPDX-License-Identifier: MIT */
/* Wrong passwords slow down and ban, and nobody else is concerned. */
#include "server/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/span.h"

#define ALICE SMAIL__SPAN("alice@example.org")
#define BOB SMAIL__SPAN("bob@example.org")

static struct smail__endpoint at(const char *text)
{
    struct smail__endpoint endpoint;

    assert_int_equal(smail__endpoint_parse(&endpoint, smail__span(text), NULL),
                     0);
    return endpoint;
}

static struct smail__guard *guard_of(uint32_t failures, uint32_t ban,
                                     const char *exempt)
{
    struct smail__guard *guard = NULL;

    assert_int_equal(smail__guard_new(&guard, failures, ban, exempt, NULL), 0);
    return guard;
}

static unsigned begin(struct smail__guard *guard,
                      const struct smail__endpoint *peer, smail_span user,
                      int64_t now)
{
    unsigned rank = 0;

    assert_int_equal(smail__guard_begin(&rank, guard, peer, user, now), 0);
    return rank;
}

static uint32_t guess(struct smail__guard *guard,
                      const struct smail__endpoint *peer, smail_span user,
                      int64_t now)
{
    begin(guard, peer, user, now);
    smail__guard_end(guard, peer);
    return smail__guard_fail(guard, peer, user, 1, now);
}

static void each_failure_is_answered_later(void **state)
{
    static const uint32_t delays[] = { 1000, 1000,  1000,  2000, 4000,
                                       8000, 16000, 30000, 30000 };
    struct smail__guard *guard = guard_of(20, 900, "");
    struct smail__endpoint a = at("192.0.2.1:1"), b = at("192.0.2.2:1");

    (void)state;
    for (size_t i = 0; i < sizeof(delays) / sizeof(*delays); i++)
        assert_int_equal(guess(guard, &a, ALICE, 100), delays[i]);
    assert_int_equal(guess(guard, &b, BOB, 100), 1000);
    /* One a minute is forgiven. */
    assert_int_equal(guess(guard, &a, BOB, 100 + 6 * 60), 2000);
    assert_int_equal(guess(guard, &a, BOB, 100 + 3600), 1000);
    smail__guard_free(guard);
}

static void too_many_ban_the_address_until_the_ban_ends(void **state)
{
    struct smail__guard *guard = guard_of(3, 900, "");
    struct smail__endpoint a = at("192.0.2.1:1"), b = at("192.0.2.2:1");
    struct smail__endpoint mapped = at("[::ffff:192.0.2.1]:1");

    (void)state;
    guess(guard, &a, ALICE, 100);
    guess(guard, &a, BOB, 100);
    assert_false(smail__guard_is_banned(guard, &a, 100));
    guess(guard, &a, ALICE, 100);
    assert_true(smail__guard_is_banned(guard, &a, 100));
    assert_true(smail__guard_is_banned(guard, &mapped, 999));
    assert_false(smail__guard_is_banned(guard, &b, 100));
    assert_false(smail__guard_is_banned(guard, &a, 1000));
    guess(guard, &a, ALICE, 1000);
    assert_false(smail__guard_is_banned(guard, &a, 1000));
    smail__guard_free(guard);
}

static void one_site_of_ipv6_is_one_address(void **state)
{
    struct smail__guard *guard = guard_of(1, 900, "");
    struct smail__endpoint a = at("[2001:db8:1:2::1]:1");
    struct smail__endpoint b = at("[2001:db8:1:2:ffff::9]:1");
    struct smail__endpoint c = at("[2001:db8:1:3::1]:1");

    (void)state;
    guess(guard, &a, ALICE, 100);
    assert_true(smail__guard_is_banned(guard, &b, 100));
    assert_false(smail__guard_is_banned(guard, &c, 100));
    smail__guard_free(guard);
}

static void the_exempt_are_slowed_on_their_connection_alone(void **state)
{
    struct smail__guard *guard = guard_of(2, 900, "127.0.0.0/8 ::1");
    struct smail__endpoint a = at("127.0.0.1:1");
    unsigned rank;

    (void)state;
    for (int i = 0; i < 15; i++)
        assert_int_equal(guess(guard, &a, ALICE, 100), 1000);
    assert_false(smail__guard_is_banned(guard, &a, 100));
    assert_int_equal(smail__guard_fail(guard, &a, BOB, 5, 100), 4000);
    for (int i = 0; i < 20; i++)
        assert_int_equal(smail__guard_begin(&rank, guard, &a, ALICE, 100), 0);
    smail__guard_free(guard);
}

/* Wherever the guesses come from; a right password is not slowed at all. */
static void an_account_under_attack_answers_late(void **state)
{
    struct smail__guard *guard = guard_of(20, 900, "");

    (void)state;
    for (int i = 1; i <= 20; i++) {
        struct smail__endpoint peer = at("192.0.2.0:1");

        peer.address[3] = (unsigned char)i;
        assert_int_equal(guess(guard, &peer, ALICE, 100), 1000);
    }
    struct smail__endpoint other = at("198.51.100.1:1");

    assert_int_equal(guess(guard, &other, ALICE, 100), 8000);
    assert_int_equal(guess(guard, &other, BOB, 100), 1000);
    smail__guard_free(guard);
}

static void the_known_go_before_strangers_and_those_before_guessers(
    void **state)
{
    struct smail__guard *guard = guard_of(20, 900, "");
    struct smail__endpoint a = at("192.0.2.1:1"), b = at("192.0.2.2:1");
    struct smail__endpoint c = at("192.0.2.3:1");
    unsigned known, stranger, guesser;

    (void)state;
    smail__guard_pass(guard, &a, ALICE, 100);
    guess(guard, &b, ALICE, 100);
    known = begin(guard, &a, SMAIL__SPAN("ALICE@example.org"), 200);
    stranger = begin(guard, &c, ALICE, 200);
    guesser = begin(guard, &b, ALICE, 130);
    assert_int_equal(known, SMAIL__GUARD_RANK_KNOWN);
    assert_true(known < stranger && stranger < guesser);
    smail__guard_end(guard, &a);
    /* The same place, another account; and a month later. */
    assert_true(begin(guard, &a, BOB, 200) > known);
    smail__guard_end(guard, &a);
    assert_true(begin(guard, &a, ALICE, 200 + 31 * 86400) > known);
    smail__guard_free(guard);
}

static void only_so_many_of_one_address_wait(void **state)
{
    struct smail__guard *guard = guard_of(20, 900, "");
    struct smail__endpoint a = at("192.0.2.1:1"), b = at("192.0.2.2:1");
    unsigned rank;

    (void)state;
    for (int i = 0; i < SMAIL__GUARD_PENDING_MAX; i++)
        begin(guard, &a, ALICE, 100);
    assert_int_equal(smail__guard_begin(&rank, guard, &a, ALICE, 100),
                     SMAIL_EBUSY);
    begin(guard, &b, ALICE, 100);
    smail__guard_end(guard, &a);
    begin(guard, &a, ALICE, 100);
    smail__guard_free(guard);
}

static void a_flood_of_addresses_does_not_lift_a_ban(void **state)
{
    struct smail__guard *guard = guard_of(3, 100000, "");
    struct smail__endpoint a = at("192.0.2.1:1"), other = at("10.0.0.0:1");

    (void)state;
    for (int i = 0; i < 3; i++)
        guess(guard, &a, ALICE, 100);
    for (unsigned i = 0; i < 30000; i++) {
        other.address[1] = (unsigned char)(i >> 16);
        other.address[2] = (unsigned char)(i >> 8);
        other.address[3] = (unsigned char)i;
        guess(guard, &other, BOB, 100);
    }
    assert_true(smail__guard_is_banned(guard, &a, 200));
    smail__guard_free(guard);
}

static void nonsense_is_refused(void **state)
{
    struct smail__guard *guard = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(smail__guard_new(&guard, 1, 1, "localhost", &err),
                     SMAIL_EMALFORMED);
    assert_null(guard);
    smail__guard_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_is_answered_later),
        cmocka_unit_test(too_many_ban_the_address_until_the_ban_ends),
        cmocka_unit_test(one_site_of_ipv6_is_one_address),
        cmocka_unit_test(the_exempt_are_slowed_on_their_connection_alone),
        cmocka_unit_test(an_account_under_attack_answers_late),
        cmocka_unit_test(
            the_known_go_before_strangers_and_those_before_guessers),
        cmocka_unit_test(only_so_many_of_one_address_wait),
        cmocka_unit_test(a_flood_of_addresses_does_not_lift_a_ban),
        cmocka_unit_test(nonsense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
