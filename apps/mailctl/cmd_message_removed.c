/* SPDX-License-Identifier: MIT */
/* cmd_message_removed.c - what was removed: listed, had again, let go. */
#include <stdlib.h>

#include "base/date.h"
#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "message.h"
#include "message/word.h"

static const struct column columns[] = {
    { .name = "id" },
    { .name = "threadId", .is_hidden = true },
    { .name = "removedAt" },
    { .name = "expiresAt" },
    { .name = "receivedAt", .is_hidden = true },
    { .name = "size" },
    { .name = "from", .width = 36 },
    { .name = "subject", .width = 60 },
    { .name = NULL },
};

const struct option message_removed_options[] = {
    { "purge", NULL, "let go of these, or of all, for good and now" },
    { NULL, NULL, NULL },
};

const struct option message_undelete_options[] = {
    { "all", NULL, "all that can be had again" },
    { "since", "TIME", "those removed since: 2026-11-23, or with THH:MM:SSZ" },
    { NULL, NULL, NULL },
};

/* --- List ---------------------------------------------------------------- */

static void put_decoded(struct report *report, smail_span value)
{
    struct smail__buf text;

    smail__buf_init(&text, 65536, NULL);
    smail__words_display(&text, value);
    report_text(report, smail__buf_span(&text));
    smail__buf_dispose(&text);
}

static int print(const smail_removed *removed, void *user)
{
    struct report *report = user;

    report_id(report, removed->email);
    report_id(report, removed->thread);
    report_time(report, removed->removed_at);
    report_time(report, removed->expires_at);
    report_time(report, removed->received_at);
    report_uint(report, removed->size);
    put_decoded(report, removed->sender);
    put_decoded(report, removed->subject);
    return report_row(report) != 0;
}

static int list(struct ctl *ctl, smail_id account)
{
    struct report report;
    int rc;

    if (ctl->argument_count > 1)
        return ctl_usage(ctl, "ids go with --purge");
    report_begin(&report, ctl, columns, false);
    rc = smail_removed_list(ctl->store, account, ctl->limit, print, &report,
                            &ctl->err);
    report_end(&report);
    return rc < 0 ? rc : 0;
}

static int say(struct ctl *ctl, const char *what, uint64_t count)
{
    char sentence[100], number[24];

    smail__format(number, sizeof(number), "%llu", (unsigned long long)count);
    smail__format(sentence, sizeof(sentence), "%s %s messages", what, number);
    return ctl_done(ctl, "messages", number, sentence);
}

static int purge(struct ctl *ctl, smail_id account)
{
    uint64_t count = 0, all = 0;
    smail_id id;
    int rc = 0;

    if (ctl->argument_count == 1)
        rc = smail_removed_purge(&all, ctl->store, account, 0, &ctl->err);
    for (size_t i = 1; rc == 0 && i < ctl->argument_count; i++) {
        rc = ctl_id(&id, ctl, ctl->arguments[i]);
        if (rc == 0 && id == 0)
            return ctl_usage(ctl, "0 is no message");
        if (rc == 0)
            rc =
                smail_removed_purge(&count, ctl->store, account, id, &ctl->err);
        all += rc == 0 ? count : 0;
    }
    return rc != 0 ? rc : say(ctl, "let go of", all);
}

int message_removed(struct ctl *ctl)
{
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc != 0)
        return rc;
    return ctl_option(ctl, "purge") != NULL ? purge(ctl, account)
                                            : list(ctl, account);
}

/* --- Undelete ------------------------------------------------------------ */

struct choice {
    int64_t since;
    smail_id *ids;
    size_t count, room;
    bool is_full;
};

static int choose(const smail_removed *removed, void *user)
{
    struct choice *choice = user;

    if (removed->removed_at < choice->since)
        return 1; /* the rest is older */
    if (choice->count == choice->room) {
        size_t room = choice->room == 0 ? 64 : choice->room * 2;
        smail_id *ids = realloc(choice->ids, room * sizeof(*ids));

        if (ids == NULL) {
            choice->is_full = true;
            return 1;
        }
        choice->ids = ids;
        choice->room = room;
    }
    choice->ids[choice->count++] = removed->email;
    return 0;
}

int message_time(int64_t *out, struct ctl *ctl, const char *text)
{
    char whole[64];

    smail__format(whole, sizeof(whole), "%s%s", text,
                  smail__span(text).len == 10 ? "T00:00:00Z" : "");
    if (smail__date_parse_rfc3339(out, smail__span(whole)) != 0)
        return ctl_usage(ctl, "'%s' is no time, as 2026-11-23", text);
    return 0;
}

static int read_since(int64_t *out, struct ctl *ctl)
{
    const char *since = ctl_option(ctl, "since");

    *out = 0;
    return since == NULL ? 0 : message_time(out, ctl, since);
}

static int undelete_all(struct ctl *ctl, smail_id account, uint64_t *done)
{
    struct choice choice = { 0 };
    int rc = read_since(&choice.since, ctl);

    if (rc == 0)
        rc = smail_removed_list(ctl->store, account, 0, choose, &choice,
                                &ctl->err);
    if (rc > 0)
        rc = 0;
    if (rc == 0 && choice.is_full)
        rc = smail__fail(&ctl->err, SMAIL_ENOMEM, "out of memory");
    /* The first that was removed gets the lowest uid. */
    for (size_t i = choice.count; rc == 0 && i > 0; i--) {
        rc = smail_email_undelete(NULL, ctl->store, account, choice.ids[i - 1],
                                  &ctl->err);
        *done += rc == 0;
        if (rc == SMAIL_ENOTFOUND)
            rc = 0; /* its time was over meanwhile */
    }
    free(choice.ids);
    return rc;
}

int message_undelete(struct ctl *ctl)
{
    bool all =
        ctl_option(ctl, "all") != NULL || ctl_option(ctl, "since") != NULL;
    smail_id account, id;
    uint64_t done = 0;
    int rc;

    if (all == (ctl->argument_count > 1))
        return ctl_usage(ctl, "which ones? Ids, or --all, or --since TIME");
    rc = ctl_account(&account, ctl);
    if (rc == 0 && all)
        rc = undelete_all(ctl, account, &done);
    for (size_t i = 1; rc == 0 && i < ctl->argument_count; i++) {
        rc = ctl_id(&id, ctl, ctl->arguments[i]);
        if (rc == 0)
            rc = smail_email_undelete(NULL, ctl->store, account, id, &ctl->err);
        done += rc == 0;
    }
    return rc != 0 ? rc : say(ctl, "restored", done);
}
