/* SPDX-License-Identifier: MIT */
/*
 * webmail/mail.c - JMAP over HTTP (RFC 8620, 2, 3.1 and 6): what jmap/ does,
 * with the bytes of the wire. Bodies and blobs are streamed.
 */
#include "base/format.h"
#include "base/span.h"
#include "http/uri.h"
#include "identity.h"
#include "routes.h"

/* Octets that pass through at once. */
#define CHUNK 16384

/* Octets of a file's name in Content-Disposition. */
#define NAME_MAX_OCTETS 255

void mail_session(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    struct smail__buf json, base;

    if (!require_identity(&identity, request))
        return;
    smail__buf_init(&json, SMAIL__JMAP_RESPONSE_MAX, NULL);
    smail__buf_init(&base, 1024, NULL);
    request_origin(&base, request);
    if (smail__jmap_session(&json, request->app->jmap, identity.account,
                            base.data, &error) != 0)
        answer_error(request, &error);
    else
        answer_json(request, 200, &json,
                    "Cache-Control: no-cache, no-store, must-revalidate\r\n");
    smail__buf_dispose(&json);
    smail__buf_dispose(&base);
}

static bool is_json(const struct request *request)
{
    smail_span type = request_field(request, "Content-Type");

    return smail__span_iis(smail__span_trim(smail__span_cut(&type, ';')),
                           "application/json");
}

static void answer_request(struct request *request, smail_id account,
                           smail_span body)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__buf json;
    int status = 200;

    smail__buf_init(&json, SMAIL__JMAP_RESPONSE_MAX, NULL);
    if (smail__jmap_request(&json, &status, request->app->jmap, account, body,
                            &error) != 0)
        answer_error(request, &error);
    else if (smail__buf_error(&json) != 0)
        answer_problem(request, 500, "unavailable",
                       "The answer is too large to be given.", NULL);
    else
        answer(request, status,
               status == 200 ? "application/json" : "application/problem+json",
               smail__buf_span(&json), "");
    smail__buf_dispose(&json);
}

void mail_limits(struct smail__front_limit out[2], const struct app *app)
{
    /* RFC 8620, 3.6.1. */
    static const char problem[] =
        "{\"type\":\"urn:ietf:params:jmap:error:limit\",\"status\":413,"
        "\"limit\":\"maxSizeRequest\",\"detail\":\"That is larger than this "
        "server takes.\"}\n";

    out[0] = (struct smail__front_limit){
        "/jmap/api", smail__jmap_limits(app->jmap)->request_size, problem
    };
    out[1] = (struct smail__front_limit){ NULL, 0, NULL };
}

void mail_api(struct request *request)
{
    const struct smail__jmap_limits *limits =
        smail__jmap_limits(request->app->jmap);
    struct identity identity;
    struct smail__buf body;

    if (!require_identity(&identity, request))
        return;
    /* A form of another site cannot send this type. */
    if (!is_json(request)) {
        static const char problem[] =
            "{\"type\":\"urn:ietf:params:jmap:error:notJSON\",\"status\":400,"
            "\"detail\":\"The type of the request must be "
            "application/json.\"}\n";

        answer(request, 400, "application/problem+json", SMAIL__SPAN(problem),
               "");
        return;
    }
    smail__buf_init(&body, (size_t)limits->request_size, NULL);
    if (request_body(&body, request, (size_t)limits->request_size) == 0)
        answer_request(request, identity.account, smail__buf_span(&body));
    smail__buf_dispose(&body);
}

/* --- Up ------------------------------------------------------------------ */

/* An account that is not one's own is not there. */
static bool is_own_account(struct request *request,
                           const struct identity *identity)
{
    char own[32];

    smail__format(own, sizeof(own), "a%lld", (long long)identity->account);
    if (smail__span_is(smail__span(request->parameter[0]), own))
        return true;
    answer_problem(request, 404, "notFound", "There is no such account.", NULL);
    return false;
}

static void answer_too_large(struct request *request)
{
    answer_problem(request, 413, "tooLarge",
                   "The file is larger than this server takes.", NULL);
}

/* 0, or an answer was given. */
static int take_upload(struct request *request,
                       struct smail__jmap_upload *upload)
{
    smail_error error = SMAIL_ERROR_INIT;
    char chunk[CHUNK];
    int64_t got;

    while ((got = request_read(request, chunk, sizeof(chunk))) > 0) {
        smail_span bytes = { chunk, (size_t)got };

        if (smail__jmap_upload_write(upload, bytes, &error) != 0) {
            if (error.code == SMAIL_ELIMIT)
                answer_too_large(request);
            else
                answer_error(request, &error);
            return -1;
        }
    }
    if (got == 0)
        return 0;
    answer_problem(request, 400, "badRequest",
                   "The upload broke off. Please try again.", NULL);
    return -1;
}

void mail_upload(struct request *request)
{
    struct app *app = request->app;
    struct smail__jmap_upload *upload = NULL;
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    struct smail__buf json;
    int rc;

    if (!require_identity(&identity, request) ||
        !is_own_account(request, &identity))
        return;
    if (request->length > smail__jmap_limits(app->jmap)->upload_size) {
        answer_too_large(request);
        return;
    }
    rc = smail__jmap_upload_begin(&upload, app->jmap, identity.account,
                                  request_field(request, "Content-Type"),
                                  &error);
    if (rc == SMAIL_ELIMIT) {
        answer_wait(request, 2);
        return;
    }
    smail__buf_init(&json, 4096, NULL);
    if (rc != 0)
        answer_error(request, &error);
    else if (take_upload(request, upload) == 0) {
        if (smail__jmap_upload_finish(&json, upload, &error) != 0)
            answer_error(request, &error);
        else
            answer_json(request, 201, &json, "");
    }
    smail__jmap_upload_free(upload);
    smail__buf_dispose(&json);
}

/* --- Down ---------------------------------------------------------------- */

/* RFC 9110, 8.3.1: a token, a slash, a token; no parameters but charset. */
static bool is_media_type(smail_span type)
{
    size_t slashes = 0;

    for (size_t i = 0; i < type.len; i++) {
        char byte = type.data[i];

        if (byte == '/')
            slashes++;
        else if (!smail__is_alnum(byte) && byte != '-' && byte != '.' &&
                 byte != '+' && byte != '_')
            return false;
    }
    return slashes == 1 && type.len > 2 && type.len < 128;
}

/* RFC 6266, 4.3 with RFC 8187: ASCII for old readers, then the name itself. */
static void put_disposition(struct smail__buf *out, smail_span name)
{
    if (name.len > NAME_MAX_OCTETS)
        name.len = NAME_MAX_OCTETS;
    smail__buf_puts(out, "Content-Disposition: attachment; filename=\"");
    for (size_t i = 0; i < name.len; i++) {
        char byte = name.data[i];
        bool is_plain = byte >= 0x20 && byte < 0x7f && byte != '"' &&
                        byte != '\\' && byte != '/' && byte != '%';

        smail__buf_putc(out, is_plain ? byte : '_');
    }
    smail__buf_puts(out, "\"; filename*=UTF-8''");
    smail__uri_encode(out, name);
    smail__buf_puts(out, "\r\n");
}

static void send_blob(struct request *request, struct smail__jmap_blob *blob,
                      const char *type)
{
    uint64_t size = smail__jmap_blob_size(blob), offset = 0;
    struct smail__buf fields;
    char chunk[CHUNK];
    bool is_known;

    smail__buf_init(&fields, 4096, NULL);
    put_disposition(&fields, smail__span(request->parameter[2]));
    /* What it names never changes; but who may have it is asked each time. */
    smail__buf_printf(&fields,
                      "Content-Security-Policy: sandbox; default-src 'none'"
                      "\r\nCache-Control: private, no-cache\r\n"
                      "ETag: \"%s\"\r\n",
                      request->parameter[1]);
    is_known = request_has_tag(request, request->parameter[1]);
    if (is_known)
        answer_begin(request, 304, NULL, 0, fields.data);
    else
        answer_begin(request, 200, type, size, fields.data);
    smail__buf_dispose(&fields);
    while (!is_known && offset < size && !request_is_head(request)) {
        int64_t got =
            smail__jmap_blob_read(chunk, blob, offset, sizeof(chunk), NULL);

        /* Too short an answer is how the client learns that it broke off. */
        if (got <= 0 ||
            answer_write(request, (smail_span){ chunk, (size_t)got }) != 0)
            return;
        offset += (uint64_t)got;
    }
}

void mail_download(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__jmap_blob *blob;
    struct identity identity;
    struct smail__buf type;

    if (!require_identity(&identity, request) ||
        !is_own_account(request, &identity))
        return;
    if (smail__jmap_blob_open(&blob, request->app->jmap, identity.account,
                              smail__span(request->parameter[1]),
                              &error) != 0) {
        answer_error(request, &error);
        return;
    }
    smail__buf_init(&type, 256, NULL);
    if (smail__uri_parameter(&type, request->query, "type") != 0 ||
        !is_media_type(smail__buf_span(&type))) {
        smail__buf_clear(&type);
        smail__buf_puts(&type, smail__jmap_blob_type(blob));
    }
    send_blob(request, blob, type.data);
    smail__buf_dispose(&type);
    smail__jmap_blob_close(blob);
}
