/* SPDX-License-Identifier: MIT */
/*
 * jmap/set_run.c - the order of a "/set" (RFC 8620, 5.3): creates, those that
 * need another's id behind it; updates; destroys.
 */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/method.h"

/* Names of creates that wait for others. */
#define WAITING_MAX ((size_t)1024 * 1024)

struct setting {
    struct smail__jmap_set set;
    const struct smail__jmap_setter *setter;
    const struct smail__json_value *create, *update, *destroy;
    smail_error *err;

    /* Passes over the creates. */
    smail_span todo;        /* names, each behind a newline; empty: all */
    struct smail__buf wait; /* for the next pass */
    size_t made;            /* in this one */
    bool last;              /* nobody is waited for any more */
};

static bool is_todo(const struct setting *setting, smail_span key)
{
    smail_span left = setting->todo;

    if (left.len == 0)
        return true;
    while (left.len > 0)
        if (smail__span_equal(smail__span_cut(&left, '\n'), key))
            return true;
    return false;
}

static int enter_created(struct setting *setting, smail_span key)
{
    struct smail__jmap_set *set = &setting->set;
    char id[SMAIL__JMAP_ID_SIZE];

    setting->made++;
    smail__jmap_id_text(id, set->type->letter, set->made_id);
    return smail__jmap_created_put(set->call->request, key, smail__span(id),
                                   setting->err);
}

static int create_one(smail_span key, const struct smail__json_value *object,
                      void *user)
{
    struct setting *setting = user;
    struct smail__jmap_set *set = &setting->set;
    smail_error error = SMAIL_ERROR_INIT;
    int code;

    if (!is_todo(setting, key))
        return 0;
    set->key = key;
    if (smail__json_type(object) != SMAIL__JSON_OBJECT)
        code = smail__jmap_refuse(set, "invalidProperties", "not an object");
    else
        code = setting->setter->create(set, object, &error);
    if (code == SMAIL__JMAP_LATER && !setting->last) {
        smail__buf_append(&setting->wait, key);
        smail__buf_putc(&setting->wait, '\n');
        return 0;
    }
    if (code == SMAIL__JMAP_LATER)
        code = smail__jmap_refuse(set, "invalidProperties",
                                  "it refers to what was not created");
    code = smail__jmap_refuse_code(set, code, &error);
    if (code == 0)
        code = enter_created(setting, key);
    if (code < 0)
        return code;
    smail__jmap_set_done(set, SMAIL__JMAP_CREATED, key, code);
    return 0;
}

static int run_creates(struct setting *setting)
{
    struct smail__buf todo;
    int code = 0;

    if (setting->create == NULL)
        return 0;
    smail__buf_init(&todo, WAITING_MAX, NULL);
    do {
        setting->made = 0;
        setting->todo = smail__buf_span(&todo);
        smail__buf_clear(&setting->wait);
        code = smail__json_each(setting->create, create_one, setting);
        if (code == 0 && smail__buf_error(&setting->wait) != 0)
            code = smail__fail(setting->err, SMAIL_ENOMEM, "out of memory");
        setting->last = setting->made == 0;
        smail__buf_clear(&todo);
        smail__buf_append(&todo, smail__buf_span(&setting->wait));
    } while (code == 0 && todo.len > 0);
    smail__buf_dispose(&todo);
    return code;
}

static int update_one(smail_span key, const struct smail__json_value *patch,
                      void *user)
{
    struct setting *setting = user;
    struct smail__jmap_set *set = &setting->set;
    smail_error error = SMAIL_ERROR_INIT;
    smail_id id;
    int code;

    set->key = key;
    if (!smail__jmap_id(&id, set->call, set->type->letter, key))
        code = smail__jmap_refuse(set, "notFound", "%s", "");
    else if (smail__jmap_will_destroy(set->call, key))
        code = smail__jmap_refuse(set, "willDestroy", "%s", "");
    else if (smail__json_type(patch) != SMAIL__JSON_OBJECT)
        code = smail__jmap_refuse(set, "invalidPatch", "not an object");
    else
        code = setting->setter->update(set, id, patch, &error);
    code = smail__jmap_refuse_code(set, code, &error);
    smail__jmap_set_done(set, SMAIL__JMAP_UPDATED, key, code);
    return 0;
}

static int run_updates(struct setting *setting)
{
    const struct smail__jmap_setter *setter = setting->setter;

    if (setting->update == NULL)
        return 0;
    if (setter->update_all != NULL)
        return setter->update_all(&setting->set, setting->update, setting->err);
    return smail__json_each(setting->update, update_one, setting);
}

static void destroy_one(struct setting *setting, smail_span key)
{
    struct smail__jmap_set *set = &setting->set;
    smail_error error = SMAIL_ERROR_INIT;
    smail_id id;
    int code;

    set->key = key;
    if (!smail__jmap_id(&id, set->call, set->type->letter, key))
        code = smail__jmap_refuse(set, "notFound", "%s", "");
    else
        code = setting->setter->destroy(set, id, &error);
    code = smail__jmap_refuse_code(set, code, &error);
    smail__jmap_set_done(set, SMAIL__JMAP_DESTROYED, key, code);
}

static int run_destroys(struct setting *setting)
{
    size_t count = smail__json_count(setting->destroy);

    if (setting->destroy == NULL)
        return 0;
    if (setting->setter->destroy_all != NULL)
        return setting->setter->destroy_all(&setting->set, setting->destroy,
                                            setting->err);
    for (size_t i = 0; i < count; i++) {
        smail_span key = { NULL, 0 };

        (void)smail__json_as_text(&key, smail__json_at(setting->destroy, i));
        destroy_one(setting, key);
    }
    return 0;
}

bool smail__jmap_will_destroy(const struct smail__jmap_call *call,
                              smail_span key)
{
    const struct smail__json_value *list =
        smail__json_get(call->args, "destroy");
    size_t count = smail__json_type(list) == SMAIL__JSON_ARRAY
                       ? smail__json_count(list)
                       : 0;
    smail_span other;

    for (size_t i = 0; i < count; i++)
        if (smail__json_as_text(&other, smail__json_at(list, i)) == 0 &&
            smail__span_equal(other, key))
            return true;
    return false;
}

static int is_no_name(smail_span key, const struct smail__json_value *value,
                      void *user)
{
    (void)value;
    (void)user;
    return !smail__jmap_is_id(key);
}

static int read_arguments(struct setting *setting,
                          struct smail__jmap_call *call)
{
    unsigned max = call->jmap->limits.objects_in_set;
    size_t count;
    int code = smail__jmap_arg_of(&setting->create, call, "create",
                                  SMAIL__JSON_OBJECT);

    if (code == 0)
        code = smail__jmap_arg_of(&setting->update, call, "update",
                                  SMAIL__JSON_OBJECT);
    if (code == 0)
        code = smail__jmap_arg_of(&setting->destroy, call, "destroy",
                                  SMAIL__JSON_ARRAY);
    if (code != 0)
        return code;
    count = (setting->create != NULL ? smail__json_count(setting->create) : 0) +
            (setting->update != NULL ? smail__json_count(setting->update) : 0) +
            smail__json_count(setting->destroy);
    if (count > max)
        return smail__jmap_fail(call, "requestTooLarge",
                                "at most %u objects at once", max);
    count = smail__json_count(setting->destroy);
    for (size_t i = 0; i < count; i++)
        if (smail__json_type(smail__json_at(setting->destroy, i)) !=
            SMAIL__JSON_STRING)
            return smail__jmap_fail(call, "invalidArguments",
                                    "an id is not a text");
    if (smail__json_each(setting->create, is_no_name, NULL) != 0)
        return smail__jmap_fail(call, "invalidArguments",
                                "a creation id is not an id");
    return 0;
}

static int run(struct setting *setting, struct smail__jmap_call *call,
               const char *old_state, smail_error *err)
{
    enum smail__object type = setting->setter->type.object;
    char new_state[SMAIL__JMAP_STATE_SIZE];
    int code = run_creates(setting);

    if (code == 0)
        code = run_updates(setting);
    if (code == 0)
        code = run_destroys(setting);
    if (code == 0 && setting->setter->finish != NULL)
        code = setting->setter->finish(&setting->set, err);
    if (code == 0)
        code = smail__jmap_current_state(new_state, call->jmap, call->account,
                                         type, err);
    if (code == 0)
        smail__jmap_set_put(&call->json, &setting->set, old_state, new_state);
    return code;
}

int smail__jmap_set(struct smail__jmap_call *call,
                    const struct smail__jmap_setter *setter, void *user,
                    smail_error *err)
{
    struct setting setting = { .setter = setter, .err = err };
    char old_state[SMAIL__JMAP_STATE_SIZE];
    smail_span wanted = { NULL, 0 };
    int code = read_arguments(&setting, call);

    if (code == 0)
        code = smail__jmap_arg_text(&wanted, call, "ifInState");
    if (code == 0)
        code = smail__jmap_current_state(old_state, call->jmap, call->account,
                                         setter->type.object, err);
    if (code != 0)
        return code;
    if (wanted.data != NULL && !smail__span_is(wanted, old_state))
        return smail__jmap_fail(call, "stateMismatch", "the state is %s",
                                old_state);
    smail__jmap_set_init(&setting.set, call, &setter->type);
    setting.set.user = user;
    smail__buf_init(&setting.wait, WAITING_MAX, NULL);
    code = run(&setting, call, old_state, err);
    smail__buf_dispose(&setting.wait);
    smail__jmap_set_dispose(&setting.set);
    return code;
}
