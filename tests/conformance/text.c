/* SPDX-License-Identifier: MIT */
/* text.c - bytes that grow, and how the rules write them. */
#define _POSIX_C_SOURCE 200809L
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHOWN_MAX 160

static void *need(void *ptr)
{
    if (ptr == NULL) {
        fprintf(stderr, "smtp_conformance: out of memory\n");
        exit(2);
    }
    return ptr;
}

void text_put(struct text *text, const char *data, size_t len)
{
    if (len > TEXT_MAX || text->len > TEXT_MAX - len) {
        fprintf(stderr, "smtp_conformance: a text is too long\n");
        exit(2);
    }
    if (text->room < text->len + len + 1) {
        text->room = 2 * (text->len + len) + 64;
        text->data = need(realloc(text->data, text->room));
    }
    if (len > 0)
        memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void text_puts(struct text *text, const char *data)
{
    text_put(text, data, strlen(data));
}

void text_printf(struct text *text, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    text_puts(text, line);
}

void text_base64(struct text *text, const char *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < len; i += 3) {
        unsigned bits = (unsigned)(unsigned char)data[i] << 16;
        char quad[4];

        if (i + 1 < len)
            bits |= (unsigned)(unsigned char)data[i + 1] << 8;
        if (i + 2 < len)
            bits |= (unsigned)(unsigned char)data[i + 2];
        for (unsigned k = 0; k < 4; k++)
            quad[k] = i + k > len ? '=' : digits[bits >> (18 - 6 * k) & 63];
        text_put(text, quad, sizeof(quad));
    }
}

void text_clear(struct text *text)
{
    text->len = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){ .data = NULL };
}

char *text_copy(const char *data)
{
    return need(strdup(data));
}

/* \{COUNT text}; moves `from` behind the brace. */
static const char *expand_repeated(struct text *text, const char **from)
{
    char *word;
    unsigned long count = strtoul(*from, &word, 10);
    const char *end = strchr(word, '}');

    if (*word != ' ' || end == NULL || count > TEXT_MAX)
        return "\\{COUNT text} is malformed";
    word++;
    while (count-- > 0)
        text_put(text, word, (size_t)(end - word));
    *from = end + 1;
    return NULL;
}

static const char *expand_escape(struct text *text, const char **from)
{
    static const char names[] = "rnt0\\";
    static const char bytes[] = "\r\n\t\0\\";
    const char *at = *from;
    const char *name = *at == '\0' ? NULL : strchr(names, *at);

    if (*at == '{') {
        *from = at + 1;
        return expand_repeated(text, from);
    }
    if (*at == 'x' && at[1] != '\0' && at[2] != '\0') {
        char hex[3] = { at[1], at[2], '\0' };
        char byte = (char)strtoul(hex, NULL, 16);

        text_put(text, &byte, 1);
        *from = at + 3;
        return NULL;
    }
    if (name == NULL)
        return "unknown escape";
    text_put(text, &bytes[name - names], 1);
    *from = at + 1;
    return NULL;
}

static const char *expand_variable(struct text *text, const char **from,
                                   const struct variable *variables)
{
    size_t len = strspn(*from, "abcdefghijklmnopqrstuvwxyz0123456789");

    if (**from == '$') {
        text_put(text, "$", 1);
        (*from)++;
        return NULL;
    }
    for (; variables->name != NULL; variables++)
        if (strlen(variables->name) == len &&
            strncmp(variables->name, *from, len) == 0) {
            text_puts(text, variables->value);
            *from += len;
            return NULL;
        }
    return "unknown variable";
}

const char *text_expand(struct text *text, const char *from,
                        const struct variable *variables)
{
    const char *fault = NULL;

    text_put(text, "", 0);
    while (*from != '\0' && fault == NULL) {
        size_t plain = strcspn(from, "\\$");

        text_put(text, from, plain);
        from += plain;
        if (*from == '\\') {
            from++;
            fault = expand_escape(text, &from);
        } else if (*from == '$') {
            from++;
            fault = expand_variable(text, &from, variables);
        }
    }
    return fault;
}

bool text_matches(const char *glob, const char *text)
{
    const char *star = NULL, *resume = NULL;

    while (*text != '\0') {
        if (*glob == '*') {
            star = ++glob;
            resume = text;
        } else if (*glob == '?' || strncasecmp(glob, text, 1) == 0) {
            glob++;
            text++;
        } else if (star != NULL) {
            glob = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

void text_show(struct text *text, const char *data, size_t len)
{
    size_t shown = len < SHOWN_MAX ? len : SHOWN_MAX;

    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)data[i];

        if (byte == '\r')
            text_puts(text, "\\r");
        else if (byte == '\n')
            text_puts(text, "\\n");
        else if (byte < ' ' || byte > '~')
            text_printf(text, "\\x%02x", byte);
        else
            text_put(text, data + i, 1);
    }
    if (shown < len)
        text_printf(text, "... (%zu octets)", len);
}
