/* SPDX-License-Identifier: MIT */
/*
 * net/endpoint.c - addresses in and out of text (RFC 4291, 2.2; RFC 5952).
 */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/span.h"

static const unsigned char mapped_prefix[12] = { 0, 0, 0, 0, 0,    0,
                                                 0, 0, 0, 0, 0xff, 0xff };

static int parse_address(struct smail__endpoint *out, smail_span host)
{
    char text[SMAIL__ADDRESS_TEXT];

    memset(out->address, 0, sizeof(out->address));
    if (smail__span_is(host, "*"))
        return 0;
    if (host.len == 0 || host.len >= sizeof(text) ||
        memchr(host.data, '\0', host.len) != NULL)
        return SMAIL_EMALFORMED;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    return inet_pton(out->is_ipv6 ? AF_INET6 : AF_INET, text, out->address) == 1
               ? 0
               : SMAIL_EMALFORMED;
}

static int parse(struct smail__endpoint *out, smail_span text)
{
    smail_span host = text;
    uint64_t number;
    size_t colon = text.len;
    int rc;

    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return SMAIL_EMALFORMED;
    host.len = colon - 1;
    out->is_ipv6 =
        host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (out->is_ipv6)
        host = smail__span_slice(host, 1, host.len - 2);
    rc = parse_address(out, host);
    if (rc == 0)
        rc = smail__span_number(&number, smail__span_from(text, colon));
    if (rc != 0 || number > 65535)
        return SMAIL_EMALFORMED;
    out->port = (uint16_t)number;
    return 0;
}

int smail__endpoint_parse(struct smail__endpoint *out, smail_span text,
                          smail_error *err)
{
    if (parse(out, text) == 0)
        return 0;
    return smail__fail(err, SMAIL_EMALFORMED,
                       "'%.*s' is not an address and port, as 127.0.0.1:25 "
                       "or [::1]:25",
                       SMAIL__SPAN_ARG(text));
}

/* An IPv4 address however it is written; NULL for a true IPv6 one. */
static const unsigned char *as_ipv4(const struct smail__endpoint *endpoint)
{
    if (!endpoint->is_ipv6)
        return endpoint->address;
    if (memcmp(endpoint->address, mapped_prefix, sizeof(mapped_prefix)) == 0)
        return endpoint->address + sizeof(mapped_prefix);
    return NULL;
}

void smail__endpoint_text(char out[SMAIL__ADDRESS_TEXT],
                          const struct smail__endpoint *endpoint)
{
    const unsigned char *ipv4 = as_ipv4(endpoint);

    out[0] = '\0';
    if (ipv4 != NULL)
        inet_ntop(AF_INET, ipv4, out, SMAIL__ADDRESS_TEXT);
    else
        inet_ntop(AF_INET6, endpoint->address, out, SMAIL__ADDRESS_TEXT);
}

bool smail__endpoint_is_loopback(const struct smail__endpoint *endpoint)
{
    return smail__endpoint_in(endpoint, "127.0.0.0/8 ::1");
}

size_t smail__endpoint_to_socket(struct sockaddr_storage *out,
                                 const struct smail__endpoint *endpoint)
{
    memset(out, 0, sizeof(*out));
    if (endpoint->is_ipv6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(endpoint->port);
        memcpy(&in6->sin6_addr, endpoint->address, 16);
        return sizeof(*in6);
    }
    struct sockaddr_in *in = (struct sockaddr_in *)out;

    in->sin_family = AF_INET;
    in->sin_port = htons(endpoint->port);
    memcpy(&in->sin_addr, endpoint->address, 4);
    return sizeof(*in);
}

void smail__endpoint_from_socket(struct smail__endpoint *out,
                                 const struct sockaddr *address)
{
    memset(out, 0, sizeof(*out));
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

        out->is_ipv6 = true;
        out->port = ntohs(in6->sin6_port);
        memcpy(out->address, &in6->sin6_addr, 16);
    } else if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;

        out->port = ntohs(in->sin_port);
        memcpy(out->address, &in->sin_addr, 4);
    }
}

struct network {
    struct smail__endpoint base;
    unsigned bits;
};

static int parse_network(struct network *out, smail_span text)
{
    smail_span host = smail__span_cut(&text, '/');
    uint64_t bits;

    out->base.is_ipv6 = smail__span_find(host, ':') < host.len;
    out->bits = out->base.is_ipv6 ? 128 : 32;
    if (smail__span_is(host, "*") || parse_address(&out->base, host) != 0)
        return SMAIL_EMALFORMED;
    if (text.len == 0)
        return 0;
    if (smail__span_number(&bits, text) != 0 || bits > out->bits)
        return SMAIL_EMALFORMED;
    out->bits = (unsigned)bits;
    return 0;
}

static bool same_bits(const unsigned char *a, const unsigned char *b,
                      unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return rest == 0 || ((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

/* The next word of a list; empty at its end. */
static smail_span next_word(smail_span *list)
{
    size_t start = 0, end;

    while (start < list->len &&
           (list->data[start] == ' ' || list->data[start] == ','))
        start++;
    end = start;
    while (end < list->len && list->data[end] != ' ' && list->data[end] != ',')
        end++;

    smail_span word = smail__span_slice(*list, start, end - start);

    *list = smail__span_from(*list, end);
    return word;
}

bool smail__endpoint_in(const struct smail__endpoint *endpoint,
                        const char *list)
{
    const unsigned char *ipv4 = as_ipv4(endpoint);
    smail_span rest = smail__span(list), word;
    struct network network;

    while ((word = next_word(&rest)).len > 0) {
        if (parse_network(&network, word) != 0)
            continue;
        if (network.base.is_ipv6 != (ipv4 == NULL))
            continue;
        if (same_bits(network.base.address,
                      ipv4 != NULL ? ipv4 : endpoint->address, network.bits))
            return true;
    }
    return false;
}

int smail__endpoint_check(const char *list, smail_error *err)
{
    smail_span rest = smail__span(list), word;
    struct network network;

    while ((word = next_word(&rest)).len > 0)
        if (parse_network(&network, word) != 0)
            return smail__fail(err, SMAIL_EMALFORMED,
                               "'%.*s' is not a network, as 192.0.2.0/24 or "
                               "2001:db8::/32",
                               SMAIL__SPAN_ARG(word));
    return 0;
}
