/* SPDX-License-Identifier: MIT */
/*
 * webmail - serves mail to browsers and JMAP programs.
 *
 * Exit codes: 0 done, 1 failed, 2 the command line makes no sense.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <smtpmail/version.h>

#include "app.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "config/config.h"
#include "db/db.h"
#include "net/listener.h"
#include "options.h"
#include "output.h"
#include "routes.h"
#include "server.h"
#include "server/confine.h"
#include "server/routes.h"

/* When nothing says where to listen: a port that anybody may bind, and that
 * nobody else can reach. */
#define DEFAULT_LISTEN "127.0.0.1:8080"

/* Threads beyond those for requests: while one hangs up, the next begins. */
#define SPARE_THREADS 8

#define PATH_OCTETS 4096

/* The names of this machine, when the config names none. */
#define HOSTS_OCTETS 1024

/* What nobody can register, so that no stranger can have it lead here: names of
 * one label, and what RFC 6762, RFC 8375 and RFC 6761 set aside. */
#define PRIVATE_HOSTS ".,.local,.home.arpa,.internal,.test"

struct program {
    struct options options;
    struct smail__config config;
    struct smail__log log;
    bool log_json;
    char ready[2 * OUTPUT_PLACE_SIZE];
    char notify[PATH_OCTETS];
    struct app app;
    bool has_app;
    struct smail__front_limit limits[2];
    char hosts[HOSTS_OCTETS];
    struct server *server;
    struct smail__front *front;
    struct smail__listener *plain, *secure; /* until the front has them */
    struct smail__confinement confinement;
};

static void say(const struct program *program, enum smail__log_level level,
                const char *event, const char *key, const char *value)
{
    struct smail__log_field field = SMAIL__LOG_TEXT(key, smail__span(value));

    smail__log_write(&program->log, level, event, &field, 1);
}

static void replace(char **field, const char *value, smail_error *err, int *rc)
{
    size_t len = strlen(value) + 1;
    char *copy = malloc(len);

    if (copy == NULL) {
        *rc = smail__fail(err, SMAIL_ENOMEM, "no memory for settings");
        return;
    }
    memcpy(copy, value, len);
    free(*field);
    *field = copy;
}

static int load(struct program *program, smail_error *err)
{
    const struct options *options = &program->options;
    struct smail__config *config = &program->config;
    int rc = smail__config_load(config, options->config,
                                options->config != NULL, err);

    if (rc != 0)
        return rc;
    /* Ports that are given stand for all of the config's. */
    if (options->listen != NULL || options->tls_listen != NULL) {
        replace(&config->web_listen,
                options->listen != NULL ? options->listen : "", err, &rc);
        replace(&config->web_tls_listen,
                options->tls_listen != NULL ? options->tls_listen : "", err,
                &rc);
    }
    if (config->web_listen[0] == '\0' && config->web_tls_listen[0] == '\0')
        replace(&config->web_listen, DEFAULT_LISTEN, err, &rc);
    if (options->log_level != NULL)
        (void)smail__log_level_parse(&config->log_level,
                                     smail__span(options->log_level));
    program->log_json = options->log_format != NULL
                            ? strcmp(options->log_format, "json") == 0
                            : config->log_json;
    output_log(&program->log, config->log_level, &program->log_json);
    return rc;
}

/* --- Opening ------------------------------------------------------------- */

static int open_app(struct program *program, smail_error *err)
{
    const struct smail__config *config = &program->config;
    struct app_options options = {
        .store = smail__config_store(config, program->options.store,
                                     getenv("SMTPMAIL_STORE")),
        .log = &program->log,
        .exempt = config->exempt,
        .hashes = config->hash_workers,
        .auth_failures = config->web_auth_failures,
        .signups = config->web_signups,
        .upload_size = config->web_upload_size,
        .keep_removed = config->keep_removed,
        .keep_trash = config->keep_trash,
        .keep_junk = config->keep_junk,
        .keep_queue = smail__config_keep_queue(config),
        .keep_logins = config->keep_logins,
        .message_size = config->message_size,
        .queue_warn = config->queue_warn,
        .queue_expire = config->queue_expire,
        .messages_per_day = config->messages_per_day,
        .recipients_per_day = config->recipients_per_day,
    };
    int rc = smail__routes_load(&options.routes, config, false, err);
    const char *path;

    if (rc == 0)
        rc = app_open(&program->app, &options, err);

    program->has_app = rc == 0;
    if (rc != 0)
        return rc;
    path =
        program->app.watch != NULL ? smail__db_path(program->app.watch) : NULL;
    if (path != NULL &&
        smail__format(program->notify, sizeof(program->notify), "%s.notify",
                      path) >= sizeof(program->notify))
        program->notify[0] = '\0';
    return 0;
}

static const char *our_hosts(struct program *program)
{
    const struct smail__config *config = &program->config;
    char machine[256] = "";

    if (config->web_hosts[0] != '\0')
        return config->web_hosts;
    if (gethostname(machine, sizeof(machine) - 1) != 0)
        machine[0] = '\0';
    smail__format(program->hosts, sizeof(program->hosts), "%s,%s,%s",
                  config->hostname, machine, PRIVATE_HOSTS);
    return program->hosts;
}

static int open_front(struct program *program, smail_error *err)
{
    const struct smail__config *config = &program->config;
    struct smail__front_options options = {
        .upstream = *server_endpoint(program->server),
        .secret = program->app.secret,
        .notify = program->notify[0] != '\0' ? program->notify : NULL,
        .exempt = config->exempt,
        .hosts = our_hosts(program),
        .log = &program->log,
        .handler = &app_front_handler,
        .user = &program->app,
        .limits = program->limits,
        .loops = config->loops,
        .connections = config->web_connections,
        .connections_by_address = config->web_connections_per_address,
        .requests = config->web_requests,
        .requests_by_address = config->web_requests_per_address,
        .streams = config->web_streams,
        .body_max = config->web_upload_size,
        .head_time = (uint64_t)config->web_head_time * 1000,
        .body_time = (uint64_t)config->web_body_time * 1000,
        .idle_time = (uint64_t)config->web_idle_time * 1000,
        .grace = (uint64_t)config->grace_time * 1000,
    };

    mail_limits(program->limits, &program->app);
    return smail__front_new(&program->front, &options, err);
}

static int load_tls(struct smail__tls_context **out,
                    const struct program *program, smail_error *err)
{
    const struct smail__config *config = &program->config;

    if (config->certificate[0] == '\0' || config->key[0] == '\0')
        return smail__fail(err, SMAIL_EINVAL,
                           "a port under TLS needs a certificate: set "
                           "certificate and key in [tls]");
    return smail__tls_server_new(out, config->certificate, config->key, err);
}

/* Bind, before the right to is given up. "" is no port. */
static int bind_one(struct smail__listener **out, const char *address,
                    smail_error *err)
{
    struct smail__endpoint endpoint;
    int rc;

    if (address[0] == '\0')
        return 0;
    rc = smail__endpoint_parse(&endpoint, smail__span(address), err);
    return rc == 0 ? smail__listener_open(out, &endpoint, err) : rc;
}

static int bind_all(struct program *program, smail_error *err)
{
    int rc = bind_one(&program->plain, program->config.web_listen, err);

    return rc == 0
               ? bind_one(&program->secure, program->config.web_tls_listen, err)
               : rc;
}

/* Hand one port to the front and note it for the ready file. */
static int listen_on(struct program *program, const char *kind,
                     struct smail__listener **listener,
                     struct smail__tls_context *tls, smail_error *err)
{
    const struct smail__endpoint bound = *smail__listener_endpoint(*listener);
    char place[OUTPUT_PLACE_SIZE];
    size_t len = strlen(program->ready);
    int rc = smail__front_add(program->front, *listener, tls, err);

    *listener = NULL;
    if (rc != 0)
        return rc;
    output_place(place, kind, &bound);
    say(program, SMAIL__LOG_INFO, "listening", "at", place);
    smail__format(program->ready + len, sizeof(program->ready) - len, "%s\n",
                  place);
    return 0;
}

static int listen_all(struct program *program, smail_error *err)
{
    struct smail__tls_context *tls = NULL;
    int rc = 0;

    if (program->plain != NULL)
        rc = listen_on(program, "http", &program->plain, NULL, err);
    if (rc != 0 || program->secure == NULL)
        return rc;
    rc = load_tls(&tls, program, err);
    if (rc == 0)
        rc = listen_on(program, "https", &program->secure, tls, err);
    smail__tls_context_free(tls);
    return rc;
}

/* --- Running ------------------------------------------------------------- */

/* As many descriptors as the system lets us have: each client is one. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void our_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

static void reload(struct program *program)
{
    struct smail__tls_context *tls;
    smail_error error = SMAIL_ERROR_INIT;

    if (program->config.web_tls_listen[0] == '\0')
        return;
    if (load_tls(&tls, program, &error) != 0) {
        say(program, SMAIL__LOG_ERROR, "certificate", "reason", error.message);
        return;
    }
    smail__front_set_tls(program->front, tls);
    smail__tls_context_free(tls);
    say(program, SMAIL__LOG_INFO, "certificate", "state", "read anew");
}

static void wait_for_end(struct program *program)
{
    sigset_t set;
    int number;

    our_signals(&set);
    for (;;) {
        if (sigwait(&set, &number) != 0)
            continue;
        if (number != SIGHUP)
            return;
        reload(program);
    }
}

/* A second signal while things are being finished: end at once. */
static void *watch_for_second(void *arg)
{
    struct program *program = arg;
    sigset_t set;
    int number;

    our_signals(&set);
    do
        sigwait(&set, &number);
    while (number == SIGHUP);
    if (program->options.ready_file != NULL)
        unlink(program->options.ready_file);
    _exit(1);
    return NULL;
}

static void stop(struct program *program)
{
    pthread_t second;
    bool has_second =
        pthread_create(&second, NULL, watch_for_second, program) == 0;

    say(program, SMAIL__LOG_INFO, "ending", "state", "finishing");
    smail__front_stop(program->front);
    if (has_second) {
        pthread_cancel(second);
        pthread_join(second, NULL);
    }
}

static int serve(struct program *program, smail_error *err)
{
    int rc = smail__front_start(program->front, err);

    if (rc == 0 && program->options.ready_file != NULL)
        rc = output_ready(program->options.ready_file, program->ready, err);
    if (rc == 0)
        wait_for_end(program);
    if (rc == 0 && program->options.ready_file != NULL)
        unlink(program->options.ready_file);
    stop(program);
    return rc;
}

/* What root alone can do comes first, then root goes; all that opens files or
 * starts threads comes after that. */
static int begin(struct program *program, smail_error *err)
{
    const struct smail__confine_places places = {
        .config = program->options.config,
        .store = smail__config_store(&program->config, program->options.store,
                                     getenv("SMTPMAIL_STORE")),
        .ready_file = program->options.ready_file,
    };
    int rc = bind_all(program, err);

    raise_descriptors();
    if (rc == 0)
        rc = smail__confine_rights(&program->confinement, &program->config,
                                   &places, err);
    if (rc == 0)
        rc = open_app(program, err);
    if (rc == 0)
        rc = server_open(&program->server, &program->app,
                         program->config.web_requests + SPARE_THREADS,
                         routes_handle, err);
    if (rc == 0)
        rc = open_front(program, err);
    if (rc == 0)
        rc = listen_all(program, err);
    if (rc == 0)
        rc = smail__confine_calls(&program->confinement, err);
    return rc;
}

static int run(struct program *program, smail_error *err)
{
    int rc = load(program, err);

    if (rc == 0)
        rc = begin(program, err);
    if (rc == 0) {
        smail__confine_report(&program->confinement, &program->config,
                              &program->log);
        rc = serve(program, err);
    }
    smail__front_free(program->front);
    smail__listener_close(program->plain);
    smail__listener_close(program->secure);
    server_close(program->server);
    if (program->has_app)
        app_close(&program->app);
    smail__config_dispose(&program->config);
    return rc;
}

int main(int argc, char **argv)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    smail_error err = SMAIL_ERROR_INIT;
    struct program program;
    sigset_t set;

    memset(&program, 0, sizeof(program));
    if (options_parse(&program.options, argc, argv, &err) != 0) {
        fprintf(stderr, "webmail: %s\n", err.message);
        return 2;
    }
    if (program.options.help) {
        options_help();
        return 0;
    }
    if (program.options.version) {
        puts("webmail " SMAIL_VERSION);
        return 0;
    }
    /* Before any other thread begins: they all inherit what is blocked. */
    our_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    smail_store_tune_process();
    if (run(&program, &err) != 0) {
        fprintf(stderr, "webmail: %s\n", err.message);
        return 1;
    }
    return 0;
}
