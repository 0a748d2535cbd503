/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_check.c - may this envelope go to this server? Found out before
 * anything is said, so that the caller can still take another form or way.
 */
#include <string.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"
#include "smtp/client_envelope.h"

/* RFC 3461, 4.2 and 4.4, and RFC 4954, 5: the longest values, encoded. */
#define ENVID_MAX 100
#define ORCPT_MAX 500
#define AUTH_MAX 500

/* RFC 3461, 4.2 asks for an atom; what is registered is short. */
#define ORCPT_TYPE_MAX 32

/* RFC 2852, 4 and RFC 4865, 5: nine digits. */
#define SECONDS_MAX 999999999

/* RFC 6710, 4.1. */
#define PRIORITY_MAX 9

/* Whose fault it is if not one recipient's. */
#define NOBODY SIZE_MAX

static const struct verdict {
    int error;
    int code;
    const char *status;
    const char *text;
} verdicts[] = {
    [SMAIL_SMTP_OBSTACLE_NONE] = { 0, 250, "2.0.0", "Nothing is in the way" },
    [SMAIL_SMTP_OBSTACLE_ADDRESS] = { SMAIL_EINVAL, 553, "5.1.3",
                                      "The address is malformed" },
    [SMAIL_SMTP_OBSTACLE_PARAMETER] = { SMAIL_EINVAL, 501, "5.5.4",
                                        "A parameter of the mail makes no "
                                        "sense or is too long" },
    [SMAIL_SMTP_OBSTACLE_SIZE] = { SMAIL_ELIMIT, 552, "5.3.4",
                                   "The message is larger than the next "
                                   "server takes" },
    [SMAIL_SMTP_OBSTACLE_8BITMIME] = { SMAIL_ENOTFOUND, 554, "5.6.3",
                                       "The message has 8-bit content, which "
                                       "the next server does not take" },
    [SMAIL_SMTP_OBSTACLE_BINARYMIME] = { SMAIL_ENOTFOUND, 554, "5.6.3",
                                         "The message has binary content, "
                                         "which the next server does not "
                                         "take" },
    [SMAIL_SMTP_OBSTACLE_SMTPUTF8] = { SMAIL_ENOTFOUND, 553, "5.6.7",
                                       "The next server does not take "
                                       "addresses beyond ASCII" },
    [SMAIL_SMTP_OBSTACLE_REQUIRETLS] = { SMAIL_ENOTFOUND, 550, "5.7.30",
                                         "The message requires TLS all the "
                                         "way, which the next server does "
                                         "not promise" },
    [SMAIL_SMTP_OBSTACLE_FUTURERELEASE] = { SMAIL_ENOTFOUND, 501, "5.5.4",
                                            "The next server does not hold "
                                            "messages for so long" },
    [SMAIL_SMTP_OBSTACLE_DELIVERBY] = { SMAIL_ENOTFOUND, 550, "5.4.7",
                                        "The next server does not promise "
                                        "delivery in the time that was "
                                        "asked for" },
    [SMAIL_SMTP_OBSTACLE_RECIPIENTS] = { SMAIL_ELIMIT, 452, "4.5.3",
                                         "Too many recipients at once" },
    [SMAIL_SMTP_OBSTACLE_DOMAINS] = { SMAIL_ELIMIT, 452, "4.5.3",
                                      "Too many domains of recipients at "
                                      "once" },
    [SMAIL_SMTP_OBSTACLE_MAILS] = { SMAIL_ELIMIT, 452, "4.5.3",
                                    "Too many messages in one session" },
};

static void block(smail_smtp_obstacle *out, smail_smtp_obstacle_type type,
                  size_t recipient)
{
    const struct verdict *verdict = &verdicts[type];

    *out = (smail_smtp_obstacle){
        .type = type,
        .recipient = recipient,
        .code = verdict->code,
        .status = verdict->status,
        .text = verdict->text,
    };
    if (type == SMAIL_SMTP_OBSTACLE_ADDRESS && recipient == NOBODY)
        out->status = "5.1.7";
    if (type == SMAIL_SMTP_OBSTACLE_SMTPUTF8 && recipient == NOBODY)
        out->code = 550; /* RFC 6531, 3.5 */
}

/* --- is it well formed? --------------------------------------------------- */

static bool is_printable(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    return true;
}

static bool has_control(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return true;
    return false;
}

/* RFC 4954, 5: a mailbox, or "<>" for nobody. */
static bool is_auth(smail_span auth)
{
    return auth.len == 0 || (smail__utf8_valid(auth) && !has_control(auth) &&
                             smail__client_xtext_len(auth) <= AUTH_MAX);
}

static bool is_envelope_id(smail_span id)
{
    return is_printable(id) && smail__client_xtext_len(id) <= ENVID_MAX;
}

static bool is_orcpt(smail_span type, smail_span address)
{
    bool utf8 = smail__span_iis(type, "utf-8");

    if (type.len == 0)
        return address.len == 0;
    if (address.len == 0 || type.len > ORCPT_TYPE_MAX)
        return false;
    for (size_t i = 0; i < type.len; i++)
        if (!smail__is_alnum(type.data[i]) && type.data[i] != '-')
            return false;
    if (utf8 && (!smail__utf8_valid(address) || has_control(address)))
        return false;
    if (!utf8 && !is_printable(address))
        return false;
    return type.len + 1 + smail__client_orcpt_len(utf8, address) <= ORCPT_MAX;
}

/* RFC 3461, 4.1: NEVER stands alone. */
static bool is_notify(unsigned notify)
{
    const unsigned all = SMAIL_SMTP_NOTIFY_NEVER | SMAIL_SMTP_NOTIFY_SUCCESS |
                         SMAIL_SMTP_NOTIFY_FAILURE | SMAIL_SMTP_NOTIFY_DELAY;

    return (notify & ~all) == 0 && ((notify & SMAIL_SMTP_NOTIFY_NEVER) == 0 ||
                                    notify == SMAIL_SMTP_NOTIFY_NEVER);
}

/* RFC 2852, 4: a time that is over has nothing to return. */
static bool is_by(const smail_smtp_mail *mail)
{
    switch (mail->by_mode) {
    case SMAIL_SMTP_BY_UNSAID:
        return true;
    case SMAIL_SMTP_BY_RETURN:
        return mail->by_time > 0 && mail->by_time <= SECONDS_MAX;
    case SMAIL_SMTP_BY_NOTIFY:
        return mail->by_time >= -SECONDS_MAX && mail->by_time <= SECONDS_MAX;
    default:
        return false;
    }
}

static bool is_mail(const smail_smtp_mail *mail)
{
    return (unsigned)mail->body <= SMAIL_SMTP_BODY_BINARYMIME &&
           (unsigned)mail->ret <= SMAIL_SMTP_RET_HDRS && is_auth(mail->auth) &&
           is_envelope_id(mail->envelope_id) && is_by(mail) &&
           mail->hold_for <= SECONDS_MAX && mail->hold_until >= 0 &&
           (mail->hold_for == 0 || mail->hold_until == 0) &&
           mail->priority >= -PRIORITY_MAX && mail->priority <= PRIORITY_MAX;
}

/* --- does the server take it? --------------------------------------------- */

static smail_smtp_obstacle_type check_body(const smail_smtp_client *session,
                                           const smail_smtp_mail *mail)
{
    const smail_smtp_offer *offer = &session->offer.is;

    if (offer->max_size > 0 && mail->size > offer->max_size)
        return SMAIL_SMTP_OBSTACLE_SIZE;
    if (mail->body == SMAIL_SMTP_BODY_8BITMIME && !offer->eight_bit)
        return SMAIL_SMTP_OBSTACLE_8BITMIME;
    if (mail->body == SMAIL_SMTP_BODY_BINARYMIME &&
        (!offer->binary || !smail__client_is_chunking(session)))
        return SMAIL_SMTP_OBSTACLE_BINARYMIME;
    return SMAIL_SMTP_OBSTACLE_NONE;
}

static bool is_held_too_long(const smail_smtp_offer *offer,
                             const smail_smtp_mail *mail)
{
    if (mail->hold_for == 0 && mail->hold_until == 0)
        return false;
    if (!offer->future_release)
        return true;
    return (offer->max_hold > 0 && mail->hold_for > offer->max_hold) ||
           (offer->max_hold_until > 0 &&
            mail->hold_until > offer->max_hold_until);
}

/* RFC 2852, 4: only a mail that is to be returned has to be in time. */
static bool is_promised(const smail_smtp_offer *offer,
                        const smail_smtp_mail *mail)
{
    return mail->by_mode != SMAIL_SMTP_BY_RETURN ||
           (offer->deliver_by && (uint32_t)mail->by_time >= offer->min_by);
}

static smail_smtp_obstacle_type check_mail(const smail_smtp_client *session,
                                           const smail_smtp_mail *mail)
{
    const smail_smtp_offer *offer = &session->offer.is;

    if (offer->max_mails > 0 && session->mails >= offer->max_mails)
        return SMAIL_SMTP_OBSTACLE_MAILS;
    /* RFC 8689, 5: a bounce goes out all the same. */
    if (mail->require_tls && !smail__client_promises_tls(session) &&
        !smail_path_is_null(&mail->sender))
        return SMAIL_SMTP_OBSTACLE_REQUIRETLS;
    if (is_held_too_long(offer, mail))
        return SMAIL_SMTP_OBSTACLE_FUTURERELEASE;
    if (!is_promised(offer, mail))
        return SMAIL_SMTP_OBSTACLE_DELIVERBY;
    return check_body(session, mail);
}

/* RFC 9422, 4.3. Few domains are quick to find again, many are over soon. */
static bool is_over_domains(const smail_smtp_envelope *envelope, size_t max)
{
    size_t domains = 0;

    for (size_t i = 0; i < envelope->count; i++) {
        smail_span domain =
            smail__client_recipient(envelope, i).recipient.domain;
        size_t before = 0;

        while (before < i &&
               !smail__span_iequal(
                   domain,
                   smail__client_recipient(envelope, before).recipient.domain))
            before++;
        if (before == i && ++domains > max)
            return true;
    }
    return false;
}

static smail_smtp_obstacle_type check_count(const smail_smtp_offer *offer,
                                            const smail_smtp_envelope *envelope)
{
    if (envelope->count > SMAIL_SMTP_RECIPIENTS_MAX ||
        (offer->max_recipients > 0 && envelope->count > offer->max_recipients))
        return SMAIL_SMTP_OBSTACLE_RECIPIENTS;
    if (offer->max_domains > 0 && envelope->count > offer->max_domains &&
        is_over_domains(envelope, offer->max_domains))
        return SMAIL_SMTP_OBSTACLE_DOMAINS;
    return SMAIL_SMTP_OBSTACLE_NONE;
}

/* --- all of it ------------------------------------------------------------ */

static smail_smtp_obstacle_type check_recipient(const smail_smtp_rcpt *rcpt,
                                                bool utf8)
{
    if (!smail__client_is_path(&rcpt->recipient, SMAIL__ADDRESS_FORWARD))
        return SMAIL_SMTP_OBSTACLE_ADDRESS;
    if (!is_notify(rcpt->notify) ||
        !is_orcpt(rcpt->orcpt_type, rcpt->orcpt_address))
        return SMAIL_SMTP_OBSTACLE_PARAMETER;
    if (!utf8 && !smail__client_is_ascii(&rcpt->recipient))
        return SMAIL_SMTP_OBSTACLE_SMTPUTF8;
    return SMAIL_SMTP_OBSTACLE_NONE;
}

static smail_smtp_obstacle_type check_sender(const smail_smtp_mail *mail,
                                             bool utf8)
{
    if (!smail__client_is_path(&mail->sender, SMAIL__ADDRESS_REVERSE))
        return SMAIL_SMTP_OBSTACLE_ADDRESS;
    if (!is_mail(mail))
        return SMAIL_SMTP_OBSTACLE_PARAMETER;
    if (!utf8 && (mail->smtputf8 || !smail__client_is_ascii(&mail->sender)))
        return SMAIL_SMTP_OBSTACLE_SMTPUTF8;
    return SMAIL_SMTP_OBSTACLE_NONE;
}

/* RFC 6531, 3.1: who offers SMTPUTF8 has to offer 8BITMIME. */
static bool takes_utf8(const smail_smtp_client *session)
{
    return session->offer.is.utf8 && session->offer.is.eight_bit;
}

static smail_smtp_obstacle_type find_obstacle(
    size_t *recipient, const smail_smtp_client *session,
    const smail_smtp_envelope *envelope, const smail_smtp_mail *mail)
{
    bool utf8 = takes_utf8(session);
    smail_smtp_obstacle_type type = check_sender(mail, utf8);

    *recipient = NOBODY;
    if (type == SMAIL_SMTP_OBSTACLE_NONE)
        type = check_mail(session, mail);
    if (type == SMAIL_SMTP_OBSTACLE_NONE)
        type = check_count(&session->offer.is, envelope);
    for (size_t i = 0; i < envelope->count && type == SMAIL_SMTP_OBSTACLE_NONE;
         i++) {
        smail_smtp_rcpt rcpt = smail__client_recipient(envelope, i);

        type = check_recipient(&rcpt, utf8);
        *recipient = type == SMAIL_SMTP_OBSTACLE_NONE ? NOBODY : i;
    }
    return type;
}

int smail__client_check(smail_smtp_client *session,
                        const smail_smtp_envelope *envelope)
{
    smail_smtp_mail mail = smail__client_mail_of(envelope);
    smail_smtp_obstacle_type type = SMAIL_SMTP_OBSTACLE_PARAMETER;
    size_t recipient = NOBODY;

    if (envelope->size >= offsetof(smail_smtp_envelope, mail) &&
        envelope->recipient_size > 0 && envelope->count > 0)
        type = find_obstacle(&recipient, session, envelope, &mail);
    block(&session->obstacle, type, recipient);
    /* RFC 6531, 3.5: it is the headers then, not an address. */
    if (type == SMAIL_SMTP_OBSTACLE_SMTPUTF8 && recipient == NOBODY &&
        smail__client_is_ascii(&mail.sender)) {
        session->obstacle.code = 554;
        session->obstacle.status = "5.6.9";
        session->obstacle.text = "The message has UTF-8 headers, which the "
                                 "next server does not take";
    }
    return verdicts[type].error;
}
