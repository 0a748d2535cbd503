/* SPDX-License-Identifier: MIT */
/* webmail/identity.c - see identity.h. */
#include "identity.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <smtpmail/totp.h>

#include "account/app_password.h"
#include "account/login.h"
#include "base/base64.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "net/endpoint.h"

/* RFC 6265, 4.1.2, and the prefix that browsers hold to Secure and Path=/. */
#define COOKIE "smtpmail"
#define COOKIE_SECURE "__Host-smtpmail"

/* Octets of user and password in Basic. */
#define BASIC_MAX (SMAIL_PASSWORD_MAX + 512)

/* Seconds that a check waits for its turn. */
#define HASH_PATIENCE 10

/* Octets of "peer account", to count wrong passwords by. */
#define KEY_MAX 512

/* --- Passwords ----------------------------------------------------------- */

static smail_span pair_key(char out[KEY_MAX], const char *peer, smail_span user)
{
    size_t len = strlen(peer);

    if (len > KEY_MAX / 2)
        len = KEY_MAX / 2;
    memcpy(out, peer, len);
    out[len++] = ' ';
    for (size_t i = 0; i < user.len && len < KEY_MAX; i++)
        out[len++] = smail__lower(user.data[i]);
    return (smail_span){ out, len };
}

/* Behind a proxy of our own, all come from one address. */
static bool is_exempt(const struct app *app, const char *peer)
{
    struct smail__endpoint endpoint;
    char text[SMAIL__ADDRESS_TEXT + 4];

    if (strchr(peer, ':') != NULL)
        smail__format(text, sizeof(text), "[%s]:0", peer);
    else
        smail__format(text, sizeof(text), "%s:0", peer);
    return smail__endpoint_parse(&endpoint, smail__span(text), NULL) == 0 &&
           smail__endpoint_in(&endpoint, app->exempt);
}

int64_t peer_wait(struct smail__limiter *limiter, const struct app *app,
                  const char *peer)
{
    if (is_exempt(app, peer))
        return 0;
    return smail__limiter_wait(limiter, smail__span(peer), (int64_t)time(NULL));
}

static int64_t wait_of(struct app *app, const char *peer, smail_span user,
                       int64_t now)
{
    char key[KEY_MAX];
    int64_t pair =
        smail__limiter_wait(app->guesses, pair_key(key, peer, user), now);
    int64_t alone = peer_wait(app->peers, app, peer);

    return pair > alone ? pair : alone;
}

/* Counted before it is checked, so that a hundred at once are not all free. */
static void note_guess(struct app *app, const char *peer, smail_span user,
                       int64_t now)
{
    char key[KEY_MAX];

    smail__limiter_note(app->guesses, pair_key(key, peer, user), now);
    smail__limiter_note(app->peers, smail__span(peer), now);
}

/* Half a log-in does not clear its peer: it may be guessing codes. */
static void forget_guess(struct app *app, const char *peer, smail_span user,
                         bool is_half)
{
    char key[KEY_MAX];

    smail__limiter_forget(app->guesses, pair_key(key, peer, user));
    if (!is_half)
        smail__limiter_forget(app->peers, smail__span(peer));
}

bool take_hash_turn(struct app *app)
{
    struct timespec until;
    int rc;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += HASH_PATIENCE;
    do
        rc = sem_timedwait(&app->hashes, &until);
    while (rc != 0 && errno == EINTR);
    return rc == 0;
}

void give_hash_turn(struct app *app)
{
    sem_post(&app->hashes);
}

static int status_of(int rc)
{
    return rc == SMAIL_EAUTH || rc == SMAIL_ENOTFOUND || rc == SMAIL_EINVAL ||
                   rc == SMAIL_EMALFORMED || rc == SMAIL_ELIMIT
               ? 401
               : 503;
}

/* --- The log of log-ins -------------------------------------------------- */

void note_login(struct app *app, smail_id account, const char *service,
                const char *method, const char *peer,
                smail_login_outcome outcome)
{
    smail_login login = SMAIL_LOGIN_INIT;

    login.at = (int64_t)time(NULL);
    login.service = service;
    login.method = method;
    login.peer = peer;
    login.outcome = outcome;
    smail_login_note(app->store, account, &login);
}

/* Programs say who they are with each request: the log need not be asked each
 * time whether it knows. */
static void note_program(struct app *app, smail_id account, const char *method,
                         const char *peer)
{
    int64_t now = (int64_t)time(NULL);
    char key[KEY_MAX];
    smail_span span = { key, smail__format(key, sizeof(key), "%lld %s %s",
                                           (long long)account, method, peer) };

    if (smail__limiter_wait(app->programs, span, now) > 0)
        return;
    smail__limiter_note(app->programs, span, now);
    note_login(app, account, "http", method, peer, SMAIL_LOGIN_OK);
}

/* --- The owner's password ------------------------------------------------ */

/* Whose it would be, and what the credential is before it is looked at. */
struct before {
    smail_id account; /* 0: nobody */
    int64_t version;
};

static int look_up(struct before *out, struct app *app, smail_span user)
{
    char *name = smail__spandup(user);

    *out = (struct before){ 0, 0 };
    if (name == NULL)
        return 503;
    if (smail_account_find(&out->account, app->store, name, NULL) == 0)
        (void)smail__credential_version(&out->version, app->store, out->account,
                                        NULL);
    smail__mem_free(NULL, name);
    return 0;
}

static int check_slowly(smail_id *account, bool *wants_code, struct app *app,
                        const struct before *before, smail_span user,
                        smail_span password, int64_t now)
{
    smail_error error = SMAIL_ERROR_INIT;
    int rc = SMAIL_EBUSY;

    *wants_code = false;
    if (take_hash_turn(app)) {
        rc = smail__login_first(account, wants_code, app->store, user, password,
                                &error);
        give_hash_turn(app);
    }
    if (rc == 0 && !*wants_code && before->account == *account &&
        before->version != 0)
        smail__remember_add(app->remember, user, password, *account,
                            before->version, now);
    return rc == 0 ? 0 : status_of(rc);
}

static int check_as(smail_id *account, bool *wants_code, int64_t *wait,
                    struct app *app, smail_span user, smail_span password,
                    const char *peer, const char *service)
{
    int64_t now = (int64_t)time(NULL);
    struct before before;
    int status;

    *wants_code = false;
    if (user.len == 0 || password.len == 0 ||
        password.len > SMAIL_PASSWORD_MAX ||
        memchr(user.data, '\0', user.len) != NULL)
        return 401;
    *wait = wait_of(app, peer, user, now);
    if (*wait > 0)
        return 429;
    note_guess(app, peer, user, now);
    status = look_up(&before, app, user);
    if (status == 0)
        status = check_slowly(account, wants_code, app, &before, user, password,
                              now);
    if (status == 0)
        forget_guess(app, peer, user, *wants_code);
    else if (status == 401)
        note_login(app, before.account, service, "password", peer,
                   SMAIL_LOGIN_WRONG);
    return status;
}

int check_password(smail_id *account, bool *wants_code, int64_t *wait,
                   struct app *app, smail_span user, smail_span password,
                   const char *peer)
{
    return check_as(account, wants_code, wait, app, user, password, peer,
                    "page");
}

int check_code(int64_t *wait, struct app *app, smail_id account,
               smail_span code, const char *peer)
{
    int64_t now = (int64_t)time(NULL);
    int rc;

    *wait = peer_wait(app->peers, app, peer);
    if (*wait > 0)
        return 429;
    rc = smail_totp_check(app->store, account, code, now, NULL);
    if (rc == SMAIL_EBUSY) {
        *wait = SMAIL_TOTP_TRY_SECONDS;
        return 429;
    }
    if (rc == SMAIL_EAUTH) {
        smail__limiter_note(app->peers, smail__span(peer), now);
        note_login(app, account, "page", "password and code", peer,
                   SMAIL_LOGIN_WRONG_CODE);
    }
    if (rc == 0)
        smail__limiter_forget(app->peers, smail__span(peer));
    return rc == 0 ? 0 : status_of(rc);
}

/* A program has nobody to type a code: its owner's password alone does not do
 * where one is wanted, and it looks as wrong as any other. */
static int check_owner(struct identity *out, int64_t *wait, struct app *app,
                       smail_span user, smail_span password, const char *peer)
{
    bool wants_code;
    int status = check_as(&out->account, &wants_code, wait, app, user, password,
                          peer, "http");

    if (status != 0 || !wants_code)
        return status;
    note_login(app, out->account, "http", "password", peer,
               SMAIL_LOGIN_WRONG_CODE);
    return 401;
}

/* RFC 7617, 2. */
static int check_basic(struct identity *out, int64_t *wait, struct app *app,
                       smail_span encoded, const char *peer)
{
    int64_t now = (int64_t)time(NULL);
    struct smail__buf text;
    smail_span password, user;
    int status = 401;

    smail__buf_init(&text, BASIC_MAX, NULL);
    if (smail__base64_decode(&text, encoded) == 0 &&
        smail__buf_error(&text) == 0) {
        password = smail__buf_span(&text);
        user = smail__span_cut(&password, ':');
        if (smail__app_password_check(&out->account, app->store,
                                      SMAIL__SCOPE_JMAP, user, password, now,
                                      NULL) == 0)
            out->is_program = true;
        else if (smail__remember_find(&out->account, app->remember, user,
                                      password, now, NULL) == 0)
            status = 0;
        else
            status = check_owner(out, wait, app, user, password, peer);
        if (out->is_program)
            status = 0;
        if (status == 0)
            note_program(app, out->account,
                         out->is_program ? "app password" : "password", peer);
    }
    if (text.len > 0)
        smail__wipe(text.data, text.len);
    smail__buf_dispose(&text);
    return status;
}

/* RFC 6750, 2.1. A wrong one counts as a wrong password of its peer. */
static int check_bearer(struct identity *out, int64_t *wait, struct app *app,
                        smail_span token, const char *peer)
{
    int64_t now = (int64_t)time(NULL);
    int rc = smail__app_password_find(&out->account, app->store,
                                      SMAIL__SCOPE_JMAP, token, now, NULL);

    out->is_program = rc == 0;
    if (rc == 0) {
        note_program(app, out->account, "app password", peer);
        return 0;
    }
    *wait = peer_wait(app->peers, app, peer);
    if (*wait > 0)
        return 429;
    smail__limiter_note(app->peers, smail__span(peer), now);
    return status_of(rc);
}

static int check_authorization(struct identity *out, int64_t *wait,
                               struct app *app, smail_span value,
                               const char *peer)
{
    smail_span rest = value;
    smail_span scheme = smail__span_cut(&rest, ' ');

    rest = smail__span_trim(rest);
    if (smail__span_iis(scheme, "basic"))
        return check_basic(out, wait, app, rest, peer);
    if (smail__span_iis(scheme, "bearer"))
        return check_bearer(out, wait, app, rest, peer);
    return 401;
}

/* --- Cookies ------------------------------------------------------------- */

static smail_span cookie_of(smail_span cookies, const char *name)
{
    while (cookies.len > 0) {
        smail_span value = smail__span_trim(smail__span_cut(&cookies, ';'));
        smail_span key = smail__span_cut(&value, '=');

        if (smail__span_is(key, name))
            return value;
    }
    return (smail_span){ NULL, 0 };
}

static int check_cookie(struct identity *out, struct app *app,
                        const struct smail__front_credentials *credentials)
{
    smail_span token = cookie_of(
        credentials->cookie, credentials->is_secure ? COOKIE_SECURE : COOKIE);
    int rc;

    if (token.len != SMAIL__TOKEN_LEN)
        return 401;
    rc = smail__session_find(&out->session, app->store, token,
                             (int64_t)time(NULL), NULL);
    if (rc != 0)
        return status_of(rc);
    out->account = out->session.account;
    out->has_session = true;
    memcpy(out->token, token.data, token.len);
    out->token[token.len] = '\0';
    return 0;
}

void put_cookie(struct smail__buf *out, const struct request *request,
                const char *token)
{
    smail__buf_printf(out,
                      "Set-Cookie: %s=%s; Path=/; HttpOnly; SameSite=Strict; "
                      "Max-Age=%lld%s\r\n",
                      request->is_secure ? COOKIE_SECURE : COOKIE, token,
                      (long long)SMAIL__SESSION_LIFE,
                      request->is_secure ? "; Secure" : "");
}

void put_no_cookie(struct smail__buf *out, const struct request *request)
{
    smail__buf_printf(out,
                      "Set-Cookie: %s=; Path=/; HttpOnly; SameSite=Strict; "
                      "Max-Age=0%s\r\n",
                      request->is_secure ? COOKIE_SECURE : COOKIE,
                      request->is_secure ? "; Secure" : "");
}

/* --- Who ----------------------------------------------------------------- */

int identify(struct identity *out, int64_t *wait, struct app *app,
             const struct smail__front_credentials *credentials)
{
    memset(out, 0, sizeof(*out));
    *wait = 0;
    if (credentials->authorization.data != NULL &&
        credentials->authorization.len > 0)
        return check_authorization(out, wait, app, credentials->authorization,
                                   credentials->peer);
    return check_cookie(out, app, credentials);
}

static bool is_own_origin(const struct request *request)
{
    smail_span origin = request_field(request, "Origin");
    struct smail__buf own;
    bool result;

    if (origin.data == NULL)
        return true;
    smail__buf_init(&own, 1024, NULL);
    request_origin(&own, request);
    result = smail__span_iequal(origin, smail__buf_span(&own));
    smail__buf_dispose(&own);
    return result;
}

bool require_own_origin(struct request *request)
{
    if (is_own_origin(request))
        return true;
    answer_problem(request, 403, "csrf", "The request comes from another site.",
                   NULL);
    return false;
}

static bool is_safe(const struct request *request)
{
    return smail__span_is(request->method, "GET") ||
           smail__span_is(request->method, "HEAD");
}

static bool require_token(const struct identity *identity,
                          struct request *request)
{
    smail_span csrf = request_field(request, "X-CSRF-Token");

    if (!require_own_origin(request))
        return false;
    if (smail__session_csrf_is(smail__span(identity->token), csrf))
        return true;
    answer_problem(request, 403, "csrf",
                   "The page is out of date. Please load it again.", NULL);
    return false;
}

bool require_identity(struct identity *out, struct request *request)
{
    struct smail__front_credentials credentials = {
        .authorization = request_field(request, "Authorization"),
        .cookie = request_field(request, "Cookie"),
        .peer = request->peer,
        .is_secure = request->is_secure,
    };
    int64_t wait;
    int status = identify(out, &wait, request->app, &credentials);

    if (status == 0) {
        request->account = out->account;
        return !out->has_session || is_safe(request) ||
               require_token(out, request);
    }
    if (status == 429)
        answer_wait(request, wait);
    else if (status == 503)
        answer_problem(request, 503, "unavailable",
                       "The server is too busy. Please try again.", NULL);
    else if (credentials.authorization.data != NULL)
        answer_problem(request, 401, "invalidCredentials",
                       "Wrong address or password.", NULL);
    else
        answer_problem(request, 401, "sessionRequired", "Please log in.", NULL);
    return false;
}

bool require_owner(struct identity *out, struct request *request)
{
    if (!require_identity(out, request))
        return false;
    if (!out->is_program)
        return true;
    answer_problem(request, 403, "forbidden",
                   "An app password is not enough for that.", NULL);
    return false;
}
