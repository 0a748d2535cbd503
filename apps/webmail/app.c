/* SPDX-License-Identifier: MIT */
/* webmail/app.c - see app.h. */
#include "app.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/random.h"
#include "db/db.h"
#include "identity.h"
#include "server/routes.h"

/* Seconds after which one more wrong password is let through. */
#define GUESS_INTERVAL 30

/* Wrong passwords of one peer, whatever the account; seconds for each more. */
#define PEER_BURST 100
#define PEER_INTERVAL 10

#define HOUR 3600

static int open_limiters(struct app *app, const struct app_options *options,
                         smail_error *err)
{
    int rc = smail__limiter_new(&app->guesses, options->auth_failures,
                                GUESS_INTERVAL, err);

    if (rc == 0)
        rc = smail__limiter_new(&app->peers, PEER_BURST, PEER_INTERVAL, err);
    if (rc == 0)
        rc = smail__limiter_new(&app->signups, options->signups,
                                HOUR / options->signups, err);
    if (rc == 0)
        rc = smail__limiter_new(&app->excesses, 1, 24 * HOUR, err);
    if (rc == 0)
        rc = smail__limiter_new(&app->programs, 1, HOUR, err);
    if (rc == 0)
        rc = smail__remember_new(&app->remember, app->store, err);
    return rc;
}

static void on_warning(const char *text, void *user)
{
    const struct app *app = user;
    struct smail__log_field field =
        SMAIL__LOG_TEXT("reason", smail__span(text));

    smail__log_write(app->log, SMAIL__LOG_WARNING, "store", &field, 1);
}

/* Whoever refuses a thief a thousand times need not say so a thousand times. */
static void on_excess(smail_id account, const char *text, void *user)
{
    struct app *app = user;
    int64_t now = (int64_t)time(NULL);
    struct smail__log_field fields[] = {
        SMAIL__LOG_NUMBER("account", account),
        SMAIL__LOG_TEXT("reason", smail__span(text)),
    };
    char key[32];

    smail__format(key, sizeof(key), "%lld", (long long)account);
    if (smail__limiter_wait(app->excesses, smail__span(key), now) > 0)
        return;
    smail__limiter_note(app->excesses, smail__span(key), now);
    smail__log_write(app->log, SMAIL__LOG_WARNING, "account_over_limit", fields,
                     2);
}

static int open_store(struct app *app, const struct app_options *options,
                      smail_error *err)
{
    struct smail__jmap_limits limits = {
        .upload_size = options->upload_size,
        .message_size = options->message_size,
        .messages_per_day = options->messages_per_day,
        .recipients_per_day = options->recipients_per_day,
    };
    smail_store_options store = SMAIL_STORE_OPTIONS_INIT;
    int rc;

    /* A path with a slip in it must not become an empty store. */
    store.must_exist = true;
    store.keep_removed = options->keep_removed;
    store.keep_trash = options->keep_trash;
    store.keep_junk = options->keep_junk;
    store.keep_queue = options->keep_queue;
    store.keep_logins = options->keep_logins;
    store.warn = on_warning;
    store.user = app;
    rc = smail_store_open(&app->store, options->store, &store, err);

    if (rc == 0)
        rc = smail__jmap_new(&app->jmap, app->store, &limits, err);
    if (rc == 0)
        smail__jmap_set_routes(app->jmap, &options->routes->routes,
                               options->queue_warn, options->queue_expire);
    if (rc == 0)
        smail__jmap_on_excess(app->jmap, on_excess, app);
    /* Of its own, so that data_version counts what all others do. Without it
     * the notices alone tell of changes. */
    if (rc == 0)
        (void)smail__db_open(&app->watch, options->store,
                             SMAIL__DB_READ_ONLY | SMAIL__DB_MUST_EXIST, NULL);
    return rc;
}

int app_open(struct app *app, const struct app_options *options,
             smail_error *err)
{
    unsigned char secret[SMAIL__TOKEN_LEN / 2];
    int rc;

    memset(app, 0, sizeof(*app));
    app->routes = options->routes;
    app->log = options->log;
    app->exempt = options->exempt;
    rc = smail__random(secret, sizeof(secret), err);
    if (rc != 0)
        return rc;
    smail__hex_encode(app->secret, secret, sizeof(secret));
    if (sem_init(&app->hashes, 0, options->hashes) != 0)
        return smail__fail(err, SMAIL_EIO, "no semaphore");
    app->has_hashes = true;
    rc = open_store(app, options, err);
    if (rc == 0)
        rc = open_limiters(app, options, err);
    if (rc != 0)
        app_close(app);
    return rc;
}

void app_close(struct app *app)
{
    smail__remember_free(app->remember);
    smail__limiter_free(app->guesses);
    smail__limiter_free(app->peers);
    smail__limiter_free(app->signups);
    smail__limiter_free(app->excesses);
    smail__limiter_free(app->programs);
    smail__db_close(app->watch);
    smail__jmap_free(app->jmap);
    smail_routes_free(app->routes);
    if (app->store != NULL)
        smail_store_close(app->store);
    if (app->has_hashes)
        sem_destroy(&app->hashes);
    memset(app, 0, sizeof(*app));
}

/* --- For the front ------------------------------------------------------- */

static int authorize(smail_id *account, void *user,
                     const struct smail__front_credentials *credentials)
{
    struct identity identity;
    int64_t wait;
    int status = identify(&identity, &wait, user, credentials);

    *account = identity.account;
    return status;
}

static unsigned types(void *user, smail_span names)
{
    (void)user;
    return smail__jmap_types(names);
}

static int state(struct smail__buf *out, void *user, smail_id account,
                 unsigned wanted, smail_error *err)
{
    struct app *app = user;

    return smail__jmap_state(out, app->jmap, account, wanted, err);
}

/* On the hub's thread alone. */
static int64_t version(void *user)
{
    struct app *app = user;
    struct smail__statement *statement;
    int64_t result = 0;

    if (app->watch == NULL ||
        smail__db_prepare(&statement, app->watch, "PRAGMA data_version",
                          NULL) != 0)
        return 0;
    if (smail__statement_step(statement, NULL) == 1)
        result = smail__column_int(statement, 0);
    smail__statement_reset(statement);
    return result;
}

const struct smail__front_handler app_front_handler = {
    .authorize = authorize,
    .types = types,
    .state = state,
    .version = version,
};
