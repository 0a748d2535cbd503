/* SPDX-License-Identifier: MIT */
/*
 * store/sweep.c - blobs without a row that names them, files without a blob,
 * and whatever else is due (store/tidy.h).
 *
 * Deliveries count no references, so the sweeper looks: a page of ids at a
 * time by a reader, then a small job that looks again and deletes. A file
 * goes after its row's removal is on disk.
 */
#include "store/sweep.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "store/index.h"
#include "store/removed.h"
#include "store/retention.h"
#include "store/tidy.h"

#define PAGE 500

/* A pass at least once a day, and this long after something was removed. */
#define PAUSE ((int64_t)3600)
#define PASS_SECONDS ((int64_t)86400)

struct swept {
    unsigned char id[SMAIL__BLOB_ID_LEN];
    bool has_file;
};

struct pass {
    smail_store *store;
    int64_t before; /* last used */
    unsigned char from[SMAIL__BLOB_ID_LEN];
    struct swept page[PAGE];
    size_t count;
    size_t seen; /* ids looked at */
    uint64_t removed;
};

static smail_span id_span(const unsigned char *id)
{
    return (smail_span){ (const char *)id, SMAIL__BLOB_ID_LEN };
}

/* The ids first: they are all in the index, and the rows are large. */
static const char page_sql[] =
    "SELECT id, EXISTS (SELECT 1 FROM email WHERE email.blob = b.id) OR "
    "EXISTS (SELECT 1 FROM queue_message q WHERE q.blob = b.id) OR "
    "EXISTS (SELECT 1 FROM upload u WHERE u.blob = b.id) OR "
    "EXISTS (SELECT 1 FROM removed r WHERE r.blob = b.id) "
    "FROM (SELECT id FROM blob WHERE id > $1 ORDER BY id LIMIT 500) b";

static int find_page(struct pass *pass, smail_error *err)
{
    struct smail__db *db;
    struct smail__statement *row;
    int code = smail__store_begin_read(&db, pass->store, err);

    if (code < 0)
        return code;
    pass->count = 0;
    pass->seen = 0;
    code = smail__db_prepare(&row, db, page_sql, err);
    if (code == 0)
        smail__bind_blob(row, 1, id_span(pass->from));
    while (code >= 0 && (code = smail__statement_step(row, err)) > 0) {
        smail_span id = smail__column_span(row, 0);

        pass->seen++;
        if (id.len != SMAIL__BLOB_ID_LEN)
            continue;
        if (smail__column_int(row, 1) == 0)
            memcpy(pass->page[pass->count++].id, id.data, id.len);
        memcpy(pass->from, id.data, id.len);
    }
    smail__store_end_read(pass->store, db);
    return code;
}

/* Not DELETE ... RETURNING data IS NULL: SQLite 3.40 answers 0 always. */
static const char unused_sql[] =
    "SELECT data IS NULL FROM blob WHERE id = $1 AND last_used < $2 "
    "AND NOT EXISTS (SELECT 1 FROM email WHERE email.blob = blob.id) "
    "AND NOT EXISTS (SELECT 1 FROM queue_message q WHERE q.blob = blob.id) "
    "AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.blob = blob.id) "
    "AND NOT EXISTS (SELECT 1 FROM removed r WHERE r.blob = blob.id)";
static const char rest_sql[] = "DELETE FROM blob_rest WHERE id = "
                               "(SELECT rest FROM blob WHERE id = $1)";
static const char delete_sql[] = "DELETE FROM blob WHERE id = $1";

static int run_for(const char *sql, const struct swept *blob, smail_tx *tx,
                   smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, sql, err);

    if (code < 0)
        return code;
    smail__bind_blob(row, 1, id_span(blob->id));
    return smail__statement_run(row, err);
}

/* 1: it was unused and is gone. */
static int delete_one(struct swept *blob, smail_tx *tx, int64_t before,
                      smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, tx->db, unused_sql, err);

    if (code < 0)
        return code;
    smail__bind_blob(row, 1, id_span(blob->id));
    smail__bind_int(row, 2, before);
    code = smail__statement_step(row, err);
    if (code <= 0)
        return code;
    blob->has_file = smail__column_int(row, 0) != 0;
    smail__statement_reset(row);
    code = run_for(rest_sql, blob, tx, err);
    if (code == 0)
        code = run_for(delete_sql, blob, tx, err);
    return code < 0 ? code : 1;
}

static int delete_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct pass *pass = arg;
    size_t kept = 0;

    for (size_t i = 0; i < pass->count; i++) {
        int code = delete_one(&pass->page[i], tx, pass->before, err);

        if (code < 0)
            return code;
        if (code > 0)
            pass->page[kept++] = pass->page[i];
    }
    pass->count = kept;
    return 0;
}

static void remove_files(struct pass *pass)
{
    char id[2 * SMAIL__BLOB_ID_LEN + 1];

    for (size_t i = 0; i < pass->count; i++) {
        if (!pass->page[i].has_file || pass->store->blobs.folder == NULL)
            continue;
        smail__hex_encode(id, pass->page[i].id, SMAIL__BLOB_ID_LEN);
        smail__blob_remove(&pass->store->blobs, id, NULL); /* else next time */
    }
}

/* --- Files that no row names --------------------------------------------- */

static int has_row(bool *out, smail_store *store, const char *id,
                   smail_error *err)
{
    unsigned char bytes[SMAIL__BLOB_ID_LEN];
    struct smail__statement *row;
    struct smail__db *db;
    int code;

    smail__hex_decode(bytes, sizeof(bytes),
                      (smail_span){ id, 2 * sizeof(bytes) });
    code = smail__store_begin_read(&db, store, err);
    if (code < 0)
        return code;
    code = smail__db_prepare(&row, db, "SELECT 1 FROM blob WHERE id = $1", err);
    if (code == 0) {
        smail__bind_blob(row, 1, id_span(bytes));
        code = smail__statement_step(row, err);
        *out = code > 0;
    }
    smail__store_end_read(store, db);
    return code < 0 ? code : 0;
}

static int sweep_file(const char *id, const char *path, int64_t age, void *user)
{
    struct pass *pass = user;
    const struct smail__files *files = pass->store->blobs.files;
    bool named = false;

    if (smail__store_now(pass->store) - age >= pass->before)
        return 0;
    if (id != NULL && has_row(&named, pass->store, id, NULL) < 0)
        return 0;
    if (!named && files->unlink(path, files->user) == 0)
        pass->removed++;
    return smail__indexer_is_stopping(pass->store) ? 1 : 0;
}

/* A backup copies files: they stay until it is done, or its time is over. */
static bool is_held(smail_store *store)
{
    static const char sql[] =
        "SELECT 1 FROM setting WHERE name = 'files_held_until' "
        "AND CAST(value AS INTEGER) > $1";
    struct smail__db *db;
    int64_t held;
    int code;

    if (smail__store_begin_read(&db, store, NULL) < 0)
        return true;
    code = smail__db_value(&held, db, sql, smail__store_now(store), INT64_MIN,
                           NULL);
    smail__store_end_read(store, db);
    return code != SMAIL_ENOTFOUND;
}

int smail__sweep_orphans(uint64_t *removed, smail_store *store,
                         smail_error *err)
{
    struct pass pass = { .store = store,
                         .before =
                             smail__store_now(store) - SMAIL__ORPHAN_AGE };
    int code = 0;

    if (!is_held(store))
        code = smail__blobs_walk(&store->blobs, smail__store_now(store),
                                 sweep_file, &pass, err);
    *removed = pass.removed;
    return code < 0 ? code : 0;
}

/* Blobs and files that were not used since `pass->before`. */
static int sweep_blobs(struct pass *pass, smail_error *err)
{
    smail_store *store = pass->store;
    int code = 0;

    while (code == 0 && !is_held(store)) {
        code = find_page(pass, err);
        if (code == 0 && pass->count > 0)
            code = smail__store_write(store, delete_job, pass, err);
        if (code == 0 && pass->count > 0) {
            remove_files(pass);
            pass->removed += pass->count;
        }
        if (pass->seen == 0 || smail__indexer_is_stopping(store))
            break;
    }
    if (code == 0 && !is_held(store))
        code = smail__blobs_walk(&store->blobs, smail__store_now(store),
                                 sweep_file, pass, err);
    return code < 0 ? code : 0;
}

int smail__store_sweep(uint64_t *removed, smail_store *store, int64_t age,
                       smail_error *err)
{
    int64_t now = smail__store_now(store);
    struct pass pass = { .store = store, .before = now - age };
    uint64_t expired;
    int code = smail__tidy_apply(NULL, store, now, err);

    if (code == 0)
        code = smail__removed_expire(&expired, store, err);
    if (code == 0)
        code = sweep_blobs(&pass, err);
    *removed = pass.removed;
    return code;
}

void smail__sweeper_step(smail_store *store)
{
    struct smail__sweeper *sweeper = &store->sweeper;
    smail_error err = SMAIL_ERROR_INIT;
    int64_t now = smail__store_now(store);
    uint64_t removed;

    if (sweeper->next == 0)
        sweeper->next = now + PAUSE;
    if (now < sweeper->next || (!atomic_load(&sweeper->wanted) &&
                                now < sweeper->next + PASS_SECONDS - PAUSE))
        return;
    atomic_store(&sweeper->wanted, false);
    sweeper->next = now + PAUSE;
    if (smail__retention_apply(&removed, store, &err) < 0 ||
        smail__store_sweep(&removed, store, SMAIL__SWEEP_AGE, &err) < 0)
        smail__store_warn(store, err.message);
}

/* --- Now ----------------------------------------------------------------- */

static int count_due(struct smail__tidied *told, smail_store *store,
                     smail_error *err)
{
    static const char removed_sql[] =
        "SELECT count(*) FROM removed WHERE expires_at <= $1";
    static const char blobs_sql[] =
        "SELECT count(*) FROM blob WHERE last_used < $1 "
        "AND NOT EXISTS (SELECT 1 FROM email WHERE email.blob = blob.id) "
        "AND NOT EXISTS (SELECT 1 FROM queue_message q "
        "WHERE q.blob = blob.id) "
        "AND NOT EXISTS (SELECT 1 FROM upload u WHERE u.blob = blob.id) "
        "AND NOT EXISTS (SELECT 1 FROM removed r WHERE r.blob = blob.id)";
    int64_t now = smail__store_now(store), removed = 0, blobs = 0;
    uint64_t boxes = 0;
    struct smail__db *db;
    int code = smail__retention_count(&boxes, store, err);

    if (code == 0)
        code = smail__store_begin_read(&db, store, err);
    if (code < 0)
        return code;
    code = smail__db_value(&removed, db, removed_sql, now, INT64_MIN, err);
    if (code == 0)
        code = smail__db_value(&blobs, db, blobs_sql, now - SMAIL__SWEEP_AGE,
                               INT64_MIN, err);
    smail__store_end_read(store, db);
    if (code < 0)
        return code;
    told->each("trash-and-junk", boxes, told->user);
    told->each("removed", (uint64_t)removed, told->user);
    told->each("blobs", (uint64_t)blobs, told->user);
    return smail__tidy_count(told, store, now, err);
}

int smail_store_tidy(smail_store *store, bool count_only,
                     void (*each)(const char *what, uint64_t count, void *user),
                     void *user, smail_error *err)
{
    struct pass pass = { .store = store,
                         .before = smail__store_now(store) - SMAIL__SWEEP_AGE };
    struct smail__tidied told = { each, user };
    uint64_t count = 0;
    int code;

    if (count_only)
        return count_due(&told, store, err);
    code = smail__retention_apply(&count, store, err);
    each("trash-and-junk", count, user);
    if (code == 0)
        code = smail__removed_expire(&count, store, err);
    if (code == 0)
        each("removed", count, user);
    if (code == 0)
        code = smail__tidy_apply(&told, store, smail__store_now(store), err);
    if (code == 0)
        code = sweep_blobs(&pass, err);
    if (code == 0)
        each("blobs", pass.removed, user);
    return code;
}
