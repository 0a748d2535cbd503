/* SPDX-License-Identifier: MIT */
/*
 * jmap/call.h - one method call (RFC 8620, 3.2): what it was given, what it
 * answers.
 *
 * A function that can refuse returns 0, SMAIL__JMAP_REFUSED when a method or
 * an object was refused and the reason is noted, or a negative code when the
 * store failed.
 */
#ifndef SMAIL__JMAP_CALL_H
#define SMAIL__JMAP_CALL_H

#include "jmap/internal.h"
#include "json/copy.h"

#define SMAIL__JMAP_REFUSED 1

struct smail__jmap_request;

struct smail__jmap_call {
    struct smail__jmap *jmap;
    struct smail__jmap_request *request;
    smail_id account;
    const struct smail__json_value *args;
    struct smail__json json; /* writes the response */

    /* The reason of a refusal (RFC 8620, 3.6.2). */
    const char *error;
    char detail[240];

    /* A second response with the same id; NULL: none. */
    const char *extra_name;
    struct smail__buf extra;
};

typedef int smail__jmap_method(struct smail__jmap_call *call, smail_error *err);

/* Note why; returns SMAIL__JMAP_REFUSED. */
int smail__jmap_fail(struct smail__jmap_call *call, const char *error,
                     const char *format, ...) SMAIL__PRINTF(3, 4);

/* --- Arguments ----------------------------------------------------------- */

/* Each leaves `out` as it is when the argument is not there or null. */
int smail__jmap_arg_bool(bool *out, struct smail__jmap_call *call,
                         const char *name);
int smail__jmap_arg_int(int64_t *out, struct smail__jmap_call *call,
                        const char *name, int64_t min, int64_t max);
int smail__jmap_arg_text(smail_span *out, struct smail__jmap_call *call,
                         const char *name);
int smail__jmap_arg_of(const struct smail__json_value **out,
                       struct smail__jmap_call *call, const char *name,
                       enum smail__json_type type);

/* --- Ids ----------------------------------------------------------------- */

/*
 * Every id that comes in goes through here: "#name" of what this request has
 * created (RFC 8620, 5.3), then the letter and the number. Whose it is, the
 * store says: it is asked with the call's account and no other. False for
 * what cannot be one.
 */
bool smail__jmap_id(smail_id *out, const struct smail__jmap_call *call,
                    enum smail__jmap_letter letter, smail_span text);

/* --- What was created in this request ------------------------------------ */

/* The id that `name` stands for; NULL if there is none. */
const char *smail__jmap_created_get(const struct smail__jmap_request *request,
                                    smail_span name);
int smail__jmap_created_put(struct smail__jmap_request *request,
                            smail_span name, smail_span id, smail_error *err);

#endif
