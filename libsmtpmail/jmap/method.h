/* SPDX-License-Identifier: MIT */
/*
 * jmap/method.h - the methods of RFC 8621, and what those of one kind share
 * (RFC 8620, 5).
 */
#ifndef SMAIL__JMAP_METHOD_H
#define SMAIL__JMAP_METHOD_H

#include "jmap/call.h"

smail__jmap_method smail__jmap_mailbox_get, smail__jmap_mailbox_changes,
    smail__jmap_mailbox_query, smail__jmap_mailbox_set, smail__jmap_thread_get,
    smail__jmap_thread_changes, smail__jmap_email_get,
    smail__jmap_email_changes, smail__jmap_email_query, smail__jmap_email_set,
    smail__jmap_email_import, smail__jmap_email_parse, smail__jmap_snippet_get,
    smail__jmap_identity_get, smail__jmap_identity_changes,
    smail__jmap_identity_set, smail__jmap_submission_get,
    smail__jmap_submission_changes, smail__jmap_submission_query,
    smail__jmap_submission_set, smail__jmap_query_changes,
    smail__jmap_removed_get, smail__jmap_removed_query,
    smail__jmap_removed_undelete;

/* --- /get (RFC 8620, 5.1) ------------------------------------------------ */

struct smail__jmap_type {
    const char *name; /* as in "Mailbox/get" */
    enum smail__jmap_letter letter;
    enum smail__object object;
};

/* One property: writes its value. */
struct smail__jmap_property {
    const char *name;
    void (*put)(struct smail__json *json, const void *object);
};

struct smail__jmap_getter {
    struct smail__jmap_type type;
    const struct smail__jmap_property *properties; /* "id" first */
    size_t property_count;                         /* 32 at most */
    void *object;                                  /* what load() fills */
    /* 1, or 0 when the account has no such object. */
    int (*load)(void *object, struct smail__jmap_call *call,
                struct smail__db *db, smail_id id, smail_error *err);
    /* The next id behind `*id` (0: the first): 1, or 0 at the end. NULL when
     * "ids": null is too much. */
    int (*next)(smail_id *id, struct smail__jmap_call *call,
                struct smail__db *db, void *object, smail_error *err);
};

int smail__jmap_get(struct smail__jmap_call *call,
                    const struct smail__jmap_getter *getter, smail_error *err);

/* The "ids" of a /get: NULL for all. Counted against the limit. */
int smail__jmap_get_ids(const struct smail__json_value **out,
                        struct smail__jmap_call *call);

/* --- /changes (RFC 8620, 5.2) -------------------------------------------- */

int smail__jmap_changes(struct smail__jmap_call *call,
                        const struct smail__jmap_type *type, smail_error *err);

/* --- /query (RFC 8620, 5.5) ---------------------------------------------- */

/* Which of the results to give. */
struct smail__jmap_window {
    int64_t position;
    smail_span anchor; /* empty: none */
    int64_t anchor_offset;
    int64_t limit; /* -1: none */
    bool total;
    bool says_unindexed; /* docs/http.md, "Searching" */
    uint64_t unindexed;
};

int smail__jmap_window_read(struct smail__jmap_window *out,
                            struct smail__jmap_call *call);

/* Writes the response: the window of the `count` ids that were found, of
 * `total` in all. */
int smail__jmap_window_put(struct smail__jmap_call *call,
                           const struct smail__jmap_window *window,
                           const struct smail__jmap_type *type,
                           const smail_id *ids, size_t count, size_t total,
                           const char *state);

/* --- /set (RFC 8620, 5.3) ------------------------------------------------ */

/* What one /set did, and the refusal of the object that is being done. */
enum smail__jmap_outcome {
    SMAIL__JMAP_CREATED,
    SMAIL__JMAP_UPDATED,
    SMAIL__JMAP_DESTROYED,
    SMAIL__JMAP_NOT_CREATED,
    SMAIL__JMAP_NOT_UPDATED,
    SMAIL__JMAP_NOT_DESTROYED
};
#define SMAIL__JMAP_OUTCOMES 6

struct smail__jmap_set {
    struct smail__jmap_call *call;
    const struct smail__jmap_type *type;
    void *user;     /* of who runs it */
    smail_span key; /* of the object that is being done */
    struct smail__buf texts[SMAIL__JMAP_OUTCOMES];
    struct smail__json lists[SMAIL__JMAP_OUTCOMES];
    size_t counts[SMAIL__JMAP_OUTCOMES];

    /* Of what is created or updated: the properties that the server set, as
     * an object; empty: null. */
    struct smail__buf made_text;
    struct smail__json made;
    smail_id made_id; /* of what was created */

    const char *error;
    char detail[240];
    struct smail__buf properties; /* names, parted by newlines */
    struct smail__buf more;       /* members, as ,"a":1 */
};

/* A create that needs the id of one that comes later: tried again. */
#define SMAIL__JMAP_LATER 2

struct smail__jmap_setter {
    struct smail__jmap_type type;
    int (*create)(struct smail__jmap_set *set,
                  const struct smail__json_value *object, smail_error *err);
    int (*update)(struct smail__jmap_set *set, smail_id id,
                  const struct smail__json_value *patch, smail_error *err);
    int (*destroy)(struct smail__jmap_set *set, smail_id id, smail_error *err);
    /* Instead of update(): all of the map, with smail__jmap_set_done(). */
    int (*update_all)(struct smail__jmap_set *set,
                      const struct smail__json_value *map, smail_error *err);
    /* The same for destroy(). */
    int (*destroy_all)(struct smail__jmap_set *set,
                       const struct smail__json_value *list, smail_error *err);
    /* After all else, before the new state is read. May be NULL. */
    int (*finish)(struct smail__jmap_set *set, smail_error *err);
};

int smail__jmap_set(struct smail__jmap_call *call,
                    const struct smail__jmap_setter *setter, void *user,
                    smail_error *err);

/* Note why an object is refused; returns SMAIL__JMAP_REFUSED. */
int smail__jmap_refuse(struct smail__jmap_set *set, const char *error,
                       const char *format, ...) SMAIL__PRINTF(3, 4);
/* One more property that is invalid. */
int smail__jmap_refuse_property(struct smail__jmap_set *set, const char *name);

/* A negative code of the store as a refusal; others as they are. */
int smail__jmap_refuse_code(struct smail__jmap_set *set, int code,
                            const smail_error *error);

/* Enter what became of `key`: `code` 0, or SMAIL__JMAP_REFUSED with the noted
 * reason. `done` is CREATED, UPDATED or DESTROYED. */
void smail__jmap_set_done(struct smail__jmap_set *set,
                          enum smail__jmap_outcome done, smail_span key,
                          int code);

/* Is `key` among the list or map of ids that shall be destroyed? */
bool smail__jmap_will_destroy(const struct smail__jmap_call *call,
                              smail_span key);

/* Begin and end by hand, for those who write a response of their own. */
void smail__jmap_set_init(struct smail__jmap_set *set,
                          struct smail__jmap_call *call,
                          const struct smail__jmap_type *type);
void smail__jmap_set_dispose(struct smail__jmap_set *set);
void smail__jmap_set_put(struct smail__json *json, struct smail__jmap_set *set,
                         const char *old_state, const char *new_state);

#endif
