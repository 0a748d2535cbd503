/* SPDX-License-Identifier: MIT */
/*
 * server/reload.c - other settings while a server runs.
 *
 * They are made whole beside those of now, certificates and all, and then put
 * in their place: a fault in any changes nothing. A client keeps those that it
 * came under; what is counted for all clients together changes at once.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/format.h"
#include "server/server.h"

#define WARN_SECONDS (14 * 24 * 3600) /* before a certificate expires */

void smail__server_warn_of_dates(const smail_server *server,
                                 const struct smail__settings *settings)
{
    int64_t now = (int64_t)time(NULL), end;
    const char *what = NULL;
    char text[400];

    if (settings->tls == NULL)
        return;
    end = smail__tls_context_not_after(settings->tls);
    if (smail__tls_context_not_before(settings->tls) > now)
        what = "is not valid yet";
    else if (end < now)
        what = "has expired";
    else if (end - now < WARN_SECONDS)
        what = "expires in less than two weeks";
    if (what == NULL)
        return;
    smail__format(text, sizeof(text), "certificate '%s' %s",
                  settings->options.certificate, what);
    smail__report_plain(server, SMAIL__LOG_WARNING, "certificate", "reason",
                        text);
}

void smail__server_set_log_level(smail_server *server, smail_log_level level)
{
    static const enum smail__log_level levels[] = {
        [SMAIL_LOG_ERROR] = SMAIL__LOG_ERROR,
        [SMAIL_LOG_WARNING] = SMAIL__LOG_WARNING,
        [SMAIL_LOG_INFO] = SMAIL__LOG_INFO,
        [SMAIL_LOG_DEBUG] = SMAIL__LOG_DEBUG,
    };

    atomic_store(&server->log_level, (int)levels[level]);
}

/* What all clients share. */
static int change_tables(smail_server *server,
                         const smail_server_options *options, smail_error *err)
{
    const struct smail__limits_set set = { options->max_connections,
                                           options->max_connections_per_address,
                                           options->max_connections_per_network,
                                           options->exempt };
    int rc = smail__guard_change(server->guard,
                                 options->max_login_failures_per_address,
                                 options->login_ban, options->exempt, err);

    return rc == 0 ? smail__limits_change(server->limits, &set, err) : rc;
}

static void report(smail_server *server, const struct smail__settings *settings)
{
    const smail_server_options *options = &settings->options;

    smail__server_warn_of_dates(server, settings);
    if (server->resolver == NULL &&
        (options->reverse_dns || settings->lists.count > 0))
        smail__report_plain(server, SMAIL__LOG_WARNING, "restart_needed",
                            "reason", "nothing was looked up in DNS so far");
    smail__report_plain(server, SMAIL__LOG_INFO, "reloaded",
                        options->certificate != NULL ? "certificate" : NULL,
                        options->certificate);
}

static int check_change(const smail_server *server,
                        const struct smail__settings *fresh, smail_error *err)
{
    if (server->first->tls != NULL && fresh->tls == NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "a server that runs with a certificate cannot go "
                           "on without one");
    return 0;
}

static int change(smail_server *server, const smail_server_options *options,
                  smail_error *err)
{
    smail_server_options wanted = SMAIL_SERVER_OPTIONS_INIT;
    struct smail__settings *fresh = NULL, *old;
    int rc;

    if (options->size == 0)
        return smail__fail(err, SMAIL_EINVAL, "options without their size");
    memcpy(&wanted, options,
           options->size < sizeof(wanted) ? options->size : sizeof(wanted));
    wanted.size = sizeof(wanted);
    wanted.hostname = server->options.hostname;
    rc = smail__settings_new(&fresh, &wanted, err);
    if (rc == 0)
        rc = check_change(server, fresh, err);
    if (rc == 0)
        rc = change_tables(server, &fresh->options, err);
    if (rc != 0) {
        smail__settings_free(fresh);
        return rc;
    }
    smail__server_set_log_level(server, fresh->options.log_level);
    atomic_fetch_add(&fresh->holders, 1); /* for the report */
    pthread_mutex_lock(&server->settings_lock);
    old = server->settings;
    server->settings = fresh;
    pthread_mutex_unlock(&server->settings_lock);
    smail__settings_free(old);
    report(server, fresh);
    smail__settings_free(fresh);
    return 0;
}

void smail__server_reread(smail_server *server)
{
    struct smail__settings *now = smail__server_settings(server);
    smail_error err = SMAIL_ERROR_INIT;

    if (now->tls != NULL && change(server, &now->options, &err) != 0)
        smail__report_plain(server, SMAIL__LOG_ERROR, "reload_failed", "reason",
                            err.message);
    smail__settings_free(now);
}

int smail_server_reload_with(smail_server *server,
                             const smail_server_options *options,
                             smail_error *err)
{
    return change(server, options, err);
}
