/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_send.c - a transaction, client side: envelope (RFC 5321, 3.3),
 * content (4.5.2), and the verdicts.
 *
 * All commands are written at once. Where PIPELINING is offered they go out
 * together (RFC 2920, 3.1), else one by one as the replies come in. Once the
 * verdict is known, DONE is said; replies that are still to come are swallowed
 * before the session is ready again.
 */
#include <string.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"
#include "smtp/address.h"
#include "smtp/client.h"
#include "smtp/line.h"

/* Content stops going into an output that is longer than this. */
#define OUTPUT_BACKLOG 65536

static bool is_yes(const smail_smtp_client *session)
{
    return session->last.code / 100 == 2;
}

void smail__client_mail_clear(smail_smtp_client *session)
{
    smail__mem_free(session->options.mem, session->mail.accepted);
    session->mail = (struct smail__client_mail){ .count = 0 };
}

void smail__client_settle(smail_smtp_client *session)
{
    if (!session->mail.settled)
        session->owe_done = true;
    session->mail.settled = true;
}

/* --- the envelope --------------------------------------------------------- */

/* A path must not be able to end the line or to carry parameters. */
static bool put_path(struct smail__buf *out, const smail_path *path,
                     enum smail__address_kind kind)
{
    size_t start = out->len;
    smail_path parsed;
    smail_span text;

    smail__buf_putc(out, '<');
    smail__buf_append(out, path->local);
    if (path->domain.len > 0)
        smail__buf_putc(out, '@');
    smail__buf_append(out, path->domain);
    smail__buf_putc(out, '>');
    if (smail__buf_error(out) != 0)
        return true; /* told later, as an error of the buffer */
    text = smail__span_from(smail__buf_span(out), start);
    return smail__address_take(&parsed, &text, kind, false) ==
               SMAIL__ADDRESS_FINE &&
           text.len == 0;
}

static bool put_mail(const smail_smtp_client *session, struct smail__buf *out,
                     const smail_smtp_envelope *envelope)
{
    bool good;

    smail__buf_puts(out, "MAIL FROM:");
    good = put_path(out, &envelope->sender, SMAIL__ADDRESS_REVERSE);
    if (envelope->size > 0 && session->offer.is.size)
        smail__buf_printf(out, " SIZE=%llu",
                          (unsigned long long)envelope->size);
    if (envelope->body == SMAIL_SMTP_BODY_8BITMIME)
        smail__buf_puts(out, " BODY=8BITMIME");
    smail__buf_puts(out, "\r\n");
    return good;
}

/* All commands of the transaction. */
static bool put_script(const smail_smtp_client *session, struct smail__buf *out,
                       const smail_smtp_envelope *envelope)
{
    bool good = put_mail(session, out, envelope);

    for (size_t i = 0; i < envelope->count && good; i++) {
        smail__buf_puts(out, "RCPT TO:");
        good = put_path(out, &envelope->recipients[i], SMAIL__ADDRESS_FORWARD);
        smail__buf_puts(out, "\r\n");
    }
    smail__buf_puts(out, "DATA\r\n");
    return good;
}

static bool is_pipelining(const smail_smtp_client *session)
{
    return !session->options.no_pipelining && session->offer.is.pipelining;
}

/* Send the next command, or all of them, and await a reply in `state`. */
static int advance(smail_smtp_client *session, enum smail__client_state state)
{
    smail_span script = smail__buf_span(&session->script);
    size_t len = script.len;

    session->state = state;
    if (len == 0)
        return 0;
    if (!is_pipelining(session))
        len = smail__span_find(script, '\n') + 1;
    smail__buf_append(&session->output, smail__span_slice(script, 0, len));
    smail__buf_consume(&session->script, len);
    if (session->script.len == 0)
        smail__buf_dispose(&session->script);
    return smail__client_output_error(session);
}

static int check_envelope(const smail_smtp_client *session,
                          const smail_smtp_envelope *envelope)
{
    if (session->state != SMAIL__CLIENT_IDLE)
        return SMAIL_ESTATE;
    if (envelope->count == 0)
        return SMAIL_EINVAL;
    if (envelope->body == SMAIL_SMTP_BODY_8BITMIME &&
        !session->offer.is.eight_bit)
        return SMAIL_EINVAL;
    if (session->offer.is.max_size > 0 &&
        envelope->size > session->offer.is.max_size)
        return SMAIL_ELIMIT;
    return 0;
}

int smail_smtp_client_send(smail_smtp_client *session,
                           const smail_smtp_envelope *envelope)
{
    int error = check_envelope(session, envelope);

    if (error != 0)
        return error;
    smail__client_mail_clear(session);
    smail__buf_clear(&session->script);
    if (!put_script(session, &session->script, envelope)) {
        smail__buf_clear(&session->script);
        return SMAIL_EINVAL;
    }
    session->mail.accepted =
        smail__mem_alloc(session->options.mem, envelope->count);
    if (smail__buf_error(&session->script) != 0 ||
        session->mail.accepted == NULL)
        return smail__client_collapse(session);
    session->mail.count = envelope->count;
    session->owe_ready = false;
    if (advance(session, SMAIL__CLIENT_MAIL) != 0)
        return smail__client_collapse(session);
    return 0;
}

/* --- replies -------------------------------------------------------------- */

/* Nothing more to swallow. `open`: the server may still have a transaction. */
static int finish(smail_smtp_client *session, bool open)
{
    smail__client_mail_clear(session);
    smail__buf_dispose(&session->script);
    if (open)
        return smail__client_say(session, SMAIL__CLIENT_RSET, "RSET\r\n");
    smail__client_ready(session);
    return 0;
}

int smail__client_on_mail(smail_smtp_client *session)
{
    if (is_yes(session))
        return advance(session, SMAIL__CLIENT_RCPT);
    smail__client_settle(session);
    if (session->script.len > 0)
        return finish(session, false);
    session->state = SMAIL__CLIENT_RCPT; /* they are on their way already */
    return 0;
}

int smail__client_on_rcpt(smail_smtp_client *session)
{
    struct smail__client_mail *mail = &session->mail;
    bool last = mail->next + 1 == mail->count;
    bool settled = mail->settled;

    if (!settled) {
        smail__client_emit(session, SMAIL_SMTP_CLIENT_RECIPIENT);
        session->event.recipient = mail->next;
    }
    mail->accepted[mail->next] = is_yes(session);
    mail->good += is_yes(session);
    mail->next++;
    if (!last)
        return advance(session, SMAIL__CLIENT_RCPT);
    if (mail->good == 0) {
        smail__client_settle(session);
        if (session->script.len > 0) /* DATA was not sent, nor will it be */
            return finish(session, true);
    }
    return advance(session, SMAIL__CLIENT_DATA);
}

/* RFC 2920, 3.1: DATA was granted with nobody to take it, so send nothing. */
static int send_nothing(smail_smtp_client *session)
{
    /* It would reach somebody, or in LMTP get no reply: hang up. */
    if (session->mail.good > 0 ||
        session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP) {
        smail__client_close(session, SMAIL_SMTP_CLOSE_NONSENSE);
        return 0;
    }
    return smail__client_say(session, SMAIL__CLIENT_END, ".\r\n");
}

int smail__client_on_data(smail_smtp_client *session)
{
    struct smail__client_mail *mail = &session->mail;

    if (session->last.code == 354) {
        if (mail->settled)
            return send_nothing(session);
        session->state = SMAIL__CLIENT_BODY;
        mail->line_start = true;
        mail->next = 0; /* the verdicts of LMTP begin anew */
        smail__client_emit(session, SMAIL_SMTP_CLIENT_SEND_BODY);
        return 0;
    }
    if (session->last.code < 400) {
        smail__client_close(session, SMAIL_SMTP_CLOSE_NONSENSE);
        return 0;
    }
    smail__client_settle(session);
    return finish(session, true);
}

/* RFC 2033, 4.2: one reply for each recipient that was accepted. */
static bool settle_recipient(smail_smtp_client *session)
{
    struct smail__client_mail *mail = &session->mail;

    while (!mail->accepted[mail->next])
        mail->next++;
    smail__client_emit(session, SMAIL_SMTP_CLIENT_SETTLED);
    session->event.recipient = mail->next++;
    return --mail->good == 0;
}

int smail__client_on_end(smail_smtp_client *session)
{
    bool lmtp = session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP;

    if (lmtp && !session->mail.settled && !settle_recipient(session))
        return 0;
    smail__client_settle(session);
    return finish(session, false);
}

/* --- content -------------------------------------------------------------- */

/* One CR or LF in its place. */
static bool take_line_end(struct smail__client_mail *mail, char byte)
{
    if (byte == '\0' || (byte == '\n') != mail->after_cr)
        return false;
    mail->after_cr = byte == '\r';
    mail->line_start = byte == '\n';
    return true;
}

/* Text of one line, or a part of it. */
static size_t put_text(smail_smtp_client *session, smail_span content)
{
    struct smail__client_mail *mail = &session->mail;
    smail_span run = smail__span_slice(content, 0, OUTPUT_BACKLOG);

    run.len = smail__line_plain_run(run);
    if (run.len == 0)
        return 0;
    if (mail->line_start && run.data[0] == '.') /* RFC 5321, 4.5.2 */
        smail__buf_putc(&session->output, '.');
    mail->line_start = false;
    smail__buf_append(&session->output, run);
    return run.len;
}

/* The next bytes of `content`; 0 if they may not be sent. */
static size_t put_content(smail_smtp_client *session, smail_span content)
{
    struct smail__client_mail *mail = &session->mail;
    size_t len = mail->after_cr ? 0 : put_text(session, content);

    if (len > 0)
        return len;
    if (!take_line_end(mail, content.data[0]))
        return 0;
    smail__buf_append(&session->output, smail__span_slice(content, 0, 1));
    return 1;
}

int smail_smtp_client_body(smail_smtp_client *session, smail_span *content)
{
    if (session->state != SMAIL__CLIENT_BODY)
        return SMAIL_ESTATE;
    while (content->len > 0 && session->output.len < OUTPUT_BACKLOG) {
        size_t len = put_content(session, *content);

        if (len == 0) {
            session->last = (smail_smtp_reply){ .code = 0 };
            smail__client_close(session, SMAIL_SMTP_CLOSE_CONTENT);
            return SMAIL_EMALFORMED;
        }
        *content = smail__span_from(*content, len);
    }
    if (smail__client_output_error(session) != 0)
        return smail__client_collapse(session);
    return 0;
}

int smail_smtp_client_body_end(smail_smtp_client *session)
{
    if (session->state != SMAIL__CLIENT_BODY)
        return SMAIL_ESTATE;
    if (session->mail.after_cr) { /* its LF is missing */
        session->last = (smail_smtp_reply){ .code = 0 };
        smail__client_close(session, SMAIL_SMTP_CLOSE_CONTENT);
        return SMAIL_EMALFORMED;
    }
    if (!session->mail.line_start)
        smail__buf_puts(&session->output, "\r\n");
    if (smail__client_say(session, SMAIL__CLIENT_END, ".\r\n") != 0)
        return smail__client_collapse(session);
    return 0;
}
