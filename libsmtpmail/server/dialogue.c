/* SPDX-License-Identifier: MIT */
/*
 * server/dialogue.c - one client: what the network brings goes to the engine,
 * what the engine asks goes to question.c, what it says goes back.
 */
#include "server/dialogue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"
#include "server/checks.h"
#include "server/proxy_header.h"

/* Mail may be sent in advance by a year (RFC 4865). */
#define HOLD_SECONDS_MAX (365 * 86400)

/* --- What the engine says ------------------------------------------------- */

static void on_body(struct smail__dialogue *dialogue,
                    const smail_smtp_event *event)
{
    const smail_policy *policy = &dialogue->server->policy;
    smail_transaction transaction;

    if (policy->content != NULL) {
        smail__question_describe(&transaction, dialogue);
        policy->content(&transaction, event->body, policy->user);
    }
    smail__envelope_write(dialogue->envelope, event->body);
}

/* The last line that the engine has said. */
static smail_span last_reply(const struct smail__dialogue *dialogue)
{
    smail_span output = smail_smtp_server_output(dialogue->engine);
    size_t start;

    output = smail__span_trim(output);
    start = output.len;
    while (start > 0 && output.data[start - 1] != '\n')
        start--;
    return smail__span_from(output, start);
}

/* Why the transaction is over: content that the engine refuses will be told
 * so at its end; another refusal has just been said. */
static smail_span reset_reason(int *code,
                               const struct smail__dialogue *dialogue)
{
    const char *refusal = smail_smtp_server_refusal(code, dialogue->engine);
    smail_span reply = last_reply(dialogue);
    uint64_t said = 0;

    if (refusal != NULL)
        return smail__span(refusal);
    if (smail__span_number(&said, smail__span_slice(reply, 0, 3)) != 0 ||
        said < 400)
        return SMAIL__SPAN("the client gave up");
    *code = (int)said;
    return smail__span_from(reply, 4);
}

static void report_reset(struct smail__dialogue *dialogue)
{
    struct smail__envelope *envelope = dialogue->envelope;
    char text[256] = "";
    int code = 0;
    smail_span reason = reset_reason(&code, dialogue);

    if (reason.len >= sizeof(text))
        reason.len = sizeof(text) - 1;
    memcpy(text, reason.data, reason.len);
    envelope->ended_at = smail__loop_now(dialogue->shard->loop);
    /* Nothing was lost where nothing had been taken on. */
    if (envelope->recipient_count > 0)
        smail__report_message(dialogue->server, envelope,
                              code != 0 ? "refused" : "aborted", code, text);
}

static void on_reset(struct smail__dialogue *dialogue,
                     const smail_smtp_event *event)
{
    const smail_policy *policy = &dialogue->server->policy;
    smail_transaction transaction;

    (void)event;
    if (dialogue->envelope == NULL)
        return;
    if (policy->reset != NULL) {
        smail__question_describe(&transaction, dialogue);
        policy->reset(&transaction, policy->user);
    }
    report_reset(dialogue);
    smail__envelope_free(dialogue->envelope);
    dialogue->envelope = NULL;
}

static void on_starttls(struct smail__dialogue *dialogue,
                        const smail_smtp_event *event)
{
    struct smail__settings *settings = dialogue->settings;
    struct smail__tls_context *tls = settings->tls;

    (void)event;
    /* RFC 3207, 4.2: what was known of the client is forgotten. */
    free(dialogue->identity);
    dialogue->identity = NULL;
    dialogue->account = 0;
    dialogue->is_shaking = true;
    if (settings->tls_asking != NULL &&
        (dialogue->kind == SMAIL_LISTENER_SUBMISSION ||
         dialogue->kind == SMAIL_LISTENER_SUBMISSIONS))
        tls = settings->tls_asking;
    smail__connection_start_tls(dialogue->connection, tls);
}

static void on_close(struct smail__dialogue *dialogue,
                     const smail_smtp_event *event)
{
    (void)event;
    dialogue->is_leaving = true;
    smail__connection_finish(dialogue->connection);
}

static void on_data(struct smail__dialogue *dialogue,
                    const smail_smtp_event *event)
{
    smail_error err = SMAIL_ERROR_INIT;
    int rc;

    (void)event;
    dialogue->asked = SMAIL__ASK_DATA;
    smail__envelope_set_name(dialogue->envelope, dialogue->facts.name);
    rc = dialogue->envelope->failure;
    if (rc == 0)
        rc = smail__envelope_open(dialogue->envelope, dialogue->server, &err);
    if (rc == 0)
        smail_smtp_server_accept(dialogue->engine);
    else
        smail__policy_refuse_failure(dialogue, rc, &err);
}

static void on_end_of_data(struct smail__dialogue *dialogue,
                           const smail_smtp_event *event)
{
    (void)event;
    smail__envelope_end(dialogue->envelope);
    smail__question_ask(dialogue, SMAIL__ASK_MESSAGE);
}

static void on_question(struct smail__dialogue *dialogue,
                        const smail_smtp_event *event)
{
    static const enum smail__question questions[] = {
        [SMAIL_SMTP_CONNECT] = SMAIL__ASK_CONNECT,
        [SMAIL_SMTP_HELO] = SMAIL__ASK_HELO,
        [SMAIL_SMTP_AUTH] = SMAIL__ASK_AUTH,
        [SMAIL_SMTP_MAIL] = SMAIL__ASK_MAIL,
        [SMAIL_SMTP_RCPT] = SMAIL__ASK_RCPT,
    };

    smail__question_ask(dialogue, questions[event->type]);
}

static void (*const handlers[])(struct smail__dialogue *,
                                const smail_smtp_event *) = {
    [SMAIL_SMTP_CONNECT] = on_question,
    [SMAIL_SMTP_HELO] = on_question,
    [SMAIL_SMTP_AUTH] = on_question,
    [SMAIL_SMTP_MAIL] = on_question,
    [SMAIL_SMTP_RCPT] = on_question,
    [SMAIL_SMTP_DATA] = on_data,
    [SMAIL_SMTP_BODY] = on_body,
    [SMAIL_SMTP_END_OF_DATA] = on_end_of_data,
    [SMAIL_SMTP_RESET] = on_reset,
    [SMAIL_SMTP_STARTTLS] = on_starttls,
    [SMAIL_SMTP_CLOSE] = on_close,
    [SMAIL_SMTP_XCLIENT] = smail__client_spoken_for,
};

static bool is_idle(const struct smail__dialogue *dialogue)
{
    return !dialogue->is_delivering &&
           (dialogue->envelope == NULL || !dialogue->envelope->has_content);
}

static void say_goodbye(struct smail__dialogue *dialogue)
{
    smail__login_cancel(dialogue);
    smail__slot_withdraw(dialogue->shard, dialogue->number);
    dialogue->question++; /* what is still being answered comes too late */
    smail_smtp_server_abandon(dialogue->engine, "4.3.2",
                              "Service shutting down, try again");
}

/* --- What the network says ----------------------------------------------- */

/* It is known who the client is. */
static void introduce(struct smail__dialogue *dialogue)
{
    smail__report_event(dialogue->server, SMAIL__LOG_DEBUG, "connect", dialogue,
                        NULL, (smail_span){ "", 0 });
    smail__checks_begin(dialogue);
    if (dialogue->kind == SMAIL_LISTENER_SUBMISSIONS)
        on_starttls(dialogue, NULL);
    else
        smail__login_offer(dialogue);
}

/* True when the header of the proxy is behind us and it is the client's turn
 * in the clear. */
static bool read_proxy(struct smail__dialogue *dialogue, smail_span *input)
{
    struct smail__endpoint client;
    enum smail__proxy_header_result result =
        smail__proxy_header_feed(&client, dialogue->proxy, input);

    if (result == SMAIL__PROXY_MORE)
        return false;
    if (result == SMAIL__PROXY_BAD ||
        (result == SMAIL__PROXY_CLIENT &&
         smail__client_take_place(dialogue, &client) != 0)) {
        *input = (smail_span){ "", 0 };
        smail__connection_abort(dialogue->connection,
                                result == SMAIL__PROXY_BAD
                                    ? "no PROXY header"
                                    : "too many connections");
        return false;
    }
    free(dialogue->proxy);
    dialogue->proxy = NULL;
    introduce(dialogue);
    smail__deadline_renew(dialogue);
    return !dialogue->is_shaking;
}

/* True if there was an event. */
static bool hand_on(struct smail__dialogue *dialogue, smail_span *input)
{
    const smail_smtp_event *event;
    bool did_something = false;

    while (!dialogue->is_leaving) {
        /* Without memory the engine says so to the client by itself. */
        (void)smail_smtp_server_feed(&event, dialogue->engine, input);
        if (event->type == SMAIL_SMTP_NEED_INPUT ||
            event->type == SMAIL_SMTP_WAIT)
            return did_something;
        did_something = true;
        dialogue->event = event;
        handlers[event->type](dialogue, event);
        if (dialogue->shard->is_draining && is_idle(dialogue) &&
            !dialogue->is_leaving)
            say_goodbye(dialogue);
    }
    *input = (smail_span){ "", 0 };
    return true;
}

static void on_input(void *user, smail_span *input)
{
    struct smail__dialogue *dialogue = user;
    smail_span heard;
    bool did_something;

    if (dialogue->proxy != NULL && !read_proxy(dialogue, input))
        return;
    heard = *input;
    did_something = hand_on(dialogue, input);
    heard.len -= input->len;
    smail__deadline_heard(dialogue, heard, did_something);
}

static smail_span on_output(void *user)
{
    struct smail__dialogue *dialogue = user;

    return smail_smtp_server_output(dialogue->engine);
}

static void on_sent(void *user, size_t len)
{
    struct smail__dialogue *dialogue = user;

    smail_smtp_server_sent(dialogue->engine, len);
}

/* Something is owed as long as the engine waits for a decision. */
static bool on_waiting(void *user)
{
    struct smail__dialogue *dialogue = user;
    const smail_smtp_event *event;
    smail_span nothing = { "", 0 };

    if (dialogue->is_leaving || dialogue->is_shaking || dialogue->proxy != NULL)
        return false;
    (void)smail_smtp_server_feed(&event, dialogue->engine, &nothing);
    return event->type == SMAIL_SMTP_WAIT;
}

static void on_secured(void *user)
{
    struct smail__dialogue *dialogue = user;

    dialogue->is_shaking = false;
    smail__login_offer(dialogue);
    smail_smtp_server_secured(dialogue->engine);
    smail__deadline_renew(dialogue);
}

static void on_deadline(void *user)
{
    struct smail__dialogue *dialogue = user;
    const char *why;

    if (dialogue->is_shaking || dialogue->proxy != NULL) {
        smail__connection_abort(dialogue->connection,
                                dialogue->is_shaking
                                    ? "no TLS handshake in time"
                                    : "no PROXY header in time");
        return;
    }
    if (!smail__deadline_passed(&why, dialogue))
        return;
    smail__login_cancel(dialogue);
    smail__slot_withdraw(dialogue->shard, dialogue->number);
    dialogue->question++;
    smail_smtp_server_abandon(dialogue->engine, "4.4.2", why);
}

static void dialogue_free(struct smail__dialogue *dialogue)
{
    smail__login_cancel(dialogue);
    smail__checks_end(dialogue);
    while (dialogue->answers != NULL) {
        struct smail__answer *answer = dialogue->answers;

        dialogue->answers = (struct smail__answer *)answer->task.next;
        smail__answer_free(answer);
    }
    smail_smtp_server_free(dialogue->engine);
    free(dialogue->identity);
    free(dialogue->proxy);
    smail__settings_free(dialogue->settings);
    free(dialogue);
}

static void on_closed(void *user, const char *why)
{
    struct smail__dialogue *dialogue = user;
    struct smail__shard *shard = dialogue->shard;
    const smail_policy *policy = &dialogue->server->policy;

    on_reset(dialogue, NULL);
    smail__slot_close(shard, dialogue->number);
    smail__report_event(dialogue->server, SMAIL__LOG_DEBUG, "disconnect",
                        dialogue, "reason", smail__span(why));
    if (policy->closed != NULL)
        policy->closed(dialogue->number, policy->user);
    if (dialogue->next != NULL)
        dialogue->next->previous = dialogue->previous;
    if (dialogue->previous != NULL)
        dialogue->previous->next = dialogue->next;
    else
        shard->dialogues = dialogue->next;
    smail__limits_leave(dialogue->server->limits, &dialogue->place);
    dialogue_free(dialogue);
    smail__shard_check(shard);
}

static const struct smail__connection_handler handler = {
    .input = on_input,
    .output = on_output,
    .sent = on_sent,
    .is_waiting = on_waiting,
    .secured = on_secured,
    .deadline = on_deadline,
    .closed = on_closed,
};

/* --- Beginning and end ---------------------------------------------------- */

/* RFC 3461, 4865, 2852, 6710, 8689. */
static void offer_what_the_queue_honours(smail_smtp_server_options *options,
                                         const smail_server_options *ours)
{
    if (ours->routes == NULL || ours->store == NULL)
        return;
    options->offer_dsn = true;
    options->offer_requiretls = true;
    options->offer_mt_priority = true;
    options->offer_deliverby = true;
    options->max_future_release = HOLD_SECONDS_MAX;
    options->max_future_release_date = (int64_t)time(NULL) + HOLD_SECONDS_MAX;
}

static int new_engine(smail_smtp_server **out,
                      const struct smail__settings *settings,
                      smail_listener_kind kind,
                      const struct smail__endpoint *peer)
{
    const smail_server_options *ours = &settings->options;
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;

    options.hostname = ours->hostname;
    options.max_message_size = ours->max_message_size;
    options.max_recipients = ours->max_recipients;
    options.max_errors = ours->max_errors;
    options.max_command_line = ours->max_command_line;
    options.max_text_line = ours->max_text_line;
    options.max_auth_line = ours->max_auth_line;
    options.max_commands = ours->max_commands;
    options.max_mails = ours->max_mails;
    options.offer_starttls =
        settings->tls != NULL && kind != SMAIL_LISTENER_SUBMISSIONS;
    /* What the store keeps as it comes. */
    options.offer_chunking = true;
    options.offer_binarymime = true;
    options.offer_smtputf8 = true;
    options.offer_limits = true;
    options.allow_xclient = kind != SMAIL_LISTENER_LMTP &&
                            smail__endpoint_in(peer, ours->xclient_networks);
    if (kind == SMAIL_LISTENER_LMTP)
        options.protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    if (kind == SMAIL_LISTENER_SUBMISSION ||
        kind == SMAIL_LISTENER_SUBMISSIONS) {
        options.auth_mechanisms = "PLAIN LOGIN";
        options.require_auth = true;
        options.require_tls = !ours->auth_without_tls;
        options.auth_without_tls = ours->auth_without_tls;
        options.normalize_line_ends = ours->normalize_line_ends;
        offer_what_the_queue_honours(&options, ours);
    }
    return smail_smtp_server_new(out, &options);
}

static struct smail__dialogue *dialogue_new(struct smail__shard *shard,
                                            struct smail__port *port,
                                            const struct smail__endpoint *peer)
{
    struct smail__dialogue *dialogue = calloc(1, sizeof(*dialogue));

    if (dialogue == NULL)
        return NULL;
    dialogue->shard = shard;
    dialogue->server = shard->server;
    dialogue->kind = port->kind;
    dialogue->peer = *peer;
    dialogue->place = *peer;
    dialogue->begun_at = smail__loop_now(shard->loop);
    smail__endpoint_text(dialogue->peer_text, peer);
    dialogue->settings = smail__server_settings(shard->server);
    if (new_engine(&dialogue->engine, dialogue->settings, port->kind, peer) !=
        0) {
        smail__settings_free(dialogue->settings);
        free(dialogue);
        return NULL;
    }
    if (smail__slot_open(&dialogue->number, shard, dialogue) != 0) {
        dialogue_free(dialogue);
        return NULL;
    }
    return dialogue;
}

static void enlist(struct smail__dialogue *dialogue)
{
    struct smail__shard *shard = dialogue->shard;

    dialogue->next = shard->dialogues;
    if (shard->dialogues != NULL)
        shard->dialogues->previous = dialogue;
    shard->dialogues = dialogue;
}

void smail__dialogue_begin(struct smail__shard *shard, struct smail__port *port,
                           int fd, const struct smail__endpoint *peer)
{
    smail_server *server = shard->server;
    struct smail__dialogue *dialogue = dialogue_new(shard, port, peer);

    if (dialogue == NULL) {
        close(fd);
        smail__limits_leave(server->limits, peer);
        return;
    }
    if (smail__connection_new(&dialogue->connection, shard->loop, fd, &handler,
                              dialogue, NULL) != 0) {
        smail__slot_close(shard, dialogue->number);
        dialogue_free(dialogue);
        smail__limits_leave(server->limits, peer);
        return;
    }
    enlist(dialogue);
    if (smail__endpoint_in(peer, dialogue->settings->options.proxy_networks) &&
        (dialogue->proxy = calloc(1, sizeof(*dialogue->proxy))) == NULL)
        smail__connection_abort(dialogue->connection, "no memory");
    else if (dialogue->proxy == NULL)
        introduce(dialogue);
    smail__deadline_renew(dialogue);
    smail__connection_start(dialogue->connection);
}

void smail__dialogue_drain(struct smail__dialogue *dialogue, bool now)
{
    if (dialogue->is_leaving || dialogue->is_delivering)
        return; /* its reply comes first, and then on_input() sees to it */
    if (dialogue->is_shaking) {
        smail__connection_abort(dialogue->connection, "shutting down");
        return;
    }
    if (!now && !is_idle(dialogue))
        return;
    say_goodbye(dialogue);
    smail__connection_wake(dialogue->connection);
}

void smail__dialogue_resume(struct smail__dialogue *dialogue)
{
    if (dialogue->shard->is_draining && is_idle(dialogue) &&
        !dialogue->is_leaving)
        say_goodbye(dialogue);
    smail__deadline_answered(dialogue);
    smail__connection_wake(dialogue->connection);
}
