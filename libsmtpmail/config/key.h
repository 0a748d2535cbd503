/* SPDX-License-Identifier: MIT */
/* config/key.h - the table of known keys. */
#ifndef SMAIL__CONFIG_KEY_H
#define SMAIL__CONFIG_KEY_H

#include "config/config.h"

enum smail__key_type {
    SMAIL__KEY_STRING,
    SMAIL__KEY_NUMBER,
    SMAIL__KEY_SIZE,
    SMAIL__KEY_DURATION,
    SMAIL__KEY_BOOL,
    SMAIL__KEY_LEVEL,
    SMAIL__KEY_FORMAT,
    SMAIL__KEY_LISTEN /* may be given more than once */
};

struct smail__key {
    const char *section;
    const char *name;
    enum smail__key_type type;
    size_t offset; /* in struct smail__config, or the section's own */
    uint64_t min, max;
    const char *standard;
    const char *help;
};

extern const struct smail__key smail__keys[];
extern const size_t smail__key_count;

/* What may stand there: "a size, as 32M". */
const char *smail__key_allowed(const struct smail__key *key);

/* Put `text` into the field. SMAIL_EINVAL says what is allowed. */
int smail__key_set(void *fields, const struct smail__key *key, smail_span text,
                   smail_error *err);

bool smail__key_section(smail_span section);

/* NULL when there is none. */
const struct smail__key *smail__key_find(smail_span section, smail_span name);

/* Say that there is no such section or key, and what was perhaps meant. */
void smail__key_explain(char *out, size_t capacity, smail_span section,
                        smail_span name);

#endif
