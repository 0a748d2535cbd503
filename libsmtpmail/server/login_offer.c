/* SPDX-License-Identifier: MIT */
/*
 * server/login_offer.c - which mechanisms a client is offered: those that can
 * succeed over this connection.
 *
 *    EXTERNAL              it has shown a certificate that we believe
 *    SCRAM-SHA-256-PLUS    as the next, and TLS has a channel binding
 *    SCRAM-SHA-256         somebody here has an app password: a client takes
 *                          the strongest it knows, and those who have but the
 *                          password of their account could not log in
 *    OAUTHBEARER, XOAUTH2  somebody verifies tokens
 *    PLAIN, LOGIN          there is a store with accounts
 *
 * A policy that answers AUTH by itself is not asked for more than PLAIN and
 * LOGIN.
 */
#include "base/format.h"
#include "server/login.h"

#define NAMES_MAX 128

void smail__login_channel(struct smail__sasl_channel *out,
                          struct smail__login_bindings *room,
                          const struct smail__dialogue *dialogue)
{
    const struct smail__tls_stream *tls =
        smail__connection_tls(dialogue->connection);

    *out = (struct smail__sasl_channel){ .offers_plus = dialogue->offers_plus };
    if (tls == NULL)
        return;
    out->end_point =
        (smail_span){ (const char *)room->end_point,
                      smail__tls_stream_end_point(room->end_point, tls) };
    out->exporter =
        (smail_span){ (const char *)room->exporter,
                      smail__tls_stream_exporter(room->exporter, tls) };
}

static bool has_app_passwords(const smail_server *server)
{
    bool result = false;

    if (server->options.store == NULL)
        return false;
    /* Without an answer there is no log-in either. */
    (void)smail__app_password_any(&result, server->options.store, NULL);
    return result;
}

static bool has_email(const struct smail__dialogue *dialogue)
{
    const struct smail__tls_stream *tls =
        smail__connection_tls(dialogue->connection);
    char email[SMAIL__TLS_EMAIL_MAX + 1];

    return dialogue->server->options.store != NULL && tls != NULL &&
           smail__tls_stream_peer_email(email, tls, 0) > 0;
}

void smail__login_offer(struct smail__dialogue *dialogue)
{
    const smail_server *server = dialogue->server;
    struct smail__login_bindings room;
    struct smail__sasl_channel channel;
    char names[NAMES_MAX];
    bool has_scram, has_tokens;

    dialogue->offers_plus = false;
    if (server->policy.auth != NULL ||
        (server->options.store == NULL && server->policy.token == NULL) ||
        (dialogue->kind != SMAIL_LISTENER_SUBMISSION &&
         dialogue->kind != SMAIL_LISTENER_SUBMISSIONS))
        return;
    smail__login_channel(&channel, &room, dialogue);
    has_scram = has_app_passwords(server);
    has_tokens = server->policy.token != NULL ||
                 dialogue->settings->options.app_password_tokens;
    dialogue->offers_plus =
        has_scram && (channel.end_point.len > 0 || channel.exporter.len > 0);
    smail__format(names, sizeof(names), "%s%s%s%s%s",
                  has_email(dialogue) ? "EXTERNAL " : "",
                  dialogue->offers_plus ? "SCRAM-SHA-256-PLUS " : "",
                  has_scram ? "SCRAM-SHA-256 " : "",
                  has_tokens ? "OAUTHBEARER XOAUTH2" : "",
                  server->options.store == NULL ? ""
                  : has_tokens                  ? " PLAIN LOGIN"
                                                : "PLAIN LOGIN");
    /* Without memory it stays with PLAIN and LOGIN. */
    if (smail_smtp_server_offer_auth(dialogue->engine, names) != 0)
        dialogue->offers_plus = false;
}
