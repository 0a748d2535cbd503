/* SPDX-License-Identifier: MIT */
/*
 * store/reader.c - connections that only read, lent out one by one.
 *
 * Each loan is one transaction and sees one state of the store. A database
 * in memory has a single connection, which the reader then shares with the
 * writer, in turns.
 */
#include <stdlib.h>

#include "base/error.h"
#include "store/internal.h"

/* Kept open when given back; more are opened while more are needed. */
#define IDLE_MAX 16

void smail__store_take_db(smail_store *store)
{
    pthread_mutex_lock(&store->db_mutex);
    if (store->db_depth++ > 0)
        smail__db_nest(store->db, 1);
}

void smail__store_give_db(smail_store *store)
{
    if (--store->db_depth > 0)
        smail__db_nest(store->db, -1);
    else if (!smail__db_is_broken(store->db))
        smail__db_reset_all(store->db);
    pthread_mutex_unlock(&store->db_mutex);
}

void smail__readers_init(struct smail__readers *readers)
{
    pthread_mutex_init(&readers->mutex, NULL);
    readers->idle = NULL;
    readers->count = 0;
    readers->room = 0;
}

void smail__readers_dispose(struct smail__readers *readers)
{
    while (readers->count > 0)
        smail__db_close(readers->idle[--readers->count]);
    free(readers->idle);
    pthread_mutex_destroy(&readers->mutex);
}

static struct smail__db *take_idle(struct smail__readers *readers)
{
    struct smail__db *db = NULL;

    pthread_mutex_lock(&readers->mutex);
    if (readers->count > 0)
        db = readers->idle[--readers->count];
    pthread_mutex_unlock(&readers->mutex);
    return db;
}

static bool keep_idle(struct smail__readers *readers, struct smail__db *db)
{
    bool kept = false;

    pthread_mutex_lock(&readers->mutex);
    if (readers->idle == NULL) {
        readers->idle = calloc(IDLE_MAX, sizeof(struct smail__db *));
        readers->room = readers->idle != NULL ? IDLE_MAX : 0;
    }
    if (readers->count < readers->room) {
        readers->idle[readers->count++] = db;
        kept = true;
    }
    pthread_mutex_unlock(&readers->mutex);
    return kept;
}

static int open_reader(struct smail__db **out, smail_store *store,
                       smail_error *err)
{
    int code = smail__db_open(out, store->url,
                              store->db_flags | SMAIL__DB_READ_ONLY, err);

    return code < 0 ? code : smail__db_run(*out, "BEGIN", err);
}

int smail__store_begin_read(struct smail__db **out, smail_store *store,
                            smail_error *err)
{
    struct smail__db *db;
    int code = 0;

    if (smail__db_is_shared(store->db)) {
        smail__store_take_db(store);
        *out = store->db;
        return 0;
    }
    while ((db = take_idle(&store->readers)) != NULL) {
        code = smail__db_run(db, "BEGIN", err);
        if (code == 0 || !smail__db_is_broken(db))
            break;
        smail__db_close(db); /* its server went away meanwhile */
        code = 0;
    }
    if (db == NULL)
        code = open_reader(&db, store, err);
    if (code < 0) {
        smail__db_close(db);
        return code;
    }
    *out = db;
    return 0;
}

void smail__store_end_read(smail_store *store, struct smail__db *db)
{
    if (smail__db_is_shared(store->db)) {
        smail__store_give_db(store);
        return;
    }
    smail__db_reset_all(db);
    if (!smail__db_in_transaction(db) ||
        smail__db_run(db, "ROLLBACK", NULL) < 0 || smail__db_is_broken(db) ||
        !keep_idle(&store->readers, db))
        smail__db_close(db);
}
