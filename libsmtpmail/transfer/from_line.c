/* SPDX-License-Identifier: MIT */
/* transfer/from_line.c - see transfer/from_line.h. */
#include "transfer/from_line.h"

#include <string.h>

#include "base/date.h"
#include "base/format.h"
#include "base/span.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

static smail_span next_word(smail_span *line)
{
    while (line->len > 0 && line->data[0] == ' ')
        *line = smail__span_from(*line, 1);
    return smail__span_cut(line, ' ');
}

static int month_of(smail_span word)
{
    for (int i = 0; i < 12; i++)
        if (smail__span_iequal(word, (smail_span){ months + (size_t)i * 3, 3 }))
            return i + 1;
    return 0;
}

static bool number(int *out, smail_span text, int min, int max)
{
    uint64_t value;

    if (text.len == 0 || smail__span_number(&value, text) != 0 ||
        value > (uint64_t)max || value < (uint64_t)min)
        return false;
    *out = (int)value;
    return true;
}

/* "hh:mm:ss" or "hh:mm". */
static bool read_clock(struct smail__date *date, smail_span text)
{
    return number(&date->hour, smail__span_cut(&text, ':'), 0, 23) &&
           number(&date->minute, smail__span_cut(&text, ':'), 0, 59) &&
           (text.len == 0 || number(&date->second, text, 0, 60));
}

/* "+0100": seconds east of UTC. */
static bool read_zone(int64_t *out, smail_span text)
{
    int value;

    if (text.len != 5 || (text.data[0] != '+' && text.data[0] != '-') ||
        !number(&value, smail__span_from(text, 1), 0, 2359))
        return false;
    *out = (int64_t)(value / 100) * 3600 + (int64_t)(value % 100) * 60;
    if (text.data[0] == '-')
        *out = -*out;
    return true;
}

/* "From sender Mon Nov 23 10:00:00 2026": the words behind a month; a zone
 * may stand before the year or behind it. */
int64_t smail__from_line_time(smail_span line)
{
    struct smail__date date = { 0 };
    int64_t zone = 0;

    line = smail__span_trim(line);
    while (line.len > 0 && date.month == 0)
        date.month = month_of(next_word(&line));
    if (date.month == 0 || !number(&date.day, next_word(&line), 1, 31) ||
        !read_clock(&date, next_word(&line)))
        return 0;
    while (line.len > 0) {
        smail_span word = next_word(&line);

        if (!read_zone(&zone, word) && date.year == 0)
            (void)number(&date.year, word, 1970, 9999);
    }
    return date.year != 0 ? smail__date_to_seconds(&date) - zone : 0;
}

bool smail__is_from_line(smail_span line)
{
    return line.len > 5 && memcmp(line.data, "From ", 5) == 0;
}

void smail__from_line_format(char out[SMAIL__FROM_LINE_MAX], int64_t time)
{
    struct smail__date date;

    smail__date_from_seconds(&date, time);
    smail__format(out, SMAIL__FROM_LINE_MAX,
                  "From MAILER-DAEMON %.*s %.*s %02d %02d:%02d:%02d %04d\n", 3,
                  days + (size_t)date.weekday * 3, 3,
                  months + (size_t)(date.month - 1) * 3, date.day, date.hour,
                  date.minute, date.second, date.year);
}
