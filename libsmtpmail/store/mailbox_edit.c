/* SPDX-License-Identifier: MIT */
/* store/mailbox_edit.c - a mailbox made or changed by its properties, where
 * mailbox_change.c goes by paths. */
#include "base/error.h"
#include "base/span.h"
#include "store/internal.h"
#include "store/mailbox.h"
#include "store/mailbox_row.h"

struct edit_job {
    smail_id account, mailbox;
    const struct smail__mailbox_edit *edit;
};

/* Levels from the top to `id`; 0 at the top itself; more than may be when it
 * hangs below `not_below`. */
static size_t depth_of(const struct smail__mailbox_rows *all, smail_id id,
                       smail_id not_below)
{
    size_t depth = 0;

    while (id != 0 && depth <= SMAIL_MAILBOX_DEPTH_MAX) {
        const struct smail__mailbox_row *row = smail__mailbox_rows_get(all, id);

        if (row == NULL || id == not_below)
            return SMAIL_MAILBOX_DEPTH_MAX + 1;
        id = row->parent;
        depth++;
    }
    return depth;
}

/* Levels that hang from `id`, it included. */
static size_t height_of(const struct smail__mailbox_rows *all, smail_id id)
{
    size_t highest = 1;

    for (size_t i = 0; i < all->count; i++) {
        smail_id at = all->list[i].id;
        size_t up = 1;

        while (at != 0 && at != id && up <= SMAIL_MAILBOX_DEPTH_MAX) {
            const struct smail__mailbox_row *row =
                smail__mailbox_rows_get(all, at);

            at = row != NULL ? row->parent : 0;
            up++;
        }
        if (at == id && up > highest)
            highest = up;
    }
    return highest;
}

static int check_place(const struct smail__mailbox_rows *all, smail_id mailbox,
                       smail_id parent, smail_error *err)
{
    size_t height = mailbox != 0 ? height_of(all, mailbox) : 1;

    if (parent != 0 && smail__mailbox_rows_get(all, parent) == NULL)
        return smail__fail(err, SMAIL_ELIMIT, "there is no such parent");
    if (depth_of(all, parent, mailbox) + height > SMAIL_MAILBOX_DEPTH_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "it cannot be below itself, nor deeper than %d "
                           "levels",
                           SMAIL_MAILBOX_DEPTH_MAX);
    return 0;
}

/* Names of siblings differ; a role is had once. */
static int check_unique(const struct smail__mailbox_rows *all,
                        const struct smail__mailbox_row *wanted,
                        smail_error *err)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct smail__mailbox_row *other = &all->list[i];

        if (other->id == wanted->id)
            continue;
        if (other->parent == wanted->parent &&
            smail__span_equal(other->name, wanted->name))
            return smail__fail(err, SMAIL_EEXISTS,
                               "there is a mailbox '%.*s' already",
                               SMAIL__SPAN_ARG(wanted->name));
        if (wanted->role != SMAIL_ROLE_NONE && other->role == wanted->role)
            return smail__fail(err, SMAIL_EEXISTS,
                               "there is a mailbox with the role %s already",
                               smail_role_name(wanted->role));
    }
    return 0;
}

static void apply(struct smail__mailbox_row *row,
                  const struct smail__mailbox_edit *edit)
{
    if (edit->has_parent)
        row->parent = edit->parent;
    if (edit->has_name)
        row->name = edit->name;
    if (edit->has_role)
        row->role = edit->role;
    if (edit->has_sort_order)
        row->sort_order = edit->sort_order;
    if (edit->has_subscribed)
        row->is_subscribed = edit->is_subscribed;
}

static int save(smail_tx *tx, smail_id account,
                const struct smail__mailbox_row *row, smail_error *err)
{
    static const char sql[] =
        "UPDATE mailbox SET parent = $1, name = $2, role = $3, "
        "sort_order = $4, is_subscribed = $5, modseq = $6 "
        "WHERE account = $7 AND id = $8";
    struct smail__statement *statement;
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, account, err);

    if (code == 0)
        code = smail__db_prepare(&statement, smail__tx_db(tx), sql, err);
    if (code < 0)
        return code;
    smail__bind_int(statement, 1, row->parent);
    smail__bind_text(statement, 2, row->name);
    smail__bind_int(statement, 3, row->role);
    smail__bind_int(statement, 4, row->sort_order);
    smail__bind_int(statement, 5, row->is_subscribed);
    smail__bind_int(statement, 6, modseq);
    smail__bind_int(statement, 7, account);
    smail__bind_int(statement, 8, row->id);
    code = smail__statement_run(statement, err);
    if (code == 0)
        code = smail__tx_change(tx, account, SMAIL__OBJECT_MAILBOX, row->id,
                                SMAIL__OP_UPDATED, err);
    return code;
}

static int check(const struct smail__mailbox_rows *all,
                 const struct smail__mailbox_row *before,
                 const struct smail__mailbox_row *after, smail_error *err)
{
    bool moves = before->parent != after->parent ||
                 before->role != after->role ||
                 !smail__span_equal(before->name, after->name);
    int code = 0;

    if (!moves)
        return 0;
    if (before->role == SMAIL_ROLE_INBOX || after->role == SMAIL_ROLE_INBOX)
        return smail__fail(err, SMAIL_ESTATE,
                           "the inbox keeps its name and place");
    if (!smail__span_equal(before->name, after->name))
        code = smail__mailbox_name_check(after->name, err);
    if (code == 0 && before->parent != after->parent)
        code = check_place(all, after->id, after->parent, err);
    if (code == 0)
        code = check_unique(all, after, err);
    return code;
}

static int edit_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct edit_job *job = arg;
    const struct smail__mailbox_row *before;
    struct smail__mailbox_row after;
    struct smail__mailbox_rows all;
    int code =
        smail__mailbox_rows_load(&all, smail__tx_db(tx), job->account, err);

    if (code < 0)
        return code;
    before = smail__mailbox_rows_get(&all, job->mailbox);
    if (before == NULL) {
        code = smail__fail(err, SMAIL_ENOTFOUND, "there is no mailbox %lld",
                           (long long)job->mailbox);
    } else {
        after = *before;
        apply(&after, job->edit);
        code = check(&all, before, &after, err);
        if (code == 0)
            code = save(tx, job->account, &after, err);
    }
    smail__mailbox_rows_dispose(&all);
    return code;
}

int smail__mailbox_edit(smail_store *store, smail_id account, smail_id mailbox,
                        const struct smail__mailbox_edit *edit,
                        smail_error *err)
{
    struct edit_job job = { account, mailbox, edit };

    return smail__store_write(store, edit_job, &job, err);
}

int smail_mailbox_set_role(smail_store *store, smail_id account,
                           smail_id mailbox, smail_role role, smail_error *err)
{
    struct smail__mailbox_edit edit = { .has_role = true, .role = role };

    if (role != SMAIL_ROLE_NONE && smail_role_name(role) == NULL)
        return smail__fail(err, SMAIL_EINVAL, "there is no role %d", (int)role);
    return smail__mailbox_edit(store, account, mailbox, &edit, err);
}

int smail_mailbox_set_subscribed(smail_store *store, smail_id account,
                                 smail_id mailbox, bool is_subscribed,
                                 smail_error *err)
{
    struct smail__mailbox_edit edit = { .has_subscribed = true,
                                        .is_subscribed = is_subscribed };

    return smail__mailbox_edit(store, account, mailbox, &edit, err);
}

/* --- New ----------------------------------------------------------------- */

static int make_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct edit_job *job = arg;
    const struct smail__mailbox_edit *edit = job->edit;
    struct smail__mailbox_edit rest = { .has_sort_order = edit->has_sort_order,
                                        .has_subscribed = edit->has_subscribed,
                                        .sort_order = edit->sort_order,
                                        .is_subscribed = edit->is_subscribed };
    struct edit_job again = { job->account, 0, &rest };
    struct smail__mailbox_rows all;
    int code =
        smail__mailbox_rows_load(&all, smail__tx_db(tx), job->account, err);

    if (code < 0)
        return code;
    code = check_place(&all, 0, edit->parent, err);
    smail__mailbox_rows_dispose(&all);
    if (code == 0 && edit->role == SMAIL_ROLE_INBOX)
        code = smail__fail(err, SMAIL_EEXISTS, "there is an inbox already");
    if (code == 0)
        code =
            smail__tx_create_mailbox(&job->mailbox, tx, job->account,
                                     edit->parent, edit->name, edit->role, err);
    again.mailbox = job->mailbox;
    if (code == 0 && (rest.has_sort_order || rest.has_subscribed))
        code = edit_job(tx, &again, err);
    return code;
}

int smail__mailbox_make(smail_id *out, smail_store *store, smail_id account,
                        const struct smail__mailbox_edit *edit,
                        smail_error *err)
{
    struct edit_job job = { account, 0, edit };
    int code = smail__store_write(store, make_job, &job, err);

    if (code == 0)
        *out = job.mailbox;
    return code;
}
