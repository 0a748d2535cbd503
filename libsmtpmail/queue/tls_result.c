/* SPDX-License-Identifier: MIT */
/* queue/tls_result.c - see queue/tls_result.h and <smtpmail/queue.h>. */
#include "queue/tls_result.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"

#define DAY 86400

/* Room is made for so many more at a time. */
#define STEP 16

const char *smail__tls_result_name(enum smail__tls_result result)
{
    static const char *const names[] = {
        [SMAIL__TLS_SUCCESSFUL] = "successful",
        [SMAIL__TLS_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
        [SMAIL__TLS_CERTIFICATE_HOST_MISMATCH] = "certificate-host-mismatch",
        [SMAIL__TLS_CERTIFICATE_EXPIRED] = "certificate-expired",
        [SMAIL__TLS_CERTIFICATE_NOT_TRUSTED] = "certificate-not-trusted",
        [SMAIL__TLS_VALIDATION_FAILURE] = "validation-failure",
        [SMAIL__TLS_TLSA_INVALID] = "tlsa-invalid",
        [SMAIL__TLS_DNSSEC_INVALID] = "dnssec-invalid",
        [SMAIL__TLS_STS_POLICY_FETCH_ERROR] = "sts-policy-fetch-error",
        [SMAIL__TLS_STS_POLICY_INVALID] = "sts-policy-invalid",
        [SMAIL__TLS_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
    };

    return names[result];
}

const char *smail_tls_policy_name(smail_tls_policy policy)
{
    switch (policy) {
    case SMAIL_TLS_POLICY_STS:
        return "sts";
    case SMAIL_TLS_POLICY_TLSA:
        return "tlsa";
    case SMAIL_TLS_POLICY_NONE:
        break;
    }
    return "no-policy-found";
}

/* --- In memory ----------------------------------------------------------- */

static bool is_same(const struct smail__tls_count *a,
                    const struct smail__tls_count *b)
{
    return a->day == b->day && a->policy == b->policy &&
           a->result == b->result && strcmp(a->domain, b->domain) == 0 &&
           strcmp(a->host, b->host) == 0;
}

static struct smail__tls_count *find(struct smail__tls_tally *tally,
                                     const struct smail__tls_count *key)
{
    for (size_t i = tally->count; i > 0; i--)
        if (is_same(&tally->list[i - 1], key))
            return &tally->list[i - 1];
    return NULL;
}

static struct smail__tls_count *append(struct smail__tls_tally *tally,
                                       const struct smail__tls_count *key)
{
    if (tally->count % STEP == 0) {
        struct smail__tls_count *list =
            realloc(tally->list, (tally->count + STEP) * sizeof(*list));

        if (list == NULL)
            return NULL;
        tally->list = list;
    }
    tally->list[tally->count] = *key;
    return &tally->list[tally->count++];
}

void smail__tls_tally_add(struct smail__tls_tally *tally, int64_t now,
                          const char *domain, smail_tls_policy policy,
                          const char *host, enum smail__tls_result result)
{
    struct smail__tls_count key = { .day = now / DAY,
                                    .policy = policy,
                                    .result = result };
    struct smail__tls_count *one;

    smail__format(key.domain, sizeof(key.domain), "%s", domain);
    smail__format(key.host, sizeof(key.host), "%s", host);
    one = find(tally, &key);
    if (one == NULL && tally->count >= SMAIL__TLS_TALLY_MAX - 1) {
        key.domain[0] = '\0';
        key.host[0] = '\0';
        one = find(tally, &key);
        /* Few kinds are left then: not many more than results. */
    }
    if (one == NULL)
        one = append(tally, &key);
    if (one != NULL)
        one->sessions++;
}

void smail__tls_tally_dispose(struct smail__tls_tally *tally)
{
    free(tally->list);
    *tally = (struct smail__tls_tally){ NULL, 0 };
}

/* --- In rows ------------------------------------------------------------- */

static int count_rows(int64_t *out, struct smail__db *db, int64_t day,
                      smail_error *err)
{
    static const char sql[] = "SELECT count(*) FROM tls_result WHERE day = $1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, day);
    code = smail__statement_step(row, err);
    if (code > 0)
        *out = smail__column_int(row, 0);
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

static int write_row(struct smail__db *db, const struct smail__tls_count *one,
                     bool is_full, smail_error *err)
{
    static const char sql[] =
        "INSERT INTO tls_result (day, domain, policy, host, result, sessions) "
        "VALUES ($1, $2, $3, $4, $5, $6) "
        "ON CONFLICT (day, domain, policy, host, result) DO UPDATE SET "
        "sessions = tls_result.sessions + excluded.sessions";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, one->day);
    smail__bind_text(row, 2, smail__span(is_full ? "" : one->domain));
    smail__bind_int(row, 3, one->policy);
    smail__bind_text(row, 4, smail__span(is_full ? "" : one->host));
    smail__bind_text(row, 5, smail__span(smail__tls_result_name(one->result)));
    smail__bind_int(row, 6, (int64_t)one->sessions);
    return smail__statement_run(row, err);
}

int smail__tls_tally_write(smail_tx *tx, const struct smail__tls_tally *tally,
                           smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    int64_t day = -1, rows = 0;
    int code = 0;

    for (size_t i = 0; code == 0 && i < tally->count; i++) {
        const struct smail__tls_count *one = &tally->list[i];

        if (one->day != day) {
            day = one->day;
            code = count_rows(&rows, db, day, err);
        }
        if (code == 0)
            code = write_row(db, one, rows >= SMAIL__TLS_RESULTS_MAX, err);
        rows++;
    }
    return code;
}

int smail__tls_result_trim(smail_tx *tx, int64_t now, smail_error *err)
{
    static const char sql[] = "DELETE FROM tls_result WHERE day < $1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, now / DAY - SMAIL__TLS_RESULT_DAYS);
    return smail__statement_run(row, err);
}

/* --- Reading ------------------------------------------------------------- */

static void copy(char *out, size_t size, smail_span text)
{
    smail__format(out, size, "%.*s", SMAIL__SPAN_ARG(text));
}

static int tell(struct smail__statement *row,
                int (*each)(const smail_tls_result *one, void *user),
                void *user)
{
    char domain[SMAIL__DNS_NAME_ROOM], host[SMAIL__DNS_NAME_ROOM], result[64];
    int64_t policy = smail__column_int(row, 2);
    smail_tls_result one = {
        .day = smail__column_int(row, 0) * DAY,
        .domain = domain,
        .policy = policy == SMAIL_TLS_POLICY_STS    ? SMAIL_TLS_POLICY_STS
                  : policy == SMAIL_TLS_POLICY_TLSA ? SMAIL_TLS_POLICY_TLSA
                                                    : SMAIL_TLS_POLICY_NONE,
        .host = host,
        .result = result,
        .sessions = (uint64_t)smail__column_int(row, 5),
    };

    copy(domain, sizeof(domain), smail__column_span(row, 1));
    copy(host, sizeof(host), smail__column_span(row, 3));
    copy(result, sizeof(result), smail__column_span(row, 4));
    return each(&one, user);
}

int smail_tls_result_list(smail_store *store,
                          const smail_tls_result_query *query,
                          int (*each)(const smail_tls_result *one, void *user),
                          void *user, smail_error *err)
{
    static const char sql[] =
        "SELECT day, domain, policy, host, result, sessions FROM tls_result "
        "WHERE day >= $1 AND ($2 = '' OR domain = $2) "
        "ORDER BY day, domain, policy, host, result LIMIT $3";
    const char *domain = query->domain != NULL ? query->domain : "";
    struct smail__statement *row;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = smail__db_prepare(&row, db, sql, err);
    if (code == 0) {
        smail__bind_int(row, 1, query->since / DAY);
        smail__bind_text(row, 2, smail__span(domain));
        smail__bind_int(row, 3,
                        query->limit > 0 && query->limit < INT64_MAX
                            ? (int64_t)query->limit
                            : INT64_MAX);
    }
    while (code == 0 && (code = smail__statement_step(row, err)) > 0)
        code = tell(row, each, user);
    smail__store_end_read(store, db);
    return code;
}
