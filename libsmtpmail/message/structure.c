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

/* A boundary line (RFC 2046, 5.1.1): its level, or -1. The boundary may be
 * followed by spaces; `last` for the one with two hyphens behind. */
static int match(const struct scan *scan, size_t at, size_t end, bool *last)
{
    smail_span line = smail__span_slice(scan->message, at, end - at);

    if (line.len < 3 || line.data[0] != '-' || line.data[1] != '-')
        return -1;
    line = smail__span_from(line, 2);
    while (line.len > 0 &&
           (smail__is_space(line.data[line.len - 1]) ||
            line.data[line.len - 1] == '\r' || line.data[line.len - 1] == '\n'))
        line.len--;
    for (int i = scan->depth - 1; i >= 0; i--) {
        const struct level *level = &scan->levels[i];

        if (line.len < level->len || line.len > level->len + 2 ||
            memcmp(line.data, level->boundary, level->len) != 0)
            continue;
        *last = line.len == level->len + 2;
        if (!*last && line.len != level->len)
            continue;
        if (*last && memcmp(line.data + level->len, "--", 2) != 0)
            continue;
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

/* Where the header that begins at `at` ends, and the body begins. A boundary
 * line ends it too, so that a part without an empty line loses nothing. */
static size_t header_end(const struct scan *scan, size_t at, size_t *body)
{
    size_t start = at;

    while (at < scan->message.len && at - start < SMAIL__HEADER_MAX) {
        size_t end = line_end(scan, at);
        smail_span line = smail__span_slice(scan->message, at, end - at);
        bool last;

        if (match(scan, at, end, &last) >= 0) {
            *body = at;
            return at;
        }
        if (smail__span_is(line, "\n") || smail__span_is(line, "\r\n")) {
            *body = end;
            return at;
        }
        at = end;
    }
    *body = at;
    return at;
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
    if (!smail__parameter_find(&boundary, type, "boundary") ||
        boundary.len == 0) {
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
    if (message.len >= 5 && memcmp(message.data, "From ", 5) == 0)
        start = line_end(scan, 0);
    size_t at = begin_part(&rc, scan, start, -1);

    if (rc == 0)
        rc = scan_lines(scan, at);
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
