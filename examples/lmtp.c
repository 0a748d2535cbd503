/* SPDX-License-Identifier: MIT */
/*
 * lmtp.c - delivers a message by LMTP, and tells for each recipient what came
 * of it (RFC 2033, 4.2).
 *
 *    lmtp HOST PORT TO... <message.eml
 *
 * A recipient is refused at once, or settled one by one when the content was
 * sent. Whoever is left without a word when the connection breaks has to be
 * tried again.
 */
#include <string.h>

#include "client_io.h"

#define RECIPIENTS_MAX 100

struct delivery {
    smail_smtp_envelope mail;
    smail_smtp_rcpt to[RECIPIENTS_MAX];
    int code[RECIPIENTS_MAX]; /* what came of it; 0: not known */
    smail_span content;
    bool begun;
};

static void settle(struct delivery *d, const smail_smtp_client_event *event)
{
    const smail_path *path = &d->to[event->recipient].recipient;

    d->code[event->recipient] = event->reply.code;
    printf("%.*s@%.*s: %d %.*s\n", (int)path->local.len, path->local.data,
           (int)path->domain.len, path->domain.data, event->reply.code,
           (int)event->reply.text.len, event->reply.text.data);
}

static void on_ready(smail_smtp_client *session, struct delivery *d)
{
    if (d->begun || smail_smtp_client_send(session, &d->mail) != 0)
        smail_smtp_client_quit(session);
    d->begun = true;
}

/* False: the session is over. */
static bool act(smail_smtp_client *session, int fd, struct delivery *d,
                const smail_smtp_client_event *event)
{
    switch (event->type) {
    case SMAIL_SMTP_CLIENT_READY:
        on_ready(session, d);
        break;
    case SMAIL_SMTP_CLIENT_RECIPIENT: /* a yes is not the last word */
        if (event->reply.code / 100 != 2)
            settle(d, event);
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        push(session, fd, &d->content);
        break;
    case SMAIL_SMTP_CLIENT_SETTLED:
        settle(d, event);
        break;
    case SMAIL_SMTP_CLIENT_CLOSE:
        flush(session, fd);
        return false;
    default:
        break;
    }
    return true;
}

static void drive(smail_smtp_client *session, int fd, struct delivery *d)
{
    const smail_smtp_client_event *event;
    smail_span input = { NULL, 0 };
    char buffer[4096];

    while (smail_smtp_client_feed(&event, session, &input) == 0 &&
           act(session, fd, d, event)) {
        if (event->type != SMAIL_SMTP_CLIENT_NEED_INPUT)
            continue;
        flush(session, fd);
        input = listen_to(session, fd, buffer, sizeof(buffer));
    }
}

int main(int argc, char **argv)
{
    const smail_smtp_envelope empty = SMAIL_SMTP_ENVELOPE_INIT;
    smail_smtp_client_options options = SMAIL_SMTP_CLIENT_OPTIONS_INIT;
    smail_smtp_content content = SMAIL_SMTP_CONTENT_INIT;
    static char message[1024 * 1024];
    static struct delivery d;
    smail_smtp_client *session;
    int rc = 0;
    int fd;

    d.mail = empty;
    if (argc < 4 || argc - 3 > RECIPIENTS_MAX)
        return 2;
    for (d.mail.recipients = d.to; (int)d.mail.count < argc - 3; d.mail.count++)
        if (smail_path_parse(&d.to[d.mail.count].recipient,
                             (smail_span){ argv[3 + d.mail.count],
                                           strlen(argv[3 + d.mail.count]) },
                             true) != 0)
            return 2;
    d.content = read_message(message, sizeof(message));
    smail_smtp_content_scan(&content, d.content);
    d.mail.mail.body = smail_smtp_content_body(&content);
    options.hostname = "client.example";
    options.protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    fd = dial(argv[1], argv[2]);
    if (fd < 0 || smail_smtp_client_new(&session, &options) != 0)
        return 1;
    drive(session, fd, &d);
    for (size_t i = 0; i < d.mail.count; i++)
        rc |= d.code[i] / 100 != 2;
    smail_smtp_client_free(session);
    close(fd);
    return rc;
}
