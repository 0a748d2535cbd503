/* SPDX-License-Identifier: MIT */
/* smtp/server_auth.c - AUTH, and the lines of its exchange (RFC 4954, 4). */
#include <string.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"
#include "smtp/auth.h"
#include "smtp/server.h"

void smail__server_auth_end(smail_smtp_server *session)
{
    if (session->response.data != NULL)
        smail__wipe(session->response.data, session->response.room);
    smail__buf_dispose(&session->response);
    session->mechanism = (smail_span){ "", 0 };
    if (session->phase == SMAIL__SERVER_AUTH)
        session->phase = SMAIL__SERVER_COMMAND;
}

static void ask(smail_smtp_server *session, bool initial, bool has_response)
{
    smail_span response = smail__buf_span(&session->response);

    if (response.len == 0)
        response = (smail_span){ "", 0 };
    session->event.auth = (smail_smtp_auth){
        .mechanism = session->mechanism,
        .response = response,
        .initial = initial,
        .has_response = has_response,
    };
    smail__server_ask(session, SMAIL_SMTP_AUTH);
}

/* One response, decoded: ask, or say what is wrong with it. */
static int take_response(smail_smtp_server *session, smail_span text,
                         bool initial)
{
    switch (smail__auth_decode(&session->response, text, initial)) {
    case SMAIL__AUTH_RESPONSE:
        ask(session, initial, true);
        return 0;
    case SMAIL__AUTH_CANCELLED:
        smail__server_auth_end(session);
        return smail__server_refuse(session, 501, "5.0.0",
                                    "Authentication cancelled");
    case SMAIL__AUTH_MALFORMED:
        smail__server_auth_end(session);
        return smail__server_refuse(session, 501, "5.5.2", "Not valid base64");
    default:
        return smail__server_collapse(session);
    }
}

int smail__server_auth_line(smail_smtp_server *session, smail_span line)
{
    session->line.secret = true;
    return take_response(session, line, false);
}

int smail__server_auth_long(smail_smtp_server *session)
{
    smail__server_auth_end(session);
    return smail__server_refuse(session, 500, "5.5.6",
                                "Authentication line too long");
}

/* 0: AUTH may be tried now. */
static const char *why_not_now(const smail_smtp_server *session)
{
    if (!session->extended)
        return "Send EHLO first";
    if (session->authenticated)
        return "Already authenticated";
    return session->mail.open ? "Not during a mail transaction" : NULL;
}

int smail__server_auth(smail_smtp_server *session, smail_span argument)
{
    const char *objection = why_not_now(session);

    if (session->options.auth_mechanisms == NULL)
        return smail__server_refuse(session, 502, "5.5.1",
                                    "Command not implemented");
    if (objection != NULL)
        return smail__server_refuse(session, 503, "5.5.1", objection);
    if (!smail__server_offers_auth(session))
        return smail__server_refuse(session, 530, "5.7.0",
                                    "Must issue a STARTTLS command first");
    session->mechanism = smail__auth_find(session->options.auth_mechanisms,
                                          smail__span_cut(&argument, ' '));
    if (session->mechanism.len == 0)
        return smail__server_refuse(session, 504, "5.5.4",
                                    "Mechanism not offered");
    argument = smail__span_trim(argument);
    if (argument.len > 0)
        return take_response(session, argument, true);
    smail__buf_clear(&session->response);
    ask(session, true, false);
    return 0;
}

int smail_smtp_server_offer_auth(smail_smtp_server *session,
                                 const char *mechanisms)
{
    smail_span list = smail__span(mechanisms);
    char *copy;

    if (session->options.auth_mechanisms == NULL ||
        !smail__server_are_mechanisms(list))
        return SMAIL_EINVAL;
    if (session->mechanism.len > 0)
        return SMAIL_ESTATE;
    copy = smail__mem_alloc(session->options.mem, list.len + 1);
    if (copy == NULL)
        return SMAIL_ENOMEM;
    memcpy(copy, list.data, list.len);
    smail__mem_free(session->options.mem, session->mechanisms);
    session->mechanisms = copy;
    session->options.auth_mechanisms = copy;
    return 0;
}
