/* SPDX-License-Identifier: MIT */
/* Which hosts, in which order, at which addresses, and how sure of them. */
#include "delivery/hosts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/span.h"
#include "unit.h"

#define DIGEST                         \
    "000102030405060708090a0b0c0d0e0f" \
    "000102030405060708090a0b0c0d0e0f"

struct fixture {
    struct smail__facts facts;
    struct smail__hosts_ask ask;
    struct smail__route route;
    struct smail__hosts *hosts;
    bool secure; /* what is put from now on */
};

static struct fixture begin(const char *domain)
{
    struct fixture f = { .route = { .kind = SMAIL__ROUTE_MX } };

    smail__facts_init(&f.facts);
    f.ask.domain = smail__span(domain);
    f.ask.own_name = SMAIL__SPAN("mail.here.test");
    f.ask.random = 4711;
    return f;
}

static void end(struct fixture *f)
{
    smail__hosts_free(f->hosts);
    smail__facts_dispose(&f->facts);
}

static int plan(struct fixture *f)
{
    smail__hosts_free(f->hosts);
    f->hosts = NULL;
    f->ask.route = &f->route;
    return smail__hosts_plan(&f->hosts, &f->ask, &f->facts);
}

/* Records parted by '|'; "" is none of that type. `owner` NULL: `name`. */
static void put_at(struct fixture *f, const char *name, const char *owner,
                   enum smail__dns_type type, const char *text)
{
    smail_span left = smail__span(text);
    struct smail__dns_answer *answer;
    struct smail__buf bytes;
    size_t ends[60], count = 0, at = 0;

    smail__buf_init(&bytes, 65536, NULL);
    while (left.len > 0) {
        assert_int_equal(
            smail__dns_write(&bytes, type, smail__span_cut(&left, '|')), 0);
        ends[count++] = bytes.len;
    }
    answer = smail__dns_answer_new(
        count > 0 ? SMAIL__DNS_FOUND : SMAIL__DNS_NO_DATA,
        owner != NULL ? owner : name, "", count, bytes.len);
    assert_non_null(answer);
    for (size_t i = 0; i < count; i++) {
        smail__dns_answer_add(answer, smail__span_slice(smail__buf_span(&bytes),
                                                        at, ends[i] - at));
        at = ends[i];
    }
    answer->ttl = 1234;
    answer->security = f->secure ? SMAIL__DNS_SECURE : SMAIL__DNS_INSECURE;
    assert_int_equal(smail__facts_put(&f->facts, name, type, answer), 0);
    smail__dns_answer_free(answer);
    smail__buf_dispose(&bytes);
}

static void put(struct fixture *f, const char *name, enum smail__dns_type type,
                const char *text)
{
    put_at(f, name, NULL, type, text);
}

static void put_status(struct fixture *f, const char *name,
                       enum smail__dns_type type, enum smail__dns_status status,
                       enum smail__dns_security security)
{
    struct smail__dns_answer *answer =
        smail__dns_answer_new(status, name, "SERVFAIL", 0, 0);

    assert_non_null(answer);
    answer->security = security;
    assert_int_equal(smail__facts_put(&f->facts, name, type, answer), 0);
    smail__dns_answer_free(answer);
}

/* Of a host: both families. */
static void put_host(struct fixture *f, const char *name, const char *a,
                     const char *aaaa)
{
    put(f, name, SMAIL__DNS_A, a);
    put(f, name, SMAIL__DNS_AAAA, aaaa);
}

/* Their names in order, parted by spaces. */
static void check_names(struct fixture *f, const char *expected)
{
    struct smail__buf names;

    smail__buf_init(&names, 65536, NULL);
    for (size_t i = 0; i < f->hosts->count; i++)
        smail__buf_printf(&names, "%s%s", i > 0 ? " " : "",
                          f->hosts->list[i].name);
    assert_int_equal(f->hosts->code, 0);
    assert_span(smail__buf_span(&names), expected);
    smail__buf_dispose(&names);
}

static void check_verdict(struct fixture *f, int code, const char *status)
{
    assert_int_equal(plan(f), 0);
    assert_int_equal(f->hosts->code, code);
    assert_string_equal(f->hosts->status, status);
    assert_true(f->hosts->text[0] != '\0');
    assert_int_equal(f->hosts->count, 0);
}

/* --- RFC 5321, 5.1 ------------------------------------------------------- */

static void asks_for_what_it_does_not_know(void **state)
{
    struct fixture f = begin("example.org");
    const struct smail__fact *fact;

    (void)state;
    assert_int_equal(plan(&f), 1);
    fact = smail__facts_next(&f.facts);
    assert_non_null(fact);
    assert_string_equal(fact->name, "example.org");
    assert_int_equal(fact->type, SMAIL__DNS_MX);
    assert_null(smail__facts_next(&f.facts));
    put(&f, "example.org", SMAIL__DNS_MX, "10 a.example.org|20 b.example.org");
    assert_int_equal(plan(&f), 1);
    for (int i = 0; i < 4; i++) /* all addresses at once */
        assert_non_null(smail__facts_next(&f.facts));
    assert_null(smail__facts_next(&f.facts));
    put_host(&f, "a.example.org", "203.0.113.1", "");
    put_host(&f, "b.example.org", "203.0.113.2", "");
    assert_int_equal(plan(&f), 0);
    check_names(&f, "a.example.org b.example.org");
    assert_int_equal(f.hosts->ttl, 1234);
    assert_int_equal(f.hosts->list[0].port, 25);
    end(&f);
}

static void three_equal(struct fixture *f)
{
    put(f, "example.org", SMAIL__DNS_MX,
        "20 c.example.org|10 a.example.org|10 b.example.org");
    put_host(f, "a.example.org", "203.0.113.1", "");
    put_host(f, "b.example.org", "203.0.113.2", "");
    put_host(f, "c.example.org", "203.0.113.3", "");
}

static void shuffles_what_is_equal(void **state)
{
    struct fixture f = begin("example.org");
    unsigned first_a = 0;

    (void)state;
    three_equal(&f);
    for (unsigned i = 0; i < 1000; i++) {
        f.ask.random = (uint64_t)i * 0x9e3779b97f4a7c15u;
        assert_int_equal(plan(&f), 0);
        assert_int_equal(f.hosts->count, 3);
        assert_string_equal(f.hosts->list[2].name, "c.example.org");
        first_a += strcmp(f.hosts->list[0].name, "a.example.org") == 0;
    }
    assert_in_range(first_a, 400, 600);
    end(&f);
}

static void own_name_cuts_the_list(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put(&f, "example.org", SMAIL__DNS_MX,
        "5 a.example.org|10 MAIL.here.test|10 b.example.org|20 c.example.org");
    put_host(&f, "a.example.org", "203.0.113.1", "");
    assert_int_equal(plan(&f), 0);
    check_names(&f, "a.example.org");
    end(&f);
}

static void first_ourselves_is_a_loop(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put(&f, "example.org", SMAIL__DNS_MX, "10 mail.here.test|10 b.example.org");
    check_verdict(&f, 5, "5.4.6");
    end(&f);
    f = begin("mail.here.test"); /* the implicit host */
    put(&f, "mail.here.test", SMAIL__DNS_MX, "");
    check_verdict(&f, 5, "5.4.6");
    end(&f);
}

/* The best are kept, wherever they are in the answer, and our own name is
 * seen behind them, too. */
static void too_many_hosts(void **state)
{
    struct fixture f = begin("example.org");
    char list[4096] = "", name[64];

    (void)state;
    for (int i = 0; i < 40; i++)
        smail__format(list + strlen(list), sizeof(list) - strlen(list),
                      "%d h%d.example.org|", 100 - i, i);
    smail__format(list + strlen(list), sizeof(list) - strlen(list),
                  "63 mail.here.test");
    put(&f, "example.org", SMAIL__DNS_MX, list);
    for (int i = 0; i < 40; i++) {
        smail__format(name, sizeof(name), "h%d.example.org", i);
        put_host(&f, name, "203.0.113.1", "");
    }
    assert_int_equal(plan(&f), 0);
    check_names(&f, "h39.example.org h38.example.org");
    end(&f);
}

static void implicit_host(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put(&f, "example.org", SMAIL__DNS_MX, "");
    put_host(&f, "example.org", "203.0.113.1", "2001:db8::1");
    assert_int_equal(plan(&f), 0);
    check_names(&f, "example.org");
    assert_int_equal(f.hosts->list[0].address_count, 2);
    assert_true(f.hosts->list[0].addresses[0].is_ipv6);
    end(&f);
}

static void no_implicit_host_beside_records(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put(&f, "example.org", SMAIL__DNS_MX, "10 a.example.org");
    put_host(&f, "a.example.org", "", "");
    check_verdict(&f, 5, "5.4.4");
    end(&f);
}

static void null_mx(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put(&f, "example.org", SMAIL__DNS_MX, "0 .");
    check_verdict(&f, 5, "5.1.10"); /* RFC 7505, 4.1 */
    end(&f);
}

static void no_such_domain(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put_status(&f, "example.org", SMAIL__DNS_MX, SMAIL__DNS_NO_NAME,
               SMAIL__DNS_INSECURE);
    check_verdict(&f, 5, "5.1.2");
    end(&f);
}

static void no_answer_puts_off(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put_status(&f, "example.org", SMAIL__DNS_MX, SMAIL__DNS_TEMPORARY,
               SMAIL__DNS_INSECURE);
    check_verdict(&f, 4, "4.4.3");
    assert_int_equal(
        smail__facts_put(&f.facts, "example.org", SMAIL__DNS_MX, NULL),
        0); /* could not even be asked */
    check_verdict(&f, 4, "4.4.3");
    end(&f);
}

static void bogus_puts_off(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    put_status(&f, "example.org", SMAIL__DNS_MX, SMAIL__DNS_TEMPORARY,
               SMAIL__DNS_BOGUS);
    check_verdict(&f, 4, "4.4.3");
    assert_non_null(strstr(f.hosts->text, "signatures"));
    end(&f);
}

static void hosts_without_answer_are_left_out(void **state)
{
    struct fixture f = begin("example.org");

    (void)state;
    three_equal(&f);
    put_status(&f, "a.example.org", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY,
               SMAIL__DNS_INSECURE);
    put_status(&f, "b.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_NAME,
               SMAIL__DNS_INSECURE);
    assert_int_equal(plan(&f), 0);
    check_names(&f, "c.example.org");
    put_status(&f, "c.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_NAME,
               SMAIL__DNS_INSECURE);
    check_verdict(&f, 4, "4.4.3"); /* one of them may have one tomorrow */
    end(&f);
}

/* --- Names and addresses ------------------------------------------------- */

static void literals(void **state)
{
    static const char *const good[] = { "[203.0.113.9]", "[IPv6:2001:db8::1]",
                                        "[ipv6:2001:DB8::1]" };
    static const char *const bad[] = { "[203.0.113.999]", "[x:y]", "[]", "[",
                                       "[IPv6:203.0.113.9.1]" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct fixture f = begin(good[i]);

        assert_int_equal(plan(&f), 0);
        assert_int_equal(f.hosts->code, 0);
        assert_int_equal(f.hosts->list[0].address_count, 1);
        assert_int_equal(f.hosts->list[0].tls, SMAIL__TLS_MAY);
        end(&f);
    }
    for (size_t i = 0; i < 5; i++) {
        struct fixture f = begin(bad[i]);

        assert_int_equal(plan(&f), 0);
        assert_int_equal(f.hosts->code, 5);
        end(&f);
    }
}

static void families_take_turns(void **state)
{
    struct fixture f = begin("[x]");

    (void)state;
    f.ask.domain = SMAIL__SPAN("example.org");
    put(&f, "example.org", SMAIL__DNS_MX, "");
    put_host(&f, "example.org", "203.0.113.1|203.0.113.2|203.0.113.3",
             "2001:db8::1|2001:db8::2");
    assert_int_equal(plan(&f), 0);
    assert_int_equal(f.hosts->list[0].address_count, 5);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(f.hosts->list[0].addresses[i].is_ipv6, i % 2 == 0);
    f.route.families = SMAIL__FAMILIES_IPV4;
    assert_int_equal(plan(&f), 0);
    assert_int_equal(f.hosts->list[0].address_count, 3);
    f.route.families = SMAIL__FAMILIES_IPV6;
    assert_int_equal(plan(&f), 0);
    assert_int_equal(f.hosts->list[0].address_count, 2);
    end(&f);
}

/* One below the limit, at it, and above. */
static void many_addresses(void **state)
{
    (void)state;
    for (int count = SMAIL__HOST_ADDRESSES_MAX - 1;
         count <= SMAIL__HOST_ADDRESSES_MAX + 1; count++) {
        struct fixture f = begin("example.org");
        char list[1024] = "";
        int most = count < SMAIL__HOST_ADDRESSES_MAX
                       ? count
                       : SMAIL__HOST_ADDRESSES_MAX;

        for (int i = 0; i < count; i++)
            smail__format(list + strlen(list), sizeof(list) - strlen(list),
                          "%s203.0.113.%d", i > 0 ? "|" : "", i + 1);
        put(&f, "example.org", SMAIL__DNS_MX, "");
        put_host(&f, "example.org", list, "");
        assert_int_equal(plan(&f), 0);
        assert_int_equal(f.hosts->list[0].address_count, most);
        end(&f);
    }
}

static void private_addresses(void **state)
{
    static const char *const list[] = { "127.0.0.1",   "10.1.2.3",
                                        "192.168.1.1", "172.31.0.1",
                                        "169.254.1.1", "100.64.0.1",
                                        "0.0.0.0",     "255.255.255.255",
                                        "224.0.0.1" };
    static const char *const list6[] = { "::1",
                                         "::",
                                         "fe80::1",
                                         "fd00::1",
                                         "::ffff:127.0.0.1",
                                         "ff02::1",
                                         "64:ff9b::10.0.0.1",
                                         "2002:7f00:1::1" };
    struct fixture f = begin("example.org");

    (void)state;
    put(&f, "example.org", SMAIL__DNS_MX, "");
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        put_host(&f, "example.org", list[i], "");
        check_verdict(&f, 5, "5.4.4");
    }
    for (size_t i = 0; i < sizeof(list6) / sizeof(list6[0]); i++) {
        put_host(&f, "example.org", "", list6[i]);
        check_verdict(&f, 5, "5.4.4");
    }
    put_host(&f, "example.org", "127.0.0.1|203.0.113.1", "");
    assert_int_equal(plan(&f), 0);
    assert_int_equal(f.hosts->list[0].address_count, 1);
    f.ask.allow_private = true;
    assert_int_equal(plan(&f), 0);
    assert_int_equal(f.hosts->list[0].address_count, 2);
    end(&f);
    f = begin("[127.0.0.1]");
    check_verdict(&f, 5, "5.4.4");
    end(&f);
}

static void routes_of_the_operator(void **state)
{
    char host[] = "relay.example.net", literal[] = "[127.0.0.1]";
    struct fixture f = begin("example.org");

    (void)state;
    f.route.kind = SMAIL__ROUTE_RELAY;
    f.route.host = literal; /* named, so it may be where it likes */
    f.route.port = 2525;
    assert_int_equal(plan(&f), 0);
    check_names(&f, "[127.0.0.1]");
    assert_int_equal(f.hosts->list[0].port, 2525);
    f.route.host = host;
    put_host(&f, host, "192.168.7.1", "");
    assert_int_equal(plan(&f), 0);
    check_names(&f, host);
    f.route.look_up_mx = true;
    put(&f, host, SMAIL__DNS_MX, "10 mx.example.net");
    put_host(&f, "mx.example.net", "203.0.113.1", "");
    assert_int_equal(plan(&f), 0);
    check_names(&f, "mx.example.net");
    end(&f);
}

/* --- DANE (RFC 7672) ----------------------------------------------------- */

static struct fixture begin_dane(const char *tlsa)
{
    struct fixture f = begin("example.org");

    f.secure = true;
    f.ask.use_dane = true;
    f.ask.use_sts = false;
    put(&f, "example.org", SMAIL__DNS_MX, "10 mx.example.org");
    put_host(&f, "mx.example.org", "203.0.113.1", "");
    put(&f, "_25._tcp.mx.example.org", SMAIL__DNS_TLSA, tlsa);
    return f;
}

static void check_level(struct fixture *f, enum smail__tls_level level)
{
    assert_int_equal(plan(f), 0);
    assert_int_equal(f->hosts->code, 0);
    assert_int_equal(f->hosts->list[0].tls, level);
}

static void dane(void **state)
{
    struct fixture f = begin_dane("3 1 1 " DIGEST);

    (void)state;
    check_level(&f, SMAIL__TLS_DANE);
    assert_int_equal(f.hosts->list[0].tlsa_count, 1);
    assert_string_equal(f.hosts->list[0].tls_name, "mx.example.org");
    assert_string_equal(f.hosts->list[0].tls_also, "example.org");
    f.ask.use_dane = false;
    check_level(&f, SMAIL__TLS_MAY);
    end(&f);
}

/* Each link of the chain has to be signed. */
static void dane_wants_all_signed(void **state)
{
    struct fixture f = begin_dane("3 1 1 " DIGEST);

    (void)state;
    f.secure = false;
    put(&f, "_25._tcp.mx.example.org", SMAIL__DNS_TLSA, "3 1 1 " DIGEST);
    check_level(&f, SMAIL__TLS_MAY);
    end(&f);
    f = begin_dane("3 1 1 " DIGEST);
    f.secure = false;
    put(&f, "mx.example.org", SMAIL__DNS_A, "203.0.113.1");
    check_level(&f, SMAIL__TLS_MAY);
    end(&f);
    f = begin_dane("3 1 1 " DIGEST);
    f.secure = false;
    put(&f, "example.org", SMAIL__DNS_MX, "10 mx.example.org");
    check_level(&f, SMAIL__TLS_MAY);
    end(&f);
}

/* RFC 7672, 2.2: there are records, so there is TLS. */
static void dane_of_no_use_still_demands_tls(void **state)
{
    struct fixture f = begin_dane("0 0 1 " DIGEST "|3 1 1 00");

    (void)state;
    check_level(&f, SMAIL__TLS_ENCRYPT);
    end(&f);
}

/* RFC 7672, 2.1.2: a host whose TLSA cannot be had is not used. */
static void dane_without_answer_is_not_gone_without(void **state)
{
    struct fixture f = begin_dane("");

    (void)state;
    check_level(&f, SMAIL__TLS_MAY); /* none, and that is signed */
    put_status(&f, "_25._tcp.mx.example.org", SMAIL__DNS_TLSA,
               SMAIL__DNS_TEMPORARY, SMAIL__DNS_BOGUS);
    check_verdict(&f, 4, "4.4.3");
    put_status(&f, "_25._tcp.mx.example.org", SMAIL__DNS_TLSA,
               SMAIL__DNS_TEMPORARY, SMAIL__DNS_INSECURE);
    check_verdict(&f, 4, "4.4.3");
    end(&f);
}

/* Who can hold back one family must not switch DANE off by that. */
static void dane_stays_when_a_family_has_no_answer(void **state)
{
    struct fixture f = begin_dane("3 1 1 " DIGEST);

    (void)state;
    put_status(&f, "mx.example.org", SMAIL__DNS_AAAA, SMAIL__DNS_TEMPORARY,
               SMAIL__DNS_BOGUS);
    check_level(&f, SMAIL__TLS_DANE);
    put_status(&f, "mx.example.org", SMAIL__DNS_AAAA, SMAIL__DNS_TEMPORARY,
               SMAIL__DNS_INSECURE);
    check_level(&f, SMAIL__TLS_DANE);
    f.secure = true;
    put(&f, "mx.example.org", SMAIL__DNS_AAAA, "2001:db8::1");
    put_status(&f, "mx.example.org", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY,
               SMAIL__DNS_BOGUS);
    check_level(&f, SMAIL__TLS_DANE);
    end(&f);
}

/* RFC 7672, 2.2.2: behind a CNAME its end first, then its beginning. */
static void dane_behind_an_alias(void **state)
{
    struct fixture f = begin_dane("3 1 1 " DIGEST);

    (void)state;
    put_at(&f, "mx.example.org", "end.example.net", SMAIL__DNS_A,
           "203.0.113.1");
    put_at(&f, "mx.example.org", "end.example.net", SMAIL__DNS_AAAA, "");
    assert_int_equal(plan(&f), 1);
    put(&f, "_25._tcp.end.example.net", SMAIL__DNS_TLSA, "3 1 1 " DIGEST);
    check_level(&f, SMAIL__TLS_DANE);
    assert_string_equal(f.hosts->list[0].tls_name, "end.example.net");
    put(&f, "_25._tcp.end.example.net", SMAIL__DNS_TLSA, "");
    check_level(&f, SMAIL__TLS_DANE);
    assert_string_equal(f.hosts->list[0].tls_name, "mx.example.org");
    put_status(&f, "_25._tcp.end.example.net", SMAIL__DNS_TLSA,
               SMAIL__DNS_TEMPORARY, SMAIL__DNS_BOGUS);
    check_verdict(&f, 4, "4.4.3");
    end(&f);
}

/* --- MTA-STS (RFC 8461) -------------------------------------------------- */

static struct fixture begin_sts(enum smail__sts_mode mode, const char *hosts)
{
    struct fixture f = begin("example.org");

    f.ask.use_sts = true;
    three_equal(&f);
    f.facts.sts.mode = mode;
    f.facts.sts.hosts = malloc(strlen(hosts) + 1);
    assert_non_null(f.facts.sts.hosts);
    memcpy(f.facts.sts.hosts, hosts, strlen(hosts) + 1);
    return f;
}

static void sts_is_asked_for(void **state)
{
    struct fixture f = begin_sts(SMAIL__STS_UNKNOWN, "");

    (void)state;
    assert_int_equal(plan(&f), 1);
    assert_true(f.facts.wants_sts);
    f.facts.sts.mode = SMAIL__STS_NONE;
    check_level(&f, SMAIL__TLS_MAY);
    assert_int_equal(f.hosts->count, 3);
    end(&f);
}

static void sts_enforced(void **state)
{
    struct fixture f = begin_sts(SMAIL__STS_ENFORCE, "a.example.org\nx.y");

    (void)state;
    check_level(&f, SMAIL__TLS_VERIFY);
    check_names(&f, "a.example.org");
    assert_string_equal(f.hosts->list[0].tls_name, "a.example.org");
    end(&f);
    f = begin_sts(SMAIL__STS_ENFORCE, "*.example.org");
    check_level(&f, SMAIL__TLS_VERIFY);
    assert_int_equal(f.hosts->count, 3);
    end(&f);
    f = begin_sts(SMAIL__STS_ENFORCE, "elsewhere.example.net");
    check_verdict(&f, 4, "4.7.5");
    end(&f);
}

static void sts_in_test(void **state)
{
    struct fixture f = begin_sts(SMAIL__STS_TESTING, "a.example.org");

    (void)state;
    check_level(&f, SMAIL__TLS_MAY);
    assert_int_equal(f.hosts->count, 3);
    end(&f);
}

/* RFC 8461, 2: neither takes anything from the other. */
static void dane_and_sts(void **state)
{
    struct fixture f = begin_dane("3 1 1 " DIGEST);

    (void)state;
    f.ask.use_sts = true;
    f.facts.sts.mode = SMAIL__STS_ENFORCE;
    f.facts.sts.hosts = malloc(32);
    assert_non_null(f.facts.sts.hosts);
    smail__format(f.facts.sts.hosts, 32, "mx.example.org");
    check_level(&f, SMAIL__TLS_DANE);
    put(&f, "_25._tcp.mx.example.org", SMAIL__DNS_TLSA, "0 0 1 " DIGEST);
    check_level(&f, SMAIL__TLS_VERIFY);
    end(&f);
}

/* Nor does a policy forbid a host that DNSSEC names. */
static void dane_and_a_policy_without_the_host(void **state)
{
    struct fixture f = begin_dane("3 1 1 " DIGEST);

    (void)state;
    f.ask.use_sts = true;
    f.facts.sts.mode = SMAIL__STS_ENFORCE;
    f.facts.sts.hosts = malloc(32);
    assert_non_null(f.facts.sts.hosts);
    smail__format(f.facts.sts.hosts, 32, "other.example.org");
    check_level(&f, SMAIL__TLS_DANE);
    assert_int_equal(f.hosts->list[0].policy, SMAIL_TLS_POLICY_TLSA);
    put(&f, "_25._tcp.mx.example.org", SMAIL__DNS_TLSA, "0 0 1 " DIGEST);
    check_verdict(&f, 4, "4.7.5"); /* of no use: the policy counts */
    assert_string_equal(f.hosts->unlisted, "mx.example.org");
    put(&f, "_25._tcp.mx.example.org", SMAIL__DNS_TLSA, "");
    check_verdict(&f, 4, "4.7.5");
    end(&f);
}

static void the_operator_decides(void **state)
{
    struct fixture f = begin_dane("3 1 1 " DIGEST);

    (void)state;
    f.route.has_tls = true;
    f.route.tls = SMAIL__TLS_NONE;
    check_level(&f, SMAIL__TLS_NONE);
    f.route.tls = SMAIL__TLS_VERIFY;
    check_level(&f, SMAIL__TLS_VERIFY);
    end(&f);
}

static void a_password_wants_a_proof(void **state)
{
    char host[] = "relay.example.net", user[] = "u", password[] = "p";
    struct fixture f = begin("example.org");

    (void)state;
    f.route.kind = SMAIL__ROUTE_RELAY;
    f.route.host = host;
    f.route.user = user;
    f.route.password = password;
    put_host(&f, host, "203.0.113.1", "");
    check_level(&f, SMAIL__TLS_VERIFY);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_what_it_does_not_know),
        cmocka_unit_test(shuffles_what_is_equal),
        cmocka_unit_test(own_name_cuts_the_list),
        cmocka_unit_test(first_ourselves_is_a_loop),
        cmocka_unit_test(too_many_hosts),
        cmocka_unit_test(implicit_host),
        cmocka_unit_test(no_implicit_host_beside_records),
        cmocka_unit_test(null_mx),
        cmocka_unit_test(no_such_domain),
        cmocka_unit_test(no_answer_puts_off),
        cmocka_unit_test(bogus_puts_off),
        cmocka_unit_test(hosts_without_answer_are_left_out),
        cmocka_unit_test(literals),
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(many_addresses),
        cmocka_unit_test(private_addresses),
        cmocka_unit_test(routes_of_the_operator),
        cmocka_unit_test(dane),
        cmocka_unit_test(dane_wants_all_signed),
        cmocka_unit_test(dane_of_no_use_still_demands_tls),
        cmocka_unit_test(dane_without_answer_is_not_gone_without),
        cmocka_unit_test(dane_stays_when_a_family_has_no_answer),
        cmocka_unit_test(dane_behind_an_alias),
        cmocka_unit_test(sts_is_asked_for),
        cmocka_unit_test(sts_enforced),
        cmocka_unit_test(sts_in_test),
        cmocka_unit_test(dane_and_sts),
        cmocka_unit_test(dane_and_a_policy_without_the_host),
        cmocka_unit_test(the_operator_decides),
        cmocka_unit_test(a_password_wants_a_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
