/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_reply.c - replies of the server session, errors that add up,
 * and the ways a session ends.
 */
#include <string.h>

#include <smtpmail/error.h>

#include "base/format.h"
#include "base/span.h"
#include "smtp/reply.h"
#include "smtp/server.h"

#define USAGE_MAX 64

int smail__server_output_error(const smail_smtp_server *session)
{
    return smail__buf_error(&session->output) == 0 ? 0 : SMAIL_ENOMEM;
}

int smail__server_reply(smail_smtp_server *session, int code,
                        const char *status, const char *text)
{
    smail__reply_put(&session->output, code, status, text);
    return smail__server_output_error(session);
}

int smail__server_say(smail_smtp_server *session, smail_span reply)
{
    struct smail__buf *output = &session->output;

    if (output->error != 0 || output->room - output->len <= reply.len) {
        smail__buf_append(output, reply);
        return smail__server_output_error(session);
    }
    memcpy(output->data + output->len, reply.data, reply.len);
    output->len += reply.len;
    output->data[output->len] = '\0';
    return 0;
}

bool smail__server_may_err(smail_smtp_server *session)
{
    if (session->errors >= session->options.max_errors)
        return false;
    session->errors++;
    return true;
}

int smail__server_end_errors(smail_smtp_server *session)
{
    smail__server_close(session);
    return smail__server_reply(session, 421, "4.7.0", "Too many errors");
}

int smail__server_refuse(smail_smtp_server *session, int code,
                         const char *status, const char *text)
{
    if (smail__server_may_err(session))
        return smail__server_reply(session, code, status, text);
    return smail__server_end_errors(session);
}

int smail__server_refuse_usage(smail_smtp_server *session,
                               enum smail__verb verb)
{
    bool hello = verb == SMAIL__VERB_HELO || verb == SMAIL__VERB_EHLO ||
                 verb == SMAIL__VERB_LHLO;
    char text[USAGE_MAX];

    (void)smail__format(text, sizeof(text), "Usage: %s",
                        smail__command_form(verb)->usage);
    return smail__server_refuse(session, 501, hello ? NULL : "5.5.4", text);
}

int smail__server_end_idle(smail_smtp_server *session)
{
    smail__server_close(session);
    return smail__server_reply(session, 421, "4.7.0",
                               "Too many commands without mail");
}

void smail__server_reset(smail_smtp_server *session)
{
    if (!session->mail.open) /* whoever closes content clears it */
        return;
    session->owe_reset = true;
    smail__transaction_clear(&session->mail);
}

void smail__server_close(smail_smtp_server *session)
{
    smail__server_reset(session);
    smail__server_auth_end(session);
    session->pending = SMAIL_SMTP_NEED_INPUT;
    session->owe_starttls = false;
    session->owe_close = true;
}

int smail__server_collapse(smail_smtp_server *session)
{
    smail__server_close(session);
    if (session->last_words.len == 0)
        session->last_words =
            SMAIL__SPAN("421 4.3.0 Out of memory, closing connection\r\n");
    return SMAIL_ENOMEM;
}

void smail__server_ask(smail_smtp_server *session, smail_smtp_event_type type)
{
    session->event.type = type;
    session->pending = type;
}
