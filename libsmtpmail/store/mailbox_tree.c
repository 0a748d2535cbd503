/* SPDX-License-Identifier: MIT */
/* store/mailbox_tree.c - all mailboxes of an account, in order. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "store/mailbox.h"

#define NAMES_MAX ((size_t)SMAIL__MAILBOXES_MAX * (SMAIL_MAILBOX_NAME_MAX + 1))

static const char load_sql[] =
    "SELECT id, parent, name, role, uidvalidity, uidnext, total, unread, "
    "is_subscribed FROM mailbox WHERE account = $1";

static int add_row(struct smail__mailboxes *out, struct smail__statement *row,
                   smail_error *err)
{
    smail_mailbox *mailbox;

    if (out->count == out->room) {
        size_t room = out->room == 0 ? 16 : out->room * 2;
        smail_mailbox *list = realloc(out->list, room * sizeof(*list));

        if (list == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        out->list = list;
        out->room = room;
    }
    mailbox = &out->list[out->count++];
    mailbox->id = smail__column_int(row, 0);
    mailbox->parent = smail__column_int(row, 1);
    mailbox->name = NULL;
    mailbox->role = (smail_role)smail__column_int(row, 3);
    mailbox->uidvalidity = (uint32_t)smail__column_int(row, 4);
    mailbox->uidnext = (uint32_t)smail__column_int(row, 5);
    mailbox->total = (uint64_t)smail__column_int(row, 6);
    mailbox->unread = (uint64_t)smail__column_int(row, 7);
    mailbox->is_subscribed = smail__column_int(row, 8) != 0;
    smail__buf_append(&out->names, smail__column_span(row, 2));
    smail__buf_putc(&out->names, '\0');
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const smail_mailbox *)a)->name,
                  ((const smail_mailbox *)b)->name);
}

/* Children behind their parent, siblings by name. Depth is bounded, so a
 * pass for each level will do; what hangs in a loop or has no parent ends
 * behind all others. */
static int order(struct smail__mailboxes *all, smail_error *err)
{
    smail_mailbox *out = calloc(all->count + 1, sizeof(*out));
    smail_id stack[SMAIL_MAILBOX_DEPTH_MAX + 1] = { 0 };
    size_t at[SMAIL_MAILBOX_DEPTH_MAX + 1] = { 0 };
    size_t depth = 0, count = 0;

    if (out == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    qsort(all->list, all->count, sizeof(*all->list), by_name);
    for (;;) {
        size_t i = at[depth];

        while (i < all->count &&
               (all->list[i].id == 0 || all->list[i].parent != stack[depth]))
            i++;
        at[depth] = i + 1;
        if (i >= all->count) {
            if (depth == 0)
                break;
            depth--;
            continue;
        }
        out[count++] = all->list[i];
        all->list[i].id = 0; /* taken */
        if (depth < SMAIL_MAILBOX_DEPTH_MAX) {
            depth++;
            stack[depth] = out[count - 1].id;
            at[depth] = 0;
        }
    }
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].id != 0)
            out[count++] = all->list[i];
    free(all->list);
    all->list = out;
    return 0;
}

int smail__mailboxes_load(struct smail__mailboxes *out, struct smail__db *db,
                          smail_id account, smail_error *err)
{
    struct smail__statement *rows;
    const char *name;
    int code = smail__db_prepare(&rows, db, load_sql, err);

    memset(out, 0, sizeof(*out));
    smail__buf_init(&out->names, NAMES_MAX, NULL);
    if (code < 0)
        return code;
    smail__bind_int(rows, 1, account);
    while ((code = smail__statement_step(rows, err)) > 0) {
        code = add_row(out, rows, err);
        if (code < 0)
            break;
    }
    smail__statement_reset(rows);
    if (code == 0 && smail__buf_error(&out->names) != 0)
        code = smail__fail(err, smail__buf_error(&out->names),
                           "too many mailboxes");
    if (code == 0 && out->count > 0) {
        name = out->names.data;
        for (size_t i = 0; i < out->count; i++) {
            out->list[i].name = name;
            name += strlen(name) + 1;
        }
        code = order(out, err);
    }
    if (code < 0)
        smail__mailboxes_dispose(out);
    return code;
}

void smail__mailboxes_dispose(struct smail__mailboxes *mailboxes)
{
    free(mailboxes->list);
    smail__buf_dispose(&mailboxes->names);
    mailboxes->list = NULL;
    mailboxes->count = 0;
    mailboxes->room = 0;
}

const smail_mailbox *smail__mailboxes_get(const struct smail__mailboxes *all,
                                          smail_id id)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i].id == id)
            return &all->list[i];
    return NULL;
}

void smail__mailboxes_path(struct smail__buf *out,
                           const struct smail__mailboxes *all, smail_id id)
{
    const smail_mailbox *line[SMAIL_MAILBOX_DEPTH_MAX];
    size_t count = 0;

    while (id != 0 && count < SMAIL_MAILBOX_DEPTH_MAX) {
        line[count] = smail__mailboxes_get(all, id);
        if (line[count] == NULL)
            break;
        id = line[count++]->parent;
    }
    while (count > 0) {
        smail__buf_puts(out, line[--count]->name);
        if (count > 0)
            smail__buf_putc(out, '/');
    }
}
