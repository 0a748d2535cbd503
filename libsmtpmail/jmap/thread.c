/* SPDX-License-Identifier: MIT */
/* jmap/thread.c - conversations (RFC 8621, 3). */
#include <stdlib.h>

#include "base/error.h"
#include "jmap/method.h"
#include "store/email_read.h"

static const struct smail__jmap_type type = { "Thread", SMAIL__JMAP_THREAD,
                                              SMAIL__OBJECT_THREAD };

struct thread {
    smail_id id;
    smail_id *emails;
    size_t count, room;
};

static int add(smail_id email, void *user)
{
    struct thread *thread = user;

    if (thread->count == thread->room) {
        size_t room = thread->room == 0 ? 16 : thread->room * 2;
        smail_id *emails = realloc(thread->emails, room * sizeof(*emails));

        if (emails == NULL)
            return SMAIL_ENOMEM;
        thread->emails = emails;
        thread->room = room;
    }
    thread->emails[thread->count++] = email;
    return 0;
}

static int load(void *object, struct smail__jmap_call *call,
                struct smail__db *db, smail_id id, smail_error *err)
{
    struct thread *thread = object;

    thread->id = id;
    thread->count = 0;
    return smail__thread_each(db, call->account, id, add, thread, err);
}

static void put_id(struct smail__json *json, const void *object)
{
    const struct thread *thread = object;
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_string(json,
                       smail__jmap_id_text(id, SMAIL__JMAP_THREAD, thread->id));
}

static void put_emails(struct smail__json *json, const void *object)
{
    const struct thread *thread = object;
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_begin_array(json);
    for (size_t i = 0; i < thread->count; i++)
        smail__json_string(json, smail__jmap_id_text(id, SMAIL__JMAP_EMAIL,
                                                     thread->emails[i]));
    smail__json_end_array(json);
}

static const struct smail__jmap_property properties[] = {
    { "id", put_id },
    { "emailIds", put_emails },
};

int smail__jmap_thread_get(struct smail__jmap_call *call, smail_error *err)
{
    struct thread thread = { .id = 0 };
    struct smail__jmap_getter getter = {
        .type = type,
        .properties = properties,
        .property_count = sizeof(properties) / sizeof(properties[0]),
        .object = &thread,
        .load = load,
    };
    int code = smail__jmap_get(call, &getter, err);

    free(thread.emails);
    return code;
}

int smail__jmap_thread_changes(struct smail__jmap_call *call, smail_error *err)
{
    return smail__jmap_changes(call, &type, err);
}
