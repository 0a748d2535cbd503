/* SPDX-License-Identifier: MIT */
/*
 * receive.c - a mail server: a store, an account, a port.
 *
 *    receive [STORE]        as sqlite:mail.db; else it is gone afterwards
 *
 * Takes mail for alice@example.test until it is interrupted, then lists it.
 */
#include <signal.h>
#include <stdio.h>

#include <smtpmail/smtpmail.h>

static smail_server *server; /* for the handler, which gets no argument */

static void stop(int signal_number)
{
    (void)signal_number;
    smail_server_stop(server);
}

static int list(smail_store *store, smail_id account, smail_error *err)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;

    query.account = account;
    if (smail_store_query(&cursor, store, &query, err) != 0)
        return -1;
    while (smail_cursor_next(&entry, cursor, err) == 1)
        printf("%s\n", entry.subject);
    smail_cursor_free(cursor);
    return 0;
}

int main(int argc, char **argv)
{
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_id alice, domain;
    uint16_t port;

    if (smail_store_open(&options.store, argc > 1 ? argv[1] : "sqlite::memory:",
                         NULL, &err) != 0)
        return printf("%s\n", err.message);
    options.hostname = "mail.example.test";
    smail_domain_add(&domain, options.store, "example.test", NULL);
    smail_account_add(&alice, options.store, "alice@example.test", NULL, NULL);
    if (smail_account_find(&alice, options.store, "alice@example.test", &err) ||
        smail_server_new(&server, &options, NULL, &err) != 0 ||
        smail_server_listen(&port, server, SMAIL_LISTENER_SMTP, "127.0.0.1:0",
                            &err) != 0)
        return printf("%s\n", err.message);
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    printf("port %u\n", port);
    fflush(stdout);
    if (smail_server_run(server, &err) != 0 ||
        list(options.store, alice, &err) != 0)
        printf("%s\n", err.message);
    smail_server_free(server);
    smail_store_close(options.store);
    return err.code != 0;
}
