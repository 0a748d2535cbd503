/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "display.h"

#include <wchar.h>

#include "base/span.h"
#include "base/utf8.h"

/* Bidirectional overrides and isolates, zero-width characters, line ends of
 * Unicode: they make a line lie about what stands in it. */
static bool is_deceptive(uint32_t code)
{
    return (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

static void put_code(struct smail__buf *out, uint32_t code, smail_span bytes,
                     bool is_block)
{
    bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);

    if (is_block && (code == '\n' || code == '\t'))
        smail__buf_putc(out, (char)code);
    else if (is_block && code == '\r')
        return;
    else if (code == '\n')
        smail__buf_puts(out, "\\n");
    else if (code == '\t')
        smail__buf_putc(out, ' ');
    else if (is_control)
        smail__buf_printf(out, "\\x%02x", (unsigned)code);
    else if (is_deceptive(code))
        smail__buf_printf(out, "\\u%04x", (unsigned)code);
    else
        smail__buf_append(out, bytes);
}

void display_text(struct smail__buf *out, smail_span text, bool is_block)
{
    while (text.len > 0) {
        uint32_t code = SMAIL__UTF8_REPLACEMENT;
        size_t len = smail__utf8_next(&code, text);

        if (len > 0) {
            put_code(out, code, smail__span_slice(text, 0, len), is_block);
        } else {
            smail__utf8_put(out, SMAIL__UTF8_REPLACEMENT);
            len = 1;
        }
        text = smail__span_from(text, len);
    }
}

static size_t width_of(uint32_t code)
{
    int width = wcwidth((wchar_t)code);

    return width < 0 ? 1 : (size_t)width;
}

size_t display_width(smail_span text)
{
    size_t width = 0;

    while (text.len > 0) {
        uint32_t code = 0;
        size_t len = smail__utf8_next(&code, text);

        width += len > 0 ? width_of(code) : 1;
        text = smail__span_from(text, len > 0 ? len : 1);
    }
    return width;
}

smail_span display_clip(smail_span text, size_t width)
{
    smail_span rest = text;
    size_t taken = 0;

    while (rest.len > 0) {
        uint32_t code = 0;
        size_t len = smail__utf8_next(&code, rest);
        size_t one = len > 0 ? width_of(code) : 1;

        if (taken + one > width)
            break;
        taken += one;
        rest = smail__span_from(rest, len > 0 ? len : 1);
    }
    return smail__span_slice(text, 0, text.len - rest.len);
}
