/* SPDX-License-Identifier: MIT */
#include "account/account_rules.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"

/* Octets of a display name. */
#define NAME_MAX_LEN 200

int smail__account_check_name(const char *name, smail_error *err)
{
    smail_span span = smail__span(name);

    if (span.len > NAME_MAX_LEN || !smail__utf8_valid(span))
        return smail__fail(err, SMAIL_EINVAL,
                           "a display name must be UTF-8 of at most %d octets",
                           NAME_MAX_LEN);
    for (size_t i = 0; i < span.len; i++) {
        if ((unsigned char)span.data[i] < ' ' || span.data[i] == 0x7f)
            return smail__fail(err, SMAIL_EINVAL,
                               "a display name must not hold controls");
    }
    return 0;
}

int smail__account_check_quota(uint64_t quota, smail_error *err)
{
    if (quota > INT64_MAX)
        return smail__fail(err, SMAIL_EINVAL, "the quota is too large");
    return 0;
}

int smail__account_check_address(struct smail__name *name,
                                 char text[SMAIL__NAME_SIZE],
                                 const char *address, smail_error *err)
{
    int rc = smail__name_parse(name, address, false, err);
    const char *why;

    if (rc != 0)
        return rc;
    smail__name_text(text, name);
    why = smail__name_reserved(smail__span(name->local));
    if (why != NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "'%s' is reserved for %s (RFC 2142): make it an "
                           "alias of an account",
                           name->local, why);
    if (strchr(name->local, '+') != NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "an account's address has no '+': what follows it "
                           "is detail that the owner may choose");
    return 0;
}

int smail__account_check_free(smail_id *domain, struct smail__db *db,
                              const struct smail__name *name, const char *text,
                              smail_error *err)
{
    smail_id account;
    int rc = smail__lookup_domain(domain, db, name->domain, err);

    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, rc, "there is no domain %s here: add it first",
                           name->domain);
    if (rc == 0)
        rc = smail__lookup_account(&account, db, *domain, name->local, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_EEXISTS, "the account %s exists already",
                           text);
    if (rc == SMAIL_ENOTFOUND)
        rc = smail__lookup_alias(db, *domain, name->local, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_EEXISTS, "%s is an alias already", text);
    if (rc != SMAIL_ENOTFOUND)
        return rc;

    /* An account whose removal was cut short still has its name. */
    rc = smail__lookup_address(&account, db, text, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_EEXISTS,
                           "the account %s is not wholly removed: remove it "
                           "again",
                           text);
    return rc == SMAIL_ENOTFOUND ? 0 : rc;
}
