/* SPDX-License-Identifier: MIT */
/*
 * http/head.c - the strict reader of request heads (RFC 9112, 2 to 6).
 */
#include "http/head.h"

#include <string.h>

#include "base/span.h"
#include "http/uri.h"

/* Fields of which a second one would be a way to be read in two ways. */
static const char *const singles[] = {
    "authorization", "content-length", "content-type", "cookie",
    "expect",        "host",           "origin",       "transfer-encoding",
    "x-csrf-token",
};

/* What we answer to; others that are well formed get 501. */
static const char *const methods[] = { "GET",   "HEAD",   "POST",   "PUT",
                                       "PATCH", "DELETE", "OPTIONS" };

bool smail__http_is_token_byte(char byte)
{
    return smail__is_alnum(byte) ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_token(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__http_is_token_byte(text.data[i]))
            return false;
    return text.len > 0;
}

/* RFC 9110, 5.5: no controls but the tab. */
static bool is_field_value(smail_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static smail_span trim_space(smail_span text)
{
    while (text.len > 0 && smail__is_space(text.data[0]))
        text = smail__span_from(text, 1);
    while (text.len > 0 && smail__is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* find() has seen to it that every LF has its CR. */
static smail_span cut_line(smail_span *rest)
{
    smail_span line = smail__span_cut(rest, '\n');

    if (line.len > 0)
        line.len--;
    return line;
}

/* A byte at `i` that cannot stand there; the CR at the very end may wait. */
static bool is_bad_byte(smail_span bytes, size_t i)
{
    char byte = bytes.data[i];

    if (byte == '\n')
        return i == 0 || bytes.data[i - 1] != '\r';
    if (i > 0 && bytes.data[i - 1] == '\r')
        return true;
    return byte == '\0';
}

int smail__http_head_find(size_t *len, size_t *scanned, smail_span bytes)
{
    *len = 0;
    for (size_t i = *scanned; i < bytes.len && i < SMAIL__HTTP_HEAD_MAX; i++) {
        if (is_bad_byte(bytes, i))
            return 400;
        if (bytes.data[i] == '\n' && i >= 3 && bytes.data[i - 2] == '\n') {
            *len = i + 1;
            return 0;
        }
        *scanned = i + 1;
    }
    if (bytes.len < SMAIL__HTTP_HEAD_MAX)
        return 0;
    bytes.len = SMAIL__HTTP_HEAD_MAX;
    return smail__span_find(bytes, '\n') == bytes.len ? 414 : 431;
}

/* --- Request line -------------------------------------------------------- */

static int parse_method(struct smail__http_head *head, smail_span method)
{
    if (!is_token(method))
        return 400;
    head->method = method;
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (smail__span_is(method, methods[i]))
            return 0;
    return 501;
}

static int parse_version(struct smail__http_head *head, smail_span version)
{
    if (version.len != 8 || memcmp(version.data, "HTTP/", 5) != 0 ||
        !smail__is_digit(version.data[5]) || version.data[6] != '.' ||
        !smail__is_digit(version.data[7]))
        return 400;
    if (version.data[5] != '1' || version.data[7] > '1')
        return 505;
    head->minor = version.data[7] - '0';
    return 0;
}

/* RFC 9112, 3.2.2: "http://host/path". The host stands for that of the field;
 * what is left is a path. */
static void cut_authority(struct smail__http_head *head, smail_span *target)
{
    size_t scheme = smail__span_istarts(*target, "http://")    ? 7
                    : smail__span_istarts(*target, "https://") ? 8
                                                               : 0;
    smail_span rest = smail__span_from(*target, scheme);
    size_t len = smail__span_find(rest, '/');

    if (scheme == 0 || smail__span_find(rest, '?') < len)
        return;
    head->host = smail__span_slice(rest, 0, len);
    *target = len < rest.len ? smail__span_from(rest, len) : SMAIL__SPAN("/");
}

static int parse_target(struct smail__http_head *head, smail_span target)
{
    smail_span rest;

    if (target.len > SMAIL__HTTP_TARGET_MAX)
        return 414;
    cut_authority(head, &target);
    rest = target;
    if (target.len == 0 || target.data[0] != '/')
        return 400;
    head->target = target;
    head->path = smail__span_cut(&rest, '?');
    head->query = rest;
    return smail__uri_is_path(head->path) && smail__uri_is_query(head->query)
               ? 0
               : 400;
}

/* RFC 9112, 3: one space, and nothing but one space, between the parts. */
static int parse_request_line(struct smail__http_head *head, smail_span line)
{
    smail_span rest = line;
    smail_span method = smail__span_cut(&rest, ' ');
    smail_span target = smail__span_cut(&rest, ' ');
    int status = parse_version(head, rest);

    if (!is_token(method))
        return 400;
    if (status != 0)
        return status;
    status = parse_target(head, target);
    if (status != 0)
        return status;
    return parse_method(head, method);
}

/* --- Fields -------------------------------------------------------------- */

/* RFC 9112, 5: the name is a token up to the colon, so that neither a folded
 * line (5.2) nor a space before the colon (5.1) gets through. */
static int parse_field(struct smail__http_field *out, smail_span line)
{
    smail_span value = line;
    smail_span name = smail__span_cut(&value, ':');

    if (name.len == line.len || !is_token(name))
        return 400;
    out->name = name;
    out->value = trim_space(value);
    return is_field_value(out->value) ? 0 : 400;
}

static int parse_fields(struct smail__http_field *fields, size_t *count,
                        smail_span rest)
{
    for (;;) {
        smail_span line = cut_line(&rest);

        if (line.len == 0)
            return rest.len == 0 ? 0 : 400;
        if (*count == SMAIL__HTTP_FIELDS_MAX)
            return 431;
        if (parse_field(&fields[*count], line) != 0)
            return 400;
        (*count)++;
    }
}

static const struct smail__http_field *find_field(
    const struct smail__http_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (smail__span_iis(fields[i].name, name))
            return &fields[i];
    return NULL;
}

smail_span smail__http_field(const struct smail__http_head *head,
                             const char *name)
{
    const struct smail__http_field *field =
        find_field(head->fields, head->count, name);

    return field != NULL ? field->value : (smail_span){ NULL, 0 };
}

static bool has_doubles(const struct smail__http_head *head)
{
    for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++) {
        size_t seen = 0;

        for (size_t k = 0; k < head->count; k++)
            seen += smail__span_iis(head->fields[k].name, singles[i]);
        if (seen > 1)
            return true;
    }
    return false;
}

bool smail__http_list_has(smail_span list, const char *token)
{
    while (list.len > 0)
        if (smail__span_iis(trim_space(smail__span_cut(&list, ',')), token))
            return true;
    return false;
}

/* --- What the fields mean ------------------------------------------------ */

/* A name or an address, perhaps a port: no list, no user, no space. */
static bool is_host(smail_span host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!smail__is_alnum(host.data[i]) &&
            memchr(".-_:[]", host.data[i], 6) == NULL)
            return false;
    return host.len > 0 && host.len <= SMAIL__HTTP_HOST_MAX;
}

static int check_host(struct smail__http_head *head)
{
    smail_span field = smail__http_field(head, "host");

    if (head->host.data == NULL)
        head->host = field;
    return is_host(field) && is_host(head->host) ? 0 : 400;
}

/* RFC 9112, 6.1 and 6.3. Both framings at once is how requests are smuggled:
 * the RFC lets a server go on, we do not. */
static int check_framing(struct smail__http_head *head)
{
    smail_span coding = smail__http_field(head, "transfer-encoding");
    smail_span length = smail__http_field(head, "content-length");

    if (coding.data != NULL && (length.data != NULL || head->minor == 0))
        return 400;
    if (coding.data != NULL) {
        if (!smail__span_iis(coding, "chunked"))
            return 501;
        head->is_chunked = true;
    }
    if (length.data != NULL) {
        if (smail__span_number(&head->length, length) != 0 ||
            head->length > INT64_MAX)
            return 400;
        head->has_length = true;
    }
    return 0;
}

static int check_expect(struct smail__http_head *head)
{
    smail_span expect = smail__http_field(head, "expect");

    /* RFC 9110, 10.1.1: in HTTP/1.0 it means nothing. */
    if (expect.data == NULL || head->minor == 0)
        return 0;
    if (!smail__span_iis(expect, "100-continue"))
        return 417;
    head->wants_continue = head->is_chunked || head->length > 0;
    return 0;
}

/* RFC 9112, 9.3. */
static void check_connection(struct smail__http_head *head)
{
    head->keeps_alive = head->minor == 1;
    for (size_t i = 0; i < head->count; i++) {
        const struct smail__http_field *field = &head->fields[i];

        if (!smail__span_iis(field->name, "connection"))
            continue;
        if (head->minor == 0 &&
            smail__http_list_has(field->value, "keep-alive"))
            head->keeps_alive = true;
        if (smail__http_list_has(field->value, "close")) {
            head->keeps_alive = false;
            return;
        }
    }
}

int smail__http_head_parse(struct smail__http_head *out, smail_span bytes)
{
    smail_span line;
    int status;

    memset(out, 0, offsetof(struct smail__http_head, fields));
    /* RFC 9112, 2.2: some clients end a body with a line too many. */
    if (bytes.len > 2 && memcmp(bytes.data, "\r\n", 2) == 0)
        bytes = smail__span_from(bytes, 2);
    line = cut_line(&bytes);
    status = parse_request_line(out, line);
    if (status != 0)
        return status;
    status = parse_fields(out->fields, &out->count, bytes);
    if (status != 0)
        return status;
    if (has_doubles(out))
        return 400;
    status = check_host(out);
    if (status == 0)
        status = check_framing(out);
    if (status == 0)
        status = check_expect(out);
    check_connection(out);
    return status;
}
