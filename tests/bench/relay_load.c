/* SPDX-License-Identifier: MIT */
/*
 * relay_load.c - mail submitted under TLS, for relay.py: smtp-source neither
 * logs in nor writes to more than one recipient's domain.
 *
 *   bench_relay_load PORT COUNT SESSIONS SIZE DOMAINS
 *
 * Message N goes to user@dK.relay.test, K = N modulo DOMAINS. Standard input
 * is what follows "AUTH PLAIN "; nothing there: no log-in. A thread for each
 * session, a connection for each thread, one command at a time. Prints the
 * seconds from the first connection to the last reply.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define SESSIONS_MAX 1024
#define AUTH_MAX 512

static struct load {
    struct sockaddr_in address;
    SSL_CTX *tls;
    long count, domains;
    atomic_long next;
    char auth[AUTH_MAX];
    char *content; /* with its end */
    size_t content_len;
} load;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "relay_load: %s: %s\n", what, why);
    exit(1);
}

/* The last line of a reply. */
static void expect(SSL *tls, char digit, const char *after)
{
    char reply[4096];
    size_t len = 0;

    for (;;) {
        const char *line = reply;
        int got = SSL_read(tls, reply + len, (int)(sizeof(reply) - len - 1));

        if (got <= 0)
            fail(after, "the connection ended");
        len += (size_t)got;
        reply[len] = '\0';
        for (const char *end; (end = strstr(line, "\r\n")) != NULL;
             line = end + 2)
            if (end - line < 4 || line[3] == ' ') {
                if (line[0] != digit)
                    fail(after, line);
                return;
            }
        if (len > sizeof(reply) / 2)
            fail(after, "a long reply");
    }
}

static void say(SSL *tls, const char *text, size_t len, char digit)
{
    if (SSL_write(tls, text, (int)len) != (int)len)
        fail(text, "cannot be written");
    expect(tls, digit, text);
}

static void say_line(SSL *tls, const char *text, char digit)
{
    say(tls, text, strlen(text), digit);
}

static SSL *connected(void)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL *tls = SSL_new(load.tls);

    if (fd < 0 || tls == NULL ||
        connect(fd, (const struct sockaddr *)&load.address,
                sizeof(load.address)) != 0)
        fail("connect", "nobody is there");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1)
        fail("connect", "no TLS");
    expect(tls, '2', "greeting");
    say_line(tls, "EHLO load.bench.test\r\n", '2');
    return tls;
}

static void *session(void *arg)
{
    SSL *tls = connected();
    char line[AUTH_MAX + 32];

    if (load.auth[0] != '\0') {
        snprintf(line, sizeof(line), "AUTH PLAIN %s\r\n", load.auth);
        say_line(tls, line, '2');
    }
    for (;;) {
        long number = atomic_fetch_add(&load.next, 1);

        if (number >= load.count)
            break;
        say_line(tls, "MAIL FROM:<user@bench.test>\r\n", '2');
        snprintf(line, sizeof(line), "RCPT TO:<user@d%ld.relay.test>\r\n",
                 number % load.domains);
        say_line(tls, line, '2');
        say_line(tls, "DATA\r\n", '3');
        say(tls, load.content, load.content_len, '2');
    }
    say_line(tls, "QUIT\r\n", '2');
    close(SSL_get_fd(tls));
    SSL_free(tls);
    return arg;
}

static void make_content(size_t size)
{
    static const char head[] = "From: <user@bench.test>\r\n"
                               "To: <user@relay.test>\r\n"
                               "Date: Mon, 01 Jan 2024 00:00:00 +0000\r\n"
                               "Message-ID: <load@bench.test>\r\n"
                               "Subject: load\r\n\r\n";
    size_t len = sizeof(head) - 1;

    load.content = malloc(size + 128);
    if (load.content == NULL)
        fail("malloc", "no memory");
    memcpy(load.content, head, len);
    while (len < size) {
        memset(load.content + len, 'X', 72);
        memcpy(load.content + len + 72, "\r\n", 2);
        len += 74;
    }
    memcpy(load.content + len, ".\r\n", 3);
    load.content_len = len + 3;
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    pthread_t threads[SESSIONS_MAX];
    double began;
    long sessions;

    if (argc != 6)
        fail("usage", "PORT COUNT SESSIONS SIZE DOMAINS");
    load.address.sin_family = AF_INET;
    load.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    load.address.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
    load.count = strtol(argv[2], NULL, 10);
    sessions = strtol(argv[3], NULL, 10);
    make_content((size_t)strtol(argv[4], NULL, 10));
    load.domains = strtol(argv[5], NULL, 10);
    if (sessions < 1 || sessions > SESSIONS_MAX || load.domains < 1)
        fail("usage", "1 to 1024 sessions, 1 domain at least");
    if (fgets(load.auth, sizeof(load.auth), stdin) != NULL)
        load.auth[strcspn(load.auth, "\r\n")] = '\0';
    load.tls = SSL_CTX_new(TLS_client_method());
    if (load.tls == NULL)
        fail("TLS", "no context");

    began = now();
    for (long i = 0; i < sessions; i++)
        if (pthread_create(&threads[i], NULL, session, NULL) != 0)
            fail("threads", "no more of them");
    for (long i = 0; i < sessions; i++)
        pthread_join(threads[i], NULL);
    printf("%.6f\n", now() - began);
    SSL_CTX_free(load.tls);
    free(load.content);
    return 0;
}
