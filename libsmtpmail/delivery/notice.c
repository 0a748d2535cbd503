/* SPDX-License-Identifier: MIT */
/*
 * delivery/notice.c - who is told, and how it is stored; what it says is
 * notice_write.c.
 */
#include "delivery/notice.h"

#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>
#include <smtpmail/smtp_client.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "crypto/random.h"
#include "delivery/settle.h"
#include "delivery/srs.h"
#include "message/header.h"
#include "store/append.h"
#include "store/content.h"

/* A message up to here is returned whole, if its sender asked for that. */
#define WHOLE_MAX ((uint64_t)1024 * 1024)

/* What is returned of a longer header is its beginning. */
#define HEADER_MAX ((uint64_t)64 * 1024)

#define NOTICE_MAX ((size_t)8 * 1024 * 1024)

/* How long a notice may take. */
#define NOTICE_SECONDS (5 * 86400)

/* Local accounts behind one sender. */
#define TARGETS_MAX 100

struct telling {
    smail_store *store;
    const struct smail__settlement *settlement;
    smail_append *append;
    struct smail__buf text;
    char *original;
    size_t original_len;
    char to[SMAIL__SRS_ROOM]; /* who is told */
    smail_path sender;        /* the same, parsed */
    smail_target targets[TARGETS_MAX];
    size_t target_count;
    bool remote; /* the sender is elsewhere */
    bool settles;
    void (*done)(const smail_error *error, void *arg);
    void *arg;
};

static void free_telling(struct telling *telling)
{
    smail_append_free(telling->append);
    smail__buf_dispose(&telling->text);
    free(telling->original);
    free(telling);
}

/* --- Whom ---------------------------------------------------------------- */

/* What we passed on for others carries a sender of ours, which leads back. */
static void undo_rewriting(struct telling *telling)
{
    static const char sql[] =
        "SELECT value FROM setting WHERE name = 'srs_secret'";
    unsigned char secret[SMAIL__SRS_SECRET_LEN];
    struct smail__statement *row;
    struct smail__db *db;
    char original[SMAIL__SRS_ROOM];
    bool has_secret = false;

    if (!smail__srs_is_ours(telling->sender.local) ||
        smail__store_begin_read(&db, telling->store, NULL) < 0)
        return;
    if (smail__db_prepare(&row, db, sql, NULL) == 0 &&
        smail__statement_step(row, NULL) > 0)
        has_secret = smail__hex_decode(secret, sizeof(secret),
                                       smail__column_span(row, 0)) == 0;
    smail__store_end_read(telling->store, db);
    if (has_secret && smail__srs_reverse(original, telling->sender.local,
                                         secret, telling->settlement->now) == 0)
        smail__format(telling->to, sizeof(telling->to), "%s", original);
}

/* 1: somebody can be told. */
static int find_sender(struct telling *telling, smail_error *err)
{
    smail_id ids[TARGETS_MAX];
    size_t count = 0;
    int code;

    smail__format(telling->to, sizeof(telling->to), "%.*s",
                  SMAIL__SPAN_ARG(telling->settlement->message->sender));
    if (smail_path_parse(&telling->sender, smail__span(telling->to), true) != 0)
        return 0;
    undo_rewriting(telling);
    if (smail_path_parse(&telling->sender, smail__span(telling->to), true) != 0)
        return 0;
    code = smail_address_resolve(ids, TARGETS_MAX, &count, telling->store,
                                 &telling->sender, err);
    if (code == SMAIL_EINVAL) {
        telling->remote = true;
        return 1;
    }
    if (code == SMAIL_ENOTFOUND || code == SMAIL_ELIMIT || code == SMAIL_ESTATE)
        return 0;
    for (size_t i = 0; code == 0 && i < count; i++)
        telling->targets[telling->target_count++] =
            (smail_target){ .account = ids[i] };
    return code < 0 ? code : count > 0;
}

/* --- What it is about ---------------------------------------------------- */

static bool has_failed(const struct smail__settlement *settlement)
{
    for (size_t i = 0; i < settlement->count; i++)
        if ((settlement->list[i].told & SMAIL__TOLD_FAILURE) != 0)
            return true;
    return false;
}

/* RFC 3461, 4.3: RET speaks of failures alone. */
static bool returns_whole(const struct smail__settlement *settlement)
{
    const struct smail__queue_message *message = settlement->message;

    return message->ret == SMAIL_SMTP_RET_FULL && has_failed(settlement) &&
           message->size <= WHOLE_MAX;
}

static int read_original(struct telling *telling, uint64_t most,
                         smail_error *err)
{
    const struct smail__queue_message *message = telling->settlement->message;
    smail_content *content = NULL;
    struct smail__db *db;
    int64_t got;
    int code = smail__store_begin_read(&db, telling->store, err);

    if (code < 0)
        return code;
    code = smail__content_open_blob(
        &content, telling->store, db,
        (smail_span){ (const char *)message->name, sizeof(message->name) },
        err);
    smail__store_end_read(telling->store, db);
    if (code < 0)
        return code;
    telling->original = malloc((size_t)most);
    if (telling->original == NULL)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    got = code < 0 ? 0
                   : smail_content_read(telling->original, content,
                                        message->skip, (size_t)most, err);
    telling->original_len = got > 0 ? (size_t)got : 0;
    smail_content_close(content);
    return got < 0 ? (int)got : code;
}

static int write_text(struct telling *telling, const char *hostname,
                      smail_error *err)
{
    unsigned char random[12];
    char id[25], message_id[25 + 1 + 256], boundary[32];
    bool whole = returns_whole(telling->settlement);
    struct smail__notice notice = { .settlement = telling->settlement,
                                    .hostname = hostname,
                                    .to = telling->to,
                                    .message_id = message_id,
                                    .boundary = boundary };
    smail_span text;
    size_t len;
    int code = smail__random(random, sizeof(random), err);

    /* A message that cannot be read is still reported on. */
    if (code == 0)
        (void)read_original(telling,
                            whole ? WHOLE_MAX + HEADER_MAX : HEADER_MAX, NULL);
    smail__hex_encode(id, random, sizeof(random));
    smail__format(message_id, sizeof(message_id), "%s@%s", id, hostname);
    smail__format(boundary, sizeof(boundary), "=_%s", id);
    text = (smail_span){ telling->original, telling->original_len };
    len = text.len > 0 ? smail__header_length(text) : 0;
    notice.header = smail__span_slice(text, 0, len);
    notice.body = smail__span_from(text, len);
    notice.whole = whole && text.len > 0;
    return code == 0 ? smail__notice_write(&telling->text, &notice, err) : code;
}

/* --- The transaction ----------------------------------------------------- */

/* What the notice itself is made of, whatever it is about. */
static int body_of(const struct telling *telling)
{
    smail_smtp_content content = { 0 };

    smail_smtp_content_scan(&content, smail__buf_span(&telling->text));
    return (int)smail_smtp_content_body(&content);
}

static int queue_it(smail_tx *tx, struct telling *telling, smail_error *err)
{
    struct smail__queue_message message = {
        .kind = SMAIL__QUEUE_NOTICE,
        .size = smail_append_size(telling->append),
        .sender = SMAIL__SPAN(""),
        .prefix = SMAIL__SPAN(""),
        .envelope_id = SMAIL__SPAN(""),
        .message_id = SMAIL__SPAN(""),
        .subject = SMAIL__SPAN("delivery status notification"),
        .body = body_of(telling),
        .flags = telling->settlement->message->flags & SMAIL__QUEUE_UTF8,
        .created_at = telling->settlement->now,
        .expires_at = telling->settlement->now + NOTICE_SECONDS,
    };
    struct smail__queue_recipient recipient = {
        .recipient = smail__span(telling->to),
        .destination = telling->sender.domain,
        .original_recipient = SMAIL__SPAN(""),
        .notify = SMAIL_SMTP_NOTIFY_NEVER,
    };
    char domain[SMAIL_DOMAIN_MAX + 1];

    if (smail__route_domain(domain, telling->sender.domain) < 0)
        return 0; /* nobody can be told there */
    recipient.destination = smail__span(domain);
    memcpy(message.name, telling->append->id, sizeof(message.name));
    return smail__queue_insert(tx, &message, &recipient, 1, err);
}

/* The lease of all of it was gone: whoever has it now tells of it. */
static bool is_lost(const struct smail__settlement *settlement)
{
    for (size_t i = 0; i < settlement->count; i++)
        if (!settlement->list[i].result.is_lost)
            return false;
    return true;
}

static int also(smail_tx *tx, smail_append *append, void *arg, smail_error *err)
{
    struct telling *telling = arg;
    int code =
        telling->settles ? smail__settle(tx, telling->settlement, err) : 0;

    (void)append;
    if (code == 0 && telling->settles && is_lost(telling->settlement))
        code = smail__fail(err, SMAIL_ESTATE,
                           "the lease ended before the attempt did");
    if (code == 0 && telling->remote)
        code = queue_it(tx, telling, err);
    return code;
}

static void told(const smail_error *error, const smail_appended *results,
                 void *user)
{
    struct telling *telling = user;

    (void)results;
    telling->done(error, telling->arg);
    free_telling(telling);
}

static int settle_alone(smail_tx *tx, void *arg, smail_error *err)
{
    struct telling *telling = arg;

    return telling->settles ? smail__settle(tx, telling->settlement, err) : 0;
}

static void settled_alone(const smail_error *error, void *arg)
{
    told(error, NULL, arg);
}

static int store(struct telling *telling, const char *hostname,
                 smail_error *err)
{
    int code = smail_append_new(&telling->append, telling->store, err);

    if (code == 0)
        code = write_text(telling, hostname, err);
    if (code == 0 && !telling->remote)
        code = smail_append_write(telling->append,
                                  SMAIL__SPAN("Return-Path: <>\r\n"), err);
    if (code == 0)
        code = smail_append_write(telling->append,
                                  smail__buf_span(&telling->text), err);
    if (code < 0)
        return code;
    smail__append_also(telling->append, also, telling);
    return smail_append_commit_later(telling->append, telling->targets,
                                     telling->target_count, told, telling, err);
}

static int tell(smail_store *db, const struct smail__settlement *settlement,
                const char *hostname, bool settles,
                void (*done)(const smail_error *error, void *arg), void *arg,
                smail_error *err)
{
    struct telling *telling = calloc(1, sizeof(*telling));
    int code;

    if (telling == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    telling->store = db;
    telling->settlement = settlement;
    telling->settles = settles;
    telling->done = done;
    telling->arg = arg;
    smail__buf_init(&telling->text, NOTICE_MAX, NULL);
    code = find_sender(telling, err);
    if (code > 0)
        code = store(telling, hostname, err);
    else if (code == 0)
        code = smail__store_write_later(db, settle_alone, telling,
                                        settled_alone, err);
    if (code < 0)
        free_telling(telling);
    return code;
}

int smail__notice_later(smail_store *db,
                        const struct smail__settlement *settlement,
                        const char *hostname,
                        void (*done)(const smail_error *error, void *arg),
                        void *arg, smail_error *err)
{
    return tell(db, settlement, hostname, true, done, arg, err);
}

int smail__notice_after(smail_store *db,
                        const struct smail__settlement *settlement,
                        const char *hostname,
                        void (*done)(const smail_error *error, void *arg),
                        void *arg, smail_error *err)
{
    return tell(db, settlement, hostname, false, done, arg, err);
}
