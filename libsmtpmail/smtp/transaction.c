/* SPDX-License-Identifier: MIT */
/* smtp/transaction.c - one mail on its way in (RFC 5321, 3.3). */
#include "smtp/transaction.h"

#include <assert.h>
#include <string.h>

#include <smtpmail/error.h>

#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "smtp/reply.h"

void smail__transaction_init(struct smail__transaction *mail,
                             const smail_mem *mem)
{
    *mail = (struct smail__transaction){ .mem = mem };
    smail__buf_init(&mail->domains, SIZE_MAX / 2, mem);
}

void smail__transaction_clear(struct smail__transaction *mail)
{
    if (mail->verdicts != NULL)
        for (size_t i = 0; i < mail->recipients; i++)
            smail__mem_free(mail->mem, mail->verdicts[i].text);
    smail__mem_free(mail->mem, mail->verdicts);
    smail__buf_dispose(&mail->domains);
    smail__transaction_init(mail, mail->mem);
}

/* True if a line within `chunk`, or the one it leaves open, is over `max`. */
static bool count_lines(struct smail__transaction *mail, smail_span chunk,
                        size_t max)
{
    while (chunk.len > 0) {
        size_t len = smail__span_find(chunk, '\n');
        bool ends = len < chunk.len;

        mail->line_len += ends ? len + 1 : len;
        if (mail->line_len > max)
            return true;
        if (ends)
            mail->line_len = 0;
        chunk = smail__span_from(chunk, len + 1);
    }
    return false;
}

enum smail__refusal smail__transaction_count(
    struct smail__transaction *mail, smail_span chunk,
    const struct smail__transaction_limits *limits)
{
    /* The limit that is met first is named, however the content was cut up. */
    uint64_t left = limits->size > 0 ? limits->size - mail->size : UINT64_MAX;
    bool over = chunk.len > left;

    mail->size += chunk.len;
    if (over)
        chunk.len = (size_t)left;
    if (limits->text_line > 0 && count_lines(mail, chunk, limits->text_line))
        return SMAIL__REFUSAL_LINE;
    if (over)
        return SMAIL__REFUSAL_SIZE;
    return SMAIL__REFUSAL_NONE;
}

static bool knows(const struct smail__transaction *mail, smail_span domain)
{
    smail_span rest = { mail->domains.data, mail->domains.len };

    while (rest.len > 0)
        if (smail__span_iequal(smail__span_cut(&rest, '\n'), domain))
            return true;
    return domain.len == 0; /* <postmaster> is at home everywhere */
}

int smail__transaction_make_room(struct smail__transaction *mail,
                                 smail_span domain, uint32_t max)
{
    if (knows(mail, domain))
        return 0;
    if (mail->domain_count >= max)
        return SMAIL_ELIMIT;
    return smail__buf_reserve(&mail->domains, domain.len + 1);
}

void smail__transaction_add_domain(struct smail__transaction *mail,
                                   smail_span domain)
{
    if (knows(mail, domain))
        return;
    smail__buf_append(&mail->domains, domain);
    smail__buf_putc(&mail->domains, '\n');
    mail->domain_count++;
}

int smail__transaction_settle(struct smail__transaction *mail, size_t index,
                              int code, const char *status, const char *text)
{
    struct smail__verdict *verdict;
    smail_span words = smail__span(text);
    char *copy;

    assert(index < mail->recipients);
    if (mail->verdicts == NULL)
        mail->verdicts = smail__mem_alloc(
            mail->mem, mail->recipients * sizeof(*mail->verdicts));
    if (mail->verdicts == NULL)
        return SMAIL_ENOMEM;
    words.len =
        words.len < SMAIL__REPLY_LINE_MAX ? words.len : SMAIL__REPLY_LINE_MAX;
    copy = smail__mem_alloc(mail->mem, words.len + 1);
    if (copy == NULL)
        return SMAIL_ENOMEM;
    if (words.len > 0)
        memcpy(copy, words.data, words.len);

    verdict = &mail->verdicts[index];
    smail__mem_free(mail->mem, verdict->text);
    verdict->code = code;
    verdict->text = copy;
    (void)smail__format(verdict->status, sizeof(verdict->status), "%s", status);
    return 0;
}
