/* SPDX-License-Identifier: MIT */
/* An import knows bytes that the account has, however they came. */
#include "store/known.h"

#include "store/fixture.h"

static int append_known(struct fixture *f, struct smail__known *known,
                        smail_id account, smail_span text, smail_appended *out)
{
    smail_target target = { account, 0, NULL, 0 };
    smail_append *append = NULL;
    int code;

    fixture_ok(f, smail_append_new(&append, f->store, &f->err));
    fixture_ok(f, smail_append_write(append, text, &f->err));
    smail__append_known(append, known);
    code = smail_append_commit(append, &target, 1, out, &f->err);
    smail_append_free(append);
    return code;
}

static void bytes_are_known_once(void **state)
{
    struct smail__known known = { .refuse = true };
    struct fixture f;
    smail_appended first, second;
    smail_id bob, eve;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    eve = fixture_account(&f, "eve@example.test", 0);
    assert_int_equal(
        append_known(&f, &known, bob, SMAIL__SPAN("a: b\r\n\r\nc"), &first), 0);
    assert_int_equal(
        append_known(&f, &known, bob, SMAIL__SPAN("a: b\r\n\r\nc"), &second),
        SMAIL_EEXISTS);
    assert_int_equal(known.email, first.email);
    assert_int_equal(
        append_known(&f, &known, bob, SMAIL__SPAN("a: b\r\n\r\nd"), &second),
        0);
    assert_int_equal(
        append_known(&f, &known, eve, SMAIL__SPAN("a: b\r\n\r\nc"), &second),
        0);
    known.refuse = false;
    assert_int_equal(
        append_known(&f, &known, bob, SMAIL__SPAN("a: b\r\n\r\nc"), &second),
        0);
    fixture_end(&f);
}

static void what_was_delivered_is_known_after_a_look(void **state)
{
    struct smail__known known = { .refuse = true };
    unsigned char sha256[SMAIL__SHA256_LEN];
    struct fixture f;
    smail_appended added;
    smail_id bob, found = 0;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 1203; i++) {
        char text[32];

        smail__format(text, sizeof(text), "n: %d\r\n\r\n", i);
        added = fixture_append(&f, bob, 0, text);
    }
    smail__sha256(sha256, SMAIL__SPAN("n: 1202\r\n\r\n"));
    assert_int_equal(smail__known_find(&found, f.store, bob, sha256, NULL),
                     SMAIL_ENOTFOUND);
    for (int i = 0; i < 2; i++)
        fixture_ok(&f, smail__known_catch_up(f.store, bob, NULL, NULL, &f.err));
    fixture_ok(&f, smail__known_find(&found, f.store, bob, sha256, &f.err));
    assert_int_equal(found, added.email);
    fixture_ok(&f, smail_email_remove(f.store, bob, found, &f.err));
    assert_int_equal(smail__known_find(&found, f.store, bob, sha256, NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(
        append_known(&f, &known, bob, SMAIL__SPAN("n: 1202\r\n\r\n"), &added),
        0);
    fixture_end(&f);
}

/* One that is a file, which must go again when it is refused. */
static void a_large_one_that_is_known_leaves_nothing(void **state)
{
    struct smail__known known = { .refuse = true };
    struct fixture f;
    smail_appended added;
    smail_id bob;
    size_t len = 200 * 1024;
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', len);
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    assert_int_equal(
        append_known(&f, &known, bob, (smail_span){ text, len }, &added), 0);
    assert_int_equal(
        append_known(&f, &known, bob, (smail_span){ text, len }, &added),
        SMAIL_EEXISTS);
    free(text);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_known_once),
        cmocka_unit_test(what_was_delivered_is_known_after_a_look),
        cmocka_unit_test(a_large_one_that_is_known_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
