/* SPDX-License-Identifier: MIT */
/* db/postgres_value.c - numbers as PostgreSQL sends and reads them. */
#include <string.h>

#include "base/format.h"
#include "db/postgres.h"

static uint64_t read_big(const unsigned char *at, int len)
{
    uint64_t value = 0;

    for (int i = 0; i < len; i++)
        value = value << 8 | at[i];
    return value;
}

/* What sum() makes: groups of four decimal digits, `weight` + 1 of them
 * before the point. Beyond 64 bits it is the nearest that fits. */
static int64_t read_numeric(const unsigned char *at, int len)
{
    int count, weight;
    uint64_t value = 0;
    bool is_negative;

    if (len < 8)
        return 0;
    count = (int)read_big(at, 2);
    weight = (int16_t)read_big(at + 2, 2);
    is_negative = read_big(at + 4, 2) == 0x4000;
    for (int i = 0; i <= weight; i++) {
        uint64_t digit = i < count && 8 + 2 * i + 2 <= len
                             ? read_big(at + 8 + 2 * (size_t)i, 2)
                             : 0;

        if (value > ((uint64_t)INT64_MAX - digit) / 10000)
            return is_negative ? INT64_MIN : INT64_MAX;
        value = value * 10000 + digit;
    }
    return is_negative ? -(int64_t)value : (int64_t)value;
}

/* As SQLite does: the number at the front. */
static int64_t read_text(const char *text, int len)
{
    bool is_negative = len > 0 && text[0] == '-';
    int64_t value = 0;

    for (int i = is_negative ? 1 : 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || value > INT64_MAX / 10 - 1)
            break;
        value = value * 10 + (text[i] - '0');
    }
    return is_negative ? -value : value;
}

int64_t smail__postgres_int(const PGresult *row, int column)
{
    const char *text = PQgetvalue(row, 0, column);
    const unsigned char *at = (const unsigned char *)text;
    int len = PQgetlength(row, 0, column);

    if (PQgetisnull(row, 0, column))
        return 0;
    switch (PQftype(row, column)) {
    case POSTGRES_BOOL:
        return len == 1 && at[0] != 0;
    case POSTGRES_INT2:
        return len == 2 ? (int16_t)read_big(at, 2) : 0;
    case POSTGRES_INT4:
        return len == 4 ? (int32_t)read_big(at, 4) : 0;
    case POSTGRES_INT8:
        return len == 8 ? (int64_t)read_big(at, 8) : 0;
    case POSTGRES_NUMERIC:
        return read_numeric(at, len);
    default:
        return read_text(text, len);
    }
}

void smail__postgres_put_int(struct postgres_value *value, Oid type,
                             int64_t number)
{
    value->kind = POSTGRES_NUMBER;
    value->format = 1;
    if (type == POSTGRES_INT8) {
        for (int i = 0; i < 8; i++)
            value->number[i] = (char)((uint64_t)number >> (56 - 8 * i));
        value->bytes = (smail_span){ value->number, 8 };
        return;
    }
    if (type == POSTGRES_BOOL) {
        value->number[0] = number != 0;
        value->bytes = (smail_span){ value->number, 1 };
        return;
    }
    smail__format(value->number, sizeof(value->number), "%lld",
                  (long long)number);
    value->bytes = (smail_span){ value->number, strlen(value->number) };
    value->format = 0;
}
