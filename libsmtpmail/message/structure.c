/* SPDX-License-Identifier: MIT */
/* message/structure.c - see message/structure.h. */
#include "message/structure.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "message/header.h"
#include "message/parameter.h"

struct level {
    int place; /* the multipart */
    size_t len;
    char boundary[SMAIL__BOUNDARY_MAX];
};

struct scan {
    struct smail__structure *out;
    smail_span message;
    size_t room;
    int current; /* the part that the line belongs to; -1 in an epilogue */
    int depth;   /* levels in use */
    struct level levels[SMAIL__DEPTH_MAX];
};

static size_t line_end(const struct scan *scan, size_t at)
{
    smail_span rest = smail__span_from(scan->message, at);
    size_t newline = smail__span_find(rest, '\n');

    return at + (newline < rest.len ? newline + 1 : newline);
}

/* What may follow a boundary: white space and then anything, since only the
 * beginning of the line counts (RFC 2046, 5.1.1), or two hyphens. */
static bool is_boundary_end(smail_span rest, bool *last)
{
    *last = rest.len >= 2 && rest.data[0] == '-' && rest.data[1] == '-';
    return *last || rest.len == 0 || smail__is_space(rest.data[0]) ||
           rest.data[0] == '\r' || rest.data[0] == '\n';
}

/* A boundary line: its level, the innermost first, or -1; `last` for the one
 * with two hyphens behind. */
static int match(const struct scan *scan, size_t at, size_t end, bool *last)
{
    smail_span line = smail__span_slice(scan->message, at, end - at);

    if (line.len < 3 || line.data[0] != '-' || line.data[1] != '-')
        return -1;
    line = smail__span_from(line, 2);
    for (int i = scan->depth - 1; i >= 0; i--) {
        const struct level *level = &scan->levels[i];

        if (line.len >= level->len &&
            memcmp(line.data, level->boundary, level->len) == 0 &&
            is_boundary_end(smail__span_from(line, level->len), last))
            return i;
    }
    return -1;
}

/* The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1). */
static size_t before_line_end(const struct scan *scan, size_t at, size_t floor)
{
    if (at > floor && scan->message.data[at - 1] == '\n')
        at--;
    if (at > floor && scan->message.data[at - 1] == '\r')
        at--;
    return at;
}

static void close_place(struct scan *scan, int index, size_t at)
{
    struct smail__place *place = &scan->out->places[index];

    place->end = before_line_end(scan, at, place->body);
}

static int add_place(struct scan *scan, size_t at, int parent)
{
    struct smail__structure *out = scan->out;

    if (out->count == scan->room) {
        size_t room = scan->room > 0 ? scan->room * 2 : 8;
        struct smail__place *places =
            realloc(out->places, room * sizeof(*places));

        if (places == NULL)
            return SMAIL_ENOMEM;
        out->places = places;
        scan->room = room;
    }
    out->places[out->count] = (struct smail__place){
        .header = at,
        .body = at,
        .end = scan->message.len,
        .parent = parent,
        .depth = parent >= 0 ? out->places[parent].depth + 1 : 0,
    };
    return (int)out->count++;
}

static bool is_trace(smail_span name)
{
    return smail__span_iis(name, "Received") ||
           smail__span_iis(name, "Return-Path") ||
           smail__span_iis(name, "Delivered-To");
}

/*
 * Text that nobody put a header in front of, or no empty line behind it: it
 * begins behind the last field. Lines among fields, which are none, are the
 * rests of bad folding and stay where they are. What the hops on the way put
 * in front is no header of the sender's.
 */
static size_t text_start(const struct scan *scan, size_t start, size_t end,
                         bool *has_fields)
{
    struct smail__header_scan fields;
    struct smail__header_field field;
    size_t last = start;

    *has_fields = false;
    smail__header_begin(&fields,
                        smail__span_slice(scan->message, start, end - start));
    while (smail__header_next(&field, &fields)) {
        last = start + fields.offset;
        *has_fields = *has_fields || !is_trace(field.name);
    }
    return last;
}

/* Where the header that begins at `at` ends, and the body begins. A boundary
 * line ends it too, so that a part without an empty line loses nothing. */
static size_t header_end(const struct scan *scan, size_t at, size_t *body)
{
    size_t start = at;
    bool has_blank = false;
    bool has_fields;

    while (at < scan->message.len && at - start < SMAIL__HEADER_MAX) {
        size_t end = line_end(scan, at);
        smail_span line = smail__span_slice(scan->message, at, end - at);
        bool last;

        if (match(scan, at, end, &last) >= 0)
            break;
        if (smail__span_is(line, "\n") || smail__span_is(line, "\r\n")) {
            *body = end;
            has_blank = true;
            break;
        }
        at = end;
    }
    size_t text = text_start(scan, start, at, &has_fields);

    if (has_blank && (has_fields || text == at))
        return at;
    *body = text;
    return text;
}

/* If the part is a multipart, its boundary opens a level. */
static void open_level(struct scan *scan, int index, smail_span header)
{
    struct smail__place *place = &scan->out->places[index];
    struct smail__buf boundary;
    smail_span type;

    if (!smail__header_find(&type, header, "Content-Type", 0) ||
        !smail__span_istarts(smail__parameter_value(type), "multipart/"))
        return;
    smail__buf_init(&boundary, SMAIL__BOUNDARY_MAX, NULL);
    /* RFC 2046, 5.1.1: it never ends in a space. */
    if (smail__parameter_octets(&boundary, type, "boundary"))
        while (boundary.len > 0 &&
               smail__is_space(boundary.data[boundary.len - 1]))
            smail__buf_truncate(&boundary, boundary.len - 1);
    if (boundary.len == 0 || smail__buf_error(&boundary) != 0) {
        scan->out->defects |= SMAIL__STRUCTURE_NO_BOUNDARY;
    } else if (scan->depth == SMAIL__DEPTH_MAX) {
        scan->out->defects |= SMAIL__STRUCTURE_DEEP;
    } else {
        struct level *level = &scan->levels[scan->depth++];

        level->place = index;
        level->len = boundary.len;
        memcpy(level->boundary, boundary.data, boundary.len);
        place->multipart = true;
    }
    smail__buf_dispose(&boundary);
}

/* A part begins at `at`. Returns where its body begins, or an error in *rc. */
static size_t begin_part(int *rc, struct scan *scan, size_t at, int parent)
{
    size_t body;
    int index = add_place(scan, at, parent);

    if (index < 0) {
        *rc = index;
        return at;
    }
    size_t end = header_end(scan, at, &body);

    scan->out->places[index].body = body;
    scan->current = index;
    open_level(scan, index, smail__span_slice(scan->message, at, end - at));
    return body;
}

/* Everything inside level `keep` ends at `at`. */
static void close_levels(struct scan *scan, int keep, size_t at)
{
    if (scan->current >= 0 && scan->current != scan->levels[keep].place)
        close_place(scan, scan->current, at);
    while (scan->depth > keep + 1) {
        int index = scan->levels[--scan->depth].place;

        scan->out->defects |= SMAIL__STRUCTURE_UNCLOSED;
        close_place(scan, index, at);
    }
}

/* What belongs to a multipart that ended is its epilogue. */
static void end_level(struct scan *scan, int level)
{
    scan->depth = level;
    scan->current = scan->levels[level].place;
}

static int scan_lines(struct scan *scan, size_t at)
{
    int rc = 0;

    while (rc == 0 && scan->depth > 0 && at < scan->message.len) {
        size_t end = line_end(scan, at);
        bool last = false;
        int level = match(scan, at, end, &last);

        if (level < 0) {
            at = end;
            continue;
        }
        close_levels(scan, level, at);
        if (last) {
            end_level(scan, level);
            at = end;
        } else if (scan->out->count >= SMAIL__PARTS_MAX) {
            scan->out->defects |= SMAIL__STRUCTURE_MANY;
            return 0;
        } else {
            at = begin_part(&rc, scan, end, scan->levels[level].place);
        }
    }
    if (scan->depth > 0)
        scan->out->defects |= SMAIL__STRUCTURE_UNCLOSED;
    return rc;
}

/* A multipart whose boundary never came is the text that it looks like. */
static void close_empty(struct smail__structure *out)
{
    for (size_t i = 0; i < out->count; i++) {
        bool has_parts =
            i + 1 < out->count && out->places[i + 1].parent == (int)i;

        if (out->places[i].multipart && !has_parts) {
            out->places[i].multipart = false;
            out->defects |= SMAIL__STRUCTURE_NO_BOUNDARY;
        }
    }
}

int smail__structure_read(struct smail__structure *out, smail_span message)
{
    struct scan *scan = calloc(1, sizeof(*scan));
    size_t start = 0;
    int rc = 0;

    *out = (struct smail__structure){ 0 };
    if (scan == NULL)
        return SMAIL_ENOMEM;
    scan->out = out;
    scan->message = message;
    if (smail__header_is_mbox_line(message))
        start = line_end(scan, 0);
    size_t at = begin_part(&rc, scan, start, -1);

    if (rc == 0)
        rc = scan_lines(scan, at);
    close_empty(out);
    free(scan);
    if (rc != 0)
        smail__structure_dispose(out);
    return rc;
}

void smail__structure_dispose(struct smail__structure *structure)
{
    free(structure->places);
    *structure = (struct smail__structure){ 0 };
}
