/* SPDX-License-Identifier: MIT */
/* cmd_domain_check.c - what DNS should say of a domain, and what it says. */
#include <string.h>
#include <unistd.h>

#include <smtpmail/domain_check.h>

#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "display.h"

#define ADDRESSES_MAX 16
#define WIDTH 78 /* of explanations */
#define INDENT 4
#define HTTPS_PORT 443

struct check {
    struct ctl *ctl;
    char hostname[256];
    const char *addresses[ADDRESSES_MAX];
    smail_domain_check_options options;
};

/* --- What to look for ----------------------------------------------------- */

/* As smtpd names itself. */
static int find_hostname(struct check *check)
{
    struct ctl *ctl = check->ctl;
    const char *name = ctl_option(ctl, "hostname");

    if (name == NULL && ctl->config.hostname[0] != '\0')
        name = ctl->config.hostname;
    if (name == NULL) {
        if (gethostname(check->hostname, sizeof(check->hostname) - 1) != 0)
            return smail__fail(&ctl->err, SMAIL_EINVAL,
                               "this machine has no name: set hostname in "
                               "[server] or give --hostname");
        name = check->hostname;
    }
    check->options.hostname = name;
    return 0;
}

static int find_addresses(struct check *check)
{
    struct ctl *ctl = check->ctl;

    for (size_t i = 0; i < ctl->given_count; i++) {
        if (strcmp(ctl->given[i].option->name, "address") != 0)
            continue;
        if (check->options.address_count == ADDRESSES_MAX)
            return ctl_usage(ctl, "at most %d addresses", ADDRESSES_MAX);
        check->addresses[check->options.address_count++] = ctl->given[i].value;
    }
    check->options.addresses = check->addresses;
    return 0;
}

static void take_config(struct check *check)
{
    const struct smail__config *config = &check->ctl->config;
    smail_domain_check_options *options = &check->options;

    options->certificate = config->certificate;
    options->name_servers = config->resolver_server;
    options->zone_file = config->resolver_zone_file;
    options->trust_anchor = config->resolver_anchor;
    options->dns_timeout = config->resolver_timeout;
    options->authorities = config->queue_authorities;
    /* 0 and not the usual one: with a zone file nothing is fetched then. */
    if (config->queue_sts_port != HTTPS_PORT)
        options->https_port = (uint16_t)config->queue_sts_port;
}

/* --- For a person --------------------------------------------------------- */

static void pad_to(struct smail__buf *out, size_t start, size_t column)
{
    do {
        smail__buf_putc(out, ' ');
    } while (out->len - start < column && smail__buf_error(out) == 0);
}

static void put_safe(struct smail__buf *out, smail_span text)
{
    display_text(out, text, false);
}

/* Words of `text`, in lines that a terminal has. */
static void put_wrapped(struct smail__buf *out, const char *text)
{
    smail_span rest = smail__span(text);
    size_t column = 0;

    while (rest.len > 0) {
        smail_span word = smail__span_cut(&rest, ' ');
        size_t width = display_width(word);

        if (column > 0 && column + 1 + width > WIDTH) {
            smail__buf_putc(out, '\n');
            column = 0;
        }
        smail__buf_puts(out, column == 0 ? "    " : " ");
        column += column == 0 ? INDENT + width : 1 + width;
        put_safe(out, word);
    }
    if (column > 0)
        smail__buf_putc(out, '\n');
}

static void put_lines(struct smail__buf *out, const char *head,
                      const char *text)
{
    smail_span rest = smail__span(text);

    while (rest.len > 0) {
        smail__buf_printf(out, "    %s", head);
        put_safe(out, smail__span_cut(&rest, '\n'));
        smail__buf_putc(out, '\n');
    }
}

static const char *word_of(smail_check_status status)
{
    static const char *const words[] = { "ok",      "-",       "insecure",
                                         "warning", "unknown", "MISSING",
                                         "WRONG" };

    return words[status];
}

static void print_item(struct smail__buf *out,
                       const smail_domain_check_item *item)
{
    size_t start = out->len;

    smail__buf_puts(out, word_of(item->status));
    pad_to(out, start, 10);
    smail__buf_puts(out, item->name);
    pad_to(out, start, 19);
    smail__buf_printf(out, "%s %s\n", item->owner, item->type);
    put_lines(out, "found:  ", item->found);
    put_wrapped(out, item->explanation);
    if (item->status != SMAIL_CHECK_OK && item->status != SMAIL_CHECK_UNKNOWN)
        put_lines(out, "paste:  ", item->expected);
    smail__buf_putc(out, '\n');
}

static void print(struct smail__buf *out, const smail_domain_report *report)
{
    size_t bad = 0, warnings = 0;
    const char *domain = smail_domain_report_domain(report);

    for (size_t i = 0; i < smail_domain_report_count(report); i++) {
        const smail_domain_check_item *item =
            smail_domain_report_item(report, i);

        bad += item->status >= SMAIL_CHECK_UNKNOWN;
        warnings += item->status == SMAIL_CHECK_WARNING;
        print_item(out, item);
    }
    if (bad > 0)
        smail__buf_printf(out, "%s: %zu of %zu records need you", domain, bad,
                          smail_domain_report_count(report));
    else
        smail__buf_printf(out, "%s: all is well", domain);
    if (warnings > 0)
        smail__buf_printf(out, ", with %zu warning%s", warnings,
                          warnings > 1 ? "s" : "");
    smail__buf_putc(out, '\n');
}

/* --- For a zone file ------------------------------------------------------ */

/* Of another zone: the provider's, or that of the hostname. */
static bool is_elsewhere(const char *owner, const char *domain)
{
    size_t len = strlen(owner), domain_len = strlen(domain);

    return len < domain_len || strcmp(owner + len - domain_len, domain) != 0 ||
           (len > domain_len && owner[len - domain_len - 1] != '.');
}

static void print_zone(struct smail__buf *out,
                       const smail_domain_report *report)
{
    const char *domain = smail_domain_report_domain(report);

    for (size_t i = 0; i < smail_domain_report_count(report); i++) {
        const smail_domain_check_item *item =
            smail_domain_report_item(report, i);
        smail_span rest = smail__span(item->expected);

        if (rest.len > 0 && is_elsewhere(item->owner, domain))
            smail__buf_puts(out, "; in another zone:\n");
        while (rest.len > 0) {
            smail_span line = smail__span_cut(&rest, '\n');

            smail__buf_puts(out, is_elsewhere(item->owner, domain) ? "; " : "");
            put_safe(out, line);
            smail__buf_putc(out, '\n');
        }
    }
}

static int run(struct ctl *ctl)
{
    struct check check = { .ctl = ctl,
                           .options = SMAIL_DOMAIN_CHECK_OPTIONS_INIT };
    smail_domain_report *report = NULL;
    int rc = find_hostname(&check);

    if (rc == 0)
        rc = find_addresses(&check);
    if (rc != 0)
        return rc;
    take_config(&check);
    rc = smail_domain_check(&report, ctl->store, ctl->arguments[0],
                            &check.options, &ctl->err);
    if (rc != 0)
        return rc;
    if (ctl->json)
        smail__buf_printf(&ctl->out.buf, "%s\n",
                          smail_domain_report_json(report));
    else if (ctl_option(ctl, "zone") != NULL)
        print_zone(&ctl->out.buf, report);
    else
        print(&ctl->out.buf, report);
    rc = smail_domain_report_is_well(report) ? EXIT_DONE : EXIT_FAILED;
    smail_domain_report_free(report);
    return rc;
}

static const struct option options[] = {
    { "address", "IP", "we send from it; may be given again" },
    { "hostname", "NAME", "what smtpd says in EHLO; else as in [server]" },
    { "zone", NULL, "print only the records, as a zone file has them" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "domain", "check", "NAME", "does DNS say what it should? Exit code 1: no",
      1, 1, STORE, options, run },
};

const struct commands domain_check_commands = { items, sizeof(items) /
                                                           sizeof(items[0]) };
