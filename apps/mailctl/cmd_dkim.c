/* SPDX-License-Identifier: MIT */
/* cmd_dkim.c - keys that sign, and what DNS has to say of them. */
#include <string.h>
#include <time.h>

#include <smtpmail/dkim.h>

#include "base/format.h"
#include "base/span.h"
#include "dkim.h"
#include "report.h"

/* Octets of one string of a TXT record (RFC 1035, 3.3.14). */
#define STRING_MAX 255

static const struct column columns[] = {
    { .name = "domain" },
    { .name = "selector" },
    { .name = "algorithm" },
    { .name = "createdAt" },
    { .name = "retiredAt" },
    { .name = "record", .is_hidden = true },
    { .name = "text", .is_hidden = true },
    { .name = NULL },
};

static const char *algorithm_name(smail_dkim_algorithm algorithm)
{
    return algorithm == SMAIL_DKIM_ED25519 ? "ed25519" : "rsa";
}

static int print(const smail_dkim_key *key, void *user)
{
    struct report *report = user;

    report_string(report, key->domain);
    report_string(report, key->selector);
    report_string(report, algorithm_name(key->algorithm));
    report_time(report, key->created_at);
    report_time(report, key->retired_at);
    report_string(report, key->name);
    report_string(report, key->text);
    return report_row(report);
}

static const char *domain_of(const struct ctl *ctl)
{
    return ctl->argument_count > 0 ? ctl->arguments[0] : NULL;
}

static int list(struct ctl *ctl)
{
    struct report report;
    int rc;

    report_begin(&report, ctl, columns, false);
    rc = smail_dkim_list(ctl->store, domain_of(ctl), print, &report, &ctl->err);
    report_end(&report);
    return rc < 0 ? rc : 0;
}

/* As a zone file has it: strings of 255 octets at most. */
static int print_record(const smail_dkim_key *key, void *user)
{
    struct smail__buf *out = user;
    smail_span text = smail__span(key->text);

    smail__buf_printf(out, "%s. 3600 IN TXT (", key->name);
    while (text.len > 0) {
        smail__buf_printf(
            out, " \"%.*s\"",
            SMAIL__SPAN_ARG(smail__span_slice(text, 0, STRING_MAX)));
        text = smail__span_from(text, STRING_MAX);
    }
    smail__buf_puts(out, " )\n");
    return 0;
}

static int dns(struct ctl *ctl)
{
    int rc;

    if (ctl->json)
        return list(ctl);
    rc = smail_dkim_list(ctl->store, domain_of(ctl), print_record,
                         &ctl->out.buf, &ctl->err);
    return rc < 0 ? rc : 0;
}

int dkim_add_keys(struct ctl *ctl, const char *domain)
{
    int64_t now = (int64_t)time(NULL);
    int rc = smail_dkim_keygen(ctl->store, domain, SMAIL_DKIM_RSA, NULL, now,
                               &ctl->err);

    if (rc == 0)
        rc = smail_dkim_keygen(ctl->store, domain, SMAIL_DKIM_ED25519, NULL,
                               now, &ctl->err);
    return rc;
}

static int tell(struct ctl *ctl, const char *what)
{
    char sentence[512];

    smail__format(sentence, sizeof(sentence),
                  "%s for %s; its records: mailctl dkim dns %s", what,
                  ctl->arguments[0], ctl->arguments[0]);
    return ctl_done(ctl, "domain", ctl->arguments[0], sentence);
}

static int keygen(struct ctl *ctl)
{
    const char *algorithm = ctl_option(ctl, "algorithm");
    const char *selector = ctl_option(ctl, "selector");
    int64_t now = (int64_t)time(NULL);
    int rc;

    if (algorithm == NULL && selector == NULL) {
        rc = dkim_add_keys(ctl, ctl->arguments[0]);
        return rc == 0 ? tell(ctl, "made an RSA and an Ed25519 key") : rc;
    }
    if (algorithm != NULL && strcmp(algorithm, "rsa") != 0 &&
        strcmp(algorithm, "ed25519") != 0)
        return ctl_usage(ctl, "--algorithm is rsa or ed25519");
    rc =
        smail_dkim_keygen(ctl->store, ctl->arguments[0],
                          algorithm != NULL && strcmp(algorithm, "ed25519") == 0
                              ? SMAIL_DKIM_ED25519
                              : SMAIL_DKIM_RSA,
                          selector, now, &ctl->err);
    return rc == 0 ? tell(ctl, "made a key") : rc;
}

static int rotate(struct ctl *ctl)
{
    int rc = smail_dkim_rotate(ctl->store, ctl->arguments[0],
                               (int64_t)time(NULL), &ctl->err);

    return rc == 0 ? tell(ctl, "new keys sign now, the old ones are retired")
                   : rc;
}

static int retire(struct ctl *ctl)
{
    int rc = smail_dkim_retire(ctl->store, ctl->arguments[0], ctl->arguments[1],
                               (int64_t)time(NULL), &ctl->err);

    return rc == 0 ? tell(ctl, "the key signs no more") : rc;
}

static int remove_one(struct ctl *ctl)
{
    int rc = smail_dkim_remove(ctl->store, ctl->arguments[0], ctl->arguments[1],
                               &ctl->err);

    return rc == 0 ? tell(ctl, "the key is gone") : rc;
}

static const struct option keygen_options[] = {
    { "algorithm", "NAME", "rsa or ed25519; else one of each" },
    { "selector", "NAME", "its name in DNS; else made of the date" },
    { NULL, NULL, NULL }
};

static const struct command items[] = {
    { "dkim", "keygen", "DOMAIN", "a new key; it signs from now on", 1, 1,
      STORE, keygen_options, keygen },
    { "dkim", "rotate", "DOMAIN", "new keys in place of those that sign", 1, 1,
      STORE, NULL, rotate },
    { "dkim", "retire", "DOMAIN SELECTOR", "it signs no more", 2, 2, STORE,
      NULL, retire },
    { "dkim", "remove", "DOMAIN SELECTOR", "for good", 2, 2, STORE, NULL,
      remove_one },
    { "dkim", "list", "[DOMAIN]", "keys, and which of them sign", 0, 1, STORE,
      NULL, list },
    { "dkim", "dns", "[DOMAIN]", "records to publish, as a zone file has them",
      0, 1, STORE, NULL, dns },
};

const struct commands dkim_commands = { items,
                                        sizeof(items) / sizeof(items[0]) };
