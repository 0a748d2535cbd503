/* SPDX-License-Identifier: MIT */
/* Settings that change while a server is there: all of them, or none. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/server.h"

static smail_server_options options_of(uint32_t recipients, const char *exempt)
{
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;

    options.hostname = "mail.example.test";
    options.discard = true;
    options.max_recipients = recipients;
    options.exempt = exempt;
    return options;
}

static uint32_t recipients_of(smail_server *server)
{
    struct smail__settings *settings = smail__server_settings(server);
    uint32_t recipients = settings->options.max_recipients;

    smail__settings_free(settings);
    return recipients;
}

static void all_or_nothing(void **state)
{
    smail_server_options options = options_of(10, NULL);
    smail_error err = SMAIL_ERROR_INIT;
    smail_server *server;

    (void)state;
    assert_int_equal(smail_server_new(&server, &options, NULL, &err), 0);
    assert_int_equal(recipients_of(server), 10);
    options = options_of(20, "192.0.2.0/24");
    assert_int_equal(smail_server_reload_with(server, &options, &err), 0);
    assert_int_equal(recipients_of(server), 20);
    options = options_of(30, "nobody");
    assert_int_not_equal(smail_server_reload_with(server, &options, &err), 0);
    options = options_of(30, "");
    options.block_lists = "list.example*huge";
    assert_int_not_equal(smail_server_reload_with(server, &options, &err), 0);
    options = options_of(30, "");
    options.certificate = "/nowhere/cert.pem";
    assert_int_equal(smail_server_reload_with(server, &options, &err),
                     SMAIL_EINVAL);
    options.key = "/nowhere/key.pem";
    assert_int_equal(smail_server_reload_with(server, &options, &err),
                     SMAIL_ENOTFOUND);
    options = options_of(30, "");
    options.size = 0;
    assert_int_equal(smail_server_reload_with(server, &options, &err),
                     SMAIL_EINVAL);
    assert_int_equal(recipients_of(server), 20);
    smail_server_free(server);
}

static void the_name_stays(void **state)
{
    smail_server_options options = options_of(10, NULL);
    struct smail__settings *settings;
    smail_server *server;

    (void)state;
    assert_int_equal(smail_server_new(&server, &options, NULL, NULL), 0);
    options.hostname = "other.example.test";
    assert_int_equal(smail_server_reload_with(server, &options, NULL), 0);
    settings = smail__server_settings(server);
    assert_string_equal(settings->options.hostname, "mail.example.test");
    smail__settings_free(settings);
    smail_server_free(server);
}

/* A client keeps what it came under. */
static void who_holds_the_old_ones_keeps_them(void **state)
{
    smail_server_options options = options_of(10, "192.0.2.7");
    struct smail__settings *old;
    smail_server *server;

    (void)state;
    assert_int_equal(smail_server_new(&server, &options, NULL, NULL), 0);
    options = options_of(11, "192.0.2.8");
    assert_int_equal(smail_server_reload_with(server, &options, NULL), 0);
    old = smail__server_settings(server);
    options = options_of(12, "192.0.2.9");
    assert_int_equal(smail_server_reload_with(server, &options, NULL), 0);
    assert_int_equal(recipients_of(server), 12);
    assert_int_equal(old->options.max_recipients, 11);
    assert_string_equal(old->options.exempt, "192.0.2.8");
    smail_server_free(server);
    smail__settings_free(old);
}

static void *look(void *user)
{
    for (int i = 0; i < 2000; i++) {
        struct smail__settings *settings = smail__server_settings(user);
        char exempt[24];

        /* One is never seen with the other's. */
        snprintf(exempt, sizeof(exempt), "192.0.2.%u",
                 (unsigned)settings->options.max_recipients);
        assert_string_equal(settings->options.exempt, exempt);
        smail__settings_free(settings);
    }
    return NULL;
}

static void threads_see_one_or_the_other(void **state)
{
    smail_server_options options = options_of(1, "192.0.2.1");
    pthread_t threads[2];
    smail_server *server;

    (void)state;
    assert_int_equal(smail_server_new(&server, &options, NULL, NULL), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look, server), 0);
    for (uint32_t i = 1; i < 200; i++) {
        char exempt[24];

        snprintf(exempt, sizeof(exempt), "192.0.2.%u", (unsigned)i);
        options = options_of(i, exempt);
        assert_int_equal(smail_server_reload_with(server, &options, NULL), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    smail_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(the_name_stays),
        cmocka_unit_test(who_holds_the_old_ones_keeps_them),
        cmocka_unit_test(threads_see_one_or_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
