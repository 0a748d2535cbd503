/* SPDX-License-Identifier: MIT */
/*
 * server/login.c - AUTH against the accounts of the store (RFC 4954).
 *
 * The mechanism runs on the loop; what it asks of the store is answered by a
 * worker, as a slow hash costs tens of milliseconds on purpose, and a wrong
 * password is told after a while, the longer the more there were (guard.h).
 * Meanwhile the engine takes nothing from the client, and no thread waits.
 */
#include "server/login.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"

#define BUSY "Too many logins at once, try again"
#define FAILED "Temporary authentication failure"

/* --- Its life -------------------------------------------------------------- */

static void login_free(struct smail__login *login)
{
    smail__sasl_free(login->sasl);
    if (login->keys != NULL)
        smail__wipe(login->keys, sizeof(*login->keys));
    free(login->keys);
    free(login);
}

/* The guard counts whoever is still waiting. */
static void end_count(struct smail__login *login)
{
    if (login->is_counted)
        smail__guard_end(login->shard->server->guard, &login->peer);
    login->is_counted = false;
}

void smail__login_cancel(struct smail__dialogue *dialogue)
{
    struct smail__login *login = dialogue->login;

    smail__timer_clear(&dialogue->penalty, dialogue->shard->loop);
    dialogue->login = NULL;
    /* What a worker has comes back by itself. */
    if (login == NULL || login->is_checking)
        return;
    end_count(login);
    login_free(login);
}

static void refuse(struct smail__dialogue *dialogue, int code,
                   const char *status, const char *text)
{
    smail__login_cancel(dialogue);
    smail__question_refuse(dialogue, code, status, text);
}

/* --- Yes and no ----------------------------------------------------------- */

static void say_wrong(struct smail__dialogue *dialogue)
{
    bool is_last = dialogue->login_failures >=
                   dialogue->settings->options.max_login_failures;

    smail__login_cancel(dialogue);
    smail_smtp_server_reject(dialogue->engine, 535, "5.7.8",
                             "User name or password is wrong");
    if (is_last)
        smail_smtp_server_abandon(dialogue->engine, "4.7.0",
                                  "Too many failed logins");
}

/* RFC 7628, 3.2.2: first the reason, in a challenge. */
static void on_penalty_over(struct smail__timer *timer)
{
    struct smail__dialogue *dialogue =
        (struct smail__dialogue *)((char *)timer -
                                   offsetof(struct smail__dialogue, penalty));
    struct smail__login *login = dialogue->login;
    struct smail__sasl_action action;

    if (login->action.result == SMAIL__SASL_TOKEN) {
        login->is_told = true;
        smail__sasl_no_token(&action, login->sasl);
        smail_smtp_server_challenge(dialogue->engine, action.challenge);
    } else {
        say_wrong(dialogue);
    }
    smail__dialogue_resume(dialogue);
}

/* Who it claimed to be, as far as one can tell. */
static smail_span user_of(const struct smail__login *login)
{
    if (login->action.user.len == 0 && login->email_count > 0)
        return smail__span(login->emails[0]);
    return login->action.user;
}

static void penalise(struct smail__dialogue *dialogue)
{
    struct smail__login *login = dialogue->login;
    struct smail__guard *guard = dialogue->server->guard;
    smail_span user = user_of(login);
    int64_t now = (int64_t)time(NULL);
    uint32_t delay;

    end_count(login);
    dialogue->login_failures++;
    smail__report_event(dialogue->server, SMAIL__LOG_WARNING, "login_failed",
                        dialogue, "login", user);
    delay = smail__guard_fail(guard, &dialogue->peer, user,
                              dialogue->login_failures, now);
    if (smail__guard_is_banned(guard, &dialogue->peer, now))
        smail__report_event(dialogue->server, SMAIL__LOG_WARNING,
                            "address_banned", dialogue, "login", user);
    dialogue->penalty.fire = on_penalty_over;
    smail__timer_set(&dialogue->penalty, dialogue->shard->loop, delay);
}

static void grant(struct smail__dialogue *dialogue, smail_id account,
                  const char *identity)
{
    end_count(dialogue->login);
    smail__guard_pass(dialogue->server->guard, &dialogue->peer,
                      smail__span(identity), (int64_t)time(NULL));
    dialogue->login_failures = 0;
    smail__question_grant_login(dialogue, account, identity);
    smail__login_cancel(dialogue);
}

/* --- Asking a worker ------------------------------------------------------- */

static void proceed(struct smail__dialogue *dialogue,
                    const struct smail__sasl_action *action);
static void conclude(struct smail__task *task);

static int begin_count(struct smail__dialogue *dialogue,
                       struct smail__login *login)
{
    if (login->is_counted)
        return 0;
    if (smail__guard_begin(&login->work.rank, dialogue->server->guard,
                           &dialogue->peer, login->action.user,
                           (int64_t)time(NULL)) != 0)
        return SMAIL_EBUSY;
    login->is_counted = true;
    return 0;
}

/* Somebody with a better name took its place in the queue. */
static void give_way(struct smail__work *work)
{
    struct smail__login *login =
        (struct smail__login *)((char *)work -
                                offsetof(struct smail__login, work));

    login->result = SMAIL_EBUSY;
    smail__loop_post(login->shard->loop, &login->task);
}

static void hand_over(struct smail__dialogue *dialogue)
{
    struct smail__login *login = dialogue->login;
    struct smail__workers *workers =
        login->is_slow ? dialogue->server->login : dialogue->server->lookup;
    struct smail__work *displaced = NULL;
    int rc;

    if (workers == NULL) {
        refuse(dialogue, 535, "5.7.8", "Nobody can log in");
        return;
    }
    rc = begin_count(dialogue, login);
    login->work.run = smail__login_check;
    login->task.run = conclude;
    login->is_checking = true;
    if (rc == 0)
        rc = smail__workers_submit_ranked(workers, &login->work, &displaced);
    if (displaced != NULL)
        give_way(displaced);
    if (rc == 0) {
        dialogue->shard->in_flight++;
        return;
    }
    login->is_checking = false;
    refuse(dialogue, 454, "4.7.0", BUSY);
}

/* --- And back on the loop -------------------------------------------------- */

static void give_keys(struct smail__dialogue *dialogue)
{
    struct smail__login *login = dialogue->login;
    struct smail__sasl_action action;

    end_count(login);
    smail__sasl_keys(&action, login->sasl, login->keys->scram,
                     login->keys->count);
    proceed(dialogue, &action);
}

static void deny(struct smail__dialogue *dialogue)
{
    struct smail__login *login = dialogue->login;

    if (login->action.result == SMAIL__SASL_CHECK && !login->is_slow) {
        login->is_slow = true; /* nothing quick knows it */
        hand_over(dialogue);
    } else {
        penalise(dialogue);
    }
}

static void settle(struct smail__dialogue *dialogue)
{
    struct smail__login *login = dialogue->login;

    switch (login->result) {
    case 0:
        if (login->action.result == SMAIL__SASL_KEYS)
            give_keys(dialogue);
        else
            grant(dialogue, login->account, login->identity);
        break;
    case SMAIL_EAUTH:
        deny(dialogue);
        break;
    case SMAIL_EBUSY:
        refuse(dialogue, 454, "4.7.0", BUSY);
        break;
    default:
        smail__report_event(dialogue->server, SMAIL__LOG_ERROR,
                            "login_impossible", dialogue, "reason",
                            smail__span(login->error.message));
        refuse(dialogue, 454, "4.7.0", FAILED);
        break;
    }
}

static void conclude(struct smail__task *task)
{
    struct smail__login *login =
        (struct smail__login *)((char *)task -
                                offsetof(struct smail__login, task));
    struct smail__shard *shard = login->shard;
    struct smail__dialogue *dialogue =
        smail__slot_find(shard, login->connection);

    shard->in_flight--;
    login->is_checking = false;
    if (dialogue == NULL || dialogue->login != login) {
        end_count(login);
        login_free(login);
        smail__shard_check(shard);
        return;
    }
    settle(dialogue);
    smail__dialogue_resume(dialogue);
}

/* --- The exchange ---------------------------------------------------------- */

static void ask_for_token(struct smail__dialogue *dialogue)
{
    if (dialogue->server->policy.token != NULL)
        smail__question_ask(dialogue, SMAIL__ASK_TOKEN);
    else
        hand_over(dialogue);
}

static void collect_emails(struct smail__dialogue *dialogue)
{
    const struct smail__tls_stream *tls =
        smail__connection_tls(dialogue->connection);
    struct smail__login *login = dialogue->login;

    while (tls != NULL && login->email_count < SMAIL__LOGIN_EMAILS_MAX &&
           smail__tls_stream_peer_email(login->emails[login->email_count], tls,
                                        login->email_count) > 0)
        login->email_count++;
}

static void proceed(struct smail__dialogue *dialogue,
                    const struct smail__sasl_action *action)
{
    struct smail__login *login = dialogue->login;

    login->action = *action;
    switch (action->result) {
    case SMAIL__SASL_CHALLENGE:
        smail_smtp_server_challenge(dialogue->engine, action->challenge);
        break;
    case SMAIL__SASL_CHECK:
        login->is_slow = false;
        hand_over(dialogue);
        break;
    case SMAIL__SASL_KEYS:
    case SMAIL__SASL_ACCEPT:
        hand_over(dialogue);
        break;
    case SMAIL__SASL_TOKEN:
        ask_for_token(dialogue);
        break;
    case SMAIL__SASL_CERTIFICATE:
        collect_emails(dialogue);
        hand_over(dialogue);
        break;
    case SMAIL__SASL_DENY:
        if (login->keys != NULL) /* a proof that was wrong */
            smail__login_note(login, login->keys->account, SMAIL_LOGIN_WRONG);
        if (login->is_told)
            say_wrong(dialogue);
        else
            penalise(dialogue);
        break;
    case SMAIL__SASL_FAIL:
        refuse(dialogue, 501, "5.5.2", action->reason);
        break;
    }
}

static bool begin(struct smail__dialogue *dialogue, smail_span mechanism)
{
    struct smail__login_bindings room;
    struct smail__sasl_channel channel;
    struct smail__login *login;

    smail__login_cancel(dialogue);
    /* A client that gave up before its last failure was told. */
    if (dialogue->login_failures >=
        dialogue->settings->options.max_login_failures) {
        smail__question_refuse(dialogue, 535, "5.7.8", "Too many failures");
        smail_smtp_server_abandon(dialogue->engine, "4.7.0",
                                  "Too many failed logins");
        return false;
    }
    if (smail__guard_is_banned(dialogue->server->guard, &dialogue->peer,
                               (int64_t)time(NULL))) {
        smail__question_refuse(
            dialogue, 454, "4.7.0",
            "Too many failed logins from your address, try again later");
        return false;
    }
    smail__login_channel(&channel, &room, dialogue);
    login = calloc(1, sizeof(*login));
    if (login == NULL ||
        smail__sasl_new(&login->sasl, mechanism, &channel, NULL) != 0) {
        free(login);
        smail__question_refuse(dialogue, 454, "4.7.0", FAILED);
        return false;
    }
    login->shard = dialogue->shard;
    login->connection = dialogue->number;
    login->peer = dialogue->peer;
    smail__format(login->method, sizeof(login->method), "%.*s",
                  SMAIL__SPAN_ARG(mechanism));
    dialogue->login = login;
    return true;
}

void smail__login_step(struct smail__dialogue *dialogue)
{
    const smail_smtp_auth *auth = &dialogue->event->auth;
    struct smail__sasl_action action;

    if (dialogue->server->login == NULL &&
        dialogue->server->policy.token == NULL) {
        smail__question_refuse(dialogue, 535, "5.7.8", "Nobody can log in");
        return;
    }
    if (auth->initial && !begin(dialogue, auth->mechanism))
        return;
    if (dialogue->login == NULL) {
        smail__question_refuse(dialogue, 454, "4.7.0", FAILED);
        return;
    }
    smail__sasl_step(&action, dialogue->login->sasl, auth->response,
                     auth->has_response);
    proceed(dialogue, &action);
}

void smail__login_describe(smail_span *user, smail_span *token,
                           const struct smail__dialogue *dialogue)
{
    *user = dialogue->login->action.user;
    *token = dialogue->login->action.token;
}

void smail__login_settle_token(struct smail__dialogue *dialogue,
                               const struct smail__answer *answer)
{
    if (dialogue->login == NULL)
        return;
    if (answer->kind == SMAIL__SETTLE_ACCEPT) {
        grant(dialogue, answer->account, answer->text);
    } else if (answer->kind == SMAIL__SETTLE_PASS &&
               dialogue->settings->options.app_password_tokens) {
        hand_over(dialogue);
    } else if (answer->kind == SMAIL__SETTLE_REJECT && answer->code < 500) {
        const char *status = answer->status[0] != '\0' ? answer->status : NULL;

        refuse(dialogue, answer->code, status, answer->text);
    } else {
        penalise(dialogue);
    }
}
