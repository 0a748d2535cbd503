/* SPDX-License-Identifier: MIT */
/*
 * base/date.h - the calendar as arithmetic. Reads no clock and no time zone:
 * seconds since 1970-01-01T00:00:00Z come in, text goes out.
 */
#ifndef SMAIL__BASE_DATE_H
#define SMAIL__BASE_DATE_H

#include <smtpmail/base.h>

struct smail__date {
    int year;  /* as written: 2026 */
    int month; /* 1 to 12 */
    int day;
    int hour;
    int minute;
    int second;
    int weekday; /* 0 is Sunday */
};

/* Room for what the two writers below produce, with the NUL. */
#define SMAIL__DATE_MAX 40

/* Years -9999 to 9999; times outside are clamped. */
void smail__date_from_seconds(struct smail__date *out, int64_t seconds);
int64_t smail__date_to_seconds(const struct smail__date *date);

/* "Mon, 23 Nov 2026 01:26:00 +0000" (RFC 5322, 3.3). */
void smail__date_rfc5322(char out[SMAIL__DATE_MAX], int64_t seconds);

/* "2026-11-23T01:26:00Z" (RFC 3339, 5.6). */
void smail__date_rfc3339(char out[SMAIL__DATE_MAX], int64_t seconds);

/* Reads what the writer above writes, and offsets; SMAIL_EMALFORMED. */
int smail__date_parse_rfc3339(int64_t *out, smail_span text);

#endif
