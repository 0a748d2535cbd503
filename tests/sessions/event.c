/* SPDX-License-Identifier: MIT */
/* event.c - an event as a dialogue file writes it. See README.md. */
#include "event.h"

#include "base/span.h"

static void put_path(struct smail__buf *out, const smail_path *path)
{
    if (smail_path_is_null(path)) {
        smail__buf_puts(out, "<>");
        return;
    }
    smail__buf_append(out, path->local);
    if (path->domain.len > 0)
        smail__buf_putc(out, '@');
    smail__buf_append(out, path->domain);
}

static void put_mail(struct smail__buf *out, const smail_smtp_mail *mail)
{
    smail__buf_puts(out, "mail ");
    put_path(out, &mail->sender);
    if (mail->size > 0)
        smail__buf_printf(out, " size=%llu", (unsigned long long)mail->size);
    if (mail->body == SMAIL_SMTP_BODY_8BITMIME)
        smail__buf_puts(out, " body=8bitmime");
    if (mail->auth.len > 0)
        smail__buf_printf(out, " auth=%.*s", SMAIL__SPAN_ARG(mail->auth));
}

/* NUL, as PLAIN has it, is written as \0. */
static void put_auth(struct smail__buf *out, const smail_smtp_auth *auth)
{
    smail__buf_printf(out, "auth %.*s %s", SMAIL__SPAN_ARG(auth->mechanism),
                      auth->initial ? "initial" : "next");
    if (!auth->has_response)
        return;
    smail__buf_puts(out, " [");
    for (size_t i = 0; i < auth->response.len; i++) {
        if (auth->response.data[i] == '\0')
            smail__buf_puts(out, "\\0");
        else
            smail__buf_putc(out, auth->response.data[i]);
    }
    smail__buf_putc(out, ']');
}

void event_put(struct smail__buf *out, const smail_smtp_event *event)
{
    static const char *const names[] = {
        [SMAIL_SMTP_CONNECT] = "connect",   [SMAIL_SMTP_DATA] = "data",
        [SMAIL_SMTP_END_OF_DATA] = "end",   [SMAIL_SMTP_RESET] = "reset",
        [SMAIL_SMTP_STARTTLS] = "starttls", [SMAIL_SMTP_CLOSE] = "close",
    };

    switch (event->type) {
    case SMAIL_SMTP_HELO:
        smail__buf_printf(out, "helo %.*s%s", SMAIL__SPAN_ARG(event->helo.name),
                          event->helo.extended ? "" : " basic");
        break;
    case SMAIL_SMTP_MAIL:
        put_mail(out, &event->mail);
        break;
    case SMAIL_SMTP_RCPT:
        smail__buf_puts(out, "rcpt ");
        put_path(out, &event->rcpt.recipient);
        break;
    case SMAIL_SMTP_AUTH:
        put_auth(out, &event->auth);
        break;
    default:
        smail__buf_puts(out, names[event->type]);
    }
}
