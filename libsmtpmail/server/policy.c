/* SPDX-License-Identifier: MIT */
/*
 * server/policy.c - what a server does that nobody has told otherwise: it
 * takes mail for the addresses in its store from anybody, and from their
 * owners; it relays for nobody.
 *
 *              MAIL                      RCPT here   elsewhere   nobody's
 *  smtp        anybody                   yes         554 5.7.1   550 5.1.1
 *  submission  an address of the account yes         550 5.7.1   550 5.1.1
 *  lmtp        anybody                   yes         550 5.1.2   550 5.1.1
 *
 * With the option `discard` everybody may log in, everything is taken and
 * nothing kept.
 *
 * On submission the null sender is taken too: read receipts carry it
 * (RFC 8098, 3), and who sent it is known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>

#include "account/lookup.h"
#include "base/format.h"
#include "base/span.h"
#include "server/checks.h"
#include "server/pace.h"
#include "server/relay.h"

static bool is_submission(const struct smail__dialogue *dialogue)
{
    return dialogue->kind == SMAIL_LISTENER_SUBMISSION ||
           dialogue->kind == SMAIL_LISTENER_SUBMISSIONS;
}

static void report_trouble(const struct smail__dialogue *dialogue,
                           const smail_error *err)
{
    smail__report_event(dialogue->server, SMAIL__LOG_ERROR, "store_failed",
                        dialogue, "reason", smail__span(err->message));
}

/* A disk that is full, by errno or in the words of SQLite. */
static bool is_full(const smail_error *err)
{
    return (err->code == SMAIL_EIO || err->code == SMAIL_ETEMP) &&
           (err->os == ENOSPC || err->os == EDQUOT ||
            strstr(err->message, "full") != NULL);
}

void smail__policy_refuse_failure(struct smail__dialogue *dialogue, int failure,
                                  const smail_error *err)
{
    if (failure == SMAIL_ELIMIT && dialogue->envelope != NULL &&
        dialogue->envelope->excess.what != NULL) {
        smail__pace_refuse_excess(dialogue, &dialogue->envelope->excess);
        return;
    }
    if (failure == SMAIL_EQUOTA) {
        smail__question_refuse(dialogue, 452, "4.2.2", "Mailbox is full");
        return;
    }
    report_trouble(dialogue, err);
    if (is_full(err))
        smail__question_refuse(dialogue, 452, "4.3.1",
                               "Not enough room to store the message");
    else
        smail__question_refuse(dialogue, 451, "4.3.0",
                               "Cannot store the message now, try again");
}

/* --- MAIL ----------------------------------------------------------------- */

static void answer_mail(struct smail__dialogue *dialogue)
{
    const smail_path *sender = &dialogue->event->mail.sender;
    smail_error err = SMAIL_ERROR_INIT;
    char text[SMAIL_PATH_MAX + 64];
    int rc;

    if (!is_submission(dialogue) || smail_path_is_null(sender)) {
        smail__question_grant(dialogue, NULL);
        return;
    }
    if (dialogue->account == 0 || dialogue->server->options.store == NULL) {
        /* A policy of the caller has let somebody in; it knows whom. */
        smail__question_grant(dialogue, NULL);
        return;
    }
    rc = smail_address_may_send(dialogue->server->options.store,
                                dialogue->account, sender, &err);
    if (rc == 0) {
        smail__question_grant(dialogue, NULL);
    } else if (rc == SMAIL_EAUTH) {
        smail__format(text, sizeof(text), "Sender is not an address of %s",
                      dialogue->identity);
        smail__question_refuse(dialogue, 550, "5.7.1", text);
    } else {
        smail__policy_refuse_failure(dialogue, rc, &err);
    }
}

/* --- RCPT ----------------------------------------------------------------- */

static bool is_too_large(const struct smail__room *room, uint64_t size)
{
    return room->quota > 0 && size > room->quota;
}

static bool has_room(const struct smail__room *room, uint64_t size)
{
    return !room->is_full && !is_too_large(room, size) &&
           (room->quota == 0 ||
            (room->used < room->quota && size <= room->quota - room->used));
}

/* The recipient is turned away when there is room in no mailbox behind it. */
static bool has_any_room(struct smail__dialogue *dialogue,
                         const struct smail__room *rooms, size_t count)
{
    uint64_t size = dialogue->envelope->declared_size;
    bool all_too_small = true;

    if (count > SMAIL__ROOMS_MAX)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (has_room(&rooms[i], size))
            return true;
        all_too_small = all_too_small && is_too_large(&rooms[i], size);
    }
    if (all_too_small)
        smail__question_refuse(dialogue, 552, "5.2.2",
                               "Message is larger than the mailbox");
    else
        smail__question_refuse(dialogue, 452, "4.2.2", "Mailbox is full");
    return false;
}

/* Members of a list that have no room do not keep it from the others: theirs
 * waits in the queue, and the sender is told when that comes to nothing. */
static int part_full(struct smail__dialogue *dialogue,
                     struct smail__resolve *found)
{
    uint64_t size = dialogue->envelope->declared_size;
    size_t kept = 0;
    int rc = 0;

    if (found->count > SMAIL__ROOMS_MAX || !smail__relay_can_wait(dialogue))
        return 0;
    for (size_t i = 0; rc == 0 && i < found->count; i++)
        if (has_room(&found->rooms[i], size))
            found->out[kept++] = found->out[i];
        else
            rc = smail__relay_wait(dialogue, found->out[i]);
    found->count = kept;
    return rc;
}

static void grant_here(struct smail__dialogue *dialogue,
                       const struct smail__resolve *found)
{
    size_t count = found->count;
    smail_target *targets = calloc(count, sizeof(*targets));

    if (targets == NULL) {
        smail__question_refuse(dialogue, 451, "4.3.0", "Out of memory");
        return;
    }
    for (size_t i = 0; i < count; i++)
        targets[i].account = found->out[i];
    smail__question_grant_recipient(dialogue, targets, count);
    free(targets);
}

static void grant_accounts(struct smail__dialogue *dialogue,
                           struct smail__resolve *found)
{
    if (found->count == 0) { /* all of it goes elsewhere */
        smail__question_grant_recipient(dialogue, NULL, 0);
        return;
    }
    if (!has_any_room(dialogue, found->rooms, found->count))
        return;
    if (smail__relay_wants(dialogue))
        smail__relay_take_local(dialogue);
    else if (part_full(dialogue, found) != 0)
        smail__question_refuse(dialogue, 451, "4.3.0", "Out of memory");
    else
        grant_here(dialogue, found);
}

static void answer_foreign(struct smail__dialogue *dialogue)
{
    if (smail__relay_is_open(dialogue)) {
        smail__relay_take(dialogue);
        return;
    }
    if (dialogue->kind == SMAIL_LISTENER_SMTP)
        smail__question_refuse(dialogue, 554, "5.7.1", "Relay access denied");
    else if (dialogue->kind == SMAIL_LISTENER_LMTP)
        smail__question_refuse(dialogue, 550, "5.1.2",
                               "Domain is not served here");
    else
        smail__question_refuse(dialogue, 550, "5.7.1",
                               "No route to other hosts is configured: this "
                               "server delivers to its own addresses only");
}

/* Who is listed must be able to say that this is wrong (RFC 5321, 4.5.1). */
static bool is_postmaster(const smail_path *recipient)
{
    return smail__span_iis(recipient->local, "postmaster");
}

/* Who that is; what of it is elsewhere is taken for there. */
static int resolve(struct smail__resolve *found,
                   struct smail__dialogue *dialogue, const smail_path *path,
                   smail_error *err)
{
    struct smail__buf outside;
    int rc;

    smail__buf_init(&outside, SMAIL__OUTSIDE_MAX, NULL);
    found->outside = &outside;
    rc = smail__address_resolve(found, dialogue->server->options.store, path,
                                err);
    if (rc == 0 && outside.len > 0)
        rc = smail__relay_forward(dialogue, smail__buf_span(&outside));
    smail__buf_dispose(&outside);
    return rc;
}

/* Nobody has that address; but a sender that we made up leads to somebody,
 * here or elsewhere. */
static void answer_unknown(struct smail__dialogue *dialogue,
                           struct smail__resolve *found)
{
    char address[SMAIL__SRS_ROOM];
    smail_path path;
    int rc = SMAIL_ENOTFOUND;

    if (smail__relay_unwrap(address, dialogue) &&
        smail_path_parse(&path, smail__span(address), true) == 0) {
        found->count = 0;
        found->outside_count = 0;
        rc = resolve(found, dialogue, &path, NULL);
        if (rc == SMAIL_EINVAL)
            rc = smail__relay_forward(dialogue, smail__span(address));
    }
    if (rc != 0)
        smail__question_refuse(dialogue, 550, "5.1.1", "No such user here");
    else if (found->count > 0)
        grant_here(dialogue, found);
    else
        smail__question_grant_recipient(dialogue, NULL, 0);
}

static void answer_rcpt(struct smail__dialogue *dialogue)
{
    smail_store *store = dialogue->server->options.store;
    smail_id accounts[SMAIL_RESOLVED_MAX];
    struct smail__room rooms[SMAIL__ROOMS_MAX];
    struct smail__resolve found = { .rooms = rooms,
                                    .out = accounts,
                                    .max = SMAIL_RESOLVED_MAX };
    smail_error err = SMAIL_ERROR_INIT;
    int rc;

    if (dialogue->server->options.discard) {
        smail__question_grant_recipient(dialogue, NULL, 0);
        return;
    }
    if (smail__checks_block(dialogue) &&
        !is_postmaster(&dialogue->event->rcpt.recipient)) {
        smail__question_refuse(dialogue, 554, "5.7.1",
                               dialogue->facts.block_reason);
        return;
    }
    if (store == NULL) {
        smail__question_refuse(dialogue, 550, "5.1.1", "No such user here");
        return;
    }
    rc = resolve(&found, dialogue, &dialogue->event->rcpt.recipient, &err);
    switch (rc) {
    case 0:
        grant_accounts(dialogue, &found);
        break;
    case SMAIL_ENOTFOUND:
        answer_unknown(dialogue, &found);
        break;
    case SMAIL_EINVAL:
        answer_foreign(dialogue);
        break;
    case SMAIL_ESTATE:
        smail__question_refuse(dialogue, 450, "4.2.4",
                               "Address leads to other hosts, to which this "
                               "server passes no mail on");
        break;
    case SMAIL_ELIMIT:
        smail__question_refuse(dialogue, 452, "4.5.3",
                               "Address stands for too many mailboxes");
        break;
    default:
        smail__policy_refuse_failure(dialogue, rc, &err);
    }
}

void smail__policy_answer(struct smail__dialogue *dialogue,
                          enum smail__question question)
{
    switch (question) {
    case SMAIL__ASK_CONNECT:
    case SMAIL__ASK_HELO:
        smail__question_grant(dialogue, NULL);
        break;
    case SMAIL__ASK_AUTH:
        if (dialogue->server->options.discard)
            smail__question_grant_login(dialogue, 0, "anybody");
        else
            smail__login_step(dialogue);
        break;
    case SMAIL__ASK_MAIL:
        answer_mail(dialogue);
        break;
    case SMAIL__ASK_RCPT:
        answer_rcpt(dialogue);
        break;
    case SMAIL__ASK_MESSAGE:
        smail__delivery_begin(dialogue);
        break;
    case SMAIL__ASK_TOKEN: /* login.c has the answer */
    case SMAIL__ASK_DATA:
        break;
    }
}
