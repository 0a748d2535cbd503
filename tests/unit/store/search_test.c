/* SPDX-License-Identifier: MIT */
/* What a person types finds what they mean. */
#include "store/fixture.h"

#include "store/search.h"

struct world {
    struct fixture f;
    smail_id alice;
};

/* The letters of the subjects that were found, newest first. */
static void assert_found(struct world *world, const char *search,
                         const char *expected)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    char found[32] = "";
    size_t count = 0;

    query.account = world->alice;
    query.search = search;
    fixture_ok(&world->f, smail_store_query(&cursor, world->f.store, &query,
                                            &world->f.err));
    while (smail_cursor_next(&entry, cursor, &world->f.err) > 0)
        found[count++] = entry.subject[0];
    found[count] = '\0';
    smail_cursor_free(cursor);
    if (strcmp(found, expected) != 0)
        print_error("search: %s\n", search);
    assert_string_equal(found, expected);
}

static void assert_refused(struct world *world, const char *search, int code,
                           const char *words)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;

    query.account = world->alice;
    query.search = search;
    assert_int_equal(
        smail_store_query(&cursor, world->f.store, &query, &world->f.err),
        code);
    assert_non_null(strstr(world->f.err.message, words));
}

static void put(struct world *world, const char *path, int64_t day,
                const char *keywords, const char *text)
{
    smail_target target = { world->alice, 0, keywords, day * 86400 };

    fixture_ok(&world->f,
               smail_mailbox_find(&target.mailbox, world->f.store, world->alice,
                                  path, &world->f.err));
    fixture_ok(&world->f,
               fixture_append_to(NULL, world->f.store, smail__span(text),
                                 &target, 1, &world->f.err));
}

/* Day 20415 is 2025-11-23. */
static void begin(struct world *world)
{
    smail_id box;

    fixture_begin(&world->f);
    fixture_open(&world->f, true);
    world->alice = fixture_account(&world->f, "alice@example.test", 0);
    fixture_ok(&world->f,
               smail_mailbox_create(&box, world->f.store, world->alice,
                                    "Work/Plans", &world->f.err));
    put(world, "INBOX", 20415, "$seen",
        "Subject: A plan for next week\r\n"
        "From: =?utf-8?q?Jos=C3=A9?= <jose@example.test>\r\n"
        "To: alice@example.test\r\n\r\nLet us meet on Tuesday, salt & "
        "pepper.\r\n");
    put(world, "INBOX", 20416, "$flagged",
        "Subject: B week, next\r\nFrom: Bob <bob@example.test>\r\n"
        "To: team@example.test\r\nCc: Carol <carol@example.test>\r\n\r\n"
        "GR\xc3\x9cSSE aus K\xc3\xb6ln, don't panic\r\n");
    put(world, "Work/Plans", 20417, "$answered mine",
        "Subject: C\r\nFrom: bob@example.test\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; "
        "boundary=x\r\n\r\n--x\r\n\r\ntuesdays\r\n"
        "--x\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment; filename=a.pdf\r\n\r\nxxxxxxxxxxxxxx"
        "\r\n--x--\r\n");
    for (int i = 0; i < 5; i++)
        fixture_ok(&world->f, smail_store_run_batch(world->f.store, 1800000000,
                                                    &world->f.err));
}

static void end(struct world *world)
{
    fixture_end(&world->f);
}

static void words_and_phrases(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_found(&world, "week", "BA");
    assert_found(&world, "WEEK next", "BA");
    assert_found(&world, "\"next week\"", "A");
    assert_found(&world, "'next week'", "A");
    assert_found(&world, "tuesday", "A");
    assert_found(&world, "tues*", "CA");
    assert_found(&world, "\"tues\"", "");
    assert_found(&world, "grusse koln", "B");
    assert_found(&world, "don't", "B");
    assert_found(&world, "salt & pepper", "A");
    assert_found(&world, "-week", "C");
    assert_found(&world, "plan OR panic", "BA");
    assert_found(&world, "plan OR panic OR tuesdays", "CBA");
    assert_found(&world, "week plan OR panic", "BA");
    assert_found(&world, "", "CBA");
    assert_found(&world, "AND NOT ( ) * ^ {subject} :", "");
    end(&world);
}

static void conditions(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_found(&world, "from:bob", "CB");
    assert_found(&world, "from:jose", "A");
    assert_found(&world, "from:JOS\xc3\x89", "A");
    assert_found(&world, "to:team", "B");
    assert_found(&world, "cc:carol", "B");
    assert_found(&world, "subject:week", "BA");
    assert_found(&world, "subject:\"next week\"", "A");
    assert_found(&world, "body:week", "");
    assert_found(&world, "body:tuesday", "A");
    assert_found(&world, "is:unread", "CB");
    assert_found(&world, "is:read", "A");
    assert_found(&world, "is:STARRED", "B");
    assert_found(&world, "-is:answered", "BA");
    assert_found(&world, "keyword:mine", "C");
    assert_found(&world, "has:attachment", "C");
    assert_found(&world, "in:inbox", "BA");
    assert_found(&world, "in:Work/Plans", "C");
    assert_found(&world, "in:\"Work/Plans\" from:bob", "C");
    assert_found(&world, "before:2025-11-24", "A");
    assert_found(&world, "after:2025-11-24", "CB");
    assert_found(&world, "after:2025-11-24 before:2025-11-25", "B");
    assert_found(&world, "larger:1", "CBA");
    assert_found(&world, "larger:1K", "");
    assert_found(&world, "smaller:1k", "CBA");
    assert_found(&world, "from:bob OR is:read", "CBA");
    assert_found(&world, "http://example.test/", "");
    end(&world);
}

static void what_is_wrong_is_said(void **state)
{
    struct world world;
    char text[SMAIL__SEARCH_MAX + 2];

    (void)state;
    begin(&world);
    assert_refused(&world, "is:odd", SMAIL_EINVAL, "is: knows unread");
    assert_refused(&world, "has:wings", SMAIL_EINVAL, "has: knows attachment");
    assert_refused(&world, "before:tomorrow", SMAIL_EINVAL,
                   "before: wants a day");
    assert_refused(&world, "after:2025-13-01", SMAIL_EINVAL,
                   "after: wants a day");
    assert_refused(&world, "larger:big", SMAIL_EINVAL, "larger: wants octets");
    assert_refused(&world, "larger:99999999999G", SMAIL_EINVAL, "larger:");
    assert_refused(&world, "from:", SMAIL_EINVAL, "from: wants something");
    assert_refused(&world, "from: bob", SMAIL_EINVAL, "from: wants something");
    assert_refused(&world, "in:Nowhere", SMAIL_ENOTFOUND, "Nowhere");
    assert_refused(&world, "x\xff", SMAIL_EINVAL, "UTF-8");
    assert_refused(&world, "keyword:a(b", SMAIL_EINVAL, "keyword");
    memset(text, 'x', sizeof(text));
    text[SMAIL__SEARCH_MAX] = '\0';
    assert_found(&world, text, "");
    text[SMAIL__SEARCH_MAX] = 'x';
    text[SMAIL__SEARCH_MAX + 1] = '\0';
    assert_refused(&world, text, SMAIL_EINVAL, "at most 1000 octets");
    for (size_t i = 0; i < SMAIL__SEARCH_WORDS_MAX; i++)
        memcpy(text + 2 * i, "w ", 2);
    text[2 * SMAIL__SEARCH_WORDS_MAX] = '\0';
    assert_found(&world, text, "");
    memcpy(text + 2 * SMAIL__SEARCH_WORDS_MAX, "w", 2);
    assert_refused(&world, text, SMAIL_EINVAL, "at most 32 words");
    end(&world);
}

/* What the index has not seen is found by the row. */
static uint64_t unindexed(struct world *world, const char *search,
                          const char *text)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    uint64_t count;

    query.account = world->alice;
    query.search = search;
    query.text = text;
    fixture_ok(&world->f, smail_store_query(&cursor, world->f.store, &query,
                                            &world->f.err));
    count = smail_cursor_unindexed(cursor);
    smail_cursor_free(cursor);
    return count;
}

static void an_answer_says_how_far_the_index_is_behind(void **state)
{
    struct world world;
    smail_id bob;

    (void)state;
    begin(&world);
    assert_int_equal(unindexed(&world, "week", NULL), 0);
    put(&world, "INBOX", 20418, NULL, "Subject: late\r\n\r\nweek\r\n");
    put(&world, "INBOX", 20418, NULL, "Subject: later\r\n\r\nweek\r\n");
    assert_int_equal(unindexed(&world, "week", NULL), 2);
    assert_int_equal(unindexed(&world, "is:read OR -week", NULL), 2);
    assert_int_equal(unindexed(&world, NULL, "week"), 2);
    assert_int_equal(unindexed(&world, "is:unread", NULL), 0);
    assert_int_equal(unindexed(&world, NULL, NULL), 0);
    bob = fixture_account(&world.f, "bob@example.test", 0);
    world.alice = bob;
    assert_int_equal(unindexed(&world, "week", NULL), 0);
    end(&world);
}

static void newest_is_found_before_it_is_indexed(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    put(&world, "INBOX", 20420, NULL,
        "Subject: D next week\r\nFrom: zoe@example.test\r\n\r\nhidden\r\n");
    assert_found(&world, "week", "DBA");
    assert_found(&world, "zoe", "D");
    assert_found(&world, "hidden", "");
    assert_found(&world, "subject:\"next week\"", "DA");
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_phrases),
        cmocka_unit_test(conditions),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(an_answer_says_how_far_the_index_is_behind),
        cmocka_unit_test(newest_is_found_before_it_is_indexed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
