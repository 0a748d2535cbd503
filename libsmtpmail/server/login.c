/* SPDX-License-Identifier: MIT */
/*
 * server/login.c - AUTH against the accounts of the store (RFC 4954).
 *
 * The mechanism runs on the loop, the password is checked by a worker, as it
 * costs tens of milliseconds on purpose, and a wrong one is answered after a
 * while, the longer the more there were. Meanwhile the engine takes nothing
 * from the client, and no thread waits.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <smtpmail/account.h>

#include "account/sasl.h"
#include "base/format.h"
#include "server/dialogue.h"

struct smail__login {
    struct smail__work work;
    struct smail__task task;
    struct smail__shard *shard;
    uint64_t connection, question;
    struct smail__sasl *sasl;
    smail_span user, password; /* of `sasl` */
    bool is_checking;          /* a worker has it */
    int result;
    smail_id account;
    char identity[SMAIL__SASL_USER_MAX + 1];
    smail_error error;
};

static void login_free(struct smail__login *login)
{
    smail__sasl_free(login->sasl);
    free(login);
}

void smail__login_cancel(struct smail__dialogue *dialogue)
{
    struct smail__login *login = dialogue->login;

    smail__timer_clear(&dialogue->penalty, dialogue->shard->loop);
    dialogue->login = NULL;
    /* What a worker has comes back by itself. */
    if (login != NULL && !login->is_checking)
        login_free(login);
}

static int note_identity(const smail_account *account, void *user)
{
    struct smail__login *login = user;

    smail__format(login->identity, sizeof(login->identity), "%s",
                  account->address);
    return 0;
}

/* On a worker's thread. */
static void check(struct smail__work *work)
{
    struct smail__login *login =
        (struct smail__login *)((char *)work -
                                offsetof(struct smail__login, work));
    smail_store *store = login->shard->server->options.store;

    login->result = smail_account_login(&login->account, store, login->user,
                                        login->password, &login->error);
    if (login->result == 0)
        login->result = smail_account_get(store, login->account, note_identity,
                                          login, &login->error);
    smail__loop_post(login->shard->loop, &login->task);
}

static void on_penalty_over(struct smail__timer *timer)
{
    struct smail__dialogue *dialogue =
        (struct smail__dialogue *)((char *)timer -
                                   offsetof(struct smail__dialogue, penalty));
    bool is_last = dialogue->login_failures >=
                   dialogue->server->options.max_login_failures;

    smail__login_cancel(dialogue);
    smail_smtp_server_reject(dialogue->engine, 535, "5.7.8",
                             "User name or password is wrong");
    if (is_last)
        smail_smtp_server_abandon(dialogue->engine, "4.7.0",
                                  "Too many failed logins");
    smail__dialogue_resume(dialogue);
}

static void penalise(struct smail__dialogue *dialogue,
                     const struct smail__login *login)
{
    uint32_t delay;

    dialogue->login_failures++;
    smail__report_event(dialogue->server, SMAIL__LOG_WARNING, "login_failed",
                        dialogue, "login", login->user);
    delay = smail__limits_login_failed(
        dialogue->server->limits, &dialogue->peer, dialogue->login_failures,
        (int64_t)time(NULL));
    dialogue->penalty.fire = on_penalty_over;
    smail__timer_set(&dialogue->penalty, dialogue->shard->loop, delay);
}

/* Back on the loop. */
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
        login_free(login);
        smail__shard_check(shard);
        return;
    }
    if (login->result == SMAIL_EAUTH) {
        penalise(dialogue, login);
        return;
    }
    if (login->result == 0) {
        dialogue->login_failures = 0;
        smail__question_grant_login(dialogue, login->account, login->identity);
    } else {
        smail__report_event(
            dialogue->server, SMAIL__LOG_ERROR, "login_impossible", dialogue,
            "reason",
            (smail_span){ login->error.message, strlen(login->error.message) });
        smail__question_refuse(dialogue, 454, "4.7.0",
                               "Temporary authentication failure");
    }
    smail__login_cancel(dialogue);
    smail__dialogue_resume(dialogue);
}

static void hand_over(struct smail__dialogue *dialogue,
                      const struct smail__sasl_action *action)
{
    struct smail__login *login = dialogue->login;

    login->work.run = check;
    login->task.run = conclude;
    login->user = action->user;
    login->password = action->password;
    login->is_checking = true;
    if (smail__workers_submit(dialogue->server->login, &login->work) != 0) {
        login->is_checking = false;
        smail__login_cancel(dialogue);
        smail__question_refuse(dialogue, 454, "4.7.0",
                               "Too many logins at once, try again");
        return;
    }
    dialogue->shard->in_flight++;
}

static bool begin(struct smail__dialogue *dialogue, smail_span mechanism)
{
    struct smail__login *login;

    smail__login_cancel(dialogue);
    if (!smail__limits_may_login(dialogue->server->limits, &dialogue->peer,
                                 (int64_t)time(NULL))) {
        smail__question_refuse(
            dialogue, 454, "4.7.0",
            "Too many failed logins from your address, try again later");
        return false;
    }
    login = calloc(1, sizeof(*login));
    if (login == NULL ||
        smail__sasl_new(&login->sasl, mechanism, NULL, NULL) != 0) {
        free(login);
        smail__question_refuse(dialogue, 454, "4.7.0",
                               "Temporary authentication failure");
        return false;
    }
    login->shard = dialogue->shard;
    login->connection = dialogue->number;
    dialogue->login = login;
    return true;
}

void smail__login_step(struct smail__dialogue *dialogue)
{
    const smail_smtp_auth *auth = &dialogue->event->auth;
    struct smail__sasl_action action;

    if (dialogue->server->login == NULL) {
        smail__question_refuse(dialogue, 535, "5.7.8", "Nobody can log in");
        return;
    }
    if (auth->initial && !begin(dialogue, auth->mechanism))
        return;
    if (dialogue->login == NULL) {
        smail__question_refuse(dialogue, 454, "4.7.0",
                               "Temporary authentication failure");
        return;
    }
    smail__sasl_step(&action, dialogue->login->sasl, auth->response,
                     auth->has_response);
    switch (action.result) {
    case SMAIL__SASL_CHALLENGE:
        smail_smtp_server_challenge(dialogue->engine, action.challenge);
        break;
    case SMAIL__SASL_CHECK:
        hand_over(dialogue, &action);
        break;
    case SMAIL__SASL_FAIL:
        smail__question_refuse(dialogue, 501, "5.5.2", action.reason);
        smail__login_cancel(dialogue);
        break;
    default: /* of mechanisms that are not offered */
        smail__question_refuse(dialogue, 504, "5.5.4", "Not offered");
        smail__login_cancel(dialogue);
        break;
    }
}
