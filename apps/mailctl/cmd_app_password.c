/* SPDX-License-Identifier: MIT */
/*
 * cmd_app_password.c - passwords for programs: they are made here, told once,
 * and known by their names.
 */
#include <string.h>
#include <time.h>

#include "account/app_password.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/value.h"
#include "ctl.h"
#include "report.h"

static const struct column columns[] = {
    { .name = "id" },         { .name = "name" },      { .name = "created_at" },
    { .name = "expires_at" }, { .name = "last_used" }, { .name = "scope" },
    { .name = NULL },
};

static const struct column made_columns[] = {
    { .name = "id" },
    { .name = "name" },
    { .name = "password" },
    { .name = NULL },
};

/* --- add ------------------------------------------------------------------ */

static int read_expiry(int64_t *out, struct ctl *ctl, int64_t now)
{
    const char *text = ctl_option(ctl, "expires");
    uint64_t seconds;

    *out = 0;
    if (text == NULL)
        return 0;
    if (smail__value_duration(&seconds, smail__span(text)) != 0 ||
        seconds == 0 || seconds > INT32_MAX)
        return ctl_usage(ctl, "--expires wants a time, as 12h or 90d");
    *out = now + (int64_t)seconds;
    return 0;
}

static int read_scope(enum smail__app_scope *out, struct ctl *ctl)
{
    const char *text = ctl_option(ctl, "scope");

    if (text != NULL && !smail__app_scope_read(out, smail__span(text)))
        return ctl_usage(ctl, "--scope is smtp, jmap or all, not '%s'", text);
    return 0;
}

static int add(struct ctl *ctl, smail_id account)
{
    struct smail__app_password_wish wish = {
        .account = account, .name = smail__span(ctl->arguments[2])
    };
    char password[SMAIL__APP_PASSWORD_SIZE];
    int64_t now = (int64_t)time(NULL);
    struct report report;
    smail_id id;
    int rc = read_expiry(&wish.expires_at, ctl, now);

    if (rc == 0)
        rc = read_scope(&wish.scope, ctl);
    if (rc == 0)
        rc = smail__app_password_add(&id, password, ctl->store, &wish, now,
                                     &ctl->err);
    if (rc != 0)
        return rc;
    report_begin(&report, ctl, made_columns, true);
    report_id(&report, id);
    report_string(&report, ctl->arguments[2]);
    report_string(&report, password);
    (void)report_row(&report);
    report_end(&report);
    smail__wipe(password, sizeof(password));
    return 0;
}

/* --- list ----------------------------------------------------------------- */

struct list {
    struct report report;
    uint64_t left;
};

static int print(const struct smail__app_password *password, void *user)
{
    struct list *list = user;

    report_id(&list->report, password->id);
    report_string(&list->report, password->name);
    report_time(&list->report, password->created_at);
    report_time(&list->report, password->expires_at);
    report_time(&list->report, password->last_used);
    report_string(&list->report, password->scope);
    return report_row(&list->report) != 0 || --list->left == 0;
}

static int list_all(struct ctl *ctl, smail_id account)
{
    struct list list = { .left = ctl->limit };
    int rc;

    report_begin(&list.report, ctl, columns, false);
    rc = smail__app_password_list(ctl->store, account, print, &list, &ctl->err);
    report_end(&list.report);
    return rc < 0 ? rc : 0;
}

/* --- remove --------------------------------------------------------------- */

struct search {
    const char *name;
    smail_id id;
    size_t found;
};

static int compare(const struct smail__app_password *password, void *user)
{
    struct search *search = user;

    if (strcmp(password->name, search->name) != 0)
        return 0;
    search->id = password->id;
    search->found++;
    return 0;
}

/* By its name if that is one's only, else by its number. */
static int find(smail_id *out, struct ctl *ctl, smail_id account)
{
    struct search search = { .name = ctl->arguments[2] };
    uint64_t number;
    int rc = smail__app_password_list(ctl->store, account, compare, &search,
                                      &ctl->err);

    if (rc != 0)
        return rc;
    *out = search.id;
    if (search.found == 1)
        return 0;
    if (search.found > 1)
        return smail__fail(&ctl->err, SMAIL_EINVAL,
                           "%zu app passwords are called '%s': give the id of "
                           "one",
                           search.found, search.name);
    if (smail__span_number(&number, smail__span(search.name)) != 0 ||
        number > INT64_MAX)
        return smail__fail(&ctl->err, SMAIL_ENOTFOUND,
                           "no app password is called '%s'", search.name);
    *out = (smail_id)number;
    return 0;
}

static int remove_one(struct ctl *ctl, smail_id account)
{
    char sentence[512];
    smail_id id;
    int rc = find(&id, ctl, account);

    if (rc == 0)
        rc = smail__app_password_remove(ctl->store, account, id, &ctl->err);
    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence), "removed the app password %s",
                  ctl->arguments[2]);
    return ctl_done(ctl, "name", ctl->arguments[2], sentence);
}

/* --- Which ---------------------------------------------------------------- */

static const struct {
    const char *name;
    size_t arguments;
    int (*run)(struct ctl *ctl, smail_id account);
} actions[] = {
    { "add", 3, add },
    { "list", 2, list_all },
    { "remove", 3, remove_one },
};

static int run(struct ctl *ctl)
{
    smail_id account;
    int rc;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(ctl->arguments[0], actions[i].name) != 0)
            continue;
        if (ctl->argument_count != actions[i].arguments)
            return ctl_usage(ctl, "account app-password %s wants ADDRESS%s",
                             actions[i].name,
                             actions[i].arguments == 3 ? " and NAME" : "");
        rc = smail_account_find(&account, ctl->store, ctl->arguments[1],
                                &ctl->err);
        return rc != 0 ? rc : actions[i].run(ctl, account);
    }
    return ctl_usage(ctl, "account app-password add, list or remove, not '%s'",
                     ctl->arguments[0]);
}

static const struct option options[] = {
    { "expires", "TIME", "it is good so long, as 12h or 90d; else always" },
    { "scope", "SCOPE", "what it opens: smtp, jmap, or all, which is usual" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "account", "app-password", "add|list|remove ADDRESS [NAME]",
      "passwords for programs; a new one is told once", 2, 3, STORE, options,
      run },
};

const struct commands app_password_commands = { items, sizeof(items) /
                                                           sizeof(items[0]) };
