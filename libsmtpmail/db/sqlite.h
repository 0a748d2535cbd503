/* SPDX-License-Identifier: MIT */
/* db/sqlite.h - what the files of the SQLite driver share. */
#ifndef SMAIL__DB_SQLITE_H
#define SMAIL__DB_SQLITE_H

#include <sqlite3.h>

#include "db/driver.h"

/* Says that a database file is ours, at octet 68 of it: "Smai". */
#define SMAIL__SQLITE_APPLICATION_ID 0x536d6169

/* A busy handler's patience, in milliseconds; only a program that is not
 * ours can make us need it. */
#define SMAIL__SQLITE_BUSY_MS 10000

struct sqlite_statement {
    struct smail__statement base;
    struct sqlite_db *db;
    sqlite3_stmt *handle;
    const char *sql; /* with `level` the key in the cache */
    int level;
    int bind_error; /* the first; step() tells */
};

/* Two files whose locks make processes take turns, see sqlite_lock.c. */
struct sqlite_turn {
    int turn, lock; /* descriptors; -1 */
    bool held;
};

struct sqlite_db {
    struct smail__db base;
    sqlite3 *handle;
    char *path; /* NULL in memory */
    unsigned flags;
    bool broken;
    int level;
    int log_pages;  /* in the log */
    int log_placed; /* of these, copied to their place */
    struct sqlite_turn turn;
    struct sqlite_statement **cache; /* open addressing, a power of two */
    size_t cached, cache_room;
};

/* sqlite_error.c: fills `err` from the connection's last error. */
int smail__sqlite_fail(struct sqlite_db *db, int rc, const char *doing,
                       smail_error *err);

/* sqlite_renew.c: nobody is connected here, and nobody else commits. */
int smail__sqlite_renew_log(struct sqlite_db *db, smail_error *err);

/* sqlite_lock.c */
void smail__sqlite_turn_init(struct sqlite_turn *turn);
int smail__sqlite_turn_open(struct sqlite_turn *turn, const char *path,
                            smail_error *err);
int smail__sqlite_turn_take(struct sqlite_turn *turn, smail_error *err);
void smail__sqlite_turn_drop(struct sqlite_turn *turn);
void smail__sqlite_turn_close(struct sqlite_turn *turn);

/* sqlite_file.c: what stands at `path`, before SQLite touches it. */
enum sqlite_found { SQLITE_FOUND_NOTHING, SQLITE_FOUND_STORE };
int smail__sqlite_probe(enum sqlite_found *out, const char *path,
                        smail_error *err);
int smail__sqlite_open_private(const char *path, smail_error *err);
int smail__sqlite_sync_parent(const char *path, smail_error *err);
int smail__sqlite_sync_file(const char *path, smail_error *err);
void smail__sqlite_remove(const char *path);
char *smail__sqlite_join(const char *path, const char *suffix);

/* sqlite_log.c: the VFS for connections that sync each commit; NULL, which is
 * the default one, when there is no memory for it. */
#define SMAIL__SQLITE_LOG_VFS "smtpmail-log"
const char *smail__sqlite_log_vfs(void);

/* sqlite_open.c */
void smail__sqlite_tune_process(void);
int smail__sqlite_open(struct smail__db **out, const char *location,
                       unsigned flags, smail_error *err);
void smail__sqlite_close(struct smail__db *db);
int smail__sqlite_copy(struct smail__db *db, const char *to, smail_error *err);
int smail__sqlite_reopen(struct smail__db *db, smail_error *err);

/* sqlite_statement.c */
int smail__sqlite_exec(struct smail__db *db, const char *sql, smail_error *err);
int smail__sqlite_prepare(struct smail__statement **out, struct smail__db *db,
                          const char *sql, smail_error *err);
int smail__sqlite_step(struct smail__statement *statement, smail_error *err);
void smail__sqlite_forget(struct sqlite_db *db);

/* sqlite_care.c */
int smail__sqlite_checkpoint(struct smail__db *db, enum smail__checkpoint how,
                             smail_error *err);
int smail__sqlite_backup(struct sqlite_db *db, const char *to,
                         smail_error *err);
int smail__sqlite_check(struct smail__db *db,
                        int (*each)(const char *text, void *user), void *user,
                        smail_error *err);
int64_t smail__sqlite_size(struct smail__db *db);

#endif
