/* SPDX-License-Identifier: MIT */
/*
 * fuzz/json.c - any bytes as a document; and any bytes as a text that is
 * written: what the writer makes is always read.
 */
#include <stdlib.h>

#include "base/span.h"
#include "base/utf8.h"
#include "json/read.h"
#include "json/write.h"

#define DEPTH 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visit_member(smail_span key, const struct smail__json_value *value,
                        void *user);

static void visit(const struct smail__json_value *value, unsigned depth)
{
    smail_span text;
    int64_t number;
    bool truth;

    if (depth > DEPTH)
        abort();
    if (smail__json_as_text(&text, value) == 0 && !smail__utf8_valid(text))
        abort();
    (void)smail__json_as_int(&number, value);
    (void)smail__json_as_bool(&truth, value);
    if (smail__json_type(value) == SMAIL__JSON_ARRAY) {
        for (size_t i = 0; i < smail__json_count(value); i++)
            visit(smail__json_at(value, i), depth + 1);
    }
    if (smail__json_type(value) == SMAIL__JSON_OBJECT)
        smail__json_each(value, visit_member, &depth);
}

static int visit_member(smail_span key, const struct smail__json_value *value,
                        void *user)
{
    if (!smail__utf8_valid(key))
        abort();
    visit(value, *(unsigned *)user + 1);
    return 0;
}

static void write_and_read(smail_span text)
{
    struct smail__json_document *document;
    struct smail__json json;
    struct smail__buf out, scrubbed;
    smail_span again;

    smail__buf_init(&out, 1 << 24, NULL);
    smail__buf_init(&scrubbed, 1 << 24, NULL);
    smail__json_init(&json, &out);
    smail__json_text(&json, text);
    smail__utf8_scrub(&scrubbed, text);
    if (smail__json_read(&document, smail__buf_span(&out), 1, NULL) != 0 ||
        smail__json_as_text(&again, smail__json_root(document)) != 0 ||
        !smail__span_equal(again, smail__buf_span(&scrubbed)))
        abort();
    smail__json_document_free(document);
    smail__buf_dispose(&out);
    smail__buf_dispose(&scrubbed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span bytes = { (const char *)data, size };
    struct smail__json_document *document;

    write_and_read(bytes);
    if (smail__json_read(&document, bytes, DEPTH, NULL) != 0)
        return 0;
    visit(smail__json_root(document), 1);
    smail__json_document_free(document);
    return 0;
}
