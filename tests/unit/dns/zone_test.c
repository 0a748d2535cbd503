/* SPDX-License-Identifier: MIT */
/* Records, and the zone that answers from memory. */
#include "unit.h"

#include "base/span.h"
#include "dns/record.h"
#include "dns/zone.h"

static void add(struct smail__dns_zone *zone, const char *name,
                enum smail__dns_type type, const char *text)
{
    struct smail__buf wire;

    smail__buf_init(&wire, SMAIL__DNS_RECORD_MAX, NULL);
    assert_int_equal(smail__dns_write(&wire, type, smail__span(text)), 0);
    assert_int_equal(smail__dns_zone_add(zone, smail__span(name), type,
                                         smail__buf_span(&wire)),
                     0);
    smail__buf_dispose(&wire);
}

static struct smail__dns_answer *ask(const struct smail__dns_zone *zone,
                                     const char *name,
                                     enum smail__dns_type type)
{
    struct smail__dns_answer *answer = NULL;

    assert_int_equal(
        smail__dns_zone_find(&answer, zone, smail__span(name), type), 0);
    assert_non_null(answer);
    return answer;
}

static void expect(const struct smail__dns_zone *zone, const char *name,
                   enum smail__dns_type type, enum smail__dns_status status,
                   enum smail__dns_security security, size_t count)
{
    struct smail__dns_answer *answer = ask(zone, name, type);

    assert_int_equal(answer->status, status);
    assert_int_equal(answer->security, security);
    assert_int_equal(answer->count, count);
    smail__dns_answer_free(answer);
}

static struct smail__dns_zone *make_zone(void)
{
    struct smail__dns_zone *zone = NULL;

    assert_int_equal(smail__dns_zone_new(&zone), 0);
    add(zone, "example.org", SMAIL__DNS_MX, "20 b.example.org");
    add(zone, "example.org", SMAIL__DNS_MX, "10 a.example.org.");
    add(zone, "example.org", SMAIL__DNS_TXT, "v=spf1 -all");
    add(zone, "a.example.org", SMAIL__DNS_A, "192.0.2.1");
    add(zone, "a.example.org", SMAIL__DNS_AAAA, "2001:db8::1");
    add(zone, "www.example.org", SMAIL__DNS_CNAME, "Alias.example.org");
    add(zone, "alias.example.org", SMAIL__DNS_CNAME, "a.example.org");
    add(zone, "loop.example.org", SMAIL__DNS_CNAME, "loop.example.org");
    add(zone, "*.wild.example.org", SMAIL__DNS_A, "192.0.2.9");
    add(zone, "not.wild.example.org", SMAIL__DNS_TXT, "x");
    add(zone, "_25._tcp.a.example.org", SMAIL__DNS_TLSA, "3 1 1 A0B1c2");
    add(zone, "_jmap._tcp.example.org", SMAIL__DNS_SRV,
        "0 1 443 a.example.org");
    add(zone, "signed.example", SMAIL__DNS_A, "192.0.2.3");
    add(zone, "half.example", SMAIL__DNS_CNAME, "a.example.org");
    assert_int_equal(
        smail__dns_zone_secure(zone, SMAIL__SPAN("signed.example")), 0);
    assert_int_equal(smail__dns_zone_secure(zone, SMAIL__SPAN("half.example")),
                     0);
    assert_int_equal(smail__dns_zone_trouble(zone, SMAIL__SPAN("fail.example"),
                                             0, SMAIL__DNS_SERVFAIL),
                     0);
    assert_int_equal(smail__dns_zone_trouble(zone, SMAIL__SPAN("bad.example"),
                                             0, SMAIL__DNS_UNSOUND),
                     0);
    assert_int_equal(smail__dns_zone_trouble(zone, SMAIL__SPAN("slow.example"),
                                             SMAIL__DNS_A,
                                             SMAIL__DNS_UNANSWERED),
                     0);
    smail__dns_zone_finish(zone);
    return zone;
}

static void what_a_server_would_say(void **state)
{
    struct smail__dns_zone *zone = make_zone();

    (void)state;
    expect(zone, "EXAMPLE.org.", SMAIL__DNS_MX, SMAIL__DNS_FOUND,
           SMAIL__DNS_INSECURE, 2);
    expect(zone, "example.org", SMAIL__DNS_A, SMAIL__DNS_NO_DATA,
           SMAIL__DNS_INSECURE, 0);
    expect(zone, "nobody.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_NAME,
           SMAIL__DNS_INSECURE, 0);
    expect(zone, "_tcp.a.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_DATA,
           SMAIL__DNS_INSECURE, 0);
    expect(zone, "loop.example.org", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY,
           SMAIL__DNS_INSECURE, 0);
    expect(zone, "loop.example.org", SMAIL__DNS_CNAME, SMAIL__DNS_FOUND,
           SMAIL__DNS_INSECURE, 1);
    expect(zone, "x.y.wild.example.org", SMAIL__DNS_A, SMAIL__DNS_FOUND,
           SMAIL__DNS_INSECURE, 1);
    expect(zone, "not.wild.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_DATA,
           SMAIL__DNS_INSECURE, 0);
    expect(zone, "x.not.wild.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_NAME,
           SMAIL__DNS_INSECURE, 0);
    smail__dns_zone_free(zone);
}

static void how_far_it_can_be_believed(void **state)
{
    struct smail__dns_zone *zone = make_zone();
    struct smail__dns_answer *answer = NULL;

    (void)state;
    expect(zone, "signed.example", SMAIL__DNS_A, SMAIL__DNS_FOUND,
           SMAIL__DNS_SECURE, 1);
    expect(zone, "signed.example", SMAIL__DNS_MX, SMAIL__DNS_NO_DATA,
           SMAIL__DNS_SECURE, 0);
    /* A chain is as good as its weakest link. */
    expect(zone, "half.example", SMAIL__DNS_A, SMAIL__DNS_FOUND,
           SMAIL__DNS_INSECURE, 1);
    expect(zone, "fail.example", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY,
           SMAIL__DNS_INSECURE, 0);
    expect(zone, "bad.example", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY,
           SMAIL__DNS_BOGUS, 0);
    assert_int_equal(smail__dns_zone_find(&answer, zone,
                                          SMAIL__SPAN("slow.example"),
                                          SMAIL__DNS_A),
                     SMAIL_ETEMP);
    expect(zone, "slow.example", SMAIL__DNS_MX, SMAIL__DNS_NO_DATA,
           SMAIL__DNS_INSECURE, 0);
    smail__dns_zone_free(zone);
}

static void records_are_read(void **state)
{
    struct smail__dns_zone *zone = make_zone();
    struct smail__dns_answer *answer = ask(zone, "example.org", SMAIL__DNS_MX);
    struct smail__dns_tlsa tlsa;
    struct smail__dns_srv srv;
    struct smail__dns_mx mx;
    struct smail__buf text;
    unsigned char address[16];
    bool is_ipv6;

    (void)state;
    assert_int_equal(smail__dns_read_mx(&mx, answer->records[0]), 0);
    assert_int_equal(mx.preference, 20);
    assert_int_equal(smail__dns_read_mx(&mx, answer->records[1]), 0);
    assert_int_equal(mx.preference, 10);
    assert_string_equal(mx.host, "a.example.org");
    smail__dns_answer_free(answer);

    answer = ask(zone, "www.example.org", SMAIL__DNS_AAAA);
    assert_string_equal(answer->name, "a.example.org");
    assert_int_equal(
        smail__dns_read_address(address, &is_ipv6, answer->records[0]), 0);
    assert_true(is_ipv6);
    assert_int_equal(address[15], 1);
    smail__dns_answer_free(answer);

    answer = ask(zone, "_25._tcp.a.example.org", SMAIL__DNS_TLSA);
    assert_int_equal(smail__dns_read_tlsa(&tlsa, answer->records[0]), 0);
    assert_int_equal(tlsa.usage, 3);
    assert_int_equal(tlsa.selector, 1);
    assert_int_equal(tlsa.matching, 1);
    assert_span(tlsa.data, "\xa0\xb1\xc2");
    smail__dns_answer_free(answer);

    answer = ask(zone, "_jmap._tcp.example.org", SMAIL__DNS_SRV);
    assert_int_equal(smail__dns_read_srv(&srv, answer->records[0]), 0);
    assert_int_equal(srv.priority, 0);
    assert_int_equal(srv.weight, 1);
    assert_int_equal(srv.port, 443);
    assert_string_equal(srv.host, "a.example.org");
    smail__dns_answer_free(answer);

    answer = ask(zone, "example.org", SMAIL__DNS_TXT);
    smail__buf_init(&text, 100, NULL);
    assert_int_equal(smail__dns_read_txt(&text, answer->records[0]), 0);
    assert_span(smail__buf_span(&text), "v=spf1 -all");
    smail__buf_dispose(&text);
    smail__dns_answer_free(answer);
    smail__dns_zone_free(zone);
}

static void long_text_is_several_strings(void **state)
{
    struct smail__buf wire, back;
    char text[600];

    (void)state;
    memset(text, 't', sizeof(text));
    for (size_t len = 254; len <= 512; len += len == 256 ? 254 : 1) {
        smail__buf_init(&wire, 1000, NULL);
        smail__buf_init(&back, 1000, NULL);
        assert_int_equal(
            smail__dns_write(&wire, SMAIL__DNS_TXT, (smail_span){ text, len }),
            0);
        assert_int_equal(wire.len, len + (len + 254) / 255);
        assert_int_equal(smail__dns_read_txt(&back, smail__buf_span(&wire)), 0);
        assert_int_equal(back.len, len);
        smail__buf_dispose(&wire);
        smail__buf_dispose(&back);
    }
}

static void text_that_is_no_record(void **state)
{
    static const struct {
        enum smail__dns_type type;
        const char *text;
    } rows[] = {
        { SMAIL__DNS_A, "192.0.2" },
        { SMAIL__DNS_A, "" },
        { SMAIL__DNS_AAAA, "192.0.2.1" },
        { SMAIL__DNS_AAAA, "2001:db8::1%eth0" },
        { SMAIL__DNS_MX, "mx.example.org" },
        { SMAIL__DNS_MX, "65536 mx.example.org" },
        { SMAIL__DNS_MX, "10" },
        { SMAIL__DNS_MX, "10 a..b" },
        { SMAIL__DNS_PTR, "" },
        { SMAIL__DNS_TLSA, "3 1" },
        { SMAIL__DNS_TLSA, "3 1 1" },
        { SMAIL__DNS_TLSA, "3 1 1 abc" },
        { SMAIL__DNS_TLSA, "3 1 256 ab" },
        { SMAIL__DNS_TLSA, "3 1 1 xx" },
    };
    struct smail__buf wire;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        smail__buf_init(&wire, 1000, NULL);
        assert_int_equal(
            smail__dns_write(&wire, rows[i].type, smail__span(rows[i].text)),
            SMAIL_EMALFORMED);
        smail__buf_dispose(&wire);
    }
}

static void records_of_another_shape(void **state)
{
    char name[SMAIL__DNS_NAME_ROOM];
    unsigned char address[16];
    struct smail__dns_tlsa tlsa;
    struct smail__dns_mx mx;
    struct smail__buf text;
    bool is_ipv6;

    (void)state;
    smail__buf_init(&text, 100, NULL);
    assert_int_not_equal(smail__dns_read_mx(&mx, SMAIL__SPAN("\0\1")), 0);
    assert_int_not_equal(smail__dns_read_mx(&mx, SMAIL__SPAN("\0\1\1a")), 0);
    assert_int_not_equal(smail__dns_read_name(name, SMAIL__SPAN("\1a\0x")), 0);
    assert_int_not_equal(smail__dns_read_txt(&text, SMAIL__SPAN("\4abc")), 0);
    assert_int_not_equal(smail__dns_read_tlsa(&tlsa, SMAIL__SPAN("\3\1\1")), 0);
    assert_int_not_equal(
        smail__dns_read_address(address, &is_ipv6, SMAIL__SPAN("abcde")), 0);
    smail__buf_dispose(&text);
}

static void types_by_name(void **state)
{
    (void)state;
    assert_int_equal(smail__dns_type_of(SMAIL__SPAN("tlsa")), SMAIL__DNS_TLSA);
    assert_int_equal(smail__dns_type_of(SMAIL__SPAN("HINFO")), 0);
    assert_string_equal(smail__dns_type_name(SMAIL__DNS_AAAA), "AAAA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_server_would_say),
        cmocka_unit_test(how_far_it_can_be_believed),
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(long_text_is_several_strings),
        cmocka_unit_test(text_that_is_no_record),
        cmocka_unit_test(records_of_another_shape),
        cmocka_unit_test(types_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
