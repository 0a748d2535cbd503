/* SPDX-License-Identifier: MIT */
/*
 * jmap/id.c - ids as clients see them: a letter for the type and a number of
 * the account's. One way in for all of them; what they name is then looked up
 * together with the account that asks, so that an id of somebody else is not
 * found.
 */
#include "base/base64.h"
#include "base/format.h"
#include "base/span.h"
#include "jmap/call.h"

bool smail__jmap_is_id(smail_span text)
{
    if (text.len == 0 || text.len > SMAIL__JMAP_ID_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_alnum(text.data[i]) && text.data[i] != '-' &&
            text.data[i] != '_')
            return false;
    return true;
}

bool smail__jmap_id_parse(smail_id *out, enum smail__jmap_letter letter,
                          smail_span text)
{
    uint64_t number;

    if (text.len < 2 || text.len > 19 || text.data[0] != (char)letter ||
        text.data[1] == '0' ||
        smail__span_number(&number, smail__span_from(text, 1)) != 0)
        return false;
    *out = (smail_id)number; /* 18 digits at most */
    return true;
}

const char *smail__jmap_id_text(char out[SMAIL__JMAP_ID_SIZE],
                                enum smail__jmap_letter letter, smail_id id)
{
    smail__format(out, SMAIL__JMAP_ID_SIZE, "%c%lld", (int)letter,
                  (long long)id);
    return out;
}

bool smail__jmap_blob_parse(unsigned char out[16], smail_span *rest,
                            smail_span text)
{
    smail_span digits = smail__span_slice(text, 1, 32);

    if (text.len < 33 || text.data[0] != SMAIL__JMAP_BLOB)
        return false;
    for (size_t i = 0; i < digits.len; i++)
        if (!smail__is_digit(digits.data[i]) &&
            (digits.data[i] < 'a' || digits.data[i] > 'f'))
            return false; /* one spelling only */
    *rest = smail__span_from(text, 33);
    return smail__hex_decode(out, 16, digits) == 0;
}

bool smail__jmap_id(smail_id *out, const struct smail__jmap_call *call,
                    enum smail__jmap_letter letter, smail_span text)
{
    if (text.len > 0 && text.data[0] == '#') {
        const char *id =
            smail__jmap_created_get(call->request, smail__span_from(text, 1));

        return id != NULL && smail__jmap_id_parse(out, letter, smail__span(id));
    }
    return smail__jmap_id_parse(out, letter, text);
}
