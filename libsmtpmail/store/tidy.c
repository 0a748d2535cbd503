/* SPDX-License-Identifier: MIT */
/*
 * store/tidy.c - see store/tidy.h.
 *
 * A reader finds the keys of a page, which may take as long as it takes; a
 * small job of the writer looks again and deletes. So no index is needed for
 * what is looked for once a day, and nobody waits for a long search.
 */
#include "store/tidy.h"

#include <time.h>

#include "base/error.h"
#include "store/index.h"

#define KEYS_MAX 3
#define DROPS_MAX 3
#define PAGE 500

/* Behind each transaction: whoever waits goes first. */
#define PAUSE_NANOSECONDS 2000000

/* What a row is compared with, in the last place of each statement. */
enum bound {
    BOUND_NONE, /* 0 */
    BOUND_NOW,
    BOUND_MODSEQS,
    BOUND_QUEUE,
    BOUND_LOGINS,
    BOUND_APP_PASSWORDS
};

struct rule {
    const char *what;
    enum bound bound;
    int keys;          /* that `find` gives, in order, and `drops` take */
    const char *count; /* $1: the bound */
    const char *find;  /* behind the keys: $1 ..., then the bound */
    /* Each at most 500 rows; the next when it has found fewer. */
    const char *drops[DROPS_MAX];
};

#define CLOSED                                               \
    "EXISTS (SELECT 1 FROM queue_message q WHERE q.id = $1 " \
    "AND q.closed_at > 0 AND q.closed_at < $2) "

static const struct rule rules[] = {
    { .what = "changes",
      .bound = BOUND_MODSEQS,
      .keys = 1,
      .count = "SELECT count(*) FROM change c JOIN account a "
               "ON a.id = c.account WHERE c.modseq < a.modseq - $1",
      .find = "SELECT id FROM account a WHERE id > $1 AND EXISTS (SELECT 1 "
              "FROM change c WHERE c.account = a.id "
              "AND c.modseq < a.modseq - $2) ORDER BY id LIMIT 500",
      .drops = { "DELETE FROM change WHERE account = $1 AND modseq IN (SELECT "
                 "c.modseq FROM change c JOIN account a ON a.id = c.account "
                 "WHERE c.account = $1 AND c.modseq < a.modseq - $2 "
                 "ORDER BY c.modseq LIMIT 500)" } },
    { .what = "expunged",
      .bound = BOUND_MODSEQS,
      .keys = 3,
      .count = "SELECT count(*) FROM expunged x JOIN account a "
               "ON a.id = x.account WHERE x.modseq < a.modseq - $1",
      .find = "SELECT x.account, x.mailbox, x.uid FROM expunged x "
              "JOIN account a ON a.id = x.account "
              "WHERE (x.account, x.mailbox, x.uid) > ($1, $2, $3) "
              "AND x.modseq < a.modseq - $4 "
              "ORDER BY x.account, x.mailbox, x.uid LIMIT 500",
      .drops = { "DELETE FROM expunged WHERE account = $1 AND mailbox = $2 "
                 "AND uid = $3 AND modseq < (SELECT modseq - $4 FROM account "
                 "WHERE id = expunged.account)" } },
    { .what = "uploads",
      .bound = BOUND_NOW,
      .count = "SELECT count(*) FROM upload WHERE expires_at < $1",
      .drops = { "DELETE FROM upload WHERE (account, blob) IN (SELECT "
                 "account, blob FROM upload WHERE expires_at < $1 "
                 "ORDER BY expires_at LIMIT 500)" } },
    { .what = "queue",
      .bound = BOUND_QUEUE,
      .keys = 1,
      .count = "SELECT count(*) FROM queue_message WHERE closed_at > 0 "
               "AND closed_at < $1",
      .find = "SELECT id FROM queue_message WHERE id > $1 AND closed_at > 0 "
              "AND closed_at < $2 ORDER BY id LIMIT 500",
      .drops = { "DELETE FROM attempt WHERE message = $1 AND " CLOSED
                 "AND (recipient, number) IN (SELECT recipient, number "
                 "FROM attempt WHERE message = $1 "
                 "ORDER BY recipient, number LIMIT 500)",
                 "DELETE FROM queue_recipient WHERE message = $1 AND " CLOSED
                 "AND id IN (SELECT id FROM queue_recipient "
                 "WHERE message = $1 ORDER BY id LIMIT 500)",
                 "DELETE FROM queue_message WHERE id = $1 AND closed_at > 0 "
                 "AND closed_at < $2" } },
    { .what = "logins",
      .bound = BOUND_LOGINS,
      .keys = 2,
      .count = "SELECT count(*) FROM login_event WHERE at < $1",
      .find = "SELECT account, id FROM login_event "
              "WHERE (account, id) > ($1, $2) AND at < $3 "
              "ORDER BY account, id LIMIT 500",
      .drops = { "DELETE FROM login_event WHERE account = $1 AND id = $2 "
                 "AND at < $3" } },
    { .what = "sessions",
      .bound = BOUND_NOW,
      .keys = 2,
      .count = "SELECT count(*) FROM session WHERE expires_at < $1",
      .find = "SELECT account, id FROM session "
              "WHERE (account, id) > ($1, $2) AND expires_at < $3 "
              "ORDER BY account, id LIMIT 500",
      .drops = { "DELETE FROM session WHERE account = $1 AND id = $2 "
                 "AND expires_at < $3" } },
    { .what = "app-passwords",
      .bound = BOUND_APP_PASSWORDS,
      .keys = 2,
      .count = "SELECT count(*) FROM app_password WHERE expires_at > 0 "
               "AND expires_at < $1",
      .find = "SELECT account, id FROM app_password "
              "WHERE (account, id) > ($1, $2) AND expires_at > 0 "
              "AND expires_at < $3 ORDER BY account, id LIMIT 500",
      .drops = { "DELETE FROM app_password WHERE account = $1 AND id = $2 "
                 "AND expires_at > 0 AND expires_at < $3" } },
    { .what = "contents",
      .bound = BOUND_NONE,
      .keys = 3,
      .count = "SELECT count(*) FROM email_content c WHERE email > $1 AND NOT "
               "EXISTS (SELECT 1 FROM email e WHERE e.account = c.account "
               "AND e.id = c.email)",
      .find = "SELECT account, hash, email FROM email_content c "
              "WHERE (account, hash, email) > ($1, $2, $3) AND email > $4 "
              "AND NOT EXISTS (SELECT 1 FROM email e "
              "WHERE e.account = c.account AND e.id = c.email) "
              "ORDER BY account, hash, email LIMIT 500",
      .drops = { "DELETE FROM email_content WHERE account = $1 AND hash = $2 "
                 "AND email = $3 AND email > $4 AND NOT EXISTS (SELECT 1 "
                 "FROM email e WHERE e.account = email_content.account "
                 "AND e.id = email_content.email)" } },
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

static int64_t or_default(uint64_t seconds, int64_t usual)
{
    return seconds > 0 ? (int64_t)seconds : usual;
}

static int64_t bound_of(enum bound bound, const smail_store *store, int64_t now)
{
    const smail_store_options *options = &store->options;

    switch (bound) {
    case BOUND_NOW:
        return now;
    case BOUND_MODSEQS:
        return SMAIL__CHANGES_KEPT;
    case BOUND_QUEUE:
        return now - or_default(options->keep_queue, SMAIL__KEEP_QUEUE);
    case BOUND_LOGINS:
        return now - or_default(options->keep_logins, SMAIL__KEEP_LOGINS);
    case BOUND_APP_PASSWORDS:
        return now - SMAIL__KEEP_APP_PASSWORDS;
    case BOUND_NONE:
        break;
    }
    return 0;
}

/* --- One rule ------------------------------------------------------------ */

struct work {
    const struct rule *rule;
    int64_t bound;
    int64_t last[KEYS_MAX]; /* keys that were done with */
    int64_t page[PAGE][KEYS_MAX];
    size_t count, at;
    uint64_t rows; /* of the last drop: the things themselves */
    uint64_t all;
};

static void bind(struct smail__statement *row, const struct work *work,
                 const int64_t *keys)
{
    for (int i = 0; i < work->rule->keys; i++)
        smail__bind_int(row, i + 1, keys[i]);
    smail__bind_int(row, work->rule->keys + 1, work->bound);
}

/* Without keys there is one page, of all that is due. */
static int find_page(struct work *work, smail_store *store, smail_error *err)
{
    struct smail__statement *row;
    struct smail__db *db;
    int code;

    work->count = work->at = 0;
    if (work->rule->find == NULL) {
        work->count = work->last[0] == INT64_MIN;
        work->last[0] = 0;
        return 0;
    }
    code = smail__store_begin_read(&db, store, err);
    if (code < 0)
        return code;
    code = smail__db_prepare(&row, db, work->rule->find, err);
    if (code == 0) {
        bind(row, work, work->last);
        while (work->count < PAGE &&
               (code = smail__statement_step(row, err)) > 0) {
            for (int i = 0; i < work->rule->keys; i++)
                work->page[work->count][i] = smail__column_int(row, i);
            work->count++;
        }
        smail__statement_reset(row);
    }
    smail__store_end_read(store, db);
    for (int i = 0; work->count > 0 && i < work->rule->keys; i++)
        work->last[i] = work->page[work->count - 1][i];
    return code < 0 ? code : 0;
}

/* What is due of one key: 1 when it is done with. */
static int drop(struct work *work, smail_tx *tx, const int64_t *keys,
                size_t *budget, smail_error *err)
{
    for (size_t i = 0; i < DROPS_MAX && work->rule->drops[i] != NULL; i++) {
        struct smail__statement *row;
        int code = smail__db_prepare(&row, tx->db, work->rule->drops[i], err);
        uint64_t changed;

        if (code < 0)
            return code;
        bind(row, work, keys);
        code = smail__statement_run(row, err);
        if (code < 0)
            return code;
        changed = (uint64_t)smail__db_changes(tx->db);
        *budget -= changed < *budget ? changed : *budget;
        if (i + 1 == DROPS_MAX || work->rule->drops[i + 1] == NULL)
            work->rows += changed;
        if (changed >= SMAIL__TIDY_STEP)
            return 0;
    }
    return 1;
}

static int drop_job(smail_tx *tx, void *arg, smail_error *err)
{
    size_t budget = SMAIL__TIDY_STEP;
    struct work *work = arg;

    work->rows = 0;
    while (work->at < work->count && budget > 0) {
        int code = drop(work, tx, work->page[work->at], &budget, err);

        if (code < 0)
            return code;
        if (code == 0)
            return 0; /* more of the same */
        work->at++;
    }
    return 0;
}

static int apply(struct work *work, smail_store *store, smail_error *err)
{
    int code;

    for (int i = 0; i < KEYS_MAX; i++)
        work->last[i] = INT64_MIN;
    do {
        code = find_page(work, store, err);
        while (code == 0 && work->at < work->count &&
               !smail__indexer_is_stopping(store)) {
            code = smail__store_write(store, drop_job, work, err);
            work->all += code == 0 ? work->rows : 0;
            nanosleep(&(struct timespec){ 0, PAUSE_NANOSECONDS }, NULL);
        }
    } while (code == 0 && work->count > 0 &&
             !smail__indexer_is_stopping(store));
    return code;
}

/* --- All ----------------------------------------------------------------- */

int smail__tidy_apply(const struct smail__tidied *told, smail_store *store,
                      int64_t now, smail_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < RULES; i++) {
        struct work work = { .rule = &rules[i] };

        work.bound = bound_of(rules[i].bound, store, now);
        code = apply(&work, store, err);
        if (told != NULL && told->each != NULL)
            told->each(rules[i].what, work.all, told->user);
    }
    return code;
}

int smail__tidy_count(const struct smail__tidied *told, smail_store *store,
                      int64_t now, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    for (size_t i = 0; code == 0 && i < RULES; i++) {
        int64_t count = 0;

        code = smail__db_value(&count, db, rules[i].count,
                               bound_of(rules[i].bound, store, now), INT64_MIN,
                               err);
        if (code == 0 && told->each != NULL)
            told->each(rules[i].what, (uint64_t)count, told->user);
    }
    smail__store_end_read(store, db);
    return code;
}
