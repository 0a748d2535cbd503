/* SPDX-License-Identifier: MIT */
/* account/login_log.c - see <smtpmail/login.h>. */
#include <smtpmail/login.h>

#include <stdlib.h>

#include "base/format.h"
#include "base/span.h"
#include "store/store.h"

#define SERVICE_SIZE 32
#define METHOD_SIZE 48
#define PEER_SIZE 64

/* What is the same within so many seconds is written once. */
#define FOLD_SECONDS 3600

static const char sql_known[] =
    "SELECT 1 FROM login_event WHERE account = $1 AND at > $2 AND service = $3"
    " AND method = $4 AND peer = $5 AND outcome = $6 LIMIT 1";
static const char sql_last[] =
    "SELECT coalesce(max(id), 0) FROM login_event WHERE account = $1";
static const char sql_insert[] =
    "INSERT INTO login_event (account, id, at, service, method, peer, outcome)"
    " SELECT $1, $2, $3, $4, $5, $6, $7 FROM account WHERE id = $1";
/* Whoever got in is not pushed out by those who tried. */
static const char sql_trim_in[] =
    "DELETE FROM login_event WHERE account = $1 AND outcome = 0 AND id <= "
    "(SELECT id FROM login_event WHERE account = $1 AND outcome = 0"
    " ORDER BY id DESC LIMIT 1 OFFSET $2)";
static const char sql_trim_tried[] =
    "DELETE FROM login_event WHERE account = $1 AND outcome <> 0 AND id <= "
    "(SELECT id FROM login_event WHERE account = $1 AND outcome <> 0"
    " ORDER BY id DESC LIMIT 1 OFFSET $2)";
static const char sql_list[] =
    "SELECT at, service, method, peer, outcome FROM login_event"
    " WHERE account = $1 ORDER BY id DESC";

static const char *const outcome_names[] = { "ok", "wrong", "code",
                                             "disabled" };

const char *smail_login_outcome_name(smail_login_outcome outcome)
{
    size_t i = (size_t)outcome;

    return i < sizeof(outcome_names) / sizeof(outcome_names[0])
               ? outcome_names[i]
               : "unknown";
}

/* --- Writing ------------------------------------------------------------- */

struct event {
    smail_id account;
    int64_t at;
    char service[SERVICE_SIZE], method[METHOD_SIZE], peer[PEER_SIZE];
    int outcome;
};

static int is_known(const struct event *event, struct smail__db *db,
                    smail_error *err)
{
    struct smail__statement *row;
    int at = 1;
    int rc = smail__db_prepare(&row, db, sql_known, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, at++, event->account);
    smail__bind_int(row, at++, event->at - FOLD_SECONDS);
    smail__bind_text(row, at++, smail__span(event->service));
    smail__bind_text(row, at++, smail__span(event->method));
    smail__bind_text(row, at++, smail__span(event->peer));
    smail__bind_int(row, at, event->outcome);
    rc = smail__statement_step(row, err);
    smail__statement_reset(row);
    return rc;
}

static int next_number(int64_t *out, struct smail__db *db, smail_id account,
                       smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_last, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, account);
    rc = smail__statement_step(row, err);
    *out = rc == 1 ? smail__column_int(row, 0) + 1 : 1;
    smail__statement_reset(row);
    return rc < 0 ? rc : 0;
}

static int trim(struct smail__db *db, const struct event *event,
                smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(
        &row, db, event->outcome == 0 ? sql_trim_in : sql_trim_tried, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, event->account);
    smail__bind_int(row, 2, SMAIL_LOGINS_MAX);
    return smail__statement_run(row, err);
}

static int put(struct smail__db *db, const struct event *event,
               smail_error *err)
{
    struct smail__statement *row;
    int64_t number = 0;
    int at = 1;
    int rc = next_number(&number, db, event->account, err);

    if (rc == 0)
        rc = smail__db_prepare(&row, db, sql_insert, err);
    if (rc != 0)
        return rc;
    smail__bind_int(row, at++, event->account);
    smail__bind_int(row, at++, number);
    smail__bind_int(row, at++, event->at);
    smail__bind_text(row, at++, smail__span(event->service));
    smail__bind_text(row, at++, smail__span(event->method));
    smail__bind_text(row, at++, smail__span(event->peer));
    smail__bind_int(row, at, event->outcome);
    rc = smail__statement_run(row, err);
    return rc == 0 ? trim(db, event, err) : rc;
}

static int note(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    int rc = is_known(arg, db, err);

    if (rc == 0)
        return put(db, arg, err);
    if (rc > 0)
        smail__tx_unchanged(tx);
    return rc < 0 ? rc : 0;
}

static void written(const smail_error *error, void *arg)
{
    (void)error;
    free(arg);
}

static void copy(char *out, size_t size, const char *text)
{
    smail__format(out, size, "%s", text != NULL ? text : "");
}

void smail_login_note(smail_store *store, smail_id account,
                      const smail_login *login)
{
    struct event *event = calloc(1, sizeof(*event));

    if (event == NULL || account == 0) {
        free(event);
        return;
    }
    event->account = account;
    event->at = login->at;
    event->outcome = (int)login->outcome;
    copy(event->service, sizeof(event->service), login->service);
    copy(event->method, sizeof(event->method), login->method);
    copy(event->peer, sizeof(event->peer), login->peer);
    if (smail__store_write_later(store, note, event, written, NULL) < 0)
        free(event);
}

/* --- Reading ------------------------------------------------------------- */

static int tell(struct smail__statement *row,
                int (*each)(const smail_login *login, void *user), void *user)
{
    smail_login login = SMAIL_LOGIN_INIT;
    char service[SERVICE_SIZE], method[METHOD_SIZE], peer[PEER_SIZE];

    smail__format(service, sizeof(service), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(row, 1)));
    smail__format(method, sizeof(method), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(row, 2)));
    smail__format(peer, sizeof(peer), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(row, 3)));
    login.at = smail__column_int(row, 0);
    login.service = service;
    login.method = method;
    login.peer = peer;
    login.outcome = (smail_login_outcome)smail__column_int(row, 4);
    return each(&login, user);
}

int smail_login_list(smail_store *store, smail_id account, uint64_t limit,
                     int (*each)(const smail_login *login, void *user),
                     void *user, smail_error *err)
{
    struct smail__statement *row;
    struct smail__db *db;
    uint64_t count = 0;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&row, db, sql_list, err);
    if (rc == 0) {
        smail__bind_int(row, 1, account);
        while ((limit == 0 || count++ < limit) &&
               (rc = smail__statement_step(row, err)) > 0) {
            rc = tell(row, each, user);
            if (rc != 0)
                break;
        }
        smail__statement_reset(row);
    }
    smail__store_end_read(store, db);
    return rc;
}
