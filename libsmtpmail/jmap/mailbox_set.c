/* SPDX-License-Identifier: MIT */
/* jmap/mailbox_set.c - mailboxes made, changed and removed (RFC 8621, 2.5). */
#include "base/error.h"
#include "base/span.h"
#include "jmap/method.h"
#include "store/mailbox_row.h"

static const struct smail__jmap_type type = { "Mailbox", SMAIL__JMAP_MAILBOX,
                                              SMAIL__OBJECT_MAILBOX };

/* UnsignedInt that RFC 8621, 2 wants below 2^31. */
#define SORT_ORDER_MAX INT64_C(0x7fffffff)

struct editing {
    struct smail__jmap_set *set;
    struct smail__mailbox_edit edit;
    bool waits; /* for a parent that is created later */
};

static bool read_role(smail_role *out, const struct smail__json_value *value)
{
    smail_span name;

    if (smail__json_type(value) == SMAIL__JSON_NULL) {
        *out = SMAIL_ROLE_NONE;
        return true;
    }
    if (smail__json_as_text(&name, value) != 0)
        return false;
    for (int role = SMAIL_ROLE_INBOX; role <= SMAIL_ROLE_TRASH; role++) {
        if (smail__span_is(name, smail_role_name((smail_role)role))) {
            *out = (smail_role)role;
            return true;
        }
    }
    return false;
}

static bool read_parent(struct editing *editing,
                        const struct smail__json_value *value)
{
    struct smail__jmap_call *call = editing->set->call;
    smail_span text;

    editing->edit.parent = 0;
    if (smail__json_type(value) == SMAIL__JSON_NULL)
        return true;
    if (smail__json_as_text(&text, value) != 0)
        return false;
    if (smail__jmap_id(&editing->edit.parent, call, SMAIL__JMAP_MAILBOX, text))
        return true;
    editing->waits = text.len > 1 && text.data[0] == '#' &&
                     smail__json_get(smail__json_get(call->args, "create"),
                                     text.data + 1) != NULL;
    return editing->waits;
}

static bool read_name(struct editing *editing,
                      const struct smail__json_value *value)
{
    return smail__json_as_text(&editing->edit.name, value) == 0;
}

static bool read_sort_order(struct editing *editing,
                            const struct smail__json_value *value)
{
    int64_t *order = &editing->edit.sort_order;

    return smail__json_as_int(order, value) == 0 && *order >= 0 &&
           *order <= SORT_ORDER_MAX;
}

static int read_member(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct editing *editing = user;
    struct smail__mailbox_edit *edit = &editing->edit;
    bool is_fine = false;

    if (smail__span_is(key, "name"))
        is_fine = edit->has_name = read_name(editing, value);
    else if (smail__span_is(key, "parentId"))
        is_fine = edit->has_parent = read_parent(editing, value);
    else if (smail__span_is(key, "role"))
        is_fine = edit->has_role = read_role(&edit->role, value);
    else if (smail__span_is(key, "sortOrder"))
        is_fine = edit->has_sort_order = read_sort_order(editing, value);
    else if (smail__span_is(key, "isSubscribed"))
        is_fine = edit->has_subscribed =
            smail__json_as_bool(&edit->is_subscribed, value) == 0;
    if (!is_fine)
        smail__jmap_refuse_property(editing->set, key.data);
    return 0;
}

/* What the store says of a name, a place or a role. */
static int explain(struct smail__jmap_set *set,
                   const struct smail__mailbox_edit *edit, int code,
                   const smail_error *error)
{
    if (code == SMAIL_ESTATE)
        return smail__jmap_refuse(set, "forbidden", "%s", error->message);
    if (code != SMAIL_EINVAL && code != SMAIL_EEXISTS && code != SMAIL_ELIMIT)
        return code;
    smail__jmap_refuse(set, "invalidProperties", "%s", error->message);
    if (edit->has_name && code != SMAIL_ELIMIT)
        smail__jmap_refuse_property(set, "name");
    if (edit->has_parent && code == SMAIL_ELIMIT)
        smail__jmap_refuse_property(set, "parentId");
    if (edit->has_role && edit->role != SMAIL_ROLE_NONE &&
        code == SMAIL_EEXISTS)
        smail__jmap_refuse_property(set, "role");
    return SMAIL__JMAP_REFUSED;
}

/* Properties that the server set. */
static void put_made(struct smail__jmap_set *set)
{
    static const char *const counts[] = { "totalEmails", "unreadEmails",
                                          "totalThreads", "unreadThreads" };
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_begin_object(&set->made);
    smail__json_key(&set->made, "id");
    smail__json_string(
        &set->made, smail__jmap_id_text(id, SMAIL__JMAP_MAILBOX, set->made_id));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        smail__json_key(&set->made, counts[i]);
        smail__json_int(&set->made, 0);
    }
    smail__json_end_object(&set->made);
}

static int create(struct smail__jmap_set *set,
                  const struct smail__json_value *object, smail_error *err)
{
    struct smail__jmap_call *call = set->call;
    struct editing editing = { .set = set };
    smail_error error = SMAIL_ERROR_INIT;
    int code;

    smail__json_each(object, read_member, &editing);
    if (smail__json_get(object, "name") == NULL)
        smail__jmap_refuse_property(set, "name");
    if (set->error != NULL)
        return SMAIL__JMAP_REFUSED;
    if (editing.waits)
        return SMAIL__JMAP_LATER;
    code = smail__mailbox_make(&set->made_id, call->jmap->store, call->account,
                               &editing.edit, &error);
    if (code == 0)
        put_made(set);
    if (err != NULL)
        *err = error;
    return explain(set, &editing.edit, code, &error);
}

static int update(struct smail__jmap_set *set, smail_id id,
                  const struct smail__json_value *patch, smail_error *err)
{
    struct smail__jmap_call *call = set->call;
    struct editing editing = { .set = set };
    smail_error error = SMAIL_ERROR_INIT;
    int code;

    smail__json_each(patch, read_member, &editing);
    if (editing.waits)
        smail__jmap_refuse_property(set, "parentId");
    if (set->error != NULL)
        return SMAIL__JMAP_REFUSED;
    code = smail__mailbox_edit(call->jmap->store, call->account, id,
                               &editing.edit, &error);
    if (err != NULL)
        *err = error;
    return explain(set, &editing.edit, code, &error);
}

/* RFC 8621, 2.5: with messages in it only if the client said so. */
static int check_empty(struct smail__jmap_set *set, smail_id id,
                       smail_error *err)
{
    struct smail__jmap_call *call = set->call;
    const struct smail__mailbox_row *row;
    struct smail__mailbox_rows all;
    struct smail__db *db;
    const bool *remove_emails = set->user;
    int code = smail__store_begin_read(&db, call->jmap->store, err);

    if (code < 0)
        return code;
    code = smail__mailbox_rows_load(&all, db, call->account, err);
    smail__store_end_read(call->jmap->store, db);
    if (code < 0)
        return code;
    row = smail__mailbox_rows_get(&all, id);
    if (row == NULL)
        code = smail__jmap_refuse(set, "notFound", "%s", "");
    else if (row->role == SMAIL_ROLE_INBOX)
        code =
            smail__jmap_refuse(set, "forbidden", "the inbox cannot be removed");
    else if (row->total > 0 && !*remove_emails)
        code = smail__jmap_refuse(set, "mailboxHasEmail",
                                  "there are messages in it");
    smail__mailbox_rows_dispose(&all);
    return code;
}

static int destroy(struct smail__jmap_set *set, smail_id id, smail_error *err)
{
    struct smail__jmap_call *call = set->call;
    int code = check_empty(set, id, err);

    if (code != 0)
        return code;
    code = smail_mailbox_remove(call->jmap->store, call->account, id, err);
    if (code == SMAIL_ESTATE)
        return smail__jmap_refuse(set, "mailboxHasChild",
                                  "there are mailboxes in it");
    return code;
}

int smail__jmap_mailbox_set(struct smail__jmap_call *call, smail_error *err)
{
    const struct smail__jmap_setter setter = {
        .type = type, .create = create, .update = update, .destroy = destroy
    };
    bool remove_emails = false;
    int code =
        smail__jmap_arg_bool(&remove_emails, call, "onDestroyRemoveEmails");

    if (code != 0)
        return code;
    return smail__jmap_set(call, &setter, &remove_emails, err);
}
