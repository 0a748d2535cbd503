/* SPDX-License-Identifier: MIT */
/* webmail/answer.c - bodies of requests and answers. See request.h. */
#include "base/format.h"
#include "base/span.h"
#include "fields.h"
#include "request.h"

bool request_is_head(const struct request *request)
{
    return smail__span_is(request->method, "HEAD");
}

/* RFC 9110, 8.8.3.2: compared weakly, and what stands between the quotes. */
static bool is_tag(smail_span item, const char *tag)
{
    if (item.len > 2 && item.data[0] == 'W' && item.data[1] == '/')
        item = smail__span_from(item, 2);
    return item.len >= 2 && item.data[0] == '"' &&
           item.data[item.len - 1] == '"' &&
           smail__span_is(smail__span_slice(item, 1, item.len - 2), tag);
}

bool request_has_tag(const struct request *request, const char *tag)
{
    smail_span list = request_field(request, "If-None-Match");

    if (smail__span_is(smail__span_trim(list), "*"))
        return true;
    while (list.len > 0)
        if (is_tag(smail__span_trim(smail__span_cut(&list, ',')), tag))
            return true;
    return false;
}

void request_origin(struct smail__buf *out, const struct request *request)
{
    smail__buf_printf(out, "%s://%.*s", request->is_secure ? "https" : "http",
                      SMAIL__SPAN_ARG(request->host));
}

static int refuse_size(struct request *request)
{
    answer_problem(request, 413, "tooLarge",
                   "That is larger than this server takes.", NULL);
    return SMAIL_ELIMIT;
}

int request_body(struct smail__buf *out, struct request *request, size_t max)
{
    char chunk[4096];
    int64_t got;

    if (request->length > max)
        return refuse_size(request);
    while ((got = request_read(request, chunk, sizeof(chunk))) > 0) {
        if ((size_t)got > max - out->len)
            return refuse_size(request);
        smail__buf_append(out, (smail_span){ chunk, (size_t)got });
    }
    if (got == 0 && smail__buf_error(out) == 0)
        return 0;
    answer_problem(request, 400, "badRequest",
                   "The body of the request is not whole.", NULL);
    return SMAIL_EIO;
}

void answer(struct request *request, int status, const char *type,
            smail_span body, const char *fields)
{
    answer_begin(request, status, type, body.len, fields);
    if (!request_is_head(request))
        (void)answer_write(request, body);
}

void answer_json(struct request *request, int status,
                 const struct smail__buf *json, const char *fields)
{
    if (smail__buf_error(json) != 0)
        answer_problem(request, 500, "unavailable",
                       "The answer is too large to be given.", NULL);
    else
        answer(request, status, "application/json", smail__buf_span(json),
               fields);
}

void answer_empty(struct request *request, const char *fields)
{
    answer_begin(request, 204, NULL, 0, fields);
}

static void put_problem(struct smail__buf *out, int status, const char *code,
                        const char *title, const char *field)
{
    smail__buf_printf(out, "{\"type\":\"about:blank\",\"status\":%d,", status);
    smail__buf_puts(out, "\"title\":");
    put_json(out, smail__span(title));
    smail__buf_puts(out, ",\"code\":");
    put_json(out, smail__span(code));
    if (field != NULL) {
        smail__buf_puts(out, ",\"field\":");
        put_json(out, smail__span(field));
    }
    smail__buf_puts(out, "}\n");
}

static void answer_problem_with(struct request *request, int status,
                                const char *code, const char *title,
                                const char *field, const char *fields)
{
    struct smail__buf json;

    smail__buf_init(&json, 4096, NULL);
    put_problem(&json, status, code, title, field);
    answer(request, status, "application/problem+json", smail__buf_span(&json),
           fields);
    smail__buf_dispose(&json);
}

void answer_problem(struct request *request, int status, const char *code,
                    const char *title, const char *field)
{
    answer_problem_with(request, status, code, title, field,
                        status == 503 ? "Retry-After: 5\r\n" : "");
}

void answer_code(struct request *request, const char *code, const char *title)
{
    struct smail__buf json;

    smail__buf_init(&json, 4096, NULL);
    put_problem(&json, 401, code, title, "code");
    smail__buf_truncate(&json, json.len - 2); /* the end of the object */
    smail__buf_puts(&json, ",\"needsCode\":true}\n");
    answer(request, 401, "application/problem+json", smail__buf_span(&json),
           "");
    smail__buf_dispose(&json);
}

void answer_wait(struct request *request, int64_t seconds)
{
    char field[64];

    smail__format(field, sizeof(field), "Retry-After: %lld\r\n",
                  (long long)(seconds > 0 ? seconds : 1));
    answer_problem_with(request, 429, "tooManyRequests",
                        "Too many attempts. Please wait a little.", NULL,
                        field);
}

void answer_error(struct request *request, const smail_error *error)
{
    struct smail__log_field fields[] = {
        SMAIL__LOG_TEXT("path", request->path),
        SMAIL__LOG_TEXT("error", smail__span(error->message)),
        SMAIL__LOG_NUMBER("code", error->code),
    };

    switch (error->code) {
    case SMAIL_ENOTFOUND:
        answer_problem(request, 404, "notFound", "There is no such thing.",
                       NULL);
        return;
    case SMAIL_EQUOTA:
        answer_problem(request, 507, "overQuota", "The account is full.", NULL);
        return;
    case SMAIL_EBUSY:
    case SMAIL_ETEMP:
    case SMAIL_EIO:
    case SMAIL_ENOMEM:
    case SMAIL_EUNKNOWN:
        answer_problem(request, 503, "unavailable",
                       "The server cannot do that now. Please try again.",
                       NULL);
        break;
    default:
        answer_problem(request, 500, "unavailable",
                       "Something went wrong here. Please try again.", NULL);
    }
    smail__log_write(request->app->log, SMAIL__LOG_ERROR, "failed", fields,
                     sizeof(fields) / sizeof(*fields));
}
