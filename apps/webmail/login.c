/* SPDX-License-Identifier: MIT */
/*
 * webmail/login.c - sessions of the page: begin, show, end; and the password.
 */
#include <time.h>

#include "account/signup.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "fields.h"
#include "identity.h"
#include "routes.h"
#include "two_step.h"

/* Octets of a list of sessions, and of the fields with a cookie. */
#define LIST_MAX 65536
#define COOKIE_MAX 512

#define SWEEP_SECONDS 600

static int put_names(const smail_account *account, void *user)
{
    struct smail__buf *out = user;

    smail__buf_puts(out, "\"address\":");
    put_json(out, smail__span(account->address));
    smail__buf_puts(out, ",\"name\":");
    put_json(out, smail__span(account->name));
    return 0;
}

/* False: an answer was given. */
static bool put_session(struct smail__buf *out, struct request *request,
                        const struct smail__session *session, const char *token)
{
    smail_error error = SMAIL_ERROR_INIT;
    char csrf[SMAIL__TOKEN_SIZE];

    smail__session_csrf(csrf, (smail_span){ token, SMAIL__TOKEN_LEN });
    smail__buf_putc(out, '{');
    if (smail_account_get(request->app->store, session->account, put_names, out,
                          &error) != 0) {
        answer_error(request, &error);
        return false;
    }
    smail__buf_printf(out, ",\"csrf\":\"%s\",\"expires\":", csrf);
    put_time(out, session->expires_at);
    smail__buf_puts(out, "}\n");
    return true;
}

/* Now and then, somebody who logs in takes out what is over. */
static void sweep(struct app *app, int64_t now)
{
    long long due = atomic_load(&app->next_sweep);

    if (now >= due && atomic_compare_exchange_strong(&app->next_sweep, &due,
                                                     now + SWEEP_SECONDS))
        (void)smail__session_sweep(app->store, now, NULL);
}

void login_answer(struct request *request, int status, smail_id account)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__session session;
    char token[SMAIL__TOKEN_SIZE];
    struct smail__buf json, fields;

    request->account = account;
    if (smail__session_begin(token, &session, request->app->store, account,
                             request->peer, (int64_t)time(NULL), &error) != 0) {
        answer_error(request, &error);
        return;
    }
    smail__buf_init(&json, 8192, NULL);
    smail__buf_init(&fields, COOKIE_MAX, NULL);
    put_cookie(&fields, request, token);
    if (put_session(&json, request, &session, token))
        answer_json(request, status, &json, fields.data);
    sweep(request->app, session.created_at);
    smail__buf_dispose(&json);
    smail__buf_dispose(&fields);
    smail__wipe(token, sizeof(token));
}

void login_show(struct request *request)
{
    struct identity identity;
    struct smail__buf json;

    if (!require_identity(&identity, request))
        return;
    if (!identity.has_session) {
        answer_problem(request, 401, "sessionRequired", "Please log in.", NULL);
        return;
    }
    smail__buf_init(&json, 8192, NULL);
    if (put_session(&json, request, &identity.session, identity.token))
        answer_json(request, 200, &json, "");
    smail__buf_dispose(&json);
}

/* The session that the browser had before, if any: it is not left behind. */
static void end_former(struct request *request)
{
    struct smail__front_credentials credentials = {
        .cookie = request_field(request, "Cookie"),
        .peer = request->peer,
        .is_secure = request->is_secure,
    };
    struct identity former;
    int64_t wait;

    if (identify(&former, &wait, request->app, &credentials) == 0 &&
        former.has_session)
        (void)smail__session_end(request->app->store, former.account,
                                 former.session.id, NULL);
}

static void refuse_password(struct request *request, int status, int64_t wait,
                            const char *field)
{
    if (status == 429)
        answer_wait(request, wait);
    else if (status == 401)
        answer_problem(request, 401, "invalidCredentials",
                       "Wrong address or password.", field);
    else
        answer_problem(request, 503, "unavailable",
                       "The server is too busy. Please try again.", NULL);
}

/* False: an answer was given. */
static bool take_steps(smail_id *account, struct request *request,
                       const struct fields *fields)
{
    smail_span code = fields_text(fields, "code");
    bool wants_code;
    int64_t wait = 0;
    int status =
        check_password(account, &wants_code, &wait, request->app,
                       smail__span_trim(fields_text(fields, "address")),
                       fields_text(fields, "password"), request->peer);

    if (status != 0) {
        refuse_password(request, status, wait, NULL);
        return false;
    }
    if (!wants_code) {
        note_login(request->app, *account, "page", "password", request->peer,
                   SMAIL_LOGIN_OK);
        return true;
    }
    if (code.len == 0) {
        answer_code_wanted(request);
        return false;
    }
    if (!take_code(request, *account, code))
        return false;
    note_login(request->app, *account, "page", "password and code",
               request->peer, SMAIL_LOGIN_OK);
    return true;
}

void login_begin(struct request *request)
{
    struct fields *fields;
    smail_id account;
    bool is_in;

    if (!require_own_origin(request))
        return;
    fields = fields_read(request);
    if (fields == NULL)
        return;
    is_in = take_steps(&account, request, fields);
    fields_free(fields);
    if (!is_in)
        return;
    end_former(request);
    login_answer(request, 200, account);
}

/* Also for a session that is over already: what counts is the cookie. */
void login_end(struct request *request)
{
    struct smail__front_credentials credentials = {
        .cookie = request_field(request, "Cookie"),
        .peer = request->peer,
        .is_secure = request->is_secure,
    };
    struct identity identity;
    struct smail__buf fields;
    int64_t wait;

    if (!require_own_origin(request))
        return;
    if (identify(&identity, &wait, request->app, &credentials) == 0) {
        if (!require_identity(&identity, request))
            return;
        (void)smail__session_end(request->app->store, identity.account,
                                 identity.session.id, NULL);
    }
    smail__buf_init(&fields, COOKIE_MAX, NULL);
    put_no_cookie(&fields, request);
    answer_empty(request, fields.data);
    smail__buf_dispose(&fields);
}

/* --- The password -------------------------------------------------------- */

static int keep_address(const smail_account *account, void *user)
{
    struct own_address *out = user;

    smail__format(out->text, sizeof(out->text), "%s", account->address);
    return 0;
}

static void set_password(struct request *request,
                         const struct identity *identity, smail_span password)
{
    smail_error error = SMAIL_ERROR_INIT;
    smail_store *store = request->app->store;
    int rc =
        smail_account_set_password(store, identity->account, password, &error);

    if (rc == 0)
        rc = smail__session_end_others(
            store, identity->account,
            identity->has_session ? identity->session.id : 0, &error);
    if (rc == SMAIL_EINVAL)
        answer_problem(request, 422, "weakPassword", error.message, "new");
    else if (rc != 0)
        answer_error(request, &error);
    else
        answer_empty(request, "");
}

bool require_password(struct own_address *own, struct request *request,
                      const struct identity *identity, smail_span password,
                      const char *field)
{
    bool wants_code;
    smail_id account;
    int64_t wait = 0;
    int status;

    own->text[0] = '\0';
    (void)smail_account_get(request->app->store, identity->account,
                            keep_address, own, NULL);
    status = check_password(&account, &wants_code, &wait, request->app,
                            smail__span(own->text), password, request->peer);
    if (status == 0 && account != identity->account)
        status = 401;
    if (status != 0)
        refuse_password(request, status, wait, field);
    return status == 0;
}

void password_change(struct request *request)
{
    struct own_address own;
    struct identity identity;
    struct fields *fields;
    const char *why;

    if (!require_owner(&identity, request))
        return;
    fields = fields_read(request);
    if (fields == NULL)
        return;
    if (!require_password(&own, request, &identity,
                          fields_text(fields, "current"), "current")) {
        fields_free(fields);
        return;
    }
    if (smail__password_is_weak(&why, fields_text(fields, "new"),
                                smail__span(own.text)))
        answer_problem(request, 422, "weakPassword", why, "new");
    else
        set_password(request, &identity, fields_text(fields, "new"));
    fields_free(fields);
}

/* --- The list ------------------------------------------------------------ */

struct list {
    struct smail__buf *out;
    smail_id current;
};

static int put_item(const struct smail__session *session, void *user)
{
    struct list *list = user;
    struct smail__buf *out = list->out;

    if (out->len > 1)
        smail__buf_putc(out, ',');
    smail__buf_printf(out,
                      "{\"id\":\"%lld\",\"created\":", (long long)session->id);
    put_time(out, session->created_at);
    smail__buf_puts(out, ",\"lastUsed\":");
    put_time(out, session->last_used);
    smail__buf_puts(out, ",\"peer\":");
    put_json(out, smail__span(session->peer));
    smail__buf_printf(out, ",\"current\":%s}",
                      session->id == list->current ? "true" : "false");
    return 0;
}

void sessions_list(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    struct smail__buf json;
    struct list list = { &json, 0 };

    if (!require_owner(&identity, request))
        return;
    if (identity.has_session)
        list.current = identity.session.id;
    smail__buf_init(&json, LIST_MAX, NULL);
    smail__buf_putc(&json, '[');
    if (smail__session_list(request->app->store, identity.account,
                            (int64_t)time(NULL), put_item, &list,
                            &error) != 0) {
        answer_error(request, &error);
    } else {
        smail__buf_puts(&json, "]\n");
        answer_json(request, 200, &json, "");
    }
    smail__buf_dispose(&json);
}

void sessions_end(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    uint64_t id;

    if (!require_owner(&identity, request))
        return;
    if (smail__span_number(&id, smail__span(request->parameter[0])) != 0 ||
        id > INT64_MAX)
        answer_problem(request, 404, "notFound", "There is no such session.",
                       NULL);
    else if (smail__session_end(request->app->store, identity.account,
                                (smail_id)id, &error) != 0)
        answer_error(request, &error);
    else
        answer_empty(request, "");
}
