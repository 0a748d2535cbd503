/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/span.h"

/* Load a file that holds `text`. */
static int load(struct smail__config *config, smail_span text, smail_error *err)
{
    char path[] = "/tmp/smtpmail-config-XXXXXX";
    int fd = mkstemp(path);
    int code;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text.data, text.len), text.len);
    close(fd);
    code = smail__config_load(config, path, true, err);
    unlink(path);
    return code;
}

static void without_a_file_there_are_defaults(void **state)
{
    struct smail__config config;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(
        smail__config_load(&config, "/nonexistent/smtpmail.conf", false, &err),
        0);

    assert_string_equal(config.hostname, "");
    assert_string_equal(config.store, "");
    assert_int_equal(config.listens.count, 0);
    assert_true(config.message_size == 32 << 20);
    assert_int_equal(config.idle_timeout, 300);
    assert_int_equal(config.log_level, SMAIL__LOG_INFO);
    assert_false(config.log_json);
    assert_string_equal(config.exempt, "127.0.0.0/8 ::1");
    smail__config_dispose(&config);
    smail__config_dispose(&config);
}

static void a_file_that_was_named_must_be_there(void **state)
{
    struct smail__config config;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(
        smail__config_load(&config, "/nonexistent/smtpmail.conf", true, &err),
        SMAIL_ENOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/smtpmail.conf"));
    assert_int_equal(smail__config_load(&config, "/", true, &err), SMAIL_EIO);
}

static void values_get_their_types(void **state)
{
    static const char text[] = "\xef\xbb\xbf# a comment\n"
                               "[server]\n"
                               "hostname = mail.example.test ; another\n"
                               "  listen = smtp:127.0.0.1:25, lmtp:[::1]:24\r\n"
                               "\tlisten = smtp:[fe80::1%eth0]:2525\n"
                               "loops=3\n"
                               "normalize-line-ends = yes\n"
                               "\n"
                               "[store]\n"
                               "url = sqlite:/tmp/a=b.db\n"
                               "[log]\n"
                               "level = debug\n"
                               "format = json\n"
                               "[limits]\n"
                               "message-size = 1G\n"
                               "idle-timeout = 2m\n"
                               "exempt =\n"
                               "recipients = 1000";
    struct smail__config config;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(load(&config, SMAIL__SPAN(text), &err), 0);

    assert_string_equal(config.hostname, "mail.example.test");
    assert_int_equal(config.listens.count, 3);
    assert_int_equal(config.listens.items[0].kind, SMAIL__LISTEN_SMTP);
    assert_string_equal(config.listens.items[0].address, "127.0.0.1:25");
    assert_int_equal(config.listens.items[1].kind, SMAIL__LISTEN_LMTP);
    assert_string_equal(config.listens.items[1].address, "[::1]:24");
    assert_string_equal(config.listens.items[2].address, "[fe80::1%eth0]:2525");
    assert_int_equal(config.loops, 3);
    assert_true(config.normalize_line_ends);
    assert_string_equal(config.store, "sqlite:/tmp/a=b.db");
    assert_int_equal(config.log_level, SMAIL__LOG_DEBUG);
    assert_true(config.log_json);
    assert_true(config.message_size == (uint64_t)1 << 30);
    assert_int_equal(config.idle_timeout, 120);
    assert_string_equal(config.exempt, "");
    assert_int_equal(config.recipients, 1000);
    smail__config_dispose(&config);
}

static void faults_name_their_line_and_what_was_meant(void **state)
{
    static const struct {
        const char *text;
        const char *message; /* its end */
    } cases[] = {
        { "[server]\nhostnam = x\n",
          ":2: no key of [server] is called 'hostnam'; did you mean "
          "'hostname'?" },
        { "[server]\n\nmesage-size = 1M\n",
          ":3: no key of [server] is called 'mesage-size'; did you mean "
          "'message-size' in [limits]?" },
        { "[sever]\n", ":1: no section is called [sever]; did you mean "
                       "[server]?" },
        { "[log]\nlevel=info\n[limit]\nerrors = 1\n",
          ":3: no section is called [limit]; did you mean [limits]?" },
        { "url = sqlite:x\n",
          ":1: 'url' stands before the first [section]; did you mean 'url' in "
          "[store]?" },
        { "[limits]\nmessage-size = big\n",
          ":2: message-size = big: must be a size, as 500K, 32M or 1G, from "
          "1024 to 1099511627776 octets" },
        { "[limits]\nmessage-size = 1\n",
          ":2: message-size = 1: must be a size, as 500K, 32M or 1G, from "
          "1024 to 1099511627776 octets" },
        { "[limits]\nidle-timeout = 0\n",
          ":2: idle-timeout = 0: must be a time, as 30s, 5m, 2h or 1d, from 1 "
          "to 86400 seconds" },
        { "[limits]\nrecipients = -3\n",
          ":2: recipients = -3: must be a number, from 1 to 100000" },
        { "[limits]\nconnections =\n",
          ":2: connections = : must be a number, from 1 to 1000000" },
        { "[log]\nlevel = loud\n",
          ":2: level = loud: must be error, warning, info or debug" },
        { "[log]\nformat = xml\n", ":2: format = xml: must be text or json" },
        { "[server]\nnormalize-line-ends = 2\n",
          ":2: normalize-line-ends = 2: must be yes or no" },
        { "[log]\nlevel = info\nlevel = debug\n",
          ":3: 'level' was set in line 2 already" },
        { "[log]\nlevel\n",
          ":2: neither [section] nor key = value nor # comment" },
        { "[log\nlevel=x\n",
          ":1: neither [section] nor key = value nor # comment" },
        { "[server]\nhostname = \xff\n", ":2: hostname = \xff: must be text" },
        { "[tls]\ncertificate = /x.pem\n",
          ": [tls] has a certificate and no key" },
        { "[tls]\nkey = /x.pem\n", ": [tls] has a key and no certificate" },
        { "[server]\nlisten = submission:127.0.0.1:587\n",
          "passwords are only taken under TLS" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__config config;
        smail_error err = SMAIL_ERROR_INIT;
        size_t len = strlen(cases[i].message);

        assert_int_equal(load(&config, smail__span(cases[i].text), &err),
                         SMAIL_EINVAL);
        assert_int_equal(err.code, SMAIL_EINVAL);
        assert_true(strlen(err.message) > len);
        assert_string_equal(err.message + strlen(err.message) - len,
                            cases[i].message);
    }
}

static void listeners_must_be_whole(void **state)
{
    static const char *const bad[] = {
        "smtp",         "smtp:",          "smtp:25",      "smtp::25",
        "smtp:1.2.3.4", "smtp:1.2.3.4:",  "pop3:::1:25",  "smtp:[::1]",
        "smtp:[::1:25", "smtp:[]:25",     "smtp:[::1]25", "smtp:1.2.3.4:65536",
        "SMTP:x:1",     "smtp:1.2.3.4:x", "smtp:::1:25",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct smail__listens listens = { .count = 0 };

        assert_int_equal(smail__listen_add(&listens, smail__span(bad[i]), NULL),
                         SMAIL_EINVAL);
        assert_int_equal(listens.count, 0);
    }
    assert_string_equal(smail__listen_kind_name(SMAIL__LISTEN_SUBMISSIONS),
                        "submissions");
}

static void there_is_room_for_so_many_listeners(void **state)
{
    struct smail__listens listens = { .count = 0 };

    (void)state;
    for (int i = 0; i < SMAIL__CONFIG_LISTEN_MAX; i++)
        assert_int_equal(
            smail__listen_add(&listens, SMAIL__SPAN("smtp:127.0.0.1:0"), NULL),
            0);
    assert_int_equal(
        smail__listen_add(&listens, SMAIL__SPAN("smtp:127.0.0.1:0"), NULL),
        SMAIL_ELIMIT);
}

static void files_that_are_no_text_are_refused(void **state)
{
    struct smail__config config;
    smail_error err = SMAIL_ERROR_INIT;
    size_t len = SMAIL__CONFIG_MAX + 100;
    char *text = malloc(len);

    (void)state;
    assert_int_equal(
        load(&config, SMAIL__SPAN("[log]\nle\0vel = info\n"), &err),
        SMAIL_EINVAL);
    assert_non_null(strstr(err.message, ":2: a NUL octet"));

    assert_non_null(text);
    memset(text, '#', len);
    assert_int_equal(load(&config, (smail_span){ text, 1000 }, &err),
                     SMAIL_EINVAL);
    assert_non_null(strstr(err.message, ":1: the line is too long"));

    memset(text, '\n', len);
    assert_int_equal(load(&config, (smail_span){ text, len }, &err),
                     SMAIL_EINVAL);
    assert_non_null(strstr(err.message, "too large"));
    free(text);
}

static void the_store_is_named_by_the_nearest(void **state)
{
    struct smail__config config;

    (void)state;
    assert_int_equal(
        load(&config, SMAIL__SPAN("[store]\nurl = sqlite:file\n"), NULL), 0);
    assert_string_equal(smail__config_store(&config, "sqlite:a", "sqlite:b"),
                        "sqlite:a");
    assert_string_equal(smail__config_store(&config, NULL, "sqlite:b"),
                        "sqlite:b");
    assert_string_equal(smail__config_store(&config, "", ""), "sqlite:file");
    smail__config_dispose(&config);
    assert_string_equal(smail__config_store(&config, NULL, NULL),
                        SMAIL__CONFIG_STORE);
}

static void every_key_is_explained(void **state)
{
    struct smail__config_key key;
    size_t count = 0;

    (void)state;
    while (smail__config_key(&key, count)) {
        assert_true(strlen(key.help) > 5);
        assert_true(strlen(key.allowed) > 3);
        count++;
    }
    assert_true(count > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_there_are_defaults),
        cmocka_unit_test(a_file_that_was_named_must_be_there),
        cmocka_unit_test(values_get_their_types),
        cmocka_unit_test(faults_name_their_line_and_what_was_meant),
        cmocka_unit_test(listeners_must_be_whole),
        cmocka_unit_test(there_is_room_for_so_many_listeners),
        cmocka_unit_test(files_that_are_no_text_are_refused),
        cmocka_unit_test(the_store_is_named_by_the_nearest),
        cmocka_unit_test(every_key_is_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
