/* SPDX-License-Identifier: MIT */
/* base/format.c - see base/format.h; the engine may not pull in stdio. */
#include "base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Digits of 2^64 - 1 in base 10. */
#define MAX_DIGITS 20

struct sink {
    char *out;
    size_t capacity;
    size_t len;
};

/* One conversion: % [0] [width] [.precision] [length] letter. */
struct directive {
    bool zero;
    size_t width;
    bool has_precision;
    size_t precision;
    int length; /* 'z', 'l' (long), 'L' (long long) or 0 */
    char letter;
};

static void put(struct sink *sink, const char *data, size_t len)
{
    if (sink->len < sink->capacity) {
        size_t room = sink->capacity - sink->len;

        memcpy(sink->out + sink->len, data, len < room ? len : room);
    }
    sink->len += len;
}

static void put_padded(struct sink *sink, const struct directive *d,
                       const char *data, size_t len)
{
    for (size_t i = len; i < d->width; i++)
        put(sink, " ", 1);
    put(sink, data, len);
}

static void put_number(struct sink *sink, const struct directive *d,
                       uint64_t value, bool negative)
{
    static const char digits[] = "0123456789abcdef";
    unsigned base = d->letter == 'x' ? 16 : 10;
    char text[MAX_DIGITS + 1];
    size_t at = sizeof(text);

    do
        text[--at] = digits[value % base];
    while ((value /= base) != 0);
    while (d->zero && sizeof(text) - at + negative < d->width && at > 1)
        text[--at] = '0';
    if (negative)
        text[--at] = '-';
    put_padded(sink, d, text + at, sizeof(text) - at);
}

static size_t text_length(const struct directive *d, const char *text)
{
    if (!d->has_precision)
        return strlen(text);

    const char *end = memchr(text, '\0', d->precision);
    return end != NULL ? (size_t)(end - text) : d->precision;
}

static const char *parse_width(struct directive *d, const char *at)
{
    if (*at == '0') {
        d->zero = true;
        at++;
    }
    for (; *at >= '0' && *at <= '9'; at++)
        d->width = d->width * 10 + (size_t)(*at - '0');
    return at;
}

static const char *parse_length(struct directive *d, const char *at)
{
    if (*at == 'z') {
        d->length = 'z';
        return at + 1;
    }
    for (; *at == 'l'; at++)
        d->length = d->length == 'l' ? 'L' : 'l';
    return at;
}

static int64_t take_signed(int length, va_list *args)
{
    switch (length) {
    case 'L':
        return va_arg(*args, long long);
    case 'l':
        return va_arg(*args, long);
    case 'z':
        return (int64_t)va_arg(*args, size_t);
    default:
        return va_arg(*args, int);
    }
}

static uint64_t take_unsigned(int length, va_list *args)
{
    switch (length) {
    case 'L':
        return va_arg(*args, unsigned long long);
    case 'l':
        return va_arg(*args, unsigned long);
    case 'z':
        return va_arg(*args, size_t);
    default:
        return va_arg(*args, unsigned);
    }
}

static void convert(struct sink *sink, const struct directive *d, va_list *args)
{
    if (d->letter == 's') {
        const char *text = va_arg(*args, const char *);

        if (text == NULL)
            text = "(null)";
        put_padded(sink, d, text, text_length(d, text));
    } else if (d->letter == 'c') {
        char byte = (char)va_arg(*args, int);

        put(sink, &byte, 1);
    } else if (d->letter == 'd' || d->letter == 'i') {
        int64_t value = take_signed(d->length, args);

        put_number(sink, d, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
                   value < 0);
    } else {
        put_number(sink, d, take_unsigned(d->length, args), false);
    }
}

static const char *directive(struct sink *sink, const char *at, va_list *args)
{
    struct directive d = { 0 };
    const char *start = at;

    at = parse_width(&d, at);
    if (at[0] == '.' && at[1] == '*') {
        int precision = va_arg(*args, int);

        d.has_precision = true;
        d.precision = precision > 0 ? (size_t)precision : 0;
        at += 2;
    }
    at = parse_length(&d, at);
    d.letter = *at;
    if (d.letter == '\0' || strchr("scdiux", d.letter) == NULL) {
        put(sink, start - 1, d.letter == '%' ? 1 : (size_t)(at - start) + 1);
        return d.letter == '%' ? at + 1 : at;
    }
    convert(sink, &d, args);
    return at + 1;
}

size_t smail__vformat(char *out, size_t capacity, const char *format,
                      va_list args)
{
    struct sink sink = { out, capacity > 0 ? capacity - 1 : 0, 0 };
    va_list copy;

    va_copy(copy, args);
    while (*format != '\0') {
        size_t plain = strcspn(format, "%");

        put(&sink, format, plain);
        format += plain;
        if (*format == '%')
            format = directive(&sink, format + 1, &copy);
    }
    va_end(copy);
    if (capacity > 0)
        out[sink.len < sink.capacity ? sink.len : sink.capacity] = '\0';
    return sink.len;
}

size_t smail__format(char *out, size_t capacity, const char *format, ...)
{
    va_list args;
    size_t len;

    va_start(args, format);
    len = smail__vformat(out, capacity, format, args);
    va_end(args);
    return len;
}
