/* SPDX-License-Identifier: MIT */
/* transfer/name.c - see transfer/name.h. */
#include "transfer/name.h"

#include <string.h>

#include "base/span.h"
#include "base/utf8.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* --- Modified UTF-7 ------------------------------------------------------ */

static int digit_of(char byte)
{
    const char *at = byte != '\0' ? strchr(digits, byte) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* UTF-16 of one shift, unit by unit. */
struct units {
    struct smail__buf *out;
    uint32_t high; /* half of a pair; 0 */
};

static bool put_unit(struct units *units, uint32_t unit)
{
    bool is_low = unit >= 0xdc00 && unit < 0xe000;

    if ((units->high != 0) != is_low)
        return false;
    if (is_low) {
        smail__utf8_put(units->out, 0x10000 + ((units->high - 0xd800) << 10) +
                                        (unit - 0xdc00));
        units->high = 0;
    } else if (unit >= 0xd800 && unit < 0xdc00) {
        units->high = unit;
    } else {
        smail__utf8_put(units->out, unit);
    }
    return true;
}

static bool put_shift(struct smail__buf *out, smail_span text)
{
    struct units units = { out, 0 };
    uint32_t bits = 0;
    unsigned count = 0;

    for (size_t i = 0; i < text.len; i++) {
        int digit = digit_of(text.data[i]);

        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count < 16)
            continue;
        count -= 16;
        if (!put_unit(&units, bits >> count & 0xffff))
            return false;
        bits &= (1u << count) - 1;
    }
    return units.high == 0 && bits == 0 && count < 6;
}

bool smail__utf7_decode(struct smail__buf *out, smail_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        smail_span rest = smail__span_from(name, i + 1);
        smail_span shift = rest;

        if (name.data[i] < 0x20 || name.data[i] > 0x7e)
            return false;
        if (name.data[i] != '&') {
            smail__buf_putc(out, name.data[i]);
            continue;
        }
        shift.len = smail__span_find(rest, '-');
        if (shift.len == rest.len)
            return false;
        if (shift.len == 0)
            smail__buf_putc(out, '&');
        else if (!put_shift(out, shift))
            return false;
        i += shift.len + 1;
    }
    return true;
}

struct shift {
    struct smail__buf *out;
    uint32_t bits;
    unsigned count;
    bool is_open;
};

static void add_unit(struct shift *shift, uint32_t unit)
{
    if (!shift->is_open)
        smail__buf_putc(shift->out, '&');
    shift->is_open = true;
    shift->bits = shift->bits << 16 | unit;
    shift->count += 16;
    while (shift->count >= 6) {
        shift->count -= 6;
        smail__buf_putc(shift->out, digits[shift->bits >> shift->count & 63]);
    }
    shift->bits &= (1u << shift->count) - 1;
}

static void close_shift(struct shift *shift)
{
    if (!shift->is_open)
        return;
    if (shift->count > 0)
        smail__buf_putc(shift->out,
                        digits[shift->bits << (6 - shift->count) & 63]);
    smail__buf_putc(shift->out, '-');
    shift->bits = 0;
    shift->count = 0;
    shift->is_open = false;
}

void smail__utf7_encode(struct smail__buf *out, smail_span name,
                        const char *never)
{
    struct shift shift = { .out = out };

    while (name.len > 0) {
        uint32_t point = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&point, name);

        if (point >= 0x20 && point < 0x7f &&
            strchr(never, (int)point) == NULL) {
            close_shift(&shift);
            smail__buf_puts(out, point == '&' ? "&-" : "");
            if (point != '&')
                smail__buf_putc(out, (char)point);
        } else if (point >= 0x10000) {
            add_unit(&shift, 0xd800 + ((point - 0x10000) >> 10));
            add_unit(&shift, 0xdc00 + ((point - 0x10000) & 0x3ff));
        } else {
            add_unit(&shift, point);
        }
        name = smail__span_from(name, len > 0 ? len : 1);
    }
    close_shift(&shift);
}

/* --- Folders and files --------------------------------------------------- */

static void put_level(struct smail__buf *out, smail_span level)
{
    size_t before = out->len;

    if (smail__utf7_decode(out, level))
        return;
    smail__buf_truncate(out, before);
    smail__utf8_scrub(out, level);
}

void smail__name_of_maildir(struct smail__buf *out, smail_span folder)
{
    if (folder.len > 0 && folder.data[0] == '.')
        folder = smail__span_from(folder, 1);
    while (folder.len > 0) {
        size_t before;

        if (out->len > 0)
            smail__buf_putc(out, '/');
        before = out->len;
        put_level(out, smail__span_cut(&folder, '.'));
        /* A slash that was decoded is no level. */
        for (size_t i = before; i < out->len; i++)
            if (out->data[i] == '/')
                out->data[i] = '_';
    }
}

static bool is_plain(smail_span level, size_t at)
{
    unsigned char byte = (unsigned char)level.data[at];
    bool is_end = at == 0 || at + 1 == level.len;

    return byte >= 0x20 && byte != 0x7f &&
           strchr("/\\:*?\"<>|%", byte) == NULL &&
           !(is_end && (byte == '.' || byte == ' ' || byte == '-'));
}

/* A folder with these in it would be a Maildir. */
static bool is_part(smail_span level)
{
    return smail__span_is(level, "cur") || smail__span_is(level, "new") ||
           smail__span_is(level, "tmp");
}

void smail__name_to_file(struct smail__buf *out, smail_span level)
{
    static const char hex[] = "0123456789ABCDEF";
    bool is_taken = is_part(level);

    for (size_t i = 0; i < level.len; i++) {
        unsigned char byte = (unsigned char)level.data[i];

        if (is_plain(level, i) && !(is_taken && i == 0)) {
            smail__buf_putc(out, level.data[i]);
        } else {
            smail__buf_putc(out, '%');
            smail__buf_putc(out, hex[byte >> 4]);
            smail__buf_putc(out, hex[byte & 15]);
        }
    }
}

static int hex_of(char byte)
{
    if (smail__is_digit(byte))
        return byte - '0';
    byte = smail__lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

void smail__name_of_file(struct smail__buf *out, smail_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        int high = i + 2 < name.len ? hex_of(name.data[i + 1]) : -1;
        int low = i + 2 < name.len ? hex_of(name.data[i + 2]) : -1;

        if (name.data[i] != '%' || high < 0 || low < 0) {
            smail__buf_putc(out, name.data[i]);
            continue;
        }
        smail__buf_putc(out, (char)(high << 4 | low));
        i += 2;
    }
}

/* --- Cleaning ------------------------------------------------------------ */

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
           point == 0x2029;
}

static void clean_level(struct smail__buf *out, smail_span level)
{
    size_t before = out->len;

    while (level.len > 0) {
        uint32_t point = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&point, level);

        if (out->len - before + 4 > SMAIL_MAILBOX_NAME_MAX)
            return;
        smail__utf8_put(out, is_control(point) ? '_' : point);
        level = smail__span_from(level, len > 0 ? len : 1);
    }
}

void smail__name_clean(struct smail__buf *out, smail_span path)
{
    size_t depth = 0;

    while (path.len > 0 && depth < SMAIL_MAILBOX_DEPTH_MAX) {
        smail_span level = smail__span_trim(smail__span_cut(&path, '/'));

        if (level.len == 0)
            continue;
        if (depth++ > 0)
            smail__buf_putc(out, '/');
        clean_level(out, level);
    }
}

/* --- Uses ---------------------------------------------------------------- */

smail_role smail__role_of_name(smail_span path)
{
    static const struct {
        const char *name;
        smail_role role;
    } known[] = {
        { "Inbox", SMAIL_ROLE_INBOX },
        { "Sent", SMAIL_ROLE_SENT },
        { "Sent Items", SMAIL_ROLE_SENT },
        { "Sent Mail", SMAIL_ROLE_SENT },
        { "Sent Messages", SMAIL_ROLE_SENT },
        { "[Gmail]/Sent Mail", SMAIL_ROLE_SENT },
        { "Drafts", SMAIL_ROLE_DRAFTS },
        { "Draft", SMAIL_ROLE_DRAFTS },
        { "[Gmail]/Drafts", SMAIL_ROLE_DRAFTS },
        { "Trash", SMAIL_ROLE_TRASH },
        { "Bin", SMAIL_ROLE_TRASH },
        { "Deleted Items", SMAIL_ROLE_TRASH },
        { "Deleted Messages", SMAIL_ROLE_TRASH },
        { "[Gmail]/Trash", SMAIL_ROLE_TRASH },
        { "[Gmail]/Bin", SMAIL_ROLE_TRASH },
        { "Junk", SMAIL_ROLE_JUNK },
        { "Spam", SMAIL_ROLE_JUNK },
        { "Junk E-mail", SMAIL_ROLE_JUNK },
        { "Junk Email", SMAIL_ROLE_JUNK },
        { "Bulk Mail", SMAIL_ROLE_JUNK },
        { "[Gmail]/Spam", SMAIL_ROLE_JUNK },
        { "Archive", SMAIL_ROLE_ARCHIVE },
        { "Archives", SMAIL_ROLE_ARCHIVE },
        { "Archived", SMAIL_ROLE_ARCHIVE },
        { "[Gmail]/All Mail", SMAIL_ROLE_ARCHIVE },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (smail__span_iis(path, known[i].name))
            return known[i].role;
    return SMAIL_ROLE_NONE;
}
