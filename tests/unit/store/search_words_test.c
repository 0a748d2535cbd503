/* SPDX-License-Identifier: MIT */
/* Words of many languages are found as people type them, and questions that
 * are meant to hurt cost little. */
#include "store/fixture.h"

#include "store/search.h"

struct world {
    struct fixture f;
    smail_id alice;
};

/* Each message is its text; its subject is the letter that names it. */
static const char *const texts[] = {
    "Die Stra\xc3\x9f"
    "e nach K\xc3\xb6ln, GR\xc3\x9cSSE", /* A: German */
    "\xc4\xb0stanbul'dan, KAYIP e\xc5\x9fya, \xc4\xb1\xc5\x9f\xc4\xb1k", /* B */
    "\xce\x9f\xce\x94\xce\xa5\xce\xa3\xce\xa3\xce\x95\xce\x91\xce\xa3, "
    "\xcf\x83\xcf\x8c\xcf\x86\xce\xbf\xcf\x82", /* C: Greek */
    "\xd0\x81\xd0\xbb\xd0\xba\xd0\xb0 \xd0\x9f\xd0\xa0\xd0\x98\xd0\x92\xd0\x95"
    "\xd0\xa2", /* D: Cyrillic */
    "\xe6\x98\x8e\xe6\x97\xa5\xe3\x81\xae\xe4\xbc\x9a\xe8\xad\xb0\xe3\x81\xaf"
    "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xa7\xe3\x81\x99", /* E: Japanese */
    "\xed\x9a\x8c\xec\x9d\x98\xeb\x8a\x94 "
    "\xec\x84\x9c\xec\x9a\xb8\xec\x97\x90\xec\x84\x9c", /* F: Korean */
    "S\xc3\xb8ren \xc5\x81ukasz na\xc3\xafve caf\xc3\xa9 cr\xc3\xa8me", /* G */
    "cafe\xcc\x81 \xef\xbc\xa6\xef\xbd\x95\xef\xbd\x8c\xef\xbd\x8c \xef\xac\x81"
    "le", /* H: apart, wide, joined */
    "one two three four\r\nfive, six; e-mail bob@example.org v1.2.3 C++", /* I */
};

static void put(struct world *world, const char *subject, const char *text,
                const char *more)
{
    smail_target target = { world->alice, 0, NULL, 1700000000 };
    struct smail__buf mail;

    smail__buf_init(&mail, 1 << 20, NULL);
    smail__buf_printf(&mail,
                      "Subject: %s\r\nFrom: a@b.test\r\nMIME-Version: 1.0\r\n"
                      "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: 8bit\r\n\r\n%s\r\n%s"
                      "--x--\r\n",
                      subject, text, more);
    target.received_at += subject[0];
    fixture_ok(&world->f,
               fixture_append_to(NULL, world->f.store, smail__buf_span(&mail),
                                 &target, 1, &world->f.err));
    smail__buf_dispose(&mail);
}

static void begin(struct world *world)
{
    fixture_begin(&world->f);
    fixture_open(&world->f, true);
    world->alice = fixture_account(&world->f, "alice@example.test", 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char subject[] = { (char)('A' + (char)i), '\0' };

        put(world, subject, texts[i], "");
    }
    put(world, "Z", "with a file",
        "--x\r\nContent-Type: application/pdf; "
        "name*=utf-8''Jahres%C3%BCbersicht_2026.pdf\r\n"
        "Content-Disposition: attachment\r\n\r\nP\r\n");
    for (int i = 0; i < 5; i++)
        fixture_ok(&world->f, smail_store_run_batch(world->f.store, 1800000000,
                                                    &world->f.err));
}

static int ask(char found[32], struct world *world, const char *search)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    size_t count = 0;
    int code;

    query.account = world->alice;
    query.search = search;
    code = smail_store_query(&cursor, world->f.store, &query, &world->f.err);
    if (code < 0)
        return code;
    while (smail_cursor_next(&entry, cursor, &world->f.err) > 0)
        found[count++] = entry.subject[0];
    found[count] = '\0';
    smail_cursor_free(cursor);
    return 0;
}

static void assert_found(struct world *world, const char *search,
                         const char *expected)
{
    char found[32];

    assert_int_equal(ask(found, world, search), 0);
    if (strcmp(found, expected) != 0)
        print_error("search: %s\n", search);
    assert_string_equal(found, expected);
}

static void case_and_accents_do_not_matter(void **state)
{
    static const char *const cases[][2] = {
        { "strasse", "A" },
        { "STRASSE", "A" },
        { "Stra\xc3\x9f"
          "e",
          "A" },
        { "koln", "A" },
        { "k\xc3\xb6ln", "A" },
        { "gru\xc3\x9f"
          "e",
          "A" },
        { "istanbul", "B" },
        { "ISTANBUL", "B" },
        { "\xc4\xb1stanbul", "B" },
        { "kayip", "B" },
        { "isik", "B" },
        { "\xce\xbf\xce\xb4\xcf\x85\xcf\x83\xcf\x83\xce\xb5\xce\xb1\xcf\x82",
          "C" },
        { "\xcf\x83\xce\xbf\xcf\x86\xce\xbf\xcf\x83", "C" },
        { "\xce\xa3\xce\x9f\xce\xa6\xce\x9f\xce\xa3", "C" },
        { "\xd0\xb5\xd0\xbb\xd0\xba\xd0\xb0", "D" },
        { "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "D" },
        { "soren", "G" },
        { "S\xc3\x98REN lukasz", "G" },
        { "naive", "G" },
        { "cafe", "HG" },
        { "CAF\xc3\x89", "HG" },
        { "full", "H" },
        { "file", "ZH" },
    };
    struct world world;

    (void)state;
    begin(&world);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_found(&world, cases[i][0], cases[i][1]);
    fixture_end(&world.f);
}

static void scripts_without_spaces_are_found_in_the_middle(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_found(&world, "\xe4\xbc\x9a\xe8\xad\xb0", "E");
    assert_found(&world, "\xe6\x9d\xb1\xe4\xba\xac", "E");
    assert_found(&world, "\xe4\xba\xac\xe6\x9d\xb1", "");
    assert_found(&world, "\xe6\x98\x8e\xe6\x97\xa5 \xe6\x9d\xb1\xe4\xba\xac",
                 "E");
    assert_found(&world, "\xed\x9a\x8c\xec\x9d\x98*", "F");
    assert_found(&world, "\xec\x84\x9c\xec\x9a\xb8*", "F");
    fixture_end(&world.f);
}

static void phrases_prefixes_and_signs(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_found(&world, "\"two three\"", "I");
    assert_found(&world, "\"four five\"", "I");
    assert_found(&world, "\"three two\"", "");
    assert_found(&world, "thr*", "I");
    assert_found(&world, "thr", "");
    assert_found(&world, "e-mail", "I");
    assert_found(&world, "bob@example.org", "I");
    assert_found(&world, "v1.2.3", "I");
    assert_found(&world, "c++ six", "I");
    assert_found(&world, "one -two", "");
    fixture_end(&world.f);
}

static void fields_are_found_by_the_beginnings_of_words(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    put(&world, "Y by Jos\xc3\xa9", "x", "");
    assert_found(&world, "from:a@b.test subject:jose", "Y");
    for (int i = 0; i < 2; i++) {
        assert_found(&world, "subject:y from:b.te", "Y");
        assert_found(&world, "subject:y from:B.T*", "Y");
        assert_found(&world, "subject:y from:\"a@b\"", "Y");
        assert_found(&world, "subject:y from:\"b a\"", "");
        assert_found(&world, "subject:y from:c", "");
        assert_found(&world, "subject:y -from:a@b.test", "");
        assert_found(&world, "subject:y from:@", "Y");
        fixture_ok(&world.f, smail_store_run_batch(world.f.store, 1800000000,
                                                   &world.f.err));
    }
    assert_found(&world, "subject:y from:est", "");
    fixture_end(&world.f);
}

static void names_of_files_are_found(void **state)
{
    struct world world;

    (void)state;
    begin(&world);
    assert_found(&world, "jahresubersicht", "Z");
    assert_found(&world, "jahres* has:attachment", "Z");
    assert_found(&world,
                 "\"jahres\xc3\xbc"
                 "bersicht_2026.pdf\"",
                 "Z");
    fixture_end(&world.f);
}

static void hostile_questions_are_bounded(void **state)
{
    static const char *const pieces[] = {
        "\"",      "\"\"",     "(",    ")",           "*",    "NEAR(a b)",
        "a:b",     "^a",       "OR",   "AND",         "-",    "--",
        "{body}",  "' OR 1=1", "\\",   "+",           "a*b*", ":",
        "from:\"", "\"a\"*",   "a\"b", "\xef\xb7\xba"
    };
    struct world world;
    char found[32], text[SMAIL__SEARCH_MAX + 2];

    (void)state;
    begin(&world);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        /* As much of it as there may be. */
        size_t len = strlen(pieces[i]), at = 0;

        while (at + len + 1 <= SMAIL__SEARCH_MAX) {
            memcpy(text + at, pieces[i], len);
            at += len;
        }
        text[at] = '\0';
        assert_in_range(-ask(found, &world, text), 0, -SMAIL_EINVAL);
        assert_in_range(-ask(found, &world, pieces[i]), 0, -SMAIL_EINVAL);
    }
    memset(text, 'a', sizeof(text));
    for (size_t over = 0; over < 2; over++) {
        text[SMAIL__SEARCH_MAX + over] = '\0';
        assert_int_equal(ask(found, &world, text), over ? SMAIL_EINVAL : 0);
        memset(text, 'a', sizeof(text));
    }
    assert_non_null(strstr(world.f.err.message, "at most 1000 octets"));
    fixture_end(&world.f);
}

/* Who reads sees what was there when they began; who writes does not wait. */
static void a_search_holds_up_no_delivery(void **state)
{
    struct world world;
    struct smail__db *db;

    (void)state;
    begin(&world);
    fixture_ok(&world.f,
               smail__store_begin_read(&db, world.f.store, &world.f.err));
    put(&world, "Y", "brought meanwhile", "");
    fixture_ok(&world.f,
               smail_store_run_batch(world.f.store, 1800000000, &world.f.err));
    assert_found(&world, "meanwhile", "Y");
    smail__store_end_read(world.f.store, db);
    fixture_end(&world.f);
}

static void words_are_counted(void **state)
{
    struct world world;
    char found[32], text[4 * SMAIL__SEARCH_WORDS_MAX + 8];

    (void)state;
    begin(&world);
    for (size_t count = SMAIL__SEARCH_WORDS_MAX - 1;
         count <= SMAIL__SEARCH_WORDS_MAX + 1; count++) {
        text[0] = '\0';
        for (size_t i = 0; i < count; i++)
            memcpy(text + 4 * i, "one ", 5);
        assert_int_equal(ask(found, &world, text),
                         count > SMAIL__SEARCH_WORDS_MAX ? SMAIL_EINVAL : 0);
    }
    assert_non_null(strstr(world.f.err.message, "at most 32 words"));
    fixture_end(&world.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_and_accents_do_not_matter),
        cmocka_unit_test(scripts_without_spaces_are_found_in_the_middle),
        cmocka_unit_test(phrases_prefixes_and_signs),
        cmocka_unit_test(fields_are_found_by_the_beginnings_of_words),
        cmocka_unit_test(names_of_files_are_found),
        cmocka_unit_test(hostile_questions_are_bounded),
        cmocka_unit_test(a_search_holds_up_no_delivery),
        cmocka_unit_test(words_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
