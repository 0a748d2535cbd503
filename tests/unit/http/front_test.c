/* SPDX-License-Identifier: MIT */
/*
 * The front between clients and a small server behind it, both in this
 * process and both speaking through real sockets on loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/front.h"

#define BIG (1024 * 1024)
#define TEXT_MAX ((size_t)4 * 1024 * 1024)

struct world {
    int server; /* the socket of the server behind */
    pthread_t thread;
    atomic_uint served;
    atomic_int generation; /* of the state that is told */
    atomic_bool is_revoked;
    struct smail__front *front;
    struct smail__endpoint at;
};

/* --- The server behind --------------------------------------------------- */

static void send_all(int fd, smail_span bytes)
{
    while (bytes.len > 0) {
        ssize_t len = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

        if (len <= 0)
            return;
        bytes = smail__span_from(bytes, (size_t)len);
    }
}

/* Until `end` has come, or the peer hung up, or the time is over. */
static void receive_until(struct smail__buf *out, int fd, const char *end)
{
    char chunk[65536];
    ssize_t len;

    while (out->data == NULL || end == NULL || strstr(out->data, end) == NULL) {
        len = recv(fd, chunk, sizeof(chunk), 0);
        if (len <= 0)
            return;
        smail__buf_append(out, (smail_span){ chunk, (size_t)len });
    }
}

static void receive_body(struct smail__buf *text, int fd)
{
    const char *field = strstr(text->data, "Content-Length: ");
    size_t head = (size_t)(strstr(text->data, "\r\n\r\n") + 4 - text->data);
    size_t whole = head + (field ? strtoul(field + 16, NULL, 10) : 0);
    char chunk[65536];

    while (text->len < whole) {
        ssize_t len = recv(fd, chunk, sizeof(chunk), 0);

        if (len <= 0)
            return;
        smail__buf_append(text, (smail_span){ chunk, (size_t)len });
    }
}

static void answer_with(int fd, smail_span body, const char *fields)
{
    char head[512];
    size_t len = smail__format(head, sizeof(head),
                               "HTTP/1.1 200 OK\r\nServer: x\r\n"
                               "X-Smtpmail-Account: 7\r\n%s"
                               "Content-Length: %zu\r\n\r\n",
                               fields, body.len);

    send_all(fd, (smail_span){ head, len });
    send_all(fd, body);
}

static void serve(struct world *world, int fd)
{
    static const char csp[] = "Content-Security-Policy: sandbox\r\n";
    struct smail__buf text;
    char *big;

    smail__buf_init(&text, TEXT_MAX, NULL);
    receive_until(&text, fd, "\r\n\r\n");
    if (text.data == NULL || strstr(text.data, "\r\n\r\n") == NULL)
        goto out;
    if (strstr(text.data, " /early ") != NULL) {
        answer_with(fd, SMAIL__SPAN("early"), "");
        goto out;
    }
    receive_body(&text, fd);
    atomic_fetch_add(&world->served, 1);
    if (strstr(text.data, " /big ") != NULL) {
        big = malloc(BIG);
        memset(big, 'b', BIG);
        answer_with(fd, (smail_span){ big, BIG }, "");
        free(big);
    } else if (strstr(text.data, " /close ") != NULL) {
        send_all(fd, SMAIL__SPAN("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
    } else if (strstr(text.data, " /hang ") != NULL) {
        receive_until(&text, fd, NULL);
    } else if (strstr(text.data, " /rubbish ") != NULL) {
        send_all(fd, SMAIL__SPAN("hello\r\n\r\n"));
    } else if (strstr(text.data, " /short ") != NULL) {
        send_all(fd, SMAIL__SPAN("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
                                 "\r\nfour"));
    } else if (strstr(text.data, " /csp ") != NULL) {
        answer_with(fd, SMAIL__SPAN("x"), csp);
    } else {
        answer_with(fd, smail__buf_span(&text), "");
    }
out:
    smail__buf_dispose(&text);
    close(fd);
}

struct call {
    struct world *world;
    int fd;
};

static void *call_main(void *arg)
{
    struct call call = *(struct call *)arg;

    free(arg);
    serve(call.world, call.fd);
    return NULL;
}

static void *server_main(void *arg)
{
    struct world *world = arg;
    pthread_t thread;
    int fd;

    while ((fd = accept(world->server, NULL, NULL)) >= 0) {
        struct timeval patience = { 5, 0 };
        struct call *call = malloc(sizeof(*call));

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        *call = (struct call){ world, fd };
        pthread_create(&thread, NULL, call_main, call);
        pthread_detach(thread);
    }
    return NULL;
}

/* --- The front ----------------------------------------------------------- */

static int authorize(smail_id *account, void *user,
                     const struct smail__front_credentials *credentials)
{
    struct world *world = user;

    *account = 7;
    return smail__span_is(credentials->cookie, "smtpmail=ok") &&
                   !atomic_load(&world->is_revoked)
               ? 0
               : 401;
}

static unsigned types(void *user, smail_span names)
{
    (void)user;
    return smail__span_is(names, "Nothing") ? 0 : 1;
}

static int state(struct smail__buf *out, void *user, smail_id account,
                 unsigned wanted, smail_error *err)
{
    struct world *world = user;

    (void)wanted;
    (void)err;
    smail__buf_printf(out, "{\"a%lld\":%d}", (long long)account,
                      atomic_load(&world->generation));
    return 0;
}

static int64_t version(void *user)
{
    struct world *world = user;

    return atomic_load(&world->generation);
}

static const struct smail__front_handler handler = { authorize, types, state,
                                                     version };

static void open_server(struct world *world, struct smail__endpoint *at)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    world->server = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(
        bind(world->server, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(world->server, 100), 0);
    getsockname(world->server, (struct sockaddr *)&address, &len);
    *at = (struct smail__endpoint){ .address = { 127, 0, 0, 1 },
                                    .port = ntohs(address.sin_port) };
    pthread_create(&world->thread, NULL, server_main, world);
}

static void open_world(struct world *world, struct smail__front_options options)
{
    struct smail__endpoint any = { .address = { 127, 0, 0, 1 } };
    smail_error err = SMAIL_ERROR_INIT;

    memset(world, 0, sizeof(*world));
    open_server(world, &options.upstream);
    options.secret = "secret";
    options.handler = &handler;
    options.user = world;
    assert_int_equal(smail__front_new(&world->front, &options, &err), 0);
    assert_int_equal(
        smail__front_listen(&world->at, world->front, &any, NULL, &err), 0);
    assert_int_equal(smail__front_start(world->front, &err), 0);
}

static void close_world(struct world *world)
{
    smail__front_stop(world->front);
    smail__front_free(world->front);
    shutdown(world->server, SHUT_RDWR);
    pthread_join(world->thread, NULL);
    close(world->server);
}

/* --- Clients ------------------------------------------------------------- */

static int dial(const struct world *world)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(world->at.port) };
    struct timeval patience = { 5, 0 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* Say all of it, hear all of it. */
static void talk(struct smail__buf *out, const struct world *world,
                 smail_span request)
{
    int fd = dial(world);

    smail__buf_init(out, TEXT_MAX, NULL);
    send_all(fd, request);
    receive_until(out, fd, NULL);
    close(fd);
    if (out->data == NULL)
        smail__buf_puts(out, "");
}

static void expect(const struct world *world, const char *request,
                   const char *status, const char *part)
{
    struct smail__buf text;

    talk(&text, world, smail__span(request));
    if (strncmp(text.data, "HTTP/1.1 ", 9) != 0 ||
        strncmp(text.data + 9, status, 3) != 0)
        fail_msg("%s\nis answered with\n%s", request, text.data);
    if (part != NULL && strstr(text.data, part) == NULL)
        fail_msg("%s\nis answered without '%s':\n%s", request, part, text.data);
    smail__buf_dispose(&text);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)) != NULL) {
        count++;
        text++;
    }
    return count;
}

#define HOST "Host: a.test\r\n"
#define CLOSE HOST "Connection: close\r\n\r\n"

static void passes_on_what_the_server_needs_and_no_more(void **state_)
{
    struct world world;
    struct smail__buf text;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });

    talk(&text, &world,
         SMAIL__SPAN("GET /x%20y?q=1 HTTP/1.1\r\n" HOST
                     "X-Smtpmail-Secret: guess\r\nX-Smtpmail-Peer: 9.9.9.9\r\n"
                     "X-Forwarded-For: 9.9.9.9\r\nCookie: a=b\r\n"
                     "X-Smtpmail-Scheme: https\r\nConnection: close\r\n\r\n"));

    assert_non_null(strstr(text.data, "\nGET /x%20y?q=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(text.data, "X-Smtpmail-Secret: secret\r\n"));
    assert_non_null(strstr(text.data, "X-Smtpmail-Peer: 127.0.0.1\r\n"));
    assert_non_null(strstr(text.data, "X-Smtpmail-Scheme: http\r\n"));
    assert_non_null(strstr(text.data, "Cookie: a=b\r\n"));
    assert_null(strstr(text.data, "9.9.9.9"));
    assert_null(strstr(text.data, "guess"));
    assert_null(strstr(text.data, "Server:"));
    assert_null(strstr(text.data, "X-Smtpmail-Account"));
    smail__buf_dispose(&text);
    close_world(&world);
}

static void adds_what_keeps_a_page_safe(void **state_)
{
    struct world world;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });

    expect(&world, "GET /x HTTP/1.1\r\n" CLOSE, "200",
           "X-Content-Type-Options: nosniff\r\n");
    expect(&world, "GET /x HTTP/1.1\r\n" CLOSE, "200",
           "Content-Security-Policy: default-src 'none'");
    expect(&world, "GET /csp HTTP/1.1\r\n" CLOSE, "200",
           "Content-Security-Policy: sandbox\r\n");
    expect(&world, "GET /../x HTTP/1.1\r\n" CLOSE, "400",
           "X-Content-Type-Options: nosniff\r\n");
    close_world(&world);
}

static void refuses_without_asking_the_server(void **state_)
{
    static const char *const requests[][2] = {
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
          "400" },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
          "Content-Length: 5\r\n\r\nabcde",
          "400" },
        { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
          "3\nabc\r\n0\r\n\r\n",
          "400" },
        { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
          "ffffffffff\r\n",
          "413" },
        { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: x\r\n\r\n", "501" },
        { "GET / HTTP/1.1\nHost: a\n\n", "400" },
        { "GET / HTTP/3.0\r\n" CLOSE, "505" },
        { "BREW / HTTP/1.1\r\n" CLOSE, "501" },
        { "POST / HTTP/1.1\r\n" HOST "Content-Length: 10000000000\r\n\r\n",
          "413" },
        { "POST / HTTP/1.1\r\n" HOST "Expect: more\r\n"
          "Content-Length: 1\r\n\r\n",
          "417" },
    };
    struct world world;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });
    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
        expect(&world, requests[i][0], requests[i][1], "Connection: close");
    assert_int_equal(atomic_load(&world.served), 0);
    close_world(&world);
}

static void answers_in_order_on_one_connection(void **state_)
{
    struct world world;
    struct smail__buf text;
    const char *one, *two, *three;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });

    talk(&text, &world,
         SMAIL__SPAN("POST /one HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n"
                     "abc"
                     "GET /two HTTP/1.1\r\n" HOST "\r\n"
                     "HEAD /three HTTP/1.1\r\n" CLOSE
                     "GET /never HTTP/1.1\r\n" CLOSE));

    one = strstr(text.data, "\nPOST /one ");
    two = strstr(text.data, "\nGET /two ");
    three = strstr(text.data, "HEAD /three");
    assert_true(one != NULL && two != NULL && one < two);
    assert_null(three); /* no body for HEAD */
    assert_null(strstr(text.data, "/never"));
    assert_int_equal(count_of(text.data, "HTTP/1.1 200 OK"), 3);
    assert_int_equal(atomic_load(&world.served), 3);
    smail__buf_dispose(&text);
    close_world(&world);
}

/* Until the end of the chunks, and no further; to the server behind they are
 * plain. */
static void bodies_may_come_in_chunks(void **state_)
{
    struct world world;
    struct smail__buf text;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });

    talk(&text, &world,
         SMAIL__SPAN("POST /one HTTP/1.1\r\n" HOST
                     "Transfer-Encoding: Chunked\r\n\r\n"
                     "3;evil=\"x\"\r\nabc\r\n0002\r\nde\r\n0\r\n"
                     "Content-Length: 3\r\n\r\n"
                     "GET /two HTTP/1.1\r\n" CLOSE));

    assert_int_equal(count_of(text.data, "HTTP/1.1 200 OK"), 2);
    assert_non_null(strstr(text.data, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_null(strstr(text.data, "evil"));
    assert_null(strstr(text.data, "0002"));
    assert_null(strstr(text.data, "Content-Length: 3\r\n"));
    assert_non_null(strstr(text.data, "\nGET /two "));
    smail__buf_dispose(&text);
    close_world(&world);
}

/* A body that turns out to be none, or too large, when the server behind has
 * begun to read it. */
static void late_faults_of_a_body_are_told(void **state_)
{
    static const struct smail__front_limit limits[] = {
        { "/small", 100000, "{\"too\":\"large\"}\n" }, { NULL, 0, NULL }
    };
    struct world world;
    struct smail__buf request, text;

    (void)state_;
    open_world(&world, (struct smail__front_options){ .limits = limits });
    smail__buf_init(&request, TEXT_MAX, NULL);
    for (int i = 0; i < 2; i++) {
        smail__buf_clear(&request);
        smail__buf_puts(&request, "POST /small HTTP/1.1\r\n" HOST
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "18000\r\n");
        for (int k = 0; k < 0x18000; k++)
            smail__buf_putc(&request, 'x');
        smail__buf_puts(&request, i == 0 ? "\r\n\r\n" : "\r\n7a1\r\n");
        talk(&text, &world, smail__buf_span(&request));
        assert_int_equal(
            strncmp(text.data, i == 0 ? "HTTP/1.1 400" : "HTTP/1.1 413", 12),
            0);
        assert_int_equal(strstr(text.data, "{\"too\":") != NULL, i == 1);
        smail__buf_dispose(&text);
    }
    smail__buf_dispose(&request);
    expect(&world,
           "POST /small HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
           "Content-Length: 100001\r\n\r\n",
           "413", "{\"too\":\"large\"}");
    expect(&world,
           "POST /small HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
           "Content-Length: 2\r\nConnection: close\r\n\r\nab",
           "100", "HTTP/1.1 200 OK");
    close_world(&world);
}

/* The whole of it is sent before a word is heard. */
static void refusals_reach_who_listens_late(void **state_)
{
    struct world world;
    struct smail__buf request;

    (void)state_;
    open_world(&world, (struct smail__front_options){ .body_max = 100 });
    smail__buf_init(&request, (size_t)16 * 1024 * 1024, NULL);
    smail__buf_puts(&request, "POST /x HTTP/1.1\r\n" HOST
                              "Content-Length: 10485760\r\n\r\n");
    for (int i = 0; i < 10485760; i++)
        smail__buf_putc(&request, 'x');
    expect(&world, request.data, "413", "tooLarge");
    smail__buf_dispose(&request);
    close_world(&world);
}

static void carries_large_bodies_both_ways(void **state_)
{
    struct world world;
    struct smail__buf request, text;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });
    smail__buf_init(&request, TEXT_MAX, NULL);
    smail__buf_printf(&request,
                      "POST /x HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                      "Connection: close\r\nContent-Length: %d\r\n\r\n",
                      BIG);
    for (int i = 0; i < BIG; i++)
        smail__buf_putc(&request, (char)('a' + i % 26));

    talk(&text, &world, smail__buf_span(&request));

    assert_int_equal(strncmp(text.data, "HTTP/1.1 100 Continue\r\n\r\n", 25),
                     0);
    assert_true(text.len > BIG);
    assert_int_equal(memcmp(text.data + text.len - BIG,
                            request.data + request.len - BIG, BIG),
                     0);
    smail__buf_dispose(&text);
    talk(&text, &world, SMAIL__SPAN("GET /big HTTP/1.1\r\n" CLOSE));
    assert_int_equal(text.data[text.len - BIG], 'b');
    assert_int_equal(text.data[text.len - BIG - 1], '\n');
    smail__buf_dispose(&text);
    smail__buf_dispose(&request);
    close_world(&world);
}

static void makes_do_with_a_server_that_breaks_off(void **state_)
{
    struct world world;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });
    expect(&world, "GET /close HTTP/1.1\r\n" HOST "\r\n", "200",
           "until the end");
    expect(&world, "GET /rubbish HTTP/1.1\r\n" HOST "\r\n", "502", NULL);
    expect(&world, "GET /short HTTP/1.1\r\n" HOST "\r\n", "200", "four");
    close_world(&world);
}

static void hangs_up_when_the_answer_comes_before_the_body(void **state_)
{
    struct world world;
    struct smail__buf request;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });
    smail__buf_init(&request, TEXT_MAX, NULL);
    smail__buf_puts(&request, "POST /early HTTP/1.1\r\n" HOST
                              "Content-Length: 900000\r\n\r\n");
    for (int i = 0; i < 70000; i++)
        smail__buf_putc(&request, 'x');

    expect(&world, request.data, "200", "Connection: close\r\n\r\nearly");
    smail__buf_dispose(&request);
    close_world(&world);
}

static void loses_patience(void **state_)
{
    struct world world;

    (void)state_;
    open_world(&world, (struct smail__front_options){ .head_time = 300,
                                                      .body_time = 300,
                                                      .idle_time = 300,
                                                      .answer_time = 300 });
    expect(&world, "GET / HTTP/1.1\r\nHos", "408", "Connection: close");
    expect(&world, "POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nab",
           "408", "Connection: close");
    expect(&world, "GET /hang HTTP/1.1\r\n" HOST "\r\n", "504", NULL);
    expect(&world, "GET /x HTTP/1.1\r\n" HOST "\r\n", "200", "keep-alive");
    close_world(&world);
}

static void tells_who_listens(void **state_)
{
    struct world world;
    struct smail__buf text;
    int fd;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });
    expect(&world, "GET /jmap/eventsource/ HTTP/1.1\r\n" CLOSE, "401",
           "sessionRequired");
    expect(&world,
           "GET /jmap/eventsource/?types=Nothing HTTP/1.1\r\n"
           "Cookie: smtpmail=ok\r\n" CLOSE,
           "400", NULL);

    fd = dial(&world);
    smail__buf_init(&text, TEXT_MAX, NULL);
    send_all(fd,
             SMAIL__SPAN("GET /jmap/eventsource/?types=*&ping=0 "
                         "HTTP/1.1\r\nCookie: smtpmail=ok\r\n" HOST "\r\n"));
    receive_until(&text, fd, "data: {\"a7\":0}\n\n");
    assert_non_null(strstr(text.data, "Content-Type: text/event-stream"));
    assert_non_null(strstr(text.data, "event: state\n"));

    atomic_store(&world.generation, 1);
    receive_until(&text, fd, "data: {\"a7\":1}\n\n");
    assert_non_null(strstr(text.data, "{\"a7\":1}"));
    close(fd);
    smail__buf_dispose(&text);
    close_world(&world);
}

static void closes_after_one_state(void **state_)
{
    struct world world;
    struct smail__buf text;
    int fd;

    (void)state_;
    open_world(&world, (struct smail__front_options){ 0 });
    fd = dial(&world);
    smail__buf_init(&text, TEXT_MAX, NULL);
    send_all(fd,
             SMAIL__SPAN("GET /jmap/eventsource/?types=*&closeafter=state "
                         "HTTP/1.1\r\nCookie: smtpmail=ok\r\n" HOST "\r\n"));
    receive_until(&text, fd, "\n:\n\n");
    nanosleep(&(struct timespec){ 0, 300000000 }, NULL);
    atomic_store(&world.generation, 5);
    receive_until(&text, fd, NULL);

    assert_null(strstr(text.data, "{\"a7\":0}"));
    assert_non_null(strstr(text.data, "{\"a7\":5}"));
    close(fd);
    smail__buf_dispose(&text);
    close_world(&world);
}

static void limits_connections_of_one_address(void **state_)
{
    struct world world;
    struct smail__buf text;
    int fds[3];

    (void)state_;
    open_world(&world,
               (struct smail__front_options){ .connections_by_address = 3 });
    for (size_t i = 0; i < 3; i++)
        fds[i] = dial(&world);
    talk(&text, &world, SMAIL__SPAN(""));
    assert_int_equal(strncmp(text.data, "HTTP/1.1 503", 12), 0);
    smail__buf_dispose(&text);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);
    nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
    expect(&world, "GET /x HTTP/1.1\r\n" CLOSE, "200", NULL);
    close_world(&world);
}

static void lets_others_wait_for_a_place(void **state_)
{
    struct world world;
    struct smail__buf text;
    int fd;

    (void)state_;
    open_world(&world, (struct smail__front_options){
                           .loops = 1, .requests = 1, .answer_time = 800 });
    fd = dial(&world);
    send_all(fd, SMAIL__SPAN("GET /hang HTTP/1.1\r\n" CLOSE));
    nanosleep(&(struct timespec){ 0, 400000000 }, NULL);
    expect(&world, "GET /x HTTP/1.1\r\n" CLOSE, "200", NULL);
    smail__buf_init(&text, TEXT_MAX, NULL);
    receive_until(&text, fd, NULL);
    assert_int_equal(strncmp(text.data, "HTTP/1.1 504", 12), 0);
    smail__buf_dispose(&text);
    close(fd);
    close_world(&world);
}

static void *stop_main(void *arg)
{
    struct world *world = arg;

    smail__front_stop(world->front);
    return NULL;
}

static void finishes_what_was_begun(void **state_)
{
    struct world world;
    struct smail__buf text;
    pthread_t thread;
    int fd;

    (void)state_;
    open_world(&world, (struct smail__front_options){ .grace = 3000 });
    fd = dial(&world);
    send_all(fd, SMAIL__SPAN("POST /x HTTP/1.1\r\n" HOST
                             "Content-Length: 4\r\n\r\nab"));
    nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
    pthread_create(&thread, NULL, stop_main, &world);
    nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
    send_all(fd, SMAIL__SPAN("cd"));
    smail__buf_init(&text, TEXT_MAX, NULL);
    receive_until(&text, fd, NULL);

    assert_non_null(strstr(text.data, "\r\n\r\nabcd"));
    assert_non_null(strstr(text.data, "Connection: "));
    pthread_join(thread, NULL);
    smail__buf_dispose(&text);
    close(fd);
    close_world(&world);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_on_what_the_server_needs_and_no_more),
        cmocka_unit_test(adds_what_keeps_a_page_safe),
        cmocka_unit_test(refuses_without_asking_the_server),
        cmocka_unit_test(answers_in_order_on_one_connection),
        cmocka_unit_test(bodies_may_come_in_chunks),
        cmocka_unit_test(late_faults_of_a_body_are_told),
        cmocka_unit_test(refusals_reach_who_listens_late),
        cmocka_unit_test(carries_large_bodies_both_ways),
        cmocka_unit_test(makes_do_with_a_server_that_breaks_off),
        cmocka_unit_test(hangs_up_when_the_answer_comes_before_the_body),
        cmocka_unit_test(loses_patience),
        cmocka_unit_test(tells_who_listens),
        cmocka_unit_test(closes_after_one_state),
        cmocka_unit_test(limits_connections_of_one_address),
        cmocka_unit_test(lets_others_wait_for_a_place),
        cmocka_unit_test(finishes_what_was_begun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
