/* SPDX-License-Identifier: MIT */
/* base/date.c - the proleptic Gregorian calendar, counted in days. */
#include "base/date.h"

#include <smtpmail/error.h>

#include "base/format.h"
#include "base/span.h"

#define DAY 86400

/* 9999-12-31T23:59:59Z: the last moment that RFC 3339 can write. */
#define LAST_SECOND 253402300799
/* 0000-01-01T00:00:00Z */
#define FIRST_SECOND (-62167219200)

static const char *const weekdays[] = { "Sun", "Mon", "Tue", "Wed",
                                        "Thu", "Fri", "Sat" };
static const char *const months[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

/*
 * Days since 1970-01-01, by counting 400-year eras whose year begins in
 * March: the leap day is then the last of a year, and months need no table.
 */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year =
        (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(struct smail__date *out, int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
                           day_of_era / 146096) /
                          365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    out->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    out->month = (int)(month < 10 ? month + 3 : month - 9);
    out->year = (int)(year_of_era + era * 400 + (out->month <= 2));
}

void smail__date_from_seconds(struct smail__date *out, int64_t seconds)
{
    if (seconds > LAST_SECOND)
        seconds = LAST_SECOND;
    if (seconds < FIRST_SECOND)
        seconds = FIRST_SECOND;

    int64_t days = seconds / DAY;
    int64_t rest = seconds % DAY;

    if (rest < 0) {
        rest += DAY;
        days--;
    }
    civil_from_days(out, days);
    out->hour = (int)(rest / 3600);
    out->minute = (int)(rest / 60 % 60);
    out->second = (int)(rest % 60);
    out->weekday = (int)(((days + 4) % 7 + 7) % 7); /* day 0 was a Thursday */
}

int64_t smail__date_to_seconds(const struct smail__date *date)
{
    return days_from_civil(date->year, date->month, date->day) * DAY +
           date->hour * 3600 + date->minute * 60 + date->second;
}

void smail__date_rfc5322(char out[SMAIL__DATE_MAX], int64_t seconds)
{
    struct smail__date d;

    smail__date_from_seconds(&d, seconds);
    smail__format(out, SMAIL__DATE_MAX, "%s, %d %s %04d %02d:%02d:%02d +0000",
                  weekdays[d.weekday], d.day, months[d.month - 1], d.year,
                  d.hour, d.minute, d.second);
}

void smail__date_rfc3339(char out[SMAIL__DATE_MAX], int64_t seconds)
{
    struct smail__date d;

    smail__date_from_seconds(&d, seconds);
    smail__format(out, SMAIL__DATE_MAX, "%04d-%02d-%02dT%02d:%02d:%02dZ",
                  d.year, d.month, d.day, d.hour, d.minute, d.second);
}

/* Two or four digits, then the byte `end` unless it is 0. */
static int take_digits(int *out, smail_span *text, size_t count, char end)
{
    uint64_t value;

    if (text->len < count + (end != '\0') ||
        smail__span_number(&value, smail__span_slice(*text, 0, count)) != 0)
        return SMAIL_EMALFORMED;
    if (end != '\0' && smail__upper(text->data[count]) != end)
        return SMAIL_EMALFORMED;
    *out = (int)value;
    *text = smail__span_from(*text, count + (end != '\0'));
    return 0;
}

static int take_offset(int64_t *out, smail_span text)
{
    int hours;
    int minutes;

    if (smail__span_iis(text, "Z")) {
        *out = 0;
        return 0;
    }
    if (text.len != 6 || (text.data[0] != '+' && text.data[0] != '-'))
        return SMAIL_EMALFORMED;
    int sign = text.data[0] == '-' ? -1 : 1;

    text = smail__span_from(text, 1);
    if (take_digits(&hours, &text, 2, ':') != 0 ||
        take_digits(&minutes, &text, 2, '\0') != 0 || hours > 23 ||
        minutes > 59)
        return SMAIL_EMALFORMED;
    *out = sign * (hours * 3600 + minutes * 60);
    return 0;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool in_calendar(const struct smail__date *d)
{
    static const int lengths[] = { 31, 29, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31 };

    if (d->month == 2 && d->day == 29 && !is_leap(d->year))
        return false;
    return d->month >= 1 && d->month <= 12 && d->day >= 1 &&
           d->day <= lengths[d->month - 1] && d->hour <= 23 &&
           d->minute <= 59 && d->second <= 60;
}

int smail__date_parse_rfc3339(int64_t *out, smail_span text)
{
    struct smail__date d = { 0 };
    int64_t offset;

    if (take_digits(&d.year, &text, 4, '-') != 0 ||
        take_digits(&d.month, &text, 2, '-') != 0 ||
        take_digits(&d.day, &text, 2, 'T') != 0 ||
        take_digits(&d.hour, &text, 2, ':') != 0 ||
        take_digits(&d.minute, &text, 2, ':') != 0 ||
        take_digits(&d.second, &text, 2, '\0') != 0 || !in_calendar(&d))
        return SMAIL_EMALFORMED;

    if (text.len > 0 && text.data[0] == '.') {
        text = smail__span_from(text, 1);
        if (text.len == 0 || !smail__is_digit(text.data[0]))
            return SMAIL_EMALFORMED;
        while (text.len > 0 && smail__is_digit(text.data[0]))
            text = smail__span_from(text, 1);
    }
    if (take_offset(&offset, text) != 0)
        return SMAIL_EMALFORMED;
    *out = smail__date_to_seconds(&d) - offset;
    return 0;
}
