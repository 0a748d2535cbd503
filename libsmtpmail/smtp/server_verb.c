/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_verb.c - the commands of a session (RFC 5321, 4.1.1), but for
 * MAIL, RCPT and AUTH, which have files of their own. What each verb may
 * stand with is in the table of command.c; order is kept here (RFC 5321,
 * 4.1.4).
 */
#include <string.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"
#include "smtp/address.h"
#include "smtp/server.h"

/* RFC 2034, 4: no enhanced code in an answer to HELO and EHLO. */
static int hello(smail_smtp_server *session, smail_span name, bool extended)
{
    if (!smail__address_is_helo(name))
        return smail__server_refuse(session, 501, NULL,
                                    "Not a valid host name");
    /* So that accept() cannot fail to remember the name. */
    if (smail__buf_reserve(&session->helo, name.len) != 0)
        return SMAIL_ENOMEM;
    session->event.helo =
        (smail_smtp_helo){ .name = name, .extended = extended };
    smail__server_ask(session, SMAIL_SMTP_HELO);
    return 0;
}

static int helo(smail_smtp_server *session, smail_span argument)
{
    return hello(session, argument, false);
}

static int ehlo(smail_smtp_server *session, smail_span argument)
{
    return hello(session, argument, true);
}

static int data(smail_smtp_server *session, smail_span argument)
{
    (void)argument;
    if (!session->mail.open)
        return smail__server_refuse(session, 503, "5.5.1", "Need MAIL first");
    if (session->mail.recipients == 0) /* RFC 5321, 3.3 */
        return smail__server_refuse(session, 503, "5.5.1",
                                    "No valid recipients");
    if (session->mail.chunked) /* RFC 3030, 2 */
        return smail__server_refuse(session, 503, "5.5.1",
                                    "DATA may not follow BDAT");
    if (session->mail.body == SMAIL_SMTP_BODY_BINARYMIME) /* RFC 3030, 3 */
        return smail__server_refuse(session, 503, "5.5.1",
                                    "BINARYMIME has to come by BDAT");
    session->event.data = (smail_smtp_data){ .chunked = false };
    smail__server_ask(session, SMAIL_SMTP_DATA);
    return 0;
}

/* What is said most, in a copy of a size that the compiler knows. */
static int say_ok(smail_smtp_server *session)
{
    static const char words[16] = "250 2.0.0 OK\r\n";
    struct smail__buf *output = &session->output;
    const size_t len = sizeof("250 2.0.0 OK\r\n") - 1;

    if (output->error != 0 || output->room - output->len < sizeof(words))
        return smail__server_say(session, (smail_span){ words, len });
    memcpy(output->data + output->len, words, sizeof(words));
    output->len += len;
    return 0;
}

static int rset(smail_smtp_server *session, smail_span argument)
{
    (void)argument;
    smail__server_reset(session);
    return say_ok(session);
}

static int noop(smail_smtp_server *session, smail_span argument)
{
    (void)argument;
    return say_ok(session);
}

static int quit(smail_smtp_server *session, smail_span argument)
{
    (void)argument;
    smail__server_close(session);
    return smail__server_reply(session, 221, "2.0.0", "Goodbye");
}

/* Whether the last word is SMTPUTF8 (RFC 6531, 3.7.4.2); takes it off. */
static bool take_smtputf8(smail_span *argument)
{
    const size_t len = sizeof(" SMTPUTF8") - 1;
    smail_span word;

    if (argument->len <= len)
        return false;
    word = smail__span_from(*argument, argument->len - len);
    if (!smail__span_iis(word, " SMTPUTF8"))
        return false;
    *argument =
        smail__span_trim(smail__span_slice(*argument, 0, argument->len - len));
    return true;
}

/* String of RFC 5321, 4.1.2, and of RFC 6531, 3.3, has no controls. */
static bool is_string(smail_span text, bool utf8)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    return utf8 ? smail__utf8_valid(text) : smail__is_ascii(text);
}

static int ask_query(smail_smtp_server *session, smail_span argument,
                     smail_smtp_event_type type)
{
    bool offered = (session->offered & SMAIL__EXTENSION_SMTPUTF8) != 0;
    bool smtputf8 = offered && take_smtputf8(&argument);

    if (!is_string(argument, offered))
        return smail__server_refuse(session, 501, "5.5.2",
                                    "Argument is not valid UTF-8");
    session->event.query =
        (smail_smtp_query){ .text = argument, .smtputf8 = smtputf8 };
    smail__server_ask(session, type);
    return 0;
}

/* RFC 5321, 7.3: who exists is not told to strangers. */
static int vrfy(smail_smtp_server *session, smail_span argument)
{
    if (session->options.ask_vrfy)
        return ask_query(session, argument, SMAIL_SMTP_VRFY);
    return smail__server_say(
        session, SMAIL__SPAN("252 2.0.0 Cannot VRFY user, but will accept "
                             "message and attempt delivery\r\n"));
}

static int expn(smail_smtp_server *session, smail_span argument)
{
    if (session->options.ask_expn)
        return ask_query(session, argument, SMAIL_SMTP_EXPN);
    return smail__server_refuse(session, 502, "5.5.1",
                                "Command not implemented");
}

static int help(smail_smtp_server *session, smail_span argument)
{
    const char *text = session->options.help_text;

    (void)argument;
    return smail__server_reply(session, 214, "2.0.0",
                               text != NULL ? text : "See RFC 5321");
}

/* RFC 3207, 4. The notices go out in order: RESET, then STARTTLS. */
static int starttls(smail_smtp_server *session, smail_span argument)
{
    (void)argument;
    if (!session->options.offer_starttls)
        return smail__server_refuse(session, 502, "5.5.1",
                                    "Command not implemented");
    if (session->secured)
        return smail__server_refuse(session, 503, "5.5.1", "TLS is already up");
    smail__server_reset(session);
    session->owe_starttls = true;
    return smail__server_reply(session, 220, "2.0.0", "Ready to start TLS");
}

static int unknown(smail_smtp_server *session, smail_span argument)
{
    (void)argument;
    return smail__server_refuse(session, 500, "5.5.2",
                                "Command not recognized");
}

static int (*const handlers[])(smail_smtp_server *, smail_span) = {
    [SMAIL__VERB_UNKNOWN] = unknown,
    [SMAIL__VERB_HELO] = helo,
    [SMAIL__VERB_EHLO] = ehlo,
    [SMAIL__VERB_LHLO] = ehlo,
    [SMAIL__VERB_MAIL] = smail__server_mail,
    [SMAIL__VERB_RCPT] = smail__server_rcpt,
    [SMAIL__VERB_DATA] = data,
    [SMAIL__VERB_RSET] = rset,
    [SMAIL__VERB_NOOP] = noop,
    [SMAIL__VERB_QUIT] = quit,
    [SMAIL__VERB_VRFY] = vrfy,
    [SMAIL__VERB_EXPN] = expn,
    [SMAIL__VERB_HELP] = help,
    [SMAIL__VERB_AUTH] = smail__server_auth,
    [SMAIL__VERB_STARTTLS] = starttls,
    [SMAIL__VERB_XCLIENT] = smail__server_xclient,
};

static bool is_argument_good(const struct smail__command_form *form,
                             smail_span argument)
{
    if (form->argument == SMAIL__ARGUMENT_NONE)
        return argument.len == 0;
    return form->argument == SMAIL__ARGUMENT_OPTIONAL || argument.len > 0;
}

/* A line of the right length whose verb may not be used now. */
static int refuse_verb(smail_smtp_server *session, enum smail__verb verb)
{
    if (!smail__server_speaks(session, verb))
        return smail__server_refuse(session, 500, "5.5.2",
                                    "Command not recognized");
    /* RFC 5321, 3.1: having said 554, wait for QUIT and nothing else. */
    if (session->phase == SMAIL__SERVER_REFUSED)
        return smail__server_refuse(session, 503, "5.5.1",
                                    "No service here, please QUIT");
    return smail__server_refuse(session, 530, "5.7.0",
                                "Must issue a STARTTLS command first");
}

static bool is_ready(const smail_smtp_server *session, enum smail__verb verb)
{
    if (session->phase == SMAIL__SERVER_REFUSED)
        return verb == SMAIL__VERB_QUIT;
    return (session->ready >> verb & 1) != 0;
}

/* Move the argument into memory of ours, where it may be changed too. */
static int own_argument(smail_smtp_server *session,
                        struct smail__command *command, smail_span line)
{
    size_t at = (size_t)(command->argument.data - line.data);

    if (smail__line_keep(&session->line, line) != 0)
        return SMAIL_ENOMEM;
    command->argument.data = session->line.buf.data + at;
    return 0;
}

int smail__server_command(smail_smtp_server *session, smail_span line,
                          bool borrowed)
{
    struct smail__command command;

    smail__command_parse(&command, line);
    session->line.secret = command.verb == SMAIL__VERB_AUTH;
    /* BDAT has its own way through: octets come behind it in any case. */
    if (command.verb == SMAIL__VERB_BDAT &&
        smail__server_speaks(session, command.verb))
        return smail__server_bdat(session, line.len, command.argument);
    if (line.len + 2 > session->line_max[command.verb] &&
        smail__server_speaks(session, command.verb))
        return smail__server_refuse(session, 500, "5.5.2", "Line too long");
    if (!is_ready(session, command.verb))
        return refuse_verb(session, command.verb);
    if (!is_argument_good(command.form, command.argument))
        return smail__server_refuse_usage(session, command.verb);
    if (command.form->idle && !smail__server_may_idle(session))
        return smail__server_end_idle(session);
    if (borrowed && command.argument.len > 0 &&
        own_argument(session, &command, line) != 0)
        return SMAIL_ENOMEM;
    return handlers[command.verb](session, command.argument);
}
