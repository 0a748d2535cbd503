/* SPDX-License-Identifier: MIT */
/*
 * server/proxy_header.c - see proxy_header.h.
 *
 *   1   "PROXY TCP4 192.0.2.1 198.51.100.1 56324 25" CRLF
 *       "PROXY UNKNOWN" ... CRLF
 *   2   12 octets that no text begins with; 0x20 LOCAL or 0x21 PROXY; family
 *       and transport; 16 bits of length; source, destination, their ports;
 *       then whatever else there is, up to the length
 */
#include "server/proxy_header.h"

#include <string.h>

#include "base/span.h"

#define HEAD_LEN 16

static const unsigned char signature[12] = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
};

static bool is_block(const struct smail__proxy_header *proxy)
{
    return proxy->data[0] == signature[0];
}

/* How long the header is, as far as can be told. 0: it is not the protocol. */
static size_t block_length(const struct smail__proxy_header *proxy)
{
    size_t known =
        proxy->len < sizeof(signature) ? proxy->len : sizeof(signature);
    size_t len;

    if (memcmp(proxy->data, signature, known) != 0)
        return 0;
    if (proxy->len < HEAD_LEN)
        return HEAD_LEN;
    len = HEAD_LEN + (size_t)proxy->data[14] * 256 + proxy->data[15];
    return len <= SMAIL__PROXY_BLOCK_MAX ? len : 0;
}

/* One octet at a time: what is behind the line end is the client's. */
static size_t line_length(const struct smail__proxy_header *proxy)
{
    static const char name[] = "PROXY ";
    size_t known = proxy->len < 6 ? proxy->len : 6;

    if (memcmp(proxy->data, name, known) != 0)
        return 0;
    if (proxy->len > 0 && proxy->data[proxy->len - 1] == '\n')
        return proxy->len;
    return proxy->len < SMAIL__PROXY_LINE_MAX ? proxy->len + 1 : 0;
}

/* "192.0.2.1": no leading zeros, nothing else. */
static bool read_address(struct smail__endpoint *out, bool is_ipv6,
                         smail_span text)
{
    char written[SMAIL__ADDRESS_TEXT + 8];
    smail_span whole;

    if (text.len == 0 || text.len >= SMAIL__ADDRESS_TEXT || text.data[0] == '*')
        return false;
    written[0] = '[';
    memcpy(written + is_ipv6, text.data, text.len);
    memcpy(written + is_ipv6 + text.len, is_ipv6 ? "]:0" : ":0", 3);
    whole = (smail_span){ written, text.len + (is_ipv6 ? 4 : 2) };
    return smail__endpoint_parse(out, whole, NULL) == 0 &&
           out->is_ipv6 == is_ipv6;
}

static bool read_port(uint16_t *out, smail_span text)
{
    uint64_t number;

    if (smail__span_number(&number, text) != 0 || number > 65535 ||
        (text.len > 1 && text.data[0] == '0'))
        return false;
    *out = (uint16_t)number;
    return true;
}

static enum smail__proxy_header_result read_line(
    struct smail__endpoint *client, const struct smail__proxy_header *proxy)
{
    smail_span line = { (const char *)proxy->data, proxy->len };
    struct smail__endpoint ours;
    smail_span family, from, to, port, our_port;
    bool is_ipv6;

    if (line.len < 2 || line.data[line.len - 2] != '\r')
        return SMAIL__PROXY_BAD;
    line = smail__span_slice(line, 6, line.len - 8);
    family = smail__span_cut(&line, ' ');
    if (smail__span_is(family, "UNKNOWN"))
        return SMAIL__PROXY_ITSELF;
    from = smail__span_cut(&line, ' ');
    to = smail__span_cut(&line, ' ');
    port = smail__span_cut(&line, ' ');
    our_port = line;
    is_ipv6 = smail__span_is(family, "TCP6");
    if ((!is_ipv6 && !smail__span_is(family, "TCP4")) ||
        !read_address(client, is_ipv6, from) ||
        !read_address(&ours, is_ipv6, to) || !read_port(&client->port, port) ||
        !read_port(&ours.port, our_port))
        return SMAIL__PROXY_BAD;
    return SMAIL__PROXY_CLIENT;
}

static enum smail__proxy_header_result read_block(
    struct smail__endpoint *client, const struct smail__proxy_header *proxy)
{
    static const struct {
        unsigned char family;
        size_t address_len;
    } known[] = { { 0x11, 4 }, { 0x21, 16 } };
    const unsigned char *at = proxy->data + HEAD_LEN;
    size_t rest = proxy->len - HEAD_LEN;

    if (proxy->data[12] == 0x20)
        return SMAIL__PROXY_ITSELF;
    if (proxy->data[12] != 0x21)
        return SMAIL__PROXY_BAD;
    if (proxy->data[13] == 0x00)
        return SMAIL__PROXY_ITSELF;
    for (size_t i = 0; i < 2; i++) {
        size_t len = known[i].address_len;

        if (proxy->data[13] != known[i].family || rest < 2 * len + 4)
            continue;
        memset(client, 0, sizeof(*client));
        client->is_ipv6 = len == 16;
        memcpy(client->address, at, len);
        client->port = (uint16_t)(at[2 * len] * 256 + at[2 * len + 1]);
        return SMAIL__PROXY_CLIENT;
    }
    return SMAIL__PROXY_BAD;
}

enum smail__proxy_header_result smail__proxy_header_feed(
    struct smail__endpoint *client, struct smail__proxy_header *proxy,
    smail_span *input)
{
    for (;;) {
        size_t wanted = 1;

        if (proxy->len > 0)
            wanted = is_block(proxy) ? block_length(proxy) : line_length(proxy);
        if (wanted == 0)
            return SMAIL__PROXY_BAD;
        if (wanted == proxy->len)
            return is_block(proxy) ? read_block(client, proxy)
                                   : read_line(client, proxy);
        if (input->len == 0)
            return SMAIL__PROXY_MORE;
        wanted -= proxy->len;
        if (wanted > input->len)
            wanted = input->len;
        memcpy(proxy->data + proxy->len, input->data, wanted);
        proxy->len += wanted;
        *input = smail__span_from(*input, wanted);
    }
}
