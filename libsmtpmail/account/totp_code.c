/* SPDX-License-Identifier: MIT */
/* account/totp_code.c - see account/totp_code.h. */
#include "account/totp_code.h"

#include <string.h>

#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/digest.h"

uint32_t smail__hotp(smail_span secret, uint64_t counter, unsigned digits)
{
    unsigned char bytes[8], mac[SMAIL__SHA1_LEN];
    uint32_t value, modulus = 1;
    size_t at;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(counter >> (56 - 8 * i));
    smail__hmac_sha1(mac, secret,
                     (smail_span){ (const char *)bytes, sizeof(bytes) });
    at = mac[SMAIL__SHA1_LEN - 1] & 0xf;
    value = (uint32_t)(mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
            (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    smail__wipe(mac, sizeof(mac));
    for (unsigned i = 0; i < digits; i++)
        modulus *= 10;
    return value % modulus;
}

/* False when it is not six digits; spaces, as apps show them, are skipped. */
static bool digits_of(char out[SMAIL__TOTP_DIGITS], smail_span code)
{
    size_t len = 0;

    if (code.len > 2 * SMAIL__TOTP_DIGITS)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        char byte = code.data[i];

        if (byte == ' ')
            continue;
        if (byte < '0' || byte > '9' || len == SMAIL__TOTP_DIGITS)
            return false;
        out[len++] = byte;
    }
    return len == SMAIL__TOTP_DIGITS;
}

static void write_digits(char out[SMAIL__TOTP_DIGITS], uint32_t value)
{
    for (size_t i = SMAIL__TOTP_DIGITS; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
}

int64_t smail__totp_step(smail_span secret, smail_span code, int64_t now,
                         int64_t last_step)
{
    char given[SMAIL__TOTP_DIGITS], right[SMAIL__TOTP_DIGITS];
    int64_t middle = now / SMAIL__TOTP_SECONDS;
    int64_t found = 0;

    if (now < 0 || !digits_of(given, code))
        return 0;
    for (int64_t step = middle - SMAIL__TOTP_WINDOW;
         step <= middle + SMAIL__TOTP_WINDOW; step++) {
        write_digits(right,
                     smail__hotp(secret, (uint64_t)step, SMAIL__TOTP_DIGITS));
        if (smail__equal_secret(given, right, sizeof(right)) &&
            step > last_step && found == 0)
            found = step;
    }
    smail__wipe(right, sizeof(right));
    return found;
}

/* 20 octets are 32 letters: nothing is left over to pad. */
void smail__totp_text(char out[SMAIL__TOTP_TEXT_SIZE],
                      const unsigned char secret[SMAIL__TOTP_SECRET_LEN])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t at = 0;

    for (size_t i = 0; i < SMAIL__TOTP_SECRET_LEN; i += 5) {
        uint64_t group = 0;

        for (size_t k = 0; k < 5; k++)
            group = group << 8 | secret[i + k];
        for (int shift = 35; shift >= 0; shift -= 5)
            out[at++] = alphabet[group >> shift & 31];
    }
    out[at] = '\0';
}

static bool is_unreserved(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
           byte == '_' || byte == '~';
}

static void put_escaped(struct smail__buf *out, smail_span text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if (is_unreserved(byte)) {
            smail__buf_putc(out, (char)byte);
            continue;
        }
        smail__buf_putc(out, '%');
        smail__buf_putc(out, digits[byte >> 4]);
        smail__buf_putc(out, digits[byte & 15]);
    }
}

void smail__totp_uri(struct smail__buf *out, smail_span issuer,
                     smail_span label,
                     const unsigned char secret[SMAIL__TOTP_SECRET_LEN])
{
    char text[SMAIL__TOTP_TEXT_SIZE];

    smail__totp_text(text, secret);
    smail__buf_puts(out, "otpauth://totp/");
    put_escaped(out, issuer);
    smail__buf_putc(out, ':');
    put_escaped(out, label);
    smail__buf_printf(out, "?secret=%s&issuer=", text);
    put_escaped(out, issuer);
    smail__buf_printf(out, "&algorithm=SHA1&digits=%d&period=%d",
                      SMAIL__TOTP_DIGITS, SMAIL__TOTP_SECONDS);
    smail__wipe(text, sizeof(text));
}
