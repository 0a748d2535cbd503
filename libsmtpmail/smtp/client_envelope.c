/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_envelope.c - writing MAIL and RCPT (RFC 5321, 4.1.1.2 and
 * 4.1.1.3) with the parameters of each extension that is offered.
 */
#include "smtp/client_envelope.h"

#include <string.h>

#include "base/date.h"
#include "base/span.h"
#include "base/utf8.h"

smail_smtp_mail smail__client_mail_of(const smail_smtp_envelope *envelope)
{
    const size_t start = offsetof(smail_smtp_envelope, mail);
    smail_smtp_mail mail;
    size_t len = 0;

    memset(&mail, 0, sizeof(mail));
    if (envelope->size > start)
        len = envelope->size - start;
    memcpy(&mail, &envelope->mail, len < sizeof(mail) ? len : sizeof(mail));
    return mail;
}

smail_smtp_rcpt smail__client_recipient(const smail_smtp_envelope *envelope,
                                        size_t index)
{
    const size_t size = envelope->recipient_size;
    smail_smtp_rcpt rcpt;

    memset(&rcpt, 0, sizeof(rcpt));
    memcpy(&rcpt, (const char *)envelope->recipients + index * size,
           size < sizeof(rcpt) ? size : sizeof(rcpt));
    return rcpt;
}

/* --- paths ---------------------------------------------------------------- */

static void put_path(struct smail__buf *out, const smail_path *path)
{
    smail__buf_putc(out, '<');
    smail__buf_append(out, path->local);
    if (path->domain.len > 0)
        smail__buf_putc(out, '@');
    smail__buf_append(out, path->domain);
    smail__buf_putc(out, '>');
}

/* A path must not be able to end the line or to carry parameters. */
bool smail__client_is_path(const smail_path *path,
                           enum smail__address_kind kind)
{
    char text[SMAIL_PATH_MAX];
    size_t len = path->local.len + path->domain.len;
    size_t at = path->domain.len > 0;
    smail_path parsed;
    smail_span all;

    if (path->local.len > sizeof(text) || path->domain.len > sizeof(text) ||
        len + at + 2 > sizeof(text))
        return false;
    text[0] = '<';
    if (path->local.len > 0)
        memcpy(text + 1, path->local.data, path->local.len);
    text[1 + path->local.len] = '@';
    if (path->domain.len > 0)
        memcpy(text + 2 + path->local.len, path->domain.data, path->domain.len);
    text[1 + len + at] = '>';
    all = (smail_span){ text, len + at + 2 };
    return smail__address_take(&parsed, &all, kind, true) ==
               SMAIL__ADDRESS_FINE &&
           all.len == 0 && parsed.local.len == path->local.len &&
           parsed.domain.len == path->domain.len;
}

bool smail__client_is_ascii(const smail_path *path)
{
    return smail__is_ascii(path->local) && smail__is_ascii(path->domain);
}

bool smail__client_promises_tls(const smail_smtp_client *session)
{
    return session->offer.is.requiretls && session->secured;
}

/* --- values --------------------------------------------------------------- */

/* RFC 3461, 4: what stands for itself in xtext. */
static bool is_xchar(char byte)
{
    return byte > ' ' && byte <= '~' && byte != '+' && byte != '=';
}

size_t smail__client_xtext_len(smail_span text)
{
    size_t len = text.len;

    for (size_t i = 0; i < text.len; i++)
        len += is_xchar(text.data[i]) ? 0 : 2;
    return len;
}

static void put_xtext(struct smail__buf *out, smail_span text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (is_xchar(text.data[i])) {
            smail__buf_putc(out, text.data[i]);
            continue;
        }
        smail__buf_putc(out, '+');
        smail__buf_putc(out, digits[byte >> 4]);
        smail__buf_putc(out, digits[byte & 15]);
    }
}

/* RFC 6533, 3: QCHAR, and beyond ASCII whole characters if `utf8`. */
static void put_unitext(struct smail__buf *out, smail_span text, bool utf8)
{
    while (text.len > 0) {
        uint32_t code_point = 0;
        size_t len = smail__utf8_next(&code_point, text);

        if (len == 0)
            return; /* was refused before */
        if (len > 1 ? utf8 : is_xchar(text.data[0]) && text.data[0] != '\\') {
            smail__buf_append(out, smail__span_slice(text, 0, len));
        } else {
            char hex[12];
            size_t digits =
                smail__format(hex, sizeof(hex), "%x", (unsigned)code_point);

            smail__buf_puts(out, "\\x{");
            for (size_t i = 0; i < digits; i++)
                smail__buf_putc(out, smail__upper(hex[i]));
            smail__buf_putc(out, '}');
        }
        text = smail__span_from(text, len);
    }
}

/* `\x{10FFFF}` is the longest way to write one character. */
size_t smail__client_orcpt_len(bool utf8, smail_span address)
{
    size_t len = 0;

    if (!utf8)
        return smail__client_xtext_len(address);
    while (address.len > 0) {
        uint32_t code_point;
        size_t one = smail__utf8_next(&code_point, address);

        if (one == 0)
            return SIZE_MAX / 2; /* no UTF-8 */
        if (one == 1 && is_xchar(address.data[0]) && address.data[0] != '\\')
            len++;
        else
            len += one == 1 ? 6 : one == 2 ? 7 : one == 3 ? 8 : 10;
        address = smail__span_from(address, one);
    }
    return len;
}

static void put_notify(struct smail__buf *out, unsigned notify)
{
    static const struct {
        smail_smtp_notify bit;
        const char *name;
    } names[] = {
        { SMAIL_SMTP_NOTIFY_NEVER, "NEVER" },
        { SMAIL_SMTP_NOTIFY_SUCCESS, "SUCCESS" },
        { SMAIL_SMTP_NOTIFY_FAILURE, "FAILURE" },
        { SMAIL_SMTP_NOTIFY_DELAY, "DELAY" },
    };
    const char *between = " NOTIFY=";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((notify & names[i].bit) == 0)
            continue;
        smail__buf_puts(out, between);
        smail__buf_puts(out, names[i].name);
        between = ",";
    }
}

static void put_orcpt(struct smail__buf *out, const smail_smtp_rcpt *rcpt,
                      bool utf8)
{
    if (rcpt->orcpt_type.len == 0)
        return;
    smail__buf_puts(out, " ORCPT=");
    smail__buf_append(out, rcpt->orcpt_type);
    smail__buf_putc(out, ';');
    if (smail__span_iis(rcpt->orcpt_type, "utf-8"))
        put_unitext(out, rcpt->orcpt_address, utf8);
    else
        put_xtext(out, rcpt->orcpt_address);
}

/* --- parameters of MAIL --------------------------------------------------- */

/* RFC 4865, 5 and RFC 2852, 4. */
static void put_times(struct smail__buf *out, const smail_smtp_offer *offer,
                      const smail_smtp_mail *mail)
{
    if (mail->hold_for > 0)
        smail__buf_printf(out, " HOLDFOR=%u", (unsigned)mail->hold_for);
    if (mail->hold_until > 0) {
        char date[SMAIL__DATE_MAX];

        smail__date_rfc3339(date, mail->hold_until);
        smail__buf_printf(out, " HOLDUNTIL=%s", date);
    }
    if (mail->by_mode != SMAIL_SMTP_BY_UNSAID && offer->deliver_by)
        smail__buf_printf(out, " BY=%d;%c%s", (int)mail->by_time,
                          mail->by_mode == SMAIL_SMTP_BY_RETURN ? 'R' : 'N',
                          mail->by_trace ? "T" : "");
}

/* RFC 3461, 4.3 and 4.4. */
static void put_dsn(struct smail__buf *out, const smail_smtp_mail *mail)
{
    if (mail->ret != SMAIL_SMTP_RET_UNSAID)
        smail__buf_puts(out, mail->ret == SMAIL_SMTP_RET_FULL ? " RET=FULL"
                                                              : " RET=HDRS");
    if (mail->envelope_id.len > 0) {
        smail__buf_puts(out, " ENVID=");
        put_xtext(out, mail->envelope_id);
    }
}

/* RFC 6152, 2 and RFC 3030, 3. That the mail is 7BIT needs no word. */
static void put_body(struct smail__buf *out, smail_smtp_body_type body)
{
    if (body == SMAIL_SMTP_BODY_8BITMIME)
        smail__buf_puts(out, " BODY=8BITMIME");
    if (body == SMAIL_SMTP_BODY_BINARYMIME)
        smail__buf_puts(out, " BODY=BINARYMIME");
}

static void put_mail(struct smail__buf *out, const smail_smtp_client *session,
                     const smail_smtp_mail *mail, bool utf8)
{
    const smail_smtp_offer *offer = &session->offer.is;

    smail__buf_puts(out, "MAIL FROM:");
    put_path(out, &mail->sender);
    if (mail->size > 0 && offer->size)
        smail__buf_printf(out, " SIZE=%llu", (unsigned long long)mail->size);
    put_body(out, mail->body);
    if (utf8)
        smail__buf_puts(out, " SMTPUTF8");
    if (mail->auth.len > 0 && offer->auth) {
        smail__buf_puts(out, " AUTH=");
        put_xtext(out, mail->auth);
    }
    if (mail->require_tls && smail__client_promises_tls(session))
        smail__buf_puts(out, " REQUIRETLS");
    if (offer->dsn)
        put_dsn(out, mail);
    put_times(out, offer, mail);
    if ((mail->has_priority || mail->priority != 0) && offer->priority)
        smail__buf_printf(out, " MT-PRIORITY=%d", mail->priority);
    smail__buf_puts(out, "\r\n");
}

static void put_rcpt(struct smail__buf *out, const smail_smtp_offer *offer,
                     const smail_smtp_rcpt *rcpt, bool utf8)
{
    smail__buf_puts(out, "RCPT TO:");
    put_path(out, &rcpt->recipient);
    if (offer->dsn) {
        put_notify(out, rcpt->notify);
        put_orcpt(out, rcpt, utf8);
    }
    smail__buf_puts(out, "\r\n");
}

/* RFC 6531, 3.4: said where it is needed, and nowhere else. */
static bool needs_utf8(const smail_smtp_envelope *envelope,
                       const smail_smtp_mail *mail)
{
    if (mail->smtputf8 || !smail__client_is_ascii(&mail->sender))
        return true;
    for (size_t i = 0; i < envelope->count; i++) {
        smail_smtp_rcpt rcpt = smail__client_recipient(envelope, i);

        if (!smail__client_is_ascii(&rcpt.recipient))
            return true;
    }
    return false;
}

smail_smtp_body_type smail__client_put_envelope(
    struct smail__buf *out, const smail_smtp_client *session,
    const smail_smtp_envelope *envelope)
{
    smail_smtp_mail mail = smail__client_mail_of(envelope);
    bool utf8 = needs_utf8(envelope, &mail);

    /* RFC 6531, 3.6: SMTPUTF8 goes with 8BITMIME at least. */
    if (utf8 && mail.body == SMAIL_SMTP_BODY_7BIT)
        mail.body = SMAIL_SMTP_BODY_8BITMIME;
    put_mail(out, session, &mail, utf8);
    for (size_t i = 0; i < envelope->count; i++) {
        smail_smtp_rcpt rcpt = smail__client_recipient(envelope, i);

        put_rcpt(out, &session->offer.is, &rcpt, utf8);
    }
    return mail.body;
}
