/* SPDX-License-Identifier: MIT */
/* jmap/mailbox_get.c - mailboxes with their counts (RFC 8621, 2). */
#include "base/span.h"
#include "jmap/method.h"
#include "store/mailbox_row.h"

static const struct smail__jmap_type type = { "Mailbox", SMAIL__JMAP_MAILBOX,
                                              SMAIL__OBJECT_MAILBOX };

struct mailbox {
    struct smail__jmap_call *call;
    struct smail__db *db;
    struct smail__mailbox_rows all;
    bool is_loaded;
    const struct smail__mailbox_row *row;
};

/* All at once: they are few, and most are asked for. */
static int load_all(struct mailbox *mailbox, struct smail__jmap_call *call,
                    struct smail__db *db, smail_error *err)
{
    int code = 0;

    if (!mailbox->is_loaded)
        code = smail__mailbox_rows_load(&mailbox->all, db, call->account, err);
    mailbox->is_loaded = mailbox->is_loaded || code == 0;
    mailbox->call = call;
    mailbox->db = db;
    return code;
}

static int load(void *object, struct smail__jmap_call *call,
                struct smail__db *db, smail_id id, smail_error *err)
{
    struct mailbox *mailbox = object;
    int code = load_all(mailbox, call, db, err);

    if (code < 0)
        return code;
    mailbox->row = smail__mailbox_rows_get(&mailbox->all, id);
    return mailbox->row != NULL ? 1 : 0;
}

/* --- Threads ------------------------------------------------------------- */

/* Counting reads every message of the mailbox, so what was counted is kept
 * for as long as the mailbox stays as it is. */
static void count_threads(struct smail__jmap_counted *out,
                          const struct mailbox *mailbox)
{
    struct smail__jmap *jmap = mailbox->call->jmap;
    uint64_t hash = (uint64_t)mailbox->call->account * 0x9e3779b97f4a7c15u ^
                    (uint64_t)mailbox->row->id * 0xc2b2ae3d27d4eb4fu;
    struct smail__jmap_counted *kept =
        &jmap->counted[(hash >> 32) % SMAIL__JMAP_COUNTED_MAX];

    *out = (struct smail__jmap_counted){ .account = mailbox->call->account,
                                         .mailbox = mailbox->row->id,
                                         .modseq = mailbox->row->modseq };
    pthread_mutex_lock(&jmap->mutex);
    if (kept->account == out->account && kept->mailbox == out->mailbox &&
        kept->modseq == out->modseq) {
        *out = *kept;
        pthread_mutex_unlock(&jmap->mutex);
        return;
    }
    pthread_mutex_unlock(&jmap->mutex);
    if (smail__mailbox_threads(&out->threads, &out->unread_threads, mailbox->db,
                               out->account, out->mailbox, NULL) < 0)
        return;
    pthread_mutex_lock(&jmap->mutex);
    *kept = *out;
    pthread_mutex_unlock(&jmap->mutex);
}

/* --- Properties ---------------------------------------------------------- */

static const struct smail__mailbox_row *row_of(const void *object)
{
    return ((const struct mailbox *)object)->row;
}

static void put_id(struct smail__json *json, const void *object)
{
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_MAILBOX, row_of(object)->id));
}

static void put_name(struct smail__json *json, const void *object)
{
    smail__json_text(json, row_of(object)->name);
}

static void put_parent(struct smail__json *json, const void *object)
{
    char id[SMAIL__JMAP_ID_SIZE];

    if (row_of(object)->parent == 0)
        smail__json_null(json);
    else
        smail__json_string(json, smail__jmap_id_text(id, SMAIL__JMAP_MAILBOX,
                                                     row_of(object)->parent));
}

static void put_role(struct smail__json *json, const void *object)
{
    const char *name = smail_role_name(row_of(object)->role);

    if (name == NULL)
        smail__json_null(json);
    else
        smail__json_string(json, name);
}

static void put_sort_order(struct smail__json *json, const void *object)
{
    smail__json_int(json, row_of(object)->sort_order);
}

static void put_total(struct smail__json *json, const void *object)
{
    smail__json_int(json, row_of(object)->total);
}

static void put_unread(struct smail__json *json, const void *object)
{
    smail__json_int(json, row_of(object)->unread);
}

static void put_threads(struct smail__json *json, const void *object)
{
    struct smail__jmap_counted counted;

    count_threads(&counted, object);
    smail__json_int(json, counted.threads);
}

static void put_unread_threads(struct smail__json *json, const void *object)
{
    struct smail__jmap_counted counted = { .unread_threads = 0 };

    if (row_of(object)->unread > 0)
        count_threads(&counted, object);
    smail__json_int(json, counted.unread_threads);
}

/* One's own mailboxes: all is allowed, but the inbox stays. */
static void put_rights(struct smail__json *json, const void *object)
{
    static const char *const names[] = {
        "mayReadItems", "mayAddItems",    "mayRemoveItems",
        "maySetSeen",   "maySetKeywords", "mayCreateChild",
        "mayRename",    "mayDelete",      "maySubmit",
    };
    bool is_inbox = row_of(object)->role == SMAIL_ROLE_INBOX;

    smail__json_begin_object(json);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        smail__json_key(json, names[i]);
        smail__json_bool(json, !is_inbox || (i != 6 && i != 7));
    }
    smail__json_end_object(json);
}

static void put_subscribed(struct smail__json *json, const void *object)
{
    smail__json_bool(json, row_of(object)->is_subscribed);
}

static const struct smail__jmap_property properties[] = {
    { "id", put_id },
    { "name", put_name },
    { "parentId", put_parent },
    { "role", put_role },
    { "sortOrder", put_sort_order },
    { "totalEmails", put_total },
    { "unreadEmails", put_unread },
    { "totalThreads", put_threads },
    { "unreadThreads", put_unread_threads },
    { "myRights", put_rights },
    { "isSubscribed", put_subscribed },
};

static int next(smail_id *id, struct smail__jmap_call *call,
                struct smail__db *db, void *object, smail_error *err)
{
    struct mailbox *mailbox = object;
    int code = load_all(mailbox, call, db, err);

    if (code < 0)
        return code;
    for (size_t i = 0; i < mailbox->all.count; i++) {
        if (mailbox->all.list[i].id <= *id)
            continue;
        *id = mailbox->all.list[i].id;
        return 1;
    }
    return 0;
}

int smail__jmap_mailbox_get(struct smail__jmap_call *call, smail_error *err)
{
    struct mailbox mailbox = { .is_loaded = false };
    struct smail__jmap_getter getter = {
        .type = type,
        .properties = properties,
        .property_count = sizeof(properties) / sizeof(properties[0]),
        .object = &mailbox,
        .load = load,
        .next = next,
    };
    int code = smail__jmap_get(call, &getter, err);

    if (mailbox.is_loaded)
        smail__mailbox_rows_dispose(&mailbox.all);
    return code;
}

int smail__jmap_mailbox_changes(struct smail__jmap_call *call, smail_error *err)
{
    return smail__jmap_changes(call, &type, err);
}
