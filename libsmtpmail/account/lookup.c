/* SPDX-License-Identifier: MIT */
#include "account/lookup.h"

#include <string.h>

#include <smtpmail/account.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

/* Addresses that wait to be looked at: a full list of the longest, twice. */
#define TODO_MAX ((size_t)2 * SMAIL_RESOLVED_MAX * SMAIL__NAME_SIZE)

static const char sql_domain[] = "SELECT id FROM domain WHERE name = $1";

static const char sql_account[] =
    "SELECT account FROM address WHERE domain = $1 AND local = $2";

static const char sql_address[] = "SELECT id FROM account WHERE address = $1";

static const char sql_alias[] =
    "SELECT target FROM alias WHERE domain = $1 AND local = $2";

static const char sql_admins[] =
    "SELECT id FROM account WHERE is_admin = 1 ORDER BY id";

/* The id in the only column of the first row. */
static int take_id(smail_id *out, struct smail__statement *statement,
                   smail_error *err)
{
    int rc = smail__statement_step(statement, err);

    if (rc < 0)
        return rc;
    if (rc == 0)
        return SMAIL_ENOTFOUND;
    *out = smail__column_int(statement, 0);
    smail__statement_reset(statement);
    return 0;
}

static int find_by_text(smail_id *out, struct smail__db *db, const char *sql,
                        const char *text, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(text));
    return take_id(out, statement, err);
}

int smail__lookup_domain(smail_id *out, struct smail__db *db,
                         const char *domain, smail_error *err)
{
    return find_by_text(out, db, sql_domain, domain, err);
}

int smail__lookup_address(smail_id *out, struct smail__db *db,
                          const char *address, smail_error *err)
{
    return find_by_text(out, db, sql_address, address, err);
}

static int prepare_pair(struct smail__statement **out, struct smail__db *db,
                        const char *sql, smail_id domain, smail_span local,
                        smail_error *err)
{
    int rc = smail__db_prepare(out, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(*out, 1, domain);
    smail__bind_text(*out, 2, local);
    return 0;
}

static int find_account(smail_id *out, struct smail__db *db, smail_id domain,
                        smail_span local, smail_error *err)
{
    struct smail__statement *statement;
    int rc = prepare_pair(&statement, db, sql_account, domain, local, err);

    return rc != 0 ? rc : take_id(out, statement, err);
}

int smail__lookup_account(smail_id *out, struct smail__db *db, smail_id domain,
                          const char *local, smail_error *err)
{
    return find_account(out, db, domain, smail__span(local), err);
}

int smail__lookup_alias(struct smail__db *db, smail_id domain,
                        const char *local, smail_error *err)
{
    struct smail__statement *statement;
    smail_id unused;
    int rc = prepare_pair(&statement, db, sql_alias, domain, smail__span(local),
                          err);

    return rc != 0 ? rc : take_id(&unused, statement, err);
}

/* --- Following ----------------------------------------------------------- */

/*
 * `todo` and `seen` hold addresses, a newline behind each. What is in `seen`
 * was an alias and has been followed, so a circle ends where it began.
 */
struct walk {
    struct smail__resolve *resolve;
    struct smail__db *db;
    struct smail__buf todo;
    size_t at; /* in `todo` */
    struct smail__buf seen;
    unsigned aliases;
};

/* Those here and those outside together. */
static bool is_crowd(const struct smail__resolve *resolve)
{
    return resolve->outside != NULL &&
           resolve->count + resolve->outside_count >= SMAIL_RESOLVED_MAX;
}

static int add_account(struct walk *walk, smail_id account, smail_error *err)
{
    struct smail__resolve *resolve = walk->resolve;

    for (size_t i = 0; i < resolve->count; i++) {
        if (resolve->out[i] == account)
            return 0;
    }
    if (resolve->count == resolve->max || is_crowd(resolve))
        return smail__fail(err, SMAIL_ELIMIT,
                           "the address stands for more than %zu accounts",
                           resolve->max);
    resolve->out[resolve->count++] = account;
    return 0;
}

static int add_admins(struct walk *walk, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, walk->db, sql_admins, err);

    while (rc == 0) {
        rc = smail__statement_step(statement, err);
        if (rc <= 0)
            return rc;
        rc = add_account(walk, smail__column_int(statement, 0), err);
    }
    smail__statement_reset(statement);
    return rc;
}

static bool is_listed(const struct smail__buf *list, smail_span address)
{
    smail_span rest = smail__buf_span(list);

    while (rest.len > 0) {
        if (smail__span_equal(smail__span_cut(&rest, '\n'), address))
            return true;
    }
    return false;
}

static int check_bounds(const struct walk *walk, smail_error *err)
{
    if (smail__buf_error(&walk->todo) == SMAIL_ENOMEM ||
        smail__buf_error(&walk->seen) == SMAIL_ENOMEM)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to follow aliases");
    if (smail__buf_error(&walk->todo) != 0 ||
        walk->aliases > SMAIL__ALIASES_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "the address leads through more than %d aliases",
                           SMAIL__ALIASES_MAX);
    return 0;
}

/* 1 when there is such an alias: its targets are then to be looked at. */
static int follow_alias(struct walk *walk, smail_id domain, smail_span local,
                        const char *domain_name, smail_error *err)
{
    struct smail__statement *statement;
    char address[SMAIL__NAME_SIZE];
    int found = 0;
    int rc = prepare_pair(&statement, walk->db, sql_alias, domain, local, err);

    if (rc != 0)
        return rc;
    smail__format(address, sizeof(address), "%.*s@%s", SMAIL__SPAN_ARG(local),
                  domain_name);
    while ((rc = smail__statement_step(statement, err)) == 1) {
        if (found++ == 0) {
            if (is_listed(&walk->seen, smail__span(address)))
                break;
            smail__buf_printf(&walk->seen, "%s\n", address);
            walk->aliases++;
        }
        smail__buf_append(&walk->todo, smail__column_span(statement, 0));
        smail__buf_putc(&walk->todo, '\n');
    }
    smail__statement_reset(statement);
    if (rc >= 0)
        rc = check_bounds(walk, err);
    return rc != 0 ? rc : found > 0;
}

/* 1 when the domain has this local part, as an account's or as an alias. */
static int try_local(struct walk *walk, smail_id domain, smail_span local,
                     const char *domain_name, smail_error *err)
{
    smail_id account;
    int rc = find_account(&account, walk->db, domain, local, err);

    if (rc == SMAIL_ENOTFOUND)
        return follow_alias(walk, domain, local, domain_name, err);
    if (rc == 0)
        rc = add_account(walk, account, err);
    return rc == 0 ? 1 : rc;
}

/*
 * The nearest that fits: the whole local part, then what is before the plus,
 * then the roles that always exist, then the catch-all.
 */
static int visit(struct walk *walk, const struct smail__name *name,
                 smail_error *err)
{
    smail_span local = smail__span(name->local), base = local;
    const struct smail__name *origin = walk->resolve->origin;
    smail_id domain;
    int rc;

    if (origin != NULL && strcmp(origin->domain, name->domain) == 0 &&
        strcmp(origin->local, name->local) == 0)
        return SMAIL_ESTATE;
    rc = smail__lookup_domain(&domain, walk->db, name->domain, err);
    if (rc != 0)
        return rc == SMAIL_ENOTFOUND ? SMAIL_EINVAL : rc;
    rc = try_local(walk, domain, local, name->domain, err);
    if (!walk->resolve->is_exact)
        base = smail__span_cut(&base, '+');
    if (rc == 0 && base.len > 0 && base.len < local.len)
        rc = try_local(walk, domain, base, name->domain, err);
    if (rc == 0 && smail__name_is_admin(base))
        return add_admins(walk, err);
    if (rc == 0 && !walk->resolve->is_exact)
        rc = follow_alias(walk, domain, SMAIL__SPAN(""), name->domain, err);
    return rc < 0 ? rc : 0;
}

static int add_outside(struct walk *walk, smail_span address, smail_error *err)
{
    struct smail__resolve *resolve = walk->resolve;

    if (resolve->outside == NULL) {
        resolve->outside_count++;
        return 0;
    }
    if (is_listed(resolve->outside, address))
        return 0;
    if (is_crowd(resolve))
        return smail__fail(err, SMAIL_ELIMIT,
                           "the address stands for more than %d others",
                           SMAIL_RESOLVED_MAX);
    resolve->outside_count++;
    smail__buf_append(resolve->outside, address);
    smail__buf_putc(resolve->outside, '\n');
    if (smail__buf_error(resolve->outside) != 0)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to follow aliases");
    return 0;
}

/* A target here that is gone is nobody's; one in a domain that is not here is
 * for another host. */
static int visit_targets(struct walk *walk, smail_error *err)
{
    int rc = 0;

    while (rc == 0 && walk->at < walk->todo.len) {
        smail_span rest =
            smail__span_from(smail__buf_span(&walk->todo), walk->at);
        smail_span line = smail__span_cut(&rest, '\n');
        char text[SMAIL__NAME_SIZE];
        struct smail__name name;
        smail_path path;

        walk->at += line.len + 1;
        smail__format(text, sizeof(text), "%.*s", SMAIL__SPAN_ARG(line));
        path.domain = smail__span(text);
        path.local = smail__span_cut(&path.domain, '@');
        if (smail__name_fold(&name, &path, NULL) != 0)
            continue;
        rc = visit(walk, &name, err);
        if (rc == SMAIL_EINVAL)
            rc = add_outside(walk, smail__span(text), err);
    }
    return rc;
}

int smail__lookup_resolve(struct smail__resolve *resolve, struct smail__db *db,
                          const struct smail__name *name, smail_error *err)
{
    struct walk walk = { .resolve = resolve, .db = db };
    int rc;

    resolve->count = 0;
    resolve->outside_count = 0;
    smail__buf_init(&walk.todo, TODO_MAX, NULL);
    smail__buf_init(&walk.seen,
                    (size_t)(SMAIL__ALIASES_MAX + 2) * SMAIL__NAME_SIZE, NULL);
    if (name->domain[0] == '\0') /* RFC 5321, 4.1.1.3 */
        rc = smail__span_is(smail__span(name->local), "postmaster")
                 ? add_admins(&walk, err)
                 : SMAIL_EINVAL;
    else
        rc = visit(&walk, name, err);
    if (rc == 0)
        rc = visit_targets(&walk, err);
    if (rc == 0 && resolve->count == 0 && resolve->outside_count == 0)
        rc = SMAIL_ENOTFOUND;
    else if (rc == 0 && resolve->count == 0 && resolve->outside == NULL)
        rc = SMAIL_ESTATE;
    smail__buf_dispose(&walk.todo);
    smail__buf_dispose(&walk.seen);
    return rc;
}
