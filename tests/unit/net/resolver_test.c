/* SPDX-License-Identifier: MIT */
/* Questions to a zone file, and to a name server through libunbound. */
#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/span.h"
#include "dns/record.h"
#include "net/resolver.h"
#include "net/zone_file.h"

/* --- Asking, from outside the loop ---------------------------------------- */

struct question {
    struct smail__task task;
    struct smail__query query;
    struct smail__resolver *resolver;
    struct smail__loop *loop;
    const char *name;
    enum smail__dns_type type;
    bool cancel;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over;
    int rc;
    enum smail__dns_status status;
    enum smail__dns_security security;
    size_t count;
    unsigned char address[16];
    char canonical[SMAIL__DNS_NAME_ROOM];
};

static void over(struct question *question)
{
    pthread_mutex_lock(&question->lock);
    question->is_over = true;
    pthread_cond_signal(&question->changed);
    pthread_mutex_unlock(&question->lock);
}

static void on_done(struct smail__query *query,
                    const struct smail__dns_answer *answer)
{
    struct question *question =
        (struct question *)((char *)query - offsetof(struct question, query));
    bool is_ipv6;

    question->status = answer->status;
    question->security = answer->security;
    question->count = answer->count;
    snprintf(question->canonical, sizeof(question->canonical), "%s",
             answer->name);
    if (answer->count > 0)
        (void)smail__dns_read_address(question->address, &is_ipv6,
                                      answer->records[0]);
    over(question);
}

static void begin(struct smail__task *task)
{
    struct question *question = (struct question *)task;

    question->query.done = on_done;
    question->rc =
        smail__resolver_ask(question->resolver, &question->query,
                            question->loop, question->name, question->type);
    if (question->cancel)
        smail__query_cancel(&question->query);
    if (question->rc != 0 || question->cancel)
        over(question);
}

static void prepare(struct question *question, struct smail__resolver *resolver,
                    struct smail__loop *loop, const char *name,
                    enum smail__dns_type type)
{
    memset(question, 0, sizeof(*question));
    pthread_mutex_init(&question->lock, NULL);
    pthread_cond_init(&question->changed, NULL);
    question->task.run = begin;
    question->resolver = resolver;
    question->loop = loop;
    question->name = name;
    question->type = type;
}

static void ask(struct question *question, struct smail__resolver *resolver,
                struct smail__loop *loop, const char *name,
                enum smail__dns_type type)
{
    prepare(question, resolver, loop, name, type);
    smail__loop_post(loop, &question->task);
}

static void await(struct question *question)
{
    pthread_mutex_lock(&question->lock);
    while (!question->is_over)
        pthread_cond_wait(&question->changed, &question->lock);
    pthread_mutex_unlock(&question->lock);
}

static struct smail__loop *loop_start(void)
{
    struct smail__loop *loop = NULL;

    assert_int_equal(smail__loop_new(&loop, NULL), 0);
    assert_int_equal(smail__loop_start(loop, NULL), 0);
    return loop;
}

static void loop_end(struct smail__loop *loop)
{
    smail__loop_stop(loop);
    smail__loop_join(loop);
    smail__loop_free(loop);
}

/* --- A zone file ---------------------------------------------------------- */

static const char zone_text[] =
    "{\"mx.example.org\": {\"A\": \"192.0.2.1\", \"secure\": true},"
    " \"two.example.org\": {\"A\": [\"192.0.2.1\", \"192.0.2.2\"]},"
    " \"slow.example.org\": \"TIMEOUT\","
    " \"bad.example.org\": {\"A\": \"BOGUS\"},"
    " \"text.example.org\": {\"TXT\": [\"one\", [\"t\", \"wo\"]]},"
    " \"*.example.com\": {\"A\": \"192.0.2.5\"},"
    " \"gone.example.com\": \"NXDOMAIN\"}";

static struct smail__resolver *open_zone(const char *text, uint32_t patience,
                                         uint32_t questions_max)
{
    char path[] = "/tmp/smtpmail-zone-XXXXXX";
    struct smail__resolver_options options = { .zone_file = path,
                                               .patience = patience,
                                               .questions_max = questions_max };
    struct smail__resolver *resolver = NULL;
    smail_error err = SMAIL_ERROR_INIT;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    if (smail__resolver_new(&resolver, &options, &err) != 0)
        fail_msg("%s", err.message);
    unlink(path);
    assert_false(smail__resolver_validates(resolver));
    return resolver;
}

static void answers_come_from_the_file(void **state)
{
    static const struct {
        const char *name;
        enum smail__dns_type type;
        enum smail__dns_status status;
        enum smail__dns_security security;
        size_t count;
    } rows[] = {
        { "mx.example.org", SMAIL__DNS_A, SMAIL__DNS_FOUND, SMAIL__DNS_SECURE,
          1 },
        { "two.example.org", SMAIL__DNS_A, SMAIL__DNS_FOUND,
          SMAIL__DNS_INSECURE, 2 },
        { "two.example.org", SMAIL__DNS_MX, SMAIL__DNS_NO_DATA,
          SMAIL__DNS_INSECURE, 0 },
        { "nobody.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_NAME,
          SMAIL__DNS_INSECURE, 0 },
        { "slow.example.org", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY,
          SMAIL__DNS_INSECURE, 0 },
        { "bad.example.org", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY,
          SMAIL__DNS_BOGUS, 0 },
        { "any.example.com", SMAIL__DNS_A, SMAIL__DNS_FOUND,
          SMAIL__DNS_INSECURE, 1 },
        { "gone.example.com", SMAIL__DNS_A, SMAIL__DNS_NO_NAME,
          SMAIL__DNS_INSECURE, 0 },
    };
    struct smail__resolver *resolver = open_zone(zone_text, 200, 0);
    struct smail__loop *loop = loop_start();
    struct question question;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask(&question, resolver, loop, rows[i].name, rows[i].type);
        await(&question);
        assert_int_equal(question.rc, 0);
        assert_int_equal(question.status, rows[i].status);
        assert_int_equal(question.security, rows[i].security);
        assert_int_equal(question.count, rows[i].count);
    }
    ask(&question, resolver, loop, "a..b", SMAIL__DNS_A);
    await(&question);
    assert_int_equal(question.rc, SMAIL_EMALFORMED);
    loop_end(loop);
    smail__resolver_free(resolver);
}

static void cancelled_questions_are_not_answered(void **state)
{
    static const char *const names[] = { "mx.example.org", "slow.example.org" };
    struct smail__resolver *resolver = open_zone(zone_text, 100, 1);
    struct smail__loop *loop = loop_start();
    struct question question;

    (void)state;
    for (int i = 0; i < 2; i++) {
        prepare(&question, resolver, loop, names[i], SMAIL__DNS_A);
        question.cancel = true;
        smail__loop_post(loop, &question.task);
        await(&question);
        assert_int_equal(question.rc, 0);
        /* There would be no room for the next one if it still went on. */
        prepare(&question, resolver, loop, "two.example.org", SMAIL__DNS_A);
        smail__loop_post(loop, &question.task);
        await(&question);
        assert_int_equal(question.rc, 0);
        assert_int_equal(question.count, 2);
    }
    loop_end(loop);
    smail__resolver_free(resolver);
}

static void no_more_than_so_many_at_a_time(void **state)
{
    struct smail__resolver *resolver = open_zone(zone_text, 400, 2);
    struct smail__loop *loop = loop_start();
    struct question questions[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        ask(&questions[i], resolver, loop, "slow.example.org", SMAIL__DNS_A);
    for (int i = 0; i < 3; i++)
        await(&questions[i]);
    assert_int_equal(questions[0].rc, 0);
    assert_int_equal(questions[1].rc, 0);
    assert_int_equal(questions[2].rc, SMAIL_ELIMIT);
    ask(&questions[0], resolver, loop, "mx.example.org", SMAIL__DNS_A);
    await(&questions[0]);
    assert_int_equal(questions[0].status, SMAIL__DNS_FOUND);
    loop_end(loop);
    smail__resolver_free(resolver);
}

static void files_that_make_no_sense(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "", "zone.json" },
        { "[]", "a zone is an object" },
        { "{\"a\": 1}", "'a'" },
        { "{\"a\": {\"X\": \"1\"}}", "the types are" },
        { "{\"a\": {\"A\": \"1.2.3\"}}", "'a' A" },
        { "{\"a\": {\"A\": [1]}}", "'a' A" },
        { "{\"a..b\": {\"A\": \"1.2.3.4\"}}", "'a..b' A" },
        { "{\"a\": {\"secure\": 1}}", "true or false" },
        { "{\"a\": {}, \"a\": {}}", "zone.json" },
    };
    struct smail__dns_zone *zone = NULL;
    smail_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        err = (smail_error)SMAIL_ERROR_INIT;
        assert_int_equal(smail__zone_file_parse(&zone,
                                                smail__span(rows[i].text),
                                                "zone.json", &err),
                         SMAIL_EINVAL);
        assert_non_null(strstr(err.message, rows[i].words));
    }
    assert_int_equal(smail__zone_file_read(&zone, "/nowhere/zone", &err),
                     SMAIL_EIO);
}

/* --- A name server -------------------------------------------------------- */

struct name_server {
    pthread_t thread;
    int fd;
    uint16_t port;
};

/* Says 192.0.2.7 to all; nothing to names that begin with "s", NXDOMAIN to
 * those with "n", SERVFAIL with "f". Ends at a datagram of one octet. */
static void *serve(void *arg)
{
    static const unsigned char record[] = { 0xc0, 12, 0, 1, 0,   1, 0, 0,
                                            1,    44, 0, 4, 192, 0, 2, 7 };
    struct name_server *server = arg;
    unsigned char packet[1500];

    for (;;) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof(from);
        ssize_t len = recvfrom(server->fd, packet, sizeof(packet) - 64, 0,
                               (struct sockaddr *)&from, &from_len);
        size_t end = 12;
        int rcode = 0;

        if (len <= 1)
            return NULL;
        while (end < (size_t)len && packet[end] != 0)
            end += packet[end] + 1u;
        end += 5;
        if (packet[13] == 's')
            continue;
        if (packet[13] == 'n')
            rcode = 3;
        else if (packet[13] == 'f')
            rcode = 2;
        packet[2] = 0x81;
        packet[3] = (unsigned char)(0x80 | rcode);
        packet[7] = rcode == 0 && packet[end - 3] == 1;
        packet[9] = packet[11] = 0;
        if (packet[7] != 0) {
            memcpy(packet + end, record, sizeof(record));
            end += sizeof(record);
        }
        sendto(server->fd, packet, end, 0, (struct sockaddr *)&from, from_len);
    }
}

static void server_start(struct name_server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(
        bind(server->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    getsockname(server->fd, (struct sockaddr *)&address, &len);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_end(struct name_server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(server->port) };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sendto(server->fd, "", 1, 0, (struct sockaddr *)&address, sizeof(address));
    pthread_join(server->thread, NULL);
    close(server->fd);
}

static void answers_come_from_a_name_server(void **state)
{
    static const struct {
        const char *name;
        enum smail__dns_type type;
        enum smail__dns_status status;
    } rows[] = {
        { "good.example.org", SMAIL__DNS_A, SMAIL__DNS_FOUND },
        { "Good.Example.org.", SMAIL__DNS_A, SMAIL__DNS_FOUND },
        { "good.example.org", SMAIL__DNS_MX, SMAIL__DNS_NO_DATA },
        { "nobody.example.org", SMAIL__DNS_A, SMAIL__DNS_NO_NAME },
        { "fails.example.org", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY },
        { "silent.example.org", SMAIL__DNS_A, SMAIL__DNS_TEMPORARY },
    };
    struct name_server server;
    struct smail__resolver_options options = { .patience = 1500 };
    struct smail__resolver *resolver = NULL;
    struct smail__loop *loop = loop_start();
    struct question question;
    smail_error err = SMAIL_ERROR_INIT;
    char address[64];

    (void)state;
    server_start(&server);
    snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)server.port);
    options.server = address;
    if (smail__resolver_new(&resolver, &options, &err) != 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask(&question, resolver, loop, rows[i].name, rows[i].type);
        await(&question);
        assert_int_equal(question.rc, 0);
        assert_int_equal(question.status, rows[i].status);
        assert_int_equal(question.security, SMAIL__DNS_INSECURE);
        if (rows[i].status == SMAIL__DNS_FOUND) {
            assert_int_equal(question.address[3], 7);
            assert_string_equal(question.canonical, "good.example.org");
        }
    }
    loop_end(loop);
    smail__resolver_free(resolver);
    server_end(&server);
}

static void servers_that_are_none(void **state)
{
    static const char *const rows[] = { "nobody", "127.0.0.1:99999", "1.2.3",
                                        "[::1", "127.0.0.1:53 x" };
    struct smail__resolver_options options = { 0 };
    struct smail__resolver *resolver = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        options.server = rows[i];
        assert_int_equal(smail__resolver_new(&resolver, &options, &err),
                         SMAIL_EINVAL);
    }
    options.server = "127.0.0.1";
    options.trust_anchor = "/nowhere/root.key";
    assert_int_equal(smail__resolver_new(&resolver, &options, &err), SMAIL_EIO);
}

static void forms_of_servers(void **state)
{
    static const char *const rows[] = {
        "127.0.0.1",        "::1",      "[::1]", "[::1]:5353",
        "127.0.0.1:53 ::1", "recursive"
    };
    struct smail__resolver_options options = { 0 };
    struct smail__resolver *resolver = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        options.server = rows[i];
        if (smail__resolver_new(&resolver, &options, &err) != 0)
            fail_msg("%s", err.message);
        smail__resolver_free(resolver);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_from_the_file),
        cmocka_unit_test(cancelled_questions_are_not_answered),
        cmocka_unit_test(no_more_than_so_many_at_a_time),
        cmocka_unit_test(files_that_make_no_sense),
        cmocka_unit_test(answers_come_from_a_name_server),
        cmocka_unit_test(servers_that_are_none),
        cmocka_unit_test(forms_of_servers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
