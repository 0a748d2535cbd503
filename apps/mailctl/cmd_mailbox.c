/* SPDX-License-Identifier: MIT */
#include "base/format.h"
#include "ctl.h"
#include "report.h"

static const struct column columns[] = {
    { .name = "id" },
    { .name = "path", .width = 72 },
    { .name = "role" },
    { .name = "subscribed", .is_hidden = true },
    { .name = "total" },
    { .name = "unread" },
    { .name = "uidValidity", .is_hidden = true },
    { .name = "uidNext", .is_hidden = true },
    { .name = NULL },
};

struct list {
    struct report report;
    uint64_t left;
};

static int print(const smail_mailbox *mailbox, const char *path, void *user)
{
    struct list *list = user;
    struct report *report = &list->report;

    report_id(report, mailbox->id);
    report_string(report, path);
    report_string(report, smail_role_name(mailbox->role));
    report_bool(report, mailbox->is_subscribed);
    report_uint(report, mailbox->total);
    report_uint(report, mailbox->unread);
    report_uint(report, mailbox->uidvalidity);
    report_uint(report, mailbox->uidnext);
    return report_row(report) != 0 || --list->left == 0;
}

static int list_all(struct ctl *ctl)
{
    struct list list = { .left = ctl->limit };
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc != 0)
        return rc;
    report_begin(&list.report, ctl, columns, false);
    rc = smail_mailbox_list(ctl->store, account, print, &list, &ctl->err);
    report_end(&list.report);
    return rc < 0 ? rc : 0;
}

static int say(struct ctl *ctl, const char *what, const char *path)
{
    char sentence[2048];

    smail__format(sentence, sizeof(sentence), "%s %s", what, path);
    return ctl_done(ctl, "path", path, sentence);
}

static int find(smail_id *account, smail_id *mailbox, struct ctl *ctl)
{
    int rc = ctl_account(account, ctl);

    return rc != 0 ? rc
                   : smail_mailbox_find(mailbox, ctl->store, *account,
                                        ctl->arguments[1], &ctl->err);
}

static int add(struct ctl *ctl)
{
    smail_id account, mailbox;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = smail_mailbox_create(&mailbox, ctl->store, account,
                                  ctl->arguments[1], &ctl->err);
    return rc != 0 ? rc : say(ctl, "added", ctl->arguments[1]);
}

static int rename_one(struct ctl *ctl)
{
    smail_id account, mailbox;
    int rc = find(&account, &mailbox, ctl);

    if (rc == 0)
        rc = smail_mailbox_rename(ctl->store, account, mailbox,
                                  ctl->arguments[2], &ctl->err);
    return rc != 0 ? rc : say(ctl, "it is called", ctl->arguments[2]);
}

static int remove_one(struct ctl *ctl)
{
    smail_id account, mailbox;
    int rc = find(&account, &mailbox, ctl);

    if (rc == 0)
        rc = smail_mailbox_remove(ctl->store, account, mailbox, &ctl->err);
    return rc != 0 ? rc : say(ctl, "removed", ctl->arguments[1]);
}

static int set_role(struct ctl *ctl)
{
    char sentence[2048];
    smail_id account, mailbox;
    smail_role role;
    int rc;

    if (smail_role_by_name(&role, ctl->arguments[2]) != 0)
        return ctl_usage(ctl,
                         "a role is archive, drafts, sent, junk, trash or "
                         "none, not '%s'",
                         ctl->arguments[2]);
    rc = find(&account, &mailbox, ctl);
    if (rc == 0)
        rc = smail_mailbox_set_role(ctl->store, account, mailbox, role,
                                    &ctl->err);
    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence), "%s is %s%s", ctl->arguments[1],
                  role == SMAIL_ROLE_NONE ? "for nothing in particular"
                                          : "for ",
                  role == SMAIL_ROLE_NONE ? "" : smail_role_name(role));
    return ctl_done(ctl, "path", ctl->arguments[1], sentence);
}

static int set_subscribed(struct ctl *ctl, bool is_subscribed)
{
    smail_id account, mailbox;
    int rc = find(&account, &mailbox, ctl);

    if (rc == 0)
        rc = smail_mailbox_set_subscribed(ctl->store, account, mailbox,
                                          is_subscribed, &ctl->err);
    return rc != 0 ? rc
                   : say(ctl, is_subscribed ? "subscribed to" : "unsubscribed",
                         ctl->arguments[1]);
}

static int subscribe(struct ctl *ctl)
{
    return set_subscribed(ctl, true);
}

static int unsubscribe(struct ctl *ctl)
{
    return set_subscribed(ctl, false);
}

static const struct command items[] = {
    { "mailbox", "add", "ADDRESS PATH", "make it, and what is above it", 2, 2,
      STORE, NULL, add },
    { "mailbox", "list", "ADDRESS", "all mailboxes of an account", 1, 1, STORE,
      NULL, list_all },
    { "mailbox", "rename", "ADDRESS PATH NEW-PATH", "rename or move it", 3, 3,
      STORE, NULL, rename_one },
    { "mailbox", "role", "ADDRESS PATH ROLE|none",
      "what it is for: archive, drafts, sent, junk, trash", 3, 3, STORE, NULL,
      set_role },
    { "mailbox", "subscribe", "ADDRESS PATH", "have mail programs show it", 2,
      2, STORE, NULL, subscribe },
    { "mailbox", "unsubscribe", "ADDRESS PATH", "have them not", 2, 2, STORE,
      NULL, unsubscribe },
    { "mailbox", "remove", "ADDRESS PATH",
      "remove it, and mail that is nowhere else", 2, 2, STORE, NULL,
      remove_one },
};

const struct commands mailbox_commands = { items,
                                           sizeof(items) / sizeof(items[0]) };
