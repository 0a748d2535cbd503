/* SPDX-License-Identifier: MIT */
/* message/charset.c - see message/charset.h. */
#include "message/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/span.h"
#include "base/utf8.h"

/* Longest name of a charset that is looked up. */
#define NAME_MAX_LEN 40

/* Names that iconv lacks, or whose senders mean more than they say: those who
 * label windows-1252 as latin-1 are many more than those who use C1. */
static const struct {
    const char *name;
    const char *means;
} aliases[] = {
    { "iso-8859-1", "windows-1252" },
    { "iso8859-1", "windows-1252" },
    { "latin1", "windows-1252" },
    { "latin-1", "windows-1252" },
    { "ks_c_5601-1987", "cp949" },
    { "ksc5601", "cp949" },
    { "euc-kr", "cp949" },
    { "gb2312", "gb18030" },
    { "gbk", "gb18030" },
    { "x-gbk", "gb18030" },
    { "x-sjis", "cp932" },
    { "shift_jis", "cp932" },
    { "shift-jis", "cp932" },
    { "iso-8859-8-i", "iso-8859-8" },
    { "iso-8859-8-e", "iso-8859-8" },
    { "iso-8859-6-i", "iso-8859-6" },
    { "iso-8859-6-e", "iso-8859-6" },
    { "iso-8859-9", "windows-1254" },
    { "tis-620", "cp874" },
    { "unicode-1-1-utf-7", "utf-7" },
    { "unicode", "utf-16" },
    { "x-mac-roman", "macintosh" },
    { "x-unknown", "" },
    { "unknown-8bit", "" },
    { "default_charset", "" },
    { "us-ascii", "" },
    { "ascii", "" },
    { "utf8", "utf-8" },
};

/* 0x80 to 0x9f of windows-1252; the five gaps are controls. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
    0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

static void put_windows_1252(struct smail__buf *out, char octet)
{
    unsigned char byte = (unsigned char)octet;

    smail__utf8_put(out, byte >= 0x80 && byte < 0xa0 ? windows_1252[byte - 0x80]
                                                     : byte);
}

static void from_windows_1252(struct smail__buf *out, smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        put_windows_1252(out, text.data[i]);
}

/* What is no UTF-8 is windows-1252: some headers hold both. */
static bool guess(struct smail__buf *out, smail_span text)
{
    bool is_ascii = smail__is_ascii(text);

    if (smail__utf8_valid(text)) {
        smail__buf_append(out, text);
        return is_ascii;
    }
    while (text.len > 0) {
        uint32_t code_point;
        size_t len = smail__utf8_next(&code_point, text);

        if (len > 0)
            smail__buf_append(out, smail__span_slice(text, 0, len));
        else
            put_windows_1252(out, text.data[0]);
        text = smail__span_from(text, len > 0 ? len : 1);
    }
    return false;
}

/* A lower-case copy that iconv may see; false for a name that is none. */
static bool read_name(char out[NAME_MAX_LEN + 1], smail_span charset)
{
    charset = smail__span_trim(charset);
    if (charset.len >= 2 && charset.data[0] == '\'' &&
        charset.data[charset.len - 1] == '\'')
        charset = smail__span_slice(charset, 1, charset.len - 2);
    if (charset.len == 0 || charset.len > NAME_MAX_LEN)
        return false;
    for (size_t i = 0; i < charset.len; i++) {
        char byte = smail__lower(charset.data[i]);

        /* '/' would let a sender add //TRANSLIT and the like. */
        if (!smail__is_alnum(byte) && strchr("-_.:+", byte) == NULL)
            return false;
        out[i] = byte;
    }
    out[charset.len] = '\0';
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (strcmp(out, aliases[i].name) == 0) {
            memcpy(out, aliases[i].means, strlen(aliases[i].means) + 1);
            break;
        }
    }
    return out[0] != '\0';
}

/* Convert until the end; a byte that fits nowhere is replaced. */
static bool convert(struct smail__buf *out, iconv_t descriptor, smail_span text)
{
    char *in = (char *)(uintptr_t)text.data;
    size_t left = text.len;
    bool clean = true;
    char piece[1024];

    for (;;) {
        char *to = piece;
        size_t room = sizeof(piece);
        size_t rc = left > 0 ? iconv(descriptor, &in, &left, &to, &room)
                             : iconv(descriptor, NULL, NULL, &to, &room);
        int reason = errno;

        smail__buf_append(out, (smail_span){ piece, sizeof(piece) - room });
        if (smail__buf_error(out) != 0)
            return false;
        if (rc != (size_t)-1) {
            if (left == 0)
                return clean;
            continue;
        }
        if (reason == E2BIG)
            continue;
        if (left == 0)
            return false;
        clean = false;
        smail__utf8_put(out, SMAIL__UTF8_REPLACEMENT);
        if (reason == EINVAL || left <= 1) {
            left = 0;
            continue;
        }
        in++;
        left--;
    }
}

bool smail__charset_to_utf8(struct smail__buf *out, smail_span charset,
                            smail_span text)
{
    char name[NAME_MAX_LEN + 1];

    if (text.len == 0)
        return true;
    if (!read_name(name, charset))
        return guess(out, text);
    if (strcmp(name, "windows-1252") == 0) {
        from_windows_1252(out, text);
        return true;
    }
    if (strcmp(name, "utf-8") == 0) {
        if (!smail__utf8_valid(text))
            smail__utf8_scrub(out, text);
        else
            smail__buf_append(out, text);
        return true;
    }
    iconv_t descriptor = iconv_open("utf-8", name);

    if (descriptor == (iconv_t)-1)
        return guess(out, text);
    bool clean = convert(out, descriptor, text);

    iconv_close(descriptor);
    return clean;
}
