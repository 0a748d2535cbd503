/* SPDX-License-Identifier: MIT */
/* store/email_sort.c - what a query has found, in the order that is wanted,
 * one of each thread. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "message/word.h"
#include "store/email_run.h"

/* --- Keys ---------------------------------------------------------------- */

static const char *skip_prefixes(const char *text)
{
    for (;;) {
        smail_span rest = smail__span(text);
        smail_span word =
            smail__span_slice(rest, 0, smail__span_find(rest, ':'));

        if (rest.len > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t'))
            text++;
        else if (word.len < rest.len && word.len < 5 &&
                 (smail__span_iis(word, "re") || smail__span_iis(word, "fw") ||
                  smail__span_iis(word, "fwd") || smail__span_iis(word, "aw")))
            text += word.len + 1;
        else
            return text;
    }
}

/* The name, or the address where there is none. */
static const char *skip_to_name(const char *text)
{
    while (*text == '"' || *text == '<' || *text == ' ' || *text == '\'')
        text++;
    return text;
}

/* Put the text into the arena, folded and short; where it stands. */
static size_t put_text(struct smail__run *run, smail_span value,
                       bool is_subject)
{
    size_t at = run->texts.len;
    struct smail__buf text;
    const char *from;

    smail__buf_init(&text, (size_t)32 * 1024, NULL);
    smail__words_display(&text, value);
    from = smail__buf_error(&text) == 0 && text.len > 0 ? text.data : "";
    from = is_subject ? skip_prefixes(from) : skip_to_name(from);
    for (size_t i = 0; i < SMAIL__QUERY_TEXT_MAX && from[i] != '\0'; i++)
        smail__buf_putc(&run->texts, smail__lower(from[i]));
    smail__buf_putc(&run->texts, '\0');
    smail__buf_dispose(&text);
    return at;
}

static int make_key(struct smail__run *run, struct smail__hit *hit,
                    size_t index, smail_error *err)
{
    const struct smail__sort *sort = &run->query->sorts[index];
    struct smail__statement *row = run->match.row;
    int code = 0;

    switch (sort->key) {
    case SMAIL__SORT_RECEIVED:
        hit->keys[index].number = hit->received_at;
        break;
    case SMAIL__SORT_SENT:
        hit->keys[index].number = smail__column_int(row, SMAIL__MATCH_SENT);
        break;
    case SMAIL__SORT_SIZE:
        hit->keys[index].number = smail__column_int(row, SMAIL__MATCH_SIZE);
        break;
    case SMAIL__SORT_FROM:
        hit->keys[index].text =
            put_text(run, smail__column_span(row, SMAIL__MATCH_SENDER), false);
        break;
    case SMAIL__SORT_TO:
        hit->keys[index].text = put_text(
            run, smail__column_span(row, SMAIL__MATCH_RECIPIENTS), false);
        break;
    case SMAIL__SORT_SUBJECT:
        hit->keys[index].text =
            put_text(run, smail__column_span(row, SMAIL__MATCH_SUBJECT), true);
        break;
    case SMAIL__SORT_KEYWORD:
        hit->keys[index].number =
            smail__match_keyword(&run->match, sort->keyword);
        break;
    default:
        code = smail__match_thread(&run->match, hit->thread, sort->keyword,
                                   sort->key == SMAIL__SORT_ALL_IN_THREAD, err);
        hit->keys[index].number = code > 0;
    }
    return code < 0 ? code : 0;
}

static bool is_text(enum smail__sort_key key)
{
    return key == SMAIL__SORT_FROM || key == SMAIL__SORT_TO ||
           key == SMAIL__SORT_SUBJECT;
}

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

/* Ties: the newer first, also when the rest is ascending. */
static int compare(const void *left, const void *right)
{
    const struct smail__hit *a = left, *b = right;
    const struct smail__email_query *query = a->run->query;
    const char *texts = a->run->texts.data;

    for (size_t i = 0; i < query->sort_count; i++) {
        int result =
            is_text(query->sorts[i].key)
                ? strcmp(texts + a->keys[i].text, texts + b->keys[i].text)
                : compare_numbers(a->keys[i].number, b->keys[i].number);

        if (result != 0)
            return query->sorts[i].descending ? -result : result;
    }
    if (a->received_at != b->received_at)
        return compare_numbers(b->received_at, a->received_at);
    return compare_numbers(b->email, a->email);
}

/* --- Threads ------------------------------------------------------------- */

/* Open addressing, a power of two, at most half full. True: it was there. */
static bool put_thread(smail_id *table, size_t size, smail_id thread)
{
    size_t at = (size_t)((uint64_t)thread * 0x9e3779b97f4a7c15u >> 20);

    while (table[at & (size - 1)] != 0 && table[at & (size - 1)] != thread)
        at++;
    if (table[at & (size - 1)] == thread)
        return true;
    table[at & (size - 1)] = thread;
    return false;
}

static int grow_threads(struct smail__run *run, smail_error *err)
{
    size_t room = run->thread_room == 0 ? 256 : run->thread_room * 2;
    smail_id *table = calloc(room, sizeof(*table));

    if (table == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < run->thread_room; i++)
        if (run->threads[i] != 0)
            put_thread(table, room, run->threads[i]);
    free(run->threads);
    run->threads = table;
    run->thread_room = room;
    return 0;
}

static int note_thread(struct smail__run *run, smail_id thread,
                       smail_error *err)
{
    int code = 0;

    if (2 * (run->thread_count + 1) > run->thread_room)
        code = grow_threads(run, err);
    if (code == 0 && !put_thread(run->threads, run->thread_room, thread))
        run->thread_count++;
    return code;
}

/* --- What the query sees ------------------------------------------------- */

bool smail__run_is_newest_first(const struct smail__run *run)
{
    const struct smail__email_query *query = run->query;

    return query->sort_count == 0 ||
           (query->sorts[0].key == SMAIL__SORT_RECEIVED &&
            query->sorts[0].descending);
}

bool smail__run_is_enough(const struct smail__run *run)
{
    return run->is_sorted && run->query->enough > 0 &&
           (run->query->collapse ? run->thread_count : run->count) >=
               run->query->enough;
}

int smail__run_keep(struct smail__run *run, smail_error *err)
{
    struct smail__hit *hit;

    if (run->count == SMAIL__QUERY_FOUND_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "more than %zu messages match",
                           SMAIL__QUERY_FOUND_MAX);
    if (run->count == run->room) {
        size_t room = run->room == 0 ? 256 : run->room * 2;

        hit = realloc(run->hits, room * sizeof(*hit));
        if (hit == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        run->hits = hit;
        run->room = room;
    }
    hit = &run->hits[run->count++];
    hit->run = run;
    hit->email = smail__column_int(run->match.row, SMAIL__MATCH_ID);
    hit->thread = smail__column_int(run->match.row, SMAIL__MATCH_THREAD);
    hit->received_at = smail__column_int(run->match.row, SMAIL__MATCH_RECEIVED);
    for (size_t i = 0; i < run->query->sort_count; i++) {
        int code = make_key(run, hit, i, err);

        if (code < 0)
            return code;
    }
    return run->is_sorted && run->query->collapse
               ? note_thread(run, hit->thread, err)
               : 0;
}

void smail__run_sort(struct smail__run *run)
{
    if (run->count > 0)
        qsort(run->hits, run->count, sizeof(*run->hits), compare);
}

int smail__run_collapse(struct smail__run *run, smail_error *err)
{
    size_t size = 64, kept = 0;
    smail_id *seen;

    while (size < 2 * (run->count + 1))
        size *= 2;
    seen = calloc(size, sizeof(*seen));
    if (seen == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < run->count; i++)
        if (!put_thread(seen, size, run->hits[i].thread))
            run->hits[kept++] = run->hits[i];
    run->count = kept;
    free(seen);
    return 0;
}

void smail__run_dispose(struct smail__run *run)
{
    smail__buf_dispose(&run->texts);
    free(run->threads);
    free(run->hits);
}
