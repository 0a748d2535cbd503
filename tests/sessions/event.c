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
    static const char *const bodies[] = { "", " body=8bitmime",
                                          " body=binarymime" };
    static const char *const rets[] = { "", " ret=full", " ret=hdrs" };
    static const char *const modes[] = { "", "R", "N" };

    smail__buf_puts(out, "mail ");
    put_path(out, &mail->sender);
    if (mail->size > 0)
        smail__buf_printf(out, " size=%llu", (unsigned long long)mail->size);
    smail__buf_puts(out, bodies[mail->body]);
    if (mail->auth.len > 0)
        smail__buf_printf(out, " auth=%.*s", SMAIL__SPAN_ARG(mail->auth));
    if (mail->smtputf8)
        smail__buf_puts(out, " smtputf8");
    if (mail->require_tls)
        smail__buf_puts(out, " requiretls");
    smail__buf_puts(out, rets[mail->ret]);
    if (mail->envelope_id.len > 0)
        smail__buf_printf(out, " envid=%.*s",
                          SMAIL__SPAN_ARG(mail->envelope_id));
    if (mail->by_mode != SMAIL_SMTP_BY_UNSAID)
        smail__buf_printf(out, " by=%d;%s%s", (int)mail->by_time,
                          modes[mail->by_mode], mail->by_trace ? "T" : "");
    if (mail->hold_for > 0)
        smail__buf_printf(out, " holdfor=%u", mail->hold_for);
    if (mail->hold_until > 0)
        smail__buf_printf(out, " holduntil=%lld", (long long)mail->hold_until);
    if (mail->has_priority)
        smail__buf_printf(out, " priority=%d", mail->priority);
}

static void put_rcpt(struct smail__buf *out, const smail_smtp_rcpt *rcpt)
{
    smail__buf_puts(out, "rcpt ");
    put_path(out, &rcpt->recipient);
    if (rcpt->notify != 0)
        smail__buf_printf(out, " notify=%u", rcpt->notify);
    if (rcpt->orcpt_type.len > 0)
        smail__buf_printf(out, " orcpt=%.*s;%.*s",
                          SMAIL__SPAN_ARG(rcpt->orcpt_type),
                          SMAIL__SPAN_ARG(rcpt->orcpt_address));
}

static void put_data(struct smail__buf *out, const smail_smtp_data *data)
{
    smail__buf_puts(out, "data");
    if (data->chunked)
        smail__buf_printf(out, " chunked=%llu", (unsigned long long)data->size);
}

static void put_query(struct smail__buf *out, const char *verb,
                      const smail_smtp_query *query)
{
    smail__buf_printf(out, "%s %.*s%s", verb, SMAIL__SPAN_ARG(query->text),
                      query->smtputf8 ? " smtputf8" : "");
}

static void put_xclient(struct smail__buf *out,
                        const smail_smtp_xclient *xclient)
{
    const struct {
        const char *name;
        const smail_smtp_attribute *attribute;
    } all[] = {
        { "name", &xclient->name },         { "addr", &xclient->addr },
        { "port", &xclient->port },         { "proto", &xclient->proto },
        { "helo", &xclient->helo },         { "login", &xclient->login },
        { "destaddr", &xclient->destaddr }, { "destport", &xclient->destport },
    };
    static const char *const states[] = { "", "", "[UNAVAILABLE]",
                                          "[TEMPUNAVAIL]" };

    smail__buf_puts(out, "xclient");
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i].attribute->known != SMAIL_SMTP_UNSAID)
            smail__buf_printf(out, " %s=%s%.*s", all[i].name,
                              states[all[i].attribute->known],
                              SMAIL__SPAN_ARG(all[i].attribute->value));
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
        [SMAIL_SMTP_CONNECT] = "connect", [SMAIL_SMTP_END_OF_DATA] = "end",
        [SMAIL_SMTP_RESET] = "reset",     [SMAIL_SMTP_STARTTLS] = "starttls",
        [SMAIL_SMTP_CLOSE] = "close",
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
        put_rcpt(out, &event->rcpt);
        break;
    case SMAIL_SMTP_DATA:
        put_data(out, &event->data);
        break;
    case SMAIL_SMTP_VRFY:
        put_query(out, "vrfy", &event->query);
        break;
    case SMAIL_SMTP_EXPN:
        put_query(out, "expn", &event->query);
        break;
    case SMAIL_SMTP_XCLIENT:
        put_xclient(out, &event->xclient);
        break;
    case SMAIL_SMTP_AUTH:
        put_auth(out, &event->auth);
        break;
    default:
        smail__buf_puts(out, names[event->type]);
    }
}
