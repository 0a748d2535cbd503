/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>

#include "base/date.h"
#include "base/span.h"
#include "display.h"

/* Rows, and bytes, that are looked at before the first is printed. */
#define HELD_ROWS 200
#define HELD_MAX ((size_t)16 << 20)

#define ELLIPSIS "\xe2\x80\xa6"

void report_begin(struct report *report, struct ctl *ctl,
                  const struct column *columns, bool is_record)
{
    *report = (struct report){ .out = &ctl->out,
                               .columns = columns,
                               .is_json = ctl->json,
                               .is_record = is_record };
    while (columns[report->count].name != NULL &&
           report->count < REPORT_COLUMNS_MAX)
        report->count++;
    smail__buf_init(&report->held, HELD_MAX, NULL);
    smail__json_init(&report->json, &ctl->out.buf);
    if (report->is_json && !is_record)
        smail__json_begin_array(&report->json);
}

/* --- Tables -------------------------------------------------------------- */

static void pad(struct smail__buf *out, size_t count)
{
    while (count-- > 0)
        smail__buf_putc(out, ' ');
}

static size_t last_shown(const struct report *report)
{
    size_t last = 0;

    for (size_t i = 0; i < report->count; i++) {
        if (!report->columns[i].is_hidden)
            last = i;
    }
    return last;
}

static void print_cell(struct report *report, size_t column, smail_span text)
{
    struct smail__buf *out = &report->out->buf;
    size_t width = display_width(text);
    size_t space =
        width < report->widths[column] ? report->widths[column] - width : 0;
    bool is_right = report->is_number[column];

    if (is_right)
        pad(out, space);
    smail__buf_append(out, text);
    if (column == last_shown(report))
        smail__buf_putc(out, '\n');
    else
        pad(out, (is_right ? 0 : space) + 2);
}

static void print_head(struct report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        if (!report->columns[i].is_hidden)
            print_cell(report, i, smail__span(report->columns[i].name));
    }
}

/* The cells of one row, from the front of `cells`. */
static void print_row(struct report *report, smail_span *cells)
{
    for (size_t i = 0; i < report->count; i++) {
        smail_span cell = smail__span_cut(cells, '\n');

        if (!report->columns[i].is_hidden)
            print_cell(report, i, cell);
    }
}

static void measure(struct report *report)
{
    smail_span cells = smail__buf_span(&report->held);

    for (size_t i = 0; i < report->count; i++)
        report->widths[i] = display_width(smail__span(report->columns[i].name));
    while (cells.len > 0) {
        for (size_t i = 0; i < report->count; i++) {
            size_t width = display_width(smail__span_cut(&cells, '\n'));

            if (width > report->widths[i])
                report->widths[i] = width;
        }
    }
}

static void print_held(struct report *report)
{
    smail_span cells;

    if (!report->is_streaming) {
        measure(report);
        print_head(report);
        report->is_streaming = true;
    }
    cells = smail__buf_span(&report->held);
    while (cells.len > 0)
        print_row(report, &cells);
    if (smail__buf_error(&report->held) != 0)
        report->out->buf.error = smail__buf_error(&report->held);
    smail__buf_clear(&report->held);
    report->held_rows = 0;
}

/* --- Records ------------------------------------------------------------- */

static void print_record(struct report *report)
{
    struct smail__buf *out = &report->out->buf;
    smail_span cells = smail__buf_span(&report->held);
    size_t widest = 0;

    for (size_t i = 0; i < report->count; i++) {
        size_t width = display_width(smail__span(report->columns[i].name));

        widest = width > widest ? width : widest;
    }
    for (size_t i = 0; i < report->count; i++) {
        smail_span cell = smail__span_cut(&cells, '\n');

        smail__buf_printf(out, "%s:", report->columns[i].name);
        if (cell.len > 0) {
            pad(out, widest -
                         display_width(smail__span(report->columns[i].name)) +
                         1);
            smail__buf_append(out, cell);
        }
        smail__buf_putc(out, '\n');
    }
    smail__buf_clear(&report->held);
}

/* --- Values -------------------------------------------------------------- */

/* True when the value goes into JSON: its key is written. */
static bool begin_value(struct report *report)
{
    if (!report->is_json)
        return false;
    if (report->at == 0)
        smail__json_begin_object(&report->json);
    smail__json_key(&report->json, report->columns[report->at].name);
    report->at++;
    return true;
}

static void put_cell(struct report *report, smail_span text, bool is_number)
{
    const struct column *column = &report->columns[report->at];
    struct smail__buf *held = &report->held;
    size_t start = held->len;

    display_text(held, text, false);
    if (!report->is_record && column->width > 0 &&
        smail__buf_error(held) == 0 && held->len > start) {
        smail_span cell = smail__span_from(smail__buf_span(held), start);

        if (display_width(cell) > column->width) {
            smail__buf_truncate(
                held, start + display_clip(cell, column->width - 1).len);
            smail__buf_puts(held, ELLIPSIS);
        }
    }
    smail__buf_putc(held, '\n');
    report->is_number[report->at++] = is_number;
}

void report_text(struct report *report, smail_span text)
{
    if (begin_value(report))
        smail__json_text(&report->json, text);
    else
        put_cell(report, text, false);
}

void report_string(struct report *report, const char *text)
{
    report_text(report, smail__span(text));
}

void report_uint(struct report *report, uint64_t value)
{
    char text[32];

    if (begin_value(report)) {
        smail__json_uint(&report->json, value);
        return;
    }
    smail__format(text, sizeof(text), "%" PRIu64, value);
    put_cell(report, smail__span(text), true);
}

void report_optional(struct report *report, uint64_t value)
{
    if (value != 0)
        report_uint(report, value);
    else if (begin_value(report))
        smail__json_null(&report->json);
    else
        put_cell(report, SMAIL__SPAN(""), true);
}

void report_id(struct report *report, smail_id id)
{
    char text[32];

    if (begin_value(report)) {
        smail__json_id(&report->json, id);
        return;
    }
    smail__format(text, sizeof(text), "%" PRId64, id);
    put_cell(report, smail__span(text), true);
}

void report_bool(struct report *report, bool value)
{
    if (begin_value(report))
        smail__json_bool(&report->json, value);
    else
        put_cell(report, smail__span(value ? "yes" : "no"), false);
}

void report_time(struct report *report, int64_t seconds)
{
    char text[SMAIL__DATE_MAX] = "";

    if (seconds != 0)
        smail__date_rfc3339(text, seconds);
    if (!begin_value(report))
        put_cell(report, smail__span(text), false);
    else if (seconds != 0)
        smail__json_string(&report->json, text);
    else
        smail__json_null(&report->json);
}

void report_words(struct report *report, const char *words, char separator)
{
    smail_span rest = smail__span(words);

    if (!begin_value(report)) {
        put_cell(report, rest, false);
        return;
    }
    smail__json_begin_array(&report->json);
    while (rest.len > 0) {
        smail_span word = smail__span_cut(&rest, separator);

        if (word.len > 0)
            smail__json_text(&report->json, word);
    }
    smail__json_end_array(&report->json);
}

int report_row(struct report *report)
{
    report->at = 0;
    if (report->is_record)
        return 0;
    if (report->is_json) {
        smail__json_end_object(&report->json);
        smail__buf_putc(&report->out->buf, '\n');
        return out_offer(report->out);
    }
    report->held_rows++;
    if (report->is_streaming || report->held_rows == HELD_ROWS)
        print_held(report);
    return out_offer(report->out);
}

struct smail__json *report_json(struct report *report)
{
    return &report->json;
}

void report_end(struct report *report)
{
    if (report->is_json && report->is_record)
        smail__json_end_object(&report->json);
    else if (report->is_json)
        smail__json_end_array(&report->json);
    else if (report->is_record)
        print_record(report);
    else
        print_held(report);
    if (report->is_json)
        smail__buf_putc(&report->out->buf, '\n');
    smail__buf_dispose(&report->held);
}
