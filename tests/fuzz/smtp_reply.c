/* SPDX-License-Identifier: MIT */
/*
 * fuzz/smtp_reply.c - any octets as replies: the same whatever the pieces they
 * come in, within the limits, and fit to be shown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "base/utf8.h"
#include "smtp/client_offer.h"
#include "smtp/client_reply.h"

#define REPLIES_MAX 64
#define TEXT_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    unsigned count;
    enum smail__client_reply_result result; /* of the last call */
    int codes[REPLIES_MAX];
    size_t lens[REPLIES_MAX];
};

static void check_text(smail_span text)
{
    if (!smail__utf8_valid(text) || text.len > TEXT_MAX)
        abort();
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '\n' &&
            ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f))
            abort();
}

static void check_reply(const smail_smtp_reply *reply)
{
    check_text(reply->text);
    if (reply->code < 200 || reply->code > 599)
        abort();
    if (reply->status.len > 0 &&
        (reply->status.len < 5 || reply->status.len > 9 ||
         reply->status.data[0] != '0' + reply->code / 100))
        abort();
}

/* What one reply offers is looked at too. */
static void check_offer(smail_span text)
{
    struct smail__client_offer offer;

    smail__client_offer_init(&offer, NULL);
    if (smail__client_offer_read(&offer, text) != 0 || !offer.is.extended)
        abort();
    check_text(offer.is.mechanisms);
    check_text(offer.is.xclient_attributes);
    check_text(offer.is.priority_profile);
    smail__client_offer_dispose(&offer);
}

static void read_all(struct outcome *out, smail_span all, size_t step,
                     const struct smail__client_reply_limits *limits)
{
    struct smail__client_reply reader;
    smail_smtp_reply reply;
    smail_span input = { all.data, 0 };

    memset(out, 0, sizeof(*out));
    smail__client_reply_init(&reader, NULL);
    while (all.len > 0 && out->count < REPLIES_MAX) {
        input = smail__span_slice(all, 0, step);
        out->result = smail__client_reply_next(&reply, &reader, limits, &input);
        all = smail__span_from(all, (size_t)(input.data - all.data));
        if (out->result == SMAIL__CLIENT_REPLY_MORE)
            continue;
        if (out->result != SMAIL__CLIENT_REPLY_READY) {
            check_text(reply.text);
            break;
        }
        check_reply(&reply);
        check_offer(reply.text);
        out->codes[out->count] = reply.code;
        out->lens[out->count++] = reply.text.len;
    }
    if (reader.line.len > 12288 || reader.lines > limits->lines)
        abort();
    smail__client_reply_dispose(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smail__client_reply_limits limits = { 128, 65536 };
    smail_span all = { (const char *)data, size };
    struct outcome whole;
    struct outcome pieces;

    if (size < 2)
        return 0;
    if (data[0] % 4 == 0)
        limits = (struct smail__client_reply_limits){ 3, 200 };
    all = smail__span_from(all, 2);
    read_all(&whole, all, SIZE_MAX, &limits);
    read_all(&pieces, all, 1 + data[1] % 16, &limits);
    if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
        abort();
    return 0;
}
