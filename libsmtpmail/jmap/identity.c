/* SPDX-License-Identifier: MIT */
/* jmap/identity.c - whom one may send as (RFC 8621, 6). */
#include "account/identity.h"
#include "base/error.h"
#include "base/span.h"
#include "jmap/method.h"

static const struct smail__jmap_type type = { "Identity", SMAIL__JMAP_IDENTITY,
                                              SMAIL__OBJECT_IDENTITY };

/* --- Get ----------------------------------------------------------------- */

static int load(void *object, struct smail__jmap_call *call,
                struct smail__db *db, smail_id id, smail_error *err)
{
    return smail__identity_load(object, db, call->account, id, err);
}

static int next(smail_id *id, struct smail__jmap_call *call,
                struct smail__db *db, void *object, smail_error *err)
{
    (void)object;
    return smail__identity_next(id, db, call->account, err);
}

static void put_id(struct smail__json *json, const void *object)
{
    const struct smail__identity *identity = object;
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_IDENTITY, identity->id));
}

static void put_text(struct smail__json *json, const void *object,
                     enum smail__identity_text which)
{
    const struct smail__identity *identity = object;

    smail__json_text(json, smail__buf_span(&identity->texts[which]));
}

static void put_list(struct smail__json *json, const void *object,
                     enum smail__identity_text which)
{
    const struct smail__identity *identity = object;

    if (identity->texts[which].len == 0)
        smail__json_null(json);
    else
        smail__json_raw(json, smail__buf_span(&identity->texts[which]));
}

static void put_name(struct smail__json *json, const void *object)
{
    put_text(json, object, SMAIL__IDENTITY_NAME);
}

static void put_email(struct smail__json *json, const void *object)
{
    put_text(json, object, SMAIL__IDENTITY_ADDRESS);
}

static void put_reply_to(struct smail__json *json, const void *object)
{
    put_list(json, object, SMAIL__IDENTITY_REPLY_TO);
}

static void put_bcc(struct smail__json *json, const void *object)
{
    put_list(json, object, SMAIL__IDENTITY_BCC);
}

static void put_plain(struct smail__json *json, const void *object)
{
    put_text(json, object, SMAIL__IDENTITY_PLAIN_SIGNATURE);
}

static void put_html(struct smail__json *json, const void *object)
{
    put_text(json, object, SMAIL__IDENTITY_HTML_SIGNATURE);
}

static void put_may_delete(struct smail__json *json, const void *object)
{
    (void)object;
    smail__json_bool(json, true);
}

static const struct smail__jmap_property properties[] = {
    { "id", put_id },
    { "name", put_name },
    { "email", put_email },
    { "replyTo", put_reply_to },
    { "bcc", put_bcc },
    { "textSignature", put_plain },
    { "htmlSignature", put_html },
    { "mayDelete", put_may_delete },
};

int smail__jmap_identity_get(struct smail__jmap_call *call, smail_error *err)
{
    struct smail__identity identity;
    struct smail__jmap_getter getter = {
        .type = type,
        .properties = properties,
        .property_count = sizeof(properties) / sizeof(properties[0]),
        .object = &identity,
        .load = load,
        .next = next,
    };
    int code = smail__identity_ensure(call->jmap->store, call->account, err);

    if (code < 0)
        return code;
    smail__identity_init(&identity);
    code = smail__jmap_get(call, &getter, err);
    smail__identity_dispose(&identity);
    return code;
}

int smail__jmap_identity_changes(struct smail__jmap_call *call,
                                 smail_error *err)
{
    return smail__jmap_changes(call, &type, err);
}

/* --- Set ----------------------------------------------------------------- */

struct editing {
    struct smail__jmap_set *set;
    struct smail__identity *identity;
    bool is_new;
};

static bool read_text(struct smail__buf *out,
                      const struct smail__json_value *value)
{
    smail_span text;

    if (smail__json_as_text(&text, value) != 0)
        return false;
    smail__buf_clear(out);
    smail__buf_append(out, text);
    return smail__buf_error(out) == 0;
}

static int read_member(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct editing *editing = user;
    struct smail__buf *texts = editing->identity->texts;
    bool is_fine = false;

    if (smail__span_is(key, "name"))
        is_fine = read_text(&texts[SMAIL__IDENTITY_NAME], value);
    else if (smail__span_is(key, "email") && editing->is_new)
        is_fine = read_text(&texts[SMAIL__IDENTITY_ADDRESS], value);
    else if (smail__span_is(key, "replyTo"))
        is_fine =
            smail__identity_read_list(&texts[SMAIL__IDENTITY_REPLY_TO], value);
    else if (smail__span_is(key, "bcc"))
        is_fine = smail__identity_read_list(&texts[SMAIL__IDENTITY_BCC], value);
    else if (smail__span_is(key, "textSignature"))
        is_fine = read_text(&texts[SMAIL__IDENTITY_PLAIN_SIGNATURE], value);
    else if (smail__span_is(key, "htmlSignature"))
        is_fine = read_text(&texts[SMAIL__IDENTITY_HTML_SIGNATURE], value);
    if (!is_fine)
        smail__jmap_refuse_property(editing->set, key.data);
    return 0;
}

/* RFC 8621, 6: forbiddenFrom when one may not send from there. */
static int check_address(struct smail__jmap_set *set,
                         const struct smail__identity *identity,
                         smail_error *err)
{
    int code = smail__identity_check_address(identity, set->call->jmap->store,
                                             set->call->account, err);

    if (code == SMAIL_EINVAL)
        return smail__jmap_refuse_property(set, "email");
    if (code == SMAIL_EAUTH)
        return smail__jmap_refuse(set, "forbiddenFrom",
                                  "that is not an address of this account");
    return code;
}

static int create(struct smail__jmap_set *set,
                  const struct smail__json_value *object, smail_error *err)
{
    struct smail__identity identity;
    struct editing editing = { set, &identity, true };
    char id[SMAIL__JMAP_ID_SIZE];
    int code = 0;

    smail__identity_init(&identity);
    smail__json_each(object, read_member, &editing);
    if (set->error != NULL)
        code = SMAIL__JMAP_REFUSED;
    if (code == 0)
        code = check_address(set, &identity, err);
    if (code == 0)
        code = smail__identity_save(&identity, set->call->jmap->store,
                                    set->call->account, err);
    if (code == 0) {
        set->made_id = identity.id;
        smail__json_begin_object(&set->made);
        smail__json_key(&set->made, "id");
        smail__json_string(
            &set->made,
            smail__jmap_id_text(id, SMAIL__JMAP_IDENTITY, identity.id));
        smail__json_key(&set->made, "mayDelete");
        smail__json_bool(&set->made, true);
        smail__json_end_object(&set->made);
    }
    smail__identity_dispose(&identity);
    return code;
}

static int load_one(struct smail__identity *out, struct smail__jmap_set *set,
                    smail_id id, smail_error *err)
{
    struct smail__jmap_call *call = set->call;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, call->jmap->store, err);

    if (code < 0)
        return code;
    code = smail__identity_load(out, db, call->account, id, err);
    smail__store_end_read(call->jmap->store, db);
    if (code == 0)
        return smail__jmap_refuse(set, "notFound", "%s", "");
    return code < 0 ? code : 0;
}

static int update(struct smail__jmap_set *set, smail_id id,
                  const struct smail__json_value *patch, smail_error *err)
{
    struct smail__identity identity;
    struct editing editing = { set, &identity, false };
    int code;

    smail__identity_init(&identity);
    code = load_one(&identity, set, id, err);
    if (code == 0)
        smail__json_each(patch, read_member, &editing);
    if (code == 0 && set->error != NULL)
        code = SMAIL__JMAP_REFUSED;
    if (code == 0)
        code = smail__identity_save(&identity, set->call->jmap->store,
                                    set->call->account, err);
    smail__identity_dispose(&identity);
    return code;
}

static int destroy(struct smail__jmap_set *set, smail_id id, smail_error *err)
{
    smail_error error = SMAIL_ERROR_INIT;
    int code = smail__identity_remove(set->call->jmap->store,
                                      set->call->account, id, &error);

    if (code == SMAIL_ESTATE)
        return smail__jmap_refuse(set, "forbidden", "%s", error.message);
    if (err != NULL)
        *err = error;
    return code;
}

int smail__jmap_identity_set(struct smail__jmap_call *call, smail_error *err)
{
    const struct smail__jmap_setter setter = {
        .type = type, .create = create, .update = update, .destroy = destroy
    };
    int code = smail__identity_ensure(call->jmap->store, call->account, err);

    return code < 0 ? code : smail__jmap_set(call, &setter, NULL, err);
}
