/* SPDX-License-Identifier: MIT */
/*
 * smtp/literal.c - address literals, by the grammar of RFC 5321, 4.1.3.
 *
 * That grammar is narrower than what inet_pton() takes: `::` stands for two
 * groups or more.
 */
#include "smtp/literal.h"

#include "base/span.h"

#define IPV6_GROUPS 8
#define IPV6_GROUPS_BESIDE_GAP 6 /* `::` stands for two groups at least */

static bool is_number(smail_span text)
{
    uint64_t value;

    return text.len <= 3 && smail__span_number(&value, text) == 0 &&
           value <= 255;
}

static bool is_ipv4(smail_span text)
{
    for (int i = 0; i < 3; i++) {
        if (smail__span_find(text, '.') == text.len ||
            !is_number(smail__span_cut(&text, '.')))
            return false;
    }
    return is_number(text);
}

static bool is_hex_group(smail_span text)
{
    if (text.len == 0 || text.len > 4)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = smail__lower(text.data[i]);

        if (!smail__is_digit(byte) && (byte < 'a' || byte > 'f'))
            return false;
    }
    return true;
}

/*
 * Count the groups of `text`, parted by single colons; an IPv4 address at the
 * end, where `ipv4_may_end`, counts as two. False if one is malformed.
 */
static bool count_groups(size_t *count, smail_span text, bool ipv4_may_end)
{
    while (text.len > 0) {
        bool last = smail__span_find(text, ':') == text.len;
        smail_span group = smail__span_cut(&text, ':');

        if (last && ipv4_may_end && is_ipv4(group))
            *count += 2;
        else if (is_hex_group(group))
            *count += 1;
        else
            return false;
        if (!last && text.len == 0)
            return false; /* a colon with nothing behind it */
    }
    return true;
}

/* Index of the `::`, or `text.len`. */
static size_t find_gap(smail_span text)
{
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.data[i] == ':' && text.data[i + 1] == ':')
            return i;
    return text.len;
}

static bool is_ipv6(smail_span text)
{
    size_t gap = find_gap(text);
    size_t count = 0;

    if (gap == text.len)
        return count_groups(&count, text, true) && count == IPV6_GROUPS;
    return count_groups(&count, smail__span_slice(text, 0, gap), false) &&
           count_groups(&count, smail__span_from(text, gap + 2), true) &&
           count <= IPV6_GROUPS_BESIDE_GAP;
}

bool smail__literal_is_valid(smail_span text)
{
    if (text.len < 2 || text.data[0] != '[' || text.data[text.len - 1] != ']')
        return false;
    text = smail__span_slice(text, 1, text.len - 2);
    if (smail__span_istarts(text, "IPv6:"))
        return is_ipv6(smail__span_from(text, 5));
    return is_ipv4(text);
}
