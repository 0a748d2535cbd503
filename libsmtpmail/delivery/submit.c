/* SPDX-License-Identifier: MIT */
/*
 * delivery/submit.c - see delivery/submit.h.
 *
 * What is delivered has in front of the draft's header Return-Path, Received
 * and what was missing; the field Bcc is gone (RFC 5322, 3.6.3). The draft is
 * left as it is.
 */
#include "delivery/submit.h"

#include <stdlib.h>

#include <smtpmail/account.h>

#include "base/base64.h"
#include "base/date.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/random.h"
#include "delivery/sending.h"
#include "message/header.h"
#include "message/trace.h"

#define CHUNK 16384

void smail__submit_prepare(struct smail__submit *submit)
{
    *submit = (struct smail__submit){ .account = 0 };
    smail__buf_init(&submit->refused, (size_t)1024 * 1024, NULL);
    smail__submission_init(&submit->made);
}

void smail__submit_dispose(struct smail__submit *submit)
{
    smail__buf_dispose(&submit->refused);
    smail__submission_dispose(&submit->made);
}

/* --- The message --------------------------------------------------------- */

static int open_message(struct smail__sending *sending, smail_error *err)
{
    struct smail__submit *submit = sending->submit;
    int64_t got;
    int code = smail_content_open(&sending->content, sending->store,
                                  submit->account, submit->email, err);

    if (code == SMAIL_ENOTFOUND)
        return smail__sending_refuse(sending, SMAIL__SUBMIT_NO_EMAIL, err,
                                     "there is no such message");
    if (code < 0)
        return code;
    if (submit->size_max > 0 &&
        smail_content_size(sending->content) > submit->size_max)
        return smail__sending_refuse(sending, SMAIL__SUBMIT_TOO_LARGE, err,
                                     "the message is too large");
    sending->front = malloc(SMAIL__HEADER_MAX);
    if (sending->front == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    got = smail_content_read(sending->front, sending->content, 0,
                             SMAIL__HEADER_MAX, err);
    if (got < 0)
        return (int)got;
    sending->front_len = (size_t)got;
    sending->header = (smail_span){ sending->front, sending->front_len };
    sending->header.len = smail__header_length(sending->header);
    if (sending->header.len == SMAIL__HEADER_MAX)
        return smail__sending_refuse(sending, SMAIL__SUBMIT_INVALID_EMAIL, err,
                                     "the header of the message is too long");
    return 0;
}

/* --- Who from ------------------------------------------------------------ */

static int may_send(struct smail__sending *sending, smail_span address,
                    enum smail__submit_fault fault, smail_error *err)
{
    smail_path path;
    int code;

    if (smail_path_parse(&path, address, false) != 0)
        return smail__sending_refuse(sending, fault, err,
                                     "the sender is not a complete address");
    code = smail_address_may_send(sending->store, sending->submit->account,
                                  &path, err);
    if (code == SMAIL_EAUTH)
        return smail__sending_refuse(sending, fault, err,
                                     "you may not send from this address");
    return code;
}

/* Nobody writes in another's name, be it in the header or the envelope. */
static int check_from(struct smail__sending *sending, smail_error *err)
{
    smail_span left;

    smail__addresses_collect(&sending->from, sending->header, "From");
    if (sending->from.count == 0)
        return smail__sending_refuse(sending, SMAIL__SUBMIT_INVALID_EMAIL, err,
                                     "the message has no sender");
    smail__addresses_collect(&sending->from, sending->header, "Sender");
    left = smail__buf_span(&sending->from.text);
    while (left.len > 0) {
        int code = may_send(sending, smail__span_cut(&left, '\n'),
                            SMAIL__SUBMIT_FORBIDDEN_FROM, err);

        if (code < 0)
            return code;
    }
    return 0;
}

/* RFC 8621, 7: Sender, or else the first of From. */
static smail_span header_sender(struct smail__sending *sending)
{
    struct smail__addresses sender;
    smail_span first = smail__buf_span(&sending->from.text);
    smail_span left;

    smail__addresses_init(&sender);
    smail__addresses_collect(&sender, sending->header, "Sender");
    left = smail__buf_span(&sender.text);
    if (sender.count > 0) {
        smail_span wanted = smail__span_cut(&left, '\n');
        smail_span all = first;

        /* The same text among those of `from`, which lives on. */
        while (all.len > 0) {
            smail_span one = smail__span_cut(&all, '\n');

            if (smail__span_iequal(one, wanted)) {
                smail__addresses_dispose(&sender);
                return one;
            }
        }
    }
    smail__addresses_dispose(&sender);
    return smail__span_cut(&first, '\n');
}

static int check_sender(struct smail__sending *sending, smail_error *err)
{
    struct smail__submit *submit = sending->submit;
    smail_span address =
        submit->has_envelope ? submit->sender : header_sender(sending);
    int code = 0;

    if (address.len > 0)
        code =
            may_send(sending, address, SMAIL__SUBMIT_FORBIDDEN_MAIL_FROM, err);
    if (code == 0 && address.len > 0) {
        (void)smail_path_parse(&sending->sender, address, false);
        code = smail__outgoing_sender(&sending->outgoing, &sending->sender);
    }
    smail__buf_append(&submit->made.sender, address);
    return code;
}

/* --- The bytes ----------------------------------------------------------- */

/* The domain that it comes from is also who says so. */
static smail_span own_domain(const struct smail__sending *sending)
{
    smail_span left = smail__buf_span(&sending->from.text);
    smail_span domain = smail__span_cut(&left, '\n');

    (void)smail__span_cut(&domain, '@');
    return domain;
}

static int put_trace(struct smail__buf *out, struct smail__sending *sending,
                     smail_error *err)
{
    struct smail__trace trace = { .sender_local = sending->sender.local,
                                  .sender_domain = sending->sender.domain };
    int64_t now = smail__store_now(sending->store);
    char date[SMAIL__DATE_MAX], hex[25];
    unsigned char random[12];
    smail_span value, domain = own_domain(sending);
    int code = 0;

    smail__date_rfc5322(date, now);
    smail__trace_return_path(out, &trace);
    sending->outgoing.message.skip = out->len; /* the last host's to write */
    smail__buf_printf(
        out, "Received: by %.*s with HTTP\r\n\tid %s;\r\n\t%s\r\n",
        SMAIL__SPAN_ARG(domain), smail_append_id(sending->append), date);
    if (!smail__header_find(&value, sending->header, "Date", 0))
        smail__buf_printf(out, "Date: %s\r\n", date);
    if (!smail__header_find(&value, sending->header, "Message-ID", 0)) {
        code = smail__random(random, sizeof(random), err);
        smail__hex_encode(hex, random, sizeof(random));
        smail__buf_printf(out, "Message-ID: <%s@%.*s>\r\n", hex,
                          SMAIL__SPAN_ARG(domain));
    }
    return code;
}

/* What nobody else shall read, and what only the last host writes. */
static bool is_dropped(smail_span name)
{
    return smail__span_iis(name, "Bcc") || smail__span_iis(name, "Return-Path");
}

/* Behind a field, its line end included. */
static size_t field_end(const struct smail__sending *sending,
                        const struct smail__header_field *field)
{
    size_t end =
        (size_t)(field->value.data + field->value.len - sending->front);

    if (end < sending->front_len && sending->front[end] == '\r')
        end++;
    if (end < sending->front_len && sending->front[end] == '\n')
        end++;
    return end;
}

static int put(struct smail__sending *sending, smail_span bytes,
               smail_error *err)
{
    smail__outgoing_scan(&sending->outgoing, bytes);
    return smail_append_write(sending->append, bytes, err);
}

static int write_header(struct smail__sending *sending, smail_error *err)
{
    struct smail__header_scan scan;
    struct smail__header_field field;
    size_t at;
    int code = 0;

    smail__header_begin(&scan, sending->header);
    at = scan.offset; /* behind an mbox line */
    while (code == 0 && smail__header_next(&field, &scan)) {
        smail_span before = { sending->front + at, field.offset - at };

        if (!is_dropped(field.name))
            continue;
        code = put(sending, before, err);
        at = field_end(sending, &field);
    }
    if (code == 0)
        code = put(
            sending,
            (smail_span){ sending->front + at, sending->header.len - at }, err);
    return code;
}

static int write_body(struct smail__sending *sending, smail_error *err)
{
    uint64_t offset = sending->header.len;
    char bytes[CHUNK];
    int64_t got;

    while ((got = smail_content_read(bytes, sending->content, offset,
                                     sizeof(bytes), err)) > 0) {
        int code = put(sending, (smail_span){ bytes, (size_t)got }, err);

        if (code < 0)
            return code;
        offset += (uint64_t)got;
    }
    return (int)got;
}

static int write_message(struct smail__sending *sending, smail_error *err)
{
    struct smail__buf trace;
    int code = smail_append_new(&sending->append, sending->store, err);

    if (code < 0)
        return code;
    smail__buf_init(&trace, 4096, NULL);
    code = put_trace(&trace, sending, err);
    if (code == 0 && smail__buf_error(&trace) != 0)
        code = smail__fail(err, smail__buf_error(&trace), "out of memory");
    if (code == 0) {
        smail__outgoing_scan(
            &sending->outgoing,
            smail__span_from(smail__buf_span(&trace),
                             (size_t)sending->outgoing.message.skip));
        code =
            smail_append_write(sending->append, smail__buf_span(&trace), err);
    }
    if (code == 0)
        code = write_header(sending, err);
    if (code == 0)
        code = write_body(sending, err);
    smail__buf_dispose(&trace);
    return code;
}

/* --- The transaction ----------------------------------------------------- */

static int record(smail_tx *tx, struct smail__sending *sending,
                  smail_error *err)
{
    struct smail__submit *submit = sending->submit;
    smail_span left = smail__buf_span(&sending->recipients.text);
    size_t count = sending->recipients.count;
    struct smail__submission_recipient *list = calloc(count, sizeof(*list));
    int64_t thread = 0;
    int code;

    if (list == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < count; i++) {
        list[i].address = smail__span_cut(&left, '\n');
        bool waits = smail__outgoing_has(&sending->outgoing, list[i].address);

        list[i].delivered =
            waits ? SMAIL__DELIVERED_QUEUED : SMAIL__DELIVERED_YES;
        list[i].reply = waits ? SMAIL__SPAN("250 2.0.0 Queued")
                              : SMAIL__SPAN("250 2.1.5 Delivered");
    }
    code = smail__db_value(&thread, smail__tx_db(tx),
                           "SELECT thread FROM email WHERE account = $1 "
                           "AND id = $2",
                           submit->account, submit->email, err);
    submit->recipient_total = count;
    submit->made.identity = submit->identity;
    submit->made.email = submit->email;
    submit->made.sent_at = submit->release_at;
    submit->made.thread = thread;
    if (code == 0)
        code = smail__submission_insert(tx, submit->account, &submit->made,
                                        list, count, err);
    free(list);
    return code;
}

/* RFC 8621, 7.5 has no word for it; the one of RFC 8620, 5.3 says that it is
 * to be tried again. */
static int count(smail_tx *tx, struct smail__sending *sending, smail_error *err)
{
    struct smail__submit *submit = sending->submit;
    struct smail__sent_excess excess;
    char text[SMAIL__SENT_TEXT];
    int code;

    if (submit->caps == NULL)
        return 0;
    code = smail__sent_take(tx, &excess, submit->account, submit->caps,
                            (uint32_t)sending->recipients.count, err);
    if (code != SMAIL_ELIMIT)
        return code;
    smail__sent_text(text, &excess);
    return smail__sending_refuse(sending, SMAIL__SUBMIT_RATE_LIMIT, err, text);
}

static int finish(smail_tx *tx, smail_append *append, void *arg,
                  smail_error *err)
{
    struct smail__sending *sending = arg;
    struct smail__queue_message *message = &sending->outgoing.message;
    int code = count(tx, sending, err);

    if (code == 0)
        code = record(tx, sending, err);
    if (code == 0 && sending->outgoing.count > 0) {
        message->account = sending->submit->account;
        message->email = sending->submit->email;
        message->submission = sending->submit->made.id;
        code = smail__outgoing_insert(tx, append, &sending->outgoing,
                                      smail__tx_now(tx), err);
    }
    if (code == 0 && sending->submit->also != NULL)
        code = sending->submit->also(tx, sending->submit->also_arg, err);
    return code;
}

static int send_it(struct smail__sending *sending, smail_error *err)
{
    int code = open_message(sending, err);

    if (code == 0)
        code = check_from(sending, err);
    if (code == 0)
        code = check_sender(sending, err);
    if (code == 0)
        code = smail__sending_recipients(sending, err);
    if (code == 0 && sending->outgoing.count > 0)
        code = smail__outgoing_will_sign(&sending->outgoing);
    if (code == 0)
        code = write_message(sending, err);
    /* Unsigned is better than not at all. */
    if (code == 0)
        (void)smail__outgoing_sign(&sending->outgoing, sending->store,
                                   smail__store_now(sending->store), NULL);
    if (code < 0)
        return code;
    smail__append_also(sending->append, finish, sending);
    return smail_append_commit(sending->append, sending->targets,
                               sending->target_count, NULL, err);
}

int smail__submit_send(struct smail__submit *submit, smail_store *store,
                       smail_error *err)
{
    struct smail__sending sending = { .submit = submit, .store = store };
    int code;

    submit->fault = SMAIL__SUBMIT_FINE;
    smail__buf_clear(&submit->refused);
    smail__buf_clear(&submit->made.sender);
    smail__addresses_init(&sending.from);
    smail__addresses_init(&sending.recipients);
    smail__outgoing_init(&sending.outgoing, submit->routes);
    sending.outgoing.message.release_at = submit->release_at;
    sending.outgoing.warn_seconds = submit->warn_seconds;
    sending.outgoing.expire_seconds = submit->expire_seconds;
    code = send_it(&sending, err);
    smail_append_free(sending.append);
    smail_content_close(sending.content);
    smail__addresses_dispose(&sending.from);
    smail__addresses_dispose(&sending.recipients);
    smail__outgoing_dispose(&sending.outgoing);
    free(sending.targets);
    free(sending.front);
    return code;
}
