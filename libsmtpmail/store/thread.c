/* SPDX-License-Identifier: MIT */
/*
 * store/thread.c - which conversation a message belongs to.
 *
 * The first of its ids that is known to the account tells: In-Reply-To
 * before older references. All its ids then lead there. A thread id never
 * changes and threads are never merged (RFC 8621, 3), so a message that
 * connects two stays with the nearer one.
 */
#include "base/error.h"
#include "store/append.h"

static const char find_sql[] =
    "SELECT thread FROM thread_ref WHERE account = $1 AND hash = $2";
static const char add_sql[] =
    "INSERT INTO thread_ref (account, hash, thread) VALUES ($1, $2, $3)";

int smail__thread_find(smail_id *out, bool *is_new, smail_tx *tx,
                       smail_id account, smail_id email, const int64_t *refs,
                       size_t count, smail_error *err)
{
    bool known[SMAIL__THREAD_REFS_MAX] = { false };
    struct smail__statement *statement;

    *out = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t thread;
        int code =
            smail__db_value(&thread, tx->db, find_sql, account, refs[i], err);

        if (code < 0 && code != SMAIL_ENOTFOUND)
            return code;
        known[i] = code == 0;
        if (code == 0 && *out == 0)
            *out = thread;
    }
    *is_new = *out == 0;
    if (*out == 0)
        *out = email; /* unique among the account's ids */
    for (size_t i = 0; i < count; i++) {
        int code;

        if (known[i])
            continue;
        code = smail__db_prepare(&statement, tx->db, add_sql, err);
        if (code < 0)
            return code;
        smail__bind_int(statement, 1, account);
        smail__bind_int(statement, 2, refs[i]);
        smail__bind_int(statement, 3, *out);
        code = smail__statement_run(statement, err);
        if (code < 0)
            return code;
    }
    return 0;
}
