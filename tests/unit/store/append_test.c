/* SPDX-License-Identifier: MIT */
/* What is appended is there, once, for each who shall have it. */
#include "store/fixture.h"

#include <dirent.h>

#define MESSAGE                                        \
    "From: =?utf-8?q?J=C3=B6rg?= <j@example.test>\r\n" \
    "To: bob@example.test\r\n"                         \
    "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"            \
    "Message-ID: <1@example.test>\r\n"                 \
    "Date: Mon, 23 Nov 2026 01:26:00 +0000\r\n"        \
    "\r\n"                                             \
    "Hello\r\n"

static void a_message_is_stored_and_listed(void **state)
{
    struct fixture f;
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    smail_appended added;
    char *bytes;
    size_t len;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    query.account = fixture_account(&f, "bob@example.test", 0);

    added = fixture_append(&f, query.account, 0, MESSAGE);

    assert_int_equal(added.uid, 1);
    fixture_ok(&f, smail_store_query(&cursor, f.store, &query, &f.err));
    assert_int_equal(smail_cursor_next(&entry, cursor, &f.err), 1);
    assert_int_equal(entry.email, added.email);
    assert_int_equal(entry.thread, added.thread);
    assert_string_equal(entry.from, "J\xc3\xb6rg <j@example.test>");
    assert_string_equal(entry.to, "bob@example.test");
    assert_string_equal(entry.subject, "Gr\xc3\xbc\xc3\x9f"
                                       "e");
    assert_string_equal(entry.message_id, "1@example.test");
    assert_string_equal(entry.mailboxes, "Inbox");
    assert_string_equal(entry.keywords, "");
    assert_int_equal(entry.size, strlen(MESSAGE));
    assert_int_equal(entry.sent_at, 1795397160);
    assert_int_equal(strlen(entry.queue_id), SMAIL_QUEUE_ID_LEN);
    assert_int_equal(smail_cursor_next(&entry, cursor, &f.err), 0);
    smail_cursor_free(cursor);
    bytes = fixture_read(&f, query.account, added.email, &len);
    assert_string_equal(bytes, MESSAGE);
    free(bytes);
    fixture_end(&f);
}

/* 200 KiB in odd pieces; all octets occur. */
static char *large(size_t len)
{
    char *bytes = malloc(len + 1);

    assert_non_null(bytes);
    memcpy(bytes, "Subject: large\r\n\r\n", 18);
    for (size_t i = 18; i < len; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    bytes[len] = '\0';
    return bytes;
}

static void sizes_around_the_limit_come_back_whole(void **state)
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 300001 };
    struct fixture f;
    smail_id bob;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *bytes = large(400000), *back;
        smail_target target = { bob, 0, NULL, 0 };
        smail_append *append;
        smail_appended out;
        size_t at = 0, len;

        fixture_ok(&f, smail_append_new(&append, f.store, &f.err));
        for (size_t piece = 1; at < sizes[i]; piece = piece * 3 + 1) {
            if (piece > sizes[i] - at)
                piece = sizes[i] - at;
            fixture_ok(&f, smail_append_write(append,
                                              (smail_span){ bytes + at, piece },
                                              &f.err));
            at += piece;
        }
        assert_int_equal(smail_append_size(append), sizes[i]);
        fixture_ok(&f, smail_append_commit(append, &target, 1, &out, &f.err));
        smail_append_free(append);
        back = fixture_read(&f, bob, out.email, &len);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(back, bytes, len);
        free(back);
        free(bytes);
    }
    fixture_end(&f);
}

static size_t files_in_blobs(const struct fixture *f)
{
    char command[160];
    char line[16] = "";
    FILE *pipe;

    smail__format(command, sizeof(command),
                  "find %s/blobs -type f ! -name OWNER | wc -l", f->folder);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof(line), pipe));
    pclose(pipe);
    return (size_t)strtoul(line, NULL, 10);
}

static void an_append_given_up_leaves_nothing(void **state)
{
    struct fixture f;
    smail_query query = SMAIL_QUERY_INIT;
    smail_target nobody = { 4711, 0, NULL, 0 };
    smail_append *append;
    char *bytes;

    (void)state;
    fixture_needs_files();
    bytes = large(200000);
    fixture_begin(&f);
    fixture_open(&f, false);
    query.account = fixture_account(&f, "bob@example.test", 0);

    fixture_ok(&f, smail_append_new(&append, f.store, &f.err));
    fixture_ok(
        &f, smail_append_write(append, (smail_span){ bytes, 200000 }, &f.err));
    smail_append_free(append);
    assert_int_equal(files_in_blobs(&f), 0);

    fixture_ok(&f, smail_append_new(&append, f.store, &f.err));
    fixture_ok(
        &f, smail_append_write(append, (smail_span){ bytes, 200000 }, &f.err));
    assert_int_equal(smail_append_commit(append, &nobody, 1, NULL, &f.err),
                     SMAIL_ENOTFOUND);
    assert_int_equal(files_in_blobs(&f), 1);
    smail_append_free(append);
    assert_int_equal(files_in_blobs(&f), 0);
    assert_int_equal(fixture_count(&f, &query), 0);
    free(bytes);
    fixture_end(&f);
}

static void many_targets_share_one_blob(void **state)
{
    struct fixture f;
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    smail_appended out[5];
    smail_target targets[5] = { { 0 } };
    smail_id alice, bob, box;
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    alice = fixture_account(&f, "alice@example.test", 0);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_create(&box, f.store, bob, "Lists/c", &f.err));
    targets[0] = (smail_target){ bob, 0, "$Seen", 0 };
    targets[1] = (smail_target){ alice, 0, NULL, 77 };
    targets[2] = (smail_target){ bob, box, "zebra", 0 };
    fixture_ok(&f, smail_mailbox_find(&targets[3].mailbox, f.store, bob,
                                      "inbox", &f.err));
    targets[3].account = bob; /* the first again, by its id */
    targets[4] = (smail_target){ alice, 0, "$flagged", 77 };

    fixture_ok(&f, fixture_append_to(out, f.store, SMAIL__SPAN(MESSAGE),
                                     targets, 5, &f.err));

    assert_int_equal(out[0].email, out[2].email);
    assert_int_equal(out[0].email, out[3].email);
    assert_int_equal(out[0].uid, out[3].uid);
    assert_int_equal(out[1].email, out[4].email);
    assert_int_equal(out[1].uid, out[4].uid);
    fixture_ok(&f, smail_store_get_stats(&stats, f.store, &f.err));
    assert_int_equal(stats.blobs, 1);
    assert_int_equal(stats.emails, 2);
    assert_int_equal(stats.blob_bytes, strlen(MESSAGE));
    query.account = bob;
    assert_int_equal(fixture_count(&f, &query), 1);
    query.with = "$seen ZEBRA";
    assert_int_equal(fixture_count(&f, &query), 1);
    query.account = alice;
    query.with = "$flagged";
    assert_int_equal(fixture_count(&f, &query), 1);
    query.without = "$flagged";
    assert_int_equal(fixture_count(&f, &query), 0);
    fixture_end(&f);
}

static void quota_lets_one_message_overshoot(void **state)
{
    struct fixture f;
    smail_target targets[2] = { { 0 } };
    smail_id small, other;
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    small = fixture_account(&f, "small@example.test", 10);
    other = fixture_account(&f, "other@example.test", 0);
    fixture_append(&f, small, 0, MESSAGE);
    targets[0].account = small;
    targets[1].account = other;

    assert_int_equal(fixture_append_to(NULL, f.store, SMAIL__SPAN(MESSAGE),
                                       targets, 2, &f.err),
                     SMAIL_EQUOTA);

    query.account = other; /* none of them got it */
    assert_int_equal(fixture_count(&f, &query), 0);
    query.account = small;
    assert_int_equal(fixture_count(&f, &query), 1);
    fixture_end(&f);
}

static void a_refused_append_may_try_other_targets(void **state)
{
    struct fixture f;
    smail_target targets[2] = { { 0 } };
    smail_append *append;
    char *bytes = large(100000), *back;
    smail_appended out;
    size_t len;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    targets[0].account = fixture_account(&f, "bob@example.test", 0);
    targets[1].account = 999;
    fixture_ok(&f, smail_append_new(&append, f.store, &f.err));
    fixture_ok(
        &f, smail_append_write(append, (smail_span){ bytes, 100000 }, &f.err));
    assert_int_equal(smail_append_commit(append, targets, 2, NULL, &f.err),
                     SMAIL_ENOTFOUND);

    fixture_ok(&f, smail_append_commit(append, targets, 1, &out, &f.err));

    assert_int_equal(smail_append_commit(append, targets, 1, &out, &f.err),
                     SMAIL_ESTATE);
    smail_append_free(append);
    back = fixture_read(&f, targets[0].account, out.email, &len);
    assert_int_equal(len, 100000);
    assert_memory_equal(back, bytes, len);
    free(back);
    free(bytes);
    fixture_end(&f);
}

static void replies_join_their_thread(void **state)
{
    struct fixture f;
    smail_id bob, alice;
    smail_appended first, reply, early, late, other;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    alice = fixture_account(&f, "alice@example.test", 0);
    first = fixture_append(&f, bob, 0, "Message-ID: <a@x>\r\n\r\n");
    reply = fixture_append(
        &f, bob, 0,
        "Message-ID: <b@x>\r\nIn-Reply-To: <a@x>\r\nReferences: <a@x>\r\n\r\n");
    early = fixture_append(
        &f, bob, 0, "Message-ID: <d@x>\r\nReferences: <q@x>\r\n <c@x>\r\n\r\n");
    late = fixture_append(&f, bob, 0, "Message-ID: <c@x>\r\n\r\n");
    other = fixture_append(&f, alice, 0,
                           "Message-ID: <z@x>\r\nReferences: <a@x>\r\n\r\n");

    assert_int_equal(first.thread, reply.thread);
    assert_int_equal(early.thread, late.thread);
    assert_int_not_equal(first.thread, early.thread);
    assert_int_equal(other.thread, other.email); /* accounts do not mix */
    fixture_end(&f);
}

static void headers_are_bounded_and_hops_counted(void **state)
{
    struct fixture f;
    struct smail__buf text;
    smail_query query = SMAIL_QUERY_INIT;
    smail_target target = { 0 };
    smail_append *append;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    target.account = query.account = fixture_account(&f, "b@example.test", 0);
    smail__buf_init(&text, (size_t)1 << 22, NULL);
    for (int i = 0; i < 40; i++)
        smail__buf_puts(&text, "Received: from a by b;\r\n date\r\n");
    smail__buf_puts(&text, "Subject: ");
    for (int i = 0; i < 200000; i++)
        smail__buf_puts(&text, "long ");
    smail__buf_puts(&text, "\r\n\r\nbody\r\n");

    fixture_ok(&f, smail_append_new(&append, f.store, &f.err));
    fixture_ok(&f, smail_append_write(append, smail__buf_span(&text), &f.err));
    assert_int_equal(smail_append_hops(append), 40);
    fixture_ok(&f, smail_append_commit(append, &target, 1, NULL, &f.err));
    smail_append_free(append);

    smail__buf_dispose(&text);
    assert_int_equal(fixture_count(&f, &query), 1);
    fixture_end(&f);
}

static void bad_targets_are_refused(void **state)
{
    struct fixture f;
    smail_target target = { 0 };
    smail_id bob;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    assert_int_equal(
        fixture_append_to(NULL, f.store, SMAIL__SPAN("x"), &target, 1, &f.err),
        SMAIL_EINVAL);
    target.account = bob;
    target.keywords = "no(good";
    assert_int_equal(
        fixture_append_to(NULL, f.store, SMAIL__SPAN("x"), &target, 1, &f.err),
        SMAIL_EINVAL);
    target.keywords = NULL;
    target.mailbox = 12345;
    assert_int_equal(
        fixture_append_to(NULL, f.store, SMAIL__SPAN("x"), &target, 1, &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

/* Texts of many sizes and of little sameness, so that they are packed to all
 * that rows are laid out for; each comes back as it was, and is swept whole. */
static void packed_messages_come_back(void **state)
{
    struct fixture f;
    struct smail__buf text;
    uint64_t noise = 7;
    smail_id account;
    char back[16384];

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    account = fixture_account(&f, "alice@example.test", 0);
    smail__buf_init(&text, sizeof(back), NULL);
    for (size_t size = 100; size < 9000; size += 311) {
        smail_content *content;
        smail_appended appended;

        smail__buf_clear(&text);
        smail__buf_puts(&text, "Subject: packed\r\n\r\n");
        while (text.len < size) {
            noise = noise * 6364136223846793005u + 1442695040888963407u;
            smail__buf_printf(&text, "%08x word ", (unsigned)(noise >> 32));
        }
        appended = fixture_append(&f, account, 0, text.data);
        fixture_ok(&f, smail_content_open(&content, f.store, account,
                                          appended.email, &f.err));
        assert_int_equal(smail_content_size(content), text.len);
        assert_int_equal(
            smail_content_read(back, content, 0, sizeof(back), &f.err),
            text.len);
        assert_memory_equal(back, text.data, text.len);
        assert_int_equal(smail_content_read(back, content, 90, 5, &f.err), 5);
        assert_memory_equal(back, text.data + 90, 5);
        smail_content_close(content);
    }
    smail__buf_dispose(&text);
    fixture_end(&f);
}

static int stray_half(smail_tx *tx, void *arg, smail_error *err)
{
    (void)arg;
    return smail__db_run(smail__tx_db(tx),
                         "INSERT INTO blob_rest (data) VALUES ('half')", err);
}

static void half_a_message_is_found_and_mended(void **state)
{
    struct fixture f;
    uint64_t faults = 0, mended = 0;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    fixture_ok(&f, smail__store_write(f.store, stray_half, NULL, &f.err));
    fixture_ok(&f, smail_store_check(&faults, f.store, NULL, NULL, &f.err));
    assert_int_equal(faults, 1);
    fixture_ok(&f, smail_store_repair(&mended, f.store, &f.err));
    assert_int_equal(mended, 1);
    fixture_end(&f);
}

static void a_large_message_to_many_is_stored_once(void **state)
{
    static const char line[] =
        "A line of a large message, one of very many like it.\r\n";
    smail_target targets[100] = { { .account = 0 } };
    smail_append *append;
    struct fixture f;
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    uint64_t size;
    char command[160];

    (void)state;
    fixture_needs_files();
    fixture_begin(&f);
    fixture_open(&f, true);
    for (size_t i = 0; i < 100; i++) {
        char address[64];

        smail__format(address, sizeof(address), "user%zu@example.test", i);
        targets[i].account = fixture_account(&f, address, 0);
    }
    fixture_ok(&f, smail_append_new(&append, f.store, &f.err));
    fixture_ok(&f, smail_append_write(
                       append, SMAIL__SPAN("Subject: large\r\n\r\n"), &f.err));
    while (smail_append_size(append) < (size_t)10 * 1024 * 1024)
        fixture_ok(&f, smail_append_write(append, smail__span(line), &f.err));
    size = smail_append_size(append);
    fixture_ok(&f, smail_append_commit(append, targets, 100, NULL, &f.err));
    smail_append_free(append);
    fixture_ok(&f, smail_store_get_stats(&stats, f.store, &f.err));
    assert_int_equal(stats.emails, 100);
    assert_int_equal(stats.blobs, 1);
    assert_int_equal(stats.blob_bytes, size);
    assert_in_range(stats.database_bytes, 1, 2 * 1024 * 1024);
    /* One file of it, beside that which says whose folder it is. */
    smail__format(command, sizeof(command),
                  "test $(find %s/blobs -type f -size +9M | wc -l) = 1",
                  f.folder);
    assert_int_equal(system(command), 0);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_stored_and_listed),
        cmocka_unit_test(sizes_around_the_limit_come_back_whole),
        cmocka_unit_test(an_append_given_up_leaves_nothing),
        cmocka_unit_test(many_targets_share_one_blob),
        cmocka_unit_test(quota_lets_one_message_overshoot),
        cmocka_unit_test(a_refused_append_may_try_other_targets),
        cmocka_unit_test(replies_join_their_thread),
        cmocka_unit_test(headers_are_bounded_and_hops_counted),
        cmocka_unit_test(bad_targets_are_refused),
        cmocka_unit_test(packed_messages_come_back),
        cmocka_unit_test(half_a_message_is_found_and_mended),
        cmocka_unit_test(a_large_message_to_many_is_stored_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
