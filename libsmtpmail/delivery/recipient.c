/* SPDX-License-Identifier: MIT */
/*
 * delivery/recipient.c - where each recipient's mail goes: into mailboxes here,
 * or into the queue. One that cannot be reached refuses the whole submission,
 * so that nobody believes to have written to somebody.
 */
#include <stdlib.h>

#include <smtpmail/account.h>

#include "account/account_limit.h"
#include "base/error.h"
#include "base/span.h"
#include "delivery/sending.h"

/* Accounts that all recipients stand for. */
#define TARGETS_MAX ((size_t)SMAIL__TARGETS_MAX)

int smail__sending_refuse(struct smail__sending *sending,
                          enum smail__submit_fault fault, smail_error *err,
                          const char *text)
{
    sending->submit->fault = fault;
    return smail__fail(err, SMAIL_EINVAL, "%s", text);
}

static bool is_target(const struct smail__sending *sending, smail_id account)
{
    for (size_t i = 0; i < sending->target_count; i++)
        if (sending->targets[i].account == account)
            return true;
    return false;
}

/* 1: no mail fits in there any more. */
static int is_full(struct smail__sending *sending, smail_id account,
                   smail_error *err)
{
    static const char sql[] =
        "SELECT (quota_bytes > 0 AND used_bytes >= quota_bytes) OR "
        "(quota_emails > 0 AND used_emails >= quota_emails) "
        "FROM account WHERE id = $1";
    struct smail__db *db;
    int64_t full = 0;
    int code = smail__store_begin_read(&db, sending->store, err);

    if (code < 0)
        return code;
    code = smail__db_value(&full, db, sql, account, INT64_MIN, err);
    smail__store_end_read(sending->store, db);
    return code < 0 ? code : full != 0;
}

/* It is for later: the queue has it, whoever it is for. */
static int take_later(struct smail__sending *sending, const smail_path *path,
                      smail_id *room, smail_error *err)
{
    size_t count = 0;
    int code = smail_address_resolve(room, SMAIL_RESOLVED_MAX, &count,
                                     sending->store, path, err);

    if (code == 0)
        return smail__outgoing_add_local(&sending->outgoing, path, 0,
                                         SMAIL__SPAN(""));
    if (code == SMAIL_EINVAL && sending->submit->routes != NULL)
        return smail__outgoing_add(&sending->outgoing, path, 0,
                                   SMAIL__SPAN(""));
    return code;
}

struct taking {
    struct smail__sending *sending;
    smail_error *err;
};

/* What one recipient stands for: mailboxes here, addresses elsewhere. */
static int take(const smail_expanded *to, void *user)
{
    struct taking *taking = user;
    struct smail__sending *sending = taking->sending;
    smail_path path;
    int code;

    if (to->account == 0) {
        if (sending->submit->routes == NULL)
            return SMAIL_ESTATE;
        if (smail_path_parse(&path, smail__span(to->address), true) != 0)
            return 0;
        return smail__outgoing_add(&sending->outgoing, &path, 0,
                                   SMAIL__SPAN(""));
    }
    if (is_target(sending, to->account))
        return 0;
    code = is_full(sending, to->account, taking->err);
    if (code > 0)
        return SMAIL_EQUOTA;
    if (code == 0 && sending->target_count == TARGETS_MAX)
        return SMAIL_ELIMIT;
    if (code == 0)
        sending->targets[sending->target_count++] =
            (smail_target){ .account = to->account };
    return code;
}

/* All accounts that one recipient stands for. SMAIL_EINVAL, SMAIL_ENOTFOUND:
 * it is refused; SMAIL_EQUOTA too. */
static int resolve(struct smail__sending *sending, smail_span recipient,
                   smail_id *room, smail_error *err)
{
    struct taking taking = { sending, err };
    smail_path path;
    int code;

    if (smail_path_parse(&path, recipient, true) != 0)
        return SMAIL_EMALFORMED;
    if (sending->submit->release_at > 0)
        return take_later(sending, &path, room, err);
    code = smail_address_expand(sending->store, &path, take, &taking, err);
    if (code == SMAIL_EINVAL && sending->submit->routes != NULL)
        return smail__outgoing_add(&sending->outgoing, &path, 0,
                                   SMAIL__SPAN(""));
    return code;
}

static const char *why(int code)
{
    switch (code) {
    case SMAIL_EINVAL:
    case SMAIL_ESTATE:
        return "this server cannot send to other hosts yet";
    case SMAIL_ENOTFOUND:
        return "nobody here has that address";
    case SMAIL_EQUOTA:
        return "the mailbox is full";
    case SMAIL_ELIMIT:
        return "that is a list of too many";
    case SMAIL_EMALFORMED:
        return "that is not a complete address";
    default:
        return NULL;
    }
}

static int resolve_all(struct smail__sending *sending, smail_id *room,
                       smail_error *err)
{
    smail_span left = smail__buf_span(&sending->recipients.text);
    const char *reason = NULL;

    while (left.len > 0) {
        smail_span recipient = smail__span_cut(&left, '\n');
        int code = resolve(sending, recipient, room, err);

        if (code == 0)
            continue;
        if (why(code) == NULL)
            return code;
        if (reason == NULL)
            reason = why(code);
        smail__buf_append(&sending->submit->refused, recipient);
        smail__buf_putc(&sending->submit->refused, '\n');
    }
    if (reason != NULL)
        return smail__sending_refuse(sending, SMAIL__SUBMIT_INVALID_RECIPIENTS,
                                     err, reason);
    return 0;
}

static void collect_recipients(struct smail__sending *sending)
{
    static const char *const fields[] = { "To", "Cc", "Bcc" };
    const struct smail__submit *submit = sending->submit;

    if (submit->has_envelope)
        for (size_t i = 0; i < submit->recipient_count; i++)
            smail__addresses_add(&sending->recipients, submit->recipients[i]);
    else
        for (size_t i = 0; i < 3; i++)
            smail__addresses_collect(&sending->recipients, sending->header,
                                     fields[i]);
}

/* What is more than a day's would be too much tomorrow as well. */
static int set_max(struct smail__sending *sending, smail_error *err)
{
    struct smail__submit *submit = sending->submit;
    struct smail__account_limits own;
    uint32_t day;
    int code;

    submit->recipients_max = SMAIL__SUBMIT_RECIPIENTS_MAX;
    if (submit->caps == NULL)
        return 0;
    code =
        smail__account_limits_read(&own, sending->store, submit->account, err);
    if (code != 0)
        return code;
    day = own.value[SMAIL__LIMIT_RECIPIENTS_PER_DAY];
    if (day == 0)
        day = submit->caps->recipients;
    if (day != 0 && day < submit->recipients_max)
        submit->recipients_max = day;
    return 0;
}

int smail__sending_recipients(struct smail__sending *sending, smail_error *err)
{
    smail_id *room;
    int code;

    collect_recipients(sending);
    if (sending->recipients.count == 0)
        return smail__sending_refuse(sending, SMAIL__SUBMIT_NO_RECIPIENTS, err,
                                     "the message is for nobody");
    code = set_max(sending, err);
    if (code != 0)
        return code;
    if (sending->recipients.count > sending->submit->recipients_max ||
        smail__buf_error(&sending->recipients.text) != 0)
        return smail__sending_refuse(sending, SMAIL__SUBMIT_TOO_MANY_RECIPIENTS,
                                     err, "the message is for too many");
    sending->targets = calloc(TARGETS_MAX, sizeof(*sending->targets));
    room = calloc(SMAIL_RESOLVED_MAX, sizeof(*room));
    if (sending->targets == NULL || room == NULL)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    else
        code = resolve_all(sending, room, err);
    free(room);
    return code;
}
