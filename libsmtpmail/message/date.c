/* SPDX-License-Identifier: MIT */
/*
 * message/date.c - the date of a message (RFC 5322, 3.3) with the obsolete
 * forms of RFC 5322, 4.3: comments, two-digit years, names of zones, a missing
 * weekday or second. What cannot be a date is none.
 */
#include "base/date.h"

#include "base/span.h"
#include "message/header.h"

#define TOKENS_MAX 8

static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char weekdays[] = "sunmontuewedthufrisat";

/* RFC 5322, 4.3; all other letters mean that nobody knows. */
static const struct {
    const char *name;
    int hours;
} zones[] = {
    { "UT", 0 },   { "GMT", 0 },  { "Z", 0 },    { "UTC", 0 },
    { "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
    { "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
};

static smail_span skip_comment(smail_span text)
{
    int depth = 0;

    while (text.len > 0) {
        char byte = text.data[0];

        text = smail__span_from(text, byte == '\\' ? 2 : 1);
        if (byte == '(')
            depth++;
        else if (byte == ')' && --depth == 0)
            break;
    }
    return text;
}

static bool parts(char byte)
{
    return smail__is_space(byte) || byte == '\r' || byte == '\n' ||
           byte == ',' || byte == '-' || byte == '(';
}

/* Words of the value. A '-' parts "23-Nov-2026", but signs a zone. */
static size_t tokenize(smail_span out[TOKENS_MAX], smail_span text)
{
    size_t count = 0;

    while (text.len > 0 && count < TOKENS_MAX) {
        size_t len = 0;

        if (text.data[0] == '(') {
            text = skip_comment(text);
            continue;
        }
        if (parts(text.data[0]) && !(text.data[0] == '-' && count >= 4)) {
            text = smail__span_from(text, 1);
            continue;
        }
        do
            len++;
        while (len < text.len && !parts(text.data[len]));
        out[count++] = smail__span_slice(text, 0, len);
        text = smail__span_from(text, len);
    }
    return count;
}

/* Index of a three-letter name, which may be longer in the text; -1. */
static int name_index(const char *names, smail_span word)
{
    if (word.len < 3)
        return -1;
    for (int i = 0; names[3 * i] != '\0'; i++)
        if (smail__span_iequal(smail__span_slice(word, 0, 3),
                               (smail_span){ names + 3 * i, 3 }))
            return i;
    return -1;
}

static bool small_number(int *out, smail_span text, int max)
{
    uint64_t value;

    if (smail__span_number(&value, text) != 0 || value > (uint64_t)max)
        return false;
    *out = (int)value;
    return true;
}

/* RFC 5322, 4.3: 00 to 49 are 20xx, 50 to 999 count from 1900. */
static bool read_year(int *out, smail_span text)
{
    if (!small_number(out, text, 9999))
        return false;
    if (text.len == 2 && *out < 50)
        *out += 2000;
    else if (text.len <= 3)
        *out += 1900;
    return *out >= 1900;
}

static bool read_time(struct smail__date *d, smail_span text)
{
    smail_span hour = smail__span_cut(&text, ':');
    smail_span minute = smail__span_cut(&text, ':');

    return small_number(&d->hour, hour, 23) &&
           small_number(&d->minute, minute, 59) &&
           (text.len == 0 || small_number(&d->second, text, 60));
}

static bool read_zone(int64_t *out, smail_span text)
{
    int value;

    *out = 0;
    if (text.len == 5 && (text.data[0] == '+' || text.data[0] == '-')) {
        if (!small_number(&value, smail__span_from(text, 1), 9959))
            return false;
        *out = (value / 100 * 60 + value % 100) * 60;
        if (text.data[0] == '-')
            *out = -*out;
        return true;
    }
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        if (smail__span_iis(text, zones[i].name))
            *out = zones[i].hours * 3600;
    return true;
}

static bool has_day(const struct smail__date *d)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31 };
    bool leap = (d->year % 4 == 0 && d->year % 100 != 0) || d->year % 400 == 0;

    return d->day >= 1 &&
           d->day <= lengths[d->month - 1] + (d->month == 2 && leap);
}

bool smail__header_date(int64_t *out, smail_span value)
{
    smail_span words[TOKENS_MAX];
    struct smail__date d = { 0 };
    int64_t zone = 0;
    size_t count = tokenize(words, smail__span_slice(value, 0, 256));
    size_t at = count > 0 && name_index(weekdays, words[0]) >= 0 ? 1 : 0;

    if (count < at + 4 || !small_number(&d.day, words[at], 31))
        return false;
    d.month = name_index(months, words[at + 1]) + 1;
    if (d.month == 0 || !read_year(&d.year, words[at + 2]) ||
        !read_time(&d, words[at + 3]) || !has_day(&d))
        return false;
    if (count > at + 4 && !read_zone(&zone, words[at + 4]))
        return false;
    *out = smail__date_to_seconds(&d) - zone;
    return true;
}
