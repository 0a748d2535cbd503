/* SPDX-License-Identifier: MIT */
/*
 * http/answer.c - heads of answers (RFC 9112, 4), and what statuses are
 * called (RFC 9110, 15).
 */
#include <string.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "http/head.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    { 100, "Continue" },
    { 200, "OK" },
    { 201, "Created" },
    { 204, "No Content" },
    { 206, "Partial Content" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 411, "Length Required" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};

static int parse_status(struct smail__http_answer *out, smail_span line)
{
    uint64_t status;

    if (line.len < 12 || memcmp(line.data, "HTTP/1.", 7) != 0 ||
        line.data[8] != ' ' || (line.len > 12 && line.data[12] != ' ') ||
        smail__span_number(&status, smail__span_slice(line, 9, 3)) != 0 ||
        status < 100 || status > 599)
        return SMAIL_EMALFORMED;
    out->status = (int)status;
    return 0;
}

static int take_field(struct smail__http_answer *out, smail_span line)
{
    smail_span value = line;
    smail_span name = smail__span_cut(&value, ':');

    if (name.len == 0 || name.len == line.len ||
        out->count == SMAIL__HTTP_FIELDS_MAX)
        return SMAIL_EMALFORMED;
    value = smail__span_trim(value);
    if (smail__span_iis(name, "content-length")) {
        if (out->has_length || smail__span_number(&out->length, value) != 0)
            return SMAIL_EMALFORMED;
        out->has_length = true;
    }
    /* Our own handlers never send chunks. */
    if (smail__span_iis(name, "transfer-encoding"))
        return SMAIL_EMALFORMED;
    out->fields[out->count++] = (struct smail__http_field){ name, value };
    return 0;
}

int smail__http_answer_parse(struct smail__http_answer *out, smail_span head)
{
    smail_span line = smail__span_cut(&head, '\n');

    memset(out, 0, offsetof(struct smail__http_answer, fields));
    if (parse_status(out, smail__span_trim(line)) != 0)
        return SMAIL_EMALFORMED;
    while (head.len > 0) {
        line = smail__span_trim(smail__span_cut(&head, '\n'));
        if (line.len == 0)
            break;
        if (take_field(out, line) != 0)
            return SMAIL_EMALFORMED;
    }
    return 0;
}

const char *smail__http_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}
