/* SPDX-License-Identifier: MIT */
/*
 * jmap/set.c - "/set" as all types have it (RFC 8620, 5.3): creates, then
 * updates, then destroys, each object by itself, and a report of it all.
 */
#include <stdarg.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/method.h"

/* Text of all refusals and results of one call. */
#define TEXTS_MAX ((size_t)16 * 1024 * 1024)

/* --- Refusals ------------------------------------------------------------ */

int smail__jmap_refuse(struct smail__jmap_set *set, const char *error,
                       const char *format, ...)
{
    va_list args;

    set->error = error;
    va_start(args, format);
    smail__vformat(set->detail, sizeof(set->detail), format, args);
    va_end(args);
    return SMAIL__JMAP_REFUSED;
}

int smail__jmap_refuse_property(struct smail__jmap_set *set, const char *name)
{
    set->error = "invalidProperties";
    smail__buf_printf(&set->properties, "%s\n", name);
    return SMAIL__JMAP_REFUSED;
}

int smail__jmap_refuse_code(struct smail__jmap_set *set, int code,
                            const smail_error *error)
{
    static const struct {
        int code;
        const char *error;
    } known[] = {
        { SMAIL_ENOTFOUND, "notFound" },
        { SMAIL_EQUOTA, "overQuota" },
        { SMAIL_EINVAL, "invalidProperties" },
        { SMAIL_EEXISTS, "invalidProperties" },
        { SMAIL_EMALFORMED, "invalidProperties" },
        { SMAIL_ELIMIT, "tooLarge" },
        { SMAIL_EAUTH, "forbidden" },
    };
    const char *word = "serverFail";

    if (code >= 0)
        return code;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].code == code)
            word = known[i].error;
    return smail__jmap_refuse(set, word, "%s",
                              error->message[0] != '\0' ? error->message
                                                        : smail_strerror(code));
}

static void forget_refusal(struct smail__jmap_set *set)
{
    set->error = NULL;
    set->detail[0] = '\0';
    smail__buf_clear(&set->properties);
    smail__buf_clear(&set->more);
}

static void put_refusal(struct smail__json *json, struct smail__jmap_set *set)
{
    smail_span left = smail__buf_span(&set->properties);

    smail__json_begin_object(json);
    smail__json_key(json, "type");
    smail__json_string(json, set->error);
    if (set->detail[0] != '\0') {
        smail__json_key(json, "description");
        smail__json_string(json, set->detail);
    }
    if (left.len > 0) {
        smail__json_key(json, "properties");
        smail__json_begin_array(json);
        while (left.len > 0)
            smail__json_text(json, smail__span_cut(&left, '\n'));
        smail__json_end_array(json);
    }
    smail__buf_append(json->out, smail__buf_span(&set->more));
    smail__json_end_object(json);
}

/* --- The report ---------------------------------------------------------- */

static bool is_array(enum smail__jmap_outcome outcome)
{
    return outcome == SMAIL__JMAP_DESTROYED;
}

void smail__jmap_set_init(struct smail__jmap_set *set,
                          struct smail__jmap_call *call,
                          const struct smail__jmap_type *type)
{
    *set = (struct smail__jmap_set){ .call = call, .type = type };
    for (int i = 0; i < SMAIL__JMAP_OUTCOMES; i++) {
        smail__buf_init(&set->texts[i], TEXTS_MAX, NULL);
        smail__json_init(&set->lists[i], &set->texts[i]);
        if (is_array((enum smail__jmap_outcome)i))
            smail__json_begin_array(&set->lists[i]);
        else
            smail__json_begin_object(&set->lists[i]);
    }
    smail__buf_init(&set->made_text, TEXTS_MAX, NULL);
    smail__json_init(&set->made, &set->made_text);
    smail__buf_init(&set->properties, (size_t)64 * 1024, NULL);
    smail__buf_init(&set->more, (size_t)1024 * 1024, NULL);
}

void smail__jmap_set_dispose(struct smail__jmap_set *set)
{
    for (int i = 0; i < SMAIL__JMAP_OUTCOMES; i++)
        smail__buf_dispose(&set->texts[i]);
    smail__buf_dispose(&set->made_text);
    smail__buf_dispose(&set->properties);
    smail__buf_dispose(&set->more);
}

void smail__jmap_set_done(struct smail__jmap_set *set,
                          enum smail__jmap_outcome done, smail_span key,
                          int code)
{
    enum smail__jmap_outcome outcome =
        code == 0 ? done : (enum smail__jmap_outcome)(done + 3);
    struct smail__json *json = &set->lists[outcome];

    set->counts[outcome]++;
    if (is_array(outcome)) {
        smail__json_text(json, key);
    } else {
        smail__json_text_key(json, key);
        if (code != 0)
            put_refusal(json, set);
        else if (set->made_text.len > 0)
            smail__json_raw(json, smail__buf_span(&set->made_text));
        else
            smail__json_null(json);
    }
    forget_refusal(set);
    smail__buf_clear(&set->made_text);
    smail__json_init(&set->made, &set->made_text);
}

void smail__jmap_set_put(struct smail__json *json, struct smail__jmap_set *set,
                         const char *old_state, const char *new_state)
{
    static const char *const names[] = { "created",    "updated",
                                         "destroyed",  "notCreated",
                                         "notUpdated", "notDestroyed" };
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_begin_object(json);
    smail__json_key(json, "accountId");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_ACCOUNT, set->call->account));
    smail__json_key(json, "oldState");
    smail__json_string(json, old_state);
    smail__json_key(json, "newState");
    smail__json_string(json, new_state);
    for (int i = 0; i < SMAIL__JMAP_OUTCOMES; i++) {
        if (is_array((enum smail__jmap_outcome)i))
            smail__json_end_array(&set->lists[i]);
        else
            smail__json_end_object(&set->lists[i]);
        smail__json_key(json, names[i]);
        if (set->counts[i] == 0)
            smail__json_null(json);
        else
            smail__json_raw(json, smail__buf_span(&set->texts[i]));
        if (smail__buf_error(&set->texts[i]) != 0)
            smail__buf_reserve(json->out, SIZE_MAX); /* sticks */
    }
    smail__json_end_object(json);
}
