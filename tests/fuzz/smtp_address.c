/* SPDX-License-Identifier: MIT */
/*
 * fuzz/smtp_address.c - any bytes as a path (RFC 5321, 4.1.2).
 *
 * Whatever is accepted keeps the limits, holds no octet that could end a
 * command or a header line, is understood the same when it is written again,
 * and needs UTF-8 only where it was allowed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "base/utf8.h"
#include "smtp/address.h"

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_octets(smail_span text, bool utf8)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        require(byte >= ' ' && byte != 0x7f);
        require(utf8 || byte < 0x80);
    }
    require(smail__utf8_valid(text));
}

static void check_inside(smail_span part, smail_span whole)
{
    require(part.len == 0 || (part.data >= whole.data &&
                              part.data + part.len <= whole.data + whole.len));
}

static bool same(const smail_path *a, const smail_path *b)
{
    return smail__span_equal(a->local, b->local) &&
           smail__span_equal(a->domain, b->domain);
}

/* `path` between brackets, and without them, is itself. */
static void check_again(const smail_path *path, enum smail__address_kind kind,
                        bool utf8)
{
    struct smail__buf text;
    smail_path again;
    smail_span rest;

    smail__buf_init(&text, TEXT_MAX, NULL);
    smail__buf_putc(&text, '<');
    smail__buf_append(&text, path->local);
    if (path->domain.len > 0)
        smail__buf_putc(&text, '@');
    smail__buf_append(&text, path->domain);
    smail__buf_putc(&text, '>');
    rest = smail__buf_span(&text);
    require(smail__address_take(&again, &rest, kind, utf8) ==
            SMAIL__ADDRESS_FINE);
    require(rest.len == 0 && same(path, &again));
    if (path->domain.len > 0) {
        rest = smail__span_slice(smail__buf_span(&text), 1, text.len - 2);
        require(smail_path_parse(&again, rest, utf8) == 0);
        require(same(path, &again));
    }
    smail__buf_dispose(&text);
}

static void check(smail_span input, enum smail__address_kind kind, bool utf8)
{
    smail_span rest = input;
    smail_span taken;
    smail_path path;
    enum smail__address_fault fault =
        smail__address_take(&path, &rest, kind, utf8);

    require(smail__address_fault_text(fault)[0] != '\0');
    if (fault != SMAIL__ADDRESS_FINE)
        return;
    taken = smail__span_slice(input, 0, input.len - rest.len);
    require(taken.len >= 2 && taken.len <= SMAIL_PATH_MAX);
    require(taken.data[0] == '<' && taken.data[taken.len - 1] == '>');
    check_octets(taken, utf8);
    check_inside(path.local, taken);
    check_inside(path.domain, taken);
    require(path.local.len <= SMAIL_LOCAL_PART_MAX);
    require(path.domain.len <= SMAIL_DOMAIN_MAX);
    if (smail_path_is_null(&path))
        require(kind == SMAIL__ADDRESS_REVERSE);
    check_again(&path, kind, utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span input = { (const char *)data, size };
    smail_path path;

    for (int utf8 = 0; utf8 < 2; utf8++) {
        check(input, SMAIL__ADDRESS_REVERSE, utf8 != 0);
        check(input, SMAIL__ADDRESS_FORWARD, utf8 != 0);
        if (smail_path_parse(&path, input, utf8 != 0) == 0) {
            check_octets(input, utf8 != 0);
            require(path.local.len > 0 && path.domain.len > 0);
            check_again(&path, SMAIL__ADDRESS_REVERSE, utf8 != 0);
        }
    }
    if (smail__address_is_helo(input))
        check_octets(input, false);
    return 0;
}
