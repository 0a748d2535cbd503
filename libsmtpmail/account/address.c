/* SPDX-License-Identifier: MIT */
/* account/address.c - whose mail is it, and who may send in whose name. */
#include <stdlib.h>

#include <smtpmail/account.h>

#include "account/lookup.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "store/store.h"

static const char sql_room[] =
    "SELECT quota_bytes, used_bytes, "
    "quota_emails > 0 AND used_emails >= quota_emails "
    "FROM account WHERE id = $1";

/* An account that went meanwhile has room; the commit knows better. */
static int read_room(struct smail__room *out, struct smail__db *db,
                     smail_id account, smail_error *err)
{
    struct smail__statement *row;
    int rc = smail__db_prepare(&row, db, sql_room, err);

    *out = (struct smail__room){ 0 };
    if (rc != 0)
        return rc;
    smail__bind_int(row, 1, account);
    rc = smail__statement_step(row, err);
    if (rc == 1) {
        out->quota = (uint64_t)smail__column_int(row, 0);
        out->used = (uint64_t)smail__column_int(row, 1);
        out->is_full = smail__column_int(row, 2) != 0;
    }
    smail__statement_reset(row);
    return rc < 0 ? rc : 0;
}

static int resolve_name(struct smail__resolve *resolve, smail_store *store,
                        const struct smail__name *name, smail_error *err)
{
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__lookup_resolve(resolve, db, name, err);
    for (size_t i = 0; rc == 0 && resolve->rooms != NULL &&
                       i < resolve->count && i < SMAIL__ROOMS_MAX;
         i++)
        rc = read_room(&resolve->rooms[i], db, resolve->out[i], err);
    smail__store_end_read(store, db);
    return rc;
}

int smail__address_resolve(struct smail__resolve *resolve, smail_store *store,
                           const smail_path *recipient, smail_error *err)
{
    struct smail__name name;
    char text[SMAIL__NAME_SIZE];
    int rc = smail__name_fold(&name, recipient, err);

    resolve->count = 0;
    if (rc != 0)
        return rc;
    rc = resolve_name(resolve, store, &name, err);
    if (rc == 0)
        return 0;
    smail__name_text(text, &name);
    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, rc, "nobody here has the address %s", text);
    if (rc == SMAIL_EINVAL)
        return smail__fail(err, rc, "%s is not an address of this server",
                           text);
    if (rc == SMAIL_ESTATE)
        return smail__fail(err, rc, "%s leads to other hosts alone", text);
    return rc;
}

int smail_address_resolve(smail_id *out, size_t max, size_t *count,
                          smail_store *store, const smail_path *recipient,
                          smail_error *err)
{
    struct smail__resolve resolve = { .out = out, .max = max };
    int rc = smail__address_resolve(&resolve, store, recipient, err);

    *count = rc == 0 ? resolve.count : 0;
    return rc;
}

static int tell(const struct smail__resolve *resolve,
                int (*each)(const smail_expanded *to, void *user), void *user)
{
    smail_span rest = smail__buf_span(resolve->outside);
    char text[SMAIL__NAME_SIZE];
    smail_expanded to;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < resolve->count; i++) {
        to = (smail_expanded){ .account = resolve->out[i] };
        rc = each(&to, user);
    }
    while (rc == 0 && rest.len > 0) {
        smail_span line = smail__span_cut(&rest, '\n');

        smail__format(text, sizeof(text), "%.*s", SMAIL__SPAN_ARG(line));
        to = (smail_expanded){ .address = text };
        rc = each(&to, user);
    }
    return rc;
}

int smail_address_expand(smail_store *store, const smail_path *recipient,
                         int (*each)(const smail_expanded *to, void *user),
                         void *user, smail_error *err)
{
    struct smail__resolve resolve = { .max = SMAIL_RESOLVED_MAX };
    struct smail__buf outside;
    int rc;

    resolve.out = calloc(resolve.max, sizeof(*resolve.out));
    if (resolve.out == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to follow aliases");
    smail__buf_init(&outside, SMAIL__OUTSIDE_MAX, NULL);
    resolve.outside = &outside;
    rc = smail__address_resolve(&resolve, store, recipient, err);
    if (rc == 0)
        rc = tell(&resolve, each, user);
    smail__buf_dispose(&outside);
    free(resolve.out);
    return rc;
}

/*
 * Whoever gets the mail for an address may send from it: members of a list as
 * the list, the owner of a catch-all as anybody unknown there.
 */
int smail_address_may_send(smail_store *store, smail_id account,
                           const smail_path *sender, smail_error *err)
{
    struct smail__resolve resolve = { .max = SMAIL_RESOLVED_MAX };
    struct smail__name name;
    bool is_one = false;
    int rc = smail__name_fold(&name, sender, NULL);

    /* RFC 8098, 3: a mail user's own disposition notices come from <>. */
    if (smail_path_is_null(sender))
        return 0;
    if (rc == 0) {
        resolve.out = calloc(resolve.max, sizeof(*resolve.out));
        if (resolve.out == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        rc = resolve_name(&resolve, store, &name, err);
        for (size_t i = 0; i < resolve.count; i++)
            is_one = is_one || resolve.out[i] == account;
        free(resolve.out);
    }
    if (is_one)
        return 0;
    if (rc == 0 || rc == SMAIL_ENOTFOUND || rc == SMAIL_EINVAL ||
        rc == SMAIL_ELIMIT || rc == SMAIL_ESTATE)
        return smail__fail(err, SMAIL_EAUTH,
                           "the sender is not an address of this account");
    return rc;
}
