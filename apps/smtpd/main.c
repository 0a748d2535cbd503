/* SPDX-License-Identifier: MIT */
/*
 * smtpd - receives mail, by SMTP, submission and LMTP, into a store.
 *
 * Exit codes: 0 done, 1 failed, 2 the command line makes no sense.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <smtpmail/server.h>
#include <smtpmail/version.h>

#include "base/error.h"
#include "base/span.h"
#include "options.h"
#include "output.h"
#include "ports.h"
#include "server/capture.h"
#include "server/confine.h"
#include "server/routes.h"
#include "server/server.h"
#include "server/service.h"
#include "settings.h"
#include "signals.h"

/* When nothing says where to listen: a port that anybody may bind, and that
 * nobody else can reach. */
#define DEFAULT_LISTEN "smtp:127.0.0.1:2525"

struct program {
    struct options options;
    struct smail__config config;
    struct smail__log log;
    bool log_json;
    char hostname[256];
    smail_store *store;
    struct smail__capture_folder *folder; /* of --capture */
    struct smail__capture *capture;
    smail_routes *routes;
    smail_server *server;
    smail_outbound *outbound; /* NULL: the queue is somebody else's to send */
    struct ports ports;
    struct smail__confinement confinement;
    struct smail__service service;
};

static void say(const struct program *program, enum smail__log_level level,
                const char *event, const char *key, const char *value)
{
    struct smail__log_field field = SMAIL__LOG_TEXT(key, smail__span(value));

    smail__log_write(&program->log, level, event, &field, 1);
}

static void on_store_warning(const char *text, void *user)
{
    say(user, SMAIL__LOG_WARNING, "store", "reason", text);
}

static void on_log(smail_log_level level, const char *line, size_t len,
                   void *user)
{
    (void)level;
    (void)user;
    output_line(line, len);
}

/* --- Settings ------------------------------------------------------------- */

static int set_hostname(struct program *program, smail_error *err)
{
    const char *name = program->options.hostname;

    if (name == NULL && program->config.hostname[0] != '\0')
        name = program->config.hostname;
    if (name == NULL) {
        if (gethostname(program->hostname, sizeof(program->hostname) - 1) != 0)
            return smail__fail(err, SMAIL_EINVAL,
                               "this machine has no name: set hostname in "
                               "[server] or give --hostname");
        return 0;
    }
    if (strlen(name) >= sizeof(program->hostname))
        return smail__fail(err, SMAIL_EINVAL, "the hostname is too long");
    memcpy(program->hostname, name, strlen(name) + 1);
    return 0;
}

/* The file, and what the command line says instead. */
static int load_config(struct smail__config *config,
                       const struct options *options, smail_error *err)
{
    int rc = smail__config_load(config, options->config,
                                options->config != NULL, err);

    if (rc != 0)
        return rc;
    if (options->listens.count > 0)
        config->listens = options->listens;
    if (config->listens.count == 0)
        rc = smail__listen_add(&config->listens, smail__span(DEFAULT_LISTEN),
                               err);
    if (options->log_level != NULL)
        (void)smail__log_level_parse(&config->log_level,
                                     smail__span(options->log_level));
    if (options->log_format != NULL)
        config->log_json = strcmp(options->log_format, "json") == 0;
    return rc;
}

static int load(struct program *program, smail_error *err)
{
    struct smail__config *config = &program->config;
    int rc = load_config(config, &program->options, err);

    if (rc != 0)
        return rc;
    program->log_json = config->log_json;
    output_log(&program->log, config->log_level, &program->log_json);
    return set_hostname(program, err);
}

/* NULL: none is wanted. */
static const char *store_url(const struct program *program)
{
    if (program->options.discard || program->options.capture != NULL)
        return NULL;
    return smail__config_store(&program->config, program->options.store,
                               getenv("SMTPMAIL_STORE"));
}

static int open_store(struct program *program, smail_error *err)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;

    if (store_url(program) == NULL)
        return 0;
    /* A new store has no addresses, so a server over it would turn all mail
     * away for good: a path with a slip in it must not come to that. */
    options.must_exist = true;
    options.keep_removed = program->config.keep_removed;
    options.keep_trash = program->config.keep_trash;
    options.keep_junk = program->config.keep_junk;
    options.keep_logins = program->config.keep_logins;
    options.keep_queue = smail__config_keep_queue(&program->config);
    options.warn = on_store_warning;
    options.user = program;
    return smail_store_open(&program->store, store_url(program), &options, err);
}

/* --- The server ----------------------------------------------------------- */

static int open_capture(struct program *program, smail_policy *policy,
                        smail_error *err)
{
    struct smail__capture_place place;
    int rc = smail__capture_folder_open(&program->folder,
                                        program->options.capture, err);

    if (rc != 0)
        return rc;
    smail__capture_folder_place(&place, program->folder);
    rc = smail__capture_new(&program->capture, &place, err);
    if (rc == 0)
        smail__capture_policy(policy, program->capture);
    return rc;
}

static void set_options(smail_server_options *options,
                        const struct program *program,
                        const struct smail__config *config)
{
    options->hostname = program->hostname;
    options->store = program->store;
    options->routes = program->routes;
    settings_fill(options, config, program->store != NULL);
    options->log_json = program->log_json;
    options->log = on_log;
    options->discard = program->options.discard;
}

static int make_server(struct program *program, smail_error *err)
{
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_policy capture = SMAIL_POLICY_INIT;
    int rc = 0;

    set_options(&options, program, &program->config);
    if (program->options.capture != NULL)
        rc = open_capture(program, &capture, err);
    if (rc == 0)
        rc = smail_server_new(&program->server, &options, &capture, err);
    if (rc == 0 && program->capture != NULL)
        smail__capture_serve(program->capture, program->server);
    return rc;
}

static int make_outbound(struct program *program, smail_error *err)
{
    smail_outbound_options options = SMAIL_OUTBOUND_OPTIONS_INIT;

    if (program->store == NULL || !program->config.queue_send)
        return 0;
    settings_fill_outbound(&options, &program->config);
    options.store = program->store;
    options.hostname = program->hostname;
    options.routes = program->routes;
    options.log_json = program->log_json;
    options.log = on_log;
    return smail_outbound_new(&program->outbound, &options, err);
}

/* On the thread of the signals: it alone has the config by now. */
static void on_reload(void *user)
{
    struct program *program = user;
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__config fresh;
    int rc = load_config(&fresh, &program->options, &err);

    if (rc == 0) {
        set_options(&options, program, &fresh);
        rc = smail_server_reload_with(program->server, &options, &err);
    }
    if (rc != 0) {
        say(program, SMAIL__LOG_ERROR, "reload_failed", "reason", err.message);
        smail__config_dispose(&fresh);
        return;
    }
    settings_compare(&program->log, &program->config, &fresh);
    smail__config_dispose(&program->config);
    program->config = fresh;
}

static int check_listens(struct program *program, smail_error *err)
{
    const struct smail__listens *listens = &program->config.listens;
    struct smail__endpoint endpoint;
    int rc = 0;

    for (size_t i = 0; i < listens->count && rc == 0; i++)
        rc = smail__server_check_listen(&endpoint, program->server,
                                        ports_kind(&listens->items[i]),
                                        listens->items[i].address, err);
    return rc;
}

/* As many descriptors as the system lets us have: each client is one. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void announce(const struct program *program)
{
    const struct ports *ports = &program->ports;
    char place[OUTPUT_PLACE_SIZE];

    for (size_t i = 0; i < ports->count; i++) {
        output_place(place, &ports->items[i], ports->ports[i]);
        say(program, SMAIL__LOG_INFO, "listening", "at", place);
    }
}

static int tell_ready(const struct program *program, smail_error *err)
{
    int rc = 0;

    smail__confine_report(&program->confinement, &program->config,
                          &program->log);
    announce(program);
    if (program->options.ready_file != NULL)
        rc = output_ready(program->options.ready_file, &program->ports, err);
    if (rc == 0)
        smail__service_say(&program->service, "READY=1");
    return rc;
}

static int serve(struct program *program, smail_error *err)
{
    struct signals signals = { .server = program->server,
                               .service = &program->service,
                               .ready_file = program->options.ready_file,
                               .reload = on_reload,
                               .user = program };
    bool is_watching;
    int rc = smail__confine_calls(&program->confinement, err);

    if (rc == 0 && program->outbound != NULL)
        rc = smail_outbound_start(program->outbound, err);
    if (rc == 0)
        rc = tell_ready(program, err);
    if (rc != 0)
        return rc;
    is_watching = signals_watch(&signals) == 0;
    if (!is_watching)
        rc = smail__fail(err, SMAIL_EIO, "no thread for signals");
    if (rc == 0)
        rc = smail_server_run(program->server, err);
    smail_outbound_stop(program->outbound, program->config.grace_time);
    if (program->options.ready_file != NULL)
        unlink(program->options.ready_file);
    if (is_watching)
        signals_ignore(&signals);
    return rc;
}

/* What root alone can do comes first, then root goes; all that opens files or
 * starts threads comes after that. */
static int begin(struct program *program, smail_error *err)
{
    const struct options *options = &program->options;
    const struct smail__confine_places places = { options->config,
                                                  store_url(program),
                                                  options->ready_file,
                                                  options->capture };
    int rc = ports_open(&program->ports, &program->options.listens,
                        &program->config.listens, err);

    raise_descriptors();
    smail__service_open(&program->service);
    if (rc == 0)
        rc = smail__routes_load(&program->routes, &program->config, true, err);
    if (rc == 0)
        rc = smail__confine_rights(&program->confinement, &program->config,
                                   &places, err);
    if (rc == 0)
        rc = open_store(program, err);
    if (rc == 0)
        rc = make_server(program, err);
    if (rc == 0)
        rc = make_outbound(program, err);
    if (rc == 0)
        rc = ports_hand_over(&program->ports, program->server, err);
    return rc == 0 ? serve(program, err) : rc;
}

static int check(struct program *program, smail_error *err)
{
    int rc = open_store(program, err);

    if (rc == 0)
        rc = smail__routes_load(&program->routes, &program->config, true, err);
    if (rc == 0)
        rc = make_server(program, err);
    if (rc == 0)
        rc = make_outbound(program, err);
    if (rc == 0)
        rc = check_listens(program, err);
    if (rc == 0)
        puts("ok");
    return rc;
}

static int run(struct program *program, smail_error *err)
{
    int rc = load(program, err);

    if (rc == 0)
        rc = program->options.check ? check(program, err) : begin(program, err);
    smail_outbound_free(program->outbound);
    smail_server_free(program->server);
    smail_routes_free(program->routes);
    ports_close(&program->ports);
    smail__capture_free(program->capture);
    smail__capture_folder_free(program->folder);
    smail_store_close(program->store);
    smail__config_dispose(&program->config);
    return rc;
}

int main(int argc, char **argv)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct program program;

    memset(&program, 0, sizeof(program));
    if (options_parse(&program.options, argc, argv, &err) != 0) {
        fprintf(stderr, "smtpd: %s\n", err.message);
        return 2;
    }
    if (program.options.help) {
        options_help();
        return 0;
    }
    if (program.options.version) {
        puts("smtpd " SMAIL_VERSION);
        return 0;
    }
    signals_block();
    smail_store_tune_process();
    if (run(&program, &err) != 0) {
        fprintf(stderr, "smtpd: %s\n", err.message);
        return 1;
    }
    return 0;
}
