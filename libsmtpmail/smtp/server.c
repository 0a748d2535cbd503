/* SPDX-License-Identifier: MIT */
/*
 * smtp/server.c - one SMTP or LMTP session, server side (RFC 5321, 3 and 4;
 * RFC 2033).
 *
 *    phase     input is       and then
 *    START     not touched    CONNECT: to COMMAND, or to REFUSED
 *    COMMAND   lines          to AUTH, DATA or TLS by a command that is granted
 *    REFUSED   lines          503 to all but QUIT (RFC 5321, 3.1)
 *    AUTH      lines          back to COMMAND by accept, reject or "*"
 *    DATA      content        back to COMMAND behind CRLF.CRLF
 *    CHUNK     content        CHUNK_END behind the last octet of a BDAT
 *    CHUNK_END not touched    back to COMMAND by a reply or an answer
 *    DISCARD   dropped        back to COMMAND or REFUSED with the reply
 *    TLS       not touched    secured(): to COMMAND
 *    CLOSED    not touched    for good
 *
 * Whatever the phase, owed notices go out first, and nothing is consumed while
 * a decision is awaited or too much output is unsent.
 */
#include "smtp/server.h"

#include <string.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"
#include "smtp/address.h"
#include "smtp/reply.h"

/* Unsent output beyond this stops a client that sends but does not read. */
#define OUTPUT_BACKLOG 8192

/* An emptied buffer bigger than this is given back. */
#define ROOM_TO_KEEP 256

/* RFC 5321, 4.5.3.2.7 */
#define PATIENCE 300

/* The most that replies can come to between two looks at the backlog. */
static size_t output_max(const smail_smtp_server_options *options)
{
    size_t replies = (size_t)options->max_recipients + SMAIL__REPLY_LINES_MAX;

    return 4 * OUTPUT_BACKLOG + replies * SMAIL__REPLY_LINE_MAX;
}

int smail_smtp_server_new(smail_smtp_server **out,
                          const smail_smtp_server_options *options)
{
    smail_smtp_server_options ours;
    smail_smtp_server *session;

    if (smail__server_options_read(&ours, options) != 0)
        return SMAIL_EINVAL;
    session = smail__mem_alloc(ours.mem, sizeof(*session));
    if (session == NULL)
        return SMAIL_ENOMEM;
    session->options = ours;
    session->last_words = (smail_span){ "", 0 };
    session->mechanism = (smail_span){ "", 0 };
    smail__line_init(&session->line, ours.mem);
    smail__buf_init(&session->output, output_max(&ours), ours.mem);
    smail__buf_init(&session->helo, SMAIL_DOMAIN_MAX * 2, ours.mem);
    smail__buf_init(&session->response, ours.max_auth_line, ours.mem);
    smail__buf_init(&session->held, output_max(&ours), ours.mem);
    smail__transaction_init(&session->mail, ours.mem);
    if (smail__server_options_own(session) != 0) {
        smail__mem_free(ours.mem, session);
        return SMAIL_ENOMEM;
    }
    smail__server_offer(session);
    *out = session;
    return 0;
}

void smail_smtp_server_free(smail_smtp_server *session)
{
    if (session == NULL)
        return;
    smail__server_auth_end(session); /* wipes */
    smail__line_dispose(&session->line);
    smail__buf_dispose(&session->output);
    smail__buf_dispose(&session->helo);
    smail__buf_dispose(&session->held);
    smail__transaction_clear(&session->mail);
    smail__mem_free(session->options.mem, session->mechanisms);
    smail__mem_free(session->options.mem, session->strings);
    smail__mem_free(session->options.mem, session);
}

static int start(smail_smtp_server *session, smail_span *input)
{
    (void)input;
    smail__server_ask(session, SMAIL_SMTP_CONNECT);
    return 0;
}

static int refuse_long(smail_smtp_server *session)
{
    if (session->phase == SMAIL__SERVER_AUTH)
        return smail__server_auth_long(session);
    return smail__server_refuse(session, 500, "5.5.2", "Line too long");
}

/* A line that is refused ends an exchange of AUTH too. */
static int refuse_bare(smail_smtp_server *session)
{
    smail__server_auth_end(session);
    return smail__server_refuse(session, 500, "5.5.2",
                                "Bare CR, bare LF or NUL in command");
}

static int refuse_line(smail_smtp_server *session, enum smail__line_result why)
{
    switch (why) {
    case SMAIL__LINE_MORE:
        return 0;
    case SMAIL__LINE_BARE:
        return refuse_bare(session);
    case SMAIL__LINE_LONG:
        return refuse_long(session);
    default:
        return SMAIL_ENOMEM;
    }
}

/* One line that comes in pieces, is refused, or belongs to AUTH. */
static int take_line(smail_smtp_server *session, smail_span *input)
{
    bool is_auth = session->phase == SMAIL__SERVER_AUTH;
    size_t max = is_auth ? session->options.max_auth_line : session->line_most;
    enum smail__line_result result;
    smail_span line;

    result = smail__line_next(&line, &session->line, max, input);
    if (result != SMAIL__LINE_READY)
        return refuse_line(session, result);
    return is_auth ? smail__server_auth_line(session, line)
                   : smail__server_command(session, line, false);
}

/* Whether the next line may follow without a look at anything else. */
static bool may_go_on(const smail_smtp_server *session, smail_span input)
{
    return session->event.type == SMAIL_SMTP_NEED_INPUT &&
           session->phase == SMAIL__SERVER_COMMAND && input.len > 0 &&
           !session->owe_reset && !session->owe_starttls &&
           !session->owe_close && session->output.len <= OUTPUT_BACKLOG;
}

/* Commands as they stand in `input`, one after the other. */
static int take_commands(smail_smtp_server *session, smail_span *input)
{
    int error = 0;
    smail_span line;

    do {
        if (!smail__line_whole(&line, &session->line, session->line_most,
                               input))
            return take_line(session, input);
        error = smail__server_command(session, line, true);
    } while (error == 0 && may_go_on(session, *input));
    return error;
}

static int (*const steps[SMAIL__SERVER_PHASES])(smail_smtp_server *,
                                                smail_span *) = {
    [SMAIL__SERVER_START] = start,
    [SMAIL__SERVER_COMMAND] = take_commands,
    [SMAIL__SERVER_REFUSED] = take_commands,
    [SMAIL__SERVER_AUTH] = take_line,
    [SMAIL__SERVER_DATA] = smail__server_data,
    [SMAIL__SERVER_CHUNK] = smail__server_chunk,
    [SMAIL__SERVER_CHUNK_END] = smail__server_chunk_end,
    [SMAIL__SERVER_DISCARD] = smail__server_discard,
};

/* Hand out the next notice that is owed. False if there is none. */
static bool give_notice(smail_smtp_server *session, smail_span *input)
{
    if (session->owe_reset) {
        session->owe_reset = false;
        session->event.type = SMAIL_SMTP_RESET;
    } else if (session->owe_starttls) {
        /* RFC 3207, 4.2: what came in the clear behind it never came. */
        session->owe_starttls = false;
        session->event.type = SMAIL_SMTP_STARTTLS;
        session->phase = SMAIL__SERVER_TLS;
        smail__line_reset(&session->line);
        *input = smail__span_from(*input, input->len);
    } else if (session->owe_close) {
        session->owe_close = false;
        session->event.type = SMAIL_SMTP_CLOSE;
        session->phase = SMAIL__SERVER_CLOSED;
        smail__line_reset(&session->line);
    } else {
        return false;
    }
    return true;
}

static const smail_smtp_event wait_event = { .type = SMAIL_SMTP_WAIT };

static bool must_wait(const smail_smtp_server *session)
{
    return session->pending != SMAIL_SMTP_NEED_INPUT ||
           session->phase == SMAIL__SERVER_TLS ||
           session->phase == SMAIL__SERVER_CLOSED ||
           session->output.len > OUTPUT_BACKLOG;
}

static bool needs_input(enum smail__server_phase phase)
{
    return phase != SMAIL__SERVER_START && phase != SMAIL__SERVER_CHUNK_END;
}

int smail_smtp_server_feed(const smail_smtp_event **out,
                           smail_smtp_server *session, smail_span *input)
{
    *out = &session->event;
    for (;;) {
        if (session->pending == SMAIL_SMTP_NEED_INPUT &&
            give_notice(session, input))
            return 0;
        if (must_wait(session)) {
            /* The event stays readable while its decision is awaited. */
            *out = &wait_event;
            return 0;
        }
        session->event.type = SMAIL_SMTP_NEED_INPUT;
        if (input->len == 0 && needs_input(session->phase))
            return 0;
        if (steps[session->phase](session, input) != 0)
            return smail__server_collapse(session);
        if (session->event.type != SMAIL_SMTP_NEED_INPUT)
            return 0;
    }
}

smail_span smail_smtp_server_output(const smail_smtp_server *session)
{
    return session->output.len > 0 ? smail__buf_span(&session->output)
                                   : session->last_words;
}

void smail_smtp_server_sent(smail_smtp_server *session, size_t len)
{
    if (session->output.len == 0) {
        session->last_words = smail__span_from(session->last_words, len);
        return;
    }
    smail__buf_consume(&session->output,
                       len < session->output.len ? len : session->output.len);
    if (session->output.len == 0 && session->output.room > ROOM_TO_KEEP) {
        smail__buf_dispose(&session->output);
    }
}

int smail_smtp_server_secured(smail_smtp_server *session)
{
    if (session->phase == SMAIL__SERVER_START &&
        session->pending == SMAIL_SMTP_NEED_INPUT) {
        session->secured = true;
        smail__server_offer(session);
        return 0;
    }
    if (session->phase != SMAIL__SERVER_TLS)
        return SMAIL_ESTATE;
    session->secured = true;
    session->authenticated = false;
    smail__server_offer(session);
    session->greeted = false;
    session->extended = false;
    session->mails = 0;
    smail__buf_clear(&session->helo);
    session->phase = SMAIL__SERVER_COMMAND;
    return 0;
}

int smail_smtp_server_authenticated(smail_smtp_server *session)
{
    if (session->mail.open || session->phase == SMAIL__SERVER_AUTH ||
        session->phase == SMAIL__SERVER_CLOSED ||
        session->pending == SMAIL_SMTP_AUTH)
        return SMAIL_ESTATE;
    session->authenticated = true;
    smail__server_offer(session);
    return 0;
}

bool smail_smtp_server_is_secured(const smail_smtp_server *session)
{
    return session->secured;
}

bool smail_smtp_server_is_authenticated(const smail_smtp_server *session)
{
    return session->authenticated;
}

bool smail_smtp_server_is_extended(const smail_smtp_server *session)
{
    return session->extended;
}

smail_span smail_smtp_server_helo(const smail_smtp_server *session)
{
    return session->helo.len > 0 ? smail__buf_span(&session->helo)
                                 : (smail_span){ "", 0 };
}

bool smail_smtp_server_in_transaction(const smail_smtp_server *session)
{
    return session->mail.open;
}

bool smail_smtp_server_in_content(const smail_smtp_server *session)
{
    return session->pending == SMAIL_SMTP_NEED_INPUT &&
           (session->phase == SMAIL__SERVER_DATA ||
            session->phase == SMAIL__SERVER_CHUNK ||
            session->phase == SMAIL__SERVER_DISCARD);
}

unsigned smail_smtp_server_patience(const smail_smtp_server *session)
{
    (void)session;
    return PATIENCE;
}
