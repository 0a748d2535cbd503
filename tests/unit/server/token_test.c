/* SPDX-License-Identifier: MIT */
/* A policy that verifies bearer tokens, at once and from another thread. */
#include <smtpmail/server.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/span.h"

struct fixture {
    smail_server *server;
    uint16_t port;
    pthread_t thread;
    bool is_late;
    char identity[64]; /* of the last MAIL */
};

/* --- The policy ----------------------------------------------------------- */

struct errand {
    smail_server *server;
    smail_ticket ticket;
    char token[64], claimed[64];
};

static void settle(const struct errand *errand)
{
    const char *token = errand->token;

    if (strcmp(token, "good") == 0)
        assert_int_equal(
            smail_server_accept_as(errand->server, errand->ticket, 7,
                                   errand->claimed[0] != '\0' ? errand->claimed
                                                              : "of-the-token"),
            0);
    else if (strcmp(token, "busy") == 0)
        assert_int_equal(smail_server_reject(errand->server, errand->ticket,
                                             454, "4.7.0", "Ask again"),
                         0);
    else if (strcmp(token, "pass") == 0)
        assert_int_equal(smail_server_pass(errand->server, errand->ticket), 0);
    else
        assert_int_equal(smail_server_reject(errand->server, errand->ticket,
                                             535, "5.7.8", "No"),
                         0);
}

static void *settle_late(void *arg)
{
    struct errand *errand = arg;

    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    settle(errand);
    free(errand);
    return NULL;
}

static void on_token(smail_ticket ticket, const smail_transaction *transaction,
                     smail_span token, smail_span claimed, void *user)
{
    struct fixture *f = user;
    struct errand errand = { f->server, ticket, "", "" }, *copy;
    pthread_t thread;

    assert_int_equal(transaction->account, 0);
    /* There is no accept() for it: who would it be? */
    assert_int_equal(smail_server_accept(f->server, ticket), SMAIL_EINVAL);
    snprintf(errand.token, sizeof(errand.token), "%.*s",
             SMAIL__SPAN_ARG(token));
    snprintf(errand.claimed, sizeof(errand.claimed), "%.*s",
             SMAIL__SPAN_ARG(claimed));
    if (!f->is_late) {
        settle(&errand);
        return;
    }
    copy = malloc(sizeof(*copy));
    *copy = errand;
    assert_int_equal(pthread_create(&thread, NULL, settle_late, copy), 0);
    pthread_detach(thread);
}

static void on_mail(smail_ticket ticket, const smail_transaction *transaction,
                    const smail_smtp_mail *mail, void *user)
{
    struct fixture *f = user;

    (void)mail;
    assert_int_equal(transaction->account, 7);
    snprintf(f->identity, sizeof(f->identity), "%s", transaction->identity);
    assert_int_equal(smail_server_accept(f->server, ticket), 0);
}

/* --- The server ----------------------------------------------------------- */

static void *serve(void *arg)
{
    smail_error err = SMAIL_ERROR_INIT;

    assert_int_equal(smail_server_run(arg, &err), 0);
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_policy policy = SMAIL_POLICY_INIT;

    options.hostname = "mail.example.org";
    options.auth_without_tls = true;
    policy.token = on_token;
    policy.mail = on_mail;
    policy.user = f;
    if (smail_server_new(&f->server, &options, &policy, NULL) != 0 ||
        smail_server_listen(&f->port, f->server, SMAIL_LISTENER_SUBMISSION,
                            "127.0.0.1:0", NULL) != 0 ||
        pthread_create(&f->thread, NULL, serve, f->server) != 0)
        return -1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    smail_server_stop(f->server);
    pthread_join(f->thread, NULL);
    smail_server_free(f->server);
    free(f);
    return 0;
}

/* --- The client ----------------------------------------------------------- */

static int dial(const struct fixture *f)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(f->port) };
    struct timeval patience = { .tv_sec = 20 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    return fd;
}

/* One reply, all lines of it. */
static void hear(char out[2048], int fd)
{
    size_t len = 0, line = 0;

    for (;;) {
        assert_true(len < 2047);
        assert_int_equal(recv(fd, out + len, 1, 0), 1);
        if (out[len++] != '\n')
            continue;
        if (out[line + 3] == ' ')
            break;
        line = len;
    }
    out[len] = '\0';
}

static void say(int fd, const char *line, const char *expected)
{
    char reply[2048];

    if (line != NULL) {
        assert_int_equal(send(fd, line, strlen(line), 0), strlen(line));
        assert_int_equal(send(fd, "\r\n", 2, 0), 2);
    }
    hear(reply, fd);
    if (strstr(reply, expected) == NULL)
        fail_msg("'%s' is answered by '%s'", line != NULL ? line : "", reply);
}

static void say_token(int fd, const char *user, const char *token,
                      const char *expected)
{
    struct smail__buf response, line;

    smail__buf_init(&response, 1000, NULL);
    smail__buf_init(&line, 2000, NULL);
    smail__buf_printf(&response,
                      "n,%s,\x01"
                      "auth=Bearer %s\x01\x01",
                      user, token);
    smail__buf_puts(&line, "AUTH OAUTHBEARER ");
    smail__base64_encode(&line, smail__buf_span(&response));
    say(fd, line.data, expected);
    smail__buf_dispose(&response);
    smail__buf_dispose(&line);
}

static int greet(const struct fixture *f)
{
    int fd = dial(f);

    say(fd, NULL, "220 ");
    say(fd, "EHLO client.test", "AUTH OAUTHBEARER XOAUTH2\r\n");
    return fd;
}

static void tokens_are_put_to_the_policy(struct fixture *f)
{
    int fd = greet(f);

    say_token(fd, "a=alice@example.org", "good", "235 ");
    say(fd, "MAIL FROM:<alice@example.org>", "250 ");
    assert_string_equal(f->identity, "alice@example.org");
    close(fd);

    fd = greet(f);
    say_token(fd, "", "busy", "454 4.7.0 Ask again");
    say_token(fd, "", "good", "235 ");
    say(fd, "MAIL FROM:<alice@example.org>", "250 ");
    assert_string_equal(f->identity, "of-the-token");
    close(fd);

    /* The reason, and what is left of it: RFC 7628, 3.2.2. */
    fd = greet(f);
    say_token(fd, "", "bad", "334 eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=");
    say(fd, "AQ==", "535 ");
    /* Nobody else takes tokens here. */
    say_token(fd, "", "pass", "334 ");
    say(fd, "AQ==", "535 ");
    say(fd, "AUTH PLAIN AGEAYg==", "504 ");
    close(fd);
}

static void at_once(void **state)
{
    tokens_are_put_to_the_policy(*state);
}

static void from_another_thread(void **state)
{
    struct fixture *f = *state;

    f->is_late = true;
    tokens_are_put_to_the_policy(f);
}

/* Its ticket is stale, and nothing else happens. */
static void a_client_that_leaves_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    int fd = greet(f);
    const char line[] = "AUTH XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIGdvb2QBAQ==\r\n";

    f->is_late = false;
    say(fd, "NOOP", "250 ");
    assert_int_equal(send(fd, line, strlen(line), 0), strlen(line));
    close(fd);
    fd = greet(f);
    say_token(fd, "", "good", "235 ");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(from_another_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_leaves_is_not_waited_for,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
