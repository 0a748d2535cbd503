/* SPDX-License-Identifier: MIT */
/*
 * smtp/extension.c - the reply to EHLO (RFC 5321, 4.1.1.1), and how much
 * longer each extension makes a command (RFC 5321, 4.5.3.1.4).
 *
 * To MAIL, SIZE adds 26 octets (RFC 1870, 3), BODY 17 (RFC 6152, 2) and AUTH
 * 500 (RFC 4954, 3); these three are always allowed for. DSN is counted from
 * the longest RET and ENVID, NOTIFY and ORCPT (RFC 3461, 4).
 */
#include "smtp/extension.h"

#include "base/date.h"
#include "base/span.h"
#include "smtp/reply.h"

/* Two names and a log-in of 255 octets, two addresses. */
#define XCLIENT_EXTRA 1024

static const struct {
    const char *keyword;
    enum smail__extension bit;
    unsigned mail; /* what it adds to MAIL, RCPT, and VRFY and EXPN */
    unsigned rcpt;
    unsigned query;
} extensions[] = {
    { "PIPELINING", SMAIL__EXTENSION_PIPELINING, 0, 0, 0 },
    { "SIZE", SMAIL__EXTENSION_SIZE, 0, 0, 0 },
    { "8BITMIME", SMAIL__EXTENSION_8BITMIME, 0, 0, 0 },
    { "VRFY", SMAIL__EXTENSION_VRFY, 0, 0, 0 },
    { "EXPN", SMAIL__EXTENSION_EXPN, 0, 0, 0 },
    { "STARTTLS", SMAIL__EXTENSION_STARTTLS, 0, 0, 0 },
    { "AUTH", SMAIL__EXTENSION_AUTH, 0, 0, 0 },
    { "ENHANCEDSTATUSCODES", SMAIL__EXTENSION_ENHANCEDSTATUSCODES, 0, 0, 0 },
    { "DSN", SMAIL__EXTENSION_DSN, 9 + 107, 29 + 507, 0 },
    { "SMTPUTF8", SMAIL__EXTENSION_SMTPUTF8, 10, 0, 10 },
    { "CHUNKING", SMAIL__EXTENSION_CHUNKING, 0, 0, 0 },
    { "BINARYMIME", SMAIL__EXTENSION_BINARYMIME, 16, 0, 0 },
    { "DELIVERBY", SMAIL__EXTENSION_DELIVERBY, 17, 0, 0 },
    { "FUTURERELEASE", SMAIL__EXTENSION_FUTURERELEASE, 34, 0, 0 },
    { "MT-PRIORITY", SMAIL__EXTENSION_MT_PRIORITY, 15, 0, 0 },
    { "REQUIRETLS", SMAIL__EXTENSION_REQUIRETLS, 11, 0, 0 },
    { "LIMITS", SMAIL__EXTENSION_LIMITS, 0, 0, 0 },
    { "XCLIENT", SMAIL__EXTENSION_XCLIENT, 0, 0, 0 },
};

#define EXTENSIONS (sizeof(extensions) / sizeof(extensions[0]))

static void put_limit(struct smail__buf *out, const char *name, uint32_t value)
{
    if (value > 0)
        smail__buf_printf(out, " %s=%u", name, value);
}

/* RFC 4865, 4: the longest interval, then the latest date. */
static void put_release(struct smail__buf *out,
                        const struct smail__extensions *offered)
{
    char date[SMAIL__DATE_MAX];

    smail__date_rfc3339(date, offered->max_future_release_date);
    smail__buf_printf(out, " %u %s", offered->max_future_release, date);
}

static void put_parameters(struct smail__buf *out, unsigned bit,
                           const struct smail__extensions *offered)
{
    switch (bit) {
    case SMAIL__EXTENSION_SIZE:
        smail__buf_printf(out, " %llu", (unsigned long long)offered->size);
        break;
    case SMAIL__EXTENSION_AUTH:
        smail__buf_printf(out, " %s", offered->mechanisms);
        break;
    case SMAIL__EXTENSION_DELIVERBY: /* RFC 2852, 2 */
        if (offered->min_deliver_by > 0)
            smail__buf_printf(out, " %u", offered->min_deliver_by);
        break;
    case SMAIL__EXTENSION_FUTURERELEASE:
        put_release(out, offered);
        break;
    case SMAIL__EXTENSION_MT_PRIORITY: /* RFC 6710, 3 */
        if (offered->mt_priority_profile != NULL)
            smail__buf_printf(out, " %s", offered->mt_priority_profile);
        break;
    case SMAIL__EXTENSION_LIMITS: /* RFC 9422, 3 */
        put_limit(out, "MAILMAX", offered->max_mails);
        put_limit(out, "RCPTMAX", offered->max_recipients);
        put_limit(out, "RCPTDOMAINMAX", offered->max_recipient_domains);
        break;
    case SMAIL__EXTENSION_XCLIENT:
        smail__buf_puts(out,
                        " NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
        break;
    default:
        break;
    }
}

/* Which extension comes next: the hyphen behind 250 says that one does. */
static size_t next_offered(size_t from, unsigned set)
{
    while (from < EXTENSIONS && (set & extensions[from].bit) == 0)
        from++;
    return from;
}

void smail__extension_put(struct smail__buf *out, smail_span first_line,
                          const struct smail__extensions *offered)
{
    size_t start = out->len;
    size_t next = next_offered(0, offered->set);

    smail__buf_printf(out, "250%c", next < EXTENSIONS ? '-' : ' ');
    smail__reply_put_printable(out, first_line);
    smail__buf_puts(out, "\r\n");
    while (next < EXTENSIONS) {
        size_t i = next;

        next = next_offered(i + 1, offered->set);
        smail__buf_printf(out, "250%c%s", next < EXTENSIONS ? '-' : ' ',
                          extensions[i].keyword);
        put_parameters(out, extensions[i].bit, offered);
        smail__buf_puts(out, "\r\n");
    }
    if (smail__buf_error(out) != 0)
        smail__buf_truncate(out, start);
}

unsigned smail__extension_read(smail_span *parameters, smail_span line)
{
    smail_span keyword = smail__span_cut(&line, ' ');

    *parameters = smail__span_trim(line);
    for (size_t i = 0; i < EXTENSIONS; i++)
        if (smail__span_iis(keyword, extensions[i].keyword))
            return extensions[i].bit;
    return 0;
}

size_t smail__extension_extra(unsigned set, enum smail__verb verb)
{
    size_t extra = verb == SMAIL__VERB_MAIL ? 26 + 17 + 500 : 0;

    if (verb == SMAIL__VERB_XCLIENT && (set & SMAIL__EXTENSION_XCLIENT) != 0)
        return XCLIENT_EXTRA;
    for (size_t i = 0; i < EXTENSIONS; i++) {
        if ((set & extensions[i].bit) == 0)
            continue;
        if (verb == SMAIL__VERB_MAIL)
            extra += extensions[i].mail;
        else if (verb == SMAIL__VERB_RCPT)
            extra += extensions[i].rcpt;
        else if (verb == SMAIL__VERB_VRFY || verb == SMAIL__VERB_EXPN)
            extra += extensions[i].query;
    }
    return extra;
}
