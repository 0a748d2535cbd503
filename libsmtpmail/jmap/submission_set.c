/* SPDX-License-Identifier: MIT */
/*
 * jmap/submission_set.c - sending (RFC 8621, 7.5).
 *
 * onSuccessUpdateEmail moves the draft to Sent: that change is made in the
 * transaction of the delivery, so that there is no moment in which a message
 * was sent and its copy is still a draft. The implicit Email/set tells of it.
 */
#include <stdlib.h>

#include "account/identity_row.h"
#include "base/date.h"
#include "base/error.h"
#include "base/span.h"
#include "delivery/submit.h"
#include "jmap/email_place.h"
#include "jmap/method.h"
#include "jmap/submission_follow.h"

static const struct smail__jmap_type type = { "EmailSubmission",
                                              SMAIL__JMAP_SUBMISSION,
                                              SMAIL__OBJECT_SUBMISSION };
/* --- The object ---------------------------------------------------------- */

struct sending {
    struct smail__jmap_set *set;
    struct smail__submit submit;
    smail_span *recipients;
    struct smail__email_patch patch; /* of the draft */
    bool has_patch;
};

static smail_span text_of(const struct smail__json_value *value)
{
    smail_span text = { NULL, 0 };

    (void)smail__json_as_text(&text, value);
    return text;
}

static int read_recipients(struct sending *sending,
                           const struct smail__json_value *list)
{
    struct smail__jmap_set *set = sending->set;
    size_t count = smail__json_count(list);

    if (smail__json_type(list) != SMAIL__JSON_ARRAY)
        return smail__jmap_refuse_property(set, "envelope");
    if (count == 0)
        return smail__jmap_refuse(set, "noRecipients",
                                  "the message is for nobody");
    if (count > SMAIL__SUBMIT_RECIPIENTS_MAX) {
        smail__buf_printf(&set->more, ",\"maxRecipients\":%d",
                          SMAIL__SUBMIT_RECIPIENTS_MAX);
        return smail__jmap_refuse(set, "tooManyRecipients",
                                  "the message is for too many");
    }
    sending->recipients = calloc(count, sizeof(*sending->recipients));
    if (sending->recipients == NULL)
        return SMAIL_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct smail__json_value *item = smail__json_at(list, i);

        sending->recipients[i] = text_of(smail__json_get(item, "email"));
        if (sending->recipients[i].len == 0)
            return smail__jmap_refuse_property(set, "envelope");
    }
    sending->submit.recipients = sending->recipients;
    sending->submit.recipient_count = count;
    return 0;
}

/* Seconds since the epoch; -1: it makes no sense. */
static int64_t later(smail_span key, smail_span value, int64_t now)
{
    uint64_t seconds;
    int64_t until = -1;

    if (smail__span_iis(key, "HOLDFOR")) {
        if (smail__span_number(&seconds, value) == 0 &&
            seconds <= SMAIL__JMAP_HOLD_MAX)
            until = now + (int64_t)seconds;
    } else if (smail__span_iis(key, "HOLDUNTIL")) {
        if (smail__date_parse_rfc3339(&until, value) != 0 ||
            until > now + SMAIL__JMAP_HOLD_MAX)
            until = -1;
    }
    return until;
}

static int read_parameter(smail_span key, const struct smail__json_value *value,
                          void *user)
{
    struct sending *sending = user;
    const struct smail__jmap *jmap = sending->set->call->jmap;
    int64_t now = smail__store_now(jmap->store);
    int64_t until = -1;

    if (jmap->routes != NULL)
        until = later(key, text_of(value), now);
    if (until < 0)
        return 1;
    if (until > now)
        sending->submit.release_at = until;
    return 0;
}

/* Parameters that this server does not know would be ignored silently;
 * those of FUTURERELEASE (RFC 4865) it knows. */
static bool has_unknown(struct sending *sending,
                        const struct smail__json_value *address)
{
    const struct smail__json_value *parameters =
        smail__json_get(address, "parameters");

    return smail__json_type(parameters) != SMAIL__JSON_NULL &&
           smail__json_each(parameters, read_parameter, sending) != 0;
}

static int read_envelope(struct sending *sending,
                         const struct smail__json_value *envelope)
{
    struct smail__jmap_set *set = sending->set;
    const struct smail__json_value *from =
        smail__json_get(envelope, "mailFrom");

    if (smail__json_type(envelope) == SMAIL__JSON_NULL)
        return 0;
    if (smail__json_as_text(&sending->submit.sender,
                            smail__json_get(from, "email")) != 0 ||
        has_unknown(sending, from))
        return smail__jmap_refuse_property(set, "envelope");
    sending->submit.has_envelope = true;
    return read_recipients(sending, smail__json_get(envelope, "rcptTo"));
}

static int is_own_property(smail_span key,
                           const struct smail__json_value *value, void *user)
{
    static const char *const names[] = { "identityId", "emailId", "envelope" };

    (void)value;
    for (size_t i = 0; i < 3; i++)
        if (smail__span_is(key, names[i]))
            return 0;
    return smail__jmap_refuse_property(user, key.data);
}

static int check_identity(struct sending *sending, smail_span text,
                          smail_error *err)
{
    struct smail__jmap_call *call = sending->set->call;
    struct smail__identity identity;
    struct smail__db *db;
    int code;

    if (!smail__jmap_id(&sending->submit.identity, call, SMAIL__JMAP_IDENTITY,
                        text))
        return smail__jmap_refuse_property(sending->set, "identityId");
    code = smail__store_begin_read(&db, call->jmap->store, err);
    if (code < 0)
        return code;
    smail__identity_init(&identity);
    code = smail__identity_load(&identity, db, call->account,
                                sending->submit.identity, err);
    smail__identity_dispose(&identity);
    smail__store_end_read(call->jmap->store, db);
    if (code == 0)
        return smail__jmap_refuse_property(sending->set, "identityId");
    return code < 0 ? code : 0;
}

static int read_object(struct sending *sending,
                       const struct smail__json_value *object, smail_error *err)
{
    struct smail__jmap_set *set = sending->set;
    int code;

    if (smail__json_each(object, is_own_property, set) != 0)
        return SMAIL__JMAP_REFUSED;
    if (!smail__jmap_id(&sending->submit.email, set->call, SMAIL__JMAP_EMAIL,
                        text_of(smail__json_get(object, "emailId"))))
        return smail__jmap_refuse_property(set, "emailId");
    code = check_identity(sending,
                          text_of(smail__json_get(object, "identityId")), err);
    if (code == 0)
        code = read_envelope(sending, smail__json_get(object, "envelope"));
    return code;
}

/* --- Refusals ------------------------------------------------------------ */

static void put_refused(struct smail__jmap_set *set,
                        const struct smail__submit *submit)
{
    smail_span left = smail__buf_span(&submit->refused);
    struct smail__json json;

    smail__buf_puts(&set->more, ",\"invalidRecipients\":");
    smail__json_init(&json, &set->more);
    smail__json_begin_array(&json);
    while (left.len > 0)
        smail__json_text(&json, smail__span_cut(&left, '\n'));
    smail__json_end_array(&json);
}

static int explain(struct sending *sending, int code, const smail_error *error)
{
    static const char *const words[] = {
        [SMAIL__SUBMIT_FINE] = "serverFail",
        [SMAIL__SUBMIT_NO_EMAIL] = "invalidProperties",
        [SMAIL__SUBMIT_INVALID_EMAIL] = "invalidEmail",
        [SMAIL__SUBMIT_TOO_LARGE] = "tooLarge",
        [SMAIL__SUBMIT_TOO_MANY_RECIPIENTS] = "tooManyRecipients",
        [SMAIL__SUBMIT_NO_RECIPIENTS] = "noRecipients",
        [SMAIL__SUBMIT_INVALID_RECIPIENTS] = "invalidRecipients",
        [SMAIL__SUBMIT_FORBIDDEN_MAIL_FROM] = "forbiddenMailFrom",
        [SMAIL__SUBMIT_FORBIDDEN_FROM] = "forbiddenFrom",
        [SMAIL__SUBMIT_RATE_LIMIT] = "rateLimit",
    };
    struct smail__jmap_set *set = sending->set;
    const struct smail__jmap *jmap = set->call->jmap;
    enum smail__submit_fault fault = sending->submit.fault;

    if (code != SMAIL_EINVAL || fault == SMAIL__SUBMIT_FINE)
        return smail__jmap_refuse_code(set, code, error);
    smail__jmap_refuse(set, words[fault], "%s", error->message);
    if (fault == SMAIL__SUBMIT_RATE_LIMIT && jmap->excess != NULL)
        jmap->excess(set->call->account, error->message, jmap->excess_user);
    if (fault == SMAIL__SUBMIT_NO_EMAIL)
        smail__jmap_refuse_property(set, "emailId");
    else if (fault == SMAIL__SUBMIT_INVALID_EMAIL)
        smail__buf_puts(&set->properties, "from\n");
    else if (fault == SMAIL__SUBMIT_TOO_LARGE)
        smail__buf_printf(&set->more, ",\"maxSize\":%llu",
                          (unsigned long long)sending->submit.size_max);
    else if (fault == SMAIL__SUBMIT_TOO_MANY_RECIPIENTS)
        smail__buf_printf(&set->more, ",\"maxRecipients\":%u",
                          sending->submit.recipients_max);
    else if (fault == SMAIL__SUBMIT_INVALID_RECIPIENTS)
        put_refused(set, &sending->submit);
    return SMAIL__JMAP_REFUSED;
}

/* --- Create -------------------------------------------------------------- */

static int also_patch(smail_tx *tx, void *arg, smail_error *err)
{
    struct sending *sending = arg;

    return smail__tx_email_patch(tx, sending->set->call->account,
                                 &sending->patch, err);
}

/* What has the right shape goes into the transaction; the rest is refused by
 * the implicit Email/set. */
static void read_patch(struct sending *sending,
                       const struct smail__json_value *patch)
{
    struct smail__jmap_set *set = sending->set;

    smail__email_patch_init(&sending->patch, sending->submit.email);
    if (smail__json_type(patch) != SMAIL__JSON_OBJECT)
        return;
    sending->has_patch =
        smail__jmap_patch_read(&sending->patch, set, patch, NULL) == 0;
    set->error = NULL;
    set->detail[0] = '\0';
    smail__buf_clear(&set->properties);
}

static int send_it(struct sending *sending, smail_error *err)
{
    struct smail__jmap *jmap = sending->set->call->jmap;
    const struct smail__sent_caps caps = { jmap->limits.messages_per_day,
                                           jmap->limits.recipients_per_day };
    int code;

    sending->submit.caps = &caps;
    sending->submit.account = sending->set->call->account;
    sending->submit.size_max = jmap->limits.message_size;
    sending->submit.routes = jmap->routes;
    sending->submit.warn_seconds = jmap->queue_warn;
    sending->submit.expire_seconds = jmap->queue_expire;
    if (sending->has_patch) {
        sending->submit.also = also_patch;
        sending->submit.also_arg = sending;
    }
    code = smail__submit_send(&sending->submit, jmap->store, err);
    if (code == SMAIL_ESTATE && sending->has_patch) {
        /* The mailbox of the copy is not there: send all the same, and let
         * the implicit Email/set say so. */
        sending->has_patch = false;
        sending->submit.also = NULL;
        code = smail__submit_send(&sending->submit, jmap->store, err);
    }
    return code;
}

static void put_made(struct smail__jmap_set *set,
                     const struct smail__submission *made, bool is_pending)
{
    struct smail__json *json = &set->made;
    char id[SMAIL__JMAP_ID_SIZE];

    set->made_id = made->id;
    smail__json_begin_object(json);
    smail__json_key(json, "id");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_SUBMISSION, made->id));
    smail__json_key(json, "threadId");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_THREAD, made->thread));
    smail__json_key(json, "sendAt");
    smail__json_time(json, made->sent_at);
    smail__json_key(json, "undoStatus");
    smail__json_string(json, is_pending ? "pending" : "final");
    smail__json_end_object(json);
}

static int run(struct sending *sending, const struct smail__json_value *object,
               smail_error *err)
{
    struct smail__jmap_follow *submitting = sending->set->user;
    smail_span key = sending->set->key;
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__jmap_follow_up follow_up = {
        .patch = smail__jmap_follow_patch(submitting, key, true)
    };
    int code = read_object(sending, object, err);

    if (code != 0)
        return code;
    read_patch(sending, follow_up.patch);
    code = explain(sending, send_it(sending, &error), &error);
    if (code != 0)
        return code;
    put_made(sending->set, &sending->submit.made,
             sending->submit.release_at > 0);
    follow_up.email = sending->submit.email;
    follow_up.is_done = sending->has_patch;
    if (follow_up.patch != NULL)
        code = smail__jmap_follow_add(submitting, &follow_up, err);
    if (code == 0 && smail__jmap_follow_destroys(submitting, key, true))
        code = smail__jmap_follow_add(
            submitting,
            &(struct smail__jmap_follow_up){ .email = follow_up.email,
                                             .is_destroy = true },
            err);
    return code;
}

static int create(struct smail__jmap_set *set,
                  const struct smail__json_value *object, smail_error *err)
{
    struct sending *sending = calloc(1, sizeof(*sending));
    int code;

    if (sending == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    sending->set = set;
    smail__submit_prepare(&sending->submit);
    code = run(sending, object, err);
    smail__email_patch_dispose(&sending->patch);
    smail__submit_dispose(&sending->submit);
    free(sending->recipients);
    free(sending);
    return code;
}

/* --- Update, destroy ----------------------------------------------------- */

static int load(struct smail__submission *out, struct smail__jmap_set *set,
                smail_id id, smail_error *err)
{
    struct smail__jmap_call *call = set->call;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, call->jmap->store, err);

    if (code < 0)
        return code;
    code = smail__submission_load(out, db, call->account, id, err);
    smail__store_end_read(call->jmap->store, db);
    if (code == 0)
        return smail__jmap_refuse(set, "notFound", "%s", "");
    return code < 0 ? code : 0;
}

struct change {
    struct smail__jmap_set *set;
    bool cancels;
};

static int read_change(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct change *change = user;
    smail_span text = text_of(value);

    if (!smail__span_is(key, "undoStatus"))
        return smail__jmap_refuse_property(change->set, key.data);
    change->cancels = smail__span_is(text, "canceled");
    if (change->cancels || smail__span_is(text, "final"))
        return 0;
    return smail__jmap_refuse_property(change->set, key.data);
}

/* RFC 8621, 7.5: only what has not left yet can be taken back. */
static int cancel(struct smail__jmap_set *set, smail_id id, smail_error *err)
{
    smail_error error = SMAIL_ERROR_INIT;
    int code = smail__submission_cancel(set->call->jmap->store,
                                        set->call->account, id, &error);

    if (code == SMAIL_ESTATE)
        return smail__jmap_refuse(set, "cannotUnsend",
                                  "the message is on its way");
    if (code < 0 && err != NULL)
        *err = error;
    return code;
}

/* Every object whose change succeeds may have an email that follows. */
static int follow(struct smail__jmap_set *set, smail_id email, smail_error *err)
{
    struct smail__jmap_follow *submitting = set->user;
    struct smail__jmap_follow_up one = { .email = email,
                                         .patch = smail__jmap_follow_patch(
                                             submitting, set->key, false) };
    int code = 0;

    if (one.patch != NULL)
        code = smail__jmap_follow_add(submitting, &one, err);
    if (code == 0 && smail__jmap_follow_destroys(submitting, set->key, false))
        code = smail__jmap_follow_add(submitting,
                                      &(struct smail__jmap_follow_up){
                                          .email = email, .is_destroy = true },
                                      err);
    return code;
}

static int update(struct smail__jmap_set *set, smail_id id,
                  const struct smail__json_value *patch, smail_error *err)
{
    struct change change = { .set = set };
    struct smail__submission row;
    int code;

    smail__submission_init(&row);
    code = load(&row, set, id, err);
    if (code == 0)
        code = smail__json_each(patch, read_change, &change);
    if (code == 0 && change.cancels)
        code = cancel(set, id, err);
    if (code == 0)
        code = follow(set, row.email, err);
    smail__submission_dispose(&row);
    return code;
}

static int destroy(struct smail__jmap_set *set, smail_id id, smail_error *err)
{
    struct smail__submission row;
    int code;

    smail__submission_init(&row);
    code = load(&row, set, id, err);
    if (code == 0)
        code = smail__submission_remove(set->call->jmap->store,
                                        set->call->account, id, err);
    if (code == 0)
        code = follow(set, row.email, err);
    smail__submission_dispose(&row);
    return code;
}

int smail__jmap_submission_set(struct smail__jmap_call *call, smail_error *err)
{
    const struct smail__jmap_setter setter = {
        .type = type, .create = create, .update = update, .destroy = destroy
    };
    struct smail__jmap_follow submitting = { .count = 0 };
    char old_state[SMAIL__JMAP_STATE_SIZE];
    int code = smail__jmap_arg_of(&submitting.update_email, call,
                                  "onSuccessUpdateEmail", SMAIL__JSON_OBJECT);

    if (code == 0)
        code = smail__jmap_arg_of(&submitting.destroy_email, call,
                                  "onSuccessDestroyEmail", SMAIL__JSON_ARRAY);
    if (code == 0)
        code = smail__jmap_current_state(old_state, call->jmap, call->account,
                                         SMAIL__OBJECT_EMAIL, err);
    if (code == 0)
        code = smail__jmap_set(call, &setter, &submitting, err);
    if (code == 0 && submitting.count > 0)
        code = smail__jmap_follow_put(call, &submitting, old_state, err);
    free(submitting.list);
    return code;
}
