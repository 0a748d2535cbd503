/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_data.c - content (RFC 5321, 4.1.1.4): runs become BODY, the end
 * becomes END_OF_DATA.
 *
 * Content that is refused on the way is read to its end, unseen by the
 * caller, because only behind the end may a reply stand.
 */
#include "base/span.h"
#include "smtp/server.h"

/* What has to fit before the caller may make the mail ours: its plain 250. */
#define ROOM_FOR_REPLY 512
#define ROOM_PER_RECIPIENT 16

struct refusal {
    int code;
    const char *status;
    const char *text;
    bool closes;
};

/* clang-format off */
static const struct refusal refusals[] = {
    [SMAIL__REFUSAL_NONE] = { 0 },
    /* The sender, or something behind it, cannot be trusted with where one
       message ends: nothing more is taken on this connection. */
    [SMAIL__REFUSAL_BARE] = { 550, "5.6.0",
                              "Bare CR, bare LF or NUL in message", true },
    [SMAIL__REFUSAL_SIZE] = { 552, "5.3.4",
                              "Message size exceeds our limit", false },
    [SMAIL__REFUSAL_LINE] = { 554, "5.6.0",
                              "Line in message too long", false },
};
/* clang-format on */

/* A chunk that is not the last is answered once, in LMTP too. */
size_t smail__server_replies_due(const smail_smtp_server *session)
{
    return session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP &&
                   (!session->mail.chunked || session->chunk_last)
               ? session->mail.recipients
               : 1;
}

void smail__server_data_begin(smail_smtp_server *session)
{
    smail__data_init(&session->mail.data, session->options.normalize_line_ends);
    session->phase = SMAIL__SERVER_DATA;
}

/* The caller may drop what it has at once; the replies come at the end. */
void smail__server_refuse_content(smail_smtp_server *session,
                                  enum smail__refusal refusal)
{
    session->mail.refusal = refusal;
    session->mail.open = false;
    session->owe_reset = true;
}

static int finish_refused(smail_smtp_server *session)
{
    const struct refusal *refusal = &refusals[session->mail.refusal];
    size_t due = smail__server_replies_due(session);
    int error = 0;

    session->phase = SMAIL__SERVER_COMMAND;
    smail__transaction_clear(&session->mail);
    for (size_t i = 1; i < due && error == 0; i++)
        error = smail__server_reply(session, refusal->code, refusal->status,
                                    refusal->text);
    if (error == 0)
        error = smail__server_refuse(session, refusal->code, refusal->status,
                                     refusal->text);
    if (refusal->closes)
        smail__server_close(session);
    return error;
}

int smail__server_content_end(smail_smtp_server *session)
{
    size_t room =
        ROOM_FOR_REPLY + session->mail.recipients * ROOM_PER_RECIPIENT;

    if (session->mail.refusal != SMAIL__REFUSAL_NONE)
        return finish_refused(session);
    if (smail__buf_reserve(&session->output, room) != 0)
        return smail__server_collapse(session);
    smail__server_ask(session, SMAIL_SMTP_END_OF_DATA);
    return 0;
}

void smail__server_take_content(smail_smtp_server *session, smail_span chunk)
{
    const struct smail__transaction_limits limits = {
        .size = session->options.max_message_size,
        .text_line = session->mail.body == SMAIL_SMTP_BODY_BINARYMIME
                         ? 0
                         : session->options.max_text_line,
    };
    enum smail__refusal refusal = session->mail.refusal;

    if (refusal != SMAIL__REFUSAL_NONE)
        return;
    refusal = smail__transaction_count(&session->mail, chunk, &limits);
    if (refusal != SMAIL__REFUSAL_NONE) {
        smail__server_refuse_content(session, refusal);
        return;
    }
    session->event.type = SMAIL_SMTP_BODY;
    session->event.body = chunk;
}

int smail__server_data(smail_smtp_server *session, smail_span *input)
{
    smail_span chunk;
    enum smail__data_result result;

    result = smail__data_next(&chunk, &session->mail.data, input);
    if (session->mail.data.bare) {
        if (session->mail.refusal == SMAIL__REFUSAL_NONE)
            smail__server_refuse_content(session, SMAIL__REFUSAL_BARE);
        session->mail.refusal = SMAIL__REFUSAL_BARE; /* it weighs most */
    }
    if (result == SMAIL__DATA_CONTENT)
        smail__server_take_content(session, chunk);
    return result == SMAIL__DATA_END ? smail__server_content_end(session) : 0;
}

const char *smail_smtp_server_refusal(int *code,
                                      const smail_smtp_server *session)
{
    const struct refusal *refusal = &refusals[session->mail.refusal];

    if (session->mail.refusal == SMAIL__REFUSAL_NONE)
        return NULL;
    *code = refusal->code;
    return refusal->text;
}
