/* SPDX-License-Identifier: MIT */
/*
 * account/name.h - addresses as they are compared and stored: without quotes,
 * case folded, in NFC (RFC 6531, 3.3); domains as A-labels.
 */
#ifndef SMAIL__ACCOUNT_NAME_H
#define SMAIL__ACCOUNT_NAME_H

#include <smtpmail/address.h>
#include <smtpmail/error.h>

/* With the '@' and a NUL. */
#define SMAIL__NAME_SIZE (SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2)

struct smail__name {
    char local[SMAIL_LOCAL_PART_MAX + 1]; /* "": the catch-all */
    char domain[SMAIL_DOMAIN_MAX + 1];    /* "": bare postmaster */
};

/*
 * From what a client of SMTP wrote. SMAIL_EINVAL when it cannot be an address
 * of ours: an address literal, or not UTF-8.
 */
int smail__name_fold(struct smail__name *out, const smail_path *path,
                     smail_error *err);

/* From what a person wrote to name an account or alias: local@domain without
 * quotes, or "@domain" if that `may_be_catch_all`. SMAIL_EINVAL. */
int smail__name_parse(struct smail__name *out, const char *text,
                      bool may_be_catch_all, smail_error *err);

/* The address that a user name of a login stands for, folded; false when it
 * cannot be one. */
bool smail__name_of_user(char out[SMAIL__NAME_SIZE], smail_span user);

/* A host name of letters, digits and hyphens (RFC 1123, 2.1). SMAIL_EINVAL. */
int smail__name_domain(char out[SMAIL_DOMAIN_MAX + 1], const char *text,
                       smail_error *err);

void smail__name_text(char out[SMAIL__NAME_SIZE],
                      const struct smail__name *name);

/* Postmaster and abuse, which every domain has (RFC 5321, 4.5.1; RFC 2142, 4
 * and 5). */
bool smail__name_is_admin(smail_span local);

/* Why no account may have this local part: "the address of ..."; or NULL. */
const char *smail__name_reserved(smail_span local);

#endif
