/* SPDX-License-Identifier: MIT */
/*
 * Where the stores of tests are: wherever the test wants, or, with
 * SMTPMAIL_TEST_STORE=postgresql://..., in a schema of their own in there.
 */
#ifndef TESTS_UNIT_TEST_STORE_H
#define TESTS_UNIT_TEST_STORE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"
#include "db/db.h"

/* Of the server that is there for the test; NULL: none. */
static inline const char *test_server_url(void)
{
    const char *url = getenv("SMTPMAIL_TEST_STORE");

    return url != NULL && *url != '\0' ? url : NULL;
}

/* The URL of a new store; `otherwise` without a server. -1: it is not to be
 * had. */
static inline int test_store_url(char *out, size_t size, const char *otherwise)
{
    static unsigned count;
    struct smail__db *db = NULL;
    char sql[64];
    int code;

    if (test_server_url() == NULL) {
        smail__format(out, size, "%s", otherwise);
        return 0;
    }
    count++;
    smail__format(sql, sizeof(sql), "CREATE SCHEMA t%d_%u", (int)getpid(),
                  count);
    smail__format(out, size, "%s&options=-csearch_path%%3Dt%d_%u",
                  test_server_url(), (int)getpid(), count);
    code = smail__db_open(&db, test_server_url(), SMAIL__DB_READ_ONLY, NULL);
    if (code == 0)
        code = smail__db_exec(db, sql, NULL);
    smail__db_close(db);
    return code < 0 ? -1 : 0;
}

#endif
