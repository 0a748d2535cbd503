/* SPDX-License-Identifier: MIT */
/* Links the whole library: a message goes in and can be listed. */
#include <stdio.h>
#include <string.h>

#include <smtpmail/smtpmail.h>

static const char message[] = "Subject: kept\r\n\r\nSafe and sound.\r\n";

static int keep(smail_store *store, smail_error *err)
{
    smail_id domain;
    smail_target target = { 0 };
    smail_append *append;
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    int rc = smail_domain_add(&domain, store, "example.test", err);

    if (rc == 0)
        rc = smail_account_add(&target.account, store, "ada@example.test", NULL,
                               err);
    if (rc == 0)
        rc = smail_append_new(&append, store, err);
    if (rc != 0)
        return rc;
    rc = smail_append_write(append,
                            (smail_span){ message, sizeof(message) - 1 }, err);
    if (rc == 0)
        rc = smail_append_commit(append, &target, 1, NULL, err);
    smail_append_free(append);
    if (rc != 0)
        return rc;

    query.account = target.account;
    rc = smail_store_query(&cursor, store, &query, err);
    if (rc != 0)
        return rc;
    rc = smail_cursor_next(&entry, cursor, err);
    if (rc == 1)
        printf("%s\n", entry.subject);
    smail_cursor_free(cursor);
    return rc == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store;

    if (argc != 2)
        return 2;
    if (smail_store_open(&store, argv[1], NULL, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int rc = keep(store, &err);

    if (rc != 0)
        fprintf(stderr, "%s\n", err.message);
    smail_store_close(store);
    return rc != 0;
}
