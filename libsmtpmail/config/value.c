/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <smtpmail/error.h>

#include "base/span.h"

#define DISTANCE_MAX 48

struct unit {
    char letter;
    uint64_t factor;
};

static int scaled(uint64_t *out, smail_span text, const struct unit *units,
                  size_t count)
{
    uint64_t number, factor = 1;

    for (size_t i = 0; i < count && text.len > 0; i++) {
        if (smail__lower(text.data[text.len - 1]) != units[i].letter)
            continue;
        factor = units[i].factor;
        text.len--;
        break;
    }
    if (text.len == 0 || smail__span_number(&number, text) != 0 ||
        number > UINT64_MAX / factor)
        return SMAIL_EMALFORMED;
    *out = number * factor;
    return 0;
}

int smail__value_size(uint64_t *out, smail_span text)
{
    static const struct unit units[] = {
        { 'k', (uint64_t)1 << 10 },
        { 'm', (uint64_t)1 << 20 },
        { 'g', (uint64_t)1 << 30 },
        { 't', (uint64_t)1 << 40 },
    };

    return scaled(out, text, units, sizeof(units) / sizeof(units[0]));
}

int smail__value_duration(uint64_t *out, smail_span text)
{
    static const struct unit units[] = {
        { 's', 1 },
        { 'm', 60 },
        { 'h', 3600 },
        { 'd', 86400 },
    };

    return scaled(out, text, units, sizeof(units) / sizeof(units[0]));
}

int smail__value_bool(bool *out, smail_span text)
{
    static const char *const words[] = { "no",  "false", "off", "0",
                                         "yes", "true",  "on",  "1" };

    for (size_t i = 0; i < 8; i++) {
        if (!smail__span_iis(text, words[i]))
            continue;
        *out = i >= 4;
        return 0;
    }
    return SMAIL_EMALFORMED;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

unsigned smail__value_distance(smail_span a, smail_span b)
{
    unsigned rows[3][DISTANCE_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    a = smail__span_slice(a, 0, DISTANCE_MAX);
    b = smail__span_slice(b, 0, DISTANCE_MAX);
    for (size_t j = 0; j <= b.len; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *spare = before;

        before = above;
        above = row;
        row = spare;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            unsigned change = a.data[i - 1] != b.data[j - 1];

            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                a.data[i - 2] == b.data[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
    }
    return row[b.len];
}
