/* SPDX-License-Identifier: MIT */
/* Places are counted. */
#include "server/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/span.h"

static struct smail__endpoint at(const char *text)
{
    struct smail__endpoint endpoint;

    assert_int_equal(smail__endpoint_parse(&endpoint, smail__span(text), NULL),
                     0);
    return endpoint;
}

static int make(struct smail__limits **out, uint32_t connections,
                uint32_t per_address, const char *exempt, smail_error *err)
{
    const struct smail__limits_set set = { connections, per_address, 1000,
                                           exempt };

    return smail__limits_new(out, &set, err);
}

static void places_are_counted_per_address_and_in_all(void **state)
{
    struct smail__limits *limits;
    struct smail__endpoint a = at("192.0.2.1:1"), b = at("192.0.2.2:1");
    struct smail__endpoint mapped = at("[::ffff:192.0.2.1]:1");

    (void)state;
    assert_int_equal(make(&limits, 5, 2, "", NULL), 0);
    assert_int_equal(smail__limits_enter(limits, &a), 0);
    assert_int_equal(smail__limits_enter(limits, &mapped), 0);
    assert_int_equal(smail__limits_enter(limits, &a), SMAIL_EBUSY);
    assert_int_equal(smail__limits_enter(limits, &b), 0);
    smail__limits_leave(limits, &mapped);
    assert_int_equal(smail__limits_enter(limits, &a), 0);
    assert_int_equal(smail__limits_enter(limits, &b), 0);
    struct smail__endpoint c = at("192.0.2.3:1"), d = at("192.0.2.4:1");

    assert_int_equal(smail__limits_enter(limits, &c), 0);
    assert_int_equal(smail__limits_enter(limits, &d), SMAIL_ELIMIT);
    smail__limits_free(limits);
}

static void one_site_of_ipv6_is_one_client(void **state)
{
    struct smail__limits *limits;
    struct smail__endpoint a = at("[2001:db8:1:2::1]:1");
    struct smail__endpoint b = at("[2001:db8:1:2:ffff::9]:1");
    struct smail__endpoint c = at("[2001:db8:1:3::1]:1");

    (void)state;
    assert_int_equal(make(&limits, 100, 1, "", NULL), 0);
    assert_int_equal(smail__limits_enter(limits, &a), 0);
    assert_int_equal(smail__limits_enter(limits, &b), SMAIL_EBUSY);
    assert_int_equal(smail__limits_enter(limits, &c), 0);
    smail__limits_free(limits);
}

static void a_network_is_counted_as_well(void **state)
{
    const struct smail__limits_set set = { 100, 2, 3, "192.0.2.200" };
    struct smail__limits *limits;
    struct smail__endpoint a = at("192.0.2.1:1"), b = at("192.0.2.2:1");
    struct smail__endpoint next = at("192.0.3.1:1");
    struct smail__endpoint exempt = at("192.0.2.200:1");
    struct smail__endpoint six[4] = { at("[2001:db8:1:1::1]:1"),
                                      at("[2001:db8:1:2::1]:1"),
                                      at("[2001:db8:1:ffff::1]:1"),
                                      at("[2001:db8:2:1::1]:1") };

    (void)state;
    assert_int_equal(smail__limits_new(&limits, &set, NULL), 0);
    assert_int_equal(smail__limits_enter(limits, &a), 0);
    assert_int_equal(smail__limits_enter(limits, &a), 0);
    assert_int_equal(smail__limits_enter(limits, &b), 0);
    assert_int_equal(smail__limits_enter(limits, &b), SMAIL_EQUOTA);
    assert_int_equal(smail__limits_enter(limits, &next), 0);
    assert_int_equal(smail__limits_enter(limits, &exempt), 0);
    smail__limits_leave(limits, &exempt);
    smail__limits_leave(limits, &a);
    assert_int_equal(smail__limits_enter(limits, &b), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(smail__limits_enter(limits, &six[i]), 0);
    assert_int_equal(smail__limits_enter(limits, &six[0]), SMAIL_EQUOTA);
    assert_int_equal(smail__limits_enter(limits, &six[3]), 0);
    smail__limits_free(limits);
}

static void they_may_change_while_clients_are_in(void **state)
{
    struct smail__limits_set set = { 100, 2, 100, "192.0.2.0/24" };
    struct smail__limits *limits;
    struct smail__endpoint a = at("192.0.2.1:1");
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(smail__limits_new(&limits, &set, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(smail__limits_enter(limits, &a), 0);
    set.exempt = "nonsense";
    assert_int_not_equal(smail__limits_change(limits, &set, &err), 0);
    assert_int_equal(smail__limits_enter(limits, &a), 0);
    set.exempt = "";
    assert_int_equal(smail__limits_change(limits, &set, NULL), 0);
    assert_int_equal(smail__limits_enter(limits, &a), SMAIL_EBUSY);
    for (int i = 0; i < 3; i++)
        smail__limits_leave(limits, &a);
    assert_int_equal(smail__limits_enter(limits, &a), 0);
    assert_int_equal(smail__limits_enter(limits, &a), SMAIL_EBUSY);
    smail__limits_free(limits);
}

static void the_exempt_are_counted_in_all_only(void **state)
{
    struct smail__limits *limits;
    struct smail__endpoint a = at("127.0.0.1:1");

    (void)state;
    assert_int_equal(make(&limits, 3, 1, "127.0.0.0/8", NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(smail__limits_enter(limits, &a), 0);
    assert_int_equal(smail__limits_enter(limits, &a), SMAIL_ELIMIT);
    smail__limits_free(limits);
}

static void a_flood_of_addresses_has_an_end(void **state)
{
    struct smail__limits *limits;

    (void)state;
    assert_int_equal(make(&limits, 100, 10, "", NULL), 0);
    for (unsigned i = 0; i < 60000; i++) {
        struct smail__endpoint peer = { .address = { 10 } };

        peer.address[1] = (unsigned char)(i >> 16);
        peer.address[2] = (unsigned char)(i >> 8);
        peer.address[3] = (unsigned char)i;
        assert_int_equal(smail__limits_enter(limits, &peer),
                         i < 100 ? 0 : SMAIL_ELIMIT);
    }
    smail__limits_free(limits);
}

static void a_list_that_makes_no_sense_is_refused(void **state)
{
    struct smail__limits *limits = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(make(&limits, 1, 1, "localhost", &err), SMAIL_EMALFORMED);
    assert_null(limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_counted_per_address_and_in_all),
        cmocka_unit_test(one_site_of_ipv6_is_one_client),
        cmocka_unit_test(a_network_is_counted_as_well),
        cmocka_unit_test(they_may_change_while_clients_are_in),
        cmocka_unit_test(the_exempt_are_counted_in_all_only),
        cmocka_unit_test(a_flood_of_addresses_has_an_end),
        cmocka_unit_test(a_list_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
