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
#include "server/server.h"
#include "server/service.h"
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
    smail_server *server;
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

static int load(struct program *program, smail_error *err)
{
    struct options *options = &program->options;
    struct smail__config *config = &program->config;
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
    program->log_json = options->log_format != NULL
                            ? strcmp(options->log_format, "json") == 0
                            : config->log_json;
    output_log(&program->log, config->log_level, &program->log_json);
    return rc == 0 ? set_hostname(program, err) : rc;
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
    options.warn = on_store_warning;
    options.user = program;
    return smail_store_open(&program->store, store_url(program), &options, err);
}

/* --- The server ----------------------------------------------------------- */

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static smail_log_level public_level(enum smail__log_level level)
{
    static const smail_log_level levels[] = {
        [SMAIL__LOG_ERROR] = SMAIL_LOG_ERROR,
        [SMAIL__LOG_WARNING] = SMAIL_LOG_WARNING,
        [SMAIL__LOG_INFO] = SMAIL_LOG_INFO,
        [SMAIL__LOG_DEBUG] = SMAIL_LOG_DEBUG,
    };

    return levels[level];
}

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

static void set_dns(smail_server_options *options,
                    const struct smail__config *config)
{
    options->proxy_networks = or_null(config->network_proxy);
    options->xclient_networks = or_null(config->network_xclient);
    options->reverse_dns = config->dns_reverse;
    options->block_lists = or_null(config->dns_lists);
    options->block_score = config->dns_lists_score;
    options->block_record_only = config->dns_lists_record;
    options->dns_wait = config->dns_wait;
    options->dns_timeout = config->resolver_timeout;
    options->name_servers = or_null(config->resolver_server);
    options->zone_file = or_null(config->resolver_zone_file);
    options->trust_anchor = or_null(config->resolver_anchor);
}

static int make_server(struct program *program, smail_error *err)
{
    const struct smail__config *config = &program->config;
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_policy capture = SMAIL_POLICY_INIT;
    int rc = 0;

    options.hostname = program->hostname;
    options.store = program->store;
    options.threads = config->loops;
    options.login_threads = config->hash_workers;
    options.login_queue = config->hash_queue;
    options.certificate = or_null(config->certificate);
    options.key = or_null(config->key);
    options.normalize_line_ends = config->normalize_line_ends;
    options.max_message_size = config->message_size;
    options.max_recipients = config->recipients;
    options.max_errors = config->errors;
    options.max_connections = config->connections;
    options.max_connections_per_address = config->connections_per_address;
    options.max_connections_per_network = config->connections_per_network;
    options.max_connections_per_minute = config->connections_per_minute;
    options.max_messages_per_minute = config->messages_per_minute;
    options.max_messages_per_hour = config->messages_per_hour;
    options.max_recipients_per_hour = config->recipients_per_hour;
    options.max_login_failures = config->auth_failures;
    options.max_login_failures_per_address = config->auth_failures_per_address;
    options.login_ban = config->auth_ban_time;
    options.client_authorities = or_null(config->client_authorities);
    options.app_password_tokens = config->app_password_tokens;
    options.max_command_line = config->command_line;
    options.max_text_line = config->text_line;
    options.max_auth_line = config->auth_line;
    options.max_commands = config->commands;
    options.max_mails = config->mails;
    options.idle_timeout = config->idle_timeout;
    options.command_timeout = config->command_time;
    options.data_timeout = config->data_time;
    options.session_timeout = config->session_time;
    options.handshake_timeout = config->handshake_time;
    options.grace = config->grace_time;
    options.exempt = config->exempt;
    options.log_level = public_level(config->log_level);
    options.log_json = program->log_json;
    options.log = on_log;
    options.discard = program->options.discard;
    if (program->store != NULL)
        set_dns(&options, config);
    if (program->options.capture != NULL)
        rc = open_capture(program, &capture, err);
    if (rc == 0)
        rc = smail_server_new(&program->server, &options, &capture, err);
    if (rc == 0 && program->capture != NULL)
        smail__capture_serve(program->capture, program->server);
    return rc;
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
    struct signals signals = { program->server, &program->service,
                               program->options.ready_file, 0 };
    int rc = smail__confine_calls(&program->confinement, err);

    if (rc != 0)
        return rc;
    if (signals_watch(&signals) != 0)
        return smail__fail(err, SMAIL_EIO, "no thread for signals");
    rc = tell_ready(program, err);
    if (rc == 0)
        rc = smail_server_run(program->server, err);
    if (program->options.ready_file != NULL)
        unlink(program->options.ready_file);
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
        rc = smail__confine_rights(&program->confinement, &program->config,
                                   &places, err);
    if (rc == 0)
        rc = open_store(program, err);
    if (rc == 0)
        rc = make_server(program, err);
    if (rc == 0)
        rc = ports_hand_over(&program->ports, program->server, err);
    return rc == 0 ? serve(program, err) : rc;
}

static int check(struct program *program, smail_error *err)
{
    int rc = open_store(program, err);

    if (rc == 0)
        rc = make_server(program, err);
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
    smail_server_free(program->server);
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
