/* SPDX-License-Identifier: MIT */
/* server/relay.c - see server/relay.h. */
#include "server/relay.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/random.h"
#include "server/pace.h"
#include "server/routes.h"

static bool is_submission(smail_listener_kind kind)
{
    return kind == SMAIL_LISTENER_SUBMISSION ||
           kind == SMAIL_LISTENER_SUBMISSIONS;
}

bool smail__relay_is_open(const struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;

    return is_submission(dialogue->kind) && options->routes != NULL &&
           options->store != NULL && dialogue->account != 0;
}

static void set_message(struct smail__queue_message *message,
                        const smail_smtp_mail *mail, int64_t now)
{
    message->ret = mail->ret;
    if (mail->smtputf8)
        message->flags |= SMAIL__QUEUE_UTF8;
    if (mail->require_tls)
        message->flags |= SMAIL__QUEUE_REQUIRETLS;
    if (mail->has_priority)
        message->flags |= SMAIL__QUEUE_PRIORITY;
    message->priority = mail->priority;
    message->by_mode = mail->by_mode;
    if (mail->by_trace)
        message->flags |= SMAIL__QUEUE_BY_TRACE;
    if (mail->by_mode != SMAIL_SMTP_BY_UNSAID)
        message->by_at = now + mail->by_time;
    if (mail->hold_for > 0)
        message->release_at = now + mail->hold_for;
    if (mail->hold_until > now)
        message->release_at = mail->hold_until;
}

int smail__relay_begin(struct smail__envelope *envelope,
                       const struct smail__dialogue *dialogue,
                       const smail_smtp_mail *mail)
{
    const smail_server_options *options = &dialogue->settings->options;
    struct smail__outgoing *outgoing;

    if (!smail__relay_is_open(dialogue))
        return 0;
    outgoing = malloc(sizeof(*outgoing));
    if (outgoing == NULL)
        return SMAIL_ENOMEM;
    smail__outgoing_init(outgoing, &options->routes->routes);
    envelope->outgoing = outgoing;
    envelope->envelope_id = smail__spandup(mail->envelope_id);
    if (envelope->envelope_id == NULL)
        return SMAIL_ENOMEM;
    set_message(&outgoing->message, mail, (int64_t)time(NULL));
    outgoing->message.account = dialogue->account;
    outgoing->message.envelope_id = smail__span(envelope->envelope_id);
    outgoing->warn_seconds = options->queue_warn;
    outgoing->expire_seconds = options->queue_expire;
    return smail__outgoing_sender(outgoing, &mail->sender);
}

void smail__relay_free(struct smail__envelope *envelope)
{
    if (envelope->outgoing != NULL)
        smail__outgoing_dispose(envelope->outgoing);
    free(envelope->outgoing);
    free(envelope->envelope_id);
    envelope->outgoing = NULL;
    envelope->envelope_id = NULL;
}

/* --- Recipients ---------------------------------------------------------- */

static int add(struct smail__dialogue *dialogue, bool is_local)
{
    const smail_smtp_rcpt *rcpt = &dialogue->event->rcpt;
    char original[SMAIL_PATH_MAX + 600] = "";

    if (rcpt->orcpt_type.len > 0)
        smail__format(original, sizeof(original), "%.*s;%.*s",
                      SMAIL__SPAN_ARG(rcpt->orcpt_type),
                      SMAIL__SPAN_ARG(rcpt->orcpt_address));
    return is_local ? smail__outgoing_add_local(dialogue->envelope->outgoing,
                                                &rcpt->recipient, rcpt->notify,
                                                smail__span(original))
                    : smail__outgoing_add(dialogue->envelope->outgoing,
                                          &rcpt->recipient, rcpt->notify,
                                          smail__span(original));
}

static void take(struct smail__dialogue *dialogue, bool is_local)
{
    int rc = add(dialogue, is_local);

    if (rc == 0)
        smail__question_grant_recipient(dialogue, NULL, 0);
    else if (rc == SMAIL_EMALFORMED)
        smail__question_refuse(dialogue, 553, "5.1.2",
                               "That is no domain that mail can be sent to");
    else if (rc == SMAIL_ELIMIT)
        smail__question_refuse(dialogue, 452, "4.5.3",
                               "Too many recipients for one message");
    else
        smail__question_refuse(dialogue, 451, "4.3.0", "Out of memory");
}

void smail__relay_take(struct smail__dialogue *dialogue)
{
    take(dialogue, false);
}

bool smail__relay_wants(const struct smail__dialogue *dialogue)
{
    const struct smail__envelope *envelope = dialogue->envelope;

    return envelope->outgoing != NULL &&
           (envelope->outgoing->message.release_at > (int64_t)time(NULL) ||
            (dialogue->event->rcpt.notify & SMAIL_SMTP_NOTIFY_SUCCESS) != 0);
}

void smail__relay_take_local(struct smail__dialogue *dialogue)
{
    take(dialogue, true);
}

/* --- Forwarding ---------------------------------------------------------- */

static const char secret_sql[] =
    "SELECT value FROM setting WHERE name = 'srs_secret'";

static int secret_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__statement *row;
    unsigned char random[SMAIL__SRS_SECRET_LEN];
    char hex[2 * SMAIL__SRS_SECRET_LEN + 1];
    int code = smail__db_prepare(&row, smail__tx_db(tx), secret_sql, err);

    if (code < 0)
        return code;
    code = smail__statement_step(row, err);
    if (code > 0)
        code = smail__hex_decode(arg, SMAIL__SRS_SECRET_LEN,
                                 smail__column_span(row, 0)) == 0;
    smail__statement_reset(row);
    if (code != 0)
        return code < 0 ? code : 0;
    code = smail__random(random, sizeof(random), err);
    smail__hex_encode(hex, random, sizeof(random));
    if (code == 0)
        code = smail__db_prepare(&row, smail__tx_db(tx),
                                 "INSERT INTO setting (name, value) "
                                 "VALUES ('srs_secret', $1)",
                                 err);
    if (code < 0)
        return code;
    smail__bind_text(row, 1, smail__span(hex));
    memcpy(arg, random, sizeof(random));
    return smail__statement_run(row, err);
}

int smail__relay_open(smail_server *server, smail_error *err)
{
    if (server->options.store == NULL || server->options.routes == NULL)
        return 0;
    return smail__store_write(server->options.store, secret_job,
                              server->srs_secret, err);
}

/* The envelope's part for others, whose sender is made to lead back here. */
static int begin_forward(struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;
    struct smail__envelope *envelope = dialogue->envelope;
    struct smail__outgoing *outgoing;
    char address[SMAIL__SRS_ROOM];
    smail_path sender = { { NULL, 0 }, { NULL, 0 } };

    if (envelope->outgoing != NULL)
        return 0;
    if (options->routes == NULL || options->store == NULL)
        return SMAIL_ESTATE;
    outgoing = malloc(sizeof(*outgoing));
    if (outgoing == NULL)
        return SMAIL_ENOMEM;
    smail__outgoing_init(outgoing, &options->routes->routes);
    envelope->outgoing = outgoing;
    outgoing->message.kind = SMAIL__QUEUE_FORWARDED;
    outgoing->message.flags = envelope->is_utf8 ? SMAIL__QUEUE_UTF8 : 0;
    outgoing->warn_seconds = options->queue_warn;
    outgoing->expire_seconds = options->queue_expire;
    if (smail__srs_forward(
            address, &envelope->sender, dialogue->event->rcpt.recipient.domain,
            dialogue->server->srs_secret, (int64_t)time(NULL)) != 0)
        return smail__outgoing_sender(outgoing, &envelope->sender);
    if (address[0] != '\0')
        (void)smail_path_parse(&sender, smail__span(address), true);
    return smail__outgoing_sender(outgoing, &sender);
}

struct waiting {
    struct smail__dialogue *dialogue;
    int rc;
};

static int add_account(const smail_account *account, void *user)
{
    struct waiting *waiting = user;
    struct smail__envelope *envelope = waiting->dialogue->envelope;
    smail_path path;

    waiting->rc =
        smail_path_parse(&path, smail__span(account->address), true) == 0
            ? smail__outgoing_add_local(envelope->outgoing, &path,
                                        waiting->dialogue->event->rcpt.notify,
                                        SMAIL__SPAN(""))
            : SMAIL_EMALFORMED;
    return 0;
}

bool smail__relay_can_wait(const struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;

    return options->routes != NULL && options->store != NULL;
}

int smail__relay_wait(struct smail__dialogue *dialogue, smail_id account)
{
    struct waiting waiting = { dialogue, 0 };
    int rc = begin_forward(dialogue);

    if (rc == 0)
        rc = smail_account_get(dialogue->server->options.store, account,
                               add_account, &waiting, NULL);
    return rc != 0 ? rc : waiting.rc;
}

int smail__relay_forward(struct smail__dialogue *dialogue, smail_span list)
{
    int rc = begin_forward(dialogue);

    while (rc == 0 && list.len > 0) {
        smail_path path;

        if (smail_path_parse(&path, smail__span_cut(&list, '\n'), true) == 0)
            rc = smail__outgoing_add(dialogue->envelope->outgoing, &path,
                                     dialogue->event->rcpt.notify,
                                     SMAIL__SPAN(""));
    }
    return rc;
}

bool smail__relay_unwrap(char address[SMAIL__SRS_ROOM],
                         const struct smail__dialogue *dialogue)
{
    const smail_path *recipient = &dialogue->event->rcpt.recipient;
    const smail_server_options *options = &dialogue->settings->options;

    return options->routes != NULL && options->store != NULL &&
           smail__srs_is_ours(recipient->local) &&
           smail_path_is_null(&dialogue->envelope->sender) &&
           smail__srs_reverse(address, recipient->local,
                              dialogue->server->srs_secret,
                              (int64_t)time(NULL)) == 0;
}

void smail__relay_mark(struct smail__envelope *envelope)
{
    envelope->outgoing_before =
        envelope->outgoing != NULL ? envelope->outgoing->count : 0;
}

void smail__relay_undo(struct smail__envelope *envelope)
{
    if (envelope->outgoing != NULL)
        smail__outgoing_truncate(envelope->outgoing, envelope->outgoing_before);
}

/* --- Content ------------------------------------------------------------- */

void smail__relay_scan(struct smail__envelope *envelope, smail_span piece)
{
    if (envelope->outgoing != NULL && envelope->outgoing->count > 0)
        smail__outgoing_scan(envelope->outgoing, piece);
}

static bool has_outgoing(const struct smail__envelope *envelope)
{
    return envelope->outgoing != NULL && envelope->outgoing->count > 0;
}

static int also(smail_tx *tx, smail_append *append, void *arg, smail_error *err)
{
    struct smail__envelope *envelope = arg;
    int code = 0;

    if (envelope->account != 0)
        code = smail__sent_take(tx, &envelope->excess, envelope->account,
                                &envelope->caps,
                                (uint32_t)envelope->recipient_count, err);
    if (code == 0 && has_outgoing(envelope))
        code = smail__outgoing_insert(tx, append, envelope->outgoing,
                                      (int64_t)time(NULL), err);
    return code;
}

void smail__relay_begin_content(struct smail__envelope *envelope)
{
    struct smail__outgoing *outgoing = envelope->outgoing;

    if (outgoing != NULL && outgoing->count > 0 &&
        outgoing->message.kind == SMAIL__QUEUE_SUBMITTED)
        (void)smail__outgoing_will_sign(outgoing);
}

void smail__relay_commit(struct smail__envelope *envelope, smail_store *store)
{
    /* Unsigned is better than not at all. */
    if (has_outgoing(envelope))
        (void)smail__outgoing_sign(envelope->outgoing, store,
                                   (int64_t)time(NULL), NULL);
    if (has_outgoing(envelope) || envelope->account != 0)
        smail__append_also(envelope->append, also, envelope);
}
