/* SPDX-License-Identifier: MIT */
/* smtp/client_auth.c - AUTH, client side (RFC 4954, 4). */
#include <smtpmail/error.h>

#include "base/base64.h"
#include "base/span.h"
#include "smtp/auth.h"
#include "smtp/client.h"

/* RFC 4954, 4: the longest line of an exchange, with CRLF. */
#define AUTH_LINE_MAX 12288

/* A server that asks on and on is cut short; SCRAM asks twice. */
#define CHALLENGES_MAX 16

/* Close the line begun at `start`, or take it back if it is too long. */
static int end_line(smail_smtp_client *session, size_t start)
{
    if (session->output.len - start + 2 > AUTH_LINE_MAX) {
        smail__buf_truncate(&session->output, start);
        return SMAIL_ELIMIT;
    }
    if (smail__client_say(session, SMAIL__CLIENT_AUTH, "\r\n") != 0)
        return smail__client_collapse(session);
    return 0;
}

/* RFC 4954, 4: an empty response is "=" here. */
static void put_initial(smail_smtp_client *session, const smail_span *initial)
{
    if (initial == NULL)
        return;
    smail__buf_putc(&session->output, ' ');
    if (initial->len == 0)
        smail__buf_putc(&session->output, '=');
    else
        smail__base64_encode(&session->output, *initial);
}

/*
 * RFC 4954, 4: an initial response that makes the line too long waits for the
 * first challenge, which is then empty.
 */
static int put_auth(smail_smtp_client *session, const char *mechanism,
                    const smail_span *initial)
{
    size_t start = session->output.len;
    int error;

    smail__buf_printf(&session->output, "AUTH %s", mechanism);
    put_initial(session, initial);
    error = end_line(session, start);
    if (error != SMAIL_ELIMIT)
        return error;
    smail__base64_encode(&session->initial, *initial);
    if (session->initial.len + 2 > AUTH_LINE_MAX ||
        smail__buf_error(&session->initial) == SMAIL_ELIMIT) {
        smail__client_forget(&session->initial);
        return SMAIL_ELIMIT;
    }
    if (smail__buf_error(&session->initial) != 0)
        return smail__client_collapse(session);
    smail__buf_printf(&session->output, "AUTH %s", mechanism);
    return end_line(session, start);
}

int smail_smtp_client_auth(smail_smtp_client *session, const char *mechanism,
                           const smail_span *initial)
{
    smail_span name = smail__span(mechanism);
    int error;

    if (session->state != SMAIL__CLIENT_IDLE || session->authenticated)
        return SMAIL_ESTATE;
    if (session->offer.mechanisms.len == 0 ||
        smail__auth_find(session->offer.mechanisms.data, name).len == 0)
        return SMAIL_ENOTFOUND;
    error = put_auth(session, mechanism, initial);
    if (error != 0)
        return error;
    session->challenges = 0;
    session->owe_ready = false;
    return 0;
}

int smail_smtp_client_respond(smail_smtp_client *session, smail_span response)
{
    size_t start = session->output.len;

    if (session->state != SMAIL__CLIENT_CHALLENGE)
        return SMAIL_ESTATE;
    smail__base64_encode(&session->output, response);
    return end_line(session, start);
}

int smail_smtp_client_cancel(smail_smtp_client *session)
{
    if (session->state != SMAIL__CLIENT_CHALLENGE)
        return SMAIL_ESTATE;
    if (smail__client_say(session, SMAIL__CLIENT_AUTH, "*\r\n") != 0)
        return smail__client_collapse(session);
    return 0;
}

static int say_initial(smail_smtp_client *session)
{
    smail__buf_append(&session->output, smail__buf_span(&session->initial));
    smail__client_forget(&session->initial);
    return smail__client_say(session, SMAIL__CLIENT_AUTH, "\r\n");
}

static int on_challenge(smail_smtp_client *session)
{
    enum smail__auth_result result =
        smail__auth_decode(&session->challenge, session->last.text, false);

    if (result == SMAIL__AUTH_NOMEM)
        return SMAIL_ENOMEM;
    if (result != SMAIL__AUTH_RESPONSE ||
        ++session->challenges > CHALLENGES_MAX)
        return smail__client_say(session, SMAIL__CLIENT_AUTH, "*\r\n");
    if (session->initial.len > 0 && session->challenge.len == 0)
        return say_initial(session);
    smail__client_forget(&session->initial);
    session->state = SMAIL__CLIENT_CHALLENGE;
    smail__client_emit(session, SMAIL_SMTP_CLIENT_CHALLENGE);
    session->event.challenge = session->challenge.len > 0
                                   ? smail__buf_span(&session->challenge)
                                   : (smail_span){ "", 0 };
    return 0;
}

int smail__client_on_auth(smail_smtp_client *session)
{
    if (session->last.code == 334)
        return on_challenge(session);
    smail__client_forget(&session->challenge);
    smail__client_forget(&session->initial);
    if (session->last.code < 400 && session->last.code / 100 != 2) {
        smail__client_close(session, SMAIL_SMTP_CLOSE_NONSENSE);
        return 0;
    }
    session->authenticated = session->last.code / 100 == 2;
    smail__client_emit(session, SMAIL_SMTP_CLIENT_AUTH_DONE);
    smail__client_ready(session);
    return 0;
}
