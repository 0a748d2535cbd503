/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "store/sweep.h"
#include "store/upload.h"

static void what_goes_up_comes_down(void **state)
{
    struct fixture *f = *state;
    struct smail__jmap_blob *blob = NULL;
    size_t size = (size_t)300 * 1000, len = 0;
    char *bytes = malloc(size), *id, *back;

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 7);
    id = upload(f, f->alice, "image/png", (smail_span){ bytes, size });
    back = download(f, f->alice, id, &len);
    assert_int_equal(len, size);
    assert_memory_equal(back, bytes, size);
    free(back);
    check(f, smail__jmap_blob_open(&blob, f->jmap, f->alice, smail__span(id),
                                   &f->err));
    assert_string_equal(smail__jmap_blob_type(blob), "image/png");
    assert_int_equal(smail__jmap_blob_read(bytes, blob, size - 5, 100, &f->err),
                     5);
    assert_int_equal(smail__jmap_blob_read(bytes, blob, size, 100, &f->err), 0);
    smail__jmap_blob_close(blob);
    assert_null(download(f, f->bob, id, &len));
    free(id);
    free(bytes);
}

static void nothing_can_be_uploaded_too(void **state)
{
    struct fixture *f = *state;
    size_t len = 99;
    char *id = upload(f, f->alice, "", SMAIL__SPAN(""));
    char *back = download(f, f->alice, id, &len);

    assert_non_null(back);
    assert_int_equal(len, 0);
    free(back);
    free(id);
}

static void names_that_are_none_are_not_found(void **state)
{
    struct fixture *f = *state;
    smail_id mail = put(f, f->alice, 0, NULL, 1, "Subject: a\r\n\r\nbody");
    static const char *const ids[] = {
        "",
        "b",
        "b12",
        "c00000000000000000000000000000000",
        "b0000000000000000000000000000000G",
        "b00000000000000000000000000000000-",
        "b00000000000000000000000000000000",
        "B00000000000000000000000000000000",
    };
    static const char *const tails[] = { "-",
                                         "-1",
                                         "-00",
                                         "-0-5",
                                         "--0",
                                         "-0x",
                                         "0",
                                         "-99999",
                                         "/0",
                                         "-1234567",
                                         "-0-0-0-0-0-0-0-0-0"
                                         "-0" };
    char blob[80], id[120], *text;
    size_t len;

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        assert_null(download(f, f->alice, ids[i], &len));
    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'blobId']},'0']",
          (long long)mail);
    smail__format(blob, sizeof(blob), "%s", text_at(f, "0/1/list/0/blobId"));
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        smail__format(id, sizeof(id), "%s%s", blob, tails[i]);
        assert_null(download(f, f->alice, id, &len));
    }
    smail__format(id, sizeof(id), "%s-0", blob);
    text = download(f, f->alice, id, &len);
    assert_non_null(text);
    assert_string_equal(text, "body");
    free(text);
}

static int few_uploads(void **state)
{
    const struct smail__jmap_limits limits = { .upload_size = 1000,
                                               .uploads = 2 };

    return setup_with(state, &limits);
}

static void uploads_have_limits(void **state)
{
    struct fixture *f = *state;
    struct smail__jmap_upload *up[3] = { NULL, NULL, NULL };
    char bytes[600] = { 0 };
    smail_span span = { bytes, sizeof(bytes) };

    for (int i = 0; i < 2; i++)
        check(f, smail__jmap_upload_begin(&up[i], f->jmap, f->alice,
                                          smail__span("a/b"), &f->err));
    assert_int_equal(smail__jmap_upload_begin(&up[2], f->jmap, f->alice,
                                              smail__span("a/b"), &f->err),
                     SMAIL_ELIMIT);
    check(f, smail__jmap_upload_begin(&up[2], f->jmap, f->bob,
                                      smail__span("a/b"), &f->err));
    smail__jmap_upload_free(up[2]);
    check(f, smail__jmap_upload_write(up[0], span, &f->err));
    assert_int_equal(smail__jmap_upload_write(up[0], span, &f->err),
                     SMAIL_ELIMIT);
    smail__jmap_upload_free(up[0]);
    smail__jmap_upload_free(up[1]);
    smail__jmap_upload_free(NULL);
    check(f, smail__jmap_upload_begin(&up[0], f->jmap, f->alice,
                                      smail__span("a/b"), &f->err));
    smail__jmap_upload_free(up[0]);
}

static void a_full_account_uploads_nothing(void **state)
{
    struct fixture *f = *state;
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    struct smail__jmap_upload *up = NULL;
    struct smail__buf out;
    smail_id carol;

    options.quota_bytes = 100;
    check(f, smail_account_add(&carol, f->store, "carol@example.test", &options,
                               &f->err));
    smail__buf_init(&out, 1000, NULL);
    check(f, smail__jmap_upload_begin(&up, f->jmap, carol, smail__span("a/b"),
                                      &f->err));
    for (int i = 0; i < 20; i++)
        check(f,
              smail__jmap_upload_write(up, SMAIL__SPAN("0123456789"), &f->err));
    assert_int_equal(smail__jmap_upload_finish(&out, up, &f->err),
                     SMAIL_EQUOTA);
    smail__jmap_upload_free(up);
    smail__buf_dispose(&out);
}

static void uploads_go_when_nobody_uses_them(void **state)
{
    struct fixture *f = *state;
    uint64_t removed = 0;
    size_t len;
    char *id = upload(f, f->alice, "text/plain", SMAIL__SPAN("soon gone"));
    char *text;

    check(f, smail_store_run_batch(f->store, NOW + SMAIL__UPLOAD_SECONDS - 10,
                                   &f->err));
    check(f, smail__store_sweep(&removed, f->store, SMAIL__SWEEP_AGE, &f->err));
    assert_int_equal(removed, 0);
    text = download(f, f->alice, id, &len);
    assert_non_null(text);
    free(text);
    check(f, smail_store_run_batch(f->store, NOW + SMAIL__UPLOAD_SECONDS + 10,
                                   &f->err));
    check(f, smail__store_sweep(&removed, f->store, SMAIL__SWEEP_AGE, &f->err));
    assert_int_equal(removed, 1);
    assert_null(download(f, f->alice, id, &len));
    free(id);
}

static void an_account_is_removed_with_all_that(void **state)
{
    struct fixture *f = *state;
    char *id = upload(f, f->bob, "text/plain", SMAIL__SPAN("x"));
    smail_id mail = put(f, f->bob, 0, NULL, 1,
                        "From: bob@example.test\r\nTo: bob@example.test\r\n"
                        "\r\nx");

    send(f, f->bob, "['Identity/get',{'accountId':$A},'0']");
    sendf(f, f->bob,
          "['EmailSubmission/set',{'accountId':$A,'create':{'a':{"
          "'identityId':'%s','emailId':'e%lld'}}},'0']",
          text_at(f, "0/1/list/0/id"), (long long)mail);
    assert_int_equal(count_at(f, "0/1/created"), 1);
    check(f, smail_account_remove(f->store, f->bob, &f->err));
    free(id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(what_goes_up_comes_down),
        JMAP_TEST(nothing_can_be_uploaded_too),
        JMAP_TEST(names_that_are_none_are_not_found),
        cmocka_unit_test_setup_teardown(uploads_have_limits, few_uploads,
                                        teardown),
        JMAP_TEST(a_full_account_uploads_nothing),
        JMAP_TEST(uploads_go_when_nobody_uses_them),
        JMAP_TEST(an_account_is_removed_with_all_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
