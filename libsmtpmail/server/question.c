/* SPDX-License-Identifier: MIT */
/*
 * server/question.c - decisions: put to the caller's policy where it has a
 * member for them, to the built-in one else, and what follows from the answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "server/checks.h"
#include "server/pace.h"
#include "server/relay.h"

void smail__question_describe(smail_transaction *out,
                              const struct smail__dialogue *dialogue)
{
    const struct smail__envelope *envelope = dialogue->envelope;

    *out = (smail_transaction){
        .size = sizeof(*out),
        .connection = dialogue->number,
        .kind = dialogue->kind,
        .peer_address = dialogue->peer_text,
        .peer_port = dialogue->peer.port,
        .tls_protocol = smail__connection_tls_protocol(dialogue->connection),
        .tls_cipher = smail__connection_tls_cipher(dialogue->connection),
        .helo = smail_smtp_server_helo(dialogue->engine),
        .account = dialogue->account,
        .identity = dialogue->identity,
        .peer_name = dialogue->facts.name,
        .block_reason = dialogue->facts.block_reason,
        .block_score = dialogue->facts.block_score,
    };
    if (envelope == NULL)
        return;
    out->queue_id = envelope->id[0] != '\0' ? envelope->id : NULL;
    out->sender = &envelope->sender;
    out->recipients = envelope->recipients;
    out->recipient_count = envelope->recipient_count;
    out->declared_size = envelope->declared_size;
    out->received = envelope->received;
}

static void call_policy(const struct smail__dialogue *dialogue,
                        enum smail__question question, smail_ticket ticket)
{
    const smail_policy *policy = &dialogue->server->policy;
    const smail_smtp_event *event = dialogue->event;
    smail_transaction transaction;
    smail_span token, claimed;

    smail__question_describe(&transaction, dialogue);
    switch (question) {
    case SMAIL__ASK_CONNECT:
        policy->connect(ticket, &transaction, policy->user);
        break;
    case SMAIL__ASK_HELO:
        policy->helo(ticket, &transaction, &event->helo, policy->user);
        break;
    case SMAIL__ASK_AUTH:
        policy->auth(ticket, &transaction, &event->auth, policy->user);
        break;
    case SMAIL__ASK_TOKEN:
        smail__login_describe(&claimed, &token, dialogue);
        policy->token(ticket, &transaction, token, claimed, policy->user);
        break;
    case SMAIL__ASK_MAIL:
        policy->mail(ticket, &transaction, &event->mail, policy->user);
        break;
    case SMAIL__ASK_RCPT:
        policy->rcpt(ticket, &transaction, &event->rcpt, policy->user);
        break;
    case SMAIL__ASK_MESSAGE:
        policy->message(ticket, &transaction, policy->user);
        break;
    case SMAIL__ASK_DATA:
        break;
    }
}

static bool has_policy(const smail_policy *policy,
                       enum smail__question question)
{
    switch (question) {
    case SMAIL__ASK_CONNECT:
        return policy->connect != NULL;
    case SMAIL__ASK_HELO:
        return policy->helo != NULL;
    case SMAIL__ASK_AUTH:
        return policy->auth != NULL;
    case SMAIL__ASK_TOKEN:
        return policy->token != NULL;
    case SMAIL__ASK_MAIL:
        return policy->mail != NULL;
    case SMAIL__ASK_RCPT:
        return policy->rcpt != NULL;
    case SMAIL__ASK_MESSAGE:
        return policy->message != NULL;
    case SMAIL__ASK_DATA:
        break;
    }
    return false;
}

void smail__question_ask(struct smail__dialogue *dialogue,
                         enum smail__question question)
{
    smail_ticket ticket;

    if (question == SMAIL__ASK_RCPT && smail__checks_hold(dialogue))
        return;
    dialogue->question++;
    dialogue->asked = question;
    if (question == SMAIL__ASK_RCPT && dialogue->envelope != NULL)
        smail__relay_mark(dialogue->envelope);
    if (!has_policy(&dialogue->server->policy, question)) {
        smail__policy_answer(dialogue, question);
        return;
    }
    ticket = smail__slot_ask(dialogue->shard, dialogue->number,
                             dialogue->question, question);
    dialogue->is_calling = true;
    call_policy(dialogue, question, ticket);
    dialogue->is_calling = false;
    while (dialogue->answers != NULL) {
        struct smail__answer *answer = dialogue->answers;

        dialogue->answers = (struct smail__answer *)answer->task.next;
        smail__question_settle(dialogue, answer);
    }
}

void smail__question_settle(struct smail__dialogue *dialogue,
                            struct smail__answer *answer)
{
    const char *status = answer->status[0] != '\0' ? answer->status : NULL;

    if (dialogue->asked == SMAIL__ASK_TOKEN) {
        smail__login_settle_token(dialogue, answer);
        smail__answer_free(answer);
        return;
    }
    switch (answer->kind) {
    case SMAIL__SETTLE_PASS:
        smail__policy_answer(dialogue, dialogue->asked);
        break;
    case SMAIL__SETTLE_REJECT:
        smail__question_refuse(dialogue, answer->code, status, answer->text);
        break;
    case SMAIL__SETTLE_RECIPIENT:
        (void)smail_smtp_server_reject_recipient(dialogue->engine,
                                                 answer->index, answer->code,
                                                 status, answer->text);
        break;
    case SMAIL__SETTLE_CHALLENGE:
        smail_smtp_server_challenge(
            dialogue->engine, (smail_span){ answer->text, answer->text_len });
        break;
    case SMAIL__SETTLE_ACCEPT:
        if (dialogue->asked == SMAIL__ASK_AUTH)
            smail__question_grant_login(dialogue, answer->account,
                                        answer->text);
        else if (dialogue->asked == SMAIL__ASK_RCPT)
            smail__question_grant_recipient(dialogue, answer->targets,
                                            answer->index);
        else if (dialogue->asked == SMAIL__ASK_MESSAGE)
            smail__delivery_begin(dialogue);
        else
            smail__question_grant(dialogue, NULL);
        break;
    }
    smail__answer_free(answer);
}

static void drop_envelope(struct smail__dialogue *dialogue)
{
    smail__envelope_free(dialogue->envelope);
    dialogue->envelope = NULL;
}

void smail__question_grant(struct smail__dialogue *dialogue, const char *text)
{
    if (dialogue->asked == SMAIL__ASK_MAIL) {
        if (!smail__pace_message(dialogue))
            return;
        drop_envelope(dialogue);
        dialogue->envelope =
            smail__envelope_new(dialogue, &dialogue->event->mail);
        if (dialogue->envelope == NULL) {
            smail__question_refuse(dialogue, 451, "4.3.0", "Out of memory");
            return;
        }
    }
    if (text != NULL)
        smail_smtp_server_accept_with(dialogue->engine, NULL, text);
    else
        smail_smtp_server_accept(dialogue->engine);
}

void smail__question_grant_recipient(struct smail__dialogue *dialogue,
                                     const smail_target *targets, size_t count)
{
    int rc;

    if (!smail__pace_recipient(dialogue))
        return;
    rc = smail__envelope_add(dialogue->envelope,
                             &dialogue->event->rcpt.recipient, targets, count);
    if (rc == 0)
        smail_smtp_server_accept(dialogue->engine);
    else if (rc == SMAIL_ELIMIT)
        smail__question_refuse(dialogue, 452, "4.5.3",
                               "Too many mailboxes for one message");
    else
        smail__question_refuse(dialogue, 451, "4.3.0", "Out of memory");
}

void smail__question_grant_login(struct smail__dialogue *dialogue,
                                 smail_id account, const char *identity)
{
    char *copy = smail__strdup(identity);

    if (copy == NULL) {
        smail__question_refuse(dialogue, 454, "4.7.0", "Out of memory");
        return;
    }
    free(dialogue->identity);
    dialogue->identity = copy;
    dialogue->account = account;
    smail_smtp_server_accept(dialogue->engine);
    smail__report_event(dialogue->server, SMAIL__LOG_DEBUG, "login", dialogue,
                        NULL, (smail_span){ "", 0 });
}

static void report_refusal(struct smail__dialogue *dialogue, int code,
                           const char *text)
{
    const smail_server *server = dialogue->server;
    struct smail__envelope *envelope = dialogue->envelope;

    if (envelope != NULL && (dialogue->asked == SMAIL__ASK_MESSAGE ||
                             dialogue->asked == SMAIL__ASK_DATA)) {
        envelope->ended_at = smail__loop_now(dialogue->shard->loop);
        smail__report_message(server, envelope, "refused", code, text);
    } else if (dialogue->asked == SMAIL__ASK_RCPT) {
        smail__report_recipient(dialogue, &dialogue->event->rcpt.recipient,
                                code, text);
    } else if (dialogue->asked == SMAIL__ASK_MAIL) {
        smail__report_sender(dialogue, &dialogue->event->mail.sender, code,
                             text);
    } else {
        smail__report_event(server, SMAIL__LOG_INFO, "refused", dialogue,
                            "reason", smail__span(text));
    }
}

void smail__question_refuse(struct smail__dialogue *dialogue, int code,
                            const char *status, const char *text)
{
    report_refusal(dialogue, code, text);
    if (dialogue->asked == SMAIL__ASK_RCPT && dialogue->envelope != NULL)
        smail__relay_undo(dialogue->envelope);
    if (smail_smtp_server_reject(dialogue->engine, code, status, text) ==
        SMAIL_EINVAL)
        smail_smtp_server_reject(dialogue->engine, code, NULL, text);
    if (dialogue->asked == SMAIL__ASK_MESSAGE)
        drop_envelope(dialogue);
}
