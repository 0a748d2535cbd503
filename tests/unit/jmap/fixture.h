/* SPDX-License-Identifier: MIT */
/* Two accounts in a store in memory, and requests of theirs. */
#ifndef TESTS_UNIT_JMAP_FIXTURE_H
#define TESTS_UNIT_JMAP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/account.h>

#include "base/format.h"
#include "base/span.h"
#include "jmap/jmap.h"
#include "json/read.h"
#include "json/write.h"

#define NOW 1800000000

struct fixture {
    smail_store *store;
    struct smail__jmap *jmap;
    smail_id alice, bob;
    smail_error err;
    struct smail__buf out; /* the last response */
    int status;
    struct smail__json_document *document;
};

static inline void check(struct fixture *f, int code)
{
    if (code < 0)
        fail_msg("error %d: %s", code, f->err.message);
}

static inline smail_id add_account(struct fixture *f, const char *address)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_id id = 0;

    options.name = "Somebody";
    check(f, smail_account_add(&id, f->store, address, &options, &f->err));
    return id;
}

static inline void run_batch(struct fixture *f)
{
    check(f, smail_store_run_batch(f->store, NOW, &f->err));
}

static inline int setup_with(void **state,
                             const struct smail__jmap_limits *limits)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *state = f;
    options.manual = true;
    options.keep_removed = 86400;
    check(f, smail_store_open(&f->store, "sqlite::memory:", &options, &f->err));
    run_batch(f);
    check(f, smail_domain_add(NULL, f->store, "example.test", &f->err));
    f->alice = add_account(f, "alice@example.test");
    f->bob = add_account(f, "bob@example.test");
    check(f, smail__jmap_new(&f->jmap, f->store, limits, &f->err));
    smail__buf_init(&f->out, (size_t)64 * 1024 * 1024, NULL);
    return 0;
}

static inline int setup(void **state)
{
    return setup_with(state, NULL);
}

static inline void print_finding(const char *text, void *user)
{
    (void)user;
    print_error("check: %s\n", text);
}

/* Every test ends with a check of the store. */
static inline int teardown(void **state)
{
    struct fixture *f = *state;
    uint64_t faults = 1;

    run_batch(f);
    check(f,
          smail_store_check(&faults, f->store, print_finding, NULL, &f->err));
    assert_int_equal(faults, 0);
    smail__json_document_free(f->document);
    smail__buf_dispose(&f->out);
    smail__jmap_free(f->jmap);
    smail_store_close(f->store);
    free(f);
    return 0;
}

#define JMAP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* --- Requests ------------------------------------------------------------ */

/* The JSON as it stands. */
static inline void send_raw(struct fixture *f, smail_id account,
                            smail_span json)
{
    smail__json_document_free(f->document);
    f->document = NULL;
    smail__buf_clear(&f->out);
    check(f, smail__jmap_request(&f->out, &f->status, f->jmap, account, json,
                                 &f->err));
    check(f, smail__json_read(&f->document, smail__buf_span(&f->out), 200,
                              &f->err));
}

#define USES                                                       \
    "\"urn:ietf:params:jmap:core\",\"urn:ietf:params:jmap:mail\"," \
    "\"urn:ietf:params:jmap:submission\""

/* The calls alone, with $A for the account's id and ' for ". */
static inline void send_using(struct fixture *f, smail_id account,
                              const char *uses, const char *calls)
{
    struct smail__buf text;

    smail__buf_init(&text, (size_t)64 * 1024 * 1024, NULL);
    smail__buf_printf(&text, "{\"using\":[%s],\"methodCalls\":[", uses);
    for (; *calls != '\0'; calls++) {
        if (calls[0] == '$' && calls[1] == 'A') {
            smail__buf_printf(&text, "\"a%lld\"", (long long)account);
            calls++;
        } else {
            smail__buf_putc(&text, *calls == '\'' ? '"' : *calls);
        }
    }
    smail__buf_puts(&text, "]}");
    send_raw(f, account, smail__buf_span(&text));
    smail__buf_dispose(&text);
}

static inline void send(struct fixture *f, smail_id account, const char *calls)
{
    send_using(f, account, USES, calls);
}

/* The value behind steps parted by '/': "0/1/list/0/id" of the responses. */
static inline const struct smail__json_value *at(struct fixture *f,
                                                 const char *path)
{
    const struct smail__json_value *value =
        smail__json_get(smail__json_root(f->document), "methodResponses");
    smail_span left = smail__span(path);

    while (left.len > 0) {
        char step[300];
        uint64_t index;
        smail_span next = smail__span_cut(&left, '/');

        smail__format(step, sizeof(step), "%.*s", SMAIL__SPAN_ARG(next));
        if (smail__json_type(value) == SMAIL__JSON_ARRAY &&
            smail__span_number(&index, smail__span(step)) == 0)
            value = smail__json_at(value, (size_t)index);
        else
            value = smail__json_get(value, step);
    }
    return value;
}

static inline const char *text_at(struct fixture *f, const char *path)
{
    smail_span text;

    if (smail__json_as_text(&text, at(f, path)) != 0) {
        print_error("no text at %s of %s\n", path, f->out.data);
        fail();
    }
    return text.data;
}

static inline int64_t int_at(struct fixture *f, const char *path)
{
    int64_t number;

    if (smail__json_as_int(&number, at(f, path)) != 0) {
        print_error("no number at %s of %s\n", path, f->out.data);
        fail();
    }
    return number;
}

static inline bool true_at(struct fixture *f, const char *path)
{
    bool truth = false;

    return smail__json_as_bool(&truth, at(f, path)) == 0 && truth;
}

static inline size_t count_at(struct fixture *f, const char *path)
{
    return smail__json_count(at(f, path));
}

static inline void expect_text(struct fixture *f, const char *path,
                               const char *text)
{
    const char *found = text_at(f, path);

    if (strcmp(found, text) != 0) {
        print_error("'%s' at %s is not '%s' in %s\n", found, path, text,
                    f->out.data);
        fail();
    }
}

static inline void expect_method(struct fixture *f, size_t index,
                                 const char *name)
{
    char path[32];

    smail__format(path, sizeof(path), "%zu/0", index);
    expect_text(f, path, name);
}

/* A method-level error. */
static inline void expect_error(struct fixture *f, size_t index,
                                const char *type)
{
    char path[32];

    expect_method(f, index, "error");
    smail__format(path, sizeof(path), "%zu/1/type", index);
    expect_text(f, path, type);
}

/* A problem of the whole request. */
static inline void expect_problem(struct fixture *f, const char *type)
{
    char wanted[100];
    smail_span found = { NULL, 0 };

    assert_int_equal(f->status, 400);
    smail__format(wanted, sizeof(wanted), "urn:ietf:params:jmap:error:%s",
                  type);
    (void)smail__json_as_text(
        &found, smail__json_get(smail__json_root(f->document), "type"));
    assert_true(smail__span_is(found, wanted));
}

/* Calls made by printf(), for ids in them. */
static inline void sendf(struct fixture *f, smail_id account,
                         const char *format, ...) SMAIL__PRINTF(3, 4);
static inline void sendf(struct fixture *f, smail_id account,
                         const char *format, ...)
{
    struct smail__buf text;
    va_list args;

    smail__buf_init(&text, (size_t)16 * 1024 * 1024, NULL);
    va_start(args, format);
    smail__buf_vprintf(&text, format, args);
    va_end(args);
    assert_int_equal(smail__buf_error(&text), 0);
    send(f, account, text.data);
    smail__buf_dispose(&text);
}

/* --- Mail ---------------------------------------------------------------- */

static inline smail_id box(struct fixture *f, smail_id account, smail_role role)
{
    smail_id id = 0;

    check(f, smail_mailbox_find_role(&id, f->store, account, role, &f->err));
    return id;
}

/* A message in a mailbox (0: the inbox), indexed; its email id. */
static inline smail_id put(struct fixture *f, smail_id account,
                           smail_id mailbox, const char *keywords,
                           int64_t received_at, const char *text)
{
    smail_target target = { account, mailbox, keywords, received_at };
    smail_appended appended = { 0, 0, 0 };
    smail_append *append = NULL;

    check(f, smail_append_new(&append, f->store, &f->err));
    check(f, smail_append_write(append, smail__span(text), &f->err));
    check(f, smail_append_commit(append, &target, 1, &appended, &f->err));
    smail_append_free(append);
    run_batch(f);
    return appended.email;
}

/* Upload bytes; the blob id, to be freed. */
static inline char *upload(struct fixture *f, smail_id account,
                           const char *type, smail_span bytes)
{
    struct smail__jmap_upload *up = NULL;
    struct smail__json_document *document = NULL;
    struct smail__buf out;
    smail_span id = { NULL, 0 };
    char *copy;

    smail__buf_init(&out, 4096, NULL);
    check(f, smail__jmap_upload_begin(&up, f->jmap, account, smail__span(type),
                                      &f->err));
    check(f, smail__jmap_upload_write(up, bytes, &f->err));
    check(f, smail__jmap_upload_finish(&out, up, &f->err));
    smail__jmap_upload_free(up);
    check(f, smail__json_read(&document, smail__buf_span(&out), 8, &f->err));
    (void)smail__json_as_text(
        &id, smail__json_get(smail__json_root(document), "blobId"));
    copy = calloc(1, id.len + 1);
    assert_non_null(copy);
    memcpy(copy, id.data, id.len);
    smail__json_document_free(document);
    smail__buf_dispose(&out);
    return copy;
}

/* All octets of a blob, to be freed; NULL when there is none. */
static inline char *download(struct fixture *f, smail_id account,
                             const char *blob_id, size_t *len)
{
    struct smail__jmap_blob *blob = NULL;
    int code = smail__jmap_blob_open(&blob, f->jmap, account,
                                     smail__span(blob_id), &f->err);
    char *bytes;

    if (code == SMAIL_ENOTFOUND)
        return NULL;
    check(f, code);
    *len = (size_t)smail__jmap_blob_size(blob);
    bytes = calloc(1, *len + 1);
    assert_non_null(bytes);
    assert_int_equal(smail__jmap_blob_read(bytes, blob, 0, *len, &f->err),
                     (int64_t)*len);
    smail__jmap_blob_close(blob);
    return bytes;
}

#endif
