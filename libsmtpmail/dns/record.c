/* SPDX-License-Identifier: MIT */
/* dns/record.c - the shapes of records. */
#include "dns/record.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/span.h"

#define STRING_MAX 255 /* RFC 1035, 3.3: <character-string> */

int smail__dns_read_name(char out[SMAIL__DNS_NAME_ROOM], smail_span record)
{
    size_t len = 0;
    int rc = smail__dns_name_from_wire(out, &len, record);

    return rc == 0 && len != record.len ? SMAIL_EMALFORMED : rc;
}

int smail__dns_read_mx(struct smail__dns_mx *out, smail_span record)
{
    const unsigned char *data = (const unsigned char *)record.data;

    if (record.len < 3)
        return SMAIL_EMALFORMED;
    out->preference = (uint16_t)(data[0] << 8 | data[1]);
    return smail__dns_read_name(out->host, smail__span_from(record, 2));
}

int smail__dns_read_srv(struct smail__dns_srv *out, smail_span record)
{
    const unsigned char *data = (const unsigned char *)record.data;

    if (record.len < 7)
        return SMAIL_EMALFORMED;
    out->priority = (uint16_t)(data[0] << 8 | data[1]);
    out->weight = (uint16_t)(data[2] << 8 | data[3]);
    out->port = (uint16_t)(data[4] << 8 | data[5]);
    return smail__dns_read_name(out->host, smail__span_from(record, 6));
}

int smail__dns_read_tlsa(struct smail__dns_tlsa *out, smail_span record)
{
    const unsigned char *data = (const unsigned char *)record.data;

    if (record.len < 4)
        return SMAIL_EMALFORMED;
    out->usage = data[0];
    out->selector = data[1];
    out->matching = data[2];
    out->data = smail__span_from(record, 3);
    return 0;
}

int smail__dns_read_txt(struct smail__buf *out, smail_span record)
{
    while (record.len > 0) {
        size_t len = (unsigned char)record.data[0];

        if (len > record.len - 1)
            return SMAIL_EMALFORMED;
        smail__buf_append(out, smail__span_slice(record, 1, len));
        record = smail__span_from(record, len + 1);
    }
    return smail__buf_error(out);
}

int smail__dns_read_address(unsigned char out[16], bool *is_ipv6,
                            smail_span record)
{
    if (record.len != 4 && record.len != 16)
        return SMAIL_EMALFORMED;
    *is_ipv6 = record.len == 16;
    memcpy(out, record.data, record.len);
    return 0;
}

/* --- From text ------------------------------------------------------------ */

static int write_address(struct smail__buf *out, int family, smail_span text)
{
    unsigned char address[16];
    char copy[INET6_ADDRSTRLEN];

    if (text.len == 0 || text.len >= sizeof(copy))
        return SMAIL_EMALFORMED;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (inet_pton(family, copy, address) != 1)
        return SMAIL_EMALFORMED;
    smail__buf_append(out, (smail_span){ (const char *)address,
                                         family == AF_INET6 ? 16u : 4u });
    return 0;
}

static int write_name(struct smail__buf *out, smail_span text)
{
    unsigned char wire[SMAIL__DNS_WIRE_MAX];
    size_t len = 0;
    int rc;

    if (text.len == 0)
        return SMAIL_EMALFORMED;
    rc = smail__dns_name_to_wire(wire, &len, text);
    if (rc == 0)
        smail__buf_append(out, (smail_span){ (const char *)wire, len });
    return rc;
}

static int write_txt(struct smail__buf *out, smail_span text)
{
    do {
        smail_span piece = smail__span_slice(text, 0, STRING_MAX);

        smail__buf_putc(out, (char)piece.len);
        smail__buf_append(out, piece);
        text = smail__span_from(text, piece.len);
    } while (text.len > 0);
    return 0;
}

/* The next word, as a number to `max`; SMAIL_EMALFORMED. */
static int take_number(uint64_t *out, smail_span *text, uint64_t max)
{
    smail_span word;

    *text = smail__span_trim(*text);
    word = smail__span_cut(text, ' ');
    if (smail__span_number(out, word) != 0 || *out > max)
        return SMAIL_EMALFORMED;
    *text = smail__span_trim(*text);
    return 0;
}

/* `count` numbers of 16 bits, and a name: MX and SRV. */
static int write_numbered(struct smail__buf *out, smail_span text, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t number = 0;

        if (take_number(&number, &text, 65535) != 0)
            return SMAIL_EMALFORMED;
        smail__buf_putc(out, (char)(number >> 8));
        smail__buf_putc(out, (char)(number & 255));
    }
    return write_name(out, text);
}

static int digit_of(char byte)
{
    byte = smail__lower(byte);
    if (smail__is_digit(byte))
        return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static int write_hex(struct smail__buf *out, smail_span text)
{
    int high = -1;

    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[i]);

        if (smail__is_space(text.data[i]))
            continue;
        if (digit < 0)
            return SMAIL_EMALFORMED;
        if (high >= 0)
            smail__buf_putc(out, (char)(high << 4 | digit));
        high = high >= 0 ? -1 : digit;
    }
    return high >= 0 ? SMAIL_EMALFORMED : 0;
}

static int write_tlsa(struct smail__buf *out, smail_span text)
{
    size_t before;

    for (int i = 0; i < 3; i++) {
        uint64_t number = 0;

        if (take_number(&number, &text, 255) != 0)
            return SMAIL_EMALFORMED;
        smail__buf_putc(out, (char)number);
    }
    before = out->len;
    return write_hex(out, text) != 0 || out->len == before ? SMAIL_EMALFORMED
                                                           : 0;
}

int smail__dns_write(struct smail__buf *out, enum smail__dns_type type,
                     smail_span text)
{
    switch (type) {
    case SMAIL__DNS_A:
        return write_address(out, AF_INET, text);
    case SMAIL__DNS_AAAA:
        return write_address(out, AF_INET6, text);
    case SMAIL__DNS_PTR:
    case SMAIL__DNS_CNAME:
    case SMAIL__DNS_NS:
        return write_name(out, text);
    case SMAIL__DNS_MX:
        return write_numbered(out, text, 1);
    case SMAIL__DNS_SRV:
        return write_numbered(out, text, 3);
    case SMAIL__DNS_TXT:
        return write_txt(out, text);
    case SMAIL__DNS_TLSA:
        return write_tlsa(out, text);
    default:
        return SMAIL_EINVAL;
    }
}
