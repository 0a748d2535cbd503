/* SPDX-License-Identifier: MIT */
/* ports.c - sockets from outside have a name, or a well-known port. */
#include "ports.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "server/server.h"
#include "server/service.h"

/* `given`: the address, where the socket cannot tell. */
static int add(struct ports *ports, enum smail__listen_kind kind,
               struct smail__listener *listener, const char *given,
               smail_error *err)
{
    struct smail__listen *item = &ports->items[ports->count];
    const struct smail__endpoint *endpoint = smail__listener_endpoint(listener);
    char address[SMAIL__ADDRESS_TEXT];

    if (ports->count == SMAIL__CONFIG_LISTEN_MAX) {
        smail__listener_close(listener);
        return smail__fail(err, SMAIL_ELIMIT, "more than %d addresses",
                           SMAIL__CONFIG_LISTEN_MAX);
    }
    smail__endpoint_text(address, endpoint);
    item->kind = kind;
    if (given != NULL)
        smail__format(item->address, sizeof(item->address), "%s", given);
    else
        smail__format(item->address, sizeof(item->address),
                      strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u",
                      address, (unsigned)endpoint->port);
    ports->ports[ports->count] = endpoint->port;
    ports->listeners[ports->count++] = listener;
    return 0;
}

static int open_all(struct ports *ports, const struct smail__listens *listens,
                    smail_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < listens->count && rc == 0; i++) {
        struct smail__listener *listener = NULL;
        struct smail__endpoint endpoint;
        const char *address = listens->items[i].address;
        const char *path = smail__server_path(address);

        if (path != NULL)
            rc = smail__listener_open_path(&listener, path, err);
        else
            rc = smail__endpoint_parse(&endpoint, smail__span(address), err);
        if (rc == 0 && path == NULL)
            rc = smail__listener_open(&listener, &endpoint, err);
        if (rc == 0)
            rc = add(ports, listens->items[i].kind, listener,
                     path != NULL ? address : NULL, err);
    }
    return rc;
}

/* "smtp", or "smtp-4" where several have to differ; else by the port. */
static int kind_of(enum smail__listen_kind *out, const char *name,
                   uint16_t port, smail_error *err)
{
    static const uint16_t known[] = { 25, 587, 465, 24 };
    smail_span rest = smail__span(name);
    smail_span word = smail__span_cut(&rest, '-');

    for (int i = SMAIL__LISTEN_SMTP; i <= SMAIL__LISTEN_LMTP; i++) {
        *out = (enum smail__listen_kind)i;
        if (smail__span_is(word, smail__listen_kind_name(*out)))
            return 0;
    }
    for (int i = SMAIL__LISTEN_SMTP; i <= SMAIL__LISTEN_LMTP; i++) {
        *out = (enum smail__listen_kind)i;
        if (known[i] == port)
            return 0;
    }
    return smail__fail(err, SMAIL_EINVAL,
                       "socket '%.60s' of the service manager: give it a "
                       "FileDescriptorName that is smtp, submission, "
                       "submissions or lmtp",
                       name);
}

static int adopt_all(struct ports *ports, smail_error *err)
{
    struct smail__service_sockets sockets;
    int rc = smail__service_sockets(&sockets, err);

    for (size_t i = 0; rc == 0 && i < sockets.count; i++) {
        struct smail__listener *listener = NULL;
        enum smail__listen_kind kind = SMAIL__LISTEN_SMTP;

        rc = smail__listener_adopt(&listener, sockets.items[i].fd, err);
        if (rc != 0)
            break;
        rc = kind_of(&kind, sockets.items[i].name,
                     smail__listener_endpoint(listener)->port, err);
        if (rc != 0)
            smail__listener_close(listener);
        else
            rc = add(ports, kind, listener, NULL, err);
    }
    return rc;
}

int ports_open(struct ports *out, const struct smail__listens *given,
               const struct smail__listens *configured, smail_error *err)
{
    int rc;

    memset(out, 0, sizeof(*out));
    rc = adopt_all(out, err);
    if (rc == 0 && given->count > 0)
        rc = open_all(out, given, err);
    else if (rc == 0 && out->count == 0)
        rc = open_all(out, configured, err);
    if (rc != 0)
        ports_close(out);
    return rc;
}

smail_listener_kind ports_kind(const struct smail__listen *listen)
{
    static const smail_listener_kind kinds[] = {
        [SMAIL__LISTEN_SMTP] = SMAIL_LISTENER_SMTP,
        [SMAIL__LISTEN_SUBMISSION] = SMAIL_LISTENER_SUBMISSION,
        [SMAIL__LISTEN_SUBMISSIONS] = SMAIL_LISTENER_SUBMISSIONS,
        [SMAIL__LISTEN_LMTP] = SMAIL_LISTENER_LMTP,
    };

    return kinds[listen->kind];
}

int ports_hand_over(struct ports *ports, smail_server *server, smail_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < ports->count && rc == 0; i++) {
        struct smail__listener *listener = ports->listeners[i];

        ports->listeners[i] = NULL;
        rc = smail__server_add(NULL, server, ports_kind(&ports->items[i]),
                               listener, err);
    }
    return rc;
}

void ports_close(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++) {
        smail__listener_close(ports->listeners[i]);
        ports->listeners[i] = NULL;
    }
}
