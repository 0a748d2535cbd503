/* SPDX-License-Identifier: MIT */
/* store/cursor.c - pages of entries; one entry. */
#include "store/cursor.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/word.h"
#include "store/email_query.h"
#include "store/search.h"

/* Text of a page: 200 entries of a few fields, each bounded when stored. */
#define PAGE_TEXT_MAX ((size_t)64 * 1024 * 1024)

static const char email_sql[] =
    "SELECT e.blob, e.thread, e.received_at, e.sent_at, e.size, e.flags, "
    "e.keywords, e.message_id, e.subject, e.sender, e.recipients, "
    "d.has_attachment, d.preview FROM email e LEFT JOIN email_derived d "
    "ON d.account = e.account AND d.email = e.id "
    "WHERE e.account = $1 AND e.id = $2";
static const char places_sql[] =
    "SELECT mailbox, uid FROM email_mailbox WHERE account = $1 AND email = $2 "
    "ORDER BY mailbox";

/* --- Text of a page ------------------------------------------------------ */

static size_t begin_text(smail_cursor *cursor)
{
    return cursor->text.len;
}

static void end_text(smail_cursor *cursor)
{
    smail__buf_putc(&cursor->text, '\0');
}

static size_t put_decoded(smail_cursor *cursor, smail_span value)
{
    size_t at = begin_text(cursor);

    smail__words_display(&cursor->text, value);
    end_text(cursor);
    return at;
}

/* UTF-8 without controls, otherwise as it stands. */
static size_t put_scrubbed(smail_cursor *cursor, smail_span value)
{
    size_t at = begin_text(cursor);

    smail__utf8_scrub(&cursor->text, value);
    for (size_t i = at; i < cursor->text.len; i++)
        if ((unsigned char)cursor->text.data[i] < 0x20 ||
            cursor->text.data[i] == 0x7f)
            cursor->text.data[i] = ' ';
    end_text(cursor);
    return at;
}

static size_t put_hex(smail_cursor *cursor, smail_span id)
{
    char text[2 * SMAIL__BLOB_ID_LEN + 1] = "";
    size_t at = begin_text(cursor);

    if (id.len == SMAIL__BLOB_ID_LEN)
        smail__hex_encode(text, id.data, id.len);
    smail__buf_puts(&cursor->text, text);
    end_text(cursor);
    return at;
}

static size_t put_keywords(smail_cursor *cursor, unsigned flags,
                           smail_span words)
{
    size_t at = begin_text(cursor);

    smail__keywords_put(&cursor->text, flags, words);
    end_text(cursor);
    return at;
}

/* --- One entry ----------------------------------------------------------- */

/* Where it is. `*in` tells whether the query's mailbox is among them. */
static int put_places(smail_cursor *cursor, struct smail__page_line *line,
                      struct smail__db *db,
                      const struct smail__mailboxes *mailboxes, bool *in,
                      smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, places_sql, err);
    size_t at = begin_text(cursor);

    *in = cursor->mailbox == 0;
    line->mailboxes = at;
    if (code < 0)
        return code;
    smail__bind_int(row, 1, cursor->account);
    smail__bind_int(row, 2, line->entry.email);
    while ((code = smail__statement_step(row, err)) > 0) {
        smail_id mailbox = smail__column_int(row, 0);

        if (cursor->text.len > at)
            smail__buf_putc(&cursor->text, '\n');
        smail__mailboxes_path(&cursor->text, mailboxes, mailbox);
        if (mailbox == cursor->mailbox) {
            *in = true;
            line->entry.uid = (uint32_t)smail__column_int(row, 1);
        }
    }
    end_text(cursor);
    return code;
}

static bool is_wanted(const smail_cursor *cursor, struct smail__statement *row)
{
    unsigned flags = (unsigned)smail__column_int(row, 5);
    smail_span words = smail__column_span(row, 6);

    if (cursor->thread != 0 && smail__column_int(row, 1) != cursor->thread)
        return false;
    return smail__keywords_all(&cursor->with, flags, words) &&
           !smail__keywords_any(&cursor->without, flags, words);
}

static void fill(smail_cursor *cursor, struct smail__page_line *line,
                 struct smail__statement *row)
{
    smail_entry *entry = &line->entry;

    line->queue_id = put_hex(cursor, smail__column_span(row, 0));
    entry->thread = smail__column_int(row, 1);
    entry->received_at = smail__column_int(row, 2);
    entry->sent_at = smail__column_int(row, 3);
    entry->size = (uint64_t)smail__column_int(row, 4);
    line->keywords = put_keywords(cursor, (unsigned)smail__column_int(row, 5),
                                  smail__column_span(row, 6));
    line->message_id = put_scrubbed(cursor, smail__column_span(row, 7));
    line->subject = put_decoded(cursor, smail__column_span(row, 8));
    line->from = put_decoded(cursor, smail__column_span(row, 9));
    line->to = put_decoded(cursor, smail__column_span(row, 10));
    entry->has_attachment = smail__column_int(row, 11) != 0;
    line->preview = put_scrubbed(cursor, smail__column_span(row, 12));
}

/* 1: it is the next line of the page; 0: it is not wanted, or gone. */
static int look(smail_cursor *cursor, struct smail__db *db,
                const struct smail__mailboxes *mailboxes, smail_id email,
                smail_error *err)
{
    struct smail__page_line *line = &cursor->lines[cursor->count];
    size_t text_before = cursor->text.len;
    struct smail__statement *row;
    bool wanted = false;
    int code = smail__db_prepare(&row, db, email_sql, err);

    if (code < 0)
        return code;
    memset(line, 0, sizeof(*line));
    line->entry.email = email;
    smail__bind_int(row, 1, cursor->account);
    smail__bind_int(row, 2, email);
    code = smail__statement_step(row, err);
    if (code > 0 && is_wanted(cursor, row)) {
        fill(cursor, line, row);
        wanted = true;
    }
    smail__statement_reset(row);
    if (code >= 0 && wanted)
        code = put_places(cursor, line, db, mailboxes, &wanted, err);
    if (code < 0)
        return code;
    if (!wanted) {
        smail__buf_truncate(&cursor->text, text_before);
        return 0;
    }
    cursor->count++;
    return 1;
}

/* --- Pages --------------------------------------------------------------- */

static int next_candidates(struct smail__candidates *out, smail_cursor *cursor,
                           struct smail__db *db,
                           const struct smail__mailboxes *mailboxes,
                           smail_error *err)
{
    if (cursor->email == 0)
        return smail__candidates_next(out, cursor, db, mailboxes, err);
    cursor->ended = true;
    return smail__candidates_add(out, 0, cursor->email, err);
}

static int read_page(smail_cursor *cursor, struct smail__db *db,
                     smail_error *err)
{
    struct smail__mailboxes mailboxes;
    struct smail__candidates candidates = { NULL, 0, 0 };
    int code = smail__mailboxes_load(&mailboxes, db, cursor->account, err);

    if (code < 0)
        return code;
    code = next_candidates(&candidates, cursor, db, &mailboxes, err);
    if (code == 0 && candidates.count == 0)
        cursor->ended = true;
    for (size_t i = 0;
         code >= 0 && i < candidates.count && cursor->count < cursor->left; i++)
        code = look(cursor, db, &mailboxes, candidates.list[i].email, err);
    smail__candidates_dispose(&candidates);
    smail__mailboxes_dispose(&mailboxes);
    if (code >= 0 && smail__buf_error(&cursor->text) != 0)
        code = smail__fail(err, smail__buf_error(&cursor->text),
                           "a page of the list is too long");
    return code < 0 ? code : 0;
}

static void point(smail_cursor *cursor)
{
    const char *text = cursor->text.data;

    for (size_t i = 0; i < cursor->count; i++) {
        struct smail__page_line *line = &cursor->lines[i];

        line->entry.queue_id = text + line->queue_id;
        line->entry.keywords = text + line->keywords;
        line->entry.from = text + line->from;
        line->entry.to = text + line->to;
        line->entry.subject = text + line->subject;
        line->entry.message_id = text + line->message_id;
        line->entry.preview = text + line->preview;
        line->entry.mailboxes = text + line->mailboxes;
    }
}

static int load_page(smail_cursor *cursor, smail_error *err)
{
    cursor->count = 0;
    cursor->at = 0;
    smail__buf_clear(&cursor->text);
    while (cursor->count == 0 && !cursor->ended) {
        struct smail__db *db;
        int code = smail__store_begin_read(&db, cursor->store, err);

        if (code < 0)
            return code;
        code = read_page(cursor, db, err);
        smail__store_end_read(cursor->store, db);
        if (code < 0) {
            cursor->count = 0;
            return code;
        }
    }
    point(cursor);
    return 0;
}

int smail_cursor_next(smail_entry *out, smail_cursor *cursor, smail_error *err)
{
    if (cursor->left == 0)
        return 0;
    if (cursor->at == cursor->count) {
        int code = cursor->ended ? 0 : load_page(cursor, err);

        if (code < 0)
            return code;
        if (cursor->at == cursor->count)
            return 0;
    }
    *out = cursor->lines[cursor->at++].entry;
    cursor->left--;
    return 1;
}

void smail_cursor_free(smail_cursor *cursor)
{
    if (cursor == NULL)
        return;
    smail__keywords_dispose(&cursor->with);
    smail__keywords_dispose(&cursor->without);
    smail__candidates_dispose(&cursor->found);
    smail__buf_dispose(&cursor->text);
    free(cursor->lines);
    free(cursor);
}

static smail_cursor *allocate(smail_store *store, smail_id account,
                              size_t lines)
{
    smail_cursor *cursor = calloc(1, sizeof(*cursor));

    if (cursor == NULL)
        return NULL;
    cursor->lines = calloc(lines, sizeof(*cursor->lines));
    if (cursor->lines == NULL) {
        free(cursor);
        return NULL;
    }
    cursor->store = store;
    cursor->account = account;
    cursor->left = UINT64_MAX;
    cursor->before = (struct smail__candidate){ INT64_MAX, INT64_MAX };
    smail__keywords_init(&cursor->with);
    smail__keywords_init(&cursor->without);
    smail__buf_init(&cursor->text, PAGE_TEXT_MAX, NULL);
    return cursor;
}

/* All that the question finds, newest first. */
static int collect(smail_cursor *cursor, struct smail__db *db,
                   const struct smail__email_found *found, smail_error *err)
{
    static const char sql[] =
        "SELECT received_at FROM email WHERE account = $1 AND id = $2";
    int code = 0;

    for (size_t i = 0; code >= 0 && i < found->count; i++) {
        int64_t received_at;

        code = smail__db_value(&received_at, db, sql, cursor->account,
                               found->ids[i], err);
        if (code == 0)
            code = smail__candidates_add(&cursor->found, received_at,
                                         found->ids[i], err);
    }
    cursor->collected = true;
    return code < 0 ? code : 0;
}

/* All that is found is shown, from the first on. */
static bool is_plain(const smail_query *query)
{
    return query->mailbox == 0 && query->thread == 0 && query->with == NULL &&
           query->without == NULL && query->before_time == 0 &&
           query->before_email == 0;
}

/* `text` is a condition; `search` has its own. */
static int read_question(struct smail__filter **out, smail_cursor *cursor,
                         const smail_query *query, smail_error *err)
{
    if (query->search != NULL)
        return smail__search_read(out, cursor->store, cursor->account,
                                  smail__span(query->search), false, err);
    if (strlen(query->text) > SMAIL__SEARCH_MAX)
        return smail__fail(err, SMAIL_EINVAL, "a search has at most %d octets",
                           SMAIL__SEARCH_MAX);
    *out = smail__filter_new(SMAIL__FILTER_TEXT);
    if (*out == NULL || ((*out)->text = smail__strdup(query->text)) == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return 0;
}

static int find(smail_cursor *cursor, const smail_query *query,
                smail_error *err)
{
    struct smail__email_query question = { .account = cursor->account };
    struct smail__email_found found = { .ids = NULL };
    struct smail__db *db = NULL;
    int code = read_question(&question.filter, cursor, query, err);

    if (is_plain(query))
        question.enough = query->limit < SIZE_MAX ? (size_t)query->limit : 0;
    if (code == 0)
        code = smail__store_begin_read(&db, cursor->store, err);
    if (code == 0) {
        code =
            smail__email_query_run(&found, cursor->store, db, &question, err);
        if (code == 0)
            code = collect(cursor, db, &found, err);
        cursor->unindexed = found.unindexed;
        smail__store_end_read(cursor->store, db);
    }
    smail__email_found_dispose(&found);
    smail__filter_free(question.filter);
    return code;
}

static int ask(smail_cursor *cursor, const smail_query *query, smail_error *err)
{
    int code = 0;

    cursor->mailbox = query->mailbox;
    cursor->thread = query->thread;
    if (query->limit > 0)
        cursor->left = query->limit;
    if (query->before_time != 0 || query->before_email != 0)
        cursor->before = (struct smail__candidate){ query->before_time,
                                                    query->before_email };
    if (query->with != NULL)
        code = smail__keywords_add(&cursor->with, query->with, err);
    if (code == 0 && query->without != NULL)
        code = smail__keywords_add(&cursor->without, query->without, err);
    if (code == 0 && (query->search != NULL || query->text != NULL))
        code = find(cursor, query, err);
    return code;
}

uint64_t smail_cursor_unindexed(const smail_cursor *cursor)
{
    return cursor->unindexed;
}

int smail_store_query(smail_cursor **out, smail_store *store,
                      const smail_query *query, smail_error *err)
{
    smail_query known = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    int code;

    memcpy(&known, query,
           query->size < sizeof(known) ? query->size : sizeof(known));
    if (known.account <= 0)
        return smail__fail(err, SMAIL_EINVAL, "a query needs an account");
    cursor = allocate(store, known.account, SMAIL__PAGE_MAX);
    if (cursor == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = ask(cursor, &known, err);
    if (code < 0) {
        smail_cursor_free(cursor);
        return code;
    }
    *out = cursor;
    return 0;
}

int smail_email_get(smail_entry *out, smail_cursor **cursor, smail_store *store,
                    smail_id account, smail_id email, smail_error *err)
{
    smail_cursor *one = allocate(store, account, 1);
    int code;

    if (one == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    one->email = email;
    code = smail_cursor_next(out, one, err);
    if (code == 0)
        code = smail__fail(err, SMAIL_ENOTFOUND, "there is no message %lld",
                           (long long)email);
    if (code < 0) {
        smail_cursor_free(one);
        return code;
    }
    *cursor = one;
    return 0;
}
