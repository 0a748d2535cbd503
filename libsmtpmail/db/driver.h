/* SPDX-License-Identifier: MIT */
/*
 * db/driver.h - what a database has to offer to be one of ours.
 *
 * A driver's own connection and statement begin with the two structs below.
 * What each function has to do stands in db/db.h, beside its twin.
 */
#ifndef SMAIL__DB_DRIVER_H
#define SMAIL__DB_DRIVER_H

#include "db/db.h"
#include "db/migrate.h"

struct smail__db {
    const struct smail__db_driver *driver;
};

struct smail__statement {
    const struct smail__db_driver *driver;
};

/* {INT} stands for `written`. */
struct smail__db_word {
    const char *word;
    const char *written;
};

struct smail__db_driver {
    const char *scheme;                 /* of its URLs, with the colon */
    const struct smail__db_word *words; /* up to one without a word */
    const char *(*own_sql)(const struct smail__migration *step);
    void (*tune_process)(void);
    int (*open)(struct smail__db **out, const char *location, unsigned flags,
                smail_error *err);
    void (*close)(struct smail__db *db);

    int (*exec)(struct smail__db *db, const char *sql, smail_error *err);
    int (*prepare)(struct smail__statement **out, struct smail__db *db,
                   const char *sql, smail_error *err);
    void (*bind_int)(struct smail__statement *statement, int index,
                     int64_t value);
    void (*bind_text)(struct smail__statement *statement, int index,
                      smail_span text);
    void (*bind_blob)(struct smail__statement *statement, int index,
                      smail_span bytes);
    void (*bind_null)(struct smail__statement *statement, int index);
    int (*step)(struct smail__statement *statement, smail_error *err);
    void (*reset)(struct smail__statement *statement);
    int64_t (*column_int)(struct smail__statement *statement, int column);
    smail_span (*column_span)(struct smail__statement *statement, int column);
    bool (*column_is_null)(struct smail__statement *statement, int column);
    int64_t (*changes)(const struct smail__db *db);
    int64_t (*last_id)(const struct smail__db *db);

    void (*reset_all)(struct smail__db *db);
    bool (*in_transaction)(const struct smail__db *db);
    bool (*is_broken)(const struct smail__db *db);
    bool (*is_shared)(const struct smail__db *db);
    void (*nest)(struct smail__db *db, int by);
    const char *(*path)(const struct smail__db *db);
    int (*lock)(struct smail__db *db, smail_error *err);
    void (*unlock)(struct smail__db *db);
    bool (*claim)(struct smail__db *db);
    int (*reopen)(struct smail__db *db, smail_error *err);
    struct smail__db_log (*log)(const struct smail__db *db);
    int (*checkpoint)(struct smail__db *db, enum smail__checkpoint how,
                      smail_error *err);
    int (*check)(struct smail__db *db,
                 int (*each)(const char *text, void *user), void *user,
                 smail_error *err);
    int (*backup)(struct smail__db *db, const char *to, smail_error *err);
    int64_t (*size)(struct smail__db *db);
};

extern const struct smail__db_driver smail__db_sqlite;
extern const struct smail__db_driver smail__db_postgres;

#endif
