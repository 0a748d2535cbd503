/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_mail.c - MAIL and RCPT (RFC 5321, 4.1.1.2 and 4.1.1.3): read
 * the path and its parameters, keep the limits, ask.
 */
#include "base/format.h"
#include "base/span.h"
#include "smtp/address.h"
#include "smtp/parameter.h"
#include "smtp/server.h"

/* The enhanced codes of RFC 3463, 3.2 for a path that is no good. */
#define BAD_SENDER_SYNTAX "5.1.7"
#define BAD_RECIPIENT_SYNTAX "5.1.3"

#define SYNTAX "5.5.4" /* RFC 3463, 3.6: invalid command arguments */

/* Take "FROM:" or "TO:" in any case, and the spaces that many add to it. */
static bool take_keyword(smail_span *text, const char *keyword)
{
    if (!smail__span_istarts(*text, keyword))
        return false;
    *text = smail__span_from(*text, smail__span(keyword).len);
    while (text->len > 0 && text->data[0] == ' ')
        *text = smail__span_from(*text, 1);
    return true;
}

static int refuse_parameter(smail_smtp_server *session,
                            enum smail__parameter_result result)
{
    if (result == SMAIL__PARAMETER_UNKNOWN)
        return smail__server_refuse(session, 555, SYNTAX,
                                    "Parameter not recognized or implemented");
    return smail__server_refuse(session, 501, SYNTAX,
                                "Syntax error in parameters");
}

/* Space or nothing has to stand behind the path. */
static bool is_parameters(smail_span text)
{
    return text.len == 0 || text.data[0] == ' ';
}

static int ask_mail(smail_smtp_server *session, const smail_smtp_mail *mail)
{
    if (mail->size > session->options.max_message_size)
        return smail__server_refuse(session, 552, "5.3.4",
                                    "Message size exceeds our limit");
    session->event.mail = *mail;
    smail__server_ask(session, SMAIL_SMTP_MAIL);
    return 0;
}

int smail__server_mail(smail_smtp_server *session, smail_span argument)
{
    smail_smtp_mail mail = { .auth = { "", 0 } };
    enum smail__address_fault fault;
    enum smail__parameter_result result;

    if (session->mail.open)
        return smail__server_refuse(session, 503, "5.5.1",
                                    "Nested MAIL command");
    if (!session->greeted)
        return smail__server_refuse(session, 503, "5.5.1", "Say hello first");
    if (session->options.require_auth && !session->authenticated)
        return smail__server_refuse(session, 530, "5.7.0",
                                    "Authentication required");
    if (!take_keyword(&argument, "FROM:"))
        return smail__server_refuse(session, 501, SYNTAX,
                                    "Usage: MAIL FROM:<address>");
    fault = smail__address_take(&mail.sender, &argument, SMAIL__ADDRESS_REVERSE,
                                false);
    if (fault != SMAIL__ADDRESS_FINE)
        return smail__server_refuse(session, 501, BAD_SENDER_SYNTAX,
                                    smail__address_fault_text(fault));
    if (!is_parameters(argument))
        return refuse_parameter(session, SMAIL__PARAMETER_SYNTAX);
    result = smail__parameter_parse(&mail, argument, SMAIL__PARAMETER_OF_MAIL,
                                    session->options.auth_mechanisms != NULL);
    if (result != SMAIL__PARAMETER_FINE)
        return refuse_parameter(session, result);
    return ask_mail(session, &mail);
}

/*
 * RFC 5321, 4.5.3.1.10: 452, and the client sends the rest in another
 * transaction. It may pipeline many, so they are no errors, but still count.
 */
static int too_many_recipients(smail_smtp_server *session)
{
    int error;

    if (!smail__server_may_idle(session, &error))
        return error;
    return smail__server_reply(session, 452, "4.5.3", "Too many recipients");
}

int smail__server_rcpt(smail_smtp_server *session, smail_span argument)
{
    enum smail__address_fault fault;
    enum smail__parameter_result result;
    smail_path recipient;

    if (!session->mail.open)
        return smail__server_refuse(session, 503, "5.5.1", "Need MAIL first");
    if (!take_keyword(&argument, "TO:"))
        return smail__server_refuse(session, 501, SYNTAX,
                                    "Usage: RCPT TO:<address>");
    fault = smail__address_take(&recipient, &argument, SMAIL__ADDRESS_FORWARD,
                                false);
    if (fault != SMAIL__ADDRESS_FINE)
        return smail__server_refuse(session, 501, BAD_RECIPIENT_SYNTAX,
                                    smail__address_fault_text(fault));
    result = is_parameters(argument)
                 ? smail__parameter_parse(NULL, argument,
                                          SMAIL__PARAMETER_OF_RCPT, false)
                 : SMAIL__PARAMETER_SYNTAX;
    if (result != SMAIL__PARAMETER_FINE)
        return refuse_parameter(session, result);
    if (session->mail.recipients >= session->options.max_recipients)
        return too_many_recipients(session);
    session->event.rcpt.recipient = recipient;
    smail__server_ask(session, SMAIL_SMTP_RCPT);
    return 0;
}
