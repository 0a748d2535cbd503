/* SPDX-License-Identifier: MIT */
/*
 * json/write.h - JSON (RFC 8259) as it comes, without a tree: large answers
 * need no more memory than the buffer that the caller empties between rows.
 *
 *    smail__json_init(&json, &buf);
 *    smail__json_begin_object(&json);
 *    smail__json_key(&json, "id");
 *    smail__json_id(&json, 7);
 *    smail__json_end_object(&json);
 *
 * What fails sticks to the buffer.
 */
#ifndef SMAIL__JSON_WRITE_H
#define SMAIL__JSON_WRITE_H

#include "base/buf.h"

/* Objects and arrays in each other; deeper ones are a mistake of ours. The
 * parts of a message (64 levels, each of two) go in, and messages in it. */
#define SMAIL__JSON_DEPTH_MAX 448

struct smail__json {
    struct smail__buf *out;
    unsigned depth;
    /* a bit a level: the next item needs a comma */
    uint64_t has_items[SMAIL__JSON_DEPTH_MAX / 64];
    bool after_key;
};

void smail__json_init(struct smail__json *json, struct smail__buf *out);

void smail__json_begin_object(struct smail__json *json);
void smail__json_end_object(struct smail__json *json);
void smail__json_begin_array(struct smail__json *json);
void smail__json_end_array(struct smail__json *json);

/* Inside an object, before each value. */
void smail__json_key(struct smail__json *json, const char *key);
void smail__json_text_key(struct smail__json *json, smail_span key);

/*
 * Bytes that are not UTF-8 become U+FFFD; controls, also those beyond ASCII,
 * are escaped, so that a terminal shows the document and obeys nothing in it.
 */
void smail__json_text(struct smail__json *json, smail_span text);
void smail__json_string(struct smail__json *json, const char *text);
void smail__json_int(struct smail__json *json, int64_t value);
void smail__json_uint(struct smail__json *json, uint64_t value);
void smail__json_bool(struct smail__json *json, bool value);
void smail__json_null(struct smail__json *json);

/* JSON as it stands: one whole value. */
void smail__json_raw(struct smail__json *json, smail_span text);

/* "7": ids are names and not numbers. */
void smail__json_id(struct smail__json *json, smail_id id);

/* "2026-11-23T01:26:00Z". */
void smail__json_time(struct smail__json *json, int64_t seconds);

#endif
