/* SPDX-License-Identifier: MIT */
/* store/stray.c - rows of nobody; see stray.h. */
#include "store/stray.h"

#include "base/format.h"

#define OF_NOBODY(table)                                              \
    {                                                                 \
        table,                                                        \
            "SELECT account, count(*) FROM " table                    \
            " WHERE account NOT IN (SELECT id FROM account) "         \
            "GROUP BY account ORDER BY account",                      \
            "DELETE FROM " table                                      \
            " WHERE account NOT IN (SELECT id FROM account) "         \
            "AND account NOT IN (SELECT DISTINCT account FROM email)" \
    }

/* The last row stays, whosever it was, so that ids only grow. */
#define LAST_THREADS                                                      \
    {                                                                     \
        "thread_new",                                                     \
            "SELECT account, count(*) FROM thread_new WHERE account NOT " \
            "IN (SELECT id FROM account) AND id < (SELECT max(id) FROM "  \
            "thread_new) GROUP BY account ORDER BY account",              \
            "DELETE FROM thread_new WHERE account NOT IN (SELECT id "     \
            "FROM account) AND account NOT IN (SELECT DISTINCT account "  \
            "FROM email) AND id < (SELECT max(id) FROM thread_new)"       \
    }

struct stray {
    const char *table;
    const char *find;
    const char *mend;
};

static const struct stray of_nobody[] = {
    OF_NOBODY("email_mailbox"), OF_NOBODY("email_derived"),
    OF_NOBODY("unindexed"),     OF_NOBODY("expunged"),
    OF_NOBODY("thread_ref"),    LAST_THREADS,
    OF_NOBODY("change"),        OF_NOBODY("email_content"),
};

/* With a relation to account, by which the database finds them. */
static const char *const related[] = {
    "DELETE FROM session WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM app_password WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM identity WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM address WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM upload WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM type_state WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM totp WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM recovery_code WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM login_event WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM account_limit WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM sent_count WHERE account NOT IN (SELECT id FROM account)",
    "DELETE FROM blob_rest WHERE id NOT IN (SELECT rest FROM blob)",
};

/* Halves of messages that no message has. */
static int find_halves(struct smail__db *db,
                       void (*each)(const char *text, void *user), void *user,
                       smail_error *err)
{
    static const char sql[] = "SELECT count(*) FROM blob_rest "
                              "WHERE id NOT IN (SELECT rest FROM blob)";
    struct smail__statement *row;
    int64_t count = 0;
    char text[80];
    int code = smail__db_prepare(&row, db, sql, err);

    if (code == 0)
        code = smail__statement_step(row, err);
    if (code < 0)
        return code;
    if (code > 0)
        count = smail__column_int(row, 0);
    smail__statement_reset(row);
    if (count == 0)
        return 0;
    smail__format(text, sizeof(text),
                  "blob_rest has %lld rows that no message has",
                  (long long)count);
    each(text, user);
    return 1;
}

int smail__strays_find(struct smail__db *db,
                       void (*each)(const char *text, void *user), void *user,
                       smail_error *err)
{
    int found = find_halves(db, each, user, err);

    if (found < 0)
        return found;

    for (size_t i = 0; i < sizeof(of_nobody) / sizeof(of_nobody[0]); i++) {
        struct smail__statement *row;
        char text[160];
        int code = smail__db_prepare(&row, db, of_nobody[i].find, err);

        while (code >= 0 && (code = smail__statement_step(row, err)) > 0) {
            smail__format(text, sizeof(text),
                          "%s names an account, %lld, that is not there "
                          "(%lld rows)",
                          of_nobody[i].table,
                          (long long)smail__column_int(row, 0),
                          (long long)smail__column_int(row, 1));
            each(text, user);
            found++;
        }
        if (code < 0)
            return code;
    }
    return found;
}

static int remove_rows(uint64_t *mended, smail_tx *tx, const char *sql,
                       smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code == 0)
        code = smail__statement_run(row, err);
    if (code == 0)
        *mended += (uint64_t)smail__db_changes(smail__tx_db(tx));
    return code;
}

int smail__strays_mend(uint64_t *mended, smail_tx *tx, smail_error *err)
{
    int code = 0;

    for (size_t i = 0;
         code == 0 && i < sizeof(of_nobody) / sizeof(of_nobody[0]); i++)
        code = remove_rows(mended, tx, of_nobody[i].mend, err);
    for (size_t i = 0; code == 0 && i < sizeof(related) / sizeof(related[0]);
         i++)
        code = remove_rows(mended, tx, related[i], err);
    return code;
}
