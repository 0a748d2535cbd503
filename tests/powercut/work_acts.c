/* SPDX-License-Identifier: MIT */
/* tests/powercut/work_acts.c - does one act; see work.h. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "queue/queue.h"
#include "store/known.h"
#include "store/sweep.h"
#include "work.h"

#define DAY 86400
#define RECIPIENTS_MAX 8

char *work_message(const struct work *work, int number)
{
    size_t size = work->messages[number].size;
    char *text = malloc(size + 200);
    size_t len;

    need(text != NULL);
    len = (size_t)snprintf(
        text, 200, "Message-ID: <%d@x>\r\nSubject: %d\r\n\r\n", number, number);
    for (; len < size; len++)
        text[len] =
            (char)('a' + (len * 31 + (size_t)number * 7 + len / 61) % 26);
    text[size] = '\0';
    return text;
}

static int new_message(struct work *work, struct model *now, size_t size,
                       unsigned to)
{
    int number = now->count++;

    need(number < WORK_MESSAGES);
    work->messages[number].size = size;
    work->messages[number].to = to;
    return number;
}

static smail_append *append_new(struct work *work, smail_store *store,
                                int number)
{
    smail_append *append = NULL;
    smail_error err = SMAIL_ERROR_INIT;
    char *text = work_message(work, number);
    size_t size = work->messages[number].size;

    work_must(smail_append_new(&append, store, &err), &err);
    for (size_t at = 0; at < size; at += 40000)
        work_must(smail_append_write(append,
                                     (smail_span){ text + at, size - at < 40000
                                                                  ? size - at
                                                                  : 40000 },
                                     &err),
                  &err);
    free(text);
    return append;
}

static void deliver(struct work *work, struct model *now, const struct act *act)
{
    int number = new_message(work, now, act->size, act->to);
    smail_append *append = append_new(work, work->store, number);
    smail_target targets[WORK_ACCOUNTS] = { { 0 } };
    smail_appended out[WORK_ACCOUNTS];
    smail_error err = SMAIL_ERROR_INIT;
    size_t count = 0;

    for (smail_id id = 1; id <= WORK_ACCOUNTS; id++)
        if (act->to & (1u << (id - 1)))
            targets[count++].account = id;
    work_must(smail_append_commit(append, targets, count, out, &err), &err);
    smail_append_free(append);
    for (size_t i = 0; i < count; i++) {
        work->messages[number].ids[targets[i].account] = out[i].email;
        now->place[number][targets[i].account] = INBOX;
    }
}

static smail_id mailbox_of(struct work *work, smail_id account, int place)
{
    static const char *const names[] = { "", "INBOX", "Archive", "Old" };
    smail_error err = SMAIL_ERROR_INIT;
    smail_id id;

    work_must(smail_mailbox_find(&id, work->store, account, names[place], &err),
              &err);
    return id;
}

/* One message of one account. */
static void change(struct work *work, struct model *now, const struct act *act)
{
    smail_id account = (smail_id)act->to;
    smail_id email = work->messages[act->number].ids[account];
    smail_error err = SMAIL_ERROR_INIT;
    int code;

    if (act->kind == ACT_MOVE) {
        code = smail_email_move(work->store, account, email,
                                mailbox_of(work, account, act->place), &err);
        now->place[act->number][account] = (unsigned char)act->place;
    } else if (act->kind == ACT_FLAG) {
        code =
            smail_email_flag(work->store, account, email, "$seen", NULL, &err);
        now->seen[act->number][account] = true;
    } else {
        code = smail_email_remove(work->store, account, email, &err);
        now->place[act->number][account] = NOWHERE;
        now->seen[act->number][account] = false;
    }
    work_must(code, &err);
}

static void empty(struct work *work, struct model *now, const struct act *act)
{
    smail_id account = (smail_id)act->to;
    smail_error err = SMAIL_ERROR_INIT;

    work_must(smail_mailbox_remove(work->store, account,
                                   mailbox_of(work, account, act->place), &err),
              &err);
    for (int i = 0; i < now->count; i++)
        if (now->place[i][account] == act->place) {
            now->place[i][account] = NOWHERE;
            now->seen[i][account] = false;
        }
}

struct leaving {
    int number;
    size_t size;
    unsigned recipients;
};

static int queue_rows(smail_tx *tx, struct smail_append *append, void *arg,
                      smail_error *err)
{
    const struct leaving *leaving = arg;
    struct smail__queue_recipient list[RECIPIENTS_MAX] = { { 0 } };
    char subject[20], names[RECIPIENTS_MAX][32];
    struct smail__queue_message message = {
        .sender = SMAIL__SPAN("a@x.test"),
        .prefix = SMAIL__SPAN(""),
        .envelope_id = SMAIL__SPAN(""),
        .message_id = SMAIL__SPAN(""),
        .size = leaving->size,
        .created_at = smail__tx_now(tx),
        .warn_at = smail__tx_now(tx) + DAY,
        .expires_at = smail__tx_now(tx) + 5 * DAY,
    };

    snprintf(subject, sizeof(subject), "%d", leaving->number);
    message.subject = smail__span(subject);
    memcpy(message.name, append->id, sizeof(message.name));
    for (unsigned i = 0; i < leaving->recipients; i++) {
        snprintf(names[i], sizeof(names[i]), "r%u@d%u.test", i, i / 2);
        list[i].recipient = smail__span(names[i]);
        list[i].destination = smail__span(strchr(names[i], '@') + 1);
        list[i].original_recipient = SMAIL__SPAN("");
    }
    return smail__queue_insert(tx, &message, list, leaving->recipients, err);
}

static void queue(struct work *work, struct model *now, const struct act *act)
{
    int number = new_message(work, now, act->size, 0);
    smail_append *append = append_new(work, work->store, number);
    struct leaving leaving = { number, act->size, act->to };
    smail_error err = SMAIL_ERROR_INIT;

    need(act->to <= RECIPIENTS_MAX);
    smail__append_also(append, queue_rows, &leaving);
    work_must(smail_append_commit(append, NULL, 0, NULL, &err), &err);
    smail_append_free(append);
    now->queued[number] = (unsigned char)act->to;
}

struct importing {
    smail_append *append;
    struct smail__known known;
    smail_error error;
    smail_appended out;
    bool finished;
};

static void imported(const smail_error *error, const smail_appended *results,
                     void *user)
{
    struct importing *one = user;

    one->finished = true;
    if (error != NULL)
        one->error = *error;
    else
        one->out = results[0];
}

/* Messages from `first` on, into one account, in one transaction; how many of
 * them were not there yet. */
static int import_some(struct work *work, smail_store *store, int first,
                       int count)
{
    struct importing list[8] = { { 0 } };
    smail_error err = SMAIL_ERROR_INIT;
    int added = 0;

    need(count <= 8);
    for (int i = 0; i < count; i++) {
        smail_target target = { .account =
                                    (smail_id)work->messages[first + i].to };

        list[i].append = append_new(work, store, first + i);
        list[i].known.refuse = true;
        smail__append_known(list[i].append, &list[i].known);
        work_must(smail_append_commit_later(list[i].append, &target, 1,
                                            imported, &list[i], &err),
                  &err);
    }
    for (int i = 0; i < count; i++) {
        while (!list[i].finished)
            smail__writer_batch(store);
        smail_append_free(list[i].append);
        need(list[i].error.code == 0 || list[i].error.code == SMAIL_EEXISTS);
        added += list[i].error.code == 0;
    }
    return added;
}

static void import(struct work *work, struct model *now, const struct act *act)
{
    int first = now->count;

    for (int i = 0; i < act->number; i++) {
        int number = new_message(
            work, now, act->size * (i % 2 == 0 ? 1u : 100u) + (size_t)i,
            act->to);

        now->place[number][act->to] = INBOX;
    }
    need(import_some(work, work->store, first, act->number) == act->number);
}

int work_import_again(struct work *work, smail_store *store)
{
    smail_error err = SMAIL_ERROR_INIT;
    int added = 0;

    for (const struct act *act = work->plan->acts; act->kind != ACT_END;
         act++) {
        int first = work->models[act - work->plan->acts].count;

        if (act->kind != ACT_IMPORT)
            continue;
        work_must(
            smail__known_catch_up(store, (smail_id)act->to, NULL, NULL, &err),
            &err);
        added += import_some(work, store, first, act->number);
    }
    return added;
}

static void checkpoint(struct work *work, enum smail__checkpoint how)
{
    smail_error err = SMAIL_ERROR_INIT;

    smail__store_take_db(work->store);
    work_must(smail__db_lock(work->store->db, &err), &err);
    work_must(smail__db_checkpoint(work->store->db, how, &err), &err);
    smail__db_unlock(work->store->db);
    smail__store_give_db(work->store);
}

static void back_up(struct work *work)
{
    smail_backup result = SMAIL_BACKUP_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    char folder[200];

    snprintf(folder, sizeof(folder), "%s/backup", work->root);
    work_must(
        smail_store_backup(&result, work->store, folder, NULL, NULL, &err),
        &err);
}

static void reopen(struct work *work)
{
    smail_error err = SMAIL_ERROR_INIT;

    smail_store_close(work->store);
    work_must(work_open(&work->store, work->root, work, &err), &err);
}

static void sweep(struct work *work)
{
    smail_error err = SMAIL_ERROR_INIT;
    uint64_t removed;

    work->now += DAY;
    work_run_batch(work);
    work_must(smail__store_sweep(&removed, work->store, SMAIL__SWEEP_AGE, &err),
              &err);
}

void work_act(struct work *work, struct model *now, const struct act *act)
{
    switch (act->kind) {
    case ACT_DELIVER:
        deliver(work, now, act);
        break;
    case ACT_MOVE:
    case ACT_FLAG:
    case ACT_REMOVE:
        change(work, now, act);
        break;
    case ACT_EMPTY:
        empty(work, now, act);
        break;
    case ACT_QUEUE:
        queue(work, now, act);
        break;
    case ACT_IMPORT:
        import(work, now, act);
        break;
    case ACT_CHECKPOINT:
        checkpoint(work, (enum smail__checkpoint)act->place);
        break;
    case ACT_SWEEP:
        sweep(work);
        break;
    case ACT_BACKUP:
        back_up(work);
        break;
    case ACT_REOPEN:
        reopen(work);
        break;
    default:
        work->now += 60;
        work_run_batch(work);
        break;
    }
}
