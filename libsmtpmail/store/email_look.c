/* SPDX-License-Identifier: MIT */
/*
 * store/email_look.c - candidates from the shortest list that the filter
 * allows, matched one by one.
 *
 *   a page, newest first   all mailboxes, or one, in the order of time: only
 *                          what may be a hit of the index is looked up
 *   few hits of the index  each of them
 *   a mailbox              all of it
 *   $flagged               an index of its own
 *   otherwise              all messages of the account
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/span.h"
#include "store/email_run.h"
#include "store/mailbox.h"

/* What the index has yet to see and is looked at all the same: the newest. */
#define UNINDEXED_MAX 10000

struct ids {
    smail_id *list; /* ascending */
    size_t count;
};

/* --- One candidate ------------------------------------------------------- */

static int check_time(struct smail__run *run, smail_error *err)
{
    struct timespec now;

    if ((++run->looked & 1023) != 0)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 < run->until)
        return 0;
    return smail__fail(err, SMAIL_ELIMIT,
                       "the search takes too long; ask for less");
}

/* Look at the rows of a statement that is bound. */
static int look_at(struct smail__run *run, struct smail__statement *row,
                   smail_error *err)
{
    const struct smail__filter *filter = run->query->filter;
    int code = 0;

    run->match.row = row;
    while (!smail__run_is_enough(run) &&
           (code = smail__statement_step(row, err)) > 0) {
        code = check_time(run, err);
        if (code == 0)
            code = filter != NULL ? smail__match(&run->match, filter, err) : 1;
        if (code > 0)
            code = smail__run_keep(run, err);
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

static int look_at_one(struct smail__run *run, smail_id email, smail_error *err)
{
    static const char sql[] = "SELECT " SMAIL__MATCH_COLUMNS "FROM email e "
                              "WHERE e.account = $1 AND e.id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, run->match.db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, run->query->account);
    smail__bind_int(row, 2, email);
    return look_at(run, row, err);
}

/* --- What the index has yet to see --------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    smail_id left = *(const smail_id *)a, right = *(const smail_id *)b;

    return left < right ? -1 : left > right;
}

static int load_unindexed(struct ids *out, struct smail__run *run,
                          smail_error *err)
{
    static const char sql[] =
        "SELECT u.email FROM unindexed u WHERE u.account = $1 "
        "AND NOT EXISTS (SELECT 1 FROM email_derived d "
        "WHERE d.account = u.account AND d.email = u.email) "
        "ORDER BY u.id DESC LIMIT 10000";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, run->match.db, sql, err);

    if (code < 0)
        return code;
    out->list = calloc(UNINDEXED_MAX, sizeof(*out->list));
    if (out->list == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    smail__bind_int(row, 1, run->query->account);
    while (out->count < UNINDEXED_MAX &&
           (code = smail__statement_step(row, err)) > 0)
        out->list[out->count++] = smail__column_int(row, 0);
    smail__statement_reset(row);
    qsort(out->list, out->count, sizeof(*out->list), compare_ids);
    return code < 0 ? code : 0;
}

/* --- In the order of time ------------------------------------------------ */

struct spot {
    int64_t received_at;
    smail_id email;
};

struct walk {
    struct smail__run *run;
    const struct smail__filter *words; /* NULL: all may be meant */
    struct ids unindexed;
    struct spot before; /* all from here on was looked at */
    struct spot reached;
    bool more;   /* a mailbox goes on behind `reached` */
    size_t step; /* of a mailbox, at a time */
    struct spot *spots;
    size_t count, room;
};

static int compare_spots(const void *a, const void *b)
{
    const struct spot *left = a, *right = b;

    if (left->received_at != right->received_at)
        return left->received_at > right->received_at ? -1 : 1;
    return left->email > right->email ? -1 : left->email < right->email;
}

static bool may_be_meant(const struct walk *walk, smail_id email)
{
    if (walk->words == NULL || smail__filter_is_hit(walk->words, email))
        return true;
    return bsearch(&email, walk->unindexed.list, walk->unindexed.count,
                   sizeof(email), compare_ids) != NULL;
}

static int add_spot(struct walk *walk, struct spot spot, smail_error *err)
{
    if (walk->count == walk->room) {
        size_t room = walk->room == 0 ? 256 : walk->room * 2;
        struct spot *spots = realloc(walk->spots, room * sizeof(*spots));

        if (spots == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        walk->spots = spots;
        walk->room = room;
    }
    walk->spots[walk->count++] = spot;
    return 0;
}

/* The next of a mailbox, all from its index alone. */
static int gather(struct walk *walk, smail_id mailbox, smail_error *err)
{
    static const char sql[] =
        "SELECT received_at, email FROM email_mailbox WHERE account = $1 "
        "AND mailbox = $2 AND (received_at, email) < ($3, $4) "
        "ORDER BY received_at DESC, email DESC";
    struct smail__statement *row;
    struct spot spot = walk->before;
    size_t found = 0;
    int code = smail__db_prepare(&row, walk->run->match.db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, walk->run->query->account);
    smail__bind_int(row, 2, mailbox);
    smail__bind_int(row, 3, spot.received_at);
    smail__bind_int(row, 4, spot.email);
    while (found < walk->step && (code = smail__statement_step(row, err)) > 0) {
        spot.received_at = smail__column_int(row, 0);
        spot.email = smail__column_int(row, 1);
        code = check_time(walk->run, err);
        if (code == 0 && may_be_meant(walk, spot.email)) {
            code = add_spot(walk, spot, err);
            found++;
        }
        if (code < 0)
            break;
    }
    smail__statement_reset(row);
    if (code >= 0 && found == walk->step &&
        (!walk->more || compare_spots(&spot, &walk->reached) < 0)) {
        walk->more = true;
        walk->reached = spot;
    }
    return code < 0 ? code : 0;
}

static int look_at_spots(struct walk *walk, smail_error *err)
{
    int code = 0;

    if (walk->count > 0)
        qsort(walk->spots, walk->count, sizeof(*walk->spots), compare_spots);
    for (size_t i = 0; code == 0 && i < walk->count; i++) {
        const struct spot *spot = &walk->spots[i];

        if (walk->more && compare_spots(spot, &walk->reached) > 0)
            break;
        if (i > 0 && spot->email == spot[-1].email)
            continue;
        code = look_at_one(walk->run, spot->email, err);
    }
    return code;
}

static int take_steps(struct walk *walk, const struct smail__mailboxes *all,
                      smail_id mailbox, smail_error *err)
{
    int code = 0;

    do {
        walk->count = 0;
        walk->more = false;
        if (mailbox != 0)
            code = gather(walk, mailbox, err);
        for (size_t i = 0; mailbox == 0 && code == 0 && i < all->count; i++)
            code = gather(walk, all->list[i].id, err);
        if (code == 0)
            code = look_at_spots(walk, err);
        walk->before = walk->reached;
        if (walk->step < 100000)
            walk->step *= 2;
    } while (code == 0 && walk->more && !smail__run_is_enough(walk->run));
    return code;
}

/* Newest first, until there is enough. */
static int walk(struct smail__run *run, const struct smail__filter *words,
                smail_id mailbox, smail_error *err)
{
    struct walk walk = { .run = run,
                         .words = words,
                         .before = { INT64_MAX, INT64_MAX },
                         .step = run->query->enough + 64 };
    struct smail__mailboxes all = { .count = 0 };
    int code = 0;

    run->is_sorted = true;
    if (mailbox == 0)
        code = smail__mailboxes_load(&all, run->match.db, run->query->account,
                                     err);
    if (code < 0)
        return code;
    if (words != NULL)
        code = load_unindexed(&walk.unindexed, run, err);
    if (code == 0)
        code = take_steps(&walk, &all, mailbox, err);
    if (mailbox == 0)
        smail__mailboxes_dispose(&all);
    free(walk.unindexed.list);
    free(walk.spots);
    return code;
}

/* --- All ----------------------------------------------------------------- */

static const char mailbox_sql[] =
    "SELECT " SMAIL__MATCH_COLUMNS "FROM email_mailbox p "
    "CROSS JOIN email e ON e.account = p.account AND e.id = p.email "
    "WHERE p.account = $1 AND p.mailbox = $2";
static const char flagged_sql[] =
    "SELECT " SMAIL__MATCH_COLUMNS "FROM email e WHERE e.account = $1 "
    "AND (e.flags & 2) <> 0 ORDER BY e.id";
static const char all_sql[] =
    "SELECT " SMAIL__MATCH_COLUMNS "FROM email e WHERE e.account = $1";

static int look_at_ids(struct smail__run *run, const smail_id *list,
                       size_t count, smail_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < count; i++)
        code = look_at_one(run, list[i], err);
    return code;
}

/* What the index has not seen cannot be among its hits. */
static int look_at_hits(struct smail__run *run,
                        const struct smail__filter *words, smail_error *err)
{
    struct ids unindexed = { NULL, 0 };
    int code = look_at_ids(run, words->hits, words->hit_count, err);

    if (code == 0)
        code = load_unindexed(&unindexed, run, err);
    if (code == 0)
        code = look_at_ids(run, unindexed.list, unindexed.count, err);
    free(unindexed.list);
    return code;
}

static int look_at_all(struct smail__run *run, const char *sql,
                       smail_id mailbox, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, run->match.db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, run->query->account);
    if (mailbox != 0)
        smail__bind_int(row, 2, mailbox);
    return look_at(run, row, err);
}

/* --- Which list ---------------------------------------------------------- */

struct drivers {
    const struct smail__filter *words; /* that with the fewest hits */
    struct smail__filter *mailbox;
    bool is_flagged;
};

/* Conditions at the top of the tree narrow all of it. */
static void find_drivers(struct drivers *out, struct smail__filter *filter)
{
    if (filter == NULL)
        return;
    if (filter->is_searched) {
        if (out->words == NULL || filter->hit_count < out->words->hit_count)
            out->words = filter;
    } else if (filter->kind == SMAIL__FILTER_IN_MAILBOX && filter->count == 1) {
        out->mailbox = filter;
    } else if (filter->kind == SMAIL__FILTER_KEYWORD) {
        if (smail__span_iis(smail__span(filter->text), "$flagged"))
            out->is_flagged = true;
    } else if (filter->kind == SMAIL__FILTER_AND) {
        for (filter = filter->first; filter != NULL; filter = filter->next)
            find_drivers(out, filter);
    }
}

int smail__run_look(struct smail__run *run, smail_error *err)
{
    struct drivers drivers = { NULL, NULL, false };
    bool is_page = run->query->enough > 0 && smail__run_is_newest_first(run);
    smail_id mailbox = 0;

    find_drivers(&drivers, run->query->filter);
    if (drivers.words != NULL &&
        (!is_page || drivers.words->hit_count <= SMAIL__SEARCH_FEW_HITS))
        return look_at_hits(run, drivers.words, err);
    if (drivers.is_flagged && drivers.words == NULL)
        return look_at_all(run, flagged_sql, 0, err);
    if (drivers.mailbox != NULL) {
        mailbox = drivers.mailbox->ids[0];
        if (mailbox == 0)
            return 0;                               /* there is none such */
        drivers.mailbox->kind = SMAIL__FILTER_TRUE; /* it holds for all */
    }
    if (is_page)
        return walk(run, drivers.words, mailbox, err);
    if (mailbox != 0)
        return look_at_all(run, mailbox_sql, mailbox, err);
    return look_at_all(run, all_sql, 0, err);
}
