/* SPDX-License-Identifier: MIT */
/*
 * smtp/client.c - one SMTP or LMTP session, client side (RFC 5321, 3 and 4).
 *
 * Replies come in the order of the commands, so one state tells what the next
 * reply answers, pipelined or not; client_state.c says what it then means.
 */
#include "smtp/client.h"

#include <string.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"
#include "smtp/address.h"

#define DEFAULT_REPLY_LINES 128
#define DEFAULT_REPLY_OCTETS 65536

/* An envelope of as many recipients as anyone sends fits; content waits. */
#define OUTPUT_MAX (16 * 1024 * 1024)

#define CHALLENGE_MAX 12288

#define DEFAULT_CHUNK 65536
#define CHUNK_MAX (1024 * 1024)

/* An emptied buffer bigger than this is given back, once content is out. */
#define ROOM_TO_KEEP 4096

/* What was given over zeros, and the defaults for what was not. */
static int read_options(smail_smtp_client_options *out,
                        const smail_smtp_client_options *options)
{
    memset(out, 0, sizeof(*out));
    if (options->size == 0)
        return SMAIL_EINVAL;
    memcpy(out, options,
           options->size < sizeof(*out) ? options->size : sizeof(*out));
    if (out->max_reply_lines == 0)
        out->max_reply_lines = DEFAULT_REPLY_LINES;
    if (out->max_reply_octets == 0)
        out->max_reply_octets = DEFAULT_REPLY_OCTETS;
    if (out->chunk_size == 0)
        out->chunk_size = DEFAULT_CHUNK;
    if (out->chunk_size > CHUNK_MAX ||
        !smail__address_is_helo(smail__span(out->hostname)))
        return SMAIL_EINVAL;
    return 0;
}

static void init_buffers(smail_smtp_client *session)
{
    const smail_mem *mem = session->options.mem;

    smail__client_offer_init(&session->offer, mem);
    smail__client_reply_init(&session->reply, mem);
    smail__buf_init(&session->challenge, CHALLENGE_MAX, mem);
    smail__buf_init(&session->initial, CHALLENGE_MAX, mem);
    smail__buf_init(&session->output, OUTPUT_MAX, mem);
    smail__buf_init(&session->script, OUTPUT_MAX, mem);
    smail__buf_init(&session->chunk, session->options.chunk_size + 2, mem);
}

int smail_smtp_client_new(smail_smtp_client **out,
                          const smail_smtp_client_options *options)
{
    smail_smtp_client_options ours;
    smail_smtp_client *session;
    smail_span hostname;

    if (read_options(&ours, options) != 0)
        return SMAIL_EINVAL;
    hostname = smail__span(ours.hostname);
    session = smail__mem_alloc(ours.mem, sizeof(*session));
    if (session == NULL)
        return SMAIL_ENOMEM;
    session->hostname = smail__mem_alloc(ours.mem, hostname.len + 1);
    if (session->hostname == NULL) {
        smail__mem_free(ours.mem, session);
        return SMAIL_ENOMEM;
    }
    memcpy(session->hostname, hostname.data, hostname.len);
    ours.hostname = session->hostname;
    session->options = ours;
    session->obstacle.status = session->obstacle.text = "";
    init_buffers(session);
    *out = session;
    return 0;
}

void smail__client_forget(struct smail__buf *buf)
{
    if (buf->data != NULL)
        smail__wipe(buf->data, buf->room);
    smail__buf_dispose(buf);
}

void smail_smtp_client_free(smail_smtp_client *session)
{
    if (session == NULL)
        return;
    smail__client_mail_clear(session);
    smail__client_reply_dispose(&session->reply);
    smail__client_forget(&session->challenge);
    smail__client_forget(&session->initial);
    smail__client_forget(&session->output);
    smail__client_offer_dispose(&session->offer);
    smail__buf_dispose(&session->script);
    smail__buf_dispose(&session->chunk);
    smail__mem_free(session->options.mem, session->hostname);
    smail__mem_free(session->options.mem, session);
}

int smail__client_output_error(const smail_smtp_client *session)
{
    return smail__buf_error(&session->output) == 0 ? 0 : SMAIL_ENOMEM;
}

static void end(smail_smtp_client *session, smail_smtp_close_reason reason)
{
    session->state = SMAIL__CLIENT_CLOSED;
    session->reason = reason;
    session->owe_starttls = false;
    session->owe_body = false;
    session->owe_ready = false;
    session->owe_close = true;
    session->mail.wanted = false;
    smail__client_forget(&session->initial);
    smail__buf_dispose(&session->script);
    session->script_at = 0;
    smail__buf_dispose(&session->chunk);
}

void smail__client_close(smail_smtp_client *session,
                         smail_smtp_close_reason reason)
{
    if (session->state == SMAIL__CLIENT_CLOSED)
        return;
    end(session, reason);
    smail__client_forget(&session->output);
}

void smail__client_leave(smail_smtp_client *session,
                         smail_smtp_close_reason reason)
{
    end(session, reason);
    smail__buf_puts(&session->output, "QUIT\r\n");
    if (smail__client_output_error(session) != 0)
        smail__client_forget(&session->output);
}

int smail__client_collapse(smail_smtp_client *session)
{
    smail__client_no_reply(session);
    smail__client_close(session, SMAIL_SMTP_CLOSE_NOMEM);
    return SMAIL_ENOMEM;
}

int smail__client_say(smail_smtp_client *session,
                      enum smail__client_state state, const char *line)
{
    session->state = state;
    smail__buf_puts(&session->output, line);
    return smail__client_output_error(session);
}

void smail__client_no_reply(smail_smtp_client *session)
{
    session->last = (smail_smtp_reply){ .status = SMAIL__SPAN(""),
                                        .text = SMAIL__SPAN("") };
}

/* Hand out the next event that is owed. False if there is none. */
static bool give_owed(smail_smtp_client *session, smail_span *input)
{
    if (session->owe_done) {
        session->owe_done = false;
        smail__client_emit(session, SMAIL_SMTP_CLIENT_DONE);
    } else if (session->owe_starttls) {
        /* RFC 3207, 6: what came in the clear behind the 220 never came. */
        session->owe_starttls = false;
        smail__client_no_reply(session);
        smail__client_emit(session, SMAIL_SMTP_CLIENT_STARTTLS);
        smail__client_reply_reset(&session->reply);
        *input = smail__span_from(*input, input->len);
    } else if (session->owe_close) {
        session->owe_close = false;
        smail__client_emit(session, SMAIL_SMTP_CLIENT_CLOSE);
        session->event.reason = session->reason;
    } else if (session->owe_body) {
        session->owe_body = false;
        smail__client_no_reply(session);
        smail__client_emit(session, SMAIL_SMTP_CLIENT_SEND_BODY);
    } else if (session->owe_ready) {
        session->owe_ready = false;
        smail__client_emit(session, SMAIL_SMTP_CLIENT_READY);
    } else {
        return false;
    }
    return true;
}

static int read_reply(smail_smtp_client *session, smail_span *input)
{
    const struct smail__client_reply_limits limits = {
        .lines = session->options.max_reply_lines,
        .octets = session->options.max_reply_octets,
    };

    switch (smail__client_reply_next(&session->last, &session->reply, &limits,
                                     input)) {
    case SMAIL__CLIENT_REPLY_MORE:
        return 0;
    case SMAIL__CLIENT_REPLY_READY:
        return smail__client_take_reply(session);
    case SMAIL__CLIENT_REPLY_NONSENSE:
        smail__client_close(session, SMAIL_SMTP_CLOSE_NONSENSE);
        return 0;
    case SMAIL__CLIENT_REPLY_ENDLESS:
        smail__client_close(session, SMAIL_SMTP_CLOSE_ENDLESS);
        return 0;
    default:
        return SMAIL_ENOMEM;
    }
}

int smail_smtp_client_feed(const smail_smtp_client_event **out,
                           smail_smtp_client *session, smail_span *input)
{
    static const smail_smtp_client_event wait_event = {
        .type = SMAIL_SMTP_CLIENT_WAIT,
    };

    *out = &session->event;
    for (;;) {
        if (give_owed(session, input))
            return 0;
        if (session->state == SMAIL__CLIENT_TLS ||
            session->state == SMAIL__CLIENT_CHALLENGE ||
            session->state == SMAIL__CLIENT_CLOSED) {
            *out = &wait_event;
            return 0;
        }
        session->event =
            (smail_smtp_client_event){ .type = SMAIL_SMTP_CLIENT_NEED_INPUT };
        if (input->len == 0)
            return 0;
        if (read_reply(session, input) != 0)
            return smail__client_collapse(session);
        if (session->event.type != SMAIL_SMTP_CLIENT_NEED_INPUT)
            return 0;
    }
}

smail_span smail_smtp_client_output(const smail_smtp_client *session)
{
    return smail__buf_span(&session->output);
}

void smail_smtp_client_sent(smail_smtp_client *session, size_t len)
{
    struct smail__buf *output = &session->output;

    smail__buf_consume(output, len < output->len ? len : output->len);
    if (output->len == 0 && output->room > ROOM_TO_KEEP &&
        !session->mail.wanted) /* or it would grow again for each piece */
        smail__client_forget(output);
}

int smail_smtp_client_greet(smail_smtp_client *session)
{
    if (session->state != SMAIL__CLIENT_IDLE)
        return SMAIL_ESTATE;
    session->owe_ready = false;
    if (smail__client_hello(session) != 0)
        return smail__client_collapse(session);
    return 0;
}

int smail_smtp_client_quit(smail_smtp_client *session)
{
    if (session->state != SMAIL__CLIENT_IDLE)
        return SMAIL_ESTATE;
    session->owe_ready = false;
    if (smail__client_say(session, SMAIL__CLIENT_QUIT, "QUIT\r\n") != 0)
        return smail__client_collapse(session);
    return 0;
}

int smail_smtp_client_secured(smail_smtp_client *session)
{
    if (session->state == SMAIL__CLIENT_GREETING && !session->greeted) {
        session->secured = true;
        return 0;
    }
    if (session->state != SMAIL__CLIENT_TLS || session->owe_starttls)
        return SMAIL_ESTATE;
    session->secured = true;
    session->authenticated = false; /* RFC 3207, 4.2: nothing is known yet */
    if (smail__client_hello(session) != 0)
        return smail__client_collapse(session);
    return 0;
}

void smail_smtp_client_abandon(smail_smtp_client *session)
{
    smail__client_no_reply(session);
    session->owe_done = false;
    smail__client_close(session, SMAIL_SMTP_CLOSE_ABANDONED);
    smail__client_forget(&session->output);
}

bool smail_smtp_client_is_secured(const smail_smtp_client *session)
{
    return session->secured;
}

bool smail_smtp_client_is_authenticated(const smail_smtp_client *session)
{
    return session->authenticated;
}

const smail_smtp_offer *smail_smtp_client_offer(
    const smail_smtp_client *session)
{
    return &session->offer.is;
}

bool smail__client_is_pipelining(const smail_smtp_client *session)
{
    return !session->options.no_pipelining && session->offer.is.pipelining;
}

bool smail__client_is_chunking(const smail_smtp_client *session)
{
    return !session->options.no_chunking && session->offer.is.chunking;
}

/* RFC 5321, 4.5.3.2.1 to 4.5.3.2.6; states not named wait for five minutes. */
unsigned smail_smtp_client_patience(const smail_smtp_client *session)
{
    switch (session->state) {
    case SMAIL__CLIENT_DATA:
        return 120;
    case SMAIL__CLIENT_BODY:
        return session->mail.last_sent ? 600 : 180;
    case SMAIL__CLIENT_END:
        return 600;
    default:
        return 300;
    }
}

const char *smail_smtp_client_phase(const smail_smtp_client *session)
{
    static const char *const names[SMAIL__CLIENT_STATES] = {
        [SMAIL__CLIENT_GREETING] = "greeting",
        [SMAIL__CLIENT_EHLO] = "EHLO",
        [SMAIL__CLIENT_HELO] = "HELO",
        [SMAIL__CLIENT_STARTTLS] = "STARTTLS",
        [SMAIL__CLIENT_TLS] = "TLS handshake",
        [SMAIL__CLIENT_IDLE] = "idle",
        [SMAIL__CLIENT_AUTH] = "AUTH",
        [SMAIL__CLIENT_CHALLENGE] = "AUTH",
        [SMAIL__CLIENT_MAIL] = "MAIL",
        [SMAIL__CLIENT_RCPT] = "RCPT",
        [SMAIL__CLIENT_DATA] = "DATA",
        [SMAIL__CLIENT_BODY] = "content",
        [SMAIL__CLIENT_END] = "end of content",
        [SMAIL__CLIENT_DRAIN] = "content",
        [SMAIL__CLIENT_RSET] = "RSET",
        [SMAIL__CLIENT_QUIT] = "QUIT",
        [SMAIL__CLIENT_CLOSED] = "closed",
    };
    bool lmtp = session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP;

    if (session->state == SMAIL__CLIENT_EHLO && lmtp)
        return "LHLO";
    if (session->state == SMAIL__CLIENT_BODY && session->mail.last_sent)
        return "end of content";
    return names[session->state];
}
