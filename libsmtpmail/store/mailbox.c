/* SPDX-License-Identifier: MIT */
/* store/mailbox.c - find and make mailboxes (RFC 8621, 2; RFC 6154). */
#include "store/mailbox.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"

static const char *const role_names[] = {
    [SMAIL_ROLE_INBOX] = "inbox",   [SMAIL_ROLE_ARCHIVE] = "archive",
    [SMAIL_ROLE_DRAFTS] = "drafts", [SMAIL_ROLE_SENT] = "sent",
    [SMAIL_ROLE_JUNK] = "junk",     [SMAIL_ROLE_TRASH] = "trash",
};

const char *smail_role_name(smail_role role)
{
    size_t count = sizeof(role_names) / sizeof(role_names[0]);

    return (size_t)role < count ? role_names[role] : NULL;
}

int smail_role_by_name(smail_role *out, const char *name)
{
    size_t count = sizeof(role_names) / sizeof(role_names[0]);

    for (size_t i = 0; i < count; i++) {
        const char *one = i == SMAIL_ROLE_NONE ? "none" : role_names[i];

        if (smail__span_iis(smail__span(name), one)) {
            *out = (smail_role)i;
            return 0;
        }
    }
    return SMAIL_ENOTFOUND;
}

int smail__mailbox_by_role(smail_id *out, struct smail__db *db,
                           smail_id account, smail_role role, smail_error *err)
{
    const char *name = smail_role_name(role);
    int code;

    if (name == NULL)
        return smail__fail(err, SMAIL_EINVAL, "no such role");
    code = smail__db_value(out, db,
                           "SELECT id FROM mailbox WHERE account = $1 "
                           "AND role = $2 ORDER BY id LIMIT 1",
                           account, role, err);
    if (code == SMAIL_ENOTFOUND)
        return smail__fail(err, code, "there is no mailbox with the role %s",
                           name);
    return code;
}

static const char child_sql[] = "SELECT id FROM mailbox WHERE account = $1 "
                                "AND parent = $2 AND name = $3";

static int find_child(smail_id *out, struct smail__db *db, smail_id account,
                      smail_id parent, smail_span name, smail_error *err)
{
    struct smail__statement *row;
    int code;

    if (parent == 0 && smail__span_iis(name, "INBOX") &&
        smail__mailbox_by_role(out, db, account, SMAIL_ROLE_INBOX, NULL) == 0)
        return 0;
    code = smail__db_prepare(&row, db, child_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, parent);
    smail__bind_text(row, 3, name);
    code = smail__statement_step(row, err);
    if (code > 0)
        *out = smail__column_int(row, 0);
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no mailbox '%.*s'",
                           SMAIL__SPAN_ARG(name));
    return code < 0 ? code : 0;
}

int smail__mailbox_find(smail_id *out, struct smail__db *db, smail_id account,
                        const struct smail__path *path, size_t levels,
                        smail_error *err)
{
    smail_id id = 0;

    for (size_t i = 0; i < levels; i++) {
        int code = find_child(&id, db, account, id, path->levels[i], err);

        if (code < 0)
            return code;
    }
    *out = id;
    return 0;
}

static int may_be_made(smail_tx *tx, smail_id account, smail_id parent,
                       smail_error *err)
{
    int64_t count, found;
    int code = smail__db_value(
        &count, tx->db, "SELECT count(*) FROM mailbox WHERE account = $1",
        account, INT64_MIN, err);

    if (code == 0 && count >= SMAIL__MAILBOXES_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "an account has at most %d mailboxes",
                           SMAIL__MAILBOXES_MAX);
    if (code == 0 && parent != 0 &&
        smail__db_value(&found, tx->db,
                        "SELECT id FROM mailbox WHERE account = $1 "
                        "AND id = $2",
                        account, parent, err) < 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no mailbox %lld",
                           (long long)parent);
    return code;
}

static const char insert_sql[] =
    "INSERT INTO mailbox (account, id, parent, name, role, uidvalidity, "
    "modseq) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/* uidvalidity: time and id both only grow, so their sum differs from that of
 * any mailbox that had the name before (RFC 9051, 2.3.1.1). */
static int insert(smail_tx *tx, smail_id account, smail_id id, smail_id parent,
                  smail_span name, smail_role role, smail_error *err)
{
    struct smail__statement *statement;
    int64_t modseq;
    int code = smail__tx_modseq(&modseq, tx, account, err);

    if (code == 0)
        code = smail__db_prepare(&statement, tx->db, insert_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(statement, 1, account);
    smail__bind_int(statement, 2, id);
    smail__bind_int(statement, 3, parent);
    smail__bind_text(statement, 4, name);
    smail__bind_int(statement, 5, role);
    smail__bind_int(statement, 6, (uint32_t)(tx->now + id));
    smail__bind_int(statement, 7, modseq);
    code = smail__statement_run(statement, err);
    if (code == SMAIL_EEXISTS)
        return smail__fail(err, code, "there is a mailbox '%.*s' already",
                           SMAIL__SPAN_ARG(name));
    return code;
}

int smail__tx_create_mailbox(smail_id *out, smail_tx *tx, smail_id account,
                             smail_id parent, smail_span name, smail_role role,
                             smail_error *err)
{
    smail_id other;
    int code = smail__mailbox_name_check(name, err);

    if (code == 0 && role != SMAIL_ROLE_NONE &&
        smail__mailbox_by_role(&other, tx->db, account, role, NULL) == 0)
        return smail__fail(err, SMAIL_EEXISTS,
                           "there is a mailbox with the role %s already",
                           smail_role_name(role));
    if (code == 0 && role != SMAIL_ROLE_INBOX &&
        find_child(&other, tx->db, account, parent, name, NULL) == 0)
        return smail__fail(err, SMAIL_EEXISTS,
                           "there is a mailbox '%.*s' already",
                           SMAIL__SPAN_ARG(name));
    if (code == 0)
        code = may_be_made(tx, account, parent, err);
    if (code == 0)
        code = smail__tx_next_id(out, tx, account, err);
    if (code == 0)
        code = insert(tx, account, *out, parent, name, role, err);
    if (code == 0)
        code = smail__tx_change(tx, account, SMAIL__OBJECT_MAILBOX, *out,
                                SMAIL__OP_CREATED, err);
    return code;
}

int smail__mailbox_ensure(smail_id *out, smail_tx *tx, smail_id account,
                          const struct smail__path *path, size_t levels,
                          smail_error *err)
{
    smail_id id = 0;

    for (size_t i = 0; i < levels; i++) {
        smail_id parent = id;
        int code =
            find_child(&id, tx->db, account, parent, path->levels[i], err);

        if (code == SMAIL_ENOTFOUND)
            code =
                smail__tx_create_mailbox(&id, tx, account, parent,
                                         path->levels[i], SMAIL_ROLE_NONE, err);
        if (code < 0)
            return code;
    }
    *out = id;
    return 0;
}

/* --- Public -------------------------------------------------------------- */

struct create {
    smail_id account;
    struct smail__path path;
    smail_id id;
};

static int create_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct create *job = arg;
    size_t last = job->path.count - 1;
    smail_id parent = 0;
    int code =
        smail__mailbox_ensure(&parent, tx, job->account, &job->path, last, err);

    if (code < 0)
        return code;
    return smail__tx_create_mailbox(&job->id, tx, job->account, parent,
                                    job->path.levels[last], SMAIL_ROLE_NONE,
                                    err);
}

int smail_mailbox_create(smail_id *out, smail_store *store, smail_id account,
                         const char *path, smail_error *err)
{
    struct create job = { account, { .count = 0 }, 0 };
    int code = smail__path_parse(&job.path, path, err);

    if (code == 0)
        code = smail__store_write(store, create_job, &job, err);
    if (code == 0)
        *out = job.id;
    return code;
}

int smail_mailbox_find(smail_id *out, smail_store *store, smail_id account,
                       const char *path, smail_error *err)
{
    struct smail__path parsed;
    struct smail__db *db;
    int code = smail__path_parse(&parsed, path, err);

    if (code == 0)
        code = smail__store_begin_read(&db, store, err);
    if (code < 0)
        return code;
    code = smail__mailbox_find(out, db, account, &parsed, parsed.count, err);
    smail__store_end_read(store, db);
    if (code == SMAIL_ENOTFOUND)
        return smail__fail(err, code, "there is no mailbox '%s'", path);
    return code;
}

int smail_mailbox_find_role(smail_id *out, smail_store *store, smail_id account,
                            smail_role role, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__mailbox_by_role(out, db, account, role, err);
    smail__store_end_read(store, db);
    return code;
}

int smail_mailbox_list(smail_store *store, smail_id account,
                       int (*each)(const smail_mailbox *mailbox,
                                   const char *path, void *user),
                       void *user, smail_error *err)
{
    struct smail__mailboxes all;
    struct smail__buf path;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__mailboxes_load(&all, db, account, err);
    smail__store_end_read(store, db); /* `each` may ask the store again */
    if (code < 0)
        return code;
    smail__buf_init(&path, SMAIL__PATH_MAX, NULL);
    for (size_t i = 0; code == 0 && i < all.count; i++) {
        smail__buf_clear(&path);
        smail__mailboxes_path(&path, &all, all.list[i].id);
        if (smail__buf_error(&path) != 0)
            code = smail__fail(err, smail__buf_error(&path), "out of memory");
        else
            code = each(&all.list[i], path.data, user);
    }
    smail__buf_dispose(&path);
    smail__mailboxes_dispose(&all);
    return code;
}
