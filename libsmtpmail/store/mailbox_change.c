/* SPDX-License-Identifier: MIT */
/* store/mailbox_change.c - renaming and removing mailboxes, and accounts'
 * mail as a whole. Long work goes in steps. */
#include "base/error.h"
#include "base/span.h"
#include "store/email.h"
#include "store/keyword.h"
#include "store/mailbox.h"

/* Messages that one step removes: a few milliseconds. */
#define STEP_MESSAGES 100

static int run_on(smail_tx *tx, const char *sql, int64_t first, int64_t second,
                  smail_error *err)
{
    struct smail__statement *statement;
    int code = smail__db_prepare(&statement, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(statement, 1, first);
    if (second != INT64_MIN)
        smail__bind_int(statement, 2, second);
    return smail__statement_run(statement, err);
}

static int get(smail_mailbox *out, smail_tx *tx, smail_id account, smail_id id,
               smail_error *err)
{
    static const char sql[] = "SELECT parent, role FROM mailbox "
                              "WHERE account = $1 AND id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, id);
    code = smail__statement_step(row, err);
    if (code > 0) {
        out->id = id;
        out->parent = smail__column_int(row, 0);
        out->role = (smail_role)smail__column_int(row, 1);
    }
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no mailbox %lld",
                           (long long)id);
    return code < 0 ? code : 0;
}

/* --- Rename -------------------------------------------------------------- */

struct rename {
    smail_id account, mailbox;
    struct smail__path path;
};

/* How many levels hang below `id`, it included; 0 for one not in the tree. */
static size_t height(const struct smail__mailboxes *all, smail_id id)
{
    size_t highest = 0;

    for (size_t i = 0; i < all->count; i++) {
        const smail_mailbox *at = &all->list[i];
        size_t up = 1;

        while (at != NULL && at->id != id && up <= SMAIL_MAILBOX_DEPTH_MAX) {
            at = smail__mailboxes_get(all, at->parent);
            up++;
        }
        if (at != NULL && at->id == id && up > highest)
            highest = up;
    }
    return highest;
}

static bool is_below(const struct smail__mailboxes *all, smail_id id,
                     smail_id above)
{
    for (size_t i = 0; id != 0 && i <= SMAIL_MAILBOX_DEPTH_MAX; i++) {
        const smail_mailbox *mailbox = smail__mailboxes_get(all, id);

        if (id == above)
            return true;
        id = mailbox != NULL ? mailbox->parent : 0;
    }
    return false;
}

static int fits(smail_tx *tx, const struct rename *job, smail_id parent,
                smail_error *err)
{
    struct smail__mailboxes all;
    int code = smail__mailboxes_load(&all, tx->db, job->account, err);

    if (code < 0)
        return code;
    if (is_below(&all, parent, job->mailbox))
        code = smail__fail(err, SMAIL_EINVAL,
                           "a mailbox cannot move below itself");
    else if (job->path.count - 1 + height(&all, job->mailbox) >
             SMAIL_MAILBOX_DEPTH_MAX)
        code = smail__fail(err, SMAIL_EINVAL, "mailboxes nest at most %d deep",
                           SMAIL_MAILBOX_DEPTH_MAX);
    smail__mailboxes_dispose(&all);
    return code;
}

static int set_place(smail_tx *tx, const struct rename *job, smail_id parent,
                     smail_error *err)
{
    static const char sql[] =
        "UPDATE mailbox SET parent = $1, name = $2, modseq = $3 "
        "WHERE account = $4 AND id = $5";
    smail_span name = job->path.levels[job->path.count - 1];
    struct smail__statement *row;
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, job->account, err);

    if (code == 0)
        code = smail__db_prepare(&row, tx->db, sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, parent);
    smail__bind_text(row, 2, name);
    smail__bind_int(row, 3, modseq);
    smail__bind_int(row, 4, job->account);
    smail__bind_int(row, 5, job->mailbox);
    code = smail__statement_run(row, err);
    if (code == SMAIL_EEXISTS)
        return smail__fail(err, code, "there is a mailbox '%.*s' already",
                           SMAIL__SPAN_ARG(name));
    if (code == 0)
        code = smail__tx_change(tx, job->account, SMAIL__OBJECT_MAILBOX,
                                job->mailbox, SMAIL__OP_UPDATED, err);
    return code;
}

static int rename_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct rename *job = arg;
    smail_mailbox mailbox;
    smail_id parent = 0, other;
    int code = get(&mailbox, tx, job->account, job->mailbox, err);

    if (code == 0 && mailbox.role == SMAIL_ROLE_INBOX)
        return smail__fail(err, SMAIL_EINVAL, "the inbox keeps its name");
    if (code == 0 &&
        smail__mailbox_find(&other, tx->db, job->account, &job->path,
                            job->path.count, NULL) == 0)
        return other == job->mailbox
                   ? 0
                   : smail__fail(err, SMAIL_EEXISTS,
                                 "there is a mailbox of that name already");
    if (code == 0)
        code = smail__mailbox_ensure(&parent, tx, job->account, &job->path,
                                     job->path.count - 1, err);
    if (code == 0)
        code = fits(tx, job, parent, err);
    if (code == 0)
        code = set_place(tx, job, parent, err);
    return code;
}

int smail_mailbox_rename(smail_store *store, smail_id account, smail_id mailbox,
                         const char *path, smail_error *err)
{
    struct rename job = { account, mailbox, { .count = 0 } };
    int code = smail__path_parse(&job.path, path, err);

    return code < 0 ? code : smail__store_write(store, rename_job, &job, err);
}

/* --- Remove -------------------------------------------------------------- */

struct remove {
    smail_id account, mailbox;
    bool more;
};

static const char some_sql[] =
    "SELECT m.uid, m.email, e.flags, (SELECT count(*) FROM email_mailbox o "
    "WHERE o.account = m.account AND o.email = m.email) "
    "FROM email_mailbox m LEFT JOIN email e "
    "ON e.account = m.account AND e.id = m.email "
    "WHERE m.account = $1 AND m.mailbox = $2 LIMIT 1";

/* The first message of the mailbox goes. 1, or 0 when none is left. */
static int remove_one(smail_tx *tx, const struct remove *job, smail_error *err)
{
    struct smail__place place = { job->mailbox, 0 };
    struct smail__statement *row;
    smail_id email = 0;
    int64_t flags = 0, places = 0;
    int code = smail__db_prepare(&row, tx->db, some_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, job->account);
    smail__bind_int(row, 2, job->mailbox);
    code = smail__statement_step(row, err);
    if (code > 0) {
        place.uid = smail__column_int(row, 0);
        email = smail__column_int(row, 1);
        flags = smail__column_int(row, 2);
        places = smail__column_int(row, 3);
    }
    smail__statement_reset(row);
    if (code <= 0)
        return code;
    code = places > 1 ? SMAIL_ENOTFOUND
                      : smail__email_remove(tx, job->account, email, err);
    if (code == SMAIL_ENOTFOUND) /* it is elsewhere too */
        code = smail__email_take_out(tx, job->account, &place,
                                     (flags & SMAIL__FLAG_SEEN) == 0, err);
    if (code == 0 && places > 1)
        code = smail__tx_change(tx, job->account, SMAIL__OBJECT_EMAIL, email,
                                SMAIL__OP_UPDATED, err);
    return code < 0 ? code : 1;
}

static int may_go(smail_tx *tx, const struct remove *job, smail_error *err)
{
    smail_mailbox mailbox;
    int64_t child;
    int code = get(&mailbox, tx, job->account, job->mailbox, err);

    if (code < 0)
        return code;
    if (mailbox.role == SMAIL_ROLE_INBOX)
        return smail__fail(err, SMAIL_EINVAL, "the inbox cannot be removed");
    code = smail__db_value(&child, tx->db,
                           "SELECT id FROM mailbox WHERE account = $1 "
                           "AND parent = $2 LIMIT 1",
                           job->account, job->mailbox, err);
    if (code == 0)
        return smail__fail(err, SMAIL_ESTATE,
                           "mailboxes are in it; remove them first");
    return code == SMAIL_ENOTFOUND ? 0 : code;
}

static int remove_mailbox_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct remove *job = arg;
    int code = may_go(tx, job, err);

    if (code < 0)
        return code;
    for (int i = 0; i < STEP_MESSAGES; i++) {
        code = remove_one(tx, job, err);
        if (code <= 0)
            break;
    }
    job->more = code > 0;
    if (code != 0)
        return code < 0 ? code : 0;
    code = run_on(tx,
                  "DELETE FROM expunged WHERE account = $1 "
                  "AND mailbox = $2",
                  job->account, job->mailbox, err);
    if (code == 0)
        code = run_on(tx,
                      "DELETE FROM mailbox_mark WHERE account = $1 "
                      "AND mailbox = $2",
                      job->account, job->mailbox, err);
    if (code == 0)
        code = run_on(tx, "DELETE FROM mailbox WHERE account = $1 AND id = $2",
                      job->account, job->mailbox, err);
    if (code == 0)
        code = smail__tx_change(tx, job->account, SMAIL__OBJECT_MAILBOX,
                                job->mailbox, SMAIL__OP_DESTROYED, err);
    return code;
}

int smail_mailbox_remove(smail_store *store, smail_id account, smail_id mailbox,
                         smail_error *err)
{
    struct remove job = { account, mailbox, false };
    int code;

    do {
        code = smail__store_write(store, remove_mailbox_job, &job, err);
    } while (code == 0 && job.more);
    return code;
}

/* --- All of an account --------------------------------------------------- */

static const char *const bulk[] = {
    "DELETE FROM change WHERE account = $1 AND modseq IN (SELECT modseq "
    "FROM change WHERE account = $1 ORDER BY modseq LIMIT $2)",
    "DELETE FROM thread_ref WHERE account = $1 AND hash IN (SELECT hash "
    "FROM thread_ref WHERE account = $1 ORDER BY hash LIMIT $2)",
    "DELETE FROM thread_new WHERE account = $1 AND id IN (SELECT id "
    "FROM thread_new WHERE account = $1 AND id < (SELECT max(id) "
    "FROM thread_new) LIMIT $2)",
    "DELETE FROM unindexed WHERE account = $1 AND id IN (SELECT id "
    "FROM unindexed WHERE account = $1 LIMIT $2)",
    "DELETE FROM expunged WHERE account = $1 AND (mailbox, uid) IN (SELECT "
    "mailbox, uid FROM expunged WHERE account = $1 ORDER BY mailbox, uid "
    "LIMIT $2)",
    "DELETE FROM upload WHERE account = $1 AND blob IN (SELECT blob "
    "FROM upload WHERE account = $1 ORDER BY blob LIMIT $2)",
    "DELETE FROM submission_recipient WHERE account = $1 AND submission IN "
    "(SELECT submission FROM submission_recipient WHERE account = $1 "
    "ORDER BY submission LIMIT $2)",
    "DELETE FROM submission WHERE account = $1 AND id IN (SELECT id "
    "FROM submission WHERE account = $1 ORDER BY id LIMIT $2)",
    "DELETE FROM type_state WHERE account = $1 AND type IN (SELECT type "
    "FROM type_state WHERE account = $1 ORDER BY type LIMIT $2)",
    "DELETE FROM email_content WHERE account = $1 AND hash IN (SELECT hash "
    "FROM email_content WHERE account = $1 ORDER BY hash LIMIT $2)",
    "DELETE FROM email_content_end WHERE account = $1 AND $2 > 0",
    "DELETE FROM removed WHERE account = $1 AND email IN (SELECT email "
    "FROM removed WHERE account = $1 ORDER BY email LIMIT $2)",
    "DELETE FROM mailbox_mark WHERE account = $1 AND (mailbox, at) IN (SELECT "
    "mailbox, at FROM mailbox_mark WHERE account = $1 ORDER BY mailbox, at "
    "LIMIT $2)",
    "DELETE FROM removed_total WHERE account = $1 AND $2 > 0",
};

static int purge_messages(smail_tx *tx, smail_id account, int limit,
                          smail_error *err)
{
    int done = 0;

    for (; done < limit; done++) {
        int64_t email;
        int code = smail__db_value(
            &email, tx->db, "SELECT id FROM email WHERE account = $1 LIMIT 1",
            account, INT64_MIN, err);

        if (code == SMAIL_ENOTFOUND)
            break;
        if (code == 0)
            code = smail__email_purge(tx, account, email, err);
        if (code < 0)
            return code;
    }
    return done;
}

int smail__tx_purge_account(smail_tx *tx, smail_id account, int limit,
                            smail_error *err)
{
    int code = purge_messages(tx, account, limit, err);

    if (code != 0)
        return code < 0 ? code : 1;
    for (size_t i = 0; i < sizeof(bulk) / sizeof(bulk[0]); i++) {
        code = run_on(tx, bulk[i], account, (int64_t)limit * 10, err);
        if (code < 0)
            return code;
        if (smail__db_changes(tx->db) > 0)
            return 1;
    }
    smail__tx_touch(tx, account);
    return run_on(tx, "DELETE FROM mailbox WHERE account = $1", account,
                  INT64_MIN, err);
}
