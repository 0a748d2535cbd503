/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_offer.c - what a server offers (RFC 5321, 4.1.1.1): one keyword
 * a line, in any case, and its parameters.
 */
#include "smtp/client_offer.h"

#include <smtpmail/error.h>

#include "base/date.h"
#include "base/span.h"
#include "smtp/auth.h"
#include "smtp/extension.h"

/* What one list of words may hold; more is left out. */
#define WORDS_MAX 4096

/* RFC 9422, 4 and RFC 4865, 4 count with six and nine digits. */
#define LIMIT_DIGITS 6
#define SECONDS_DIGITS 9

typedef struct smail__client_offer offer_t;

void smail__client_offer_init(struct smail__client_offer *offer,
                              const smail_mem *mem)
{
    *offer = (struct smail__client_offer){ .is = { .extended = false } };
    smail__buf_init(&offer->mechanisms, WORDS_MAX, mem);
    smail__buf_init(&offer->xclient, WORDS_MAX, mem);
    smail__buf_init(&offer->profile, WORDS_MAX, mem);
    smail__client_offer_clear(offer);
}

void smail__client_offer_dispose(struct smail__client_offer *offer)
{
    smail__buf_dispose(&offer->mechanisms);
    smail__buf_dispose(&offer->xclient);
    smail__buf_dispose(&offer->profile);
}

void smail__client_offer_clear(struct smail__client_offer *offer)
{
    const smail_span none = SMAIL__SPAN("");

    offer->is = (smail_smtp_offer){
        .mechanisms = none,
        .priority_profile = none,
        .xclient_attributes = none,
    };
    smail__buf_clear(&offer->mechanisms);
    smail__buf_clear(&offer->xclient);
    smail__buf_clear(&offer->profile);
}

/* --- parameters ----------------------------------------------------------- */

/* A name of letters, digits, hyphens and underscores (RFC 4422, 3.1). */
static bool is_word(smail_span word, size_t max)
{
    if (word.len == 0 || word.len > max)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (!smail__is_alnum(word.data[i]) && word.data[i] != '-' &&
            word.data[i] != '_')
            return false;
    return true;
}

/* Add what is not yet there, in upper case; what does not fit stays out. */
static void add_words(struct smail__buf *words, smail_span text, size_t max)
{
    while (text.len > 0) {
        smail_span word = smail__span_cut(&text, ' ');

        if (!is_word(word, max) || word.len + 1 > words->max - words->len ||
            (words->len > 0 && smail__auth_find(words->data, word).len > 0))
            continue;
        if (words->len > 0)
            smail__buf_putc(words, ' ');
        for (size_t i = 0; i < word.len; i++)
            smail__buf_putc(words, smail__upper(word.data[i]));
    }
}

/* At most `digits` of them, else 0. */
static uint32_t read_number(smail_span text, size_t digits)
{
    uint64_t value;

    if (text.len > digits || smail__span_number(&value, text) != 0)
        return 0;
    return (uint32_t)value;
}

static void read_size(offer_t *offer, smail_span text)
{
    if (smail__span_number(&offer->is.max_size, text) != 0)
        offer->is.max_size = 0;
}

static void read_auth(offer_t *offer, smail_span text)
{
    add_words(&offer->mechanisms, text, SMAIL__AUTH_MECHANISM_MAX);
}

static void read_xclient(offer_t *offer, smail_span text)
{
    add_words(&offer->xclient, text, SMAIL__AUTH_MECHANISM_MAX);
}

/* RFC 4865, 4: the longest time to come, in seconds and as a date. */
static void read_future_release(offer_t *offer, smail_span text)
{
    offer->is.max_hold =
        read_number(smail__span_cut(&text, ' '), SECONDS_DIGITS);
    if (smail__date_parse_rfc3339(&offer->is.max_hold_until, text) != 0)
        offer->is.max_hold_until = 0;
}

/* RFC 2852, 2: tokens may follow behind commas. */
static void read_deliver_by(offer_t *offer, smail_span text)
{
    offer->is.min_by = read_number(smail__span_cut(&text, ','), SECONDS_DIGITS);
}

static void read_priority(offer_t *offer, smail_span text)
{
    smail__buf_clear(&offer->profile);
    add_words(&offer->profile, smail__span_cut(&text, ' '), WORDS_MAX);
}

/* RFC 9422, 3: words of name=value; unknown names are passed over. */
static void read_limits(offer_t *offer, smail_span text)
{
    while (text.len > 0) {
        smail_span value = smail__span_cut(&text, ' ');
        smail_span name = smail__span_cut(&value, '=');

        if (smail__span_iis(name, "MAILMAX"))
            offer->is.max_mails = read_number(value, LIMIT_DIGITS);
        else if (smail__span_iis(name, "RCPTMAX"))
            offer->is.max_recipients = read_number(value, LIMIT_DIGITS);
        else if (smail__span_iis(name, "RCPTDOMAINMAX"))
            offer->is.max_domains = read_number(value, LIMIT_DIGITS);
    }
}

/* --- extensions ------------------------------------------------------------- */

#define FLAG(name) offsetof(smail_smtp_offer, name)

static const struct extension {
    enum smail__extension bit;
    size_t flag; /* where in smail_smtp_offer its bool stands */
    void (*read)(offer_t *offer, smail_span parameters); /* or NULL */
} extensions[] = {
    { SMAIL__EXTENSION_PIPELINING, FLAG(pipelining), NULL },
    { SMAIL__EXTENSION_ENHANCEDSTATUSCODES, FLAG(enhanced_codes), NULL },
    { SMAIL__EXTENSION_STARTTLS, FLAG(starttls), NULL },
    { SMAIL__EXTENSION_AUTH, FLAG(auth), read_auth },
    { SMAIL__EXTENSION_SIZE, FLAG(size), read_size },
    { SMAIL__EXTENSION_8BITMIME, FLAG(eight_bit), NULL },
    { SMAIL__EXTENSION_CHUNKING, FLAG(chunking), NULL },
    { SMAIL__EXTENSION_BINARYMIME, FLAG(binary), NULL },
    { SMAIL__EXTENSION_DSN, FLAG(dsn), NULL },
    { SMAIL__EXTENSION_SMTPUTF8, FLAG(utf8), NULL },
    { SMAIL__EXTENSION_REQUIRETLS, FLAG(requiretls), NULL },
    { SMAIL__EXTENSION_FUTURERELEASE, FLAG(future_release),
      read_future_release },
    { SMAIL__EXTENSION_DELIVERBY, FLAG(deliver_by), read_deliver_by },
    { SMAIL__EXTENSION_MT_PRIORITY, FLAG(priority), read_priority },
    { SMAIL__EXTENSION_LIMITS, FLAG(limits), read_limits },
    { SMAIL__EXTENSION_XCLIENT, FLAG(xclient), read_xclient },
};

static void read_line(offer_t *offer, smail_span line)
{
    const size_t count = sizeof(extensions) / sizeof(extensions[0]);
    smail_span parameters;
    unsigned bit;

    /* "AUTH=LOGIN" is how it was written before there was a standard. */
    if (smail__span_istarts(line, "AUTH=")) {
        parameters = smail__span_from(line, 5);
        bit = SMAIL__EXTENSION_AUTH;
    } else {
        bit = smail__extension_read(&parameters, line);
    }
    for (size_t i = 0; i < count; i++) {
        if (extensions[i].bit != bit)
            continue;
        *(bool *)((char *)&offer->is + extensions[i].flag) = true;
        if (extensions[i].read != NULL)
            extensions[i].read(offer, parameters);
    }
}

static smail_span words_of(const struct smail__buf *words)
{
    return words->len > 0 ? smail__buf_span(words) : SMAIL__SPAN("");
}

int smail__client_offer_read(struct smail__client_offer *offer, smail_span text)
{
    smail__client_offer_clear(offer);
    offer->is.extended = true;
    (void)smail__span_cut(&text, '\n'); /* its name and greeting */
    while (text.len > 0)
        read_line(offer, smail__span_cut(&text, '\n'));
    offer->is.mechanisms = words_of(&offer->mechanisms);
    offer->is.xclient_attributes = words_of(&offer->xclient);
    offer->is.priority_profile = words_of(&offer->profile);
    if (smail__buf_error(&offer->mechanisms) != 0 ||
        smail__buf_error(&offer->xclient) != 0 ||
        smail__buf_error(&offer->profile) != 0)
        return SMAIL_ENOMEM;
    return 0;
}
