/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_decide.c - what the caller answered, as a reply and as the next
 * state of the session.
 *
 *    asked         accepted                          rejected
 *    CONNECT       220, commands may come            5yz, only QUIT is heard
 *    HELO          250, transaction reset            as before HELO
 *    AUTH          235, logged in                    exchange over
 *    MAIL          250, transaction open             as before MAIL
 *    RCPT          250, one recipient more           as before RCPT
 *    DATA          354, content may come             as before DATA
 *      by BDAT     content may come                  transaction over
 *    END_OF_DATA   250, transaction over             transaction over
 *    VRFY, EXPN    252, or 250 with a text           nothing changes
 */
#include <assert.h>

#include <smtpmail/error.h>

#include "base/format.h"
#include "base/span.h"
#include "smtp/auth.h"
#include "smtp/reply.h"
#include "smtp/server.h"

struct answer {
    int code;
    const char *status; /* NULL: none, and none may be given (RFC 2034, 4) */
    const char *text;   /* behind our name for CONNECT and HELO */
};

/* clang-format off */
static const struct answer answers[] = {
    [SMAIL_SMTP_CONNECT]     = { 220, NULL,    "ESMTP" },
    [SMAIL_SMTP_HELO]        = { 250, NULL,    "" },
    [SMAIL_SMTP_AUTH]        = { 235, "2.7.0", "Authentication succeeded" },
    [SMAIL_SMTP_MAIL]        = { 250, "2.1.0", "OK" },
    [SMAIL_SMTP_RCPT]        = { 250, "2.1.5", "OK" },
    [SMAIL_SMTP_DATA]        = { 354, NULL,
                                 "End data with <CR><LF>.<CR><LF>" },
    [SMAIL_SMTP_END_OF_DATA] = { 250, "2.0.0", "OK" },
    [SMAIL_SMTP_VRFY]        = { 252, "2.0.0",
                                 "Cannot VRFY user, but will accept message" },
    [SMAIL_SMTP_EXPN]        = { 252, "2.0.0",
                                 "Cannot EXPN list, but will accept message" },
};
/* clang-format on */

/* Our name comes first (RFC 5321, 4.2), then `text`, if there is any. */
static int reply_with_name(smail_smtp_server *session, const char *text)
{
    bool extended =
        session->pending == SMAIL_SMTP_HELO && session->event.helo.extended;
    char line[SMAIL__REPLY_LINE_MAX - sizeof("250-\r\n") + 2];
    size_t len =
        smail__format(line, sizeof(line), "%s%s%s", session->options.hostname,
                      text[0] != '\0' ? " " : "", text);

    if (len >= sizeof(line))
        len = sizeof(line) - 1;
    if (!extended)
        return smail__server_reply(session, answers[session->pending].code,
                                   NULL, line);
    smail__server_put_offer(session, (smail_span){ line, len });
    return smail__server_output_error(session);
}

static int reply_to_recipient(smail_smtp_server *session, size_t index,
                              const struct answer *rest)
{
    const struct smail__verdict *own = session->mail.verdicts;

    if (own == NULL || own[index].code == 0)
        return smail__server_reply(session, rest->code, rest->status,
                                   rest->text);
    return smail__server_reply(session, own[index].code, own[index].status,
                               own[index].text);
}

/* RFC 2033, 4.2: in LMTP one reply for each recipient, in their order. */
static int reply_to_content(smail_smtp_server *session,
                            const struct answer *answer)
{
    size_t due = smail__server_replies_due(session);
    int error = 0;

    for (size_t i = 0; i < due && error == 0; i++)
        error = reply_to_recipient(session, i, answer);
    return error;
}

/*
 * The mail is ours: the client must not hear otherwise and send it again, so
 * when there is no memory for many words, the few that there was room reserved
 * for are used.
 */
static int confirm_content(smail_smtp_server *session,
                           const struct answer *answer)
{
    const struct answer *plain = &answers[SMAIL_SMTP_END_OF_DATA];
    size_t start = session->output.len;

    if (reply_to_content(session, answer) == 0)
        return 0;
    smail__buf_truncate(&session->output, start);
    session->output.error = 0;
    return reply_to_content(session, plain);
}

static bool is_query(const smail_smtp_server *session)
{
    return session->pending == SMAIL_SMTP_VRFY ||
           session->pending == SMAIL_SMTP_EXPN;
}

/* RFC 6531, 3.7.4: where an address in UTF-8 may stand in a reply. */
static bool may_say_utf8(const smail_smtp_server *session, int code)
{
    if (is_query(session))
        return session->event.query.smtputf8;
    return session->pending == SMAIL_SMTP_RCPT && code == 551 &&
           session->mail.smtputf8;
}

static int reply(smail_smtp_server *session, const struct answer *answer)
{
    if (!may_say_utf8(session, answer->code))
        return smail__server_reply(session, answer->code, answer->status,
                                   answer->text);
    smail__reply_put_utf8(&session->output, answer->code, answer->status,
                          answer->text);
    return smail__server_output_error(session);
}

static int reply_accepted(smail_smtp_server *session,
                          const struct answer *answer)
{
    switch (session->pending) {
    case SMAIL_SMTP_CONNECT:
    case SMAIL_SMTP_HELO:
        return reply_with_name(session, answer->text);
    case SMAIL_SMTP_END_OF_DATA:
        return confirm_content(session, answer);
    case SMAIL_SMTP_DATA:
        if (session->event.data.chunked) /* RFC 3030, 2: it comes anyway */
            return 0;
        return reply(session, answer);
    default:
        return reply(session, answer);
    }
}

static void accept_helo(smail_smtp_server *session)
{
    smail_span name = session->event.helo.name;

    smail__server_reset(session); /* RFC 5321, 4.1.4: EHLO acts as RSET */
    smail__buf_clear(&session->helo);
    smail__buf_append(&session->helo, name); /* there is room: server_verb.c */
    session->greeted = true;
    session->extended = session->event.helo.extended;
}

static void end_content(smail_smtp_server *session)
{
    smail__transaction_clear(&session->mail);
    session->phase = SMAIL__SERVER_COMMAND;
}

static void move_on_accepted(smail_smtp_server *session)
{
    switch (session->pending) {
    case SMAIL_SMTP_CONNECT:
        session->phase = SMAIL__SERVER_COMMAND;
        break;
    case SMAIL_SMTP_HELO:
        accept_helo(session);
        break;
    case SMAIL_SMTP_AUTH:
        smail__server_auth_end(session);
        session->authenticated = true;
        smail__server_offer(session);
        break;
    case SMAIL_SMTP_MAIL:
        session->mail.open = true;
        session->mail.smtputf8 = session->event.mail.smtputf8;
        session->mail.body = session->event.mail.body;
        break;
    case SMAIL_SMTP_RCPT:
        session->mail.recipients++;
        if (session->options.max_recipient_domains > 0)
            smail__transaction_add_domain(&session->mail,
                                          session->event.rcpt.recipient.domain);
        break;
    case SMAIL_SMTP_DATA:
        if (session->event.data.chunked)
            smail__server_chunk_accept(session);
        else
            smail__server_data_begin(session);
        break;
    case SMAIL_SMTP_VRFY:
    case SMAIL_SMTP_EXPN:
        break;
    default: /* END_OF_DATA: a client that brings mail starts afresh */
        session->errors = 0;
        session->idle_commands = 0;
        end_content(session);
    }
}

static void move_on_rejected(smail_smtp_server *session)
{
    switch (session->pending) {
    case SMAIL_SMTP_CONNECT:
        session->phase = SMAIL__SERVER_REFUSED;
        break;
    case SMAIL_SMTP_AUTH:
        smail__server_auth_end(session);
        break;
    case SMAIL_SMTP_END_OF_DATA:
        end_content(session);
        break;
    default:
        break;
    }
}

static bool is_deciding(const smail_smtp_server *session)
{
    return session->pending != SMAIL_SMTP_NEED_INPUT;
}

int smail_smtp_server_accept_with(smail_smtp_server *session,
                                  const char *status, const char *text)
{
    struct answer answer;
    int error;

    if (!is_deciding(session))
        return SMAIL_ESTATE;
    answer = answers[session->pending];
    if (is_query(session) && text != NULL) { /* RFC 5321, 3.5.3 */
        answer.code = 250;
        answer.status = "2.1.5";
    }
    if (status != NULL && !smail__reply_status_is_valid(status, answer.code))
        return SMAIL_EINVAL;
    if (status != NULL && answer.status != NULL)
        answer.status = status;
    if (text != NULL)
        answer.text = text;
    error = reply_accepted(session, &answer);
    if (error != 0)
        return smail__server_collapse(session);
    move_on_accepted(session);
    session->pending = SMAIL_SMTP_NEED_INPUT;
    return 0;
}

/* MAIL and RCPT, in the usual words: nearly all there is to say. */
static int accept_plainly(smail_smtp_server *session)
{
    smail_span reply = session->pending == SMAIL_SMTP_MAIL
                           ? SMAIL__SPAN("250 2.1.0 OK\r\n")
                           : SMAIL__SPAN("250 2.1.5 OK\r\n");

    if (smail__server_say(session, reply) != 0)
        return smail__server_collapse(session);
    move_on_accepted(session);
    session->pending = SMAIL_SMTP_NEED_INPUT;
    return 0;
}

int smail_smtp_server_accept(smail_smtp_server *session)
{
    const char *text = NULL;

    if (session->pending == SMAIL_SMTP_MAIL ||
        session->pending == SMAIL_SMTP_RCPT)
        return accept_plainly(session);
    if (session->pending == SMAIL_SMTP_CONNECT &&
        session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP)
        text = "LMTP";
    return smail_smtp_server_accept_with(session, NULL, text);
}

static bool is_rejection(int code, const char *status)
{
    if (code < 400 || code > 599)
        return false;
    return status == NULL || smail__reply_status_is_valid(status, code);
}

static const char *status_or_default(int code, const char *status)
{
    if (status != NULL)
        return status;
    return code < 500 ? "4.0.0" : "5.0.0";
}

/* 421 ends the session whatever was asked, and counts as no error. */
static int say_421(smail_smtp_server *session, const char *status,
                   const char *text)
{
    bool enhanced = session->phase != SMAIL__SERVER_START;
    int error =
        smail__server_reply(session, 421, enhanced ? status : NULL, text);

    smail__server_close(session);
    return error == 0 ? 0 : smail__server_collapse(session);
}

static int reject_content(smail_smtp_server *session,
                          const struct answer *answer)
{
    if (session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP)
        return reply_to_content(session, answer);
    return smail__server_refuse(session, answer->code, answer->status,
                                answer->text);
}

static int refuse(smail_smtp_server *session, const struct answer *answer)
{
    if (!smail__server_may_err(session))
        return smail__server_end_errors(session);
    return reply(session, answer);
}

int smail_smtp_server_reject(smail_smtp_server *session, int code,
                             const char *status, const char *text)
{
    struct answer answer = { code, status_or_default(code, status), text };
    int error;

    if (!is_deciding(session))
        return SMAIL_ESTATE;
    if (!is_rejection(code, status) || text == NULL)
        return SMAIL_EINVAL;
    if (session->pending == SMAIL_SMTP_END_OF_DATA)
        session->mail.open = false; /* this answer ends it, not a RESET */
    if (code == 421)
        return say_421(session, answer.status, text);
    if (session->pending == SMAIL_SMTP_CONNECT ||
        session->pending == SMAIL_SMTP_HELO)
        answer.status = NULL;
    if (session->pending == SMAIL_SMTP_END_OF_DATA)
        error = reject_content(session, &answer);
    else if (session->pending == SMAIL_SMTP_DATA && session->event.data.chunked)
        error = smail__server_chunk_reject(session, code, answer.status, text);
    else
        error = refuse(session, &answer);
    if (error != 0)
        return smail__server_collapse(session);
    move_on_rejected(session);
    session->pending = SMAIL_SMTP_NEED_INPUT;
    return 0;
}

int smail_smtp_server_challenge(smail_smtp_server *session,
                                smail_span challenge)
{
    if (session->pending != SMAIL_SMTP_AUTH)
        return SMAIL_ESTATE;
    if (challenge.len > SMAIL__AUTH_CHALLENGE_MAX)
        return SMAIL_EINVAL;
    smail__auth_put_challenge(&session->output, challenge);
    if (smail__server_output_error(session) != 0)
        return smail__server_collapse(session);
    session->phase = SMAIL__SERVER_AUTH;
    session->pending = SMAIL_SMTP_NEED_INPUT;
    return 0;
}

int smail_smtp_server_reject_recipient(smail_smtp_server *session, size_t index,
                                       int code, const char *status,
                                       const char *text)
{
    if (session->pending != SMAIL_SMTP_END_OF_DATA ||
        session->options.protocol != SMAIL_SMTP_PROTOCOL_LMTP)
        return SMAIL_ESTATE;
    if (index >= session->mail.recipients || code == 421 ||
        !is_rejection(code, status) || text == NULL)
        return SMAIL_EINVAL;
    if (smail__transaction_settle(&session->mail, index, code,
                                  status_or_default(code, status), text) != 0)
        return smail__server_collapse(session);
    return 0;
}

int smail_smtp_server_abandon(smail_smtp_server *session, const char *status,
                              const char *text)
{
    if (session->phase == SMAIL__SERVER_CLOSED || session->owe_close)
        return 0; /* it is over already */
    if (status != NULL && !smail__reply_status_is_valid(status, 421))
        return SMAIL_EINVAL;
    return say_421(session, status_or_default(421, status),
                   text != NULL ? text : "Closing connection");
}
