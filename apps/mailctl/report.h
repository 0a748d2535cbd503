/* SPDX-License-Identifier: MIT */
/*
 * report.h - rows for a person or for a script. The same calls make a table
 * whose columns are aligned, or a JSON array of objects; or, of one row, a
 * list of "name: value" lines, or a JSON object.
 *
 * Values come in the order of the columns. The first rows of a table are held
 * back to learn how wide its columns are; what follows is printed as it comes.
 */
#ifndef REPORT_H
#define REPORT_H

#include "ctl.h"
#include "json/write.h"

#define REPORT_COLUMNS_MAX 24

struct column {
    const char *name;
    unsigned width; /* longest in a table; 0: any */
    bool is_hidden; /* in a table; not in JSON and not in a record */
};

struct report {
    struct out *out;
    const struct column *columns;
    size_t count;
    bool is_json, is_record;
    struct smail__json json;
    size_t at; /* the column that comes next */
    bool is_number[REPORT_COLUMNS_MAX];
    size_t widths[REPORT_COLUMNS_MAX];
    struct smail__buf held; /* cells, a newline behind each */
    size_t held_rows;
    bool is_streaming;
};

/* `columns` ends with a NULL name. A record is one row. */
void report_begin(struct report *report, struct ctl *ctl,
                  const struct column *columns, bool is_record);

void report_text(struct report *report, smail_span text);
void report_string(struct report *report, const char *text);
void report_uint(struct report *report, uint64_t value);
void report_optional(struct report *report, uint64_t value); /* 0: none */
void report_id(struct report *report, smail_id id);
void report_bool(struct report *report, bool value);
void report_time(struct report *report, int64_t seconds); /* 0: none */
/* Words parted by `separator`: an array in JSON. */
void report_words(struct report *report, const char *words, char separator);

/* The row is whole: 0, or 1 when nobody wants more. */
int report_row(struct report *report);

/* JSON that only this report has goes here, before report_end() of a record. */
struct smail__json *report_json(struct report *report);

void report_end(struct report *report);

#endif
