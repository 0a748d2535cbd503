/* SPDX-License-Identifier: MIT */
/*
 * webmail/server.c - the only file that knows civetweb.
 *
 * It listens on loopback, on a port the system chose, and answers nobody who
 * does not know the process's secret: that is the front, which has read and
 * written anew every head that arrives here. Of civetweb nothing is used but
 * its threads and its reading and writing: no files, no forms, no CGI, no
 * WebSocket, no TLS.
 */
#include "server.h"

#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/head.h"
#include "net/connect.h"

#define NUMBER_SIZE 16
#define KNOCK_NANOSECONDS (20 * 1000 * 1000)

struct server {
    struct mg_context *context;
    struct app *app;
    void (*handle)(struct request *request);
    struct smail__endpoint endpoint;
    atomic_bool has_stopped;
};

/* --- A request ----------------------------------------------------------- */

smail_span request_field(const struct request *request, const char *name)
{
    const char *value = mg_get_header(request->connection, name);

    return value != NULL ? smail__span(value) : (smail_span){ NULL, 0 };
}

int64_t request_read(struct request *request, void *out, size_t len)
{
    int got;

    if (!request->is_chunked) {
        if (request->read >= request->length)
            return 0;
        if (len > request->length - request->read)
            len = (size_t)(request->length - request->read);
    }
    if (len > 1 << 30)
        len = 1 << 30;
    got = mg_read(request->connection, out, len);
    if (got == 0 && request->is_chunked)
        return 0;
    if (got <= 0)
        return SMAIL_EIO;
    request->read += (uint64_t)got;
    return got;
}

static bool is_from_front(const struct server *server,
                          const struct mg_connection *connection)
{
    const char *secret = mg_get_header(connection, "X-Smtpmail-Secret");

    return secret != NULL && strlen(secret) == SMAIL__TOKEN_LEN &&
           smail__equal_secret(secret, server->app->secret, SMAIL__TOKEN_LEN);
}

static int on_request(struct mg_connection *connection, void *user)
{
    struct server *server = user;
    const struct mg_request_info *info = mg_get_request_info(connection);
    const char *peer = mg_get_header(connection, "X-Smtpmail-Peer");
    const char *scheme = mg_get_header(connection, "X-Smtpmail-Scheme");
    struct request request = {
        .app = server->app,
        .connection = connection,
        .method = smail__span(info->request_method),
        .path = smail__span(info->request_uri),
        .query = smail__span(info->query_string),
        .peer = peer != NULL ? peer : "",
        .is_secure = scheme != NULL && strcmp(scheme, "https") == 0,
        .is_chunked = mg_get_header(connection, "Transfer-Encoding") != NULL,
        .length = info->content_length > 0 ? (uint64_t)info->content_length : 0,
    };

    if (!is_from_front(server, connection)) {
        mg_write(connection,
                 "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n"
                 "Connection: close\r\n\r\n",
                 64);
        return 403;
    }
    request.host = request_field(&request, "Host");
    server->handle(&request);
    if (!request.is_answered)
        answer_problem(&request, 500, "unavailable",
                       "Something went wrong here. Please try again.", NULL);
    return 200;
}

/* --- An answer ----------------------------------------------------------- */

void answer_begin(struct request *request, int status, const char *type,
                  uint64_t length, const char *fields)
{
    struct smail__buf head;

    request->is_answered = true;
    smail__buf_init(&head, SMAIL__HTTP_HEAD_MAX, NULL);
    smail__buf_printf(&head, "HTTP/1.1 %d %s\r\n", status,
                      smail__http_reason(status));
    if (type != NULL)
        smail__buf_printf(&head, "Content-Type: %s\r\n", type);
    if (status != 204 && status != 304)
        smail__buf_printf(&head, "Content-Length: %llu\r\n",
                          (unsigned long long)length);
    if (request->account != 0)
        smail__buf_printf(&head, "X-Smtpmail-Account: %lld\r\n",
                          (long long)request->account);
    smail__buf_printf(&head, "%sConnection: close\r\n\r\n", fields);
    if (smail__buf_error(&head) == 0)
        (void)answer_write(request, smail__buf_span(&head));
    smail__buf_dispose(&head);
}

int answer_write(struct request *request, smail_span bytes)
{
    if (bytes.len == 0)
        return 0;
    return mg_write(request->connection, bytes.data, bytes.len) > 0 ? 0
                                                                    : SMAIL_EIO;
}

/* --- The server ---------------------------------------------------------- */

static int on_log(const struct mg_connection *connection, const char *message)
{
    const struct mg_context *context = mg_get_context(connection);
    const struct server *server = mg_get_user_data(context);
    struct smail__log_field field =
        SMAIL__LOG_TEXT("message", smail__span(message));

    if (server != NULL)
        smail__log_write(server->app->log, SMAIL__LOG_DEBUG, "civetweb", &field,
                         1);
    return 1;
}

static int find_port(struct server *server, smail_error *err)
{
    struct mg_server_port port[1];

    memset(port, 0, sizeof(port));
    if (mg_get_server_ports(server->context, 1, port) != 1 ||
        port[0].port <= 0 || port[0].port > 65535)
        return smail__fail(err, SMAIL_EIO, "civetweb has no port");
    server->endpoint =
        (struct smail__endpoint){ .address = { 127, 0, 0, 1 },
                                  .port = (uint16_t)port[0].port };
    return 0;
}

static int start(struct server *server, unsigned threads, smail_error *err)
{
    char count[NUMBER_SIZE];
    const char *options[] = {
        "listening_ports",
        "127.0.0.1:0",
        "num_threads",
        count,
        "connection_queue",
        "256",
        "access_control_list",
        "-0.0.0.0/0,+127.0.0.1",
        "access_control_allow_origin",
        "",
        "access_control_allow_methods",
        "",
        "access_control_allow_headers",
        "",
        "enable_directory_listing",
        "no",
        "enable_auth_domain_check",
        "no",
        "cgi_pattern",
        "",
        "decode_url",
        "no",
        "enable_keep_alive",
        "no",
        "request_timeout_ms",
        "30000",
        "linger_timeout_ms",
        "1000",
        "max_request_size",
        "40960",
        NULL,
    };
    struct mg_callbacks callbacks;

    smail__format(count, sizeof(count), "%u", threads);
    memset(&callbacks, 0, sizeof(callbacks));
    callbacks.log_message = on_log;
    server->context = mg_start(&callbacks, server, options);
    if (server->context == NULL)
        return smail__fail(err, SMAIL_EIO, "civetweb did not start");
    mg_set_request_handler(server->context, "**", on_request, server);
    return find_port(server, err);
}

int server_open(struct server **out, struct app *app, unsigned threads,
                void (*handle)(struct request *request), smail_error *err)
{
    struct server *server = calloc(1, sizeof(*server));
    int rc;

    if (server == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for civetweb");
    mg_init_library(0);
    server->app = app;
    server->handle = handle;
    rc = start(server, threads, err);
    if (rc == 0)
        *out = server;
    else
        server_close(server);
    return rc;
}

const struct smail__endpoint *server_endpoint(const struct server *server)
{
    return &server->endpoint;
}

/* civetweb looks whether it is to stop only when somebody knocks, or every
 * two seconds: a restart would take as long. */
static void *knock(void *arg)
{
    struct server *server = arg;
    int fd;

    while (!atomic_load(&server->has_stopped)) {
        if (smail__connect(&fd, &server->endpoint, NULL) == 0)
            close(fd);
        nanosleep(&(struct timespec){ 0, KNOCK_NANOSECONDS }, NULL);
    }
    return NULL;
}

static void stop(struct server *server)
{
    pthread_t thread;
    bool has_thread = pthread_create(&thread, NULL, knock, server) == 0;

    mg_stop(server->context);
    atomic_store(&server->has_stopped, true);
    if (has_thread)
        pthread_join(thread, NULL);
}

void server_close(struct server *server)
{
    if (server == NULL)
        return;
    if (server->context != NULL)
        stop(server);
    mg_exit_library();
    free(server);
}
