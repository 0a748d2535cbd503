/* SPDX-License-Identifier: MIT */
/*
 * store/delivery.c - from a header to the columns of a row: unfolded, bounded,
 * not decoded. Runs before the 250 on whatever a stranger sent.
 */
#include "base/error.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "message/header.h"
#include "store/append.h"

/* RFC 5322, 2.1.1: a line has 998 octets, an id must fit in one. */
#define ID_MAX 998

/* RFC 5322, 2.2.3: unfolding drops the line ends. Remembers the place only:
 * the text may move while it grows. */
static smail_span unfold(struct smail__buf *out, smail_span value, size_t max)
{
    smail_span placed = { NULL, out->len };
    size_t room = max;

    value = smail__span_trim(value);
    for (size_t i = 0; i < value.len && room > 0; i++) {
        if (value.data[i] == '\r' || value.data[i] == '\n')
            continue;
        smail__buf_putc(out, value.data[i]);
        room--;
    }
    return placed;
}

/* `placed` holds where a field begins; the next field begins where it ends. */
static smail_span settle(const struct smail__buf *text, smail_span placed,
                         size_t end)
{
    return (smail_span){ text->data + placed.len, end - placed.len };
}

static int64_t hash_of(smail_span id)
{
    unsigned char digest[SMAIL__SHA256_LEN];
    uint64_t value = 0;

    smail__sha256(digest, id);
    for (int i = 0; i < 8; i++)
        value = value << 8 | digest[i];
    return (int64_t)value;
}

static void add_ref(struct smail__delivery *out, smail_span id)
{
    int64_t hash;

    if (id.len == 0 || id.len > ID_MAX ||
        out->ref_count == SMAIL__THREAD_REFS_MAX)
        return;
    hash = hash_of(id);
    for (size_t i = 0; i < out->ref_count; i++)
        if (out->refs[i] == hash)
            return;
    out->refs[out->ref_count++] = hash;
}

int smail__delivery_read(struct smail__delivery *out, smail_span header,
                         smail_error *err)
{
    struct smail__summary summary;
    smail_span id, subject, from, to;
    size_t ends[3];
    int code;

    smail__summary_read(&summary, header);
    smail__buf_init(&out->text, (size_t)4 * SMAIL__FIELD_MAX, NULL);
    id = unfold(&out->text, summary.message_id, ID_MAX);
    ends[0] = out->text.len;
    subject = unfold(&out->text, summary.subject, SMAIL__FIELD_MAX);
    ends[1] = out->text.len;
    from = unfold(&out->text, summary.from, SMAIL__FIELD_MAX);
    ends[2] = out->text.len;
    to = unfold(&out->text, summary.to, SMAIL__FIELD_MAX);
    code = smail__buf_error(&out->text);
    if (code < 0)
        return smail__fail(err, code, "out of memory");
    if (out->text.data == NULL)
        smail__buf_putc(&out->text, ' '); /* so that the spans have a place */
    out->message_id = settle(&out->text, id, ends[0]);
    out->subject = settle(&out->text, subject, ends[1]);
    out->sender = settle(&out->text, from, ends[2]);
    out->recipients = settle(&out->text, to,
                             out->text.len > ends[2] ? out->text.len : ends[2]);
    out->sent_at = summary.sent_at;
    out->ref_count = 0;
    add_ref(out, summary.message_id);
    add_ref(out, summary.in_reply_to);
    for (size_t i = summary.reference_count; i > 0; i--)
        add_ref(out, summary.references[i - 1]);
    return 0;
}

void smail__delivery_dispose(struct smail__delivery *delivery)
{
    smail__buf_dispose(&delivery->text);
}
