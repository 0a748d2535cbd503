/* SPDX-License-Identifier: MIT */
/* text.h - bytes that grow, and how the rules write them. */
#ifndef CONFORMANCE_TEXT_H
#define CONFORMANCE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Never more than this: a rule that sends more is a mistake. */
#define TEXT_MAX ((size_t)64 * 1024 * 1024)

struct text {
    char *data; /* NUL-terminated once anything was put */
    size_t len;
    size_t room;
};

/* What `$name` stands for. */
struct variable {
    const char *name;
    const char *value;
};

void text_put(struct text *text, const char *data, size_t len);
void text_puts(struct text *text, const char *data);
void text_printf(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_base64(struct text *text, const char *data, size_t len);
void text_clear(struct text *text);
void text_free(struct text *text);

/* A copy of `data`; ends the program where there is no memory. */
char *text_copy(const char *data);

/*
 * Append what `from` means: \r \n \t \0 \\ \xHH, \{COUNT text} for text COUNT
 * times, $name for a variable and $$ for a dollar. NULL, or what is wrong.
 */
const char *text_expand(struct text *text, const char *from,
                        const struct variable *variables);

/* Whether `text` is what `glob` says: * for anything, ? for one octet; letters
   in any case. */
bool text_matches(const char *glob, const char *text);

/* Append `data` so that it can be read in one line: \r \n \xHH, cut short. */
void text_show(struct text *text, const char *data, size_t len);

#endif
