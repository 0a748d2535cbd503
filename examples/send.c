/* SPDX-License-Identifier: MIT */
/*
 * send.c - sends a message, with the client session over a blocking socket.
 *
 *    send HOST PORT FROM TO... <message.eml
 *
 * The session does no I/O: this loop reads, writes, and does what its events
 * ask for. What the server cannot take as it is comes back from send() before
 * anything is said; what it refuses comes with its own words.
 */
#include <string.h>

#include "client_io.h"

#define RECIPIENTS_MAX 100

static void say(const char *what, const smail_smtp_reply *reply)
{
    printf("%s: %d %.*s\n", what, reply->code, (int)reply->text.len,
           reply->text.data);
}

/* The first time it is READY, send; the next time, all is done. */
static void on_ready(smail_smtp_client *session, smail_smtp_envelope *mail)
{
    if (mail->count == 0) {
        smail_smtp_client_quit(session);
    } else if (smail_smtp_client_send(session, mail) != 0) {
        printf("cannot: %s\n", smail_smtp_client_obstacle(session)->text);
        smail_smtp_client_quit(session);
    }
    mail->count = 0;
}

/* 0 if everybody gets it. */
static int drive(smail_smtp_client *session, int fd, smail_smtp_envelope *mail,
                 smail_span content)
{
    const smail_smtp_client_event *event;
    smail_span input = { NULL, 0 };
    char buffer[4096];
    size_t wanted = mail->count;
    size_t accepted = 0;
    bool taken = false;

    while (smail_smtp_client_feed(&event, session, &input) == 0) {
        switch (event->type) {
        case SMAIL_SMTP_CLIENT_READY:
            on_ready(session, mail);
            break;
        case SMAIL_SMTP_CLIENT_RECIPIENT:
            say("recipient", &event->reply);
            accepted += event->reply.code / 100 == 2;
            break;
        case SMAIL_SMTP_CLIENT_SEND_BODY:
            push(session, fd, &content);
            break;
        case SMAIL_SMTP_CLIENT_DONE:
            say("message", &event->reply);
            taken = event->reply.code / 100 == 2;
            break;
        case SMAIL_SMTP_CLIENT_CLOSE:
            flush(session, fd);
            return taken && accepted == wanted ? 0 : 1;
        default: /* NEED_INPUT; the rest needs TLS, AUTH or LMTP */
            flush(session, fd);
            input = listen_to(session, fd, buffer, sizeof(buffer));
        }
    }
    return 1;
}

int main(int argc, char **argv)
{
    static char message[1024 * 1024];
    smail_smtp_client_options options = SMAIL_SMTP_CLIENT_OPTIONS_INIT;
    smail_smtp_envelope mail = SMAIL_SMTP_ENVELOPE_INIT;
    smail_smtp_content content = SMAIL_SMTP_CONTENT_INIT;
    smail_smtp_rcpt to[RECIPIENTS_MAX];
    smail_smtp_client *session;
    smail_span text;
    int fd, rc;

    if (argc < 5 || argc - 4 > RECIPIENTS_MAX ||
        smail_path_parse(&mail.mail.sender,
                         (smail_span){ argv[3], strlen(argv[3]) }, true) != 0)
        return 2;
    memset(to, 0, sizeof(to));
    for (mail.recipients = to; mail.count < (size_t)argc - 4; mail.count++) {
        const char *word = argv[4 + mail.count];

        if (smail_path_parse(&to[mail.count].recipient,
                             (smail_span){ word, strlen(word) }, true) != 0)
            return 2;
    }
    text = read_message(message, sizeof(message));
    smail_smtp_content_scan(&content, text);
    mail.mail.size = content.size;
    mail.mail.body = smail_smtp_content_body(&content);
    mail.mail.smtputf8 = content.utf8_header;
    options.hostname = "client.example";
    fd = dial(argv[1], argv[2]);
    if (fd < 0 || smail_smtp_client_new(&session, &options) != 0)
        return 1;
    rc = drive(session, fd, &mail, text);
    smail_smtp_client_free(session);
    close(fd);
    return rc;
}
