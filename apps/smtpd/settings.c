/* SPDX-License-Identifier: MIT */
/* settings.c - what the file says, as the server wants it. */
#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "base/span.h"

/* These a server that runs cannot change; NULL: none of the section. */
static const char *const fixed[][2] = {
    { "server", "hostname" },   { "server", "listen" },
    { "server", "loops" },      { "store", NULL },
    { "log", "format" },        { "limits", "hash-workers" },
    { "limits", "hash-queue" }, { "resolver", NULL },
    { "process", NULL },        { "queue", NULL },
};

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

void settings_fill(smail_server_options *options,
                   const struct smail__config *config, bool has_store)
{
    options->threads = config->loops;
    options->login_threads = config->hash_workers;
    options->login_queue = config->hash_queue;
    options->certificate = or_null(config->certificate);
    options->key = or_null(config->key);
    options->normalize_line_ends = config->normalize_line_ends;
    options->max_message_size = config->message_size;
    options->max_recipients = config->recipients;
    options->max_errors = config->errors;
    options->max_connections = config->connections;
    options->max_connections_per_address = config->connections_per_address;
    options->max_connections_per_network = config->connections_per_network;
    options->max_connections_per_minute = config->connections_per_minute;
    options->max_messages_per_minute = config->messages_per_minute;
    options->max_messages_per_hour = config->messages_per_hour;
    options->max_recipients_per_hour = config->recipients_per_hour;
    options->max_messages_per_day = config->messages_per_day;
    options->max_recipients_per_day = config->recipients_per_day;
    options->max_login_failures = config->auth_failures;
    options->max_login_failures_per_address = config->auth_failures_per_address;
    options->login_ban = config->auth_ban_time;
    options->client_authorities = or_null(config->client_authorities);
    options->app_password_tokens = config->app_password_tokens;
    options->max_command_line = config->command_line;
    options->max_text_line = config->text_line;
    options->max_auth_line = config->auth_line;
    options->max_commands = config->commands;
    options->max_mails = config->mails;
    options->idle_timeout = config->idle_timeout;
    options->command_timeout = config->command_time;
    options->data_timeout = config->data_time;
    options->session_timeout = config->session_time;
    options->handshake_timeout = config->handshake_time;
    options->grace = config->grace_time;
    options->exempt = config->exempt;
    options->log_level = public_level(config->log_level);
    options->queue_warn = config->queue_warn;
    options->queue_expire = config->queue_expire;
    if (has_store)
        set_dns(options, config);
}

void settings_fill_outbound(smail_outbound_options *options,
                            const struct smail__config *config)
{
    options->sessions = config->queue_sessions;
    options->connections = config->queue_connections;
    options->retry_min = config->queue_retry_min;
    options->retry_max = config->queue_retry_max;
    options->down_time = config->queue_down_time;
    options->connect_timeout = config->queue_connect_time;
    options->allow_private = config->queue_private;
    options->mx_port = (uint16_t)config->queue_port;
    options->no_dane = !config->queue_dane;
    options->no_sts = !config->queue_sts;
    options->sts_port = (uint16_t)config->queue_sts_port;
    options->authorities = or_null(config->queue_authorities);
    options->name_servers = or_null(config->resolver_server);
    options->zone_file = or_null(config->resolver_zone_file);
    options->trust_anchor = or_null(config->resolver_anchor);
    options->dns_timeout = config->resolver_timeout;
    options->log_level = public_level(config->log_level);
}

static bool is_fixed(const struct smail__config_key *key)
{
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcmp(key->section, fixed[i][0]) == 0 &&
            (fixed[i][1] == NULL || strcmp(key->name, fixed[i][1]) == 0))
            return true;
    }
    return false;
}

static void tell(const struct smail__log *log, enum smail__log_level level,
                 const char *event, const char *name)
{
    struct smail__log_field field;

    field = (struct smail__log_field)SMAIL__LOG_TEXT("key", smail__span(name));
    smail__log_write(log, level, event, &field, 1);
}

void settings_compare(const struct smail__log *log,
                      const struct smail__config *old,
                      const struct smail__config *fresh)
{
    const char *route = smail__config_other_route(old, fresh);
    struct smail__config_key key;
    char name[SMAIL__CONFIG_ROUTE_NAME_MAX + 80];

    for (size_t i = 0; smail__config_key(&key, i); i++) {
        if (strcmp(key.section, "web") == 0 ||
            smail__config_same(old, fresh, i))
            continue;
        snprintf(name, sizeof(name), "[%s] %s", key.section, key.name);
        if (is_fixed(&key))
            tell(log, SMAIL__LOG_WARNING, "restart_needed", name);
        else
            tell(log, SMAIL__LOG_INFO, "changed", name);
    }
    if (route != NULL) {
        snprintf(name, sizeof(name), "[route %s]", route);
        tell(log, SMAIL__LOG_WARNING, "restart_needed", name);
    }
}
