/* SPDX-License-Identifier: MIT */
/*
 * server/test_server.c - a server on a thread of its own, and the messages it
 * took, in memory.
 */
#include <smtpmail/test_server.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "server/capture.h"
#include "server/envelope.h"

#define MESSAGES_MAX 10000
#define MEMORY_MAX ((size_t)256 * 1024 * 1024)
#define TEXT_MAX 200 /* of a refusal */

struct kept {
    smail_test_message message; /* what the test sees */
    struct smail__buf content;
    struct kept *next;
};

struct smail_test_server {
    smail_server *server;
    struct smail__capture *capture;
    smail_policy policy; /* of the capture, whose RCPT we ask first */
    pthread_t thread;
    bool has_thread;
    uint16_t port;
    uint64_t max_message_size;
    size_t max_messages, max_memory;

    pthread_mutex_t lock; /* over all below */
    pthread_cond_t arrived;
    struct kept *first, *last;
    struct kept *waiting; /* the first that was not handed out */
    size_t kept, memory, count;
    int refusal;
    char text[TEXT_MAX + 1];
};

/* --- A message ------------------------------------------------------------ */

static void kept_free(struct kept *kept)
{
    free((void *)kept->message.sender);
    for (size_t i = 0; i < kept->message.recipient_count; i++)
        free((void *)kept->message.recipients[i]);
    free((void *)kept->message.recipients);
    free((void *)kept->message.helo);
    smail__buf_dispose(&kept->content);
    free(kept);
}

static char *path_copy(const smail_path *path)
{
    char text[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];

    smail__path_text(text, path);
    return smail__strdup(text);
}

static void *begin(const smail_transaction *transaction, void *user)
{
    const smail_test_server *server = user;
    struct kept *kept = calloc(1, sizeof(*kept));

    (void)transaction;
    if (kept != NULL)
        smail__buf_init(&kept->content, (size_t)server->max_message_size, NULL);
    return kept;
}

static int add(void *message, smail_span piece, void *user)
{
    struct kept *kept = message;

    (void)user;
    smail__buf_append(&kept->content, piece);
    return smail__buf_error(&kept->content);
}

static void drop(void *message, void *user)
{
    (void)user;
    kept_free(message);
}

static int describe(struct kept *kept, const smail_transaction *transaction)
{
    smail_test_message *message = &kept->message;
    const char **recipients =
        calloc(transaction->recipient_count + 1, sizeof(*recipients));

    message->size = sizeof(*message);
    message->recipients = recipients;
    message->sender = path_copy(transaction->sender);
    message->helo = smail__spandup(transaction->helo);
    if (recipients == NULL || message->sender == NULL || message->helo == NULL)
        return SMAIL_ENOMEM;
    for (size_t i = 0; i < transaction->recipient_count; i++) {
        recipients[i] = path_copy(&transaction->recipients[i]);
        if (recipients[i] == NULL)
            return SMAIL_ENOMEM;
        message->recipient_count++;
    }
    /* Ends in a NUL also when it is empty. */
    smail__buf_append(&kept->content, SMAIL__SPAN(""));
    message->content = kept->content.data != NULL
                           ? smail__buf_span(&kept->content)
                           : SMAIL__SPAN("");
    message->is_secure = transaction->tls_protocol != NULL;
    message->is_authenticated = transaction->identity != NULL;
    return 0;
}

static int keep(void *message, const smail_transaction *transaction, void *user)
{
    smail_test_server *server = user;
    struct kept *kept = message;
    size_t size = kept->content.len;
    int rc = describe(kept, transaction);

    pthread_mutex_lock(&server->lock);
    if (rc == 0 && (server->kept == server->max_messages ||
                    size > server->max_memory - server->memory))
        rc = SMAIL_ELIMIT;
    if (rc == 0) {
        if (server->last != NULL)
            server->last->next = kept;
        else
            server->first = kept;
        server->last = kept;
        if (server->waiting == NULL)
            server->waiting = kept;
        server->kept++;
        server->memory += size;
        server->count++;
        pthread_cond_signal(&server->arrived);
    }
    pthread_mutex_unlock(&server->lock);
    if (rc != 0)
        kept_free(kept);
    return rc;
}

/* --- The server ----------------------------------------------------------- */

static void on_rcpt(smail_ticket ticket, const smail_transaction *transaction,
                    const smail_smtp_rcpt *rcpt, void *user)
{
    smail_test_server *server = user;
    char text[sizeof(server->text)];
    int code;

    (void)transaction;
    (void)rcpt;
    pthread_mutex_lock(&server->lock);
    code = server->refusal;
    memcpy(text, server->text, sizeof(text));
    pthread_mutex_unlock(&server->lock);
    if (code != 0)
        (void)smail_server_reject(server->server, ticket, code, NULL, text);
    else
        (void)smail_server_accept(server->server, ticket);
}

static void on_auth(smail_ticket ticket, const smail_transaction *transaction,
                    const smail_smtp_auth *auth, void *user)
{
    smail_test_server *server = user;

    server->policy.auth(ticket, transaction, auth, server->policy.user);
}

static void on_content(const smail_transaction *transaction, smail_span piece,
                       void *user)
{
    smail_test_server *server = user;

    server->policy.content(transaction, piece, server->policy.user);
}

static void on_message(smail_ticket ticket,
                       const smail_transaction *transaction, void *user)
{
    smail_test_server *server = user;

    server->policy.message(ticket, transaction, server->policy.user);
}

static void on_reset(const smail_transaction *transaction, void *user)
{
    smail_test_server *server = user;

    server->policy.reset(transaction, server->policy.user);
}

static void *thread_main(void *arg)
{
    smail_test_server *server = arg;

    (void)smail_server_run(server->server, NULL);
    return NULL;
}

static int make_server(smail_test_server *server,
                       const smail_test_server_options *wanted,
                       smail_error *err)
{
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_policy policy = { .size = sizeof(policy),
                            .auth = on_auth,
                            .rcpt = on_rcpt,
                            .message = on_message,
                            .content = on_content,
                            .reset = on_reset,
                            .user = server };
    struct smail__capture_place place = { begin, add, keep, drop, server };
    int rc = smail__capture_new(&server->capture, &place, err);

    if (rc != 0)
        return rc;
    smail__capture_policy(&server->policy, server->capture);
    options.hostname = "test.invalid";
    options.threads = 1; /* so that messages stay in the order they came */
    options.certificate = wanted->certificate;
    options.key = wanted->key;
    options.auth_without_tls = wanted->certificate == NULL;
    options.max_message_size = server->max_message_size;
    options.grace = 1;
    rc = smail_server_new(&server->server, &options, &policy, err);
    if (rc != 0)
        return rc;
    smail__capture_serve(server->capture, server->server);
    return smail_server_listen(&server->port, server->server, wanted->kind,
                               "127.0.0.1:0", err);
}

static void init_lock(smail_test_server *server)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->arrived, &attributes);
    pthread_condattr_destroy(&attributes);
}

int smail_test_server_open(smail_test_server **out,
                           const smail_test_server_options *options,
                           smail_error *err)
{
    smail_test_server_options wanted = SMAIL_TEST_SERVER_OPTIONS_INIT;
    smail_test_server *server = calloc(1, sizeof(*server));
    int rc;

    if (server == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a server");
    if (options != NULL)
        memcpy(&wanted, options,
               options->size < sizeof(wanted) ? options->size : sizeof(wanted));
    server->max_message_size = wanted.max_message_size > 0
                                   ? wanted.max_message_size
                                   : UINT64_C(32) * 1024 * 1024;
    server->max_messages =
        wanted.max_messages > 0 ? wanted.max_messages : MESSAGES_MAX;
    server->max_memory = wanted.max_memory > 0 ? wanted.max_memory : MEMORY_MAX;
    init_lock(server);
    rc = make_server(server, &wanted, err);
    if (rc == 0) {
        rc = pthread_create(&server->thread, NULL, thread_main, server);
        server->has_thread = rc == 0;
        if (rc != 0)
            rc = smail__fail_os(err, SMAIL_EIO, rc, "no thread for a server");
    }
    if (rc != 0) {
        smail_test_server_close(server);
        return rc;
    }
    *out = server;
    return 0;
}

uint16_t smail_test_server_port(const smail_test_server *server)
{
    return server->port;
}

static struct timespec moment_in(unsigned milliseconds)
{
    struct timespec moment;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += (time_t)(milliseconds / 1000);
    moment.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_sec++;
        moment.tv_nsec -= 1000000000;
    }
    return moment;
}

int smail_test_server_wait(const smail_test_message **out,
                           smail_test_server *server, unsigned timeout_ms)
{
    struct timespec end = moment_in(timeout_ms);
    int rc = 0;

    pthread_mutex_lock(&server->lock);
    while (server->waiting == NULL && rc == 0)
        rc = pthread_cond_timedwait(&server->arrived, &server->lock, &end);
    rc = SMAIL_ETEMP;
    if (server->waiting != NULL) {
        *out = &server->waiting->message;
        server->waiting = server->waiting->next;
        rc = 0;
    }
    pthread_mutex_unlock(&server->lock);
    return rc;
}

size_t smail_test_server_count(smail_test_server *server)
{
    size_t count;

    pthread_mutex_lock(&server->lock);
    count = server->count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

int smail_test_server_refuse(smail_test_server *server, int code,
                             const char *text)
{
    if (code != 0 &&
        (code < 400 || code > 599 || text == NULL || strlen(text) > TEXT_MAX))
        return SMAIL_EINVAL;
    pthread_mutex_lock(&server->lock);
    server->refusal = code;
    if (code != 0)
        memcpy(server->text, text, strlen(text) + 1);
    pthread_mutex_unlock(&server->lock);
    return 0;
}

void smail_test_server_forget(smail_test_server *server)
{
    struct kept *kept;

    pthread_mutex_lock(&server->lock);
    kept = server->first;
    server->first = server->last = server->waiting = NULL;
    server->kept = 0;
    server->memory = 0;
    pthread_mutex_unlock(&server->lock);
    while (kept != NULL) {
        struct kept *next = kept->next;

        kept_free(kept);
        kept = next;
    }
}

void smail_test_server_close(smail_test_server *server)
{
    if (server == NULL)
        return;
    if (server->has_thread) {
        smail_server_stop(server->server);
        pthread_join(server->thread, NULL);
    }
    smail_server_free(server->server);
    smail__capture_free(server->capture);
    smail_test_server_forget(server);
    pthread_cond_destroy(&server->arrived);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
