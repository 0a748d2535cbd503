/* SPDX-License-Identifier: MIT */
/* Names between text and wire, and those of addresses. */
#include "unit.h"

#include "base/span.h"
#include "dns/name.h"

static void one_form(void **state)
{
    static const struct {
        const char *text, *form;
    } rows[] = {
        { "example.org", "example.org" },
        { "Example.ORG.", "example.org" },
        { ".", "" },
        { "", "" },
        { "_25._tcp.mx", "_25._tcp.mx" },
        { "*.a", "*.a" },
        { "a\\.b.c", "a\\046b.c" },
        { "a\\032b", "a\\032b" },
        { "\\097", "a" },
        { "\\255.x", "\\255.x" },
    };
    char out[SMAIL__DNS_NAME_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(smail__dns_name(out, smail__span(rows[i].text)), 0);
        assert_string_equal(out, rows[i].form);
    }
}

static void no_names(void **state)
{
    static const char *const rows[] = { "a..b", ".a",    "..",  "a\\",
                                        "\\25", "\\256", "a..", "\\2x5" };
    char out[SMAIL__DNS_NAME_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(smail__dns_name(out, smail__span(rows[i])),
                         SMAIL_EMALFORMED);
}

static void as_long_as_a_label_may_be(void **state)
{
    char text[65], out[SMAIL__DNS_NAME_ROOM];

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(smail__dns_name(out, (smail_span){ text, 62 }), 0);
    assert_int_equal(smail__dns_name(out, (smail_span){ text, 63 }), 0);
    assert_int_equal(smail__dns_name(out, (smail_span){ text, 64 }),
                     SMAIL_ELIMIT);
}

/* Three labels of 63 and one of n make 3 * 64 + 1 + n + 1 octets. */
static void as_long_as_a_name_may_be(void **state)
{
    char text[260], out[SMAIL__DNS_NAME_ROOM];
    unsigned char wire[SMAIL__DNS_WIRE_MAX];
    size_t len = 0;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[63] = text[127] = text[191] = '.';
    assert_int_equal(smail__dns_name(out, (smail_span){ text, 192 + 60 }), 0);
    assert_int_equal(
        smail__dns_name_to_wire(wire, &len, (smail_span){ text, 192 + 61 }), 0);
    assert_int_equal(len, 255);
    assert_int_equal(smail__dns_name(out, (smail_span){ text, 192 + 62 }),
                     SMAIL_ELIMIT);
}

static void names_that_need_escapes_fit(void **state)
{
    unsigned char wire[255];
    char out[SMAIL__DNS_NAME_ROOM];
    size_t len = 0;

    (void)state;
    memset(wire, 0xff, sizeof(wire));
    wire[0] = wire[64] = wire[128] = 63;
    wire[192] = 61;
    wire[254] = 0;
    assert_int_equal(
        smail__dns_name_from_wire(out, &len, (smail_span){ (char *)wire, 255 }),
        0);
    assert_int_equal(len, 255);
    assert_int_equal(strlen(out), 3 * 63 * 4 + 61 * 4 + 3);
}

static void broken_wire(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
    } rows[] = {
        { "", 0 }, { "\1", 1 }, { "\1a", 2 }, { "\100aaaa", 5 }, { "\300\0", 2 }
    };
    char out[SMAIL__DNS_NAME_ROOM];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            smail__dns_name_from_wire(
                out, &len, (smail_span){ rows[i].wire, rows[i].len }),
            SMAIL_EMALFORMED);
}

static void addresses(void **state)
{
    static const unsigned char four[] = { 192, 0, 2, 99 };
    static const unsigned char six[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2,
                                           0,    3,    0,    4,    5, 6, 7, 8 };
    char out[SMAIL__DNS_NAME_ROOM], longest[SMAIL__DNS_NAME_ROOM];

    (void)state;
    assert_int_equal(smail__dns_reverse(out, four, false, ""), 0);
    assert_string_equal(out, "99.2.0.192.in-addr.arpa");
    assert_int_equal(smail__dns_reverse(out, four, false, "bad.example.com"),
                     0);
    assert_string_equal(out, "99.2.0.192.bad.example.com");
    assert_int_equal(smail__dns_reverse(out, six, true, ""), 0);
    assert_string_equal(out,
                        "8.0.7.0.6.0.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b."
                        "d.0.1.0.0.2.ip6.arpa");
    memset(longest, 'a', 60);
    longest[60] = '.';
    memset(longest + 61, 'b', 59);
    memset(longest + 121, 'c', 59);
    memset(longest + 181, 'd', 19);
    longest[120] = longest[180] = '.';
    longest[200] = '\0';
    assert_int_equal(smail__dns_reverse(out, six, true, longest), SMAIL_ELIMIT);
}

static void letters_are_one(void **state)
{
    (void)state;
    assert_true(smail__dns_name_equal(SMAIL__SPAN("A.Example."),
                                      SMAIL__SPAN("a.eXample")));
    assert_false(
        smail__dns_name_equal(SMAIL__SPAN("a.example"), SMAIL__SPAN("b")));
    assert_false(smail__dns_name_equal(SMAIL__SPAN(".."), SMAIL__SPAN("..")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_form),
        cmocka_unit_test(no_names),
        cmocka_unit_test(as_long_as_a_label_may_be),
        cmocka_unit_test(as_long_as_a_name_may_be),
        cmocka_unit_test(names_that_need_escapes_fit),
        cmocka_unit_test(broken_wire),
        cmocka_unit_test(addresses),
        cmocka_unit_test(letters_are_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
