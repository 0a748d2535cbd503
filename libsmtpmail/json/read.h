/* SPDX-License-Identifier: MIT */
/*
 * json/read.h - a JSON document (RFC 8259) that a stranger sent, as a tree:
 * bounded in depth, and without names given twice (I-JSON: RFC 7493, 2.3).
 *
 * Values belong to the document. Every question accepts NULL and a value of
 * another type, and answers "no": a chain of them needs one check at its end.
 */
#ifndef SMAIL__JSON_READ_H
#define SMAIL__JSON_READ_H

#include <smtpmail/error.h>

struct smail__json_document;
struct smail__json_value;

enum smail__json_type {
    SMAIL__JSON_NULL,
    SMAIL__JSON_BOOL,
    SMAIL__JSON_NUMBER,
    SMAIL__JSON_STRING,
    SMAIL__JSON_ARRAY,
    SMAIL__JSON_OBJECT
};

/* SMAIL_EMALFORMED, SMAIL_ELIMIT when nested deeper than `max_depth`. */
int smail__json_read(struct smail__json_document **out, smail_span text,
                     unsigned max_depth, smail_error *err);
void smail__json_document_free(struct smail__json_document *document);

const struct smail__json_value *smail__json_root(
    const struct smail__json_document *document);

/* NULL counts as null. */
enum smail__json_type smail__json_type(const struct smail__json_value *value);

/* A member of an object, an item of an array; NULL if there is none. */
const struct smail__json_value *smail__json_get(
    const struct smail__json_value *object, const char *key);
const struct smail__json_value *smail__json_at(
    const struct smail__json_value *array, size_t index);

/* Items of an array, members of an object. */
size_t smail__json_count(const struct smail__json_value *value);

/* Each member of an object until `each` returns other than 0, which is then
 * returned. */
int smail__json_each(const struct smail__json_value *object,
                     int (*each)(smail_span key,
                                 const struct smail__json_value *value,
                                 void *user),
                     void *user);

/* 0 and the value, or SMAIL_EINVAL for another type. Text is UTF-8, and may
 * hold NULs. A number with a fraction is no integer. */
int smail__json_as_text(smail_span *out, const struct smail__json_value *value);
int smail__json_as_int(int64_t *out, const struct smail__json_value *value);
int smail__json_as_bool(bool *out, const struct smail__json_value *value);

#endif
