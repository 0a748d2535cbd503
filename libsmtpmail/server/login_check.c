/* SPDX-License-Identifier: MIT */
/*
 * server/login_check.c - what an exchange of AUTH asks of the store, on a
 * worker's thread.
 *
 * There are two kinds of workers: one thread for what is quick (an app
 * password is one SHA-256, the keys of SCRAM one look at the store), and those
 * for slow hashes, which are few, nice and have a short queue. Each password is
 * tried quickly first: as an app password when it looks like one, else whether
 * it was right a moment ago (account/remember.h), for there are programs that
 * log in for each message.
 */
#include <stdlib.h>
#include <time.h>

#include <smtpmail/account.h>

#include "account/login.h"
#include "account/remember.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "server/login.h"

static smail_store *store_of(const struct smail__login *login)
{
    return login->shard->server->options.store;
}

static int note_identity(const smail_account *account, void *user)
{
    struct smail__login *login = user;

    smail__format(login->identity, sizeof(login->identity), "%s",
                  account->address);
    if (account->disabled)
        return SMAIL_EAUTH;
    return 0;
}

static int name_account(struct smail__login *login)
{
    return smail_account_get(store_of(login), login->account, note_identity,
                             login, &login->error);
}

/* Its version is asked before, so that no change in between is missed. */
static int check_slowly(struct smail__login *login)
{
    const struct smail__sasl_action *action = &login->action;
    char *name = smail__spandup(action->user);
    smail_id before = 0;
    int64_t version = 0;
    int rc;

    if (name == NULL)
        return smail__fail(&login->error, SMAIL_ENOMEM, "no memory");
    if (smail_account_find(&before, store_of(login), name, NULL) == 0)
        (void)smail__credential_version(&version, store_of(login), before,
                                        NULL);
    free(name);
    rc = smail__login_owner(&login->account, store_of(login), action->user,
                            action->password, &login->error);
    if (rc == 0 && before == login->account && version != 0)
        smail__remember_add(login->shard->server->remember, action->user,
                            action->password, before, version,
                            (int64_t)time(NULL));
    return rc;
}

static int check_password(struct smail__login *login)
{
    const struct smail__sasl_action *action = &login->action;
    int64_t now = (int64_t)time(NULL);
    int rc;

    if (login->is_slow)
        return check_slowly(login);
    if (smail__app_password_is(action->password))
        return smail__app_password_check(&login->account, store_of(login),
                                         SMAIL__SCOPE_SMTP, action->user,
                                         action->password, now, &login->error);
    rc = smail__remember_find(&login->account, login->shard->server->remember,
                              action->user, action->password, now,
                              &login->error);
    return rc == SMAIL_ENOTFOUND ? SMAIL_EAUTH : rc;
}

static int find_keys(struct smail__login *login)
{
    login->keys = malloc(sizeof(*login->keys));
    if (login->keys == NULL)
        return smail__fail(&login->error, SMAIL_ENOMEM, "no memory");
    return smail__app_password_keys(login->keys, store_of(login),
                                    login->action.user, (int64_t)time(NULL),
                                    &login->error);
}

/* The proof was good: whose is it, and note its use. */
static int accept_keys(struct smail__login *login)
{
    smail__app_password_used(login->keys, login->action.index, store_of(login),
                             (int64_t)time(NULL));
    login->account = login->keys->account;
    return 0;
}

/* An app password is a token, too: it says by itself whose it is. */
static int check_token(struct smail__login *login)
{
    const struct smail__sasl_action *action = &login->action;
    int64_t now = (int64_t)time(NULL);

    if (action->user.len > 0)
        return smail__app_password_check(&login->account, store_of(login),
                                         SMAIL__SCOPE_SMTP, action->user,
                                         action->token, now, &login->error);
    return smail__app_password_find(&login->account, store_of(login),
                                    SMAIL__SCOPE_SMTP, action->token, now,
                                    &login->error);
}

/* The first address of the certificate that is an account's, or the one that
   the client names. */
static int check_certificate(struct smail__login *login)
{
    smail_span user = login->action.user;

    for (size_t i = 0; i < login->email_count; i++) {
        smail_span email = smail__span(login->emails[i]);
        int rc;

        if (user.len > 0 && !smail__span_iequal(user, email))
            continue;
        rc = smail_account_find(&login->account, store_of(login),
                                login->emails[i], &login->error);
        if (rc != SMAIL_ENOTFOUND && rc != SMAIL_EINVAL)
            return rc;
    }
    return smail__fail(&login->error, SMAIL_EAUTH,
                       "the certificate is nobody's here");
}

static int run(struct smail__login *login)
{
    int rc;

    switch (login->action.result) {
    case SMAIL__SASL_CHECK:
        rc = check_password(login);
        break;
    case SMAIL__SASL_KEYS:
        return find_keys(login);
    case SMAIL__SASL_ACCEPT:
        rc = accept_keys(login);
        break;
    case SMAIL__SASL_TOKEN:
        rc = check_token(login);
        break;
    case SMAIL__SASL_CERTIFICATE:
        rc = check_certificate(login);
        break;
    default:
        return smail__fail(&login->error, SMAIL_ESTATE, "nothing to check");
    }
    return rc == 0 ? name_account(login) : rc;
}

/* --- The log of log-ins -------------------------------------------------- */

void smail__login_note(const struct smail__login *login, smail_id account,
                       smail_login_outcome outcome)
{
    smail_login note = SMAIL_LOGIN_INIT;
    char peer[SMAIL__ADDRESS_TEXT];

    smail__endpoint_text(peer, &login->peer);
    note.at = (int64_t)time(NULL);
    note.service = "submission";
    note.method = login->method;
    note.peer = peer;
    note.outcome = outcome;
    smail_login_note(store_of(login), account, &note);
}

/* Whose it would have been. */
static smail_id account_of(const struct smail__login *login)
{
    char *name = smail__spandup(login->action.user);
    smail_id account = 0;

    if (name != NULL)
        (void)smail_account_find(&account, store_of(login), name, NULL);
    free(name);
    return account;
}

static void note(const struct smail__login *login)
{
    bool is_half = login->action.result == SMAIL__SASL_KEYS ||
                   (login->action.result == SMAIL__SASL_CHECK &&
                    !login->is_slow && login->result != 0);

    if (is_half)
        return;
    if (login->result == 0)
        smail__login_note(login, login->account, SMAIL_LOGIN_OK);
    else if (login->result == SMAIL_EAUTH && login->account != 0)
        smail__login_note(login, login->account, SMAIL_LOGIN_DISABLED);
    else if (login->result == SMAIL_EAUTH)
        smail__login_note(login, account_of(login), SMAIL_LOGIN_WRONG);
}

void smail__login_check(struct smail__work *work)
{
    struct smail__login *login =
        (struct smail__login *)((char *)work -
                                offsetof(struct smail__login, work));

    login->result = run(login);
    note(login);
    smail__loop_post(login->shard->loop, &login->task);
}
