/* SPDX-License-Identifier: MIT */
/*
 * fuzz/proxy_header.c - any bytes as what a load balancer sends first: the
 * PROXY protocol, versions 1 and 2.
 *
 * Whole and octet by octet it means the same and takes the same octets; what
 * follows the header is never touched; and what is said of a client is what a
 * header that is written from it says again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "server/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum smail__proxy_header_result result;
    struct smail__endpoint client;
    size_t used;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static struct outcome play(smail_span all, size_t step)
{
    struct outcome out = { .result = SMAIL__PROXY_MORE };
    struct smail__proxy_header proxy;

    memset(&proxy, 0, sizeof(proxy));
    while (out.result == SMAIL__PROXY_MORE && out.used < all.len) {
        smail_span input = smail__span_slice(all, out.used, step);
        size_t arrived = input.len;

        out.result = smail__proxy_header_feed(&out.client, &proxy, &input);
        require(input.len <= arrived);
        require(out.result != SMAIL__PROXY_MORE || input.len == 0);
        out.used += arrived - input.len;
        require(proxy.len <= SMAIL__PROXY_BLOCK_MAX);
    }
    return out;
}

static bool same(const struct smail__endpoint *a,
                 const struct smail__endpoint *b)
{
    return a->is_ipv6 == b->is_ipv6 && a->port == b->port &&
           memcmp(a->address, b->address, a->is_ipv6 ? 16 : 4) == 0;
}

/* The same client in a line of version 1. IPv4 in IPv6 is written as IPv4. */
static void check_again(const struct smail__endpoint *client)
{
    char address[SMAIL__ADDRESS_TEXT];
    struct smail__buf line;
    struct outcome again;
    bool colons;

    smail__endpoint_text(address, client);
    colons = smail__span_find(smail__span(address), ':') < strlen(address);
    smail__buf_init(&line, SMAIL__PROXY_BLOCK_MAX, NULL);
    smail__buf_printf(&line, "PROXY %s %s %s %u 25\r\n",
                      colons ? "TCP6" : "TCP4", address, address,
                      (unsigned)client->port);
    require(line.len <= SMAIL__PROXY_LINE_MAX);
    again = play(smail__buf_span(&line), line.len);
    require(again.result == SMAIL__PROXY_CLIENT && again.used == line.len);
    require(client->is_ipv6 != colons || same(client, &again.client));
    smail__buf_dispose(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span all = { (const char *)data, size };
    struct outcome whole = play(all, size), single = play(all, 1);

    require(whole.result == single.result);
    if (whole.result != SMAIL__PROXY_BAD)
        require(whole.used == single.used);
    if (whole.result != SMAIL__PROXY_CLIENT)
        return 0;
    require(same(&whole.client, &single.client));
    require(data[0] == 'P' ? whole.used <= SMAIL__PROXY_LINE_MAX
                           : whole.used <= SMAIL__PROXY_BLOCK_MAX);
    check_again(&whole.client);
    return 0;
}
