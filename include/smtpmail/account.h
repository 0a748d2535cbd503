/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/account.h - domains, who may log in, and whose mail is whose.
 *
 * Addresses are ASCII and compared without regard to case, so that
 * "Bob@Example.test" and "bob@example.test" are one; a domain in another
 * script is written in A-labels (xn--...). Calls take addresses as
 * NUL-terminated strings, without angle brackets and without quotes.
 *
 * Every call may be made from any thread; those that check or set a password
 * are slow on purpose (scrypt): keep them off an event loop.
 */
#ifndef SMAIL_ACCOUNT_H
#define SMAIL_ACCOUNT_H

#include <smtpmail/address.h>
#include <smtpmail/store.h>

SMAIL_BEGIN_DECLS

/* --- Domains ------------------------------------------------------------- */

typedef struct smail_domain {
    smail_id id;
    const char *name;
    int64_t created_at;
    uint64_t accounts; /**< Accounts with an address in it. */
} smail_domain;

SMAIL_API int smail_domain_add(smail_id *out, smail_store *store,
                               const char *name, smail_error *err);
/** SMAIL_ESTATE while addresses are in it. */
SMAIL_API int smail_domain_remove(smail_store *store, const char *name,
                                  smail_error *err);
/** Whether anybody may sign up for an address in it; not at first. */
SMAIL_API int smail_domain_set_open(smail_store *store, const char *name,
                                    bool is_open, smail_error *err);
SMAIL_API int smail_domain_list(smail_store *store,
                                int (*each)(const smail_domain *domain,
                                            void *user),
                                void *user, smail_error *err);

/* --- Accounts ------------------------------------------------------------ */

/** Octets of a password: at least, at most. */
#define SMAIL_PASSWORD_MIN 8
#define SMAIL_PASSWORD_MAX 1024

typedef struct smail_account {
    smail_id id;
    const char *address; /**< Its first address, as it logs in. */
    const char *name;    /**< Display name; may be empty. */
    bool admin;          /**< Gets the mail of postmaster and abuse. */
    bool disabled;       /**< May not log in; mail still arrives. */
    bool has_password;
    int64_t created_at;
    uint64_t quota_bytes; /**< 0: none. */
    uint64_t used_bytes;
    uint64_t emails;
    uint64_t quota_emails; /**< 0: none. */
} smail_account;

typedef struct smail_account_options {
    size_t size;
    const char *name;
    smail_span password; /**< Empty: nobody can log in until one is set. */
    bool admin;          /**< The first account of a store always is. */
    bool bare;           /**< Inbox only; else Drafts, Sent, Archive, Junk and
                             Trash too. */
    uint64_t quota_bytes;
    uint64_t quota_emails;
    smail_span password_hash; /**< Instead of a password; see
                                   smail_account_set_password_hash(). */
} smail_account_options;

#define SMAIL_ACCOUNT_OPTIONS_INIT    \
    {                                 \
        sizeof(smail_account_options) \
    }

/**
 * Create the account together with its mailboxes. SMAIL_ENOTFOUND when its
 * domain has not been added; SMAIL_EEXISTS when the address is taken, by an
 * account or an alias; SMAIL_EINVAL for one that is reserved (postmaster and
 * the other names of RFC 2142), has a '+', or is not well formed, and for a
 * password that is too short or too long. `options` may be NULL.
 */
SMAIL_API int smail_account_add(smail_id *out, smail_store *store,
                                const char *address,
                                const smail_account_options *options,
                                smail_error *err);
/**
 * With all its mail, and the aliases that lead to nobody without it. Works in
 * steps: a call that was cut short is completed by the next one. When the
 * last admin goes, the oldest account becomes one.
 */
SMAIL_API int smail_account_remove(smail_store *store, smail_id account,
                                   smail_error *err);
/** By its first address, not by an alias. */
SMAIL_API int smail_account_find(smail_id *out, smail_store *store,
                                 const char *address, smail_error *err);
SMAIL_API int smail_account_list(smail_store *store,
                                 int (*each)(const smail_account *account,
                                             void *user),
                                 void *user, smail_error *err);
/** Calls `each` once. */
SMAIL_API int smail_account_get(smail_store *store, smail_id account,
                                int (*each)(const smail_account *account,
                                            void *user),
                                void *user, smail_error *err);
SMAIL_API int smail_account_set_password(smail_store *store, smail_id account,
                                         smail_span password, smail_error *err);
/**
 * A password hash that another server made: bcrypt ($2a$, $2b$, $2y$; cost 4 to
 * 14), SHA-crypt ($5$, $6$; 1000 to 1000000 rounds), yescrypt ($y$; 1 to 128
 * MiB), each also behind Dovecot's {BLF-CRYPT}, {SHA256-CRYPT}, {SHA512-CRYPT}
 * or {CRYPT}; or one of ours. SMAIL_EINVAL for all else. The first log-in with
 * the password replaces it by one of ours; not, with bcrypt, for a password of
 * more than the 72 octets that bcrypt looks at.
 */
SMAIL_API int smail_account_set_password_hash(smail_store *store,
                                              smail_id account, smail_span hash,
                                              smail_error *err);
SMAIL_API int smail_account_set_disabled(smail_store *store, smail_id account,
                                         bool disabled, smail_error *err);

/**
 * Another first address, by which it logs in from then on. Its mail, sessions
 * and app passwords stay. The old address becomes an alias of the new one, or
 * with `drop_old` is nobody's: identities that have it then get the new one.
 * Codes as of smail_account_add(); an alias that leads to this account and
 * nowhere else may become its address.
 */
SMAIL_API int smail_account_rename(smail_store *store, smail_id account,
                                   const char *address, bool drop_old,
                                   smail_error *err);

/** What an account may have of its own, instead of the server's. */
typedef struct smail_account_limit {
    const char *name;      /**< "messages-per-hour", "recipients-per-hour",
                                "messages-per-day" or "recipients-per-day". */
    const uint64_t *value; /**< NULL: the server's again. */
} smail_account_limit;

#define SMAIL_ACCOUNT_LIMIT_MAX 1000000

/** What is NULL stays as it is. */
typedef struct smail_account_changes {
    size_t size;
    const char *name;
    const uint64_t *quota_bytes; /**< 0: none. */
    const uint64_t *quota_emails;
    const bool *admin;
    const smail_account_limit *limits; /**< Others stay as they are. */
    size_t limit_count;
} smail_account_changes;

#define SMAIL_ACCOUNT_CHANGES_INIT    \
    {                                 \
        sizeof(smail_account_changes) \
    }

/** All of it or nothing. SMAIL_ESTATE when no admin would be left. */
SMAIL_API int smail_account_set(smail_store *store, smail_id account,
                                const smail_account_changes *changes,
                                smail_error *err);

/** SMAIL_EINVAL for a name that is none of those, or a value that is not 1 to
    SMAIL_ACCOUNT_LIMIT_MAX. */
SMAIL_API int smail_account_limit_set(smail_store *store, smail_id account,
                                      const smail_account_limit *limit,
                                      smail_error *err);
/** SMAIL_ENOTFOUND when it has none of its own. */
SMAIL_API int smail_account_limit_get(uint64_t *out, smail_store *store,
                                      smail_id account, const char *name,
                                      smail_error *err);
/** Those that it has. */
SMAIL_API int smail_account_limit_list(
    smail_store *store, smail_id account,
    int (*each)(const smail_account_limit *limit, void *user), void *user,
    smail_error *err);

/**
 * Check a password: the account's, or one of its app passwords that open
 * everything, which is quick.
 * SMAIL_EAUTH alike, and in the same time, for an unknown user, a wrong
 * password and a disabled account.
 */
SMAIL_API int smail_account_login(smail_id *out, smail_store *store,
                                  smail_span user, smail_span password,
                                  smail_error *err);

/* --- Addresses ----------------------------------------------------------- */

typedef struct smail_alias {
    const char *address;
    const char *target; /**< An address here; one alias, several rows. */
} smail_alias;

/**
 * `alias` may be "@domain": all that is not otherwise known there. `target` is
 * the address of an account, or an alias again; what that leads to is looked
 * up when mail comes. A target whose domain is not here is for another host.
 * Adding more targets to one alias makes it a list. SMAIL_EEXISTS when it
 * leads there already, or is an account's address; SMAIL_ENOTFOUND when there
 * is no such domain, or no such target here; SMAIL_EINVAL for one that leads
 * back.
 */
SMAIL_API int smail_alias_add(smail_store *store, const char *alias,
                              const char *target, smail_error *err);
/** `target` NULL: all of it. SMAIL_ESTATE while another alias leads to it and
    this was all of it. */
SMAIL_API int smail_alias_remove(smail_store *store, const char *alias,
                                 const char *target, smail_error *err);
SMAIL_API int smail_alias_list(smail_store *store,
                               int (*each)(const smail_alias *alias,
                                           void *user),
                               void *user, smail_error *err);

/** Most accounts, and addresses elsewhere, that one recipient can stand for. */
#define SMAIL_RESOLVED_MAX 1000

/**
 * Who gets the mail for `recipient`: plus-addresses (user+detail), aliases
 * and catch-all followed, postmaster and abuse always (RFC 5321, 4.5.1), each
 * account once. `out` has room for `max` ids; `*count` of them are filled.
 * SMAIL_ENOTFOUND if the domain is ours and nobody has the address;
 * SMAIL_EINVAL if the domain is not ours; SMAIL_ELIMIT for more than `max`.
 * Targets of aliases on other hosts are left out; SMAIL_ESTATE if there is
 * nothing else.
 */
SMAIL_API int smail_address_resolve(smail_id *out, size_t max, size_t *count,
                                    smail_store *store,
                                    const smail_path *recipient,
                                    smail_error *err);

/** One of those that a recipient stands for. */
typedef struct smail_expanded {
    smail_id account;    /**< 0: it is not here. */
    const char *address; /**< Elsewhere: local@domain, the local part as it was
                              given and without quotes; else NULL. */
} smail_expanded;

/**
 * As smail_address_resolve(), with the targets on other hosts: `each` is called
 * for the accounts, then for the addresses elsewhere, each once, with no reader
 * held; what it returns but 0 ends the call and is its answer. Circles end
 * where they began. SMAIL_ELIMIT for more than SMAIL_RESOLVED_MAX of both
 * together; SMAIL_ENOTFOUND and SMAIL_EINVAL as there.
 */
SMAIL_API int smail_address_expand(smail_store *store,
                                   const smail_path *recipient,
                                   int (*each)(const smail_expanded *to,
                                               void *user),
                                   void *user, smail_error *err);

/** May `account` send as `sender`? 0, or SMAIL_EAUTH. */
SMAIL_API int smail_address_may_send(smail_store *store, smail_id account,
                                     const smail_path *sender,
                                     smail_error *err);

/* --- Identities ---------------------------------------------------------- */

/** Whom an account writes as: what a mail program offers (RFC 8621, 6). Every
    account has one, its own name and address, from the first call on. */
typedef struct smail_identity {
    smail_id id;
    const char *name;
    const char *address;
    const char *reply_to; /**< Addresses as in a header; "": none. */
    const char *bcc;      /**< Likewise. */
    const char *text_signature;
    const char *html_signature;
} smail_identity;

/** What is NULL stays as it is; in a new one it is empty. */
typedef struct smail_identity_changes {
    size_t size;
    const char *name;
    const char *reply_to;
    const char *bcc;
    const char *text_signature;
    const char *html_signature;
} smail_identity_changes;

#define SMAIL_IDENTITY_CHANGES_INIT    \
    {                                  \
        sizeof(smail_identity_changes) \
    }

/** Of one account; octets of a signature, and of every other text. */
#define SMAIL_IDENTITIES_MAX 100
#define SMAIL_SIGNATURE_MAX ((size_t)64 * 1024)
#define SMAIL_IDENTITY_TEXT_MAX ((size_t)4096)

/**
 * `changes` may be NULL. SMAIL_EAUTH when the account may not send as
 * `address`; SMAIL_EINVAL for texts that make no sense; SMAIL_ELIMIT for texts
 * that are too long and for one identity too many.
 */
SMAIL_API int smail_identity_add(smail_id *out, smail_store *store,
                                 smail_id account, const char *address,
                                 const smail_identity_changes *changes,
                                 smail_error *err);
SMAIL_API int smail_identity_list(smail_store *store, smail_id account,
                                  int (*each)(const smail_identity *identity,
                                              void *user),
                                  void *user, smail_error *err);
/** Its address stays. SMAIL_ENOTFOUND. */
SMAIL_API int smail_identity_set(smail_store *store, smail_id account,
                                 smail_id identity,
                                 const smail_identity_changes *changes,
                                 smail_error *err);
/** SMAIL_ENOTFOUND; SMAIL_ESTATE for the last one. */
SMAIL_API int smail_identity_remove(smail_store *store, smail_id account,
                                    smail_id identity, smail_error *err);

SMAIL_END_DECLS

#endif
