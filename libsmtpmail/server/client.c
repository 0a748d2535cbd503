/* SPDX-License-Identifier: MIT */
/*
 * server/client.c - a client that comes through a proxy of ours: who it is,
 * by a PROXY header or by Postfix's XCLIENT.
 */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>

#include "base/mem.h"
#include "base/span.h"
#include "server/checks.h"
#include "server/pace.h"

static void become(struct smail__dialogue *dialogue,
                   const struct smail__endpoint *client)
{
    dialogue->peer = *client;
    smail__endpoint_text(dialogue->peer_text, client);
}

int smail__client_take_place(struct smail__dialogue *dialogue,
                             const struct smail__endpoint *client)
{
    struct smail__limits *limits = dialogue->server->limits;
    int rc = smail__pace_connection(dialogue->server, dialogue->settings,
                                    dialogue->kind, client) == 0
                 ? smail__limits_enter(limits, client)
                 : SMAIL_EBUSY;

    if (rc != 0)
        return rc;
    smail__limits_leave(limits, &dialogue->place);
    dialogue->place = *client;
    become(dialogue, client);
    return 0;
}

/* The engine has looked at its form. */
static bool read_address(struct smail__endpoint *out,
                         const smail_smtp_xclient *said)
{
    char text[SMAIL__ADDRESS_TEXT + 8];
    smail_span address = said->addr.value;
    bool is_ipv6 = smail__span_find(address, ':') < address.len;
    uint64_t port = 0;

    if (said->addr.known != SMAIL_SMTP_KNOWN ||
        address.len >= SMAIL__ADDRESS_TEXT)
        return false;
    smail__format(text, sizeof(text), is_ipv6 ? "[%.*s]:0" : "%.*s:0",
                  SMAIL__SPAN_ARG(address));
    if (smail__endpoint_parse(out, smail__span(text), NULL) != 0)
        return false;
    if (said->port.known == SMAIL_SMTP_KNOWN &&
        smail__span_number(&port, said->port.value) == 0)
        out->port = (uint16_t)port;
    return true;
}

/* What the proxy has found out of the name is not looked up again. */
static void take_name(struct smail__dialogue *dialogue,
                      const smail_smtp_attribute *name)
{
    if (name->known != SMAIL_SMTP_KNOWN)
        return;
    free(dialogue->facts.name);
    dialogue->facts.name = smail__spandup(name->value);
}

/* Logged in, where that is possible, as an account of ours. */
static void take_login(struct smail__dialogue *dialogue,
                       const smail_smtp_attribute *login)
{
    smail_store *store = dialogue->server->options.store;
    smail_path path;
    size_t count = 0;
    smail_id account;

    free(dialogue->identity);
    dialogue->identity = NULL;
    dialogue->account = 0;
    if (login->known != SMAIL_SMTP_KNOWN || store == NULL ||
        smail_path_parse(&path, login->value, true) != 0 ||
        smail_address_resolve(&account, 1, &count, store, &path, NULL) != 0 ||
        count != 1)
        return;
    dialogue->identity = smail__spandup(login->value);
    if (dialogue->identity == NULL ||
        smail_smtp_server_authenticated(dialogue->engine) != 0) {
        free(dialogue->identity);
        dialogue->identity = NULL;
        return;
    }
    dialogue->account = account;
}

void smail__client_spoken_for(struct smail__dialogue *dialogue,
                              const smail_smtp_event *event)
{
    const smail_smtp_xclient *said = &event->xclient;
    struct smail__endpoint client;

    if (read_address(&client, said)) {
        smail__checks_end(dialogue);
        become(dialogue, &client);
        smail__checks_begin(dialogue);
    }
    take_name(dialogue, &said->name);
    if (said->login.known != SMAIL_SMTP_UNSAID)
        take_login(dialogue, &said->login);
    smail__report_event(dialogue->server, SMAIL__LOG_DEBUG, "xclient", dialogue,
                        NULL, (smail_span){ "", 0 });
}
