/* SPDX-License-Identifier: MIT */
/* server/options.c - what the caller wants, checked and completed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "server/server.h"
#include "smtp/address.h"

#define DEFAULT_THREADS_MAX 4
#define DEFAULT_EXEMPT "127.0.0.0/8 ::1"

static void set_default(uint32_t *option, uint32_t value)
{
    if (*option == 0)
        *option = value;
}

static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    /* Half of them: the other half commits, syncs and indexes. */
    count /= 2;
    if (count < 1)
        return 1;
    return count < DEFAULT_THREADS_MAX ? (unsigned)count : DEFAULT_THREADS_MAX;
}

static void complete(smail_server_options *options)
{
    if (options->threads == 0)
        options->threads = processors();
    if (options->threads > SMAIL__SHARDS_MAX)
        options->threads = SMAIL__SHARDS_MAX;
    set_default(&options->login_threads, 2);
    set_default(&options->login_queue, 64);
    if (options->max_message_size == 0)
        options->max_message_size = UINT64_C(32) * 1024 * 1024;
    set_default(&options->max_recipients, 100);
    set_default(&options->max_errors, 20);
    set_default(&options->max_connections, 2000);
    set_default(&options->max_connections_per_address, 50);
    set_default(&options->max_connections_per_network, 200);
    set_default(&options->max_connections_per_minute, 240);
    set_default(&options->max_messages_per_minute, 600);
    set_default(&options->max_messages_per_hour, 500);
    set_default(&options->max_recipients_per_hour, 2000);
    set_default(&options->max_messages_per_day, 1000);
    set_default(&options->max_recipients_per_day, 2000);
    set_default(&options->max_login_failures, 3);
    set_default(&options->max_login_failures_per_address, 20);
    set_default(&options->login_ban, 900);
    set_default(&options->idle_timeout, 300); /* RFC 5321, 4.5.3.2.7 */
    set_default(&options->command_timeout, 300);
    set_default(&options->data_timeout, 180); /* RFC 5321, 4.5.3.2.5 */
    set_default(&options->session_timeout, 3600);
    set_default(&options->handshake_timeout, 30);
    set_default(&options->grace, 30);
    set_default(&options->dns_wait, 5);
    set_default(&options->block_score, 1);
    if (options->exempt == NULL)
        options->exempt = DEFAULT_EXEMPT;
    if (options->proxy_networks == NULL)
        options->proxy_networks = "";
    if (options->xclient_networks == NULL)
        options->xclient_networks = "";
    if (options->log_level == 0)
        options->log_level = SMAIL_LOG_INFO;
}

static int check(const smail_server_options *options, smail_error *err)
{
    if (options->hostname == NULL || options->hostname[0] == '\0')
        return smail__fail(err, SMAIL_EINVAL, "a server needs a hostname");
    if (!smail__address_is_helo(smail__span(options->hostname)))
        return smail__fail(err, SMAIL_EINVAL,
                           "hostname '%s' is not a domain name",
                           options->hostname);
    if (options->max_command_line > 0 && options->max_command_line < 512)
        return smail__fail(err, SMAIL_EINVAL,
                           "command lines have 512 octets at least");
    if (options->max_text_line > 0 && options->max_text_line < 1000)
        return smail__fail(err, SMAIL_EINVAL,
                           "lines of content have 1000 octets at least");
    if ((options->certificate == NULL) != (options->key == NULL))
        return smail__fail(
            err, SMAIL_EINVAL, "certificate and key go together: %s is missing",
            options->key == NULL ? "the key" : "the certificate");
    return 0;
}

/* Each string of the options, copied into one block. */
static int copy_strings(struct smail__settings *settings)
{
    const char **strings[] = { &settings->options.hostname,
                               &settings->options.certificate,
                               &settings->options.key,
                               &settings->options.exempt,
                               &settings->options.block_lists,
                               &settings->options.name_servers,
                               &settings->options.zone_file,
                               &settings->options.trust_anchor,
                               &settings->options.client_authorities,
                               &settings->options.proxy_networks,
                               &settings->options.xclient_networks };
    size_t total = 0, at = 0;

    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        total += *strings[i] != NULL ? strlen(*strings[i]) + 1 : 0;
    settings->strings = malloc(total);
    if (settings->strings == NULL)
        return SMAIL_ENOMEM;
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if (*strings[i] == NULL)
            continue;

        size_t len = strlen(*strings[i]) + 1;

        memcpy(settings->strings + at, *strings[i], len);
        *strings[i] = settings->strings + at;
        at += len;
    }
    return 0;
}

/* The same certificate with the question for the client's, for submission. */
static int load_asking(struct smail__settings *settings, smail_error *err)
{
    const smail_server_options *options = &settings->options;
    int rc = smail__tls_server_new(&settings->tls_asking, options->certificate,
                                   options->key, err);

    return rc == 0 ? smail__tls_server_ask(settings->tls_asking,
                                           options->client_authorities, err)
                   : rc;
}

static int set(struct smail__settings *settings,
               const smail_server_options *options, smail_error *err)
{
    smail_server_options *ours = &settings->options;
    int rc;

    if (options->size == 0)
        return smail__fail(err, SMAIL_EINVAL, "options without their size");
    memcpy(ours, options,
           options->size < sizeof(*ours) ? options->size : sizeof(*ours));
    ours->size = sizeof(*ours);
    complete(ours);
    rc = check(ours, err);
    if (rc == 0)
        rc = smail__endpoint_check(ours->exempt, err);
    if (rc == 0)
        rc = smail__endpoint_check(ours->proxy_networks, err);
    if (rc == 0)
        rc = smail__endpoint_check(ours->xclient_networks, err);
    if (rc == 0 && copy_strings(settings) != 0)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory for a server");
    if (rc == 0 && ours->block_lists != NULL)
        rc = smail__block_lists_parse(&settings->lists, ours->block_lists, err);
    if (rc == 0 && ours->certificate != NULL)
        rc = smail__tls_server_new(&settings->tls, ours->certificate, ours->key,
                                   err);
    if (rc == 0 && ours->certificate != NULL &&
        ours->client_authorities != NULL)
        rc = load_asking(settings, err);
    return rc;
}

int smail__settings_new(struct smail__settings **out,
                        const smail_server_options *options, smail_error *err)
{
    struct smail__settings *settings = calloc(1, sizeof(*settings));
    int rc;

    if (settings == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a server");
    atomic_init(&settings->holders, 1);
    rc = set(settings, options, err);
    if (rc != 0) {
        smail__settings_free(settings);
        return rc;
    }
    *out = settings;
    return 0;
}

void smail__settings_free(struct smail__settings *settings)
{
    if (settings == NULL || atomic_fetch_sub(&settings->holders, 1) > 1)
        return;
    smail__tls_context_free(settings->tls);
    smail__tls_context_free(settings->tls_asking);
    free(settings->strings);
    free(settings);
}

struct smail__settings *smail__server_settings(smail_server *server)
{
    struct smail__settings *settings;

    pthread_mutex_lock(&server->settings_lock);
    settings = server->settings;
    atomic_fetch_add(&settings->holders, 1);
    pthread_mutex_unlock(&server->settings_lock);
    return settings;
}
