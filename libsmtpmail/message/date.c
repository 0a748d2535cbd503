/* SPDX-License-Identifier: MIT */
/*
 * message/date.c - the date of a message (RFC 5322, 3.3) with the obsolete
 * forms of RFC 5322, 4.3: comments, two-digit years, names of zones, a missing
 * weekday or second. What cannot be a date is none.
 */
#include <string.h>

#include "base/date.h"

#include "base/span.h"
#include "message/header.h"

/* What of the field is looked at. */
#define DATE_MAX 256

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

/* White space, comments, and what senders put between the parts of a date. */
static void skip(smail_span *text, const char *also)
{
    while (text->len > 0) {
        char byte = text->data[0];

        if (byte == '(')
            *text = skip_comment(*text);
        else if (smail__is_space(byte) || byte == '\r' || byte == '\n' ||
                 strchr(also, byte) != NULL)
            *text = smail__span_from(*text, 1);
        else
            break;
    }
}

/* The letters, or the digits, at the front. */
static smail_span take(smail_span *text, bool (*is)(char))
{
    size_t len = 0;

    while (len < text->len && is(text->data[len]))
        len++;
    smail_span word = smail__span_slice(*text, 0, len);

    *text = smail__span_from(*text, len);
    return word;
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

static bool take_number(int *out, smail_span *text, int max)
{
    uint64_t value;

    skip(text, "");
    if (smail__span_number(&value, take(text, smail__is_digit)) != 0 ||
        value > (uint64_t)max)
        return false;
    *out = (int)value;
    return true;
}

static bool take_month(int *out, smail_span *text)
{
    skip(text, ",-");
    *out = name_index(months, take(text, smail__is_alpha)) + 1;
    return *out > 0;
}

/* RFC 5322, 4.3: 00 to 49 are 20xx, 50 to 999 count from 1900. */
static bool take_year(int *out, smail_span *text)
{
    skip(text, ",-");
    size_t digits = text->len;

    if (!take_number(out, text, 9999))
        return false;
    digits -= text->len;
    if (digits == 2 && *out < 50)
        *out += 2000;
    else if (digits <= 3)
        *out += 1900;
    return *out >= 1900;
}

/* hour:minute[:second], with room around the colons (RFC 5322, 4.3). */
static bool take_time(struct smail__date *d, smail_span *text)
{
    skip(text, ",");
    if (!take_number(&d->hour, text, 23))
        return false;
    skip(text, "");
    if (text->len == 0 || text->data[0] != ':')
        return false;
    *text = smail__span_from(*text, 1);
    if (!take_number(&d->minute, text, 59))
        return false;
    skip(text, "");
    if (text->len == 0 || text->data[0] != ':')
        return true;
    *text = smail__span_from(*text, 1);
    return take_number(&d->second, text, 60);
}

static bool take_zone(int64_t *out, smail_span text)
{
    *out = 0;
    skip(&text, "\"");
    smail_span name = take(&text, smail__is_alpha);

    /* "GMT+0100" is what some mean by "+0100". */
    if (text.len == 0 || (text.data[0] != '+' && text.data[0] != '-')) {
        for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
            if (smail__span_iis(name, zones[i].name))
                *out = zones[i].hours * 3600;
        return true;
    }
    bool west = text.data[0] == '-';
    int value;

    text = smail__span_from(text, 1);
    size_t digits = text.len;

    if (!take_number(&value, &text, 9959))
        return false;
    digits -= text.len;
    if (digits != 4)
        return name.len > 0; /* "GMT-5": nobody knows what is meant */
    *out = (value / 100 * 60 + value % 100) * 60;
    if (west)
        *out = -*out;
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

/* "23 Nov 2026 03:00:00", or as C writes it, "Nov 23 03:00:00 2026". */
static bool take_moment(struct smail__date *d, smail_span *text)
{
    skip(text, ",-");
    if (text->len > 0 && smail__is_digit(text->data[0]))
        return take_number(&d->day, text, 31) && take_month(&d->month, text) &&
               take_year(&d->year, text) && take_time(d, text);
    if (!take_month(&d->month, text) || !take_number(&d->day, text, 31))
        return false;
    skip(text, ",");
    smail_span time = *text;

    if (take_time(d, &time)) {
        *text = time;
        return take_year(&d->year, text);
    }
    return take_year(&d->year, text) && take_time(d, text);
}

bool smail__header_date(int64_t *out, smail_span value)
{
    smail_span text = smail__span_slice(value, 0, DATE_MAX);
    struct smail__date d = { 0 };
    int64_t zone = 0;

    skip(&text, ",");
    smail_span front = text;

    if (name_index(weekdays, take(&front, smail__is_alpha)) >= 0)
        text = front;
    if (!take_moment(&d, &text) || !has_day(&d) || !take_zone(&zone, text))
        return false;
    *out = smail__date_to_seconds(&d) - zone;
    return true;
}
