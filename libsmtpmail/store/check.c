/* SPDX-License-Identifier: MIT */
/*
 * store/check.c - reads everything and compares.
 *
 * Each account is read in one state, each blob in another, so that a long
 * check of a busy store holds nobody up and reports no faults that are only
 * changes under way. Files that no row names are no fault while they are
 * young: a cut between the file and its row leaves one, the sweeper takes it.
 */
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "crypto/digest.h"
#include "store/content.h"
#include "store/internal.h"
#include "store/rule.h"
#include "store/stray.h"
#include "store/sweep.h"

struct check {
    smail_store *store;
    void (*finding)(const char *text, void *user);
    void *user;
    uint64_t faults;
};

static void report(struct check *check, const char *text)
{
    check->faults++;
    if (check->finding != NULL)
        check->finding(text, check->user);
}

static int report_line(const char *text, void *user)
{
    report(user, text);
    return 0;
}

/* --- Rows against rows --------------------------------------------------- */

static void report_fault(const char *text, void *user)
{
    report(user, text);
}

static int check_accounts(struct check *check, smail_error *err)
{
    smail_id account = 0;
    int code = 1;

    while (code > 0) {
        struct smail__db *db;

        code = smail__store_begin_read(&db, check->store, err);
        if (code < 0)
            return code;
        code = smail__rule_next_account(&account, db, err);
        for (size_t i = 0; code > 0 && i < smail__rule_count; i++) {
            int rc = smail__rule_apply(&smail__rules[i], db, account,
                                       report_fault, check, err);

            code = rc < 0 ? rc : 1;
        }
        smail__store_end_read(check->store, db);
    }
    return code;
}

static int check_strays(struct check *check, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, check->store, err);

    if (code < 0)
        return code;
    code = smail__strays_find(db, report_fault, check, err);
    smail__store_end_read(check->store, db);
    return code < 0 ? code : 0;
}

/* --- Bytes against their hash -------------------------------------------- */

static int hash(unsigned char out[SMAIL__SHA256_LEN], smail_content *content,
                smail_error *err)
{
    struct smail__sha256 *digest = smail__sha256_new();
    uint64_t offset = 0;
    char block[16384];
    int64_t got;

    if (digest == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    while ((got = smail_content_read(block, content, offset, sizeof(block),
                                     err)) > 0) {
        smail__sha256_update(digest, (smail_span){ block, (size_t)got });
        offset += (uint64_t)got;
    }
    if (got < 0) {
        smail__sha256_free(digest);
        return (int)got;
    }
    smail__sha256_finish(out, digest);
    return 0;
}

struct blob {
    unsigned char id[SMAIL__BLOB_ID_LEN];
    unsigned char sha256[SMAIL__SHA256_LEN];
};

/* The next blob behind `blob->id`: 1, and its content or NULL if that cannot
 * be had; 0: no more. */
static int next_blob(struct blob *blob, smail_content **content,
                     struct check *check, struct smail__db *db,
                     smail_error *err)
{
    static const char sql[] =
        "SELECT id, sha256 FROM blob WHERE id > $1 ORDER BY id LIMIT 1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_blob(row, 1,
                     (smail_span){ (const char *)blob->id, sizeof(blob->id) });
    code = smail__statement_step(row, err);
    if (code > 0) {
        smail_span id = smail__column_span(row, 0);
        smail_span sha256 = smail__column_span(row, 1);

        memset(blob, 0, sizeof(*blob));
        memcpy(blob->id, id.data, id.len < 16 ? id.len : 16);
        memcpy(blob->sha256, sha256.data, sha256.len < 32 ? sha256.len : 32);
    }
    smail__statement_reset(row);
    *content = NULL;
    if (code > 0 && smail__content_open_blob(
                        content, check->store, db,
                        (smail_span){ (const char *)blob->id, 16 }, err) < 0) {
        report(check, err->message);
        *content = NULL;
    }
    return code;
}

static int check_blobs(struct check *check, smail_error *err)
{
    struct blob blob = { .id = { 0 } };
    int code = 1;

    while (code > 0) {
        smail_content *content = NULL;
        unsigned char now[SMAIL__SHA256_LEN];
        struct smail__db *db;

        code = smail__store_begin_read(&db, check->store, err);
        if (code < 0)
            return code;
        code = next_blob(&blob, &content, check, db, err);
        smail__store_end_read(check->store, db);
        if (content == NULL)
            continue;
        if (hash(now, content, err) < 0) {
            report(check, err->message);
        } else if (memcmp(now, blob.sha256, sizeof(now)) != 0) {
            char text[100];

            smail__format(text, sizeof(text), "blob %s is not what was stored",
                          content->id);
            report(check, text);
        }
        smail_content_close(content);
    }
    return code;
}

/* --- Files against rows -------------------------------------------------- */

static int check_file(const char *id, const char *path, int64_t age, void *user)
{
    struct check *check = user;
    unsigned char bytes[SMAIL__BLOB_ID_LEN];
    struct smail__statement *row;
    struct smail__db *db;
    char text[300];
    int code = 0;

    if (age < SMAIL__ORPHAN_AGE ||
        smail__store_begin_read(&db, check->store, NULL) < 0)
        return 0;
    if (id != NULL &&
        smail__hex_decode(bytes, sizeof(bytes), (smail_span){ id, 32 }) == 0 &&
        smail__db_prepare(&row, db, "SELECT 1 FROM blob WHERE id = $1", NULL) ==
            0) {
        smail__bind_blob(row, 1,
                         (smail_span){ (const char *)bytes, sizeof(bytes) });
        code = smail__statement_step(row, NULL);
    }
    smail__store_end_read(check->store, db);
    if (code == 0) {
        smail__format(text, sizeof(text), "%s belongs to no message", path);
        report(check, text);
    }
    return 0;
}

static int check_pages(struct check *check, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, check->store, err);

    if (code < 0)
        return code;
    code = smail__db_check(db, report_line, check, err);
    smail__store_end_read(check->store, db);
    return code;
}

int smail_store_check(uint64_t *faults, smail_store *store,
                      void (*finding)(const char *text, void *user), void *user,
                      smail_error *err)
{
    struct check check = { store, finding, user, 0 };
    smail_error own = SMAIL_ERROR_INIT;
    int code = check_pages(&check, &own);

    if (code == 0)
        code = check_accounts(&check, &own);
    if (code == 0)
        code = check_strays(&check, &own);
    if (code == 0)
        code = check_blobs(&check, &own);
    if (code == 0)
        code = smail__blobs_walk(&store->blobs, smail__store_now(store),
                                 check_file, &check, &own);
    *faults = check.faults;
    if (code < 0 && err != NULL)
        *err = own;
    return code;
}
