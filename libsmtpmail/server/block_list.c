/* SPDX-License-Identifier: MIT */
/* server/block_list.c - lists, their questions and their answers. */
#include "server/block_list.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"

static int parse_weight(int *out, smail_span text)
{
    uint64_t number;
    bool is_negative = text.len > 0 && text.data[0] == '-';

    if (is_negative)
        text = smail__span_from(text, 1);
    if (smail__span_number(&number, text) != 0 ||
        number > SMAIL__BLOCK_WEIGHT_MAX)
        return SMAIL_EINVAL;
    *out = is_negative ? -(int)number : (int)number;
    return 0;
}

static int add(struct smail__block_lists *lists, smail_span text,
               smail_error *err)
{
    smail_span rest = text, zone = smail__span_cut(&rest, '*');
    char name[SMAIL__DNS_NAME_ROOM];
    struct smail__block_list *item;

    if (lists->count == SMAIL__BLOCK_LISTS_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "more than %d block lists",
                           SMAIL__BLOCK_LISTS_MAX);
    item = &lists->items[lists->count];
    item->weight = 1;
    if (smail__dns_name(name, zone) != 0 || name[0] == '\0' ||
        strlen(name) > SMAIL__BLOCK_ZONE_MAX ||
        (zone.len < text.len && parse_weight(&item->weight, rest) != 0))
        return smail__fail(err, SMAIL_EINVAL,
                           "block list '%.*s' is not ZONE or ZONE*WEIGHT, as "
                           "zen.example.org*2",
                           (int)(text.len < 80 ? text.len : 80), text.data);
    memcpy(item->zone, name, strlen(name) + 1);
    lists->count++;
    return 0;
}

int smail__block_lists_parse(struct smail__block_lists *out, const char *text,
                             smail_error *err)
{
    smail_span rest = smail__span(text);
    int rc = 0;

    out->count = 0;
    while (rc == 0 && rest.len > 0) {
        size_t len = 0;

        while (len < rest.len && rest.data[len] != ',' &&
               !smail__is_space(rest.data[len]))
            len++;
        if (len > 0)
            rc = add(out, smail__span_slice(rest, 0, len), err);
        rest = smail__span_from(rest, len + 1);
    }
    return rc;
}

enum smail__block_answer smail__block_answer_of(smail_span record)
{
    const unsigned char *octets = (const unsigned char *)record.data;

    if (record.len != 4 || octets[0] != 127)
        return SMAIL__BLOCK_OUTSIDE;
    return octets[1] == 255 && octets[2] == 255 ? SMAIL__BLOCK_ERROR
                                                : SMAIL__BLOCK_LISTED;
}

int smail__block_name(char out[SMAIL__DNS_NAME_ROOM],
                      const unsigned char *address, bool is_ipv6,
                      const char *zone)
{
    return smail__dns_reverse(out, address, is_ipv6, zone);
}

int smail__block_test_name(char out[SMAIL__DNS_NAME_ROOM], bool is_ipv6,
                           const char *zone)
{
    static const unsigned char four[4] = { 127, 0, 0, 1 };
    static const unsigned char six[16] = { 0, 0, 0,    0,    0,   0, 0, 0,
                                           0, 0, 0xff, 0xff, 127, 0, 0, 1 };

    return smail__dns_reverse(out, is_ipv6 ? six : four, is_ipv6, zone);
}

void smail__block_clean(char out[SMAIL__BLOCK_REASON_MAX + 1], smail_span text)
{
    size_t len = 0;

    text = smail__span_trim(text);
    for (size_t i = 0; i < text.len && len < SMAIL__BLOCK_REASON_MAX; i++) {
        char byte = text.data[i];

        out[len++] = byte >= ' ' && byte <= '~' ? byte : '?';
    }
    out[len] = '\0';
}
