/* SPDX-License-Identifier: MIT */
/* Texts over HTTPS from the server of OpenSSL: what is taken, and what not. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/span.h"
#include "crypto/tls.h"
#include "net/fetch.h"

#define HOST "mta-sts.remote.test"
#define OK "HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\n\r\n"
#define OCTETS_MAX 1000

struct fixture {
    char folder[64];
    pid_t server;
    uint16_t port;
    struct smail__loop *loop;
    struct smail__tls_context *tls;
    struct smail__fetcher *fetcher;
};

static void shell(const char *folder, const char *command)
{
    char text[600];

    snprintf(text, sizeof(text), "cd '%s' && %s", folder, command);
    assert_int_equal(system(text), 0);
}

static void put(const char *folder, const char *name, const char *head,
                size_t len)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(head, file);
    for (size_t i = 0; i < len; i++)
        fputc('x', file);
    fclose(file);
}

/* It says "ACCEPT 127.0.0.1:PORT". */
static void start_server(struct fixture *f)
{
    char line[200] = "";
    int ends[2];
    FILE *said;

    assert_int_equal(pipe(ends), 0);
    f->server = fork();
    if (f->server == 0) {
        int nothing = open("/dev/null", O_RDWR);

        dup2(nothing, 0);
        dup2(ends[1], 1);
        dup2(nothing, 2);
        close(ends[0]);
        if (chdir(f->folder) == 0)
            execlp("openssl", "openssl", "s_server", "-HTTP", "-accept",
                   "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem",
                   (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    said = fdopen(ends[0], "r");
    while (fgets(line, sizeof(line), said) != NULL &&
           strncmp(line, "ACCEPT", 6) != 0) {
    }
    assert_non_null(strrchr(line, ':'));
    f->port = (uint16_t)strtoul(strrchr(line, ':') + 1, NULL, 10);
    /* The reading end stays open: it goes on to say things. */
}

static int setup(void **state)
{
    static char head[20000];
    struct fixture *f = calloc(1, sizeof(*f));
    char path[128];

    snprintf(f->folder, sizeof(f->folder), "/tmp/fetch-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    shell(f->folder, "openssl req -x509 -newkey ec -pkeyopt "
                     "ec_paramgen_curve:P-256 -subj /CN=other.test -addext "
                     "subjectAltName=DNS:" HOST " -nodes -days 30 "
                     "-keyout key.pem -out cert.pem 2>/dev/null");
    put(f->folder, "one-below", OK, OCTETS_MAX - 1);
    put(f->folder, "limit", OK, OCTETS_MAX);
    put(f->folder, "one-above", OK, OCTETS_MAX + 1);
    put(f->folder, "html", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        5);
    put(f->folder, "typeless", "HTTP/1.1 200 OK\r\n\r\n", 5);
    put(f->folder, "moved",
        "HTTP/1.1 301 Moved\r\nLocation: /limit\r\n"
        "Content-Type: text/plain\r\n\r\n",
        5);
    put(f->folder, "gone",
        "HTTP/1.1 404 None\r\nContent-Type: text/plain\r\n\r\n", 5);
    put(f->folder, "partial",
        "HTTP/1.1 206 Part\r\nContent-Type: text/plain\r\n\r\n", 5);
    put(f->folder, "nonsense", "hello\r\n", 5);
    for (size_t i = 0; i + 8 < sizeof(head); i++)
        head[i] = i % 17 == 16 ? '\n' : i % 17 == 3 ? ':' : 'x';
    memcpy(head, "HTTP/1.1 200 OK\r\n", 17);
    put(f->folder, "long-head", head, 0);
    start_server(f);
    snprintf(path, sizeof(path), "%s/cert.pem", f->folder);
    assert_int_equal(smail__tls_client_new(&f->tls, path, NULL), 0);
    assert_int_equal(smail__loop_new(&f->loop, NULL), 0);
    assert_int_equal(smail__loop_start(f->loop, NULL), 0);
    assert_int_equal(smail__fetcher_new(&f->fetcher, f->tls, NULL), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    smail__fetcher_free(f->fetcher);
    smail__loop_stop(f->loop);
    smail__loop_join(f->loop);
    smail__loop_free(f->loop);
    smail__tls_context_free(f->tls);
    kill(f->server, SIGKILL);
    waitpid(f->server, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* --- Fetching, from outside the loop -------------------------------------- */

struct wanted {
    struct smail__fetch fetch;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over;
};

static void on_done(struct smail__fetch *fetch)
{
    struct wanted *wanted = (struct wanted *)fetch;

    pthread_mutex_lock(&wanted->lock);
    wanted->is_over = true;
    pthread_cond_signal(&wanted->changed);
    pthread_mutex_unlock(&wanted->lock);
}

static struct wanted *start(struct fixture *f, const char *host,
                            const char *path)
{
    struct wanted *wanted = calloc(1, sizeof(*wanted));

    assert_non_null(wanted);
    pthread_mutex_init(&wanted->lock, NULL);
    pthread_cond_init(&wanted->changed, NULL);
    snprintf(wanted->fetch.host, sizeof(wanted->fetch.host), "%s", host);
    wanted->fetch.port = f->port;
    wanted->fetch.path = path;
    wanted->fetch.patience = 5000;
    wanted->fetch.octets_max = OCTETS_MAX;
    wanted->fetch.done = on_done;
    wanted->fetch.address_count = 1;
    memcpy(wanted->fetch.addresses[0].address, "\x7f\0\0\1", 4);
    return wanted;
}

static void wait_for(struct wanted *wanted)
{
    pthread_mutex_lock(&wanted->lock);
    while (!wanted->is_over)
        pthread_cond_wait(&wanted->changed, &wanted->lock);
    pthread_mutex_unlock(&wanted->lock);
}

static void end(struct wanted *wanted)
{
    smail__fetch_dispose(&wanted->fetch);
    pthread_mutex_destroy(&wanted->lock);
    pthread_cond_destroy(&wanted->changed);
    free(wanted);
}

static void gives(struct fixture *f, const char *host, const char *path,
                  enum smail__fetch_result result, size_t len)
{
    struct wanted *wanted = start(f, host, path);

    assert_int_equal(smail__fetch_start(f->fetcher, &wanted->fetch, f->loop),
                     0);
    wait_for(wanted);
    if (wanted->fetch.result != result || wanted->fetch.text.len != len)
        fail_msg("%s: %d, %zu octets, %s", path, (int)wanted->fetch.result,
                 wanted->fetch.text.len, wanted->fetch.why);
    end(wanted);
}

static void a_text_is_fetched(void **state)
{
    struct fixture *f = *state;

    gives(f, HOST, "/one-below", SMAIL__FETCH_DONE, OCTETS_MAX - 1);
    gives(f, HOST, "/limit", SMAIL__FETCH_DONE, OCTETS_MAX);
}

static void what_is_none_is_refused(void **state)
{
    struct fixture *f = *state;

    gives(f, HOST, "/one-above", SMAIL__FETCH_NOT_THERE, 0);
    gives(f, HOST, "/html", SMAIL__FETCH_NOT_THERE, 0);
    gives(f, HOST, "/typeless", SMAIL__FETCH_NOT_THERE, 0);
    gives(f, HOST, "/moved", SMAIL__FETCH_NOT_THERE, 0);
    gives(f, HOST, "/gone", SMAIL__FETCH_NOT_THERE, 0);
    gives(f, HOST, "/partial", SMAIL__FETCH_NOT_THERE, 0);
    gives(f, HOST, "/long-head", SMAIL__FETCH_NOT_THERE, 0);
    gives(f, HOST, "/nonsense", SMAIL__FETCH_NO_ANSWER, 0);
}

static void the_certificate_is_for_the_name(void **state)
{
    struct fixture *f = *state;

    gives(f, "mta-sts.elsewhere.test", "/limit", SMAIL__FETCH_UNTRUSTED, 0);
    /* The subject's common name is no name of a host (RFC 8461, 3.3). */
    gives(f, "other.test", "/limit", SMAIL__FETCH_UNTRUSTED, 0);
}

static void authorities_are_ours(void **state)
{
    struct fixture *f = *state;
    struct smail__tls_context *tls = NULL;
    struct smail__fetcher *own = f->fetcher;
    char path[128];

    shell(f->folder, "openssl req -x509 -newkey ec -pkeyopt "
                     "ec_paramgen_curve:P-256 -subj /CN=a -nodes -days 30 "
                     "-keyout key2.pem -out cert2.pem 2>/dev/null");
    snprintf(path, sizeof(path), "%s/cert2.pem", f->folder);
    assert_int_equal(smail__tls_client_new(&tls, path, NULL), 0);
    assert_int_equal(smail__fetcher_new(&f->fetcher, tls, NULL), 0);
    gives(f, HOST, "/limit", SMAIL__FETCH_UNTRUSTED, 0);
    smail__fetcher_free(f->fetcher);
    smail__tls_context_free(tls);
    f->fetcher = own;
}

static void nobody_answers(void **state)
{
    struct fixture *f = *state;
    uint16_t port = f->port;
    struct wanted *wanted;

    f->port = 1;
    gives(f, HOST, "/limit", SMAIL__FETCH_NO_ANSWER, 0);
    f->port = port;
    kill(f->server, SIGSTOP); /* it is called, and says nothing */
    wanted = start(f, HOST, "/limit");
    wanted->fetch.patience = 300;
    assert_int_equal(smail__fetch_start(f->fetcher, &wanted->fetch, f->loop),
                     0);
    wait_for(wanted);
    assert_int_equal(wanted->fetch.result, SMAIL__FETCH_NO_ANSWER);
    end(wanted);
    wanted = start(f, HOST, "/limit");
    wanted->fetch.patience = 60000;
    assert_int_equal(smail__fetch_start(f->fetcher, &wanted->fetch, f->loop),
                     0);
    smail__fetcher_free(f->fetcher); /* does not wait for it */
    f->fetcher = NULL;
    wait_for(wanted);
    assert_int_equal(wanted->fetch.result, SMAIL__FETCH_NO_ANSWER);
    end(wanted);
    kill(f->server, SIGCONT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_fetched),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(the_certificate_is_for_the_name),
        cmocka_unit_test(authorities_are_ours),
        cmocka_unit_test(nobody_answers),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
