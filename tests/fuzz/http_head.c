/* SPDX-License-Identifier: MIT */
/*
 * fuzz/http_head.c - any bytes as the head of a request, and of an answer.
 * Feeding in two parts must come to the same end.
 */
#include <stdlib.h>

#include "base/span.h"
#include "http/head.h"
#include "http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span bytes = { (const char *)data, size };
    struct smail__http_head head;
    struct smail__http_answer answer;
    struct smail__buf text;
    size_t len, scanned = 0, again, rescanned = 0;
    int status = smail__http_head_find(&len, &scanned, bytes);
    int early = smail__http_head_find(&again, &rescanned,
                                      smail__span_slice(bytes, 0, size / 2));

    if (early == 0 && again == 0)
        early = smail__http_head_find(&again, &rescanned, bytes);
    if (early != status || again != len)
        abort();
    if (status != 0 || len == 0)
        return 0;
    bytes.len = len;
    (void)smail__http_answer_parse(&answer, bytes);
    if (smail__http_head_parse(&head, bytes) != 0)
        return 0;
    if (head.is_chunked && head.has_length)
        abort();
    smail__buf_init(&text, SMAIL__HTTP_HEAD_MAX, NULL);
    (void)smail__uri_decode(&text, head.path, false);
    (void)smail__uri_parameter(&text, head.query, "a");
    smail__buf_dispose(&text);
    return 0;
}
