/* SPDX-License-Identifier: MIT */
/* jmap/email_make.h - the parts of a message that is created (RFC 8621, 4.6). */
#ifndef SMAIL__JMAP_EMAIL_MAKE_H
#define SMAIL__JMAP_EMAIL_MAKE_H

#include "jmap/header_write.h"
#include "jmap/method.h"
#include "message/compose.h"

/* Fields of one header. */
#define SMAIL__JMAP_FIELDS_MAX 200

/* Names of the fields that are written already. */
struct smail__jmap_fields {
    char *list[SMAIL__JMAP_FIELDS_MAX];
    size_t count;
};

struct smail__jmap_made {
    struct smail__compose_part part;
    struct smail__jmap_blob *blob; /* what it reads from */
};

struct smail__jmap_make {
    struct smail__jmap_set *set;
    const struct smail__json_value *values; /* bodyValues */
    struct smail__jmap_made *parts[SMAIL__JMAP_PARTS_MAX];
    size_t part_count;
    struct smail__jmap_fields fields; /* of the message */
    struct smail__buf missing;        /* blob ids, parted by newlines */
    unsigned char seed[16];           /* of the boundaries */
};

void smail__jmap_make_init(struct smail__jmap_make *make,
                           struct smail__jmap_set *set);
void smail__jmap_make_dispose(struct smail__jmap_make *make);

/* Note a field; false if it was there already, or there are too many. */
bool smail__jmap_fields_add(struct smail__jmap_fields *fields, smail_span name);
bool smail__jmap_fields_have(const struct smail__jmap_fields *fields,
                             const char *name);
void smail__jmap_fields_dispose(struct smail__jmap_fields *fields);

/* The body by the properties of `object`. SMAIL__JMAP_REFUSED. */
int smail__jmap_make_body(struct smail__compose_part **out,
                          struct smail__jmap_make *make,
                          const struct smail__json_value *object,
                          smail_error *err);

/* email_part.c: one EmailBodyPart, with its sub-parts. `fallback` is its type
 * when none is given. */
int smail__jmap_make_part(struct smail__compose_part **out,
                          struct smail__jmap_make *make,
                          const struct smail__json_value *object,
                          const char *fallback, smail_error *err);
/* email_part.c: an empty part; NULL: too many, or no memory, as `err` says. */
struct smail__compose_part *smail__jmap_make_new(struct smail__jmap_make *make,
                                                 smail_error *err);
/* A multipart without parts. */
struct smail__compose_part *smail__jmap_make_multipart(
    struct smail__jmap_make *make, const char *type, smail_error *err);

#endif
