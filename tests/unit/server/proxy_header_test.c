/* SPDX-License-Identifier: MIT */
/* Whom a proxy speaks for, and what it may not say. */
#include "server/proxy_header.h"

#include <string.h>

#include "base/span.h"
#include "unit.h"

/* The header in pieces of `step`, with two octets of the client behind it. */
static enum smail__proxy_header_result feed(struct smail__endpoint *client,
                                            smail_span header, size_t step)
{
    struct smail__proxy_header proxy;
    enum smail__proxy_header_result result = SMAIL__PROXY_MORE;
    size_t at = 0;

    memset(&proxy, 0, sizeof(proxy));
    while (result == SMAIL__PROXY_MORE && at < header.len) {
        smail_span piece = smail__span_slice(header, at, step);
        size_t before = piece.len;

        result = smail__proxy_header_feed(client, &proxy, &piece);
        if (result == SMAIL__PROXY_MORE)
            assert_int_equal(piece.len, 0);
        at += before - piece.len;
    }
    if (result == SMAIL__PROXY_CLIENT || result == SMAIL__PROXY_ITSELF)
        assert_int_equal(at, header.len - 2);
    return result;
}

static enum smail__proxy_header_result feed_all_ways(
    struct smail__endpoint *client, smail_span header)
{
    enum smail__proxy_header_result whole = feed(client, header, header.len);

    for (size_t step = 1; step < 20; step++)
        assert_int_equal(feed(client, header, step), whole);
    return whole;
}

static void lines(void **state)
{
    static const struct {
        const char *line;
        enum smail__proxy_header_result result;
        const char *address;
        uint16_t port;
    } cases[] = {
        { "PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\nEH",
          SMAIL__PROXY_CLIENT, "192.0.2.1", 56324 },
        { "PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\nEH", SMAIL__PROXY_CLIENT,
          "2001:db8::1", 1 },
        { "PROXY UNKNOWN\r\nEH", SMAIL__PROXY_ITSELF, NULL, 0 },
        { "PROXY UNKNOWN ffff::1 ffff::2 1 2\r\nEH", SMAIL__PROXY_ITSELF, NULL,
          0 },
        { "PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\nEH", SMAIL__PROXY_BAD,
          NULL, 0 },
        { "PROXY TCP4 192.0.2.256 198.51.100.1 56324 25\r\nEH",
          SMAIL__PROXY_BAD, NULL, 0 },
        { "PROXY TCP4 2001:db8::1 198.51.100.1 56324 25\r\nEH",
          SMAIL__PROXY_BAD, NULL, 0 },
        { "PROXY TCP6 192.0.2.1 198.51.100.1 56324 25\r\nEH", SMAIL__PROXY_BAD,
          NULL, 0 },
        { "PROXY TCP4 192.0.2.1 198.51.100.1 65536 25\r\nEH", SMAIL__PROXY_BAD,
          NULL, 0 },
        { "PROXY TCP4 192.0.2.1 198.51.100.1 056 25\r\nEH", SMAIL__PROXY_BAD,
          NULL, 0 },
        { "PROXY TCP4  192.0.2.1 198.51.100.1 56 25\r\nEH", SMAIL__PROXY_BAD,
          NULL, 0 },
        { "PROXY TCP4 192.0.2.1 198.51.100.1 56\r\nEH", SMAIL__PROXY_BAD, NULL,
          0 },
        { "PROXY TCP4 192.0.2.1 198.51.100.1 56 25 x\r\nEH", SMAIL__PROXY_BAD,
          NULL, 0 },
        { "PROXY UNIX /a /b\r\nEH", SMAIL__PROXY_BAD, NULL, 0 },
        { "proxy TCP4 192.0.2.1 198.51.100.1 56324 25\r\nEH", SMAIL__PROXY_BAD,
          NULL, 0 },
        { "EHLO client.example\r\n", SMAIL__PROXY_BAD, NULL, 0 },
        { "\r\n\r\nEHLO", SMAIL__PROXY_BAD, NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__endpoint client = { 0 };
        char text[SMAIL__ADDRESS_TEXT];

        if (feed_all_ways(&client, smail__span(cases[i].line)) !=
            cases[i].result)
            fail_msg("%s", cases[i].line);
        if (cases[i].result != SMAIL__PROXY_CLIENT)
            continue;
        smail__endpoint_text(text, &client);
        assert_string_equal(text, cases[i].address);
        assert_int_equal(client.port, cases[i].port);
    }
}

static void longest_line(void **state)
{
    char line[SMAIL__PROXY_LINE_MAX + 4];
    struct smail__endpoint client;

    (void)state;
    memset(line, 'x', sizeof(line));
    memcpy(line, "PROXY UNKNOWN ", 14);
    memcpy(line + SMAIL__PROXY_LINE_MAX - 2, "\r\nEH", 4);
    assert_int_equal(
        feed(&client, (smail_span){ line, SMAIL__PROXY_LINE_MAX + 2 }, 7),
        SMAIL__PROXY_ITSELF);
    memcpy(line + SMAIL__PROXY_LINE_MAX - 2, "x\r\nE", 4);
    assert_int_equal(
        feed(&client, (smail_span){ line, SMAIL__PROXY_LINE_MAX + 2 }, 7),
        SMAIL__PROXY_BAD);
}

static smail_span block(unsigned char *out, unsigned char command,
                        unsigned char family, size_t len)
{
    static const unsigned char head[12] = "\r\n\r\n\0\r\nQUIT\n";

    memset(out, 0, 16 + len + 2);
    memcpy(out, head, 12);
    out[12] = command;
    out[13] = family;
    out[14] = (unsigned char)(len >> 8);
    out[15] = (unsigned char)len;
    for (size_t i = 0; i < len; i++)
        out[16 + i] = (unsigned char)(i + 1);
    memcpy(out + 16 + len, "EH", 2);
    return (smail_span){ (const char *)out, 16 + len + 2 };
}

static void blocks(void **state)
{
    static const struct {
        unsigned char command, family;
        size_t len;
        enum smail__proxy_header_result result;
    } cases[] = {
        { 0x21, 0x11, 12, SMAIL__PROXY_CLIENT },
        { 0x21, 0x11, 40, SMAIL__PROXY_CLIENT },
        { 0x21, 0x11, 11, SMAIL__PROXY_BAD },
        { 0x21, 0x21, 36, SMAIL__PROXY_CLIENT },
        { 0x21, 0x21, 35, SMAIL__PROXY_BAD },
        { 0x20, 0x00, 0, SMAIL__PROXY_ITSELF },
        { 0x20, 0x11, 12, SMAIL__PROXY_ITSELF },
        { 0x21, 0x00, 0, SMAIL__PROXY_ITSELF },
        { 0x21, 0x12, 12, SMAIL__PROXY_BAD },
        { 0x21, 0x31, 216, SMAIL__PROXY_BAD },
        { 0x22, 0x11, 12, SMAIL__PROXY_BAD },
        { 0x11, 0x11, 12, SMAIL__PROXY_BAD },
        { 0x21, 0x11, SMAIL__PROXY_BLOCK_MAX - 17, SMAIL__PROXY_CLIENT },
        { 0x21, 0x11, SMAIL__PROXY_BLOCK_MAX - 16, SMAIL__PROXY_CLIENT },
        { 0x21, 0x11, SMAIL__PROXY_BLOCK_MAX - 15, SMAIL__PROXY_BAD },
    };
    unsigned char data[SMAIL__PROXY_BLOCK_MAX + 64];
    struct smail__endpoint client;
    char text[SMAIL__ADDRESS_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(
            feed_all_ways(&client, block(data, cases[i].command,
                                         cases[i].family, cases[i].len)),
            cases[i].result);
    feed(&client, block(data, 0x21, 0x11, 12), 1);
    smail__endpoint_text(text, &client);
    assert_string_equal(text, "1.2.3.4");
    assert_int_equal(client.port, 9 * 256 + 10);
    feed(&client, block(data, 0x21, 0x21, 36), 1);
    smail__endpoint_text(text, &client);
    assert_string_equal(text, "102:304:506:708:90a:b0c:d0e:f10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(longest_line),
        cmocka_unit_test(blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
