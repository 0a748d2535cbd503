/* SPDX-License-Identifier: MIT */
/* jmap/submission_follow.c - see jmap/submission_follow.h. */
#include "jmap/submission_follow.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/email_place.h"
#include "jmap/email_set.h"

static const struct smail__jmap_type email_type = { "Email", SMAIL__JMAP_EMAIL,
                                                    SMAIL__OBJECT_EMAIL };

static smail_span text_of(const struct smail__json_value *value)
{
    smail_span text = { NULL, 0 };

    (void)smail__json_as_text(&text, value);
    return text;
}

int smail__jmap_follow_add(struct smail__jmap_follow *submitting,
                           const struct smail__jmap_follow_up *one,
                           smail_error *err)
{
    if (submitting->count == submitting->room) {
        size_t room = submitting->room == 0 ? 8 : submitting->room * 2;
        struct smail__jmap_follow_up *list =
            realloc(submitting->list, room * sizeof(*list));

        if (list == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        submitting->list = list;
        submitting->room = room;
    }
    submitting->list[submitting->count++] = *one;
    return 0;
}

/* The patch that is meant for the object `key`; NULL: none. */
const struct smail__json_value *smail__jmap_follow_patch(
    const struct smail__jmap_follow *submitting, smail_span key, bool is_new)
{
    char name[SMAIL__JMAP_ID_MAX + 2];

    smail__format(name, sizeof(name), "%s%.*s", is_new ? "#" : "",
                  SMAIL__SPAN_ARG(key));
    return smail__json_get(submitting->update_email, name);
}

bool smail__jmap_follow_destroys(const struct smail__jmap_follow *submitting,
                                 smail_span key, bool is_new)
{
    size_t count = smail__json_count(submitting->destroy_email);
    char name[SMAIL__JMAP_ID_MAX + 2];

    smail__format(name, sizeof(name), "%s%.*s", is_new ? "#" : "",
                  SMAIL__SPAN_ARG(key));
    for (size_t i = 0; submitting->destroy_email != NULL && i < count; i++)
        if (smail__span_is(
                text_of(smail__json_at(submitting->destroy_email, i)), name))
            return true;
    return false;
}

/* --- The implicit Email/set ---------------------------------------------- */

static int update_email(struct smail__jmap_set *emails,
                        const struct smail__jmap_follow_up *one, smail_span key,
                        smail_error *err)
{
    struct smail__email_patch patch;
    int code = 0;

    if (!one->is_done) {
        smail__email_patch_init(&patch, one->email);
        code =
            smail__json_type(one->patch) == SMAIL__JSON_OBJECT
                ? smail__jmap_patch_read(&patch, emails, one->patch, err)
                : smail__jmap_refuse(emails, "invalidPatch", "not an object");
        if (code == 0)
            code =
                smail__email_patch_all(emails->call->jmap->store,
                                       emails->call->account, &patch, 1, err);
        if (code == 0)
            code = smail__jmap_patch_explain(emails, patch.code, &patch.error);
        smail__email_patch_dispose(&patch);
    }
    if (code < 0)
        return code;
    smail__jmap_set_done(emails, SMAIL__JMAP_UPDATED, key, code);
    return 0;
}

static int follow_all(struct smail__jmap_set *emails,
                      const struct smail__jmap_follow *submitting,
                      smail_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < submitting->count; i++) {
        const struct smail__jmap_follow_up *one = &submitting->list[i];
        char id[SMAIL__JMAP_ID_SIZE];
        smail_span key =
            smail__span(smail__jmap_id_text(id, SMAIL__JMAP_EMAIL, one->email));

        code = one->is_destroy
                   ? smail__jmap_email_destroy_ids(emails, &key, 1, err)
                   : update_email(emails, one, key, err);
    }
    return code;
}

int smail__jmap_follow_put(struct smail__jmap_call *call,
                           const struct smail__jmap_follow *submitting,
                           const char *old_state, smail_error *err)
{
    struct smail__jmap_set emails;
    struct smail__json json;
    char new_state[SMAIL__JMAP_STATE_SIZE];
    int code;

    smail__jmap_set_init(&emails, call, &email_type);
    code = follow_all(&emails, submitting, err);
    if (code == 0)
        code = smail__jmap_current_state(new_state, call->jmap, call->account,
                                         email_type.object, err);
    if (code == 0) {
        smail__json_init(&json, &call->extra);
        smail__jmap_set_put(&json, &emails, old_state, new_state);
        call->extra_name = "Email/set";
    }
    smail__jmap_set_dispose(&emails);
    return code;
}
