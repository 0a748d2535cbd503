/* SPDX-License-Identifier: MIT */
/*
 * server/server.c - ports on one thread, the caller's; dialogues on others.
 */
#include "server/server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "account/remember.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "server/pace.h"
#include "server/relay.h"

#define LOGIN_NICE 5 /* a flood of passwords must not slow the mail down */
#define LOOKUP_QUEUE 1024
#define EXHAUSTED_SECONDS 10

/* --- Accepting ------------------------------------------------------------ */

/* `words` may be NULL. */
static void turn_away(struct smail__port *port, int fd,
                      const struct smail__endpoint *peer, const char *why,
                      const char *words)
{
    char text[SMAIL__ADDRESS_TEXT], line[128];

    smail__format(line, sizeof(line), "421 4.7.0 %s\r\n",
                  words != NULL ? words
                                : "Too many connections, try again later");
    /* Under implicit TLS these words would be taken for garbage. */
    if (port->kind != SMAIL_LISTENER_SUBMISSIONS)
        (void)!send(fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
    smail__endpoint_text(text, peer);
    smail__report_plain(port->server, SMAIL__LOG_WARNING, why, "peer", text);
}

static bool is_submission(smail_listener_kind kind)
{
    return kind == SMAIL_LISTENER_SUBMISSION ||
           kind == SMAIL_LISTENER_SUBMISSIONS;
}

/* A proxy is not its clients: they are counted when it has named them. */
static bool comes_too_often(struct smail__port *port, int fd,
                            const struct smail__endpoint *peer)
{
    struct smail__settings *settings = smail__server_settings(port->server);
    char when[SMAIL__WAIT_WORDS], words[100];
    uint32_t wait = 0;

    if (!smail__endpoint_in(peer, settings->options.proxy_networks))
        wait = smail__pace_connection(port->server, settings, port->kind, peer);
    smail__settings_free(settings);
    if (wait == 0)
        return false;
    smail__wait_words(when, wait);
    smail__format(words, sizeof(words),
                  "Too many connections from your address in a minute, try "
                  "again %s",
                  when);
    turn_away(port, fd, peer, "too_many_connections_in_a_minute", words);
    return true;
}

static void on_accepted(void *user, int fd, const struct smail__endpoint *peer)
{
    struct smail__port *port = user;
    smail_server *server = port->server;

    if (is_submission(port->kind) &&
        smail__guard_is_banned(server->guard, peer, (int64_t)time(NULL))) {
        turn_away(port, fd, peer, "address_is_banned",
                  "Too many failed logins from your address, try again later");
        return;
    }
    if (comes_too_often(port, fd, peer))
        return;
    switch (smail__limits_enter(server->limits, peer)) {
    case 0:
        break;
    case SMAIL_EBUSY:
        turn_away(port, fd, peer, "too_many_connections_from_address", NULL);
        return;
    case SMAIL_EQUOTA:
        turn_away(port, fd, peer, "too_many_connections_from_network", NULL);
        return;
    default:
        turn_away(port, fd, peer, "too_many_connections", NULL);
        return;
    }
    smail__shard_take(&server->shards[server->next_shard], port, fd, peer);
    server->next_shard = (server->next_shard + 1) % server->shard_count;
}

static void on_exhausted(void *user, int os)
{
    struct smail__port *port = user;
    int64_t now = (int64_t)time(NULL);

    (void)os;
    if (now - port->server->exhausted_at < EXHAUSTED_SECONDS)
        return;
    port->server->exhausted_at = now;
    smail__report_plain(port->server, SMAIL__LOG_ERROR, "no_descriptors",
                        "reason",
                        "a connection was turned away: raise the limit of "
                        "open files (ulimit -n)");
}

static const struct smail__listener_handler listener_handler = {
    .accepted = on_accepted,
    .exhausted = on_exhausted,
};

/* --- Stopping ------------------------------------------------------------- */

static void begin_stop(smail_server *server)
{
    server->is_stopping = true;
    smail__report_plain(server, SMAIL__LOG_INFO, "stopping", NULL, NULL);
    for (size_t i = 0; i < server->port_count; i++) {
        smail__listener_close(server->ports[i].listener);
        server->ports[i].listener = NULL;
    }
    for (unsigned i = 0; i < server->shard_count; i++)
        smail__loop_post(server->shards[i].loop, &server->shards[i].drain);
}

/* The acceptor answers by asking all others. */
static void ask_for_beats(smail_server *server)
{
    int wanted = -1;

    if (!atomic_compare_exchange_strong(&server->beats, &wanted,
                                        (int)server->shard_count))
        return;
    for (unsigned i = 0; i < server->shard_count; i++)
        smail__loop_post(server->shards[i].loop, &server->shards[i].beat);
}

bool smail__server_beat(smail_server *server)
{
    int none = 0;

    if (!atomic_compare_exchange_strong(&server->beats, &none, -1))
        return false;
    smail__loop_wake(server->acceptor);
    return true;
}

static void on_woken(void *user)
{
    smail_server *server = user;

    ask_for_beats(server);

    if (atomic_exchange(&server->reload_wanted, false))
        smail__server_reread(server);
    if (atomic_load(&server->stop_wanted) && !server->is_stopping)
        begin_stop(server);
}

void smail__server_shard_done(struct smail__task *task)
{
    struct smail__shard *shard =
        (struct smail__shard *)((char *)task -
                                offsetof(struct smail__shard, done));
    smail_server *server = shard->server;

    if (++server->shards_done == server->shard_count)
        smail__loop_stop(server->acceptor);
}

void smail_server_stop(smail_server *server)
{
    atomic_store(&server->stop_wanted, true);
    smail__loop_wake(server->acceptor);
}

void smail_server_reload(smail_server *server)
{
    atomic_store(&server->reload_wanted, true);
    smail__loop_wake(server->acceptor);
}

/* --- Life ----------------------------------------------------------------- */

static void set_policy(smail_server *server, const smail_policy *policy)
{
    size_t size = policy->size < sizeof(server->policy)
                      ? policy->size
                      : sizeof(server->policy);

    memcpy(&server->policy, policy, size);
}

static int open_resolver(smail_server *server, smail_error *err)
{
    const smail_server_options *ours = &server->options;
    struct smail__resolver_options options = {
        .zone_file = ours->zone_file,
        .server = ours->name_servers,
        .trust_anchor = ours->trust_anchor,
        .patience = ours->dns_timeout * 1000,
    };

    if (!ours->reverse_dns && server->first->lists.count == 0)
        return 0;
    server->looks_up_loopback =
        ours->zone_file != NULL || ours->name_servers != NULL;
    return smail__resolver_new(&server->resolver, &options, err);
}

static int set_up(smail_server *server, smail_error *err)
{
    const smail_server_options *options = &server->options;
    const struct smail__limits_set set = { options->max_connections,
                                           options->max_connections_per_address,
                                           options->max_connections_per_network,
                                           options->exempt };
    int rc = smail__limits_new(&server->limits, &set, err);

    if (rc == 0)
        rc = smail__rate_new(&server->rate, err);
    if (rc == 0)
        rc = smail__guard_new(&server->guard,
                              options->max_login_failures_per_address,
                              options->login_ban, options->exempt, err);
    if (rc == 0)
        rc = smail__loop_new(&server->acceptor, err);
    if (rc == 0)
        rc = open_resolver(server, err);
    if (rc == 0)
        rc = smail__relay_open(server, err);
    if (rc == 0)
        smail__server_warn_of_dates(server, server->first);
    return rc;
}

int smail_server_new(smail_server **out, const smail_server_options *options,
                     const smail_policy *policy, smail_error *err)
{
    smail_server *server = calloc(1, sizeof(*server));
    int rc;

    if (server == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a server");
    pthread_mutex_init(&server->settings_lock, NULL);
    atomic_init(&server->stop_wanted, false);
    atomic_init(&server->reload_wanted, false);
    atomic_init(&server->beats, 0);
    if (policy != NULL)
        set_policy(server, policy);
    rc = smail__settings_new(&server->first, options, err);
    if (rc == 0) {
        server->settings = server->first;
        atomic_fetch_add(&server->first->holders, 1);
        server->options = server->first->options;
        server->log.level = SMAIL__LOG_DEBUG;
        smail__server_set_log_level(server, server->options.log_level);
        server->log.user = server;
        if (server->options.log != NULL)
            server->log.write = smail__report_write;
        rc = set_up(server, err);
    }
    if (rc != 0) {
        smail_server_free(server);
        return rc;
    }
    *out = server;
    return 0;
}

void smail_server_free(smail_server *server)
{
    if (server == NULL)
        return;
    for (size_t i = 0; i < server->port_count; i++)
        smail__listener_close(server->ports[i].listener);
    smail__loop_free(server->acceptor);
    smail__resolver_free(server->resolver);
    smail__limits_free(server->limits);
    smail__rate_free(server->rate);
    smail__guard_free(server->guard);
    pthread_mutex_destroy(&server->settings_lock);
    smail__settings_free(server->settings);
    smail__settings_free(server->first);
    free(server);
}

static bool wants_tls(const smail_server *server, smail_listener_kind kind)
{
    return kind == SMAIL_LISTENER_SUBMISSIONS ||
           (kind == SMAIL_LISTENER_SUBMISSION &&
            !server->options.auth_without_tls);
}

static int no_certificate(const char *address, smail_error *err)
{
    return smail__fail(err, SMAIL_EINVAL,
                       "submission on %s wants a certificate, as passwords "
                       "are only taken under TLS: set certificate and key in "
                       "[tls]",
                       address);
}

const char *smail__server_path(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

int smail__server_check_listen(struct smail__endpoint *out,
                               const smail_server *server,
                               smail_listener_kind kind, const char *address,
                               smail_error *err)
{
    if (wants_tls(server, kind) && server->first->tls == NULL)
        return no_certificate(address, err);
    if (smail__server_path(address) != NULL) {
        if (kind == SMAIL_LISTENER_LMTP)
            return 0;
        return smail__fail(err, SMAIL_EINVAL,
                           "%s: only LMTP is spoken on a socket of the file "
                           "system",
                           address);
    }
    return smail__endpoint_parse(out, smail__span(address), err);
}

static int add_port(uint16_t *port, smail_server *server,
                    smail_listener_kind kind, struct smail__listener *listener,
                    smail_error *err)
{
    struct smail__port *place = &server->ports[server->port_count];

    if (server->port_count == SMAIL__LISTENERS_MAX) {
        smail__listener_close(listener);
        return smail__fail(err, SMAIL_ELIMIT, "more than %d listeners",
                           SMAIL__LISTENERS_MAX);
    }
    *place = (struct smail__port){ server, kind, listener };
    if (port != NULL)
        *port = smail__listener_endpoint(listener)->port;
    server->port_count++;
    return 0;
}

int smail__server_add(uint16_t *port, smail_server *server,
                      smail_listener_kind kind,
                      struct smail__listener *listener, smail_error *err)
{
    char text[SMAIL__ADDRESS_TEXT];

    smail__endpoint_text(text, smail__listener_endpoint(listener));
    if (wants_tls(server, kind) && server->first->tls == NULL) {
        smail__listener_close(listener);
        return no_certificate(text, err);
    }
    return add_port(port, server, kind, listener, err);
}

int smail_server_listen(uint16_t *port, smail_server *server,
                        smail_listener_kind kind, const char *address,
                        smail_error *err)
{
    struct smail__listener *listener = NULL;
    struct smail__endpoint endpoint;
    const char *path = smail__server_path(address);
    int rc = smail__server_check_listen(&endpoint, server, kind, address, err);

    if (rc == 0 && path != NULL)
        rc = smail__listener_open_path(&listener, path, err);
    else if (rc == 0)
        rc = smail__listener_open(&listener, &endpoint, err);
    return rc == 0 ? add_port(port, server, kind, listener, err) : rc;
}

int smail_server_listen_fd(uint16_t *port, smail_server *server,
                           smail_listener_kind kind, int fd, smail_error *err)
{
    struct smail__listener *listener = NULL;
    int rc = smail__listener_adopt(&listener, fd, err);

    return rc == 0 ? smail__server_add(port, server, kind, listener, err) : rc;
}

static int start(smail_server *server, smail_error *err)
{
    const smail_server_options *options = &server->options;
    int rc = 0;

    if (options->store != NULL)
        rc = smail__workers_new(&server->login, options->login_threads,
                                options->login_queue, LOGIN_NICE, err);
    if (rc == 0 && options->store != NULL)
        rc = smail__workers_new(&server->lookup, 1, LOOKUP_QUEUE, 0, err);
    if (rc == 0 && options->store != NULL)
        rc = smail__remember_new(&server->remember, options->store, err);
    while (rc == 0 && server->shard_count < options->threads) {
        rc = smail__shard_open(&server->shards[server->shard_count], server,
                               server->shard_count, err);
        if (rc == 0)
            server->shard_count++;
    }
    for (size_t i = 0; rc == 0 && i < server->port_count; i++)
        rc = smail__listener_start(server->ports[i].listener, server->acceptor,
                                   &listener_handler, &server->ports[i], err);
    return rc;
}

int smail_server_run(smail_server *server, smail_error *err)
{
    int rc;

    if (server->shard_count > 0)
        return smail__fail(err, SMAIL_ESTATE, "a server runs once");
    smail__loop_on_wake(server->acceptor, on_woken, server);
    rc = start(server, err);
    if (rc == 0) {
        /* stop() may have come before there was anybody to hear it. */
        smail__loop_wake(server->acceptor);
        smail__loop_run(server->acceptor);
    }
    for (unsigned i = 0; i < server->shard_count; i++)
        smail__shard_close(&server->shards[i]);
    smail__workers_free(server->login);
    smail__workers_free(server->lookup);
    smail__remember_free(server->remember);
    server->login = server->lookup = NULL;
    server->remember = NULL;
    return rc;
}
