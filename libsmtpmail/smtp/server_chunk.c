/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_chunk.c - BDAT (RFC 3030, 2): content counted, not ended by a
 * dot.
 *
 * The octets of a chunk follow its command whatever we think of it, so they
 * are always taken: a refused BDAT drops as many as it named before it is
 * answered, or what came in them would be read as commands. Where it cannot be
 * known how many there are, the session ends.
 *
 *    BDAT granted        CHUNK, and behind its octets CHUNK_END
 *    BDAT refused        DISCARD, the reply held until they are gone
 *    a chunk fails       the transaction is over: RESET at once, one reply
 *                        behind the chunk, 503 to more of them
 */
#include <smtpmail/error.h>

#include "base/format.h"
#include "base/span.h"
#include "smtp/reply.h"
#include "smtp/server.h"

#define TEXT_MAX 64

struct objection {
    int code;
    const char *status;
    const char *text;
};

struct chunk {
    uint64_t size;
    bool last;
};

enum reading { READ, NO_SIZE, TOO_LARGE, BAD_REST };

/* chunk-size [ SP end-marker ] (RFC 3030, 2) */
static enum reading read_chunk(struct chunk *out, smail_span argument)
{
    smail_span size = smail__span_cut(&argument, ' ');
    smail_span marker = smail__span_trim(argument);

    *out = (struct chunk){ .size = 0 };
    for (size_t i = 0; i < size.len; i++)
        if (!smail__is_digit(size.data[i]))
            return NO_SIZE;
    if (size.len == 0)
        return NO_SIZE;
    if (smail__span_number(&out->size, size) != 0)
        return TOO_LARGE;
    out->last = smail__span_iis(marker, "LAST");
    return marker.len == 0 || out->last ? READ : BAD_REST;
}

/* NULL: this chunk may come. */
static const struct objection *why_not(const smail_smtp_server *session,
                                       enum reading reading, size_t line_len)
{
    static const struct objection too_long = { 500, "5.5.2", "Line too long" };
    static const struct objection refused = { 503, "5.5.1",
                                              "No service here, please QUIT" };
    static const struct objection in_clear = {
        530, "5.7.0", "Must issue a STARTTLS command first"
    };
    static const struct objection usage = { 501, "5.5.4",
                                            "Usage: BDAT size [LAST]" };
    static const struct objection no_mail = { 503, "5.5.1", "Need MAIL first" };
    static const struct objection no_rcpt = { 503, "5.5.1",
                                              "No valid recipients" };

    if (line_len + 2 > session->line_max[SMAIL__VERB_BDAT])
        return &too_long;
    if (session->phase == SMAIL__SERVER_REFUSED)
        return &refused;
    if (session->options.require_tls && !session->secured)
        return &in_clear;
    if (reading == BAD_REST)
        return &usage;
    if (!session->mail.open)
        return &no_mail;
    return session->mail.recipients == 0 ? &no_rcpt : NULL;
}

/* The octets are gone: what was held back may be said. */
static int say_held(smail_smtp_server *session)
{
    session->phase = session->after_discard;
    smail__buf_append(&session->output, smail__buf_span(&session->held));
    smail__buf_dispose(&session->held);
    return smail__server_output_error(session);
}

/* Refuse `copies` times, but not before `size` octets are gone. */
static int discard(smail_smtp_server *session, uint64_t size, size_t copies,
                   const struct objection *why)
{
    if (!smail__server_may_err(session))
        return smail__server_end_errors(session);
    for (size_t i = 0; i < copies; i++)
        smail__reply_put(&session->held, why->code, why->status, why->text);
    if (smail__buf_error(&session->held) != 0)
        return SMAIL_ENOMEM;
    session->chunk_left = size;
    session->after_discard = session->phase;
    session->phase = SMAIL__SERVER_DISCARD;
    return size == 0 ? say_held(session) : 0;
}

/* No telling where the next command begins. */
static int give_up(smail_smtp_server *session, enum reading reading)
{
    smail__server_close(session);
    if (reading == TOO_LARGE)
        return smail__server_reply(session, 552, "5.3.4",
                                   "Message size exceeds our limit");
    return smail__server_reply(session, 501, "5.5.4",
                               "Usage: BDAT size [LAST]");
}

static bool is_too_much(const smail_smtp_server *session, uint64_t size)
{
    uint64_t max = session->options.max_message_size;

    return size > max || session->mail.size > max - size;
}

static void begin(smail_smtp_server *session)
{
    session->phase =
        session->chunk_left > 0 ? SMAIL__SERVER_CHUNK : SMAIL__SERVER_CHUNK_END;
    if (is_too_much(session, session->chunk_left))
        smail__server_refuse_content(session, SMAIL__REFUSAL_SIZE);
}

int smail__server_bdat(smail_smtp_server *session, size_t line_len,
                       smail_span argument)
{
    struct chunk chunk;
    enum reading reading = read_chunk(&chunk, argument);
    const struct objection *objection = why_not(session, reading, line_len);

    if (argument.len == 0)
        return smail__server_refuse(session, 501, "5.5.4",
                                    "Usage: BDAT size [LAST]");
    if (reading == NO_SIZE || reading == TOO_LARGE)
        return give_up(session, reading);
    if (objection != NULL)
        return discard(session, chunk.size, 1, objection);
    if (chunk.size == 0 && !chunk.last && !smail__server_may_idle(session))
        return smail__server_end_idle(session);
    session->chunk_size = chunk.size;
    session->chunk_left = chunk.size;
    session->chunk_last = chunk.last;
    if (session->mail.chunked || is_too_much(session, chunk.size)) {
        session->mail.chunked = true;
        begin(session);
        return 0;
    }
    session->event.data =
        (smail_smtp_data){ .chunked = true, .size = chunk.size };
    smail__server_ask(session, SMAIL_SMTP_DATA);
    return 0;
}

void smail__server_chunk_accept(smail_smtp_server *session)
{
    smail__data_init(&session->mail.data, session->options.normalize_line_ends);
    session->mail.data.counted = true;
    session->mail.chunked = true;
    begin(session);
}

int smail__server_chunk_reject(smail_smtp_server *session, int code,
                               const char *status, const char *text)
{
    const struct objection why = { code, status, text };
    bool each = session->chunk_last &&
                session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP;
    size_t copies = each ? session->mail.recipients : 1;

    smail__server_reset(session);
    return discard(session, session->chunk_left, copies, &why);
}

int smail__server_discard(smail_smtp_server *session, smail_span *input)
{
    size_t len = input->len;

    if (len > session->chunk_left)
        len = (size_t)session->chunk_left;
    *input = smail__span_from(*input, len);
    session->chunk_left -= len;
    return session->chunk_left > 0 ? 0 : say_held(session);
}

/* Octets of a BINARYMIME message are what they are (RFC 3030, 3). */
static enum smail__data_result next(smail_span *run, smail_smtp_server *session,
                                    smail_span *input)
{
    if (session->mail.body != SMAIL_SMTP_BODY_BINARYMIME)
        return smail__data_next(run, &session->mail.data, input);
    *run = *input;
    *input = smail__span_from(*input, input->len);
    return run->len > 0 ? SMAIL__DATA_CONTENT : SMAIL__DATA_MORE;
}

int smail__server_chunk(smail_smtp_server *session, smail_span *input)
{
    uint64_t left = session->chunk_left;
    smail_span own = smail__span_slice(
        *input, 0, input->len < left ? input->len : (size_t)left);
    size_t before = own.len;
    enum smail__data_result result = SMAIL__DATA_MORE;
    smail_span run;

    if (session->mail.refusal != SMAIL__REFUSAL_NONE)
        own = smail__span_from(own, own.len);
    else
        result = next(&run, session, &own);
    *input = smail__span_from(*input, before - own.len);
    session->chunk_left -= before - own.len;
    if (session->chunk_left == 0)
        session->phase = SMAIL__SERVER_CHUNK_END;
    if (session->mail.data.bare && session->mail.refusal == SMAIL__REFUSAL_NONE)
        smail__server_refuse_content(session, SMAIL__REFUSAL_BARE);
    if (result == SMAIL__DATA_CONTENT)
        smail__server_take_content(session, run);
    return 0;
}

static int confirm(smail_smtp_server *session)
{
    char text[TEXT_MAX];

    (void)smail__format(text, sizeof(text), "%llu octets received",
                        (unsigned long long)session->chunk_size);
    session->phase = SMAIL__SERVER_COMMAND;
    return smail__server_reply(session, 250, "2.0.0", text);
}

int smail__server_chunk_end(smail_smtp_server *session, smail_span *input)
{
    smail_span run;

    (void)input;
    if (session->mail.refusal == SMAIL__REFUSAL_NONE) {
        if (!session->chunk_last)
            return confirm(session);
        if (session->mail.body != SMAIL_SMTP_BODY_BINARYMIME &&
            smail__data_close(&run, &session->mail.data) ==
                SMAIL__DATA_CONTENT) {
            smail__server_take_content(session, run);
            return 0;
        }
        if (session->mail.data.bare) {
            smail__server_refuse_content(session, SMAIL__REFUSAL_BARE);
            return 0;
        }
    }
    return smail__server_content_end(session);
}
