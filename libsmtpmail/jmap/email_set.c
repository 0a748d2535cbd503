/* SPDX-License-Identifier: MIT */
/* jmap/email_set.c - messages created, moved, flagged, destroyed (RFC 8621,
 * 4.6). Many changes share few transactions. */
#include "jmap/email_set.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/email_create.h"
#include "jmap/email_place.h"

/* --- Update -------------------------------------------------------------- */

struct updating {
    struct smail__jmap_set *set;
    struct smail__email_patch *patches;
    smail_span *keys; /* of those in `patches` */
    size_t count;
    smail_error *err;
};

/* What can be refused by its shape is refused at once. */
static int read_one(smail_span key, const struct smail__json_value *value,
                    void *user)
{
    struct updating *updating = user;
    struct smail__jmap_set *set = updating->set;
    struct smail__email_patch *patch = &updating->patches[updating->count];
    smail_id id = 0;
    int code = 0;

    smail__email_patch_init(patch, 0);
    if (!smail__jmap_id(&id, set->call, SMAIL__JMAP_EMAIL, key))
        code = smail__jmap_refuse(set, "notFound", "%s", "");
    else if (smail__jmap_will_destroy(set->call, key))
        code = smail__jmap_refuse(set, "willDestroy", "%s", "");
    else if (smail__json_type(value) != SMAIL__JSON_OBJECT)
        code = smail__jmap_refuse(set, "invalidPatch", "not an object");
    else
        code = smail__jmap_patch_read(patch, set, value, updating->err);
    patch->email = id;
    if (code != 0) {
        smail__email_patch_dispose(patch);
        if (code > 0)
            smail__jmap_set_done(set, SMAIL__JMAP_UPDATED, key, code);
        return code < 0 ? code : 0;
    }
    updating->keys[updating->count++] = key;
    return 0;
}

int smail__jmap_email_update_all(struct smail__jmap_set *set,
                                 const struct smail__json_value *map,
                                 smail_error *err)
{
    size_t room = smail__json_count(map) + 1;
    struct updating updating = { .set = set, .err = err };
    int code = 0;

    updating.patches = calloc(room, sizeof(*updating.patches));
    updating.keys = calloc(room, sizeof(*updating.keys));
    if (updating.patches == NULL || updating.keys == NULL)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (code == 0)
        code = smail__json_each(map, read_one, &updating);
    if (code == 0)
        code =
            smail__email_patch_all(set->call->jmap->store, set->call->account,
                                   updating.patches, updating.count, err);
    for (size_t i = 0; i < updating.count; i++) {
        struct smail__email_patch *patch = &updating.patches[i];

        if (code == 0)
            smail__jmap_set_done(
                set, SMAIL__JMAP_UPDATED, updating.keys[i],
                smail__jmap_patch_explain(set, patch->code, &patch->error));
        smail__email_patch_dispose(patch);
    }
    free(updating.patches);
    free(updating.keys);
    return code;
}

/* --- Destroy ------------------------------------------------------------- */

struct destroying {
    smail_id *ids;
    smail_span *keys;
    int *codes;
    size_t count;
};

static void tell(struct smail__jmap_set *set,
                 const struct destroying *destroying)
{
    for (size_t i = 0; i < destroying->count; i++) {
        int code = 0;

        if (destroying->codes[i] < 0)
            code = smail__jmap_refuse(set, "notFound", "%s", "");
        smail__jmap_set_done(set, SMAIL__JMAP_DESTROYED, destroying->keys[i],
                             code);
    }
}

int smail__jmap_email_destroy_ids(struct smail__jmap_set *set,
                                  const smail_span *keys, size_t count,
                                  smail_error *err)
{
    struct smail__jmap_call *call = set->call;
    struct destroying destroying = { .count = 0 };
    int code = 0;

    destroying.ids = calloc(count + 1, sizeof(*destroying.ids));
    destroying.keys = calloc(count + 1, sizeof(*destroying.keys));
    destroying.codes = calloc(count + 1, sizeof(*destroying.codes));
    if (destroying.ids == NULL || destroying.keys == NULL ||
        destroying.codes == NULL)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; code == 0 && i < count; i++) {
        size_t at = destroying.count;

        if (!smail__jmap_id(&destroying.ids[at], call, SMAIL__JMAP_EMAIL,
                            keys[i])) {
            smail__jmap_set_done(set, SMAIL__JMAP_DESTROYED, keys[i],
                                 smail__jmap_refuse(set, "notFound", "%s", ""));
            continue;
        }
        destroying.keys[at] = keys[i];
        destroying.count++;
    }
    if (code == 0)
        code = smail__email_remove_all(call->jmap->store, call->account,
                                       destroying.ids, destroying.codes,
                                       destroying.count, err);
    if (code == 0)
        tell(set, &destroying);
    free(destroying.ids);
    free(destroying.keys);
    free(destroying.codes);
    return code;
}

static int destroy_all(struct smail__jmap_set *set,
                       const struct smail__json_value *list, smail_error *err)
{
    size_t count = smail__json_count(list);
    smail_span *keys = calloc(count + 1, sizeof(*keys));
    int code;

    if (keys == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        (void)smail__json_as_text(&keys[i], smail__json_at(list, i));
    code = smail__jmap_email_destroy_ids(set, keys, count, err);
    free(keys);
    return code;
}

int smail__jmap_email_set(struct smail__jmap_call *call, smail_error *err)
{
    const struct smail__jmap_setter setter = {
        .type = { "Email", SMAIL__JMAP_EMAIL, SMAIL__OBJECT_EMAIL },
        .create = smail__jmap_email_create,
        .update_all = smail__jmap_email_update_all,
        .destroy_all = destroy_all,
    };

    return smail__jmap_set(call, &setter, NULL, err);
}
