/* SPDX-License-Identifier: MIT */
/*
 * mbox.c - see mbox.h. A separator is a line that begins with "From " at the
 * start of the file or behind an empty line; the empty line before it belongs
 * to nobody.
 */
#include "mbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/span.h"
#include "file.h"

int mbox_open(struct mbox *mbox, const char *path, smail_error *err)
{
    int rc;

    *mbox =
        (struct mbox){ .fd = -1, .path = path, .at_line = true, .err = err };
    rc = file_open(&mbox->fd, path, err);
    if (rc != 0)
        return rc;
    mbox->data = malloc(MBOX_PIECE);
    return mbox->data != NULL ? 0 : smail__fail(err, SMAIL_ENOMEM, "no memory");
}

void mbox_close(struct mbox *mbox)
{
    if (mbox->fd >= 0)
        file_close(mbox->fd);
    free(mbox->data);
    mbox->data = NULL;
}

/* --- Pieces of lines ----------------------------------------------------- */

static smail_span rest_of(const struct mbox *mbox)
{
    return (smail_span){ mbox->data + mbox->at, mbox->end - mbox->at };
}

/* Have a whole line at the front, or as much of it as there is room for. */
static int fill(struct mbox *mbox)
{
    while (!mbox->is_over) {
        smail_span rest = rest_of(mbox);
        int64_t got;

        if (smail__span_find(rest, '\n') < rest.len)
            return 0;
        if (mbox->at > 0)
            memmove(mbox->data, mbox->data + mbox->at, rest.len);
        mbox->at = 0;
        mbox->end = rest.len;
        if (mbox->end == MBOX_PIECE)
            return 0;
        got = file_read(mbox->data + mbox->end, MBOX_PIECE - mbox->end,
                        mbox->fd, mbox->path, mbox->err);
        if (got < 0)
            return (int)got;
        mbox->is_over = got == 0;
        mbox->end += (size_t)got;
    }
    return 0;
}

/* What comes next: up to and with the line's end. */
static smail_span next_piece(const struct mbox *mbox)
{
    smail_span rest = rest_of(mbox);
    size_t end = smail__span_find(rest, '\n');

    return smail__span_slice(rest, 0, end < rest.len ? end + 1 : end);
}

static bool is_empty_line(smail_span piece)
{
    return smail__span_is(piece, "\n") || smail__span_is(piece, "\r\n");
}

/* --- Separators ---------------------------------------------------------- */

static int month_of(smail_span word)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (smail__span_iequal(word, (smail_span){ names + (size_t)i * 3, 3 }))
            return i + 1;
    return 0;
}

static bool number(int *out, smail_span text)
{
    uint64_t value;

    if (smail__span_number(&value, text) != 0 || value > 9999)
        return false;
    *out = (int)value;
    return true;
}

/* "hh:mm:ss", UTC (RFC 4155). */
static bool read_clock(struct smail__date *date, smail_span text)
{
    return number(&date->hour, smail__span_cut(&text, ':')) &&
           number(&date->minute, smail__span_cut(&text, ':')) &&
           number(&date->second, text);
}

/* "From sender Mon Nov 23 10:00:00 2026": the words behind a month. */
static int64_t separator_time(smail_span line)
{
    struct smail__date date = { 0 };

    line = smail__span_trim(line);
    while (line.len > 0 && date.month == 0)
        date.month = month_of(smail__span_cut(&line, ' '));
    line = smail__span_trim(line);
    if (date.month == 0 || !number(&date.day, smail__span_cut(&line, ' ')) ||
        !read_clock(&date, smail__span_cut(&line, ' ')))
        return 0;
    while (line.len > 0) /* a zone may stand before the year */
        if (number(&date.year, smail__span_cut(&line, ' ')) &&
            date.year >= 1970)
            return smail__date_to_seconds(&date);
    return 0;
}

/* The first one settles whether they have dates: a line of text that somebody
 * forgot to quote has none. */
static bool is_separator(const struct mbox *mbox, smail_span piece)
{
    if (!mbox->at_line || piece.len <= 5 || memcmp(piece.data, "From ", 5) != 0)
        return false;
    if (!mbox->is_inside)
        return true;
    return mbox->is_mbox && mbox->after_empty &&
           (!mbox->has_dates || separator_time(piece) > 0);
}

int mbox_next(struct mbox *mbox)
{
    smail_span piece;
    int rc = fill(mbox);

    if (rc != 0)
        return rc;
    piece = next_piece(mbox);
    if (piece.len == 0 || (mbox->is_inside && !mbox->is_mbox))
        return 0;
    mbox->time = 0;
    if (is_separator(mbox, piece)) {
        mbox->time = separator_time(piece);
        if (!mbox->is_mbox)
            mbox->has_dates = mbox->time > 0;
        mbox->is_mbox = true;
        mbox->at += piece.len;
    }
    mbox->is_inside = true;
    mbox->at_line = true;
    mbox->after_empty = false;
    mbox->ended_cr = false;
    return 1;
}

/* --- Content ------------------------------------------------------------- */

/* mboxrd: one '>' comes off what would be a separator without it. */
static smail_span unquote(const struct mbox *mbox, smail_span piece)
{
    size_t marks = 0;

    if (!mbox->is_mbox || !mbox->at_line)
        return piece;
    while (marks < piece.len && piece.data[marks] == '>')
        marks++;
    if (marks > 0 && piece.len - marks > 5 &&
        memcmp(piece.data + marks, "From ", 5) == 0)
        return smail__span_from(piece, 1);
    return piece;
}

static void put(struct smail__buf *out, struct mbox *mbox, smail_span piece)
{
    bool has_end = piece.len > 0 && piece.data[piece.len - 1] == '\n';
    size_t text = has_end ? piece.len - 1 : piece.len;
    bool has_cr = text > 0 ? piece.data[text - 1] == '\r' : mbox->ended_cr;

    smail__buf_append(out, smail__span_slice(piece, 0, text));
    if (has_end)
        smail__buf_puts(out, has_cr ? "\n" : "\r\n");
    mbox->ended_cr = !has_end && has_cr;
}

int mbox_read(struct smail__buf *out, struct mbox *mbox)
{
    smail_span piece;
    int rc = fill(mbox);

    if (rc != 0)
        return rc;
    piece = next_piece(mbox);
    if (piece.len == 0 || is_separator(mbox, piece)) {
        /* The empty line at the end of an mbox is the separator's. */
        if (mbox->after_empty && !mbox->is_mbox)
            smail__buf_puts(out, "\r\n");
        mbox->after_empty = mbox->after_empty && piece.len > 0;
        return out->len > 0 ? 1 : 0;
    }
    if (mbox->after_empty)
        smail__buf_puts(out, "\r\n");
    mbox->after_empty = mbox->at_line && is_empty_line(piece);
    if (!mbox->after_empty)
        put(out, mbox, unquote(mbox, piece));
    mbox->at_line = piece.data[piece.len - 1] == '\n';
    mbox->at += piece.len;
    rc = smail__buf_error(out);
    return rc != 0 ? smail__fail(mbox->err, rc, "no memory") : 1;
}
