/* SPDX-License-Identifier: MIT */
/* account/sent.c - see account/sent.h. */
#include "account/sent.h"

#include "account/account_limit.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"

#define MINUTE 60
#define HOUR 3600
#define SLOT (15 * MINUTE)

/* The one that is under way, and a whole day before it. */
#define SLOTS (24 * HOUR / SLOT + 1)

static const char sql_list[] =
    "SELECT slot, messages, recipients FROM sent_count"
    " WHERE account = $1 AND slot > $2 ORDER BY slot";

static const char sql_add[] =
    "INSERT INTO sent_count (account, slot, messages, recipients)"
    " VALUES ($1, $2, 1, $3) ON CONFLICT (account, slot) DO UPDATE SET"
    " messages = sent_count.messages + 1,"
    " recipients = sent_count.recipients + excluded.recipients";

static const char sql_forget[] =
    "DELETE FROM sent_count WHERE account = $1 AND slot <= $2";

struct day {
    int64_t slots[SLOTS];
    uint64_t messages[SLOTS], recipients[SLOTS];
    size_t count;
};

/* --- Words --------------------------------------------------------------- */

void smail__wait_words(char out[SMAIL__WAIT_WORDS], uint32_t seconds)
{
    uint32_t number = seconds;
    const char *unit = "second";

    if (seconds >= 2 * HOUR) {
        number = (seconds + HOUR - 1) / HOUR;
        unit = "hour";
    } else if (seconds >= 2 * MINUTE) {
        number = (seconds + MINUTE - 1) / MINUTE;
        unit = "minute";
    }
    smail__format(out, SMAIL__WAIT_WORDS, "in %u %s%s", number, unit,
                  number == 1 ? "" : "s");
}

void smail__sent_text(char out[SMAIL__SENT_TEXT],
                      const struct smail__sent_excess *excess)
{
    char when[SMAIL__WAIT_WORDS];

    smail__wait_words(when, excess->seconds);
    smail__format(out, SMAIL__SENT_TEXT,
                  "Too many %s of this account in a day, try again %s",
                  excess->what, when);
}

/* --- Counting ------------------------------------------------------------ */

static int load(struct day *out, struct smail__db *db, smail_id account,
                int64_t now, smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_list, err);

    out->count = 0;
    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, now / SLOT - SLOTS);
    while ((rc = smail__statement_step(row, err)) == 1 && out->count < SLOTS) {
        out->slots[out->count] = smail__column_int(row, 0);
        out->messages[out->count] = (uint64_t)smail__column_int(row, 1);
        out->recipients[out->count] = (uint64_t)smail__column_int(row, 2);
        out->count++;
    }
    smail__statement_reset(row);
    return rc < 0 ? rc : 0;
}

static uint64_t sum(const uint64_t *numbers, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += numbers[i];
    return total;
}

/* The seconds until `more` fit below `cap`, as the oldest leave; 0: they do. */
static uint32_t wait_for(const struct day *day, const uint64_t *numbers,
                         uint64_t more, uint32_t cap, int64_t now)
{
    uint64_t total = sum(numbers, day->count) + more;

    if (cap == 0 || total <= cap)
        return 0;
    for (size_t i = 0; i < day->count; i++) {
        int64_t seconds = (day->slots[i] + SLOTS) * SLOT - now;

        total -= numbers[i];
        /* A clock that was set back does not make it longer. */
        if (total <= cap)
            return seconds < 1              ? 1
                   : seconds > SLOTS * SLOT ? SLOTS * SLOT
                                            : (uint32_t)seconds;
    }
    return SLOTS * SLOT;
}

static int check(struct smail__sent_excess *out, struct smail__db *db,
                 smail_id account, const struct smail__sent_caps *caps,
                 uint32_t recipients, int64_t now, smail_error *err)
{
    struct smail__account_limits own;
    struct smail__sent_caps cap = *caps;
    uint32_t seconds;
    struct day day;
    int rc = smail__account_limits_load(&own, db, account, err);

    *out = (struct smail__sent_excess){ .what = NULL };
    if (rc == 0)
        rc = load(&day, db, account, now, err);
    if (rc != 0)
        return rc;
    if (own.value[SMAIL__LIMIT_MESSAGES_PER_DAY] != 0)
        cap.messages = own.value[SMAIL__LIMIT_MESSAGES_PER_DAY];
    if (own.value[SMAIL__LIMIT_RECIPIENTS_PER_DAY] != 0)
        cap.recipients = own.value[SMAIL__LIMIT_RECIPIENTS_PER_DAY];
    seconds = wait_for(&day, day.messages, 1, cap.messages, now);
    if (seconds > 0)
        *out = (struct smail__sent_excess){ "messages", seconds };
    seconds = wait_for(&day, day.recipients, recipients, cap.recipients, now);
    if (seconds > out->seconds)
        *out = (struct smail__sent_excess){ "recipients", seconds };
    if (out->what != NULL) {
        char text[SMAIL__SENT_TEXT];

        smail__sent_text(text, out);
        return smail__fail(err, SMAIL_ELIMIT, "%s", text);
    }
    return 0;
}

static int run(const char *sql, struct smail__db *db, smail_id account,
               int64_t slot, int64_t recipients, smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, slot);
    if (recipients >= 0)
        smail__bind_int(row, 3, recipients);
    return smail__statement_run(row, err);
}

int smail__sent_ask(struct smail__sent_excess *out, smail_store *store,
                    smail_id account, const struct smail__sent_caps *caps,
                    uint32_t recipients, smail_error *err)
{
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc =
        check(out, db, account, caps, recipients, smail__store_now(store), err);
    smail__store_end_read(store, db);
    return rc;
}

int smail__sent_take(smail_tx *tx, struct smail__sent_excess *out,
                     smail_id account, const struct smail__sent_caps *caps,
                     uint32_t recipients, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    int64_t now = smail__tx_now(tx);
    int rc = check(out, db, account, caps, recipients, now, err);

    if (rc == 0)
        rc = run(sql_forget, db, account, now / SLOT - SLOTS, -1, err);
    if (rc == 0)
        rc = run(sql_add, db, account, now / SLOT, recipients, err);
    return rc;
}

int smail__sent_total(uint64_t *messages, uint64_t *recipients,
                      smail_store *store, smail_id account, smail_error *err)
{
    struct smail__db *db;
    struct day day;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = load(&day, db, account, smail__store_now(store), err);
    smail__store_end_read(store, db);
    *messages = rc == 0 ? sum(day.messages, day.count) : 0;
    *recipients = rc == 0 ? sum(day.recipients, day.count) : 0;
    return rc;
}
