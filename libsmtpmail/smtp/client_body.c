/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_body.c - content on its way out: by DATA with stuffed dots
 * (RFC 5321, 4.5.2), or by BDAT in chunks (RFC 3030, 2).
 *
 * Whatever is handed over is looked at first, so that nothing is ever sent
 * that two servers could read in two ways.
 *
 * A chunk is written once more content is known to follow it, so that the last
 * one is not empty. Each BDAT has a reply: without PIPELINING it is awaited
 * before the next, and in LMTP before the last one, whose replies could not be
 * told apart from its own (RFC 2033, 4.3).
 */
#include <smtpmail/error.h>

#include "base/span.h"
#include "smtp/client.h"

/* Content stops going into an output that is longer than this. */
#define OUTPUT_BACKLOG 65536

typedef smail_smtp_client client_t;

static bool is_binary(const client_t *session)
{
    return session->mail.body == SMAIL_SMTP_BODY_BINARYMIME;
}

static bool has_ended(const client_t *session)
{
    return session->mail.last_sent && session->mail.pending == 0;
}

/* --- BDAT ----------------------------------------------------------------- */

static void put_chunk(client_t *session, smail_span octets, bool last)
{
    smail__buf_printf(&session->output, "BDAT %zu%s\r\n", octets.len,
                      last ? " LAST" : "");
    smail__buf_append(&session->output, octets);
    session->mail.pending += !last;
    session->mail.last_sent = last;
}

static bool may_put_chunk(const client_t *session)
{
    return session->mail.pending == 0 || smail__client_is_pipelining(session);
}

/* As the above, and while recipients are in doubt LMTP could get no reply. */
static bool may_put_last(const client_t *session)
{
    if (session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP &&
        (session->state != SMAIL__CLIENT_BODY || session->mail.pending > 0))
        return false;
    return may_put_chunk(session);
}

static void put_last(client_t *session)
{
    put_chunk(session, smail__buf_span(&session->chunk), true);
    smail__buf_dispose(&session->chunk);
}

/* Octets that the chunk has room for; 0: the server has to answer first. */
static size_t make_room(client_t *session)
{
    struct smail__buf *chunk = &session->chunk;

    if (chunk->len == session->options.chunk_size) {
        session->mail.held = !may_put_chunk(session);
        if (session->mail.held)
            return 0;
        put_chunk(session, smail__buf_span(chunk), false);
        smail__buf_clear(chunk);
    }
    return session->options.chunk_size - chunk->len;
}

/* `more`: content follows, so that this need not wait to be the last. */
static void put_chunked(client_t *session, smail_span content, bool more)
{
    if (more && content.len == session->options.chunk_size &&
        may_put_chunk(session))
        put_chunk(session, content, false);
    else
        smail__buf_append(&session->chunk, content);
}

/* --- DATA ----------------------------------------------------------------- */

static void put_stuffed(client_t *session, smail_span content)
{
    struct smail__buf *out = &session->output;
    size_t from = 0;
    size_t at = 0;

    if (session->mail.line_start && content.data[0] == '.')
        smail__buf_putc(out, '.');
    for (;;) {
        at += smail__span_find(smail__span_from(content, at), '\n') + 1;
        if (at >= content.len)
            break;
        if (content.data[at] != '.')
            continue;
        smail__buf_append(out, smail__span_slice(content, from, at - from));
        smail__buf_putc(out, '.');
        from = at;
    }
    smail__buf_append(out, smail__span_from(content, from));
    session->mail.line_start = content.data[content.len - 1] == '\n';
}

/* --- replies -------------------------------------------------------------- */

/* The last chunk, if it is due and may go. */
static int try_last(client_t *session)
{
    struct smail__client_mail *mail = &session->mail;

    if (mail->ended && !mail->last_sent && may_put_last(session))
        put_last(session);
    if (has_ended(session) && session->state == SMAIL__CLIENT_BODY)
        session->state = SMAIL__CLIENT_END;
    return smail__client_output_error(session);
}

int smail__client_to_body(client_t *session)
{
    struct smail__client_mail *mail = &session->mail;

    session->state = SMAIL__CLIENT_BODY;
    mail->next = 0; /* the verdicts of LMTP begin anew */
    if (mail->wanted || mail->ended)
        return try_last(session);
    mail->line_start = true;
    mail->wanted = true;
    session->owe_body = true;
    return 0;
}

int smail__client_drain(client_t *session)
{
    struct smail__client_mail *mail = &session->mail;

    mail->wanted = false;
    mail->pending += mail->last_sent;
    mail->last_sent = false;
    smail__buf_dispose(&session->chunk);
    if (mail->pending == 0)
        return smail__client_finish(session, true);
    session->state = SMAIL__CLIENT_DRAIN;
    return 0;
}

int smail__client_on_drain(client_t *session)
{
    if (--session->mail.pending > 0)
        return 0;
    return smail__client_finish(session, true);
}

/* A reply to a BDAT that was not the last. */
static int on_chunk(client_t *session)
{
    struct smail__client_mail *mail = &session->mail;

    mail->pending--;
    if (session->last.code >= 400) {
        smail__client_settle(session);
        return smail__client_drain(session);
    }
    if (mail->held && mail->wanted) {
        mail->held = false;
        session->owe_body = true;
    }
    return try_last(session);
}

int smail__client_on_body(client_t *session)
{
    if (session->mail.pending > 0)
        return on_chunk(session);
    /* The server does not want the rest of what it granted, which may not be
       cut short here nor look like commands there. */
    if (session->last.code < 400) {
        smail__client_close(session, SMAIL_SMTP_CLOSE_NONSENSE);
        return 0;
    }
    smail__client_settle(session);
    smail__client_close(session, SMAIL_SMTP_CLOSE_REFUSED);
    return 0;
}

/* --- the owner's calls ---------------------------------------------------- */

static smail_smtp_content_fault find_fault(const client_t *session)
{
    const smail_smtp_content *content = &session->mail.content;

    if (is_binary(session))
        return SMAIL_SMTP_CONTENT_FINE;
    if (content->bare)
        return SMAIL_SMTP_CONTENT_BARE;
    if (content->longest_line > SMAIL_SMTP_TEXT_LINE_MAX)
        return SMAIL_SMTP_CONTENT_LONG;
    if (content->eight_bit && session->mail.body == SMAIL_SMTP_BODY_7BIT)
        return SMAIL_SMTP_CONTENT_EIGHT_BIT;
    return SMAIL_SMTP_CONTENT_FINE;
}

/* Nobody may get what is incomplete. */
static int give_up(client_t *session)
{
    smail__client_no_reply(session);
    if (!session->mail.chunked) {
        smail__client_close(session, SMAIL_SMTP_CLOSE_CONTENT);
        return 0;
    }
    session->mail.settled = true;
    session->mail.wanted = false;
    session->owe_body = false;
    if (session->state != SMAIL__CLIENT_BODY)
        return 0; /* MAIL and RCPT have to be answered first */
    return smail__client_drain(session);
}

static int malformed(client_t *session, smail_smtp_content_fault fault)
{
    session->fault = fault;
    return give_up(session) == 0 ? SMAIL_EMALFORMED
                                 : smail__client_collapse(session);
}

/* Octets that may go out now. */
static size_t room_for(client_t *session)
{
    if (session->output.len >= OUTPUT_BACKLOG)
        return 0;
    return session->mail.chunked ? make_room(session) : OUTPUT_BACKLOG;
}

int smail_smtp_client_body(smail_smtp_client *session, smail_span *content)
{
    struct smail__client_mail *mail = &session->mail;
    size_t room;

    if (!mail->wanted)
        return SMAIL_ESTATE;
    while (content->len > 0 && (room = room_for(session)) > 0) {
        smail_span step = smail__span_slice(*content, 0, room);
        smail_smtp_content_fault fault;

        *content = smail__span_from(*content, step.len);
        smail_smtp_content_scan(&mail->content, step);
        fault = find_fault(session);
        if (fault != SMAIL_SMTP_CONTENT_FINE)
            return malformed(session, fault);
        if (mail->chunked)
            put_chunked(session, step, content->len > 0);
        else
            put_stuffed(session, step);
    }
    if (smail__client_output_error(session) != 0 ||
        smail__buf_error(&session->chunk) != 0)
        return smail__client_collapse(session);
    return 0;
}

/* The CRLF that a last line may lack. */
static void complete_line(client_t *session, struct smail__buf *out)
{
    const smail_smtp_content *content = &session->mail.content;

    if (!is_binary(session) && content->line > 0)
        smail__buf_puts(out, "\r\n");
}

int smail_smtp_client_body_end(smail_smtp_client *session)
{
    struct smail__client_mail *mail = &session->mail;
    int error;

    if (!mail->wanted)
        return SMAIL_ESTATE;
    if (mail->content.after_cr && !is_binary(session)) /* its LF is missing */
        return malformed(session, SMAIL_SMTP_CONTENT_BARE);
    mail->wanted = false;
    mail->ended = true;
    session->owe_body = false;
    if (mail->chunked) {
        complete_line(session, &session->chunk);
        error = try_last(session);
        if (smail__buf_error(&session->chunk) != 0)
            error = SMAIL_ENOMEM;
    } else {
        complete_line(session, &session->output);
        error = smail__client_say(session, SMAIL__CLIENT_END, ".\r\n");
    }
    return error == 0 ? 0 : smail__client_collapse(session);
}

int smail_smtp_client_body_fail(smail_smtp_client *session)
{
    if (!session->mail.wanted)
        return SMAIL_ESTATE;
    return give_up(session) == 0 ? 0 : smail__client_collapse(session);
}

smail_smtp_content_fault smail_smtp_client_content_fault(
    const smail_smtp_client *session)
{
    return session->fault;
}
