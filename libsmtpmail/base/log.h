/* SPDX-License-Identifier: MIT */
/*
 * base/log.h - a log line as fields, and who gets it.
 *
 * A line is an event name and a list of key and value; how it looks (text or
 * JSON) and where it goes is the sink's choice, so nothing here writes. A
 * value may hold anything a stranger sent: writers below escape it.
 */
#ifndef SMAIL__BASE_LOG_H
#define SMAIL__BASE_LOG_H

#include "base/buf.h"

enum smail__log_level {
    SMAIL__LOG_ERROR,
    SMAIL__LOG_WARNING,
    SMAIL__LOG_INFO,
    SMAIL__LOG_DEBUG
};

struct smail__log_field {
    const char *key; /* lower-case letters and underscores */
    smail_span text; /* the value, if `text.data` is not NULL ... */
    int64_t number;  /* ... else this one */
};

struct smail__log {
    enum smail__log_level level; /* lines above it are dropped unmade */
    void (*write)(enum smail__log_level level, const char *event,
                  const struct smail__log_field *fields, size_t count,
                  void *user); /* called from any thread */
    void *user;
};

#define SMAIL__LOG_TEXT(key, span) \
    {                              \
        (key), (span), 0           \
    }
#define SMAIL__LOG_NUMBER(key, value) \
    {                                 \
        (key), { NULL, 0 }, (value)   \
    }

/* `log` NULL or without `write` is silence. */
void smail__log_write(const struct smail__log *log, enum smail__log_level level,
                      const char *event, const struct smail__log_field *fields,
                      size_t count);

const char *smail__log_level_name(enum smail__log_level level);
int smail__log_level_parse(enum smail__log_level *out, smail_span name);

/* One line without its newline: `time level event key=value key="va lue"`. */
void smail__log_as_text(struct smail__buf *out, int64_t now,
                        enum smail__log_level level, const char *event,
                        const struct smail__log_field *fields, size_t count);

/* One JSON object: {"time":"...","level":"...","event":"...","key":...}. */
void smail__log_as_json(struct smail__buf *out, int64_t now,
                        enum smail__log_level level, const char *event,
                        const struct smail__log_field *fields, size_t count);

#endif
