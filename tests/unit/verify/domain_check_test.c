/* SPDX-License-Identifier: MIT */
/* A domain that is all well, and each thing that may be wrong with one. */
#include "zone_fixture.h"

#include <stdlib.h>

#include "base/format.h"
#include "verify/domain_check.h"

#define KEY "MCowBQYDK2VwAyEA"
#define ROOM 16384

/* Our certificate: eight octets stand for a digest. */
static const struct smail__check_data data[] = {
    { 1, 1, { "\xa0\xb1\xc2\xd3\xe4\xf5\x06\x17", 8 } },
    { 0, 1, { "\x01\x02\x03\x04", 4 } },
};

static const struct smail__check_key keys[] = {
    { "s1._domainkey.example.org", "v=DKIM1; k=ed25519; p=" KEY, false },
    { "s0._domainkey.example.org", "v=DKIM1; k=rsa; p=OLD", true },
};

static const struct entry {
    const char *name, *records;
} well[] = {
    { "example.org", "'MX': '10 mail.example.org',"
                     "'TXT': ['site=1', 'v=spf1 mx -all']" },
    { "mail.example.org",
      "'A': '203.0.113.7', 'AAAA': '2001:db8::7', 'TXT': 'v=spf1 a -all',"
      "'secure': true" },
    { "7.113.0.203.in-addr.arpa", "'PTR': 'mail.example.org'" },
    { "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
      "ip6.arpa",
      "'PTR': 'Mail.Example.ORG.'" },
    { "s1._domainkey.example.org",
      "'TXT': [['v=DKIM1; k=ed25519; p=MCowBQ', 'YDK2VwAyEA']]" },
    { "s0._domainkey.example.org", "'TXT': 'v=DKIM1; p=OLD'" },
    { "_dmarc.example.org",
      "'TXT': 'v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org'" },
    { "_mta-sts.example.org", "'TXT': 'v=STSv1; id=1;'" },
    { "mta-sts.example.org", "'A': '203.0.113.7'" },
    { "_smtp._tls.example.org",
      "'TXT': 'v=TLSRPTv1; rua=mailto:tls@example.org'" },
    { "_25._tcp.mail.example.org",
      "'TLSA': '3 1 1 a0b1c2d3e4f50617', 'secure': true" },
    { "_submissions._tcp.example.org", "'SRV': '0 1 465 mail.example.org'" },
    { "_jmap._tcp.example.org", "'SRV': '0 1 443 mail.example.org'" },
};

#define WELL (sizeof(well) / sizeof(well[0]))

static const char policy[] = "version: STSv1\r\nmode: enforce\r\n"
                             "mx: mail.example.org\r\nmax_age: 604800\r\n";

/* The zone, with other records for `name`; NULL: without it. `more` as well. */
static struct smail__dns_zone *zone_with(const char *name, const char *records,
                                         const char *more)
{
    char *json = malloc(ROOM);
    struct smail__dns_zone *zone;
    size_t at = smail__format(json, ROOM, "{");
    const char *comma = "";

    for (size_t i = 0; i < WELL; i++) {
        bool is_other = name != NULL && strcmp(well[i].name, name) == 0;

        if (is_other && records == NULL)
            continue;
        at += smail__format(json + at, ROOM - at, "%s'%s': {%s}", comma,
                            well[i].name, is_other ? records : well[i].records);
        comma = ",";
    }
    smail__format(json + at, ROOM - at, "%s%s}", more != NULL ? "," : "",
                  more != NULL ? more : "");
    zone = zone_of(json);
    free(json);
    return zone;
}

static struct smail__domain_facts facts_of_all(void)
{
    return (struct smail__domain_facts){
        .domain = "example.org",
        .hostname = "mail.example.org",
        .keys = keys,
        .key_count = 2,
        .data = data,
        .data_count = 2,
        .sees_security = true,
        .fetches_policy = true,
        .policy = SMAIL__CHECK_FETCHED,
        .policy_text = policy,
        .now = 1795440000,
    };
}

static struct smail__domain_check *run(const struct smail__dns_zone *zone,
                                       const struct smail__domain_facts *facts)
{
    struct smail__domain_check *out = calloc(1, sizeof(*out));
    struct smail__questions questions;
    int rounds = 0;

    assert_non_null(out);
    smail__questions_init(&questions, SMAIL__CHECK_QUESTIONS_MAX);
    while (!smail__domain_check_evaluate(out, &questions, facts)) {
        answer_all(&questions, zone);
        assert_true(++rounds < 50);
    }
    assert_int_equal(questions.error, 0);
    smail__questions_dispose(&questions);
    return out;
}

static void done(struct smail__domain_check *check)
{
    smail__domain_check_dispose(check);
    free(check);
}

/* The worst of that name. */
static const struct smail__check *find(const struct smail__domain_check *out,
                                       const char *name)
{
    const struct smail__check *found = NULL;

    for (size_t i = 0; i < out->count; i++) {
        const struct smail__check *check = &out->list[i];

        if (strcmp(check->name, name) == 0 &&
            (found == NULL || check->status > found->status))
            found = check;
    }
    if (found == NULL)
        fail_msg("no check is called %s", name);
    return found;
}

static void expect(const struct smail__dns_zone *zone,
                   const struct smail__domain_facts *facts, const char *name,
                   enum smail__check_status status, const char *words)
{
    struct smail__domain_check *out = run(zone, facts);
    const struct smail__check *check = find(out, name);
    const char *said =
        check->explanation.data != NULL ? check->explanation.data : "";

    if (check->status != status || strstr(said, words) == NULL)
        fail_msg("%s: %d '%s', not %d '%s'", name, (int)check->status, said,
                 (int)status, words);
    done(out);
}

static void all_well(void **state)
{
    struct smail__dns_zone *zone = zone_with(NULL, NULL, NULL);
    struct smail__domain_facts facts = facts_of_all();
    struct smail__domain_check *out = run(zone, &facts);

    (void)state;
    for (size_t i = 0; i < out->count; i++) {
        if (out->list[i].status != SMAIL__CHECK_OK)
            fail_msg("%s: %s", out->list[i].owner,
                     out->list[i].explanation.data);
        assert_true(out->list[i].expected.len > 0);
        assert_true(out->list[i].explanation.len > 0);
    }
    assert_int_equal(out->count, 14);
    assert_true(out->wants_policy);
    done(out);
    smail__dns_zone_free(zone);
}

static void what_to_paste(void **state)
{
    static const struct {
        const char *name, *expected;
    } cases[] = {
        { "MX", "example.org. 3600 IN MX 10 mail.example.org.\n" },
        { "address", "mail.example.org. 3600 IN A 203.0.113.7\n"
                     "mail.example.org. 3600 IN AAAA 2001:db8::7\n" },
        { "SPF", "example.org. 3600 IN TXT \"v=spf1 mx -all\"\n" },
        { "DKIM", "s1._domainkey.example.org. 3600 IN TXT \"v=DKIM1; "
                  "k=ed25519; p=" KEY "\"\n" },
        { "DMARC", "_dmarc.example.org. 3600 IN TXT \"v=DMARC1; "
                   "p=quarantine; rua=mailto:postmaster@example.org\"\n" },
        { "MTA-STS", "_mta-sts.example.org. 3600 IN TXT \"v=STSv1; "
                     "id=20261123120000\"\n" },
        { "TLS-RPT", "_smtp._tls.example.org. 3600 IN TXT \"v=TLSRPTv1; "
                     "rua=mailto:postmaster@example.org\"\n" },
        { "TLSA", "_25._tcp.mail.example.org. 3600 IN TLSA 3 1 1 "
                  "a0b1c2d3e4f50617\n" },
    };
    struct smail__dns_zone *zone = zone_of(
        "{'example.org': {'MX': '10 mail.example.org'},"
        "'mail.example.org': {'A': '203.0.113.7', 'AAAA': '2001:db8::7'}}");
    struct smail__domain_facts facts = facts_of_all();
    struct smail__domain_check *out;

    (void)state;
    facts.now = 1795435200;
    out = run(zone, &facts);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(find(out, cases[i].name)->expected.data,
                            cases[i].expected);
    done(out);
    smail__dns_zone_free(zone);
}

static void long_keys_are_several_strings(void **state)
{
    struct smail__dns_zone *zone = zone_with(NULL, NULL, NULL);
    struct smail__domain_facts facts = facts_of_all();

    (void)state;
    for (size_t len = 254; len <= 256; len++) {
        char text[300], wanted[400];
        struct smail__check_key key = { "s1._domainkey.example.org", text,
                                        false };
        struct smail__domain_check *out;

        memset(text, 'a', len);
        memcpy(text, "v=DKIM1; k=rsa; p=", 18);
        text[len] = '\0';
        if (len <= 255)
            smail__format(wanted, sizeof(wanted),
                          "s1._domainkey.example.org. 3600 IN TXT \"%s\"\n",
                          text);
        else
            smail__format(wanted, sizeof(wanted),
                          "s1._domainkey.example.org. 3600 IN TXT ( \"%.*s\" "
                          "\"a\" )\n",
                          255, text);
        facts.keys = &key;
        facts.key_count = 1;
        out = run(zone, &facts);
        assert_string_equal(find(out, "DKIM")->expected.data, wanted);
        assert_int_equal(find(out, "DKIM")->status, SMAIL__CHECK_WRONG);
        done(out);
    }
    smail__dns_zone_free(zone);
}

struct fault {
    const char *name, *records; /* instead of those of `well` */
    const char *check;
    enum smail__check_status status;
    const char *words;
    const char *more;
};

static const struct fault faults[] = {
    { "example.org", NULL, "SPF", SMAIL__CHECK_MISSING, "no SPF record" },
    { "example.org", "'TXT': 'v=spf1 a:mail.example.org -all'", "MX",
      SMAIL__CHECK_MISSING, "There is no MX" },
    { "example.org", "'MX': 'SERVFAIL'", "MX", SMAIL__CHECK_UNKNOWN,
      "try again later" },
    { "example.org", "'MX': 'BOGUS'", "MX", SMAIL__CHECK_WRONG,
      "signatures of example.org do not hold" },
    { "example.org", "'MX': '0 .'", "MX", SMAIL__CHECK_WRONG,
      "no mail at all" },
    { "example.org", "'MX': '10 mx.example.net'", "MX", SMAIL__CHECK_WRONG,
      "No MX names mail.example.org" },
    { "example.org", "'MX': ['10 mail.example.org', '20 mx.example.net']", "MX",
      SMAIL__CHECK_WARNING, "pass it on",
      "'mx.example.net': {'A': '203.0.113.9'}" },
    { "example.org", "'MX': ['10 mail.example.org', '5 mx.example.net']", "MX",
      SMAIL__CHECK_WARNING, "mail goes there first",
      "'mx.example.net': {'A': '203.0.113.9'}" },
    { "example.org", "'MX': ['10 mail.example.org', '20 mx.example.net']", "MX",
      SMAIL__CHECK_WARNING, "has no address" },
    { "example.org", "'MX': ['10 mail.example.org', '20 mx.example.net']", "MX",
      SMAIL__CHECK_WARNING, "name real.example.net itself",
      "'mx.example.net': {'CNAME': 'real.example.net'},"
      "'real.example.net': {'A': '203.0.113.9'}" },
    { "mail.example.org", NULL, "address", SMAIL__CHECK_MISSING,
      "has no address" },
    { "mail.example.org", NULL, "PTR", SMAIL__CHECK_UNKNOWN, "--address" },
    { "mail.example.org", "'CNAME': 'real.example.org'", "address",
      SMAIL__CHECK_WRONG, "is a CNAME of real.example.org",
      "'real.example.org': {'A': '203.0.113.7'}" },
    { "mail.example.org", "'A': '192.168.1.7'", "address", SMAIL__CHECK_WARNING,
      "can reach" },
    { "7.113.0.203.in-addr.arpa", NULL, "PTR", SMAIL__CHECK_MISSING,
      "has no name" },
    { "7.113.0.203.in-addr.arpa", "'PTR': 'host7.example.net'", "PTR",
      SMAIL__CHECK_WRONG, "called host7.example.net" },
    { "7.113.0.203.in-addr.arpa",
      "'PTR': ['mail.example.org', 'www.example.org']", "PTR",
      SMAIL__CHECK_WARNING, "other names" },
    { "example.org", "'MX': '10 mail.example.org'", "SPF", SMAIL__CHECK_MISSING,
      "no SPF record" },
    { "mail.example.org",
      "'A': '203.0.113.7', 'TXT': 'v=spf1 -all', 'secure': true", "SPF",
      SMAIL__CHECK_WRONG, "may not" },
    { "mail.example.org", "'A': '203.0.113.7', 'secure': true", "SPF",
      SMAIL__CHECK_OPTIONAL, "notices" },
    { "example.org", "'TXT': 'v=spf1; mx -all'", "SPF", SMAIL__CHECK_MISSING,
      "that is one" },
    { "example.org", "'TXT': ['v=spf1 mx -all', 'v=spf1 a -all']", "SPF",
      SMAIL__CHECK_WRONG, "more than one SPF" },
    { "example.org", "'TXT': 'v=spf1 ip4:192.0.2.1 -all'", "SPF",
      SMAIL__CHECK_WRONG, "put ip4:203.0.113.7 in front" },
    { "example.org", "'TXT': 'v=spf1 ip4:203.0.113.7 ~all'", "SPF",
      SMAIL__CHECK_WRONG, "2001:db8::7, from which we send, may not" },
    { "example.org", "'TXT': 'v=spf1 moo -all'", "SPF", SMAIL__CHECK_WRONG,
      "no such mechanism" },
    { "example.org", "'TXT': 'v=spf1 include:gone.example.net -all'", "SPF",
      SMAIL__CHECK_WRONG, "has no SPF record" },
    { "example.org", "'TXT': 'v=spf1 include:slow.example.net -all'", "SPF",
      SMAIL__CHECK_UNKNOWN, "cannot be said now",
      "'slow.example.net': 'SERVFAIL'" },
    { "example.org", "'TXT': 'v=spf1 +all'", "SPF", SMAIL__CHECK_WRONG,
      "lets everybody" },
    { "example.org", "'TXT': 'v=spf1 a:mail.example.org ?all'", "SPF",
      SMAIL__CHECK_WARNING, "end it with -all" },
    { "example.org", "'TXT': 'v=spf1 a:mail.example.org'", "SPF",
      SMAIL__CHECK_WARNING, "end it with -all" },
    { "example.org", "'TXT': 'v=spf1 a:mail.example.org ptr ~all'", "SPF",
      SMAIL__CHECK_WARNING, "ptr" },
    { "example.org", "'TXT': 'v=spf1 redirect=spf.example.org'", "SPF",
      SMAIL__CHECK_OK, "may send",
      "'spf.example.org': {'TXT': 'v=spf1 a:mail.example.org -all'}" },
    { "s1._domainkey.example.org", NULL, "DKIM", SMAIL__CHECK_MISSING,
      "nobody can verify" },
    { "s1._domainkey.example.org", "'TXT': 'v=DKIM1; k=ed25519; p=AAAA'",
      "DKIM", SMAIL__CHECK_WRONG, "another one than ours" },
    { "s1._domainkey.example.org", "'TXT': 'v=DKIM1; k=ed25519; p='", "DKIM",
      SMAIL__CHECK_WRONG, "revokes" },
    { "s1._domainkey.example.org", "'TXT': 'v=DKIM1; p=" KEY "'", "DKIM",
      SMAIL__CHECK_WRONG, "k= has to be ed25519" },
    { "s1._domainkey.example.org", "'TXT': 'k=ed25519; v=DKIM1; p=" KEY "'",
      "DKIM", SMAIL__CHECK_WRONG, "begin with v=DKIM1" },
    { "s1._domainkey.example.org", "'TXT': 'hello'", "DKIM", SMAIL__CHECK_WRONG,
      "no key record" },
    { "s1._domainkey.example.org",
      "'TXT': 'v=DKIM1; k=ed25519; t=y; p=" KEY "'", "DKIM",
      SMAIL__CHECK_WARNING, "t=y" },
    { "s1._domainkey.example.org",
      "'TXT': 'v=DKIM1; k=ed25519; h=sha1; p=" KEY "'", "DKIM",
      SMAIL__CHECK_WRONG, "sha256" },
    { "s1._domainkey.example.org",
      "'TXT': ['v=DKIM1; k=ed25519; p=" KEY "', 'v=DKIM1; p=x']", "DKIM",
      SMAIL__CHECK_WRONG, "more than one record" },
    { "s0._domainkey.example.org", NULL, "DKIM", SMAIL__CHECK_OPTIONAL,
      "signs no more" },
    { "_dmarc.example.org", NULL, "DMARC", SMAIL__CHECK_MISSING,
      "no DMARC record" },
    { "_dmarc.example.org",
      "'TXT': 'v=DMARC1; p=none; rua=mailto:a@"
      "example.org'",
      "DMARC", SMAIL__CHECK_WARNING, "p=none only watches" },
    { "_dmarc.example.org", "'TXT': 'v=DMARC1; p=strict'", "DMARC",
      SMAIL__CHECK_WRONG, "not \"strict\"" },
    { "_dmarc.example.org", "'TXT': 'v=DMARC1; rua=mailto:a@example.org'",
      "DMARC", SMAIL__CHECK_WRONG, "has no p=" },
    { "_dmarc.example.org", "'TXT': 'v=DMARC1 p=reject'", "DMARC",
      SMAIL__CHECK_WRONG, "cannot be read" },
    { "_dmarc.example.org", "'TXT': 'v=dmarc1; p=reject'", "DMARC",
      SMAIL__CHECK_WRONG, "cannot be read" },
    { "_dmarc.example.org", "'TXT': ['v=DMARC1; p=none', 'v=DMARC1; p=none']",
      "DMARC", SMAIL__CHECK_WRONG, "more than one DMARC" },
    { "_dmarc.example.org", "'TXT': 'v=DMARC1; p=reject'", "DMARC",
      SMAIL__CHECK_WARNING, "Nobody gets reports" },
    { "_dmarc.example.org", "'TXT': 'v=DMARC1; p=reject; rua=a@example.org'",
      "DMARC", SMAIL__CHECK_WRONG, "where mailto:" },
    { "_dmarc.example.org",
      "'TXT': 'v=DMARC1; p=reject; rua=mailto:a@example.net!10m'", "DMARC",
      SMAIL__CHECK_WARNING, "example.org._report._dmarc.example.net" },
    { "_dmarc.example.org",
      "'TXT': 'v=DMARC1; p=reject; rua=mailto:a@example.net'", "DMARC",
      SMAIL__CHECK_OK, "told",
      "'*._report._dmarc.example.net': {'TXT': 'v=DMARC1'}" },
    { "_dmarc.example.org",
      "'TXT': 'v=DMARC1; p=reject; pct=101; rua=mailto:a@example.org'", "DMARC",
      SMAIL__CHECK_WRONG, "pct= is a number" },
    { "_dmarc.example.org",
      "'TXT': 'v=DMARC1; p=reject; aspf=x; rua=mailto:a@example.org'", "DMARC",
      SMAIL__CHECK_WRONG, "aspf= is r or s" },
    { "_mta-sts.example.org", NULL, "MTA-STS", SMAIL__CHECK_MISSING,
      "mx: mail.example.org" },
    { "_mta-sts.example.org", "'TXT': 'v=STSv1; id=not-an-id'", "MTA-STS",
      SMAIL__CHECK_WRONG, "cannot be read" },
    { "_mta-sts.example.org", "'TXT': ['v=STSv1; id=1', 'v=STSv1; id=2']",
      "MTA-STS", SMAIL__CHECK_WRONG, "one record" },
    { "mta-sts.example.org", NULL, "MTA-STS", SMAIL__CHECK_WRONG,
      "has no address" },
    { "_smtp._tls.example.org", NULL, "TLS-RPT", SMAIL__CHECK_MISSING,
      "publish the record" },
    { "_smtp._tls.example.org", "'TXT': 'v=TLSRPTv1'", "TLS-RPT",
      SMAIL__CHECK_WRONG, "cannot be read" },
    { "_smtp._tls.example.org", "'TXT': 'v=TLSRPTv1; rua=postmaster'",
      "TLS-RPT", SMAIL__CHECK_WRONG, "where mailto:" },
    { "_smtp._tls.example.org",
      "'TXT': 'v=TLSRPTv1; rua=https://r.example/x,mailto:a@b.example'",
      "TLS-RPT", SMAIL__CHECK_OK, "report" },
    { "_25._tcp.mail.example.org", NULL, "TLSA", SMAIL__CHECK_MISSING,
      "zone is signed" },
    { "_25._tcp.mail.example.org", "'TLSA': '3 1 1 ffff', 'secure': true",
      "TLSA", SMAIL__CHECK_WRONG, "another certificate" },
    { "_25._tcp.mail.example.org", "'TLSA': '3 1 1 a0b1c2d3e4f50617'", "TLSA",
      SMAIL__CHECK_INSECURE, "not signed" },
    { "_25._tcp.mail.example.org", "'TLSA': '3 0 1 01020304', 'secure': true",
      "TLSA", SMAIL__CHECK_OK, "names our certificate" },
    { "_25._tcp.mail.example.org",
      "'TLSA': ['3 1 1 ff', '3 1 1 "
      "a0b1c2d3e4f50617'], 'secure': true",
      "TLSA", SMAIL__CHECK_OK, "and another one" },
    { "_25._tcp.mail.example.org", "'TLSA': '2 1 1 ff', 'secure': true", "TLSA",
      SMAIL__CHECK_WARNING, "authority" },
    { "_25._tcp.mail.example.org",
      "'TLSA': ['1 1 1 ff', '3 1 1 a0b1c2d3e4f50617'], 'secure': true", "TLSA",
      SMAIL__CHECK_WARNING, "no use" },
    { "_jmap._tcp.example.org", NULL, "SRV", SMAIL__CHECK_OPTIONAL,
      "mail programs" },
    { "_jmap._tcp.example.org", "'SRV': '0 1 443 www.example.org'", "SRV",
      SMAIL__CHECK_WARNING, "another host" },
    { "_submissions._tcp.example.org", "'SRV': '0 0 0 .'", "SRV",
      SMAIL__CHECK_OK, "no such service" },
};

static void each_thing_wrong(void **state)
{
    struct smail__domain_facts facts = facts_of_all();

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct smail__dns_zone *zone =
            zone_with(faults[i].name, faults[i].records, faults[i].more);

        expect(zone, &facts, faults[i].check, faults[i].status,
               faults[i].words);
        smail__dns_zone_free(zone);
    }
}

static void addresses_that_are_given(void **state)
{
    struct smail__dns_zone *zone = zone_with(NULL, NULL, NULL);
    struct smail__domain_facts facts = facts_of_all();
    struct smail__ip addresses[2];
    struct smail__domain_check *out;

    (void)state;
    facts.addresses = addresses;
    facts.address_count = 1;
    assert_int_equal(smail__ip_parse(&addresses[0], SMAIL__SPAN("203.0.113.7")),
                     0);
    expect(zone, &facts, "address", SMAIL__CHECK_WARNING, "not among ours");
    assert_int_equal(smail__ip_parse(&addresses[0], SMAIL__SPAN("203.0.113.8")),
                     0);
    expect(zone, &facts, "address", SMAIL__CHECK_WRONG,
           "does not lead to 203.0.113.8");
    expect(zone, &facts, "PTR", SMAIL__CHECK_MISSING, "203.0.113.8");
    expect(zone, &facts, "SPF", SMAIL__CHECK_WRONG, "ip4:203.0.113.8");
    out = run(zone, &facts);
    assert_string_equal(find(out, "SPF")->expected.data,
                        "example.org. 3600 IN TXT \"v=spf1 mx "
                        "ip4:203.0.113.8 -all\"\n");
    done(out);
    smail__dns_zone_free(zone);
}

static void without_key_or_certificate(void **state)
{
    struct smail__dns_zone *zone = zone_with(NULL, NULL, NULL);
    struct smail__domain_facts facts = facts_of_all();

    (void)state;
    facts.keys = &keys[1];
    facts.key_count = 1;
    expect(zone, &facts, "DKIM", SMAIL__CHECK_MISSING, "mailctl dkim keygen");
    facts.data_count = 0;
    expect(zone, &facts, "TLSA", SMAIL__CHECK_WARNING, "none in [tls]");
    facts.no_data = "the file is not there";
    expect(zone, &facts, "TLSA", SMAIL__CHECK_WARNING, "file is not there");
    smail__dns_zone_free(zone);
    zone = zone_with("_25._tcp.mail.example.org", NULL, NULL);
    facts.no_data = NULL;
    expect(zone, &facts, "TLSA", SMAIL__CHECK_OPTIONAL, "no certificate");
    smail__dns_zone_free(zone);
}

static void the_policy(void **state)
{
    struct smail__dns_zone *zone = zone_with(NULL, NULL, NULL);
    struct smail__domain_facts facts = facts_of_all();

    (void)state;
    facts.policy_text = "version: STSv1\nmode: enforce\n"
                        "mx: other.example.org\nmax_age: 604800\n";
    expect(zone, &facts, "MTA-STS", SMAIL__CHECK_WRONG,
           "does not name mail.example.org");
    facts.policy_text = "version: STSv1\nmode: testing\n"
                        "mx: *.example.org\nmax_age: 604800\n";
    expect(zone, &facts, "MTA-STS", SMAIL__CHECK_WARNING, "mode: testing");
    facts.policy_text = "hello";
    expect(zone, &facts, "MTA-STS", SMAIL__CHECK_WRONG, "make sense");
    facts.policy = SMAIL__CHECK_FETCH_FAILED;
    facts.policy_text = "nobody answers";
    expect(zone, &facts, "MTA-STS", SMAIL__CHECK_WRONG, "nobody answers");
    facts.policy = SMAIL__CHECK_NOT_FETCHED;
    expect(zone, &facts, "MTA-STS", SMAIL__CHECK_OK, "not looked at");
    facts = facts_of_all();
    facts.is_for_another = true;
    expect(zone, &facts, "MTA-STS", SMAIL__CHECK_WRONG,
           "does not name mail.example.org");
    smail__dns_zone_free(zone);
}

/* What is fine as it is stays. */
static void what_is_there_is_kept(void **state)
{
    struct smail__dns_zone *zone =
        zone_with("example.org",
                  "'MX': '10 mail.example.org',"
                  "'TXT': 'v=spf1 a:mail.example.org ~all'",
                  NULL);
    struct smail__domain_facts facts = facts_of_all();
    struct smail__domain_check *out = run(zone, &facts);

    (void)state;
    assert_string_equal(find(out, "SPF")->expected.data,
                        "example.org. 3600 IN TXT \"v=spf1 "
                        "a:mail.example.org ~all\"\n");
    assert_string_equal(find(out, "TLS-RPT")->expected.data,
                        "_smtp._tls.example.org. 3600 IN TXT \"v=TLSRPTv1; "
                        "rua=mailto:tls@example.org\"\n");
    done(out);
    smail__dns_zone_free(zone);
}

static void a_domain_under_another(void **state)
{
    struct smail__dns_zone *zone = zone_with(NULL, NULL, NULL);
    struct smail__domain_facts facts = facts_of_all();

    (void)state;
    facts.domain = "team.example.org";
    expect(zone, &facts, "DMARC", SMAIL__CHECK_OK, "of example.org holds");
    expect(zone, &facts, "MX", SMAIL__CHECK_MISSING, "DNS knows no");
    facts.hostname = "localhost";
    expect(zone, &facts, "address", SMAIL__CHECK_WRONG, "full name");
    smail__dns_zone_free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_well),
        cmocka_unit_test(what_to_paste),
        cmocka_unit_test(long_keys_are_several_strings),
        cmocka_unit_test(each_thing_wrong),
        cmocka_unit_test(addresses_that_are_given),
        cmocka_unit_test(without_key_or_certificate),
        cmocka_unit_test(the_policy),
        cmocka_unit_test(what_is_there_is_kept),
        cmocka_unit_test(a_domain_under_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
