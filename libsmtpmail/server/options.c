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
static int copy_strings(smail_server *server)
{
    const char **strings[] = { &server->options.hostname,
                               &server->options.certificate,
                               &server->options.key,
                               &server->options.exempt,
                               &server->options.block_lists,
                               &server->options.name_servers,
                               &server->options.zone_file,
                               &server->options.trust_anchor,
                               &server->options.client_authorities,
                               &server->options.proxy_networks,
                               &server->options.xclient_networks };
    size_t total = 0, at = 0;

    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        total += *strings[i] != NULL ? strlen(*strings[i]) + 1 : 0;
    server->strings = malloc(total);
    if (server->strings == NULL)
        return SMAIL_ENOMEM;
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if (*strings[i] == NULL)
            continue;

        size_t len = strlen(*strings[i]) + 1;

        memcpy(server->strings + at, *strings[i], len);
        *strings[i] = server->strings + at;
        at += len;
    }
    return 0;
}

int smail__server_set_options(smail_server *server,
                              const smail_server_options *options,
                              smail_error *err)
{
    size_t size = options->size < sizeof(server->options)
                      ? options->size
                      : sizeof(server->options);
    int rc;

    if (options->size == 0)
        return smail__fail(err, SMAIL_EINVAL, "options without their size");
    memcpy(&server->options, options, size);
    server->options.size = sizeof(server->options);
    complete(&server->options);
    rc = check(&server->options, err);
    if (rc == 0)
        rc = smail__endpoint_check(server->options.proxy_networks, err);
    if (rc == 0)
        rc = smail__endpoint_check(server->options.xclient_networks, err);
    if (rc == 0 && copy_strings(server) != 0)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory for a server");
    if (rc == 0 && server->options.block_lists != NULL)
        rc = smail__block_lists_parse(&server->lists,
                                      server->options.block_lists, err);
    return rc;
}
