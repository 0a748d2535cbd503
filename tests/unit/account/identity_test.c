/* SPDX-License-Identifier: MIT */
/* Whom an account writes as. */
#include "store_fixture.h"

#include "account/identity.h"

struct seen {
    size_t count;
    smail_id first, last;
    char address[200], name[200], reply_to[9000], bcc[400], text[200],
        html[200];
};

static int note(const smail_identity *identity, void *user)
{
    struct seen *seen = user;

    if (seen->count++ == 0)
        seen->first = identity->id;
    seen->last = identity->id;
    smail__format(seen->address, sizeof(seen->address), "%s",
                  identity->address);
    smail__format(seen->name, sizeof(seen->name), "%s", identity->name);
    smail__format(seen->reply_to, sizeof(seen->reply_to), "%s",
                  identity->reply_to);
    smail__format(seen->bcc, sizeof(seen->bcc), "%s", identity->bcc);
    smail__format(seen->text, sizeof(seen->text), "%s",
                  identity->text_signature);
    smail__format(seen->html, sizeof(seen->html), "%s",
                  identity->html_signature);
    return 0;
}

/* The last one is in the texts. */
static struct seen look(smail_store *store, smail_id account)
{
    struct seen seen = { .count = 0 };

    assert_int_equal(smail_identity_list(store, account, note, &seen, NULL), 0);
    return seen;
}

static void everybody_has_one_from_the_first_look_on(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test");
    struct seen seen = look(*state, bob);
    smail_id first = seen.first;

    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.address, "bob@example.test");
    assert_string_equal(seen.reply_to, "");
    seen = look(*state, bob);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.first, first);
    assert_int_equal(smail_identity_list(*state, bob + 100, note, &seen, NULL),
                     SMAIL_ENOTFOUND);
}

static void one_is_added_changed_and_removed(void **state)
{
    smail_identity_changes changes = SMAIL_IDENTITY_CHANGES_INIT;
    smail_id bob = add_account(*state, "bob@example.test"), id = 0;
    struct seen seen;

    assert_int_equal(
        smail_alias_add(*state, "sales@example.test", "bob@example.test", NULL),
        0);
    changes.name = "Bob, of \"Sales\"";
    changes.reply_to = "Bob \\ Co <bob@example.test>, carol@example.org";
    changes.text_signature = "-- \nBob";
    assert_int_equal(smail_identity_add(&id, *state, bob, "sales@example.test",
                                        &changes, NULL),
                     0);
    seen = look(*state, bob);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.last, id);
    assert_string_equal(seen.address, "sales@example.test");
    assert_string_equal(seen.name, "Bob, of \"Sales\"");
    assert_string_equal(seen.text, "-- \nBob");
    assert_string_equal(seen.bcc, "");

    /* What it shows may be given back. */
    changes = (smail_identity_changes)SMAIL_IDENTITY_CHANGES_INIT;
    changes.bcc = seen.reply_to;
    changes.html_signature = "<b>Bob</b>";
    assert_int_equal(smail_identity_set(*state, bob, id, &changes, NULL), 0);
    seen = look(*state, bob);
    assert_string_equal(seen.bcc, seen.reply_to);
    assert_string_equal(seen.html, "<b>Bob</b>");
    assert_string_equal(seen.text, "-- \nBob");
    changes.bcc = " ";
    changes.html_signature = "";
    assert_int_equal(smail_identity_set(*state, bob, id, &changes, NULL), 0);
    seen = look(*state, bob);
    assert_string_equal(seen.bcc, "");
    assert_string_equal(seen.html, "");

    assert_int_equal(smail_identity_remove(*state, bob, id, NULL), 0);
    assert_int_equal(smail_identity_remove(*state, bob, id, NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_identity_set(*state, bob, id, &changes, NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_identity_remove(*state, bob, seen.first, NULL),
                     SMAIL_ESTATE);
}

static void nobody_writes_as_somebody_else(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test"), id;

    add_account(*state, "carol@example.test");
    assert_int_equal(
        smail_identity_add(&id, *state, bob, "carol@example.test", NULL, NULL),
        SMAIL_EAUTH);
    assert_int_equal(
        smail_identity_add(&id, *state, bob, "a@example.org", NULL, NULL),
        SMAIL_EAUTH);
    assert_int_equal(smail_identity_add(&id, *state, bob, "bob", NULL, NULL),
                     SMAIL_EINVAL);
    assert_int_equal(
        smail_identity_add(&id, *state, bob, "BOB+x@example.test", NULL, NULL),
        0);
}

static int set_name(smail_store *store, smail_id account, size_t len)
{
    smail_identity_changes changes = SMAIL_IDENTITY_CHANGES_INIT;
    struct seen seen = look(store, account);
    char *text = calloc(1, len + 1);
    int rc;

    assert_non_null(text);
    memset(text, 'x', len);
    changes.name = text;
    rc = smail_identity_set(store, account, seen.first, &changes, NULL);
    free(text);
    return rc;
}

static int set_reply_to(smail_store *store, smail_id account, size_t count)
{
    smail_identity_changes changes = SMAIL_IDENTITY_CHANGES_INIT;
    struct seen seen = look(store, account);
    char text[2000] = "a@b.test";

    for (size_t i = 1; i < count; i++)
        smail__format(text + strlen(text), sizeof(text) - strlen(text),
                      ", a@b.test");
    changes.reply_to = text;
    return smail_identity_set(store, account, seen.first, &changes, NULL);
}

static void texts_have_limits(void **state)
{
    smail_identity_changes changes = SMAIL_IDENTITY_CHANGES_INIT;
    smail_id bob = add_account(*state, "bob@example.test");
    struct seen seen = look(*state, bob);

    assert_int_equal(set_name(*state, bob, SMAIL_IDENTITY_TEXT_MAX - 1), 0);
    assert_int_equal(set_name(*state, bob, SMAIL_IDENTITY_TEXT_MAX), 0);
    assert_int_equal(set_name(*state, bob, SMAIL_IDENTITY_TEXT_MAX + 1),
                     SMAIL_ELIMIT);
    for (size_t i = 49; i <= 51; i++)
        assert_int_equal(set_reply_to(*state, bob, i),
                         i <= SMAIL__IDENTITY_ADDRESSES_MAX ? 0 : SMAIL_EINVAL);
    changes.name = "Bob\nBcc: x";
    assert_int_equal(
        smail_identity_set(*state, bob, seen.first, &changes, NULL),
        SMAIL_EINVAL);
    changes.name = "Bob \xff";
    assert_int_equal(
        smail_identity_set(*state, bob, seen.first, &changes, NULL),
        SMAIL_EINVAL);
    changes.name = NULL;
    changes.bcc = "bob";
    assert_int_equal(
        smail_identity_set(*state, bob, seen.first, &changes, NULL),
        SMAIL_EINVAL);
    for (size_t i = 1; i < SMAIL_IDENTITIES_MAX; i++)
        assert_int_equal(smail_identity_add(NULL, *state, bob,
                                            "bob@example.test", NULL, NULL),
                         0);
    assert_int_equal(
        smail_identity_add(NULL, *state, bob, "bob@example.test", NULL, NULL),
        SMAIL_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(everybody_has_one_from_the_first_look_on),
        STORE_TEST(one_is_added_changed_and_removed),
        STORE_TEST(nobody_writes_as_somebody_else),
        STORE_TEST(texts_have_limits),
    };

    return cmocka_run_group_tests_name("account/identity", tests, NULL, NULL);
}
