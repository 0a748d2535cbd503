/* SPDX-License-Identifier: MIT */
#include "http/host.h"

#include <string.h>

#include "base/span.h"

static bool is_port(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_digit(text.data[i]))
            return false;
    return text.len <= 5;
}

static bool is_of(smail_span text, const char *bytes)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\0' || strchr(bytes, text.data[i]) == NULL)
            return false;
    return text.len > 0;
}

/* "[2001:db8::1]" or "[2001:db8::1]:80". */
static bool is_ipv6(smail_span host)
{
    size_t end = smail__span_find(host, ']');
    smail_span inside, rest;

    if (host.len == 0 || host.data[0] != '[' || end == host.len)
        return false;
    inside = smail__span_slice(host, 1, end - 1);
    rest = smail__span_from(host, end + 1);
    return is_of(inside, "0123456789abcdefABCDEF:.") &&
           (rest.len == 0 ||
            (rest.data[0] == ':' && is_port(smail__span_from(rest, 1))));
}

/* ".local" is below every name that ends so. */
static bool is_below(smail_span name, smail_span suffix)
{
    return name.len > suffix.len &&
           smail__span_iequal(smail__span_from(name, name.len - suffix.len),
                              suffix);
}

static bool matches(smail_span name, smail_span pattern)
{
    if (smail__span_is(pattern, "*"))
        return true;
    if (smail__span_is(pattern, "."))
        return smail__span_find(name, '.') == name.len;
    if (pattern.len > 0 && pattern.data[0] == '.')
        return is_below(name, pattern);
    return smail__span_iequal(name, pattern);
}

bool smail__http_host_is_ours(smail_span host, const char *names)
{
    smail_span list = smail__span(names);
    smail_span port = host, name;

    if (is_ipv6(host))
        return true;
    name = smail__span_cut(&port, ':');
    if (!is_port(port))
        return false;
    if (name.len > 1 && name.data[name.len - 1] == '.')
        name.len--; /* the root */
    if (name.len == 0)
        return false;
    if ((smail__is_digit(name.data[0]) && is_of(name, "0123456789.")) ||
        smail__span_iis(name, "localhost") ||
        is_below(name, SMAIL__SPAN(".localhost")))
        return true;
    while (list.len > 0) {
        smail_span pattern = smail__span_trim(smail__span_cut(&list, ','));

        if (pattern.len > 0 && matches(name, pattern))
            return true;
    }
    return false;
}
