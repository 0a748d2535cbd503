/* SPDX-License-Identifier: MIT */
/* smail_domain_check(): a store, a zone file, and what comes of them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <smtpmail/account.h>
#include <smtpmail/dkim.h>
#include <smtpmail/domain_check.h>

#include "base/format.h"
#include "test_store.h"

struct fixture {
    smail_store *store;
    char zone[64];
    smail_domain_check_options options;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    smail_error err = SMAIL_ERROR_INIT;
    char url[512];
    int fd;

    if (f == NULL || test_store_url(url, sizeof(url), "sqlite::memory:") != 0 ||
        smail_store_open(&f->store, url, NULL, &err) != 0 ||
        smail_domain_add(NULL, f->store, "example.org", &err) != 0 ||
        smail_dkim_keygen(f->store, "example.org", SMAIL_DKIM_ED25519, "s1",
                          1700000000, &err) != 0)
        return -1;
    smail__format(f->zone, sizeof(f->zone), "/tmp/smtpmail-zone-XXXXXX");
    fd = mkstemp(f->zone);
    if (fd < 0)
        return -1;
    close(fd);
    f->options = (smail_domain_check_options)SMAIL_DOMAIN_CHECK_OPTIONS_INIT;
    f->options.hostname = "mail.example.org";
    f->options.zone_file = f->zone;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    unlink(f->zone);
    smail_store_close(f->store);
    free(f);
    return 0;
}

static void write_zone(const struct fixture *f, const char *json)
{
    FILE *file = fopen(f->zone, "wb");

    assert_non_null(file);
    for (; *json != '\0'; json++)
        fputc(*json == '\'' ? '"' : *json, file);
    fclose(file);
}

static smail_domain_report *check(struct fixture *f, const char *domain)
{
    smail_domain_report *report = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    if (smail_domain_check(&report, f->store, domain, &f->options, &err) != 0)
        fail_msg("%s", err.message);
    return report;
}

static const smail_domain_check_item *find(const smail_domain_report *report,
                                           const char *name)
{
    for (size_t i = 0; i < smail_domain_report_count(report); i++) {
        const smail_domain_check_item *item =
            smail_domain_report_item(report, i);

        if (strcmp(item->name, name) == 0)
            return item;
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void what_is_there_and_what_is_not(void **state)
{
    struct fixture *f = *state;
    smail_domain_report *report;

    write_zone(f, "{'example.org': {'MX': '10 mail.example.org'},"
                  "'mail.example.org': {'A': '203.0.113.7'}}");
    report = check(f, "Example.ORG");

    assert_false(smail_domain_report_is_well(report));
    assert_string_equal(smail_domain_report_domain(report), "example.org");
    assert_int_equal(find(report, "MX")->status, SMAIL_CHECK_OK);
    assert_string_equal(find(report, "MX")->found, "10 mail.example.org.");
    assert_int_equal(find(report, "SPF")->status, SMAIL_CHECK_MISSING);
    assert_string_equal(find(report, "SPF")->found, "");
    assert_string_equal(find(report, "SPF")->expected,
                        "example.org. 3600 IN TXT \"v=spf1 mx -all\"");
    assert_string_equal(find(report, "DKIM")->owner,
                        "s1._domainkey.example.org");
    assert_null(
        smail_domain_report_item(report, smail_domain_report_count(report)));
    assert_non_null(strstr(smail_domain_report_json(report),
                           "{\"name\":\"MX\",\"type\":\"MX\",\"owner\":"
                           "\"example.org\",\"status\":\"ok\",\"found\":[\"10 "
                           "mail.example.org.\"],\"expected\":[\"example.org."
                           " 3600 IN MX 10 mail.example.org.\"]"));
    smail_domain_report_free(report);
}

static void an_old_key_needs_no_record(void **state)
{
    struct fixture *f = *state;
    smail_domain_report *report;

    write_zone(f, "{'example.org': {'MX': '10 mail.example.org'}}");
    assert_int_equal(
        smail_dkim_retire(f->store, "example.org", "s1", 1700000001, NULL), 0);
    assert_int_equal(smail_dkim_keygen(f->store, "example.org",
                                       SMAIL_DKIM_ED25519, "s2", 1700000001,
                                       NULL),
                     0);
    report = check(f, "example.org");
    assert_string_equal(find(report, "DKIM")->owner,
                        "s2._domainkey.example.org");
    assert_int_equal(find(report, "DKIM")->status, SMAIL_CHECK_MISSING);
    assert_int_equal((find(report, "DKIM") + 1)->status, SMAIL_CHECK_OPTIONAL);
    smail_domain_report_free(report);
}

static void what_cannot_be_checked(void **state)
{
    static const char *const bad[] = { "203.0.113.7", "mail" };
    static const char *many[17];
    struct fixture *f = *state;
    smail_domain_report *report = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    write_zone(f, "{}");
    assert_int_equal(
        smail_domain_check(&report, f->store, "example.net", &f->options, &err),
        SMAIL_ENOTFOUND);
    assert_string_equal(err.message, "there is no domain example.net here");
    f->options.addresses = bad;
    f->options.address_count = 2;
    assert_int_equal(
        smail_domain_check(&report, f->store, "example.org", &f->options, &err),
        SMAIL_EINVAL);
    for (size_t i = 0; i < 17; i++)
        many[i] = "203.0.113.7";
    f->options.addresses = many;
    f->options.address_count = 17;
    assert_int_equal(
        smail_domain_check(&report, f->store, "example.org", &f->options, &err),
        SMAIL_EINVAL);
    f->options.address_count = 16;
    smail_domain_report_free(check(f, "example.org"));
    f->options.zone_file = "/nowhere/zone.json";
    assert_int_equal(
        smail_domain_check(&report, f->store, "example.org", &f->options, &err),
        SMAIL_EIO);
    f->options.hostname = NULL;
    assert_int_equal(
        smail_domain_check(&report, f->store, "example.org", &f->options, &err),
        SMAIL_EINVAL);
    assert_null(report);
}

static void it_ends_at_the_deadline(void **state)
{
    struct fixture *f = *state;
    smail_domain_report *report;
    time_t start = time(NULL);

    write_zone(f, "{'*.example.org': {'TXT': 'TIMEOUT'},"
                  "'example.org': {'MX': 'TIMEOUT', 'TXT': 'v=spf1 -all'}}");
    f->options.dns_timeout = 60;
    f->options.deadline = 1;
    report = check(f, "example.org");
    assert_true(time(NULL) - start <= 10);
    assert_int_equal(find(report, "MX")->status, SMAIL_CHECK_UNKNOWN);
    assert_int_equal(find(report, "DMARC")->status, SMAIL_CHECK_UNKNOWN);
    assert_false(smail_domain_report_is_well(report));
    smail_domain_report_free(report);
}

static void statuses_have_names(void **state)
{
    (void)state;
    assert_string_equal(smail_check_status_name(SMAIL_CHECK_OK), "ok");
    assert_string_equal(smail_check_status_name(SMAIL_CHECK_WRONG), "wrong");
}

#define WITH_STORE(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(what_is_there_and_what_is_not),
        WITH_STORE(an_old_key_needs_no_record),
        WITH_STORE(what_cannot_be_checked),
        WITH_STORE(it_ends_at_the_deadline),
        cmocka_unit_test(statuses_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
