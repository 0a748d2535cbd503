/* SPDX-License-Identifier: MIT */
#include "base/format.h"
#include "ctl.h"
#include "report.h"

static const struct column columns[] = {
    { .name = "address" },
    { .name = "target" },
    { .name = NULL },
};

struct list {
    struct report report;
    uint64_t left;
};

static int print(const smail_alias *alias, void *user)
{
    struct list *list = user;

    report_string(&list->report, alias->address);
    report_string(&list->report, alias->target);
    return report_row(&list->report) != 0 || --list->left == 0;
}

static int list_all(struct ctl *ctl)
{
    struct list list = { .left = ctl->limit };
    int rc;

    report_begin(&list.report, ctl, columns, false);
    rc = smail_alias_list(ctl->store, print, &list, &ctl->err);
    report_end(&list.report);
    return rc < 0 ? rc : 0;
}

static int add(struct ctl *ctl)
{
    char sentence[1024];
    int rc = smail_alias_add(ctl->store, ctl->arguments[0], ctl->arguments[1],
                             &ctl->err);

    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence), "%s leads to %s now",
                  ctl->arguments[0], ctl->arguments[1]);
    return ctl_done(ctl, "address", ctl->arguments[0], sentence);
}

static int remove_one(struct ctl *ctl)
{
    const char *target = ctl->argument_count > 1 ? ctl->arguments[1] : NULL;
    char sentence[1024];
    int rc =
        smail_alias_remove(ctl->store, ctl->arguments[0], target, &ctl->err);

    if (rc != 0)
        return rc;
    if (target != NULL)
        smail__format(sentence, sizeof(sentence), "%s no longer leads to %s",
                      ctl->arguments[0], target);
    else
        smail__format(sentence, sizeof(sentence), "removed the alias %s",
                      ctl->arguments[0]);
    return ctl_done(ctl, "address", ctl->arguments[0], sentence);
}

static const struct command items[] = {
    { "alias", "add", "ALIAS TARGET",
      "its mail goes to TARGET; \"@domain\": all unknown there", 2, 2, STORE,
      NULL, add },
    { "alias", "list", "", "all aliases, a line for each target", 0, 0, STORE,
      NULL, list_all },
    { "alias", "remove", "ALIAS [TARGET]", "all of it, or one target", 1, 2,
      STORE, NULL, remove_one },
};

const struct commands alias_commands = { items,
                                         sizeof(items) / sizeof(items[0]) };
