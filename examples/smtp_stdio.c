/* SPDX-License-Identifier: MIT */
/*
 * smtp_stdio.c - an SMTP server on standard input and output, in one page.
 *
 * It links the protocol engine and nothing else, takes mail for anybody at
 * example.test, and throws it away. Try it:
 *
 *    smtp_stdio | cat        and type, or run it under socat or inetd
 *
 * The engine does no I/O: this loop reads and writes, and answers what the
 * engine asks.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <smtpmail/smtp_server.h>

static bool is_ours(smail_span domain)
{
    static const char ours[] = "example.test";

    return domain.len == sizeof(ours) - 1 &&
           memcmp(domain.data, ours, domain.len) == 0;
}

static void decide(smail_smtp_server *session, const smail_smtp_event *event)
{
    if (event->type == SMAIL_SMTP_RCPT &&
        !is_ours(event->rcpt.recipient.domain))
        smail_smtp_server_reject(session, 550, "5.7.1", "Relaying denied");
    else if (event->type == SMAIL_SMTP_END_OF_DATA)
        smail_smtp_server_accept_with(session, NULL, "Thrown away, as asked");
    else
        smail_smtp_server_accept(session);
}

static void flush(smail_smtp_server *session)
{
    smail_span output;

    while ((output = smail_smtp_server_output(session)).len > 0) {
        fwrite(output.data, 1, output.len, stdout);
        smail_smtp_server_sent(session, output.len);
    }
    fflush(stdout);
}

/* Feed `input` until it is used up. False: the session is over. */
static bool drive(smail_smtp_server *session, smail_span input)
{
    const smail_smtp_event *event;

    while (smail_smtp_server_feed(&event, session, &input) == 0) {
        switch (event->type) {
        case SMAIL_SMTP_NEED_INPUT:
            flush(session);
            return true;
        case SMAIL_SMTP_WAIT: /* the output has grown long */
            flush(session);
            break;
        case SMAIL_SMTP_CLOSE:
            flush(session);
            return false;
        case SMAIL_SMTP_BODY: /* event->body is content; a real one keeps it */
        case SMAIL_SMTP_RESET:
        case SMAIL_SMTP_STARTTLS:
            break;
        default:
            decide(session, event);
        }
    }
    flush(session); /* no memory: the last words are a 421 */
    return false;
}

int main(void)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session;
    char buffer[4096];
    ssize_t len = 0;

    options.hostname = "mx.example.test";
    if (smail_smtp_server_new(&session, &options) != 0)
        return 1;
    while (drive(session, (smail_span){ buffer, (size_t)len })) {
        len = read(STDIN_FILENO, buffer, sizeof(buffer));
        if (len <= 0)
            break;
    }
    smail_smtp_server_free(session);
    return 0;
}
