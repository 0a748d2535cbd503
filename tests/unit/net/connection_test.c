/* SPDX-License-Identifier: MIT */
/*
 * A listener, a loop and connections that send back what they are sent, seen
 * from blocking clients: in the clear and under TLS, with a handler that
 * takes its time, and with peers that go away.
 */
#include "net/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/span.h"
#include "net/listener.h"

#define BACKLOG_MAX 100000

/* What the tests share: one server whose manners can be chosen. */
struct server {
    struct smail__loop *loop;
    struct smail__listener *listener;
    struct smail__task start, stop;
    struct smail__tls_context *tls;
    atomic_bool implicit_tls;
    atomic_int open, closed, exhausted, waits, deadlines;
    atomic_uint deadline;
    char folder[64];
};

struct echo {
    struct server *server;
    struct smail__connection *connection;
    struct smail__timer thinking;
    char output[BACKLOG_MAX];
    size_t at, len;
    bool is_thinking;
};

static void think_over(struct smail__timer *timer)
{
    struct echo *echo =
        (struct echo *)((char *)timer - offsetof(struct echo, thinking));

    echo->is_thinking = false;
    memcpy(echo->output + echo->len, "thought", 7);
    echo->len += 7;
    smail__connection_wake(echo->connection);
}

/* '?' takes a while to answer, '!' says goodbye, '+' asks for TLS, ',' has no
   answer. */
static void on_input(void *user, smail_span *input)
{
    struct echo *echo = user;

    if (echo->server->deadline > 0)
        smail__connection_set_deadline(echo->connection,
                                       echo->server->deadline);
    while (input->len > 0 && !echo->is_thinking &&
           echo->len < sizeof(echo->output) - 16) {
        char byte = *input->data;

        *input = smail__span_from(*input, 1);
        if (byte == ',')
            continue;
        echo->output[echo->len++] = byte;
        if (byte == '?') {
            echo->is_thinking = true;
            echo->server->waits++;
            smail__timer_set(&echo->thinking, echo->server->loop, 100);
        } else if (byte == '!') {
            *input = (smail_span){ "", 0 };
            smail__connection_finish(echo->connection);
        } else if (byte == '+') {
            *input = (smail_span){ "", 0 };
            smail__connection_start_tls(echo->connection, echo->server->tls);
        }
    }
}

static smail_span on_output(void *user)
{
    struct echo *echo = user;

    return (smail_span){ echo->output + echo->at, echo->len - echo->at };
}

static void on_sent(void *user, size_t len)
{
    struct echo *echo = user;

    echo->at += len;
    if (echo->at == echo->len)
        echo->at = echo->len = 0;
}

static bool on_waiting(void *user)
{
    return ((struct echo *)user)->is_thinking;
}

static void on_secured(void *user)
{
    struct echo *echo = user;

    assert_non_null(smail__connection_tls_protocol(echo->connection));
}

static void on_deadline(void *user)
{
    struct echo *echo = user;

    echo->server->deadlines++;
    memcpy(echo->output + echo->len, "late", 4);
    echo->len += 4;
    smail__connection_finish(echo->connection);
}

static void on_closed(void *user, const char *why)
{
    struct echo *echo = user;

    assert_non_null(why);
    smail__timer_clear(&echo->thinking, echo->server->loop);
    echo->server->open--;
    echo->server->closed++;
    free(echo);
}

static const struct smail__connection_handler echo_handler = {
    .input = on_input,
    .output = on_output,
    .sent = on_sent,
    .is_waiting = on_waiting,
    .secured = on_secured,
    .deadline = on_deadline,
    .closed = on_closed,
};

static void on_accepted(void *user, int fd, const struct smail__endpoint *peer)
{
    struct server *server = user;
    struct echo *echo = calloc(1, sizeof(*echo));

    assert_true(smail__endpoint_is_loopback(peer));
    echo->server = server;
    echo->thinking.fire = think_over;
    server->open++;
    assert_int_equal(smail__connection_new(&echo->connection, server->loop, fd,
                                           &echo_handler, echo, NULL),
                     0);
    if (server->implicit_tls)
        smail__connection_start_tls(echo->connection, server->tls);
    if (server->deadline > 0)
        smail__connection_set_deadline(echo->connection, server->deadline);
    smail__connection_start(echo->connection);
}

static void on_exhausted(void *user, int os)
{
    struct server *server = user;

    assert_int_equal(os, EMFILE);
    server->exhausted++;
}

static const struct smail__listener_handler listener_handler = {
    .accepted = on_accepted,
    .exhausted = on_exhausted,
};

static void start_listening(struct smail__task *task)
{
    struct server *server =
        (struct server *)((char *)task - offsetof(struct server, start));

    assert_int_equal(smail__listener_start(server->listener, server->loop,
                                           &listener_handler, server, NULL),
                     0);
}

static void stop_listening(struct smail__task *task)
{
    struct server *server =
        (struct server *)((char *)task - offsetof(struct server, stop));

    smail__listener_close(server->listener);
}

static void pause_milliseconds(long milliseconds)
{
    nanosleep(&(struct timespec){ .tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000 },
              NULL);
}

static int setup(void **state)
{
    struct server *server = calloc(1, sizeof(*server));
    struct smail__endpoint endpoint;
    char command[400], certificate[96], key[96];

    snprintf(server->folder, sizeof(server->folder), "/tmp/net-test-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", server->folder);
    snprintf(key, sizeof(key), "%s/key.pem", server->folder);
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
             "-nodes -days 30 -subj /CN=localhost -keyout '%s' -out '%s' "
             "2>/dev/null",
             key, certificate);
    assert_int_equal(system(command), 0);
    assert_int_equal(
        smail__tls_server_new(&server->tls, certificate, key, NULL), 0);
    assert_int_equal(
        smail__endpoint_parse(&endpoint, SMAIL__SPAN("127.0.0.1:0"), NULL), 0);
    assert_int_equal(smail__listener_open(&server->listener, &endpoint, NULL),
                     0);
    assert_int_equal(smail__loop_new(&server->loop, NULL), 0);
    assert_int_equal(smail__loop_start(server->loop, NULL), 0);
    server->start.run = start_listening;
    server->stop.run = stop_listening;
    smail__loop_post(server->loop, &server->start);
    *state = server;
    return 0;
}

static int teardown(void **state)
{
    struct server *server = *state;
    char command[128];

    for (int i = 0; i < 300 && server->open > 0; i++)
        pause_milliseconds(20);
    assert_int_equal(server->open, 0);
    smail__loop_post(server->loop, &server->stop);
    smail__loop_stop(server->loop);
    smail__loop_join(server->loop);
    smail__loop_free(server->loop);
    smail__tls_context_free(server->tls);
    snprintf(command, sizeof(command), "rm -rf '%s'", server->folder);
    assert_int_equal(system(command), 0);
    free(server);
    return 0;
}

static int dial(struct server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(smail__listener_endpoint(server->listener)->port);
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

static void hears(int fd, const char *text)
{
    char in[256];
    size_t want = strlen(text), got = 0;

    while (got < want) {
        ssize_t len = recv(fd, in + got, want - got, 0);

        assert_true(len > 0);
        got += (size_t)len;
    }
    assert_memory_equal(in, text, want);
}

static void ends(int fd)
{
    char byte;

    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static void what_is_sent_comes_back(void **state)
{
    int fd = dial(*state);

    say(fd, "hello");
    hears(fd, "hello");
    say(fd, "bye!");
    hears(fd, "bye!");
    ends(fd);
}

static void a_thinking_handler_holds_the_rest_back(void **state)
{
    struct server *server = *state;
    int fd = dial(server);

    say(fd, "a?b?c");
    hears(fd, "a?thoughtb?thoughtc");
    say(fd, "!");
    hears(fd, "!");
    ends(fd);
    assert_int_equal(server->waits, 2);
}

static void a_peer_that_is_done_talking_still_gets_its_answer(void **state)
{
    int fd = dial(*state);

    say(fd, "x?y");
    shutdown(fd, SHUT_WR);
    hears(fd, "x?thoughty");
    ends(fd);
}

static void a_flood_is_held_back_and_arrives_whole(void **state)
{
    struct server *server = *state;
    int fd = dial(server);
    static char block[50000], in[50000];
    size_t sent = 0, got = 0;

    /* The client does not read: the server must stop reading, too. */
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (char)('a' + i % 26);
    for (;;) {
        ssize_t len = send(fd, block + sent % sizeof(block),
                           sizeof(block) - sent % sizeof(block),
                           MSG_DONTWAIT | MSG_NOSIGNAL);

        if (len > 0)
            sent += (size_t)len;
        else
            pause_milliseconds(300);
        if (len < 0 && send(fd, block + sent % sizeof(block), 1,
                            MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
            break;
        sent += len < 0;
        assert_true(sent < 200000000);
    }
    while (got < sent) {
        ssize_t len = recv(fd, in, sizeof(in), 0);

        assert_true(len > 0);
        for (ssize_t i = 0; i < len; i++, got++)
            assert_int_equal(in[i], 'a' + (int)(got % sizeof(block) % 26));
    }
    say(fd, "!");
    hears(fd, "!");
    ends(fd);
}

static void peers_that_vanish_are_noticed(void **state)
{
    struct server *server = *state;

    for (int i = 0; i < 50; i++) {
        int fd = dial(server);

        say(fd, "going");
        if (i % 2 == 0) /* with a reset */
            setsockopt(fd, SOL_SOCKET, SO_LINGER,
                       &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
        close(fd);
    }
    for (int i = 0; i < 200 && server->open > 0; i++)
        pause_milliseconds(20);
    assert_int_equal(server->open, 0);
}

/* The last octets and the reset are found at once; nothing is sent, so that
   only reading on shows that nobody is there. */
static void a_reset_behind_the_last_octets_is_noticed(void **state)
{
    struct server *server = *state;

    for (int i = 0; i < 50; i++) {
        int fd = dial(server);

        say(fd, "x");
        hears(fd, "x");
        say(fd, ",,,");
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
                   sizeof(struct linger));
        close(fd);
    }
    for (int i = 0; i < 200 && server->open > 0; i++)
        pause_milliseconds(20);
    assert_int_equal(server->open, 0);
}

static void silence_has_an_end(void **state)
{
    struct server *server = *state;

    server->deadline = 200;
    int fd = dial(server);

    hears(fd, "late");
    ends(fd);
    server->deadline = 0;
    assert_int_equal(server->deadlines, 1);
}

static void a_goodbye_survives_unread_input(void **state)
{
    static char noise[300000];
    int fd = dial(*state);

    memset(noise, 'n', sizeof(noise));
    say(fd, "!");
    send(fd, noise, sizeof(noise), MSG_DONTWAIT | MSG_NOSIGNAL);
    hears(fd, "!");
    ends(fd);
}

/* --- TLS, by a client stream over a blocking socket ---------------------- */

struct client {
    int fd;
    struct smail__tls_context *context;
    struct smail__tls_stream *stream;
};

static void flush_client(struct client *client)
{
    smail_span out;

    while ((out = smail__tls_stream_output(client->stream)).len > 0) {
        ssize_t len = send(client->fd, out.data, out.len, MSG_NOSIGNAL);

        assert_true(len > 0);
        smail__tls_stream_sent(client->stream, (size_t)len);
    }
}

static void feed_client(struct client *client)
{
    char in[SMAIL__TLS_BUFFER];
    ssize_t len = recv(client->fd, in, 1000, 0);

    assert_true(len > 0);
    assert_int_equal(
        smail__tls_stream_feed(client->stream, (smail_span){ in, (size_t)len }),
        len);
}

static void secure(struct client *client, struct server *server)
{
    char certificate[96];
    int rc;

    snprintf(certificate, sizeof(certificate), "%s/cert.pem", server->folder);
    assert_int_equal(smail__tls_client_new(&client->context, certificate, NULL),
                     0);
    assert_int_equal(
        smail__tls_stream_new(&client->stream, client->context, NULL, NULL), 0);
    while ((rc = smail__tls_stream_handshake(client->stream, NULL)) == 0) {
        flush_client(client);
        feed_client(client);
    }
    assert_int_equal(rc, 1);
    flush_client(client);
}

static void say_secret(struct client *client, smail_span text)
{
    size_t len;

    while (text.len > 0) {
        assert_true(smail__tls_stream_write(&len, client->stream, text, NULL) >=
                    0);
        text = smail__span_from(text, len);
        flush_client(client);
    }
}

static void hears_secret(struct client *client, smail_span text)
{
    char in[1000];
    size_t len;

    while (text.len > 0) {
        int rc = smail__tls_stream_read(
            &len, client->stream, in,
            text.len < sizeof(in) ? text.len : sizeof(in), NULL);

        assert_true(rc >= 0);
        if (rc == 0) {
            feed_client(client);
            continue;
        }
        assert_memory_equal(in, text.data, len);
        text = smail__span_from(text, len);
    }
}

static void part(struct client *client)
{
    char in[16];
    size_t len;

    say_secret(client, SMAIL__SPAN("!"));
    hears_secret(client, SMAIL__SPAN("!"));
    while (smail__tls_stream_read(&len, client->stream, in, sizeof(in), NULL) ==
           0)
        feed_client(client);
    assert_int_equal(
        smail__tls_stream_read(&len, client->stream, in, sizeof(in), NULL),
        SMAIL_ESTATE);
    ends(client->fd);
    smail__tls_stream_free(client->stream);
    smail__tls_context_free(client->context);
}

static void bytes_pass_under_tls(void **state)
{
    struct client client = { .fd = dial(*state) };
    static char block[60000];

    say(client.fd, "+");
    hears(client.fd, "+");
    secure(&client, *state);
    say_secret(&client, SMAIL__SPAN("one?two"));
    hears_secret(&client, SMAIL__SPAN("one?thoughttwo"));
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (char)('a' + i % 23);
    say_secret(&client, (smail_span){ block, sizeof(block) });
    hears_secret(&client, (smail_span){ block, sizeof(block) });
    part(&client);
}

static void what_came_before_the_handshake_is_dropped(void **state)
{
    struct client client = { .fd = dial(*state) };

    say(client.fd, "+injected");
    hears(client.fd, "+");
    secure(&client, *state);
    say_secret(&client, SMAIL__SPAN("own"));
    hears_secret(&client, SMAIL__SPAN("own"));
    part(&client);
}

static void tls_from_the_first_byte(void **state)
{
    struct server *server = *state;

    server->implicit_tls = true;
    struct client client = { .fd = dial(server) };

    secure(&client, server);
    say_secret(&client, SMAIL__SPAN("hello"));
    hears_secret(&client, SMAIL__SPAN("hello"));
    part(&client);
    server->implicit_tls = false;
}

static void a_broken_handshake_ends_the_connection(void **state)
{
    struct server *server = *state;
    char in[64];

    server->implicit_tls = true;
    int fd = dial(server);

    say(fd, "EHLO client.example\r\n");
    while (recv(fd, in, sizeof(in), 0) > 0) /* an alert, then the end */
        ;
    close(fd);
    server->implicit_tls = false;
}

static void without_descriptors_the_port_rests_and_recovers(void **state)
{
    struct server *server = *state;
    struct rlimit old, low;
    int fds[64], first = dial(server), count = 0;

    hears((say(first, "a"), first), "a");
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (count = 0; count < 64; count++) {
        fds[count] = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(fds[count] >= 0);
    }
    low = old;
    low.rlim_cur = (rlim_t)fds[63] + 4;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int i = 0; i < 64; i++) {
        struct sockaddr_in address = { .sin_family = AF_INET };

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port =
            htons(smail__listener_endpoint(server->listener)->port);
        (void)connect(fds[i], (struct sockaddr *)&address, sizeof(address));
    }
    for (int i = 0; i < 100 && server->exhausted == 0; i++)
        pause_milliseconds(20);
    pause_milliseconds(500);
    assert_in_range(server->exhausted, 1, 20); /* no spinning */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    for (int i = 0; i < 64; i++)
        close(fds[i]);
    say(first, "b!");
    hears(first, "b!");
    ends(first);
    what_is_sent_comes_back(state);
}

static void a_taken_port_is_named(void **state)
{
    struct server *server = *state;
    struct smail__listener *second = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    assert_int_equal(
        smail__listener_open(&second,
                             smail__listener_endpoint(server->listener), &err),
        SMAIL_EEXISTS);
    assert_non_null(strstr(err.message, "127.0.0.1 port"));
    assert_non_null(strstr(err.message, "another program"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_is_sent_comes_back),
        CASE(a_thinking_handler_holds_the_rest_back),
        CASE(a_peer_that_is_done_talking_still_gets_its_answer),
        CASE(a_flood_is_held_back_and_arrives_whole),
        CASE(peers_that_vanish_are_noticed),
        CASE(a_reset_behind_the_last_octets_is_noticed),
        CASE(silence_has_an_end),
        CASE(a_goodbye_survives_unread_input),
        CASE(bytes_pass_under_tls),
        CASE(what_came_before_the_handshake_is_dropped),
        CASE(tls_from_the_first_byte),
        CASE(a_broken_handshake_ends_the_connection),
        CASE(without_descriptors_the_port_rests_and_recovers),
        CASE(a_taken_port_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
