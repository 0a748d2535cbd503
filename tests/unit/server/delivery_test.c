/* SPDX-License-Identifier: MIT */
/*
 * The built-in policy over a store in memory. The store is manual: commits
 * happen when the test says so, so that clients can go away in between.
 */
#include <smtpmail/account.h>
#include <smtpmail/server.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    smail_store *store;
    smail_server *server;
    smail_id alice, bob;
    uint16_t smtp, submission;
    pthread_t thread, committer;
    atomic_bool over, paused;
};

static void pause_milliseconds(long milliseconds)
{
    nanosleep(&(struct timespec){ .tv_nsec = milliseconds * 1000000 }, NULL);
}

/* The store's own thread, but for its pauses. */
static void *commit(void *arg)
{
    struct fixture *f = arg;

    while (!f->over) {
        if (!f->paused)
            smail_store_run_batch(f->store, (int64_t)time(NULL), NULL);
        pause_milliseconds(2);
    }
    return NULL;
}

static void *serve(void *arg)
{
    struct fixture *f = arg;

    smail_server_run(f->server, NULL);
    return NULL;
}

static void fill(struct fixture *f)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_account_options account = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_id domain;

    options.manual = true;
    if (smail_store_open(&f->store, "sqlite::memory:", &options, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(smail_domain_add(&domain, f->store, "example.test", &err),
                     0);
    account.password = (smail_span){ "alice-secret", 12 };
    assert_int_equal(smail_account_add(&f->alice, f->store,
                                       "alice@example.test", &account, &err),
                     0);
    account.password = (smail_span){ "", 0 };
    account.quota_bytes = 2000;
    assert_int_equal(smail_account_add(&f->bob, f->store, "bob@example.test",
                                       &account, &err),
                     0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;

    fill(f);
    /* From here on nobody else writes: blocking calls would commit. */
    assert_int_equal(pthread_create(&f->committer, NULL, commit, f), 0);
    options.hostname = "mail.example.test";
    options.store = f->store;
    options.threads = 2;
    options.auth_without_tls = true;
    assert_int_equal(smail_server_new(&f->server, &options, NULL, &err), 0);
    assert_int_equal(smail_server_listen(&f->smtp, f->server,
                                         SMAIL_LISTENER_SMTP, "127.0.0.1:0",
                                         &err),
                     0);
    assert_int_equal(smail_server_listen(&f->submission, f->server,
                                         SMAIL_LISTENER_SUBMISSION,
                                         "127.0.0.1:0", &err),
                     0);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    f->paused = false;
    smail_server_stop(f->server);
    pthread_join(f->thread, NULL);
    smail_server_free(f->server);
    f->over = true;
    pthread_join(f->committer, NULL);
    smail_store_close(f->store);
    free(f);
    return 0;
}

/* --- The client ----------------------------------------------------------- */

static int dial(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 20 },
               sizeof(struct timeval));
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL),
                     (int)strlen(text));
}

static void hear(int fd, const char *start)
{
    char line[1024];
    size_t len;

    do {
        len = 0;
        while (len == 0 || line[len - 1] != '\n') {
            assert_true(len < sizeof(line) - 1);
            if (recv(fd, line + len, 1, 0) != 1)
                fail_msg("hung up instead of '%s'", start);
            len++;
        }
        line[len] = '\0';
    } while (line[3] == '-');
    if (strncmp(line, start, strlen(start)) != 0)
        fail_msg("'%s' instead of '%s'", line, start);
}

static int meet(uint16_t port)
{
    int fd = dial(port);

    hear(fd, "220");
    say(fd, "EHLO c.example.org\r\n");
    hear(fd, "250");
    return fd;
}

static void log_in(int fd)
{
    /* "\0alice@example.test\0alice-secret" */
    say(fd, "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABhbGljZS1zZWNyZXQ=\r\n");
    hear(fd, "235");
}

static uint64_t count(struct fixture *f, smail_id account)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    uint64_t number = 0;

    query.account = account;
    assert_int_equal(smail_store_query(&cursor, f->store, &query, NULL), 0);
    while (smail_cursor_next(&entry, cursor, NULL) == 1)
        number++;
    smail_cursor_free(cursor);
    return number;
}

#define BEGIN \
    "MAIL FROM:<a@b.example>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"

static void begin(int fd)
{
    say(fd, BEGIN);
    hear(fd, "250");
    hear(fd, "250");
    hear(fd, "354");
}

/* --- What holds ----------------------------------------------------------- */

static void a_message_is_stored_before_the_250(void **state)
{
    struct fixture *f = *state;
    int fd = meet(f->smtp);
    char byte;

    begin(fd);
    f->paused = true;
    pause_milliseconds(20);
    say(fd, "Subject: x\r\n\r\nx\r\n.\r\n");
    pause_milliseconds(100);
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    f->paused = false;
    hear(fd, "250 2.0.0 Ok: queued as ");
    assert_int_equal(count(f, f->alice), 1);
    close(fd);
}

static void a_client_that_leaves_during_the_commit_loses_nothing(void **state)
{
    struct fixture *f = *state;

    f->paused = true;
    pause_milliseconds(20);
    for (int i = 0; i < 10; i++) {
        int fd = meet(f->smtp);

        begin(fd);
        say(fd, "Subject: x\r\n\r\nx\r\n.\r\n");
        if (i % 2 == 0)
            setsockopt(fd, SOL_SOCKET, SO_LINGER,
                       &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
        pause_milliseconds(20);
        close(fd);
    }
    pause_milliseconds(100);
    assert_int_equal(count(f, f->alice), 0);
    f->paused = false;
    for (int i = 0; i < 500 && count(f, f->alice) < 10; i++)
        pause_milliseconds(10);
    assert_int_equal(count(f, f->alice), 10);
}

static void *resume_soon(void *arg)
{
    struct fixture *f = arg;

    pause_milliseconds(300);
    f->paused = false;
    return NULL;
}

static void stopping_waits_for_the_commit(void **state)
{
    struct fixture *f = *state;
    int fd = meet(f->smtp);
    pthread_t thread;

    begin(fd);
    f->paused = true;
    pause_milliseconds(20);
    say(fd, "Subject: x\r\n\r\nx\r\n.\r\n");
    pause_milliseconds(50);
    smail_server_stop(f->server);
    assert_int_equal(pthread_create(&thread, NULL, resume_soon, f), 0);
    hear(fd, "250 2.0.0");
    hear(fd, "421 4.3.2");
    pthread_join(thread, NULL);
    close(fd);
    assert_int_equal(count(f, f->alice), 1);
}

static void one_account_gets_one_copy(void **state)
{
    struct fixture *f = *state;
    int fd = meet(f->smtp);

    say(fd, "MAIL FROM:<>\r\nRCPT TO:<alice@example.test>\r\n"
            "RCPT TO:<ALICE+tag@Example.Test>\r\n"
            "RCPT TO:<postmaster>\r\nRCPT TO:<abuse@example.test>\r\n"
            "RCPT TO:<nobody@example.test>\r\nRCPT TO:<a@example.org>\r\n"
            "DATA\r\n");
    for (int i = 0; i < 5; i++)
        hear(fd, "250");
    hear(fd, "550 5.1.1");
    hear(fd, "554 5.7.1 Relay");
    hear(fd, "354");
    say(fd, "Subject: x\r\n\r\nx\r\n.\r\n");
    hear(fd, "250 2.0.0");
    assert_int_equal(count(f, f->alice), 1);
    close(fd);
}

static void a_full_mailbox_is_turned_away_early(void **state)
{
    struct fixture *f = *state;
    int fd = meet(f->smtp);

    say(fd, "MAIL FROM:<a@b.example> SIZE=5000\r\n"
            "RCPT TO:<bob@example.test>\r\nRSET\r\n");
    hear(fd, "250");
    hear(fd, "552 5.2.2");
    hear(fd, "250");
    for (int i = 0; i < 100; i++) {
        char line[8] = "";

        say(fd, "MAIL FROM:<a@b.example>\r\n");
        hear(fd, "250");
        say(fd, "RCPT TO:<bob@example.test>\r\n");
        assert_int_equal(recv(fd, line, 4, MSG_WAITALL), 4);
        if (memcmp(line, "452 ", 4) == 0) {
            hear(fd, "4.2.2");
            close(fd);
            assert_in_range(count(f, f->bob), 1, 20);
            return;
        }
        assert_memory_equal(line, "250 ", 4);
        hear(fd, "2.1.5");
        say(fd, "DATA\r\n");
        hear(fd, "354");
        say(fd, "Subject: x\r\n\r\nsome text\r\n.\r\n");
        hear(fd, "250");
    }
    fail_msg("the mailbox never fills up");
}

static void a_loop_is_broken(void **state)
{
    struct fixture *f = *state;
    int fd = meet(f->smtp);

    begin(fd);
    for (int i = 0; i < 101; i++)
        say(fd, "Received: from a by b; Mon, 23 Nov 2026 00:00:00 +0000\r\n");
    say(fd, "Subject: x\r\n\r\nx\r\n.\r\n");
    hear(fd, "554 5.4.6");
    assert_int_equal(count(f, f->alice), 0);
    close(fd);
}

static void submission_is_for_members(void **state)
{
    struct fixture *f = *state;
    int fd = meet(f->submission);

    say(fd, "MAIL FROM:<alice@example.test>\r\n");
    hear(fd, "530");
    log_in(fd);
    say(fd, "MAIL FROM:<bob@example.test>\r\n");
    hear(fd, "550 5.7.1 Sender is not an address of alice@example.test");
    say(fd, "MAIL FROM:<alice@example.test>\r\n");
    hear(fd, "250");
    say(fd, "RCPT TO:<x@example.org>\r\n");
    hear(fd, "550 5.7.1 No route to other hosts");
    say(fd, "RCPT TO:<bob@example.test>\r\nDATA\r\n");
    hear(fd, "250");
    hear(fd, "354");
    say(fd, "Bcc: secret@example.org\r\nSubject: x\r\n\r\nx\r\n.\r\n");
    hear(fd, "250 2.0.0");
    assert_int_equal(count(f, f->bob), 1);
    say(fd, "MAIL FROM:<>\r\n");
    hear(fd, "250");
    close(fd);
}

static void a_wrong_password_has_its_time(void **state)
{
    struct fixture *f = *state;
    int fd = meet(f->submission), other;
    struct timespec start, end;

    clock_gettime(CLOCK_MONOTONIC, &start);
    /* "\0alice@example.test\0wrong" */
    say(fd, "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw==\r\n");
    other = meet(f->smtp);
    begin(other);
    say(other, "Subject: meanwhile\r\n\r\n.\r\n");
    hear(other, "250");
    close(other);
    hear(fd, "535 5.7.8");
    clock_gettime(CLOCK_MONOTONIC, &end);
    assert_true((end.tv_sec - start.tv_sec) * 1000 +
                    (end.tv_nsec - start.tv_nsec) / 1000000 >=
                900);
    log_in(fd);
    close(fd);
}

static void a_client_may_leave_while_its_password_is_checked(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 5; i++) {
        int fd = meet(f->submission);

        say(fd, "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw==\r\n");
        pause_milliseconds(i * 30);
        close(fd);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_stored_before_the_250),
        CASE(a_client_that_leaves_during_the_commit_loses_nothing),
        CASE(stopping_waits_for_the_commit),
        CASE(one_account_gets_one_copy),
        CASE(a_full_mailbox_is_turned_away_early),
        CASE(a_loop_is_broken),
        CASE(submission_is_for_members),
        CASE(a_wrong_password_has_its_time),
        CASE(a_client_may_leave_while_its_password_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
