/* SPDX-License-Identifier: MIT */
/* verify/domain_check.c - one check after the other, and what they share. */
#include "verify/domain_check.h"

#include "base/base64.h"
#include "base/format.h"
#include "base/span.h"
#include "base/utf8.h"
#include "dns/record.h"
#include "verify/domain_internal.h"

/* Octets of what one check says. */
#define TEXT_MAX ((size_t)65536)

#define STRING_MAX 255 /* RFC 1035, 3.3: <character-string> */
#define TTL 3600       /* of what is to be pasted */

/* --- A check -------------------------------------------------------------- */

struct smail__check *smail__check_begin(struct smail__domain_run *run,
                                        const char *name, const char *type,
                                        const char *owner)
{
    struct smail__domain_check *out = run->out;
    struct smail__check *check = &out->list[out->count];

    /* SMAIL__CHECKS_MAX has room for all; what were too many is the last. */
    if (out->count < SMAIL__CHECKS_MAX - 1)
        out->count++;
    check->name = name;
    check->type = type;
    check->status = SMAIL__CHECK_OK;
    check->found_count = 0;
    smail__format(check->owner, sizeof(check->owner), "%s", owner);
    smail__buf_clear(&check->expected);
    smail__buf_clear(&check->found);
    smail__buf_clear(&check->explanation);
    return check;
}

void smail__check_say(struct smail__check *check,
                      enum smail__check_status status, const char *format, ...)
{
    va_list args;

    if (status > check->status)
        check->status = status;
    if (check->explanation.len > 0)
        smail__buf_putc(&check->explanation, ' ');
    va_start(args, format);
    smail__buf_vprintf(&check->explanation, format, args);
    va_end(args);
}

const struct smail__dns_answer *smail__check_ask(struct smail__domain_run *run,
                                                 struct smail__check *check,
                                                 const char *name,
                                                 enum smail__dns_type type)
{
    const struct smail__dns_answer *answer =
        smail__questions_ask(run->questions, name, type);

    if (answer == NULL || answer->status != SMAIL__DNS_TEMPORARY)
        return answer;
    if (answer->security == SMAIL__DNS_BOGUS)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "The DNSSEC signatures of %s do not hold, so that "
                         "careful hosts see nothing of it: sign the zone "
                         "again, or take its DS record away.",
                         name);
    else
        smail__check_say(check, SMAIL__CHECK_UNKNOWN,
                         "DNS does not say now what %s has of %s (%s): try "
                         "again later.",
                         name, smail__dns_type_name(type), answer->why);
    return NULL;
}

/* --- What to paste -------------------------------------------------------- */

void smail__check_expect(struct smail__check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    smail__buf_vprintf(&check->expected, format, args);
    va_end(args);
    smail__buf_putc(&check->expected, '\n');
}

static void put_quoted(struct smail__buf *out, smail_span text)
{
    smail__buf_putc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            smail__buf_putc(out, '\\');
        smail__buf_putc(out, text.data[i]);
    }
    smail__buf_putc(out, '"');
}

void smail__check_expect_txt(struct smail__check *check, const char *owner,
                             smail_span text)
{
    struct smail__buf *out = &check->expected;
    bool is_long = text.len > STRING_MAX;

    smail__buf_printf(out, "%s. %d IN TXT%s", owner, TTL, is_long ? " (" : "");
    do {
        smail__buf_putc(out, ' ');
        put_quoted(out, smail__span_slice(text, 0, STRING_MAX));
        text = smail__span_from(text, STRING_MAX);
    } while (text.len > 0);
    smail__buf_puts(out, is_long ? " )\n" : "\n");
}

void smail__check_keep(struct smail__check *check, const char *owner,
                       smail_span text)
{
    smail__buf_clear(&check->expected);
    smail__check_expect_txt(check, owner, text);
}

/* --- What is there -------------------------------------------------------- */

/* Lines part the records, so no line end may be in one. */
static void put_clean(struct smail__buf *out, smail_span text)
{
    text = smail__utf8_clip(text, SMAIL__CHECK_RECORD_MAX);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (byte < ' ' || byte == 0x7f)
            smail__buf_printf(out, "\\%03u", byte);
        else
            smail__buf_putc(out, (char)byte);
    }
}

static void put_txt(struct smail__buf *out, smail_span record)
{
    struct smail__buf text;

    smail__buf_init(&text, SMAIL__DNS_RECORD_MAX, NULL);
    if (smail__dns_read_txt(&text, record) == 0)
        put_clean(out, smail__buf_span(&text));
    smail__buf_dispose(&text);
}

static void put_tlsa(struct smail__buf *out, smail_span record)
{
    struct smail__dns_tlsa tlsa;
    char hex[2 * SMAIL__CHECK_RECORD_MAX + 1];

    if (smail__dns_read_tlsa(&tlsa, record) != 0)
        return;
    tlsa.data = smail__span_slice(tlsa.data, 0, SMAIL__CHECK_RECORD_MAX);
    smail__hex_encode(hex, tlsa.data.data, tlsa.data.len);
    smail__buf_printf(out, "%u %u %u %s", tlsa.usage, tlsa.selector,
                      tlsa.matching, hex);
}

static void put_record(struct smail__buf *out, enum smail__dns_type type,
                       smail_span record)
{
    char name[SMAIL__DNS_NAME_ROOM], text[SMAIL__IP_TEXT];
    struct smail__dns_mx mx;
    struct smail__dns_srv srv;
    struct smail__ip ip;

    if (type == SMAIL__DNS_TXT) {
        put_txt(out, record);
    } else if (type == SMAIL__DNS_TLSA) {
        put_tlsa(out, record);
    } else if (type == SMAIL__DNS_MX && smail__dns_read_mx(&mx, record) == 0) {
        smail__buf_printf(out, "%u %s.", mx.preference, mx.host);
    } else if (type == SMAIL__DNS_SRV &&
               smail__dns_read_srv(&srv, record) == 0) {
        smail__buf_printf(out, "%u %u %u %s.", srv.priority, srv.weight,
                          srv.port, srv.host);
    } else if ((type == SMAIL__DNS_A || type == SMAIL__DNS_AAAA) &&
               smail__ip_read(&ip, record) == 0) {
        smail__ip_text(text, &ip);
        smail__buf_puts(out, text);
    } else if (type == SMAIL__DNS_PTR &&
               smail__dns_read_name(name, record) == 0) {
        smail__buf_printf(out, "%s.", name);
    }
}

void smail__check_found(struct smail__check *check, enum smail__dns_type type,
                        smail_span record)
{
    if (check->found_count == SMAIL__CHECK_FOUND_MAX)
        return;
    put_record(&check->found, type, record);
    smail__buf_putc(&check->found, '\n');
    check->found_count++;
}

size_t smail__check_txt(struct smail__buf *out, struct smail__check *check,
                        const struct smail__dns_answer *answer,
                        const char *prefix)
{
    size_t count = 0;

    smail__buf_init(out, SMAIL__DNS_RECORD_MAX, NULL);
    for (size_t i = 0; i < answer->count; i++) {
        struct smail__buf text;
        smail_span span;

        smail__buf_init(&text, SMAIL__DNS_RECORD_MAX, NULL);
        (void)smail__dns_read_txt(&text, answer->records[i]);
        span = smail__buf_span(&text);
        if (smail__span_istarts(span, prefix)) {
            smail__check_found(check, SMAIL__DNS_TXT, answer->records[i]);
            if (count++ == 0)
                smail__buf_append(out, span);
        }
        smail__buf_dispose(&text);
    }
    return count;
}

/* --- All of them ---------------------------------------------------------- */

static void init(struct smail__check *check)
{
    smail__buf_init(&check->expected, TEXT_MAX, NULL);
    smail__buf_init(&check->found, TEXT_MAX, NULL);
    smail__buf_init(&check->explanation, TEXT_MAX, NULL);
}

void smail__domain_check_dispose(struct smail__domain_check *check)
{
    for (size_t i = 0; i < SMAIL__CHECKS_MAX; i++) {
        smail__buf_dispose(&check->list[i].expected);
        smail__buf_dispose(&check->list[i].found);
        smail__buf_dispose(&check->list[i].explanation);
    }
    check->count = 0;
}

static void note_memory(struct smail__domain_run *run)
{
    for (size_t i = 0; i < run->out->count; i++) {
        const struct smail__check *check = &run->out->list[i];

        if (smail__buf_error(&check->expected) == SMAIL_ENOMEM ||
            smail__buf_error(&check->found) == SMAIL_ENOMEM ||
            smail__buf_error(&check->explanation) == SMAIL_ENOMEM)
            run->questions->error = SMAIL_ENOMEM;
    }
}

bool smail__domain_check_evaluate(struct smail__domain_check *out,
                                  struct smail__questions *questions,
                                  const struct smail__domain_facts *facts)
{
    static void (*const checks[])(struct smail__domain_run * run) = {
        smail__check_mx,       smail__check_address,    smail__check_reverse,
        smail__check_spf,      smail__check_dkim,       smail__check_dmarc,
        smail__check_sts,      smail__check_tls_report, smail__check_tlsa,
        smail__check_services,
    };
    struct smail__domain_run run = { out, questions, facts };

    smail__domain_check_dispose(out);
    for (size_t i = 0; i < SMAIL__CHECKS_MAX; i++)
        init(&out->list[i]);
    out->wants_policy = false;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        checks[i](&run);
    note_memory(&run);
    return questions->open == 0;
}
