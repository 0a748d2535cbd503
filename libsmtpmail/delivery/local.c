/* SPDX-License-Identifier: MIT */
/* delivery/local.c - see delivery/local.h. */
#include "delivery/local.h"

#include <stdlib.h>

#include <smtpmail/account.h>

#include "base/error.h"
#include "base/span.h"
#include "delivery/notice.h"
#include "delivery/sender_internal.h"
#include "delivery/settle.h"
#include "store/append.h"
#include "store/content.h"

#define CHUNK 16384

/* Mailboxes of one message. */
#define TARGETS_MAX 1000

struct homecoming {
    smail_store *store;
    const struct smail__settlement *settlement; /* all of it */
    struct smail__settlement refused, rest;
    const char *hostname;
    smail_append *append;
    smail_target targets[TARGETS_MAX];
    size_t count;
    void (*done)(const smail_error *error, void *arg);
    void *arg;
};

static void free_homecoming(struct homecoming *homecoming)
{
    smail_append_free(homecoming->append);
    free(homecoming);
}

/* --- Who ----------------------------------------------------------------- */

static void refuse(struct smail__settled *one,
                   const struct smail__queue_message *message,
                   const char *status, const char *text)
{
    one->result.outcome = SMAIL_QUEUE_REFUSED;
    one->status = smail__span(status);
    one->result.reply = smail__span(text);
    one->told =
        smail__outcome_tells_failure(one, message) ? SMAIL__TOLD_FAILURE : 0;
}

static bool is_target(const struct homecoming *homecoming, smail_id account)
{
    for (size_t i = 0; i < homecoming->count; i++)
        if (homecoming->targets[i].account == account)
            return true;
    return false;
}

static int find(struct homecoming *homecoming, struct smail__settled *one,
                smail_id *room, smail_error *err)
{
    smail_path path;
    size_t count = 0;
    int code = smail_path_parse(&path, one->recipient->recipient, true);

    if (code == 0)
        code = smail_address_resolve(room, SMAIL_RESOLVED_MAX, &count,
                                     homecoming->store, &path, err);
    switch (code) {
    case 0:
        break;
    case SMAIL_EMALFORMED:
    case SMAIL_EINVAL:
    case SMAIL_ENOTFOUND:
    case SMAIL_ESTATE:
    case SMAIL_ELIMIT:
        refuse(one, homecoming->settlement->message, "5.1.1",
               "nobody here has that address any more");
        return 0;
    default:
        return code;
    }
    for (size_t i = 0; i < count && homecoming->count < TARGETS_MAX; i++)
        if (!is_target(homecoming, room[i]))
            homecoming->targets[homecoming->count++] =
                (smail_target){ .account = room[i] };
    return 0;
}

static int find_all(struct homecoming *homecoming, smail_error *err)
{
    const struct smail__settlement *settlement = homecoming->settlement;
    smail_id *room = calloc(SMAIL_RESOLVED_MAX, sizeof(*room));
    int code = 0;

    if (room == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; code == 0 && i < settlement->count; i++)
        if (settlement->list[i].result.outcome == SMAIL_QUEUE_TAKEN)
            code = find(homecoming, &settlement->list[i], room, err);
    free(room);
    return code;
}

/* --- The bytes ----------------------------------------------------------- */

static int copy_bytes(struct homecoming *homecoming, smail_error *err)
{
    const struct smail__queue_message *message =
        homecoming->settlement->message;
    smail_content *content = NULL;
    struct smail__db *db;
    uint64_t offset = 0;
    char bytes[CHUNK];
    int64_t got = 0;
    int code = smail__store_begin_read(&db, homecoming->store, err);

    if (code < 0)
        return code;
    code = smail__content_open_blob(
        &content, homecoming->store, db,
        (smail_span){ (const char *)message->name, sizeof(message->name) },
        err);
    smail__store_end_read(homecoming->store, db);
    while (code == 0 && (got = smail_content_read(bytes, content, offset,
                                                  sizeof(bytes), err)) > 0) {
        code = smail_append_write(homecoming->append,
                                  (smail_span){ bytes, (size_t)got }, err);
        offset += (uint64_t)got;
    }
    smail_content_close(content);
    return got < 0 ? (int)got : code;
}

/* --- The transaction ----------------------------------------------------- */

static int settle_too(smail_tx *tx, smail_append *append, void *arg,
                      smail_error *err)
{
    struct homecoming *homecoming = arg;

    (void)append;
    return smail__settle(tx, &homecoming->rest, err);
}

static void reported(const smail_error *error, void *arg)
{
    struct homecoming *homecoming = arg;

    homecoming->done(error, homecoming->arg);
    free_homecoming(homecoming);
}

static void arrived(const smail_error *error, const smail_appended *results,
                    void *user)
{
    struct homecoming *homecoming = user;
    smail_error err = SMAIL_ERROR_INIT;
    bool tells = error == NULL && smail__settle_tells(&homecoming->rest);

    (void)results;
    /* What arrived has arrived, whether or not somebody can be told. */
    if (!tells || smail__notice_after(homecoming->store, &homecoming->rest,
                                      homecoming->hostname, reported,
                                      homecoming, &err) < 0)
        reported(error, homecoming);
}

static int deliver(struct homecoming *homecoming, smail_error *err)
{
    smail__append_also(homecoming->append, settle_too, homecoming);
    return smail_append_commit_later(homecoming->append, homecoming->targets,
                                     homecoming->count, arrived, homecoming,
                                     err);
}

/* Whoever was refused is told of; now for the others. */
static void refused(const smail_error *error, void *arg)
{
    struct homecoming *homecoming = arg;
    smail_error err = SMAIL_ERROR_INIT;

    if (error == NULL && deliver(homecoming, &err) == 0)
        return;
    homecoming->done(error != NULL ? error : &err, homecoming->arg);
    free_homecoming(homecoming);
}

/* Who is refused and told of comes first, and apart: each part is one
 * transaction with its notice. */
static void part(struct homecoming *homecoming)
{
    const struct smail__settlement *all = homecoming->settlement;
    size_t count = 0;

    for (size_t i = 0; i < all->count; i++) {
        struct smail__settled one = all->list[i];

        if (one.result.outcome != SMAIL_QUEUE_REFUSED || one.told == 0)
            continue;
        all->list[i] = all->list[count];
        all->list[count++] = one;
    }
    homecoming->refused = *all;
    homecoming->refused.count = count;
    homecoming->rest = *all;
    homecoming->rest.list += count;
    homecoming->rest.count -= count;
}

int smail__local_later(smail_store *store,
                       const struct smail__settlement *settlement,
                       const char *hostname,
                       void (*done)(const smail_error *error, void *arg),
                       void *arg, smail_error *err)
{
    struct homecoming *homecoming = calloc(1, sizeof(*homecoming));
    int code;

    if (homecoming == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    homecoming->store = store;
    homecoming->settlement = settlement;
    homecoming->hostname = hostname;
    homecoming->done = done;
    homecoming->arg = arg;
    code = find_all(homecoming, err);
    if (code == 0)
        part(homecoming);
    if (code == 0 && homecoming->rest.count == 0) {
        free_homecoming(homecoming);
        return smail__notice_later(store, settlement, hostname, done, arg, err);
    }
    if (code == 0)
        code = smail_append_new(&homecoming->append, store, err);
    if (code == 0)
        code = copy_bytes(homecoming, err);
    if (code == 0 && homecoming->refused.count > 0)
        code = smail__notice_later(store, &homecoming->refused, hostname,
                                   refused, homecoming, err);
    else if (code == 0)
        code = deliver(homecoming, err);
    if (code < 0)
        free_homecoming(homecoming);
    return code;
}
