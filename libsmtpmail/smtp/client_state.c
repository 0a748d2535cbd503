/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_state.c - what a reply means, by what it answers.
 *
 *    state      2yz                            4yz, 5yz
 *    GREETING   say EHLO                       CLOSE
 *    EHLO       STARTTLS if wanted, or READY   50z: HELO; else CLOSE
 *    HELO       READY                          CLOSE
 *    STARTTLS   220: STARTTLS; else CLOSE      READY in the clear, or CLOSE
 *    IDLE       nothing was asked: CLOSE       CLOSE
 *    AUTH       AUTH_DONE, READY               as 2yz; 334: CHALLENGE
 *    MAIL RCPT DATA END                        see client_send.c
 *    BODY DRAIN                                see client_body.c
 *    RSET       READY                          CLOSE
 *    QUIT       CLOSE                          CLOSE
 *
 * 3yz is CLOSE elsewhere than in AUTH and DATA. 421 is DONE where a transaction
 * runs, and CLOSE (RFC 5321, 3.8).
 */
#include <smtpmail/error.h>

#include "smtp/client.h"

static bool is_yes(const smail_smtp_client *session)
{
    return session->last.code / 100 == 2;
}

void smail__client_emit(smail_smtp_client *session,
                        smail_smtp_client_event_type type)
{
    session->event = (smail_smtp_client_event){
        .type = type,
        .reply = session->last,
        .again = session->last.code / 100 == 4,
    };
}

void smail__client_ready(smail_smtp_client *session)
{
    session->state = SMAIL__CLIENT_IDLE;
    session->owe_ready = true;
}

static int refused(smail_smtp_client *session)
{
    smail__client_leave(session, SMAIL_SMTP_CLOSE_REFUSED);
    return 0;
}

static int nonsense(smail_smtp_client *session)
{
    smail__client_close(session, SMAIL_SMTP_CLOSE_NONSENSE);
    return 0;
}

static int say_hello(smail_smtp_client *session, enum smail__client_state state,
                     const char *verb)
{
    session->offered = false;
    smail__client_offer_clear(&session->offer);
    smail__buf_printf(&session->output, "%s ", verb);
    smail__buf_puts(&session->output, session->options.hostname);
    return smail__client_say(session, state, "\r\n");
}

int smail__client_hello(smail_smtp_client *session)
{
    bool lmtp = session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP;

    return say_hello(session, SMAIL__CLIENT_EHLO, lmtp ? "LHLO" : "EHLO");
}

static int on_greeting(smail_smtp_client *session)
{
    session->greeted = true;
    return is_yes(session) ? smail__client_hello(session) : refused(session);
}

/* STARTTLS if it is wanted and not yet done; else the session is ready. */
static int secure_or_ready(smail_smtp_client *session)
{
    bool wanted = session->options.tls != SMAIL_SMTP_TLS_NEVER &&
                  !session->secured && !session->tls_refused;

    if (wanted && session->offer.is.starttls)
        return smail__client_say(session, SMAIL__CLIENT_STARTTLS,
                                 "STARTTLS\r\n");
    if (session->options.tls == SMAIL_SMTP_TLS_REQUIRED && !session->secured)
        smail__client_leave(session, SMAIL_SMTP_CLOSE_NO_TLS);
    else
        smail__client_ready(session);
    return 0;
}

static int on_ehlo(smail_smtp_client *session)
{
    /* RFC 5321, 3.2: who does not know EHLO may know HELO. */
    if (session->last.code / 10 == 50 &&
        session->options.protocol == SMAIL_SMTP_PROTOCOL_SMTP)
        return say_hello(session, SMAIL__CLIENT_HELO, "HELO");
    if (!is_yes(session))
        return refused(session);
    if (smail__client_offer_read(&session->offer, session->last.text) != 0)
        return SMAIL_ENOMEM;
    session->offered = true;
    return secure_or_ready(session);
}

static int on_helo(smail_smtp_client *session)
{
    session->offered = is_yes(session);
    return is_yes(session) ? secure_or_ready(session) : refused(session);
}

static int on_starttls(smail_smtp_client *session)
{
    if (session->last.code == 220) {
        session->state = SMAIL__CLIENT_TLS;
        session->owe_starttls = true;
        return 0;
    }
    if (is_yes(session)) /* to whom is one talking now? */
        return nonsense(session);
    session->tls_refused = true;
    return secure_or_ready(session);
}

static int on_rset(smail_smtp_client *session)
{
    if (!is_yes(session))
        return refused(session);
    smail__client_ready(session);
    return 0;
}

/* Nothing was asked. A no is the end of its patience, a yes means nothing. */
static int on_idle(smail_smtp_client *session)
{
    return session->last.code >= 400 ? refused(session) : nonsense(session);
}

static int on_quit(smail_smtp_client *session)
{
    smail__client_close(session, SMAIL_SMTP_CLOSE_QUIT);
    return 0;
}

static int (*const handlers[SMAIL__CLIENT_STATES])(smail_smtp_client *) = {
    [SMAIL__CLIENT_GREETING] = on_greeting,
    [SMAIL__CLIENT_EHLO] = on_ehlo,
    [SMAIL__CLIENT_HELO] = on_helo,
    [SMAIL__CLIENT_STARTTLS] = on_starttls,
    [SMAIL__CLIENT_IDLE] = on_idle,
    [SMAIL__CLIENT_AUTH] = smail__client_on_auth,
    [SMAIL__CLIENT_MAIL] = smail__client_on_mail,
    [SMAIL__CLIENT_RCPT] = smail__client_on_rcpt,
    [SMAIL__CLIENT_DATA] = smail__client_on_data,
    [SMAIL__CLIENT_BODY] = smail__client_on_body,
    [SMAIL__CLIENT_END] = smail__client_on_end,
    [SMAIL__CLIENT_DRAIN] = smail__client_on_drain,
    [SMAIL__CLIENT_RSET] = on_rset,
    [SMAIL__CLIENT_QUIT] = on_quit,
};

static bool in_transaction(const smail_smtp_client *session)
{
    return session->state >= SMAIL__CLIENT_MAIL &&
           session->state <= SMAIL__CLIENT_DRAIN;
}

int smail__client_take_reply(smail_smtp_client *session)
{
    if (session->last.code == 421 && session->state != SMAIL__CLIENT_QUIT) {
        if (in_transaction(session))
            smail__client_settle(session);
        smail__client_close(session, SMAIL_SMTP_CLOSE_REFUSED);
        return 0;
    }
    /* 3yz asks for more, which only two commands have (RFC 5321, 4.2.1). */
    if (session->last.code / 100 == 3 && session->state != SMAIL__CLIENT_AUTH &&
        session->state != SMAIL__CLIENT_DATA)
        return nonsense(session);
    return handlers[session->state](session);
}
