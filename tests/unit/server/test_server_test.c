/* SPDX-License-Identifier: MIT */
/* The server for tests, tested over real sockets. */
#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <smtpmail/test_server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int dial(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port) };
    struct timeval patience = { .tv_sec = 20 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    return fd;
}

/* All that comes until the server hangs up. */
static void read_all(char *out, size_t room, int fd)
{
    size_t len = 0;
    ssize_t got;

    while (len + 1 < room && (got = recv(fd, out + len, room - len - 1, 0)) > 0)
        len += (size_t)got;
    out[len] = '\0';
}

/* A whole session in one piece; the replies. */
static void say(char out[4096], uint16_t port, const char *text, size_t len)
{
    int fd = dial(port);

    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
    read_all(out, 4096, fd);
    close(fd);
}

static void send_mail(char out[4096], uint16_t port, const char *subject)
{
    char text[512];
    int len = snprintf(text, sizeof(text),
                       "EHLO client.example\r\n"
                       "MAIL FROM:<alice@example.org>\r\n"
                       "RCPT TO:<bob@example.org>\r\n"
                       "RCPT TO:<carol@other.example>\r\n"
                       "DATA\r\n"
                       "Subject: %s\r\n\r\n..dot\r\n.\r\n"
                       "QUIT\r\n",
                       subject);

    say(out, port, text, (size_t)len);
}

static smail_test_server *open_server(const smail_test_server_options *options)
{
    smail_test_server *server = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    if (smail_test_server_open(&server, options, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_not_equal(smail_test_server_port(server), 0);
    return server;
}

static void a_message_and_its_envelope(void **state)
{
    smail_test_server *server = open_server(NULL);
    const smail_test_message *message = NULL;
    char replies[4096];

    (void)state;
    send_mail(replies, smail_test_server_port(server), "one");
    assert_int_equal(smail_test_server_wait(&message, server, 10000), 0);
    assert_string_equal(message->sender, "alice@example.org");
    assert_int_equal(message->recipient_count, 2);
    assert_string_equal(message->recipients[0], "bob@example.org");
    assert_string_equal(message->recipients[1], "carol@other.example");
    assert_null(message->recipients[2]);
    assert_string_equal(message->helo, "client.example");
    assert_string_equal(message->content.data, "Subject: one\r\n\r\n.dot\r\n");
    assert_int_equal(message->content.len, strlen(message->content.data));
    assert_false(message->is_secure);
    assert_false(message->is_authenticated);
    smail_test_server_close(server);
}

static void nothing_comes(void **state)
{
    smail_test_server *server = open_server(NULL);
    const smail_test_message *message = NULL;

    (void)state;
    assert_int_equal(smail_test_server_wait(&message, server, 0), SMAIL_ETEMP);
    assert_int_equal(smail_test_server_wait(&message, server, 20), SMAIL_ETEMP);
    assert_null(message);
    assert_int_equal(smail_test_server_count(server), 0);
    smail_test_server_close(server);
    smail_test_server_close(NULL);
}

struct sender {
    pthread_t thread;
    uint16_t port;
    int number;
};

static void *send_some(void *arg)
{
    struct sender *sender = arg;
    char replies[4096], subject[32];

    for (int i = 0; i < 5; i++) {
        snprintf(subject, sizeof(subject), "%d-%d", sender->number, i);
        send_mail(replies, sender->port, subject);
    }
    return NULL;
}

static void many_threads_each_message_once(void **state)
{
    smail_test_server *server = open_server(NULL);
    const smail_test_message *message = NULL;
    struct sender senders[4];
    bool seen[4][5] = { { false } };

    (void)state;
    for (int i = 0; i < 4; i++) {
        senders[i] = (struct sender){ .port = smail_test_server_port(server),
                                      .number = i };
        assert_int_equal(
            pthread_create(&senders[i].thread, NULL, send_some, &senders[i]),
            0);
    }
    for (int i = 0; i < 20; i++) {
        int number = 0, count = 0;

        assert_int_equal(smail_test_server_wait(&message, server, 20000), 0);
        assert_int_equal(
            sscanf(message->content.data, "Subject: %d-%d", &number, &count),
            2);
        assert_false(seen[number][count]);
        seen[number][count] = true;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(smail_test_server_wait(&message, server, 0), SMAIL_ETEMP);
    assert_int_equal(smail_test_server_count(server), 20);
    smail_test_server_close(server);
}

static void recipients_can_be_refused(void **state)
{
    smail_test_server *server = open_server(NULL);
    const smail_test_message *message = NULL;
    uint16_t port = smail_test_server_port(server);
    char replies[4096];

    (void)state;
    assert_int_equal(smail_test_server_refuse(server, 399, "no"), SMAIL_EINVAL);
    assert_int_equal(smail_test_server_refuse(server, 600, "no"), SMAIL_EINVAL);
    assert_int_equal(smail_test_server_refuse(server, 550, NULL), SMAIL_EINVAL);
    assert_int_equal(smail_test_server_refuse(server, 451, "Greylisted"), 0);
    send_mail(replies, port, "refused");
    assert_non_null(strstr(replies, "\r\n451 "));
    assert_non_null(strstr(replies, "Greylisted"));
    assert_int_equal(smail_test_server_count(server), 0);

    assert_int_equal(smail_test_server_refuse(server, 0, NULL), 0);
    send_mail(replies, port, "taken");
    assert_int_equal(smail_test_server_wait(&message, server, 10000), 0);
    smail_test_server_close(server);
}

static void as_many_as_it_may_keep(void **state)
{
    smail_test_server_options options = SMAIL_TEST_SERVER_OPTIONS_INIT;
    smail_test_server *server;
    char replies[4096];

    (void)state;
    options.max_messages = 2;
    server = open_server(&options);
    for (int i = 0; i < 3; i++)
        send_mail(replies, smail_test_server_port(server), "x");
    assert_non_null(strstr(replies, "\r\n452 4.3.1"));
    assert_int_equal(smail_test_server_count(server), 2);
    smail_test_server_forget(server);
    send_mail(replies, smail_test_server_port(server), "x");
    assert_null(strstr(replies, "\r\n452"));
    assert_int_equal(smail_test_server_count(server), 3);
    smail_test_server_close(server);
}

static void memory_has_an_end(void **state)
{
    smail_test_server_options options = SMAIL_TEST_SERVER_OPTIONS_INIT;
    smail_test_server *server;
    char replies[4096];
    size_t one = strlen("Subject: x\r\n\r\n.dot\r\n");

    (void)state;
    options.max_memory = 2 * one;
    server = open_server(&options);
    for (int i = 0; i < 2; i++)
        send_mail(replies, smail_test_server_port(server), "x");
    assert_int_equal(smail_test_server_count(server), 2);
    send_mail(replies, smail_test_server_port(server), "x");
    assert_non_null(strstr(replies, "\r\n452 4.3.1"));
    smail_test_server_close(server);
}

static void an_empty_message(void **state)
{
    static const char text[] = "HELO c.example\r\nMAIL FROM:<>\r\n"
                               "RCPT TO:<bob@example.org>\r\nDATA\r\n.\r\n"
                               "QUIT\r\n";
    smail_test_server *server = open_server(NULL);
    const smail_test_message *message = NULL;
    char replies[4096];

    (void)state;
    say(replies, smail_test_server_port(server), text, sizeof(text) - 1);
    assert_int_equal(smail_test_server_wait(&message, server, 10000), 0);
    assert_string_equal(message->sender, "");
    assert_string_equal(message->content.data, "");
    assert_int_equal(message->content.len, 0);
    smail_test_server_close(server);
}

static void closed_in_the_middle_of_a_message(void **state)
{
    static const char text[] = "EHLO c.example\r\nMAIL FROM:<>\r\n"
                               "RCPT TO:<bob@example.org>\r\nDATA\r\nhalf\r\n";
    smail_test_server *server = open_server(NULL);
    const smail_test_message *message = NULL;
    int fd = dial(smail_test_server_port(server));

    (void)state;
    assert_int_equal(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL),
                     (ssize_t)sizeof(text) - 1);
    assert_int_equal(smail_test_server_wait(&message, server, 200),
                     SMAIL_ETEMP);
    smail_test_server_close(server);
    close(fd);
}

static void lmtp_too(void **state)
{
    static const char text[] = "LHLO c.example\r\nMAIL FROM:<>\r\n"
                               "RCPT TO:<bob@example.org>\r\nDATA\r\nx\r\n"
                               ".\r\nQUIT\r\n";
    smail_test_server_options options = SMAIL_TEST_SERVER_OPTIONS_INIT;
    smail_test_server *server;
    const smail_test_message *message = NULL;
    char replies[4096];

    (void)state;
    options.kind = SMAIL_LISTENER_LMTP;
    server = open_server(&options);
    say(replies, smail_test_server_port(server), text, sizeof(text) - 1);
    assert_int_equal(smail_test_server_wait(&message, server, 10000), 0);
    smail_test_server_close(server);
}

static void logged_in(void **state)
{
    static const char text[] = "EHLO c.example\r\nAUTH PLAIN AGEAYg==\r\n"
                               "MAIL FROM:<a@example.org>\r\n"
                               "RCPT TO:<bob@example.org>\r\nDATA\r\nx\r\n"
                               ".\r\nQUIT\r\n";
    smail_test_server_options options = SMAIL_TEST_SERVER_OPTIONS_INIT;
    smail_test_server *server;
    const smail_test_message *message = NULL;
    char replies[4096];

    (void)state;
    options.kind = SMAIL_LISTENER_SUBMISSION;
    server = open_server(&options);
    say(replies, smail_test_server_port(server), text, sizeof(text) - 1);
    assert_int_equal(smail_test_server_wait(&message, server, 10000), 0);
    assert_true(message->is_authenticated);
    smail_test_server_close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_and_its_envelope),
        cmocka_unit_test(nothing_comes),
        cmocka_unit_test(many_threads_each_message_once),
        cmocka_unit_test(recipients_can_be_refused),
        cmocka_unit_test(as_many_as_it_may_keep),
        cmocka_unit_test(memory_has_an_end),
        cmocka_unit_test(an_empty_message),
        cmocka_unit_test(closed_in_the_middle_of_a_message),
        cmocka_unit_test(lmtp_too),
        cmocka_unit_test(logged_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
