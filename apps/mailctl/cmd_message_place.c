/* SPDX-License-Identifier: MIT */
/* cmd_message_place.c - the mailboxes that messages are in. */
#include <string.h>

#include "base/error.h"
#include "ctl.h"
#include "message.h"

const struct option message_move_options[] = {
    { "add", "MAILBOX", "into this one; more than once if need be" },
    { "remove", "MAILBOX", "out of this one; the others stay" },
    { NULL, NULL, NULL },
};

struct lists {
    smail_id add[OPTIONS_MAX], remove[OPTIONS_MAX];
    smail_placing placing;
};

static int add_to(const smail_id *list, size_t *count, struct ctl *ctl,
                  smail_id account, const char *path)
{
    smail_id *end = (smail_id *)list + *count;
    int rc = smail_mailbox_find(end, ctl->store, account, path, &ctl->err);

    *count += rc == 0;
    return rc;
}

/* What --add and --remove name. */
static int collect(struct lists *lists, struct ctl *ctl, smail_id account)
{
    smail_placing *placing = &lists->placing;
    int rc = 0;

    *placing = (smail_placing)SMAIL_PLACING_INIT;
    placing->add = lists->add;
    placing->remove = lists->remove;
    for (size_t i = 0; rc == 0 && i < ctl->given_count; i++) {
        bool is_add = strcmp(ctl->given[i].option->name, "add") == 0;

        rc = add_to(is_add ? lists->add : lists->remove,
                    is_add ? &placing->add_count : &placing->remove_count, ctl,
                    account, ctl->given[i].value);
    }
    return rc;
}

static int say(struct ctl *ctl, const char *what, size_t count)
{
    char sentence[256], number[24];

    if (count == 1) {
        smail__format(sentence, sizeof(sentence), "%s message %s", what,
                      ctl->arguments[1]);
        return ctl_done(ctl, "id", ctl->arguments[1], sentence);
    }
    smail__format(number, sizeof(number), "%zu", count);
    smail__format(sentence, sizeof(sentence), "%s %s messages", what, number);
    return ctl_done(ctl, "messages", number, sentence);
}

/* All words are read before the first message is touched. */
static int check_ids(struct ctl *ctl, size_t end)
{
    smail_id id;
    int rc = 0;

    for (size_t i = 1; rc == 0 && i < end; i++)
        rc = ctl_id(&id, ctl, ctl->arguments[i]);
    return rc;
}

/* `placing` for the messages in arguments 1 to `end`; NULL: into `mailbox`
 * alone. */
static int place(struct ctl *ctl, smail_id account, size_t end,
                 const smail_placing *placing, smail_id mailbox)
{
    int rc = check_ids(ctl, end);

    for (size_t i = 1; rc == 0 && i < end; i++) {
        smail_id id = 0;

        rc = ctl_id(&id, ctl, ctl->arguments[i]);
        if (rc == 0)
            rc = placing != NULL ? smail_email_place(ctl->store, account, id,
                                                     placing, &ctl->err)
                                 : smail_email_move(ctl->store, account, id,
                                                    mailbox, &ctl->err);
    }
    return rc;
}

int message_move(struct ctl *ctl)
{
    size_t end = ctl->argument_count;
    smail_id account, mailbox = 0;
    struct lists lists;
    int rc;

    if (ctl->given_count == 0 && end < 3)
        return ctl_usage(ctl, "where to? A mailbox, or --add and --remove");
    rc = ctl_account(&account, ctl);
    if (rc == 0 && ctl->given_count == 0)
        rc = smail_mailbox_find(&mailbox, ctl->store, account,
                                ctl->arguments[--end], &ctl->err);
    if (rc == 0)
        rc = collect(&lists, ctl, account);
    if (rc == 0)
        rc = place(ctl, account, end,
                   ctl->given_count > 0 ? &lists.placing : NULL, mailbox);
    return rc != 0 ? rc : say(ctl, "moved", end - 1);
}

int message_copy(struct ctl *ctl)
{
    smail_placing placing = SMAIL_PLACING_INIT;
    size_t end = ctl->argument_count - 1;
    smail_id account, mailbox;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = smail_mailbox_find(&mailbox, ctl->store, account,
                                ctl->arguments[end], &ctl->err);
    placing.add = &mailbox;
    placing.add_count = 1;
    if (rc == 0)
        rc = place(ctl, account, end, &placing, mailbox);
    return rc != 0 ? rc : say(ctl, "copied", end - 1);
}
