/* SPDX-License-Identifier: MIT */
#include "base/format.h"
#include "ctl.h"
#include "dkim.h"
#include "report.h"

static const struct column columns[] = {
    { .name = "id" },        { .name = "name" }, { .name = "accounts" },
    { .name = "createdAt" }, { .name = NULL },
};

static int add(struct ctl *ctl)
{
    const char *name = ctl->arguments[0];
    char sentence[512];
    int rc = smail_domain_add(NULL, ctl->store, name, &ctl->err);

    if (rc == 0 && ctl_option(ctl, "no-dkim") == NULL)
        rc = dkim_add_keys(ctl, name);
    if (rc == 0 && ctl_option(ctl, "open") != NULL)
        rc = smail_domain_set_open(ctl->store, name, true, &ctl->err);
    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence), "added the domain %s", name);
    return ctl_done(ctl, "name", name, sentence);
}

static int remove_one(struct ctl *ctl)
{
    const char *name = ctl->arguments[0];
    char sentence[512];
    int rc = smail_domain_remove(ctl->store, name, &ctl->err);

    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence), "removed the domain %s", name);
    return ctl_done(ctl, "name", name, sentence);
}

struct list {
    struct report report;
    uint64_t left;
};

static int print(const smail_domain *domain, void *user)
{
    struct list *list = user;

    report_id(&list->report, domain->id);
    report_string(&list->report, domain->name);
    report_uint(&list->report, domain->accounts);
    report_time(&list->report, domain->created_at);
    return report_row(&list->report) != 0 || --list->left == 0;
}

static int list_all(struct ctl *ctl)
{
    struct list list = { .left = ctl->limit };
    int rc;

    report_begin(&list.report, ctl, columns, false);
    rc = smail_domain_list(ctl->store, print, &list, &ctl->err);
    report_end(&list.report);
    return rc < 0 ? rc : 0;
}

static const struct option add_options[] = {
    { "open", NULL, "anybody may sign up for an address in it" },
    { "no-dkim", NULL, "make no keys to sign its mail with" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "domain", "add", "NAME", "take mail for a domain", 1, 1, NEW_STORE,
      add_options, add },
    { "domain", "list", "", "all domains", 0, 0, STORE, NULL, list_all },
    { "domain", "remove", "NAME", "no longer take mail for it", 1, 1, STORE,
      NULL, remove_one },
};

const struct commands domain_commands = { items,
                                          sizeof(items) / sizeof(items[0]) };
