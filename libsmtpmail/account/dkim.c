/* SPDX-License-Identifier: MIT */
/* account/dkim.c - see <smtpmail/dkim.h>. */
#include "account/dkim.h"

#include <stdlib.h>
#include <string.h>

#include "account/lookup.h"
#include "base/base64.h"
#include "base/date.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/store.h"

#define KEY_MAX ((size_t)8192)
#define SELECTOR_MAX 63

static const struct {
    const char *name;   /* in rows */
    const char *tag;    /* k= of the record */
    const char *suffix; /* of selectors that we make up */
} algorithms[] = {
    [SMAIL_DKIM_RSA] = { "rsa-sha256", "rsa", "rsa" },
    [SMAIL_DKIM_ED25519] = { "ed25519-sha256", "ed25519", "ed" },
};

static smail_dkim_algorithm algorithm_of(smail_span name)
{
    return smail__span_is(name, algorithms[SMAIL_DKIM_ED25519].name)
               ? SMAIL_DKIM_ED25519
               : SMAIL_DKIM_RSA;
}

static enum smail__sign_algorithm sign_of(smail_dkim_algorithm algorithm)
{
    return algorithm == SMAIL_DKIM_ED25519 ? SMAIL__SIGN_ED25519
                                           : SMAIL__SIGN_RSA;
}

/* --- Making -------------------------------------------------------------- */

struct job {
    const char *domain;
    char selector[SELECTOR_MAX + 1];
    smail_dkim_algorithm algorithm;
    struct smail__buf key;
    int64_t now;
    bool retires_others;
};

static int find_domain(smail_id *out, struct smail__db *db, const char *name,
                       smail_error *err)
{
    int rc = smail__lookup_domain(out, db, name, err);

    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, rc, "there is no domain %s here", name);
    return rc;
}

static int retire_others(struct smail__db *db, smail_id domain,
                         const struct job *job, smail_error *err)
{
    static const char sql[] =
        "UPDATE dkim_key SET retired_at = $1 WHERE domain = $2 "
        "AND algorithm = $3 AND retired_at = 0";
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, job->now);
    smail__bind_int(row, 2, domain);
    smail__bind_text(row, 3, smail__span(algorithms[job->algorithm].name));
    return smail__statement_run(row, err);
}

static int insert(smail_tx *tx, void *arg, smail_error *err)
{
    static const char sql[] =
        "INSERT INTO dkim_key (domain, selector, algorithm, private, "
        "created_at) VALUES ($1, $2, $3, $4, $5)";
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    struct job *job = arg;
    smail_id domain;
    int rc = find_domain(&domain, db, job->domain, err);

    if (rc == 0 && job->retires_others)
        rc = retire_others(db, domain, job, err);
    if (rc == 0)
        rc = smail__db_prepare(&row, db, sql, err);
    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, domain);
    smail__bind_text(row, 2, smail__span(job->selector));
    smail__bind_text(row, 3, smail__span(algorithms[job->algorithm].name));
    smail__bind_blob(row, 4, smail__buf_span(&job->key));
    smail__bind_int(row, 5, job->now);
    rc = smail__statement_run(row, err);
    if (rc == SMAIL_EEXISTS)
        return smail__fail(err, rc, "%s has a key '%s' already", job->domain,
                           job->selector);
    return rc;
}

static bool is_selector(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > SELECTOR_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = smail__lower(text[i]);

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              ((c == '-' || c == '_') && i > 0 && i + 1 < len)))
            return false;
    }
    return true;
}

/* "20261123rsa": a day's keys have one name. */
static int name_key(struct job *job, const char *selector, smail_error *err)
{
    char date[SMAIL__DATE_MAX];

    if (selector != NULL && !is_selector(selector))
        return smail__fail(err, SMAIL_EINVAL,
                           "a selector has 1 to %d letters, digits and "
                           "hyphens",
                           SELECTOR_MAX);
    if (selector != NULL) {
        smail__format(job->selector, sizeof(job->selector), "%s", selector);
        return 0;
    }
    smail__date_rfc3339(date, job->now);
    smail__format(job->selector, sizeof(job->selector), "%.*s%.*s%.*s%s", 4,
                  date, 2, date + 5, 2, date + 8,
                  algorithms[job->algorithm].suffix);
    return 0;
}

/* Made outside the transaction: RSA takes its time. */
static int make(smail_store *store, const char *domain,
                smail_dkim_algorithm algorithm, const char *selector,
                bool retires_others, int64_t now, smail_error *err)
{
    struct job job = { .domain = domain,
                       .algorithm = algorithm,
                       .retires_others = retires_others,
                       .now = now };
    char name[SMAIL_DOMAIN_MAX + 1];
    int rc = smail__name_domain(name, domain, err);

    job.domain = name;
    smail__buf_init(&job.key, KEY_MAX, NULL);
    if (rc == 0)
        rc = name_key(&job, selector, err);
    if (rc == 0)
        rc = smail__sign_generate(&job.key, sign_of(algorithm), err);
    if (rc == 0)
        rc = smail__store_write(store, insert, &job, err);
    if (job.key.len > 0)
        smail__wipe(job.key.data, job.key.len);
    smail__buf_dispose(&job.key);
    return rc;
}

int smail_dkim_keygen(smail_store *store, const char *domain,
                      smail_dkim_algorithm algorithm, const char *selector,
                      int64_t now, smail_error *err)
{
    return make(store, domain, algorithm, selector, false, now, err);
}

/* --- Listing ------------------------------------------------------------- */

static const char list_sql[] =
    "SELECT d.name, k.selector, k.algorithm, k.private, k.created_at, "
    "k.retired_at FROM dkim_key k JOIN domain d ON d.id = k.domain "
    "WHERE d.name > $1 OR (d.name = $1 AND k.selector > $2) "
    "ORDER BY d.name, k.selector LIMIT 1";

/* One row, copied, so that no reader is held while the caller works. */
struct listed {
    char domain[SMAIL_DOMAIN_MAX + 1];
    char selector[SELECTOR_MAX + 1];
    char name[SMAIL_DOMAIN_MAX + SELECTOR_MAX + 16];
    struct smail__buf text;
    smail_dkim_key key;
};

static int put_record(struct listed *listed, smail_span private,
                      smail_error *err)
{
    struct smail__buf public;
    int rc;

    smail__buf_init(&public, KEY_MAX, NULL);
    rc = smail__sign_public(&public, sign_of(listed->key.algorithm), private,
                            err);
    smail__buf_clear(&listed->text);
    smail__buf_printf(&listed->text, "v=DKIM1; k=%s; p=",
                      algorithms[listed->key.algorithm].tag);
    smail__base64_encode(&listed->text, smail__buf_span(&public));
    smail__buf_putc(&listed->text, '\0');
    smail__buf_dispose(&public);
    return rc == 0 ? smail__buf_error(&listed->text) : rc;
}

static int read_listed(struct listed *listed, struct smail__statement *row,
                       smail_error *err)
{
    smail_span private = smail__column_span(row, 3);

    smail__format(listed->domain, sizeof(listed->domain), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(row, 0)));
    smail__format(listed->selector, sizeof(listed->selector), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(row, 1)));
    smail__format(listed->name, sizeof(listed->name), "%s._domainkey.%s",
                  listed->selector, listed->domain);
    listed->key.algorithm = algorithm_of(smail__column_span(row, 2));
    listed->key.created_at = smail__column_int(row, 4);
    listed->key.retired_at = smail__column_int(row, 5);
    listed->key.domain = listed->domain;
    listed->key.selector = listed->selector;
    listed->key.name = listed->name;
    return put_record(listed, private, err);
}

/* The next behind `listed`; 0: there is none. */
static int next(struct listed *listed, smail_store *store, smail_error *err)
{
    struct smail__statement *row;
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&row, db, list_sql, err);
    if (rc == 0) {
        smail__bind_text(row, 1, smail__span(listed->domain));
        smail__bind_text(row, 2, smail__span(listed->selector));
        rc = smail__statement_step(row, err);
    }
    if (rc > 0 && read_listed(listed, row, err) != 0)
        rc = SMAIL_ECORRUPT;
    smail__store_end_read(store, db);
    listed->key.text = listed->text.data;
    return rc;
}

int smail_dkim_list(smail_store *store, const char *domain,
                    int (*each)(const smail_dkim_key *key, void *user),
                    void *user, smail_error *err)
{
    struct listed *listed = calloc(1, sizeof(*listed));
    char name[SMAIL_DOMAIN_MAX + 1] = "";
    int rc = 0;

    if (listed == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    smail__buf_init(&listed->text, KEY_MAX, NULL);
    if (domain != NULL)
        rc = smail__name_domain(name, domain, err);
    smail__format(listed->domain, sizeof(listed->domain), "%s", name);
    while (rc == 0 && (rc = next(listed, store, err)) > 0) {
        if (domain != NULL && strcmp(listed->domain, name) != 0) {
            rc = 0;
            break;
        }
        rc = each(&listed->key, user);
    }
    smail__buf_dispose(&listed->text);
    free(listed);
    return rc;
}

/* --- Retiring ------------------------------------------------------------ */

struct rotating {
    bool has[2];
};

static int note_algorithm(const smail_dkim_key *key, void *user)
{
    struct rotating *rotating = user;

    if (key->retired_at == 0)
        rotating->has[key->algorithm] = true;
    return 0;
}

/* A second one of the same day. */
static int make_again(smail_store *store, const char *domain,
                      smail_dkim_algorithm algorithm, int64_t now,
                      smail_error *err)
{
    int rc = make(store, domain, algorithm, NULL, true, now, err);

    for (int i = 2; rc == SMAIL_EEXISTS && i < 100; i++) {
        struct job job = { .algorithm = algorithm, .now = now };
        char selector[SELECTOR_MAX + 1];

        (void)name_key(&job, NULL, NULL);
        smail__format(selector, sizeof(selector), "%s-%d", job.selector, i);
        rc = make(store, domain, algorithm, selector, true, now, err);
    }
    return rc;
}

int smail_dkim_rotate(smail_store *store, const char *domain, int64_t now,
                      smail_error *err)
{
    struct rotating rotating = { { false, false } };
    int rc = smail_dkim_list(store, domain, note_algorithm, &rotating, err);

    if (rc == 0 && !rotating.has[0] && !rotating.has[1])
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "%s has no key that signs; make one by keygen",
                           domain);
    for (int i = 0; rc == 0 && i < 2; i++)
        if (rotating.has[i])
            rc = make_again(store, domain, (smail_dkim_algorithm)i, now, err);
    return rc;
}

static int change(smail_tx *tx, struct job *job, const char *sql,
                  smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *row;
    smail_id domain;
    int at = 1;
    int rc = find_domain(&domain, db, job->domain, err);

    if (rc == 0)
        rc = smail__db_prepare(&row, db, sql, err);
    if (rc != 0)
        return rc;
    if (job->now != 0)
        smail__bind_int(row, at++, job->now);
    smail__bind_int(row, at++, domain);
    smail__bind_text(row, at, smail__span(job->selector));
    rc = smail__statement_run(row, err);
    if (rc == 0 && smail__db_changes(db) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "%s has no key '%s'",
                           job->domain, job->selector);
    return rc;
}

static int retire_job(smail_tx *tx, void *arg, smail_error *err)
{
    return change(tx, arg,
                  "UPDATE dkim_key SET retired_at = $1 WHERE domain = $2 "
                  "AND selector = $3",
                  err);
}

static int remove_job(smail_tx *tx, void *arg, smail_error *err)
{
    return change(tx, arg,
                  "DELETE FROM dkim_key WHERE domain = $1 AND selector = $2",
                  err);
}

static int run(smail_store *store, const char *domain, const char *selector,
               int64_t now,
               int (*fn)(smail_tx *tx, void *arg, smail_error *err),
               smail_error *err)
{
    struct job job = { .now = now };
    char name[SMAIL_DOMAIN_MAX + 1];
    int rc = smail__name_domain(name, domain, err);

    job.domain = name;
    smail__format(job.selector, sizeof(job.selector), "%s", selector);
    return rc == 0 ? smail__store_write(store, fn, &job, err) : rc;
}

int smail_dkim_retire(smail_store *store, const char *domain,
                      const char *selector, int64_t now, smail_error *err)
{
    return run(store, domain, selector, now, retire_job, err);
}

int smail_dkim_remove(smail_store *store, const char *domain,
                      const char *selector, smail_error *err)
{
    return run(store, domain, selector, 0, remove_job, err);
}

/* --- For those who sign -------------------------------------------------- */

void smail__dkim_keys_init(struct smail__dkim_keys *keys)
{
    keys->count = 0;
    smail__buf_init(&keys->text, SMAIL__DKIM_KEYS_MAX * (KEY_MAX + 512), NULL);
}

void smail__dkim_keys_dispose(struct smail__dkim_keys *keys)
{
    if (keys->text.len > 0)
        smail__wipe(keys->text.data, keys->text.len);
    smail__buf_dispose(&keys->text);
    keys->count = 0;
}

static const char sign_sql[] =
    "SELECT k.selector, k.algorithm, k.private FROM dkim_key k "
    "JOIN domain d ON d.id = k.domain WHERE d.name = $1 AND k.retired_at = 0 "
    "ORDER BY k.algorithm DESC, k.created_at DESC";

static void add(struct smail__dkim_keys *keys, struct smail__statement *row)
{
    struct smail__dkim_key *one = &keys->list[keys->count++];
    smail_span selector = smail__column_span(row, 0);
    smail_span private = smail__column_span(row, 2);

    one->algorithm = sign_of(algorithm_of(smail__column_span(row, 1)));
    one->selector = selector;
    one->key = private;
    smail__buf_append(&keys->text, selector);
    smail__buf_append(&keys->text, private);
}

int smail__dkim_keys_load(struct smail__dkim_keys *keys, smail_store *store,
                          const char *domain, smail_error *err)
{
    struct smail__statement *row;
    struct smail__db *db;
    size_t at = strlen(domain);
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    smail__buf_puts(&keys->text, domain);
    rc = smail__db_prepare(&row, db, sign_sql, err);
    if (rc == 0)
        smail__bind_text(row, 1, smail__span(domain));
    while (rc == 0 && keys->count < SMAIL__DKIM_KEYS_MAX &&
           (rc = smail__statement_step(row, err)) > 0) {
        add(keys, row);
        rc = 0;
    }
    smail__store_end_read(store, db);
    if (rc == 0)
        rc = smail__buf_error(&keys->text);
    for (size_t i = 0; rc == 0 && i < keys->count; i++) {
        struct smail__dkim_key *one = &keys->list[i];

        one->domain = (smail_span){ keys->text.data, strlen(domain) };
        one->selector.data = keys->text.data + at;
        at += one->selector.len;
        one->key.data = keys->text.data + at;
        one->cache = smail__store_sign_cache(store);
        at += one->key.len;
    }
    return rc;
}
