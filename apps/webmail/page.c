/* SPDX-License-Identifier: MIT */
/*
 * webmail/page.c - serves the page's files. Names with a hash in them are
 * kept for good by the browser, the others asked for again by their ETag
 * (RFC 9110, 8.8.3 and 13.1.2). The policies come with the files.
 */
#include "page.h"

#include <string.h>

#include "base/span.h"
#include "http/head.h"
#include "routes.h"

#define FIELDS_MAX 2048

static const char missing[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<title>Not found</title>\n<h1>There is nothing here</h1>\n"
    "<p><a href=\"/\">To your mail</a></p>\n</html>\n";

static const char unbuilt[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<title>No page</title>\n<h1>This webmail was built without its page</h1>\n"
    "<p>Install npm and build again. JMAP works: see "
    "<code>/.well-known/jmap</code>.</p>\n</html>\n";

static const struct page_file *find(smail_span path)
{
    if (smail__span_is(path, "/"))
        path = SMAIL__SPAN("/index.html");
    for (size_t i = 0; i < page_file_count; i++)
        if (smail__span_is(path, page_files[i].path))
            return &page_files[i];
    return NULL;
}

/* "gzip" or "gzip;q=0.5", but not "gzip;q=0" (RFC 9110, 12.5.3). */
static bool takes_gzip(const struct request *request)
{
    smail_span list = request_field(request, "Accept-Encoding");

    while (list.len > 0) {
        smail_span weight = smail__span_cut(&list, ',');
        smail_span name = smail__span_trim(smail__span_cut(&weight, ';'));

        weight = smail__span_trim(weight);
        if (smail__span_iis(name, "gzip"))
            return !smail__span_iis(weight, "q=0") &&
                   !smail__span_iis(weight, "q=0.0") &&
                   !smail__span_iis(weight, "q=0.00") &&
                   !smail__span_iis(weight, "q=0.000");
    }
    return false;
}

static void serve(struct request *request, const struct page_file *file)
{
    bool is_packed = file->packed != NULL && takes_gzip(request);
    smail_span body = { (const char *)(is_packed ? file->packed : file->data),
                        is_packed ? file->packed_len : file->len };
    struct smail__buf fields;

    smail__buf_init(&fields, FIELDS_MAX, NULL);
    smail__buf_printf(&fields, "ETag: \"%s\"\r\nVary: Accept-Encoding\r\n%s%s",
                      file->tag, is_packed ? "Content-Encoding: gzip\r\n" : "",
                      file->fields);
    if (strstr(file->fields, "Cache-Control:") == NULL)
        smail__buf_printf(&fields, "Cache-Control: %s\r\n",
                          file->is_immutable
                              ? "public, max-age=31536000, immutable"
                              : "no-cache");
    if (request_has_tag(request, file->tag))
        answer_begin(request, 304, NULL, 0, fields.data);
    else
        answer(request, 200, file->type, body, fields.data);
    smail__buf_dispose(&fields);
}

static bool wants_html(const struct request *request)
{
    smail_span list = request_field(request, "Accept");

    while (list.len > 0) {
        smail_span item = smail__span_cut(&list, ',');

        if (smail__span_iis(smail__span_trim(smail__span_cut(&item, ';')),
                            "text/html"))
            return true;
    }
    return false;
}

void page_show(struct request *request)
{
    const struct page_file *file = find(request->path);

    if (file != NULL)
        serve(request, file);
    else if (smail__span_is(request->path, "/") && page_file_count == 0)
        answer(request, 503, "text/html; charset=utf-8", SMAIL__SPAN(unbuilt),
               "");
    else if (wants_html(request))
        answer(request, 404, "text/html; charset=utf-8", SMAIL__SPAN(missing),
               "");
    else
        answer_problem(request, 404, "notFound", "There is no such thing.",
                       NULL);
}
