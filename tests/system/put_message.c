/* SPDX-License-Identifier: MIT */
/*
 * put_message.c - standard input into a mailbox, for tests that need mail and
 * no server:
 *
 *    put_message URL ADDRESS MAILBOX KEYWORDS COUNT < message
 *
 * MAILBOX "" is the inbox. Prints the id of each copy.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <smtpmail/smtpmail.h>

#define MESSAGE_MAX ((size_t)64 << 20)

static int put(smail_store *store, const smail_target *target, smail_span text,
               smail_error *err)
{
    smail_append *append = NULL;
    smail_appended result;
    int rc = smail_append_new(&append, store, err);

    if (rc == 0)
        rc = smail_append_write(append, text, err);
    if (rc == 0)
        rc = smail_append_commit(append, target, 1, &result, err);
    smail_append_free(append);
    if (rc == 0)
        printf("%" PRId64 "\n", result.email);
    return rc;
}

static int run(smail_store *store, char **argv, smail_span text,
               smail_error *err)
{
    smail_target target = { .keywords = argv[4] };
    int rc = smail_account_find(&target.account, store, argv[2], err);

    if (rc == 0 && argv[3][0] != '\0')
        rc = smail_mailbox_find(&target.mailbox, store, target.account, argv[3],
                                err);
    for (long i = strtol(argv[5], NULL, 10); rc == 0 && i > 0; i--)
        rc = put(store, &target, text, err);
    return rc;
}

int main(int argc, char **argv)
{
    char *text = malloc(MESSAGE_MAX);
    smail_store *store = NULL;
    smail_error err = SMAIL_ERROR_INIT;
    size_t len;
    int rc;

    if (argc != 6 || text == NULL)
        return 2;
    len = fread(text, 1, MESSAGE_MAX, stdin);
    rc = smail_store_open(&store, argv[1], NULL, &err);
    if (rc == 0)
        rc = run(store, argv, (smail_span){ text, len }, &err);
    smail_store_close(store);
    free(text);
    if (rc != 0)
        fprintf(stderr, "put_message: %s\n", err.message);
    return rc == 0 ? 0 : 1;
}
