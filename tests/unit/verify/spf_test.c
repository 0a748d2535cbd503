/* SPDX-License-Identifier: MIT */
/* check_host() against the examples of RFC 7208 and at its limits. */
#include "zone_fixture.h"

#include "base/format.h"
#include "verify/spf.h"

static struct smail__spf_verdict check_as(const struct smail__dns_zone *zone,
                                          const char *ip, const char *domain,
                                          const char *sender)
{
    struct smail__questions questions;
    struct smail__spf_request request = { .domain = domain,
                                          .sender = sender,
                                          .helo = "helo.example.net",
                                          .receiver = "mx.example.org",
                                          .now = 1700000000 };
    struct smail__spf_verdict verdict;
    int rounds = 0;

    assert_int_equal(smail__ip_parse(&request.ip, smail__span(ip)), 0);
    smail__questions_init(&questions, SMAIL__SPF_QUESTIONS_MAX);
    while (!smail__spf_evaluate(&verdict, &questions, &request)) {
        assert_true(questions.open > 0);
        answer_all(&questions, zone);
        assert_true(++rounds < 100);
    }
    assert_int_equal(questions.open, 0);
    smail__questions_dispose(&questions);
    return verdict;
}

static void expect(const struct smail__dns_zone *zone, const char *ip,
                   const char *domain, const char *result)
{
    char sender[300];
    struct smail__spf_verdict verdict;

    smail__format(sender, sizeof(sender), "strong-bad@%s", domain);
    verdict = check_as(zone, ip, domain, sender);
    if (strcmp(smail__spf_result_name(verdict.result), result) != 0)
        fail_msg("%s from %s: %s (%s, %s), not %s", domain, ip,
                 smail__spf_result_name(verdict.result), verdict.mechanism,
                 verdict.why, result);
}

/* One record, in a zone with hosts around it. */
static void expect_record(const char *record, const char *ip,
                          const char *result)
{
    static const char hosts[] =
        "'example.com': {'TXT': ['%s'], 'A': ['192.0.2.10', '192.0.2.11'],"
        " 'MX': ['10 mail-a.example.com', '20 mail-b.example.com']},"
        "'amy.example.com': {'A': '192.0.2.65'},"
        "'bob.example.com': {'A': '192.0.2.66'},"
        "'mail-a.example.com': {'A': '192.0.2.129',"
        " 'AAAA': '2001:db8::129'},"
        "'mail-b.example.com': {'A': '192.0.2.130'},"
        "'example.org': {'MX': '10 mail-c.example.org'},"
        "'mail-c.example.org': {'A': '192.0.2.140'},"
        "'10.2.0.192.in-addr.arpa': {'PTR': 'example.com'},"
        "'65.2.0.192.in-addr.arpa': {'PTR': 'amy.example.com'},"
        "'140.2.0.192.in-addr.arpa': {'PTR': 'mail-c.example.org'},"
        "'4.0.0.10.in-addr.arpa': {'PTR': 'bob.example.com'},"
        "'pass.example.net': {'TXT': 'v=spf1 ip4:192.0.2.65 -all'},"
        "'plain.example.net': {'TXT': 'no record of ours'},"
        "'bad.example.net': {'TXT': 'v=spf1 moo -all'},"
        "'servfail.example.net': 'SERVFAIL',"
        "'here.example.net': {'A': '127.0.0.2'}";
    char json[8192];
    struct smail__dns_zone *zone;
    size_t at = smail__format(json, sizeof(json), "{");

    at += smail__format(json + at, sizeof(json) - at, hosts, record);
    assert_true(at + 2 < sizeof(json));
    smail__format(json + at, sizeof(json) - at, "}");
    zone = zone_of(json);
    expect(zone, ip, "example.com", result);
    smail__dns_zone_free(zone);
}

/* RFC 7208, appendix A.1 to A.3. */
static void rfc_examples(void **state)
{
    static const struct {
        const char *record, *ip, *result;
    } cases[] = {
        { "v=spf1 +all", "203.0.113.1", "pass" },
        { "v=spf1 a -all", "192.0.2.10", "pass" },
        { "v=spf1 a -all", "192.0.2.11", "pass" },
        { "v=spf1 a -all", "192.0.2.65", "fail" },
        { "v=spf1 a:example.org -all", "192.0.2.10", "fail" },
        { "v=spf1 mx -all", "192.0.2.129", "pass" },
        { "v=spf1 mx -all", "192.0.2.130", "pass" },
        { "v=spf1 mx -all", "192.0.2.140", "fail" },
        { "v=spf1 mx:example.org -all", "192.0.2.140", "pass" },
        { "v=spf1 mx mx:example.org -all", "192.0.2.129", "pass" },
        { "v=spf1 mx mx:example.org -all", "192.0.2.140", "pass" },
        { "v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.131", "pass" },
        { "v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.143", "pass" },
        { "v=spf1 mx/30 mx:example.org/30 -all", "192.0.2.144", "fail" },
        { "v=spf1 ptr -all", "192.0.2.65", "pass" },
        { "v=spf1 ptr -all", "192.0.2.140", "fail" },
        { "v=spf1 ptr -all", "10.0.0.4", "fail" },
        { "v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.65", "fail" },
        { "v=spf1 ip4:192.0.2.128/28 -all", "192.0.2.129", "pass" },
        { "v=spf1 include:pass.example.net -all", "192.0.2.65", "pass" },
        { "v=spf1 redirect=pass.example.net", "192.0.2.65", "pass" },
        { "v=spf1 redirect=pass.example.net", "192.0.2.66", "fail" },
        { "v=spf1 -ip4:192.0.2.0/24 +all", "192.0.2.1", "fail" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_record(cases[i].record, cases[i].ip, cases[i].result);
}

static void grammar(void **state)
{
    static const struct {
        const char *record, *result;
    } cases[] = {
        { "v=spf1", "neutral" },
        { "v=spf1 ", "neutral" },
        { "V=SPF1  ~ALL ", "softfail" },
        { "v=spf10 -all", "none" },
        { "v=spf1-all", "none" },
        { " v=spf1 -all", "none" },
        { "v=spf1\\t-all", "none" },
        { "v=spf1 -all moo", "permerror" },
        { "v=spf1 all:example.com", "permerror" },
        { "v=spf1 all/8", "permerror" },
        { "v=spf1 ?all", "neutral" },
        { "v=spf1 ip4:1.2.3", "permerror" },
        { "v=spf1 ip4:1.2.3.4/33", "permerror" },
        { "v=spf1 ip4:1.2.3.4/032", "permerror" },
        { "v=spf1 ip4:192.0.2.65/32", "pass" },
        { "v=spf1 ip4:1.2.3.4/0", "pass" },
        { "v=spf1 ip4:2001:db8::1", "permerror" },
        { "v=spf1 ip4", "permerror" },
        { "v=spf1 ip6:192.0.2.65", "permerror" },
        { "v=spf1 ip6:2001:db8::/129", "permerror" },
        { "v=spf1 ip6:::/0 -all", "fail" },
        { "v=spf1 a: -all", "permerror" },
        { "v=spf1 a:example.com/33 -all", "permerror" },
        { "v=spf1 a:example.com//129 -all", "permerror" },
        { "v=spf1 a:amy.example.com/32//64 -all", "pass" },
        { "v=spf1 a//64 -all", "fail" },
        { "v=spf1 a/26 -all", "fail" },
        { "v=spf1 a/25 -all", "pass" },
        { "v=spf1 a:111 -all", "permerror" },
        { "v=spf1 a:example.com:8080 -all", "permerror" },
        { "v=spf1 a:example.-com -all", "permerror" },
        { "v=spf1 include", "permerror" },
        { "v=spf1 include:", "permerror" },
        { "v=spf1 include:bad.example.net", "permerror" },
        { "v=spf1 include:plain.example.net", "permerror" },
        { "v=spf1 include:nowhere.example.net", "permerror" },
        { "v=spf1 include:servfail.example.net", "temperror" },
        { "v=spf1 a:servfail.example.net -all", "temperror" },
        { "v=spf1 redirect=plain.example.net", "permerror" },
        { "v=spf1 redirect=plain.example.net -all", "fail" },
        { "v=spf1 redirect=a.example redirect=b.example", "permerror" },
        { "v=spf1 exp=a.example exp=b.example", "permerror" },
        { "v=spf1 redirect:pass.example.net", "permerror" },
        { "v=spf1 moo=what.%{i} -all", "fail" },
        { "v=spf1 moo=what.%{z} -all", "permerror" },
        { "v=spf1 moo=what.% -all", "permerror" },
        { "v=spf1 exists -all", "permerror" },
        { "v=spf1 exists:here.example.net -all", "pass" },
        { "v=spf1 exists:%{z}.example.net -all", "permerror" },
        { "v=spf1 exists:%{i0}.example.net -all", "permerror" },
        { "v=spf1 exists:%{c}.example.net -all", "permerror" },
        { "v=spf1 exists:%(i).example.net -all", "permerror" },
        { "v=spf1 exists:here.example.net/8 -all", "permerror" },
        { "v=spf1 a:museum. -all", "permerror" },
        { "v=spf1 a:one.two%% -all", "fail" },
        { "v=spf1 a:foo:bar/baz.example.com -all", "fail" },
        { "v=spf1 a:www.example..com -all", "fail" },
        { "v=spf1 a/24/64 -all", "permerror" },
        { "v=spf1 ip4:192.0.2.65//32 -all", "permerror" },
        { "v=spf1 1up=foo -all", "permerror" },
        { "v=spf1 =all", "permerror" },
        { "v=spf1 moo/cow=far:out -all", "permerror" },
        { "v=spf1 exp= -all", "permerror" },
        { "v=spf1 redirect=-all", "permerror" },
        { "v=spf1 default=pass", "neutral" },
        { "v=spf1 -all.", "permerror" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_record(cases[i].record, "192.0.2.65", cases[i].result);
}

static void ipv6(void **state)
{
    (void)state;
    expect_record("v=spf1 mx -all", "2001:db8::129", "pass");
    expect_record("v=spf1 mx//64 -all", "2001:db8::1:2:3", "pass");
    expect_record("v=spf1 mx -all", "2001:db8::1", "fail");
    expect_record("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1", "pass");
    expect_record("v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1", "pass");
    expect_record("v=spf1 exists:here.example.net -all", "2001:db8::1", "pass");
}

/* RFC 7208, 7.4; the names are seen in the zone. */
static void macros(void **state)
{
    static const struct {
        const char *spec, *name;
    } cases[] = {
        { "%{s}.e.org", "strong-bad@email.example.com.e.org" },
        { "%{o}.e.org", "email.example.com.e.org" },
        { "%{d4}.e.org", "email.example.com.e.org" },
        { "%{d2}.e.org", "example.com.e.org" },
        { "%{d1}.e.org", "com.e.org" },
        { "%{dr}.e.org", "com.example.email.e.org" },
        { "%{d2r}.e.org", "example.email.e.org" },
        { "%{l}.e.org", "strong-bad.e.org" },
        { "%{l-}.e.org", "strong.bad.e.org" },
        { "%{lr-}.e.org", "bad.strong.e.org" },
        { "%{l1r-}.e.org", "strong.e.org" },
        { "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
        { "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
        { "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
          "3.2.0.192.in-addr.strong.lp._spf.example.com" },
        { "%{d2}.trusted-domains.example.net",
          "example.com.trusted-domains.example.net" },
        { "%{h}.e.org", "helo.example.net.e.org" },
        { "%{p}.e.org", "unknown.e.org" },
        { "a%%%-b.e.org", "a%%20b.e.org" },
        { "%{S}.e.org", "strong-bad%40email.example.com.e.org" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char json[1000];
        struct smail__dns_zone *zone;

        smail__format(json, sizeof(json),
                      "{'email.example.com': {'TXT': 'v=spf1 exists:%s "
                      "-all'}, '%s': {'A': '127.0.0.1'}}",
                      cases[i].spec, cases[i].name);
        zone = zone_of(json);
        expect(zone, "192.0.2.3", "email.example.com", "pass");
        smail__dns_zone_free(zone);
    }
}

static void ipv6_macros(void **state)
{
    struct smail__dns_zone *zone = zone_of(
        "{'email.example.com': {'TXT':"
        " 'v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all'},"
        "'1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
        "ip6._spf.example.com': {'A': '127.0.0.2'}}");

    (void)state;
    expect(zone, "2001:db8::cb01", "email.example.com", "pass");
    smail__dns_zone_free(zone);
}

static void long_names_lose_labels(void **state)
{
    char label[61], json[2000];
    struct smail__dns_zone *zone;

    (void)state;
    memset(label, 'a', 60);
    label[60] = '\0';
    smail__format(json, sizeof(json),
                  "{'example.com': {'TXT': 'v=spf1 exists:%s.%s.%s.%s.%s.com "
                  "-all'}, '%s.%s.%s.%s.com': {'A': '127.0.0.2'}}",
                  label, label, label, label, label, label, label, label,
                  label);
    zone = zone_of(json);
    expect(zone, "192.0.2.3", "example.com", "pass");
    smail__dns_zone_free(zone);
}

static void explanations(void **state)
{
    struct smail__spf_verdict verdict;
    struct smail__dns_zone *zone = zone_of(
        "{'example.com': {'TXT': 'v=spf1 -all exp=why.%{d}'},"
        "'why.example.com': {'TXT': '%{c} may not send for %{d}%_at %{t},"
        " says %{r} of %{s}'},"
        "'two.example.com': {'TXT': 'v=spf1 -all exp=twice.example.com'},"
        "'twice.example.com': {'TXT': ['a', 'b']},"
        "'bad.example.com': {'TXT': 'v=spf1 -all exp=broken.example.com'},"
        "'broken.example.com': {'TXT': '%{x}'}}");

    (void)state;
    verdict = check_as(zone, "192.0.2.3", "example.com", "alice@example.com");
    assert_int_equal(verdict.result, SMAIL__SPF_FAIL);
    assert_string_equal(verdict.explanation,
                        "192.0.2.3 may not send for example.com at "
                        "1700000000, says mx.example.org of "
                        "alice@example.com");
    verdict = check_as(zone, "192.0.2.3", "two.example.com", "");
    assert_string_equal(verdict.explanation, "");
    verdict = check_as(zone, "192.0.2.3", "bad.example.com", "");
    assert_string_equal(verdict.explanation, "");
    smail__dns_zone_free(zone);
}

/* `count` mechanisms of `text`, with a number in each. */
static struct smail__dns_zone *repeat(const char *text, int count,
                                      const char *rest)
{
    char json[8192];
    size_t at =
        smail__format(json, sizeof(json), "{'example.com': {'TXT': 'v=spf1");
    struct smail__dns_zone *zone;

    for (int i = 0; i < count; i++) {
        at += smail__format(json + at, sizeof(json) - at, " %s", text);
        at += smail__format(json + at, sizeof(json) - at, "%d.example.net", i);
    }
    at += smail__format(json + at, sizeof(json) - at, " -all'}");
    for (int i = 0; i < count; i++)
        at += smail__format(json + at, sizeof(json) - at,
                            ", 'h%d.example.net': {'A': '198.51.100.%d', "
                            "'TXT': 'v=spf1 ?ip4:192.0.2.1'}",
                            i, i);
    at += smail__format(json + at, sizeof(json) - at, "%s}", rest);
    assert_true(at < sizeof(json));
    zone = zone_of(json);
    return zone;
}

static void ten_lookups(void **state)
{
    struct smail__dns_zone *zone;

    (void)state;
    zone = repeat("a:h", 9, "");
    expect(zone, "192.0.2.3", "example.com", "fail");
    smail__dns_zone_free(zone);
    zone = repeat("a:h", 10, "");
    expect(zone, "192.0.2.3", "example.com", "fail");
    smail__dns_zone_free(zone);
    zone = repeat("a:h", 11, "");
    expect(zone, "192.0.2.3", "example.com", "permerror");
    /* What matches before the limit is reached counts. */
    expect(zone, "198.51.100.3", "example.com", "pass");
    smail__dns_zone_free(zone);
    zone = repeat("include:h", 11, "");
    expect(zone, "192.0.2.3", "example.com", "permerror");
    smail__dns_zone_free(zone);
    zone = zone_of("{'example.com': {'TXT': 'v=spf1 include:example.com'},"
                   "'r.example.com': {'TXT':"
                   " 'v=spf1 redirect=r.example.com'}}");
    expect(zone, "192.0.2.3", "example.com", "permerror");
    expect(zone, "192.0.2.3", "r.example.com", "permerror");
    smail__dns_zone_free(zone);
}

static void two_voids(void **state)
{
    struct smail__dns_zone *zone =
        zone_of("{'one.example': {'TXT': 'v=spf1 a:a.none.example -all'},"
                "'two.example': {'TXT':"
                " 'v=spf1 a:a.none.example mx:b.none.example -all'},"
                "'three.example': {'TXT': 'v=spf1 a:a.none.example"
                " mx:b.none.example exists:c.none.example -all'}}");

    (void)state;
    expect(zone, "192.0.2.3", "one.example", "fail");
    expect(zone, "192.0.2.3", "two.example", "fail");
    expect(zone, "192.0.2.3", "three.example", "permerror");
    smail__dns_zone_free(zone);
}

static void ten_hosts_of_an_mx(void **state)
{
    (void)state;
    for (int count = 9; count <= 11; count++) {
        char json[4096];
        struct smail__dns_zone *zone;
        size_t at =
            smail__format(json, sizeof(json),
                          "{'example.com': {'TXT': 'v=spf1 mx -all', 'MX': [");

        for (int i = 0; i < count; i++)
            at += smail__format(json + at, sizeof(json) - at,
                                "%s'%d m%d.example.com'", i > 0 ? ", " : "", i,
                                i);
        at += smail__format(json + at, sizeof(json) - at,
                            "]}, '*.example.com': {'A': '192.0.2.4'}}");
        zone = zone_of(json);
        expect(zone, "192.0.2.4", "example.com",
               count > 10 ? "permerror" : "pass");
        smail__dns_zone_free(zone);
    }
}

static void names_and_records(void **state)
{
    struct smail__dns_zone *zone = zone_of(
        "{'example.com': {'TXT': ['v=spf1 -all', 'v=spf1 +all']},"
        "'other.com': {'TXT': ['site-verification=1', ['v=spf1 ip4:192.',"
        " '0.2.3 -all']]},"
        "'slow.com': {'TXT': 'TIMEOUT'}, 'failed.com': 'SERVFAIL'}");

    (void)state;
    expect(zone, "192.0.2.3", "example.com", "permerror");
    expect(zone, "192.0.2.3", "other.com", "pass");
    expect(zone, "192.0.2.3", "slow.com", "temperror");
    expect(zone, "192.0.2.3", "failed.com", "temperror");
    expect(zone, "192.0.2.3", "nothing.com", "none");
    expect(zone, "192.0.2.3", "localhost", "none");
    expect(zone, "192.0.2.3", "a..example.com", "none");
    expect(zone, "192.0.2.3", "", "none");
    smail__dns_zone_free(zone);
}

static void terms(void **state)
{
    (void)state;
    for (int count = 255; count <= 257; count++) {
        static char json[16384];
        struct smail__dns_zone *zone;
        size_t at = smail__format(json, sizeof(json),
                                  "{'example.com': {'TXT': 'v=spf1");

        for (int i = 0; i < count; i++)
            at += smail__format(json + at, sizeof(json) - at, " ip4:10.0.0.1");
        smail__format(json + at, sizeof(json) - at, "'}}");
        zone = zone_of(json);
        expect(zone, "192.0.2.3", "example.com",
               count > SMAIL__SPF_TERMS_MAX ? "permerror" : "neutral");
        smail__dns_zone_free(zone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_examples),
        cmocka_unit_test(grammar),
        cmocka_unit_test(ipv6),
        cmocka_unit_test(macros),
        cmocka_unit_test(ipv6_macros),
        cmocka_unit_test(long_names_lose_labels),
        cmocka_unit_test(explanations),
        cmocka_unit_test(ten_lookups),
        cmocka_unit_test(two_voids),
        cmocka_unit_test(ten_hosts_of_an_mx),
        cmocka_unit_test(names_and_records),
        cmocka_unit_test(terms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
