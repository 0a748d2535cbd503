/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_mail.c - MAIL and RCPT (RFC 5321, 4.1.1.2 and 4.1.1.3): read
 * the path and its parameters, keep the limits, ask.
 */
#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"
#include "smtp/address.h"
#include "smtp/parameter.h"
#include "smtp/server.h"

/* The enhanced codes of RFC 3463, 3.2 for a path that is no good. */
#define BAD_SENDER_SYNTAX "5.1.7"
#define BAD_RECIPIENT_SYNTAX "5.1.3"

/* RFC 6531, 3.5 */
#define NOT_ASCII "5.6.7"

#define SYNTAX "5.5.4" /* RFC 3463, 3.6: invalid command arguments */

/* Take "FROM:" or "TO:" in any case, and the spaces that many add to it. */
static bool take_keyword(smail_span *text, const char *keyword)
{
    size_t len = 0;

    for (; keyword[len] != '\0'; len++)
        if (len == text->len || smail__upper(text->data[len]) != keyword[len])
            return false;
    *text = smail__span_from(*text, len);
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
    if (result == SMAIL__PARAMETER_TOO_SOON)
        return smail__server_refuse(session, 554, "5.4.7",
                                    "Cannot promise delivery by that time");
    return smail__server_refuse(session, 501, SYNTAX,
                                "Syntax error in parameters");
}

static bool offers_utf8(const smail_smtp_server *session)
{
    return (session->offered & SMAIL__EXTENSION_SMTPUTF8) != 0;
}

/* What is understood behind the path, here and now. */
static struct smail__parameter_rules rules_of(const smail_smtp_server *session,
                                              bool utf8)
{
    const smail_smtp_server_options *options = &session->options;
    struct smail__parameter_rules rules = {
        .known = session->offered,
        .min_deliver_by = options->min_deliver_by,
        .max_future_release = options->max_future_release,
        .max_future_release_date = options->max_future_release_date,
        .utf8 = utf8,
    };

    /* RFC 4954, 5: AUTH= is for relays too, which never log in. */
    if (options->auth_mechanisms != NULL)
        rules.known |= SMAIL__EXTENSION_AUTH;
    return rules;
}

/* RFC 6531, 3.5: without SMTPUTF8 all of the envelope is ASCII. */
static bool is_ascii_path(const smail_path *path)
{
    return smail__is_ascii(path->local) && smail__is_ascii(path->domain);
}

static int ask_mail(smail_smtp_server *session, const smail_smtp_mail *mail)
{
    if (!mail->smtputf8 && offers_utf8(session) &&
        !(is_ascii_path(&mail->sender) && smail__is_ascii(mail->auth)))
        return smail__server_refuse(session, 550, NOT_ASCII,
                                    "Non-ASCII address needs SMTPUTF8");
    if (mail->size > session->options.max_message_size)
        return smail__server_refuse(session, 552, "5.3.4",
                                    "Message size exceeds our limit");
    session->event.mail = *mail;
    smail__server_ask(session, SMAIL_SMTP_MAIL);
    return 0;
}

/*
 * RFC 5321, 4.5.3.1.10 and RFC 9422, 4: 452, and the client sends the rest in
 * another transaction or session. It may pipeline many, so they are no errors,
 * but still count.
 */
static int too_many(smail_smtp_server *session, const char *text)
{
    if (!smail__server_may_idle(session))
        return smail__server_end_idle(session);
    return smail__server_reply(session, 452, "4.5.3", text);
}

/* RFC 9422, 4: MAILMAX counts every MAIL, taken or not. */
static bool is_mail_too_many(smail_smtp_server *session)
{
    uint32_t max = session->options.max_mails;

    if (max == 0)
        return false;
    if (session->mails >= max)
        return true;
    session->mails++;
    return false;
}

/* NULL: MAIL may come now. */
static const char *why_not_now(const smail_smtp_server *session)
{
    if (session->mail.open)
        return "Nested MAIL command";
    return session->greeted ? NULL : "Say hello first";
}

int smail__server_mail(smail_smtp_server *session, smail_span argument)
{
    bool utf8 = offers_utf8(session);
    smail_smtp_mail mail = { .auth = { "", 0 }, .envelope_id = { "", 0 } };
    enum smail__address_fault fault;
    enum smail__parameter_result result;
    const char *objection = why_not_now(session);

    if (objection != NULL)
        return smail__server_refuse(session, 503, "5.5.1", objection);
    if (is_mail_too_many(session))
        return too_many(session, "Too many mails in this session");
    if (session->options.require_auth && !session->authenticated)
        return smail__server_refuse(session, 530, "5.7.0",
                                    "Authentication required");
    if (!take_keyword(&argument, "FROM:"))
        return smail__server_refuse(session, 501, SYNTAX,
                                    "Usage: MAIL FROM:<address>");
    fault = smail__address_take(&mail.sender, &argument, SMAIL__ADDRESS_REVERSE,
                                utf8);
    if (fault != SMAIL__ADDRESS_FINE)
        return smail__server_refuse(session, 501, BAD_SENDER_SYNTAX,
                                    smail__address_fault_text(fault));
    if (argument.len > 0) {
        struct smail__parameter_rules rules = rules_of(session, utf8);

        result = argument.data[0] == ' '
                     ? smail__parameter_of_mail(&mail, argument, &rules)
                     : SMAIL__PARAMETER_SYNTAX;
        if (result != SMAIL__PARAMETER_FINE)
            return refuse_parameter(session, result);
    }
    return ask_mail(session, &mail);
}

static int refuse_recipient(smail_smtp_server *session,
                            enum smail__address_fault fault)
{
    return smail__server_refuse(session, 501, BAD_RECIPIENT_SYNTAX,
                                smail__address_fault_text(fault));
}

/* Once no limit is in the way. */
static int ask_rcpt(smail_smtp_server *session, const smail_smtp_rcpt *rcpt)
{
    const smail_smtp_server_options *options = &session->options;
    int error = 0;

    if (session->mail.recipients >= options->max_recipients)
        return too_many(session, "Too many recipients");
    if (options->max_recipient_domains > 0)
        error =
            smail__transaction_make_room(&session->mail, rcpt->recipient.domain,
                                         options->max_recipient_domains);
    if (error == SMAIL_ELIMIT)
        return too_many(session, "Too many recipient domains");
    if (error != 0)
        return error;
    session->event.rcpt = *rcpt;
    smail__server_ask(session, SMAIL_SMTP_RCPT);
    return 0;
}

int smail__server_rcpt(smail_smtp_server *session, smail_span argument)
{
    bool utf8 = offers_utf8(session);
    smail_smtp_rcpt rcpt = { .orcpt_type = { "", 0 },
                             .orcpt_address = { "", 0 } };
    enum smail__address_fault fault;
    enum smail__parameter_result result;

    if (!session->mail.open)
        return smail__server_refuse(session, 503, "5.5.1", "Need MAIL first");
    if (session->mail.chunked)
        return smail__server_refuse(session, 503, "5.5.1",
                                    "RCPT may not follow BDAT");
    if (!take_keyword(&argument, "TO:"))
        return smail__server_refuse(session, 501, SYNTAX,
                                    "Usage: RCPT TO:<address>");
    fault = smail__address_take(&rcpt.recipient, &argument,
                                SMAIL__ADDRESS_FORWARD, utf8);
    if (fault != SMAIL__ADDRESS_FINE)
        return refuse_recipient(session, fault);
    if (utf8 && !session->mail.smtputf8 && !is_ascii_path(&rcpt.recipient))
        return smail__server_refuse(session, 553, NOT_ASCII,
                                    "Non-ASCII address needs SMTPUTF8");
    if (argument.len > 0) {
        struct smail__parameter_rules rules =
            rules_of(session, session->mail.smtputf8);

        result = argument.data[0] == ' '
                     ? smail__parameter_of_rcpt(&rcpt, argument, &rules)
                     : SMAIL__PARAMETER_SYNTAX;
        if (result != SMAIL__PARAMETER_FINE)
            return refuse_parameter(session, result);
    }
    return ask_rcpt(session, &rcpt);
}
