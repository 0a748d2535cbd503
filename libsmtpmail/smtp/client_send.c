/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_send.c - a transaction, client side (RFC 5321, 3.3): from MAIL
 * to the verdict.
 *
 * All commands are written at once. Where PIPELINING is offered they go out
 * together (RFC 2920, 3.1), else one by one as the replies come in. Once the
 * verdict is known, DONE is said; replies that are still to come are swallowed
 * before the session is ready again.
 *
 * DATA waits for a 354, so it ends a pipelined group. BDAT does not
 * (RFC 3030, 2), so content follows the last reply to RCPT, or with
 * `early_content` the last RCPT.
 */
#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"
#include "smtp/client_envelope.h"

static bool is_yes(const smail_smtp_client *session)
{
    return session->last.code / 100 == 2;
}

static int nonsense(smail_smtp_client *session)
{
    smail__client_close(session, SMAIL_SMTP_CLOSE_NONSENSE);
    return 0;
}

void smail__client_mail_clear(smail_smtp_client *session)
{
    smail__mem_free(session->options.mem, session->mail.accepted);
    session->mail = (struct smail__client_mail){ .count = 0 };
    smail__buf_dispose(&session->chunk);
}

void smail__client_settle(smail_smtp_client *session)
{
    if (!session->mail.settled)
        session->owe_done = true;
    session->mail.settled = true;
    session->mail.wanted = false;
    session->owe_body = false;
}

/* --- going out ------------------------------------------------------------ */

/* Commands that have not gone out. */
static smail_span script_left(const smail_smtp_client *session)
{
    return smail__span_from(smail__buf_span(&session->script),
                            session->script_at);
}

static void drop_script(smail_smtp_client *session)
{
    smail__buf_dispose(&session->script);
    session->script_at = 0;
}

/* Send the next command, or all of them, and await a reply in `state`. */
static int advance(smail_smtp_client *session, enum smail__client_state state)
{
    smail_span left = script_left(session);

    session->state = state;
    if (left.len == 0)
        return 0;
    if (!smail__client_is_pipelining(session))
        left.len = smail__span_find(left, '\n') + 1;
    smail__buf_append(&session->output, left);
    session->script_at += left.len;
    if (session->script_at == session->script.len)
        drop_script(session);
    return smail__client_output_error(session);
}

int smail__client_finish(smail_smtp_client *session, bool open)
{
    smail__client_mail_clear(session);
    drop_script(session);
    if (open)
        return smail__client_say(session, SMAIL__CLIENT_RSET, "RSET\r\n");
    smail__client_ready(session);
    return 0;
}

int smail_smtp_client_check(smail_smtp_client *session,
                            const smail_smtp_envelope *envelope)
{
    return session->offered ? smail__client_check(session, envelope)
                            : SMAIL_ESTATE;
}

const smail_smtp_obstacle *smail_smtp_client_obstacle(
    const smail_smtp_client *session)
{
    return &session->obstacle;
}

static int begin(smail_smtp_client *session,
                 const smail_smtp_envelope *envelope)
{
    struct smail__client_mail *mail = &session->mail;
    bool early =
        session->options.early_content && smail__client_is_pipelining(session);

    smail__client_mail_clear(session);
    drop_script(session);
    mail->body =
        smail__client_put_envelope(&session->script, session, envelope);
    mail->chunked = smail__client_is_chunking(session);
    if (!mail->chunked)
        smail__buf_puts(&session->script, "DATA\r\n");
    mail->accepted = smail__mem_alloc(session->options.mem, envelope->count);
    if (smail__buf_error(&session->script) != 0 || mail->accepted == NULL)
        return SMAIL_ENOMEM;
    mail->count = envelope->count;
    mail->wanted = session->owe_body = mail->chunked && early;
    session->fault = SMAIL_SMTP_CONTENT_FINE;
    session->owe_ready = false;
    session->mails++;
    return advance(session, SMAIL__CLIENT_MAIL);
}

int smail_smtp_client_send(smail_smtp_client *session,
                           const smail_smtp_envelope *envelope)
{
    int error = SMAIL_ESTATE;

    if (session->state == SMAIL__CLIENT_IDLE)
        error = smail_smtp_client_check(session, envelope);
    if (error != 0)
        return error;
    return begin(session, envelope) == 0 ? 0 : smail__client_collapse(session);
}

/* --- replies -------------------------------------------------------------- */

int smail__client_on_mail(smail_smtp_client *session)
{
    if (is_yes(session))
        return advance(session, SMAIL__CLIENT_RCPT);
    smail__client_settle(session);
    if (script_left(session).len > 0)
        return smail__client_finish(session, false);
    session->state = SMAIL__CLIENT_RCPT; /* they are on their way already */
    return 0;
}

/*
 * RFC 5321, 4.5.3.1.10: 552 used to mean too many recipients, which is no
 * failure of this one. That it is its mailbox which is full, 5.2.2 says.
 */
static bool is_too_many(const smail_smtp_client *session)
{
    return session->last.code == 552 && session->mail.good > 0 &&
           (session->last.status.len == 0 ||
            smail__span_is(session->last.status, "5.5.3"));
}

static void say_recipient(smail_smtp_client *session)
{
    bool again = is_too_many(session);

    smail__client_emit(session, SMAIL_SMTP_CLIENT_RECIPIENT);
    session->event.recipient = session->mail.next;
    session->event.again |= again;
}

/* What comes behind the last RCPT. */
static int after_recipients(smail_smtp_client *session)
{
    struct smail__client_mail *mail = &session->mail;

    if (mail->good == 0)
        smail__client_settle(session);
    if (mail->chunked)
        return mail->settled ? smail__client_drain(session)
                             : smail__client_to_body(session);
    if (mail->settled && script_left(session).len > 0)
        return smail__client_finish(session, true); /* DATA was not said */
    return advance(session, SMAIL__CLIENT_DATA);
}

int smail__client_on_rcpt(smail_smtp_client *session)
{
    struct smail__client_mail *mail = &session->mail;

    if (!mail->settled)
        say_recipient(session);
    mail->accepted[mail->next] = is_yes(session);
    mail->good += is_yes(session);
    mail->next++;
    if (mail->next < mail->count)
        return advance(session, SMAIL__CLIENT_RCPT);
    return after_recipients(session);
}

/* RFC 2920, 3.1: DATA was granted with nobody to take it, so send nothing. */
static int send_nothing(smail_smtp_client *session)
{
    /* It would reach somebody, or in LMTP get no reply: hang up. */
    if (session->mail.good > 0 ||
        session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP)
        return nonsense(session);
    return smail__client_say(session, SMAIL__CLIENT_END, ".\r\n");
}

int smail__client_on_data(smail_smtp_client *session)
{
    if (session->last.code == 354)
        return session->mail.settled ? send_nothing(session)
                                     : smail__client_to_body(session);
    if (session->last.code < 400)
        return nonsense(session);
    smail__client_settle(session);
    return smail__client_finish(session, true);
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
    bool open = !is_yes(session) && session->mail.chunked && !lmtp;

    if (lmtp && !session->mail.settled && !settle_recipient(session))
        return 0;
    smail__client_settle(session);
    /* RFC 3030, 2: what a failed BDAT leaves behind only RSET clears. */
    return smail__client_finish(session, open);
}
