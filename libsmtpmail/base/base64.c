/* SPDX-License-Identifier: MIT */
/* base/base64.c - RFC 4648, sections 4 and 8. */
#include "base/base64.h"

#include <string.h>

#include <smtpmail/error.h>

#include "base/span.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(char out[4], const unsigned char *in, size_t len)
{
    unsigned bits = (unsigned)in[0] << 16;

    if (len > 1)
        bits |= (unsigned)in[1] << 8;
    if (len > 2)
        bits |= in[2];
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = len > 1 ? alphabet[bits >> 6 & 63] : '=';
    out[3] = len > 2 ? alphabet[bits & 63] : '=';
}

void smail__base64_encode(struct smail__buf *out, smail_span bytes)
{
    const unsigned char *in = (const unsigned char *)bytes.data;

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        char group[4];

        encode_group(group, in + i, left < 3 ? left : 3);
        smail__buf_append(out, (smail_span){ group, sizeof(group) });
    }
}

static int digit_value(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    if (byte == '+')
        return 62;
    return byte == '/' ? 63 : -1;
}

/* `len` digits, 2 to 4, of one group; the bits that pad must be zero. */
static int decode_group(struct smail__buf *out, const char *in, size_t len)
{
    unsigned bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < len ? digit_value(in[i]) : 0;

        if (value < 0)
            return SMAIL_EMALFORMED;
        bits = bits << 6 | (unsigned)value;
    }
    char bytes[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };

    for (size_t i = len - 1; i < 3; i++)
        if (bytes[i] != 0)
            return SMAIL_EMALFORMED;
    smail__buf_append(out, (smail_span){ bytes, len - 1 });
    return 0;
}

int smail__base64_decode(struct smail__buf *out, smail_span text)
{
    if (text.len % 4 != 0)
        return SMAIL_EMALFORMED;

    for (size_t i = 0; i < text.len; i += 4) {
        size_t len = 4;

        if (i + 4 == text.len)
            while (len > 2 && text.data[i + len - 1] == '=')
                len--;
        if (decode_group(out, text.data + i, len) != 0)
            return SMAIL_EMALFORMED;
    }
    return 0;
}

void smail__hex_encode(char *out, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *in = bytes;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_value(char byte)
{
    if (smail__is_digit(byte))
        return byte - '0';
    byte = smail__lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

int smail__hex_decode(void *out, size_t len, smail_span text)
{
    unsigned char *bytes = out;

    if (text.len != 2 * len)
        return SMAIL_EMALFORMED;
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text.data[2 * i]);
        int low = hex_value(text.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return SMAIL_EMALFORMED;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}
