/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "account/sent.h"
#include "account/session.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/value.h"
#include "ctl.h"
#include "report.h"

/* Of one command; names are those of [limits]. */
#define LIMITS_MAX 16
#define LIMIT_NAME_SIZE 64

static const struct column columns[] = {
    { .name = "id" },
    { .name = "address" },
    { .name = "name", .width = 40 },
    { .name = "admin" },
    { .name = "disabled" },
    { .name = "hasPassword", .is_hidden = true },
    { .name = "emails" },
    { .name = "usedBytes" },
    { .name = "quotaBytes" },
    { .name = "quotaEmails" },
    { .name = "createdAt" },
    { .name = NULL },
};

/* Of one account: also what it may and did send. */
static const struct column show_columns[] = {
    { .name = "id" },
    { .name = "address" },
    { .name = "name", .width = 40 },
    { .name = "admin" },
    { .name = "disabled" },
    { .name = "hasPassword", .is_hidden = true },
    { .name = "emails" },
    { .name = "usedBytes" },
    { .name = "quotaBytes" },
    { .name = "quotaEmails" },
    { .name = "createdAt" },
    { .name = "limits" },
    { .name = "sentEmails" },
    { .name = "sentTo" },
    { .name = NULL },
};

struct list {
    struct report report;
    uint64_t left;
    const struct sent *sent; /* NULL: it is not shown */
};

struct sent {
    char limits[256]; /* "name=value", parted by spaces */
    uint64_t messages, recipients;
};

static int print(const smail_account *account, void *user)
{
    struct list *list = user;
    struct report *report = &list->report;

    report_id(report, account->id);
    report_string(report, account->address);
    report_string(report, account->name);
    report_bool(report, account->admin);
    report_bool(report, account->disabled);
    report_bool(report, account->has_password);
    report_uint(report, account->emails);
    report_uint(report, account->used_bytes);
    report_uint(report, account->quota_bytes);
    report_uint(report, account->quota_emails);
    report_time(report, account->created_at);
    if (list->sent != NULL) {
        report_words(report, list->sent->limits, ' ');
        report_uint(report, list->sent->messages);
        report_uint(report, list->sent->recipients);
    }
    return report_row(report) != 0 || --list->left == 0;
}

static int add_limit(const smail_account_limit *limit, void *user)
{
    struct sent *sent = user;
    size_t len = strlen(sent->limits);

    smail__format(sent->limits + len, sizeof(sent->limits) - len, "%s%s=%llu",
                  len > 0 ? " " : "", limit->name,
                  (unsigned long long)*limit->value);
    return 0;
}

static int print_one(struct ctl *ctl, smail_id account)
{
    struct sent sent = { .limits = "" };
    struct list list = { .left = 1, .sent = &sent };
    int rc = smail_account_limit_list(ctl->store, account, add_limit, &sent,
                                      &ctl->err);

    if (rc == 0)
        rc = smail__sent_total(&sent.messages, &sent.recipients, ctl->store,
                               account, &ctl->err);
    if (rc != 0)
        return rc;
    report_begin(&list.report, ctl, show_columns, true);
    rc = smail_account_get(ctl->store, account, print, &list, &ctl->err);
    if (rc < 0)
        smail__buf_dispose(&list.report.held);
    else
        report_end(&list.report);
    return rc < 0 ? rc : 0;
}

/* --- Adding -------------------------------------------------------------- */

/* `out` stays as it is when the option was not given. */
static int read_size(uint64_t *out, struct ctl *ctl, const char *option)
{
    const char *text = ctl_option(ctl, option);

    if (text != NULL && smail__value_size(out, smail__span(text)) != 0)
        return ctl_usage(ctl, "--%s wants a size, as 500M or 2G, not '%s'",
                         option, text);
    return 0;
}

static int read_count(uint64_t *out, struct ctl *ctl, const char *option)
{
    const char *text = ctl_option(ctl, option);

    if (text != NULL && smail__span_number(out, smail__span(text)) != 0)
        return ctl_usage(ctl, "--%s wants a number, not '%s'", option, text);
    return 0;
}

static int read_options(smail_account_options *out, struct ctl *ctl)
{
    int rc = read_size(&out->quota_bytes, ctl, "quota");

    if (rc == 0)
        rc = read_count(&out->quota_emails, ctl, "quota-emails");
    if (rc != 0)
        return rc;

    out->name = ctl_option(ctl, "name");
    out->admin = ctl_option(ctl, "admin") != NULL;
    out->bare = ctl_option(ctl, "bare") != NULL;
    if (ctl_option(ctl, "no-password") != NULL &&
        (ctl_option(ctl, "password-stdin") != NULL ||
         ctl_option(ctl, "password-file") != NULL ||
         ctl_option(ctl, "password-hash-file") != NULL))
        return ctl_usage(ctl, "--no-password and a password are one too many");
    return 0;
}

static bool has_hash(const struct ctl *ctl)
{
    return ctl_option(ctl, "password-hash-file") != NULL;
}

static int add(struct ctl *ctl)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    struct password password = { .len = 0 };
    smail_id account;
    int rc = read_options(&options, ctl);

    if (rc == 0 && has_hash(ctl))
        rc = password_read_hash(&password, ctl);
    else if (rc == 0 && ctl_option(ctl, "no-password") == NULL)
        rc = password_read(&password, ctl);
    if (rc == CTL_USAGE && !has_hash(ctl) &&
        ctl_option(ctl, "password-stdin") == NULL &&
        ctl_option(ctl, "password-file") == NULL &&
        ctl_option(ctl, "quota") == NULL &&
        ctl_option(ctl, "quota-emails") == NULL)
        return ctl_usage(ctl, "%s, or --no-password", ctl->err.message);
    if (rc == 0) {
        smail_span text = { password.text, password.len };

        if (has_hash(ctl))
            options.password_hash = text;
        else
            options.password = text;
        rc = smail_account_add(&account, ctl->store, ctl->arguments[0],
                               &options, &ctl->err);
    }
    smail__wipe(&password, sizeof(password));
    return rc != 0 ? rc : print_one(ctl, account);
}

/* --- The others ---------------------------------------------------------- */

static int list_all(struct ctl *ctl)
{
    struct list list = { .left = ctl->limit };
    int rc;

    report_begin(&list.report, ctl, columns, false);
    rc = smail_account_list(ctl->store, print, &list, &ctl->err);
    report_end(&list.report);
    return rc < 0 ? rc : 0;
}

static int show(struct ctl *ctl)
{
    smail_id account;
    int rc = ctl_account(&account, ctl);

    return rc != 0 ? rc : print_one(ctl, account);
}

static int say(struct ctl *ctl, const char *what)
{
    char sentence[512];

    smail__format(sentence, sizeof(sentence), "%s %s", what, ctl->arguments[0]);
    return ctl_done(ctl, "address", ctl->arguments[0], sentence);
}

static int passwd(struct ctl *ctl)
{
    struct password password = { .len = 0 };
    smail_span text = { password.text, 0 };
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = has_hash(ctl) ? password_read_hash(&password, ctl)
                           : password_read(&password, ctl);
    text.len = password.len;
    if (rc == 0 && has_hash(ctl))
        rc = smail_account_set_password_hash(ctl->store, account, text,
                                             &ctl->err);
    else if (rc == 0)
        rc = smail_account_set_password(ctl->store, account, text, &ctl->err);
    smail__wipe(&password, sizeof(password));
    /* Whoever had learnt the old one must not stay in a browser. */
    if (rc == 0)
        rc = smail__session_end_others(ctl->store, account, 0, &ctl->err);
    return rc != 0 ? rc : say(ctl, "set the password of");
}

static int set_disabled(struct ctl *ctl, bool disabled)
{
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = smail_account_set_disabled(ctl->store, account, disabled,
                                        &ctl->err);
    return rc != 0 ? rc : say(ctl, disabled ? "disabled" : "enabled");
}

static int disable(struct ctl *ctl)
{
    return set_disabled(ctl, true);
}

static int enable(struct ctl *ctl)
{
    return set_disabled(ctl, false);
}

static int rename_one(struct ctl *ctl)
{
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = smail_account_rename(ctl->store, account, ctl->arguments[1],
                                  ctl_option(ctl, "drop-old") != NULL,
                                  &ctl->err);
    return rc != 0 ? rc : print_one(ctl, account);
}

struct limits {
    smail_account_limit list[LIMITS_MAX];
    uint64_t values[LIMITS_MAX];
    char names[LIMITS_MAX][LIMIT_NAME_SIZE];
    size_t count;
};

/* "recipients-per-day=500", or "=default". */
static int read_limit(struct limits *limits, struct ctl *ctl, const char *text)
{
    smail_account_limit *limit = &limits->list[limits->count];
    uint64_t *value = &limits->values[limits->count];
    char *name = limits->names[limits->count];
    smail_span rest = smail__span(text);
    smail_span key = smail__span_cut(&rest, '=');

    if (limits->count == LIMITS_MAX || key.len >= LIMIT_NAME_SIZE ||
        (!smail__span_is(rest, "default") &&
         smail__span_number(value, rest) != 0))
        return ctl_usage(ctl,
                         "--limit wants NAME=NUMBER or NAME=default, as "
                         "recipients-per-day=5000, not '%s'",
                         text);
    smail__format(name, LIMIT_NAME_SIZE, "%.*s", SMAIL__SPAN_ARG(key));
    limit->name = name;
    limit->value = smail__span_is(rest, "default") ? NULL : value;
    limits->count++;
    return 0;
}

static int read_limits(struct limits *limits, struct ctl *ctl)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ctl->given_count; i++)
        if (strcmp(ctl->given[i].option->name, "limit") == 0)
            rc = read_limit(limits, ctl, ctl->given[i].value);
    return rc;
}

static int set(struct ctl *ctl)
{
    smail_account_changes changes = SMAIL_ACCOUNT_CHANGES_INIT;
    struct limits limits = { .count = 0 };
    bool admin = ctl_option(ctl, "admin") != NULL;
    uint64_t bytes, emails;
    smail_id account;
    int rc = read_size(&bytes, ctl, "quota-bytes");

    if (rc == 0)
        rc = read_count(&emails, ctl, "quota-emails");
    if (rc == 0)
        rc = read_limits(&limits, ctl);
    if (rc != 0)
        return rc;
    if (ctl->given_count == 0)
        return ctl_usage(ctl, "what is to be set? Try: mailctl help account");
    if (admin && ctl_option(ctl, "no-admin") != NULL)
        return ctl_usage(ctl, "--admin and --no-admin are one too many");
    changes.name = ctl_option(ctl, "name");
    changes.limits = limits.list;
    changes.limit_count = limits.count;
    if (ctl_option(ctl, "quota-bytes") != NULL)
        changes.quota_bytes = &bytes;
    if (ctl_option(ctl, "quota-emails") != NULL)
        changes.quota_emails = &emails;
    if (admin || ctl_option(ctl, "no-admin") != NULL)
        changes.admin = &admin;
    rc = ctl_account(&account, ctl);
    if (rc == 0)
        rc = smail_account_set(ctl->store, account, &changes, &ctl->err);
    return rc != 0 ? rc : print_one(ctl, account);
}

static int remove_one(struct ctl *ctl)
{
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = smail_account_remove(ctl->store, account, &ctl->err);
    return rc != 0 ? rc : say(ctl, "removed");
}

static const struct option add_options[] = {
    { "name", "NAME", "the display name" },
    { "admin", NULL, "gets the mail of postmaster and abuse" },
    { "bare", NULL, "only an inbox, no Drafts, Sent and so on" },
    { "quota", "SIZE", "as 500M or 2G; else none" },
    { "quota-emails", "N", "so many messages; else any number" },
    PASSWORD_OPTIONS,
    { "no-password", NULL, "nobody can log in until one is set" },
    { NULL, NULL, NULL },
};

static const struct option passwd_options[] = {
    PASSWORD_OPTIONS,
    { NULL, NULL, NULL },
};

static const struct option rename_options[] = {
    { "drop-old", NULL, "the old address is nobody's then" },
    { NULL, NULL, NULL },
};

static const struct option set_options[] = {
    { "name", "NAME", "the display name" },
    { "quota-bytes", "SIZE", "as 500M or 2G; 0: none" },
    { "quota-emails", "N", "so many messages; 0: any number" },
    { "admin", NULL, "gets the mail of postmaster and abuse" },
    { "no-admin", NULL, "does not; another one must" },
    { "limit", "NAME=N", "of [limits]; N 'default': the server's" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "account", "add", "ADDRESS", "make an account; asks for a password", 1, 1,
      STORE, add_options, add },
    { "account", "list", "", "all accounts", 0, 0, STORE, NULL, list_all },
    { "account", "show", "ADDRESS", "one account", 1, 1, STORE, NULL, show },
    { "account", "rename", "OLD NEW",
      "another address; the old one becomes an alias", 2, 2, STORE,
      rename_options, rename_one },
    { "account", "set", "ADDRESS", "change what is told of it", 1, 1, STORE,
      set_options, set },
    { "account", "passwd", "ADDRESS", "set its password; asks for it", 1, 1,
      STORE, passwd_options, passwd },
    { "account", "disable", "ADDRESS", "no logins; mail still arrives", 1, 1,
      STORE, NULL, disable },
    { "account", "enable", "ADDRESS", "logins again", 1, 1, STORE, NULL,
      enable },
    { "account", "remove", "ADDRESS", "remove it and all its mail", 1, 1, STORE,
      NULL, remove_one },
};

const struct commands account_commands = { items,
                                           sizeof(items) / sizeof(items[0]) };
