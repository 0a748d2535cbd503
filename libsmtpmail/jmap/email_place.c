/* SPDX-License-Identifier: MIT */
/* jmap/email_place.c - see jmap/email_place.h. */
#include "jmap/email_place.h"

#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/span.h"

#define KEYWORDS_SIZE ((size_t)4 * SMAIL_KEYWORDS_MAX * (SMAIL_KEYWORD_MAX + 1))

void smail__jmap_place_init(struct smail__jmap_place *place)
{
    memset(place, 0, sizeof(*place));
    smail__buf_init(&place->keywords, KEYWORDS_SIZE, NULL);
}

void smail__jmap_place_dispose(struct smail__jmap_place *place)
{
    smail__buf_dispose(&place->keywords);
}

/* RFC 8621, 4.1.1: printable, and none of these. */
static bool is_keyword(smail_span word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.data[i] <= ' ' || word.data[i] >= 0x7f ||
            strchr("(){]%*\"\\", word.data[i]) != NULL)
            return false;
    return word.len > 0 && word.len <= SMAIL_KEYWORD_MAX;
}

static bool is_true(const struct smail__json_value *value)
{
    bool truth = false;

    return smail__json_as_bool(&truth, value) == 0 && truth;
}

/* --- New messages -------------------------------------------------------- */

struct placing {
    struct smail__jmap_place *place;
    struct smail__jmap_set *set;
};

static int add_keyword(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct placing *placing = user;

    if (!is_true(value) || !is_keyword(key))
        return smail__jmap_refuse_property(placing->set, "keywords");
    smail__buf_append(&placing->place->keywords, key);
    smail__buf_putc(&placing->place->keywords, ' ');
    return 0;
}

static int add_mailbox(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct placing *placing = user;
    struct smail__jmap_place *place = placing->place;
    smail_id id;

    if (!is_true(value) ||
        !smail__jmap_id(&id, placing->set->call, SMAIL__JMAP_MAILBOX, key))
        return smail__jmap_refuse_property(placing->set, "mailboxIds");
    if (place->count == SMAIL__JMAP_PLACES_MAX)
        return smail__jmap_refuse(placing->set, "tooManyMailboxes",
                                  "at most %d mailboxes",
                                  SMAIL__JMAP_PLACES_MAX);
    place->mailboxes[place->count++] = id;
    return 0;
}

static int read_received(struct smail__jmap_place *place,
                         struct smail__jmap_set *set,
                         const struct smail__json_value *value)
{
    smail_span text;

    if (smail__json_type(value) == SMAIL__JSON_NULL)
        return 0;
    if (smail__json_as_text(&text, value) != 0 ||
        smail__date_parse_rfc3339(&place->received_at, text) != 0 ||
        place->received_at <= 0)
        return smail__jmap_refuse_property(set, "receivedAt");
    return 0;
}

int smail__jmap_place_read(struct smail__jmap_place *place,
                           struct smail__jmap_set *set,
                           const struct smail__json_value *object)
{
    const struct smail__json_value *mailboxes =
        smail__json_get(object, "mailboxIds");
    const struct smail__json_value *keywords =
        smail__json_get(object, "keywords");
    struct placing placing = { place, set };
    int code = 0;

    if (smail__json_type(mailboxes) != SMAIL__JSON_OBJECT ||
        smail__json_count(mailboxes) == 0)
        return smail__jmap_refuse_property(set, "mailboxIds");
    if (smail__json_type(keywords) != SMAIL__JSON_NULL &&
        smail__json_type(keywords) != SMAIL__JSON_OBJECT)
        return smail__jmap_refuse_property(set, "keywords");
    if (smail__json_count(keywords) > SMAIL_KEYWORDS_MAX)
        return smail__jmap_refuse(set, "tooManyKeywords", "at most %d keywords",
                                  SMAIL_KEYWORDS_MAX);
    code = smail__json_each(mailboxes, add_mailbox, &placing);
    if (code == 0 && keywords != NULL)
        code = smail__json_each(keywords, add_keyword, &placing);
    if (code == 0)
        code = read_received(place, set, smail__json_get(object, "receivedAt"));
    return code;
}

static void put_made(struct smail__jmap_set *set, smail_append *append,
                     const smail_appended *appended)
{
    struct smail__json *json = &set->made;
    char id[SMAIL__JMAP_ID_SIZE], blob[40];

    set->made_id = appended->email;
    smail__json_begin_object(json);
    smail__json_key(json, "id");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_EMAIL, appended->email));
    smail__json_key(json, "blobId");
    smail__format(blob, sizeof(blob), "b%s", smail_append_id(append));
    smail__json_string(json, blob);
    smail__json_key(json, "threadId");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_THREAD, appended->thread));
    smail__json_key(json, "size");
    smail__json_uint(json, smail_append_size(append));
    smail__json_end_object(json);
}

int smail__jmap_place_commit(struct smail__jmap_set *set, smail_append *append,
                             const struct smail__jmap_place *place,
                             smail_error *err)
{
    smail_target targets[SMAIL__JMAP_PLACES_MAX];
    smail_appended appended[SMAIL__JMAP_PLACES_MAX];
    smail_error error = SMAIL_ERROR_INIT;
    int code = smail__buf_error(&place->keywords);

    if (code < 0)
        return smail__fail(err, code, "too many keywords");
    for (size_t i = 0; i < place->count; i++)
        targets[i] = (smail_target){
            .account = set->call->account,
            .mailbox = place->mailboxes[i],
            .keywords = place->keywords.len > 0 ? place->keywords.data : NULL,
            .received_at = place->received_at,
        };
    code = smail_append_commit(append, targets, place->count, appended, &error);
    if (code == SMAIL_ENOTFOUND)
        return smail__jmap_refuse_property(set, "mailboxIds");
    if (code == 0)
        put_made(set, append, &appended[0]);
    if (err != NULL)
        *err = error;
    return code;
}

/* --- Patches ------------------------------------------------------------- */

struct patching {
    struct smail__email_patch *patch;
    struct smail__jmap_set *set;
    smail_error *err;
};

static int patch_keyword(struct patching *patching, smail_span key, bool on)
{
    if (!is_keyword(key))
        return smail__jmap_refuse_property(patching->set, "keywords");
    smail__email_patch_keyword(patching->patch, key, on);
    return 0;
}

static int patch_mailbox(struct patching *patching, smail_span key, bool in)
{
    smail_id id;
    int code;

    if (!smail__jmap_id(&id, patching->set->call, SMAIL__JMAP_MAILBOX, key))
        return smail__jmap_refuse_property(patching->set, "mailboxIds");
    code = smail__email_patch_place(patching->patch, id, in, patching->err);
    if (code == SMAIL_ELIMIT)
        return smail__jmap_refuse(patching->set, "tooManyMailboxes",
                                  "at most %d mailboxes", SMAIL__PLACES_MAX);
    return code;
}

static int all_keywords(smail_span key, const struct smail__json_value *value,
                        void *user)
{
    struct patching *patching = user;

    if (!is_true(value))
        return smail__jmap_refuse_property(patching->set, "keywords");
    return patch_keyword(patching, key, true);
}

static int all_mailboxes(smail_span key, const struct smail__json_value *value,
                         void *user)
{
    struct patching *patching = user;

    if (!is_true(value))
        return smail__jmap_refuse_property(patching->set, "mailboxIds");
    return patch_mailbox(patching, key, true);
}

/* A JSON pointer's last step (RFC 6901, 4): ~1 and ~0 read. */
static smail_span unescape(char out[SMAIL__JMAP_ID_MAX + 1], smail_span step)
{
    size_t len = 0;

    for (size_t i = 0; i < step.len && len < SMAIL__JMAP_ID_MAX; i++) {
        char byte = step.data[i];

        if (byte == '~' && i + 1 < step.len)
            byte = step.data[++i] == '1' ? '/' : '~';
        out[len++] = byte;
    }
    out[len] = '\0';
    return (smail_span){ out, len };
}

static int patch_member(smail_span key, const struct smail__json_value *value,
                        void *user)
{
    struct patching *patching = user;
    char step[SMAIL__JMAP_ID_MAX + 1];
    bool is_map = smail__json_type(value) == SMAIL__JSON_OBJECT;
    bool on = is_true(value);
    smail_span rest = key;
    smail_span name = smail__span_cut(&rest, '/');
    bool has_path = name.len < key.len;

    if (has_path && !on && smail__json_type(value) != SMAIL__JSON_NULL)
        return smail__jmap_refuse_property(patching->set, key.data);
    if (smail__span_is(name, "keywords") && has_path)
        return patch_keyword(patching, unescape(step, rest), on);
    if (smail__span_is(name, "mailboxIds") && has_path)
        return patch_mailbox(patching, unescape(step, rest), on);
    if (smail__span_is(key, "keywords") && is_map) {
        patching->patch->all_keywords = true;
        return smail__json_each(value, all_keywords, patching);
    }
    if (smail__span_is(key, "mailboxIds") && is_map) {
        patching->patch->all_mailboxes = true;
        return smail__json_each(value, all_mailboxes, patching);
    }
    return smail__jmap_refuse_property(patching->set, key.data);
}

/* RFC 8620, 5.3: a property and a path into it exclude each other. */
static int is_path(smail_span key, const struct smail__json_value *value,
                   void *user)
{
    const char *name = user;

    (void)value;
    return smail__span_is(smail__span_cut(&key, '/'), name) && key.len > 0;
}

int smail__jmap_patch_read(struct smail__email_patch *patch,
                           struct smail__jmap_set *set,
                           const struct smail__json_value *object,
                           smail_error *err)
{
    char names[2][12] = { "keywords", "mailboxIds" };
    struct patching patching = { patch, set, err };

    for (int i = 0; i < 2; i++)
        if (smail__json_get(object, names[i]) != NULL &&
            smail__json_each(object, is_path, names[i]) != 0)
            return smail__jmap_refuse(set, "invalidPatch",
                                      "'%s' is given with a path into it",
                                      names[i]);
    return smail__json_each(object, patch_member, &patching);
}

int smail__jmap_patch_explain(struct smail__jmap_set *set, int code,
                              const smail_error *error)
{
    if (code == SMAIL_ESTATE) {
        smail__jmap_refuse(set, "invalidProperties", "%s", error->message);
        return smail__jmap_refuse_property(set, "mailboxIds");
    }
    if (code == SMAIL_EINVAL)
        return smail__jmap_refuse_property(set, "keywords");
    if (code == SMAIL_ELIMIT)
        return smail__jmap_refuse(set, "tooManyKeywords", "%s", error->message);
    return smail__jmap_refuse_code(set, code, error);
}
