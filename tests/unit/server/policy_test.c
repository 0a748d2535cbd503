/* SPDX-License-Identifier: MIT */
/*
 * A server in this process, without a store, under a policy of the test's
 * own: tickets settled at once, later and from other threads, settled twice,
 * settled when the client has gone; limits; the end.
 */
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

#define CONTENT_MAX 100000
#define LOG_MAX 65536

enum manner { AT_ONCE, LATER, NEVER, TWICE, PASS };

struct fixture {
    smail_server *server;
    smail_server_options options;
    smail_policy policy;
    uint16_t port;
    pthread_t thread;
    enum manner manner;
    atomic_int closed, resets, settled, stale;
    smail_ticket kept;
    atomic_bool has_kept;
    pthread_mutex_t lock; /* over the two below */
    char content[CONTENT_MAX], log[LOG_MAX];
    size_t content_len, log_len;
};

static void pause_milliseconds(long milliseconds)
{
    nanosleep(&(struct timespec){ .tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000 },
              NULL);
}

/* --- The policy ----------------------------------------------------------- */

struct errand {
    struct fixture *fixture;
    smail_ticket ticket;
};

static void *settle_later(void *arg)
{
    struct errand *errand = arg;

    pause_milliseconds(20);
    if (smail_server_accept(errand->fixture->server, errand->ticket) == 0)
        errand->fixture->settled++;
    else
        errand->fixture->stale++;
    free(errand);
    return NULL;
}

static void settle(struct fixture *f, smail_ticket ticket)
{
    struct errand *errand;
    pthread_t thread;

    switch (f->manner) {
    case AT_ONCE:
        assert_int_equal(smail_server_accept(f->server, ticket), 0);
        break;
    case TWICE:
        assert_int_equal(smail_server_accept(f->server, ticket), 0);
        assert_int_equal(
            smail_server_reject(f->server, ticket, 550, "5.0.0", "too late"),
            SMAIL_ENOTFOUND);
        break;
    case LATER:
        errand = malloc(sizeof(*errand));
        *errand = (struct errand){ f, ticket };
        assert_int_equal(pthread_create(&thread, NULL, settle_later, errand),
                         0);
        pthread_detach(thread);
        break;
    case NEVER:
        f->kept = ticket;
        f->has_kept = true;
        break;
    case PASS:
        assert_int_equal(smail_server_pass(f->server, ticket), 0);
        break;
    }
}

static void on_connect(smail_ticket ticket, const smail_transaction *t,
                       void *user)
{
    struct fixture *f = user;

    assert_string_equal(t->peer_address, "127.0.0.1");
    assert_true(t->peer_port > 0);
    assert_null(t->sender);
    settle(f, ticket);
}

static void on_mail(smail_ticket ticket, const smail_transaction *t,
                    const smail_smtp_mail *mail, void *user)
{
    struct fixture *f = user;

    assert_int_equal(t->helo.len, 13);
    if (mail->sender.local.len == 6 &&
        memcmp(mail->sender.local.data, "banned", 6) == 0)
        assert_int_equal(smail_server_reject(f->server, ticket, 550, "5.7.1",
                                             "Not you\nnor yours"),
                         0);
    else
        settle(f, ticket);
}

static void on_rcpt(smail_ticket ticket, const smail_transaction *t,
                    const smail_smtp_rcpt *rcpt, void *user)
{
    (void)rcpt;
    assert_non_null(t->sender);
    settle(user, ticket);
}

static void on_message(smail_ticket ticket, const smail_transaction *t,
                       void *user)
{
    struct fixture *f = user;

    assert_true(t->recipient_count > 0);
    if (t->kind == SMAIL_LISTENER_LMTP && t->recipient_count == 3)
        assert_int_equal(smail_server_reject_recipient(f->server, ticket, 1,
                                                       452, "4.2.2", "full"),
                         0);
    if (t->received == 4) {
        assert_int_equal(
            smail_server_reject(f->server, ticket, 554, "5.6.0", "Too little"),
            0);
        return;
    }
    settle(f, ticket);
}

static void on_content(const smail_transaction *t, smail_span piece, void *user)
{
    struct fixture *f = user;

    (void)t;
    pthread_mutex_lock(&f->lock);
    assert_true(f->content_len + piece.len < CONTENT_MAX);
    memcpy(f->content + f->content_len, piece.data, piece.len);
    f->content_len += piece.len;
    pthread_mutex_unlock(&f->lock);
}

static void on_reset(const smail_transaction *t, void *user)
{
    assert_non_null(t->sender);
    ((struct fixture *)user)->resets++;
}

static void on_closed(uint64_t connection, void *user)
{
    assert_true(connection != 0);
    ((struct fixture *)user)->closed++;
}

static void on_log(smail_log_level level, const char *line, size_t len,
                   void *user)
{
    struct fixture *f = user;

    (void)level;
    pthread_mutex_lock(&f->lock);
    if (f->log_len + len + 2 < LOG_MAX) {
        memcpy(f->log + f->log_len, line, len);
        f->log_len += len;
        f->log[f->log_len++] = '\n';
    }
    pthread_mutex_unlock(&f->lock);
}

/* --- The server ----------------------------------------------------------- */

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->options = (smail_server_options)SMAIL_SERVER_OPTIONS_INIT;
    f->options.hostname = "mail.example.test";
    f->options.threads = 2;
    f->options.log = on_log;
    f->options.log_user = f;
    f->policy = (smail_policy)SMAIL_POLICY_INIT;
    f->policy.connect = on_connect;
    f->policy.mail = on_mail;
    f->policy.rcpt = on_rcpt;
    f->policy.message = on_message;
    f->policy.content = on_content;
    f->policy.reset = on_reset;
    f->policy.closed = on_closed;
    f->policy.user = f;
    pthread_mutex_init(&f->lock, NULL);
    *state = f;
    return 0;
}

static void *serve(void *arg)
{
    struct fixture *f = arg;
    smail_error err = SMAIL_ERROR_INIT;

    assert_int_equal(smail_server_run(f->server, &err), 0);
    return NULL;
}

static void start(struct fixture *f, smail_listener_kind kind)
{
    smail_error err = SMAIL_ERROR_INIT;

    assert_int_equal(
        smail_server_new(&f->server, &f->options, &f->policy, &err), 0);
    assert_int_equal(
        smail_server_listen(&f->port, f->server, kind, "127.0.0.1:0", &err), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    if (f->server != NULL) {
        smail_server_stop(f->server);
        pthread_join(f->thread, NULL);
        smail_server_free(f->server);
    }
    pthread_mutex_destroy(&f->lock);
    free(f);
    return 0;
}

/* --- The client ----------------------------------------------------------- */

static int dial(const struct fixture *f)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(f->port);
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

/* One reply, of which `start` is the beginning of its last line. */
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

static void ends(int fd)
{
    char byte;

    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    close(fd);
}

static int meet(const struct fixture *f)
{
    int fd = dial(f);

    hear(fd, "220 mail.example.test ");
    say(fd, "EHLO c.example.org\r\n");
    hear(fd, "250 ");
    return fd;
}

static void send_message(int fd, const char *content)
{
    say(fd, "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n");
    hear(fd, "250 2.1.0");
    hear(fd, "250 2.1.5");
    hear(fd, "354");
    say(fd, content);
}

/* --- What holds ----------------------------------------------------------- */

static void a_message_passes(struct fixture *f, enum manner manner)
{
    int fd;

    f->manner = manner;
    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    for (int i = 0; i < 3; i++) {
        send_message(fd, "Subject: x\r\n\r\n..dot\r\n.\r\n");
        hear(fd, "250 2.0.0");
    }
    say(fd, "QUIT\r\n");
    hear(fd, "221");
    ends(fd);
    assert_int_equal(f->content_len, 3 * 20);
    assert_memory_equal(f->content, "Subject: x\r\n\r\n.dot\r\n", 20);
}

static void answers_may_come_at_once(void **state)
{
    a_message_passes(*state, AT_ONCE);
}

static void answers_may_come_later_from_other_threads(void **state)
{
    struct fixture *f = *state;

    a_message_passes(f, LATER);
    assert_int_equal(f->settled, 1 + 3 * 3);
    assert_int_equal(f->stale, 0);
}

static void the_first_answer_counts(void **state)
{
    a_message_passes(*state, TWICE);
}

static void no_lets_the_session_go_on(void **state)
{
    struct fixture *f = *state;
    int fd;

    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    say(fd, "MAIL FROM:<banned@b.example>\r\n");
    hear(fd, "550 5.7.1 nor yours");
    send_message(fd, "ab\r\n.\r\n");
    hear(fd, "554 5.6.0 Too little");
    send_message(fd, "abc\r\n.\r\n");
    hear(fd, "250 2.0.0");
    close(fd);
}

static void passing_on_asks_the_built_in_policy(void **state)
{
    struct fixture *f = *state;
    int fd;

    f->manner = PASS;
    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    say(fd, "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n");
    hear(fd, "250 2.1.0");
    hear(fd, "550 5.1.1"); /* there is no store to know anybody */
    close(fd);
}

static void a_ticket_outlives_its_client(void **state)
{
    struct fixture *f = *state;
    int fd;

    f->manner = NEVER;
    start(f, SMAIL_LISTENER_SMTP);
    fd = dial(f);
    for (int i = 0; i < 200 && !f->has_kept; i++)
        pause_milliseconds(10);
    close(fd);
    for (int i = 0; i < 200 && f->closed == 0; i++)
        pause_milliseconds(10);
    if (f->closed == 1)
        assert_int_equal(smail_server_accept(f->server, f->kept),
                         SMAIL_ENOTFOUND);
    assert_int_equal(smail_server_accept(f->server, (smail_ticket){ 0, 0 }),
                     SMAIL_ENOTFOUND);
    assert_int_equal(
        smail_server_accept(f->server, (smail_ticket){ ~(uint64_t)0, 1 }),
        SMAIL_ENOTFOUND);
}

static void answers_that_do_not_fit_are_refused(void **state)
{
    struct fixture *f = *state;
    smail_target target = { .account = 1 };
    int fd;

    f->manner = NEVER;
    start(f, SMAIL_LISTENER_SMTP);
    fd = dial(f);
    for (int i = 0; i < 200 && !f->has_kept; i++)
        pause_milliseconds(10);
    assert_int_equal(smail_server_reject(f->server, f->kept, 250, NULL, "no"),
                     SMAIL_EINVAL);
    assert_int_equal(
        smail_server_reject(f->server, f->kept, 550, "4.1.1", "no"),
        SMAIL_EINVAL);
    assert_int_equal(smail_server_reject(f->server, f->kept, 550, NULL, NULL),
                     SMAIL_EINVAL);
    assert_int_equal(smail_server_accept_as(f->server, f->kept, 1, "somebody"),
                     SMAIL_EINVAL);
    assert_int_equal(
        smail_server_challenge(f->server, f->kept, (smail_span){ "x", 1 }),
        SMAIL_EINVAL);
    assert_int_equal(smail_server_accept_to(f->server, f->kept, &target, 1),
                     SMAIL_EINVAL);
    assert_int_equal(smail_server_accept(f->server, f->kept), 0);
    hear(fd, "220");
    close(fd);
}

static void the_policy_hears_of_the_end(void **state)
{
    struct fixture *f = *state;
    int fd;

    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    send_message(fd, "half of a mess");
    close(fd);
    for (int i = 0; i < 200 && f->closed == 0; i++)
        pause_milliseconds(10);
    assert_int_equal(f->resets, 1);
    assert_int_equal(f->closed, 1);
}

static void lmtp_answers_for_each_recipient(void **state)
{
    struct fixture *f = *state;
    int fd;

    start(f, SMAIL_LISTENER_LMTP);
    fd = dial(f);
    hear(fd, "220 mail.example.test LMTP");
    say(fd, "LHLO c.example.org\r\n");
    hear(fd, "250 ");
    say(fd, "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"
            "RCPT TO:<e@d.example>\r\nRCPT TO:<f@d.example>\r\nDATA\r\n");
    hear(fd, "250");
    for (int i = 0; i < 3; i++)
        hear(fd, "250 2.1.5");
    hear(fd, "354");
    say(fd, "Subject: x\r\n\r\n.\r\n");
    hear(fd, "250 2.0.0");
    hear(fd, "452 4.2.2 full");
    hear(fd, "250 2.0.0");
    close(fd);
}

static void too_many_connections_are_turned_away(void **state)
{
    struct fixture *f = *state;
    int first, second, third;

    f->options.exempt = "";
    f->options.max_connections_per_address = 2;
    start(f, SMAIL_LISTENER_SMTP);
    first = meet(f);
    second = meet(f);
    third = dial(f);
    hear(third, "421 4.7.0 Too many connections");
    ends(third);
    close(first);
    for (int i = 0; i < 200 && f->closed == 0; i++)
        pause_milliseconds(10);
    third = meet(f);
    close(second);
    close(third);
}

static void silence_has_an_end(void **state)
{
    struct fixture *f = *state;
    int fd;

    f->options.idle_timeout = 1;
    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    hear(fd, "421 4.4.2 Timeout");
    ends(fd);
}

static void so_has_a_session(void **state)
{
    struct fixture *f = *state;
    int fd;

    f->options.session_timeout = 1;
    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    for (int i = 0; i < 4; i++) {
        say(fd, "NOOP\r\n");
        hear(fd, "250");
        pause_milliseconds(200);
    }
    hear(fd, "421 4.4.2 Session");
    ends(fd);
}

static void stopping_ends_the_idle_and_lets_content_finish(void **state)
{
    struct fixture *f = *state;
    int idle, busy;

    start(f, SMAIL_LISTENER_SMTP);
    idle = meet(f);
    busy = meet(f);
    send_message(busy, "Subject: the last\r\n\r\n");
    smail_server_stop(f->server);
    hear(idle, "421 4.3.2");
    ends(idle);
    pause_milliseconds(100);
    say(busy, "words\r\n.\r\n");
    hear(busy, "250 2.0.0");
    hear(busy, "421 4.3.2");
    ends(busy);
    pthread_join(f->thread, NULL);
    smail_server_free(f->server);
    f->server = NULL;
    assert_non_null(strstr(f->log, "verdict=accepted"));
}

static void grace_has_an_end(void **state)
{
    struct fixture *f = *state;
    int fd;

    f->options.grace = 1;
    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    send_message(fd, "Subject: never ends\r\n\r\n");
    smail_server_stop(f->server);
    hear(fd, "421 4.3.2");
    ends(fd);
    assert_int_equal(f->resets, 1);
}

static void stop_may_come_before_run(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(smail_server_new(&f->server, &f->options, NULL, NULL), 0);
    smail_server_stop(f->server);
    assert_int_equal(smail_server_run(f->server, NULL), 0);
    smail_server_free(f->server);
    f->server = NULL;
}

static void the_log_has_one_line_a_message_and_no_content(void **state)
{
    struct fixture *f = *state;
    int fd;

    start(f, SMAIL_LISTENER_SMTP);
    fd = meet(f);
    send_message(fd, "Subject: hidden words\r\n\r\n.\r\n");
    hear(fd, "250");
    say(fd, "QUIT\r\n");
    hear(fd, "221");
    ends(fd);
    pthread_mutex_lock(&f->lock);
    assert_non_null(strstr(f->log, " info message listener=smtp "
                                   "peer=127.0.0.1 helo=c.example.org "
                                   "from=a@b.example to=c@d.example "
                                   "recipients=1 size=25 verdict=accepted "
                                   "code=250 ms="));
    assert_null(strstr(f->log, "hidden"));
    pthread_mutex_unlock(&f->lock);
}

static void options_that_make_no_sense_are_refused(void **state)
{
    struct fixture *f = *state;
    smail_error err = SMAIL_ERROR_INIT;
    smail_server *server = NULL;

    f->options.hostname = "not a name";
    assert_int_equal(smail_server_new(&server, &f->options, NULL, &err),
                     SMAIL_EINVAL);
    f->options.hostname = NULL;
    assert_int_equal(smail_server_new(&server, &f->options, NULL, &err),
                     SMAIL_EINVAL);
    f->options.hostname = "mail.example.test";
    f->options.certificate = "/nowhere/cert.pem";
    assert_int_equal(smail_server_new(&server, &f->options, NULL, &err),
                     SMAIL_EINVAL);
    f->options.key = "/nowhere/key.pem";
    assert_int_equal(smail_server_new(&server, &f->options, NULL, &err),
                     SMAIL_ENOTFOUND);
    f->options.certificate = f->options.key = NULL;
    f->options.exempt = "nonsense";
    assert_int_equal(smail_server_new(&server, &f->options, NULL, &err),
                     SMAIL_EMALFORMED);
    f->options.exempt = NULL;
    assert_int_equal(smail_server_new(&server, &f->options, NULL, &err), 0);
    assert_int_equal(smail_server_listen(NULL, server,
                                         SMAIL_LISTENER_SUBMISSION,
                                         "127.0.0.1:0", &err),
                     SMAIL_EINVAL);
    assert_non_null(strstr(err.message, "certificate"));
    assert_int_equal(smail_server_listen(NULL, server, SMAIL_LISTENER_SMTP,
                                         "localhost:25", &err),
                     SMAIL_EMALFORMED);
    smail_server_free(server);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(answers_may_come_at_once),
        CASE(answers_may_come_later_from_other_threads),
        CASE(the_first_answer_counts),
        CASE(no_lets_the_session_go_on),
        CASE(passing_on_asks_the_built_in_policy),
        CASE(a_ticket_outlives_its_client),
        CASE(answers_that_do_not_fit_are_refused),
        CASE(the_policy_hears_of_the_end),
        CASE(lmtp_answers_for_each_recipient),
        CASE(too_many_connections_are_turned_away),
        CASE(silence_has_an_end),
        CASE(so_has_a_session),
        CASE(stopping_ends_the_idle_and_lets_content_finish),
        CASE(grace_has_an_end),
        CASE(stop_may_come_before_run),
        CASE(the_log_has_one_line_a_message_and_no_content),
        CASE(options_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
