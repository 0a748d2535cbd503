/* SPDX-License-Identifier: MIT */
/* Links the engine alone: a session greets. */
#include <stdio.h>
#include <string.h>

#include <smtpmail/smtp_server.h>

int main(void)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session;
    const smail_smtp_event *event;
    smail_span input = { "", 0 };

    options.hostname = "mail.example.test";
    if (smail_smtp_server_new(&session, &options) != 0)
        return 1;
    if (smail_smtp_server_feed(&event, session, &input) != 0 ||
        event->type != SMAIL_SMTP_CONNECT ||
        smail_smtp_server_accept(session) != 0)
        return 1;

    smail_span greeting = smail_smtp_server_output(session);

    printf("%.*s", (int)greeting.len, greeting.data);
    int status = memcmp(greeting.data, "220 mail.example.test", 21) != 0;

    smail_smtp_server_free(session);
    return status;
}
