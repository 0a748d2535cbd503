/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/store.h - where mail rests: mailboxes, messages, keywords.
 *
 * A store is opened once per process and may be used from any thread.  It
 * owns one writer, which groups what waits into one transaction, so that
 * many deliveries share one sync to disk.  Any number of processes may have
 * the same store open: their commits take turns.
 *
 * Ids of mailboxes, messages and threads belong to their account: every call
 * takes both, and answers SMAIL_ENOTFOUND for an id of somebody else.
 *
 * A call that changes something has done so durably when it returns 0: it
 * survives a power cut.
 */
#ifndef SMAIL_STORE_H
#define SMAIL_STORE_H

#include <smtpmail/error.h>

SMAIL_BEGIN_DECLS

typedef struct smail_store smail_store;
typedef struct smail_append smail_append;
typedef struct smail_cursor smail_cursor;
typedef struct smail_content smail_content;

/** Zero in any field means the default. Start from the _INIT value. */
typedef struct smail_store_options {
    size_t size;     /**< Set by _INIT; how the struct may grow. */
    bool must_exist; /**< Do not create: SMAIL_ENOTFOUND instead. */
    bool manual;     /**< No threads: smail_store_run_batch() is the writer
                          and the indexer. For tests. */
    void (*warn)(const char *text, void *user); /**< What an operator should
                          know; called from any thread. NULL: not told. */
    void *user;
    uint64_t keep_removed; /**< Seconds for which messages that are removed
                               through this handle can be had again; 0: they
                               are gone at once. */
    uint64_t keep_trash;   /**< Seconds after which what is in the trash ... */
    uint64_t keep_junk;    /**< ... and in junk goes for good; counted from
                               when it came there. 0: never. */
    uint64_t keep_queue;   /**< Seconds for which mail that came to an end is
                               remembered with its story; 0: 30 days. */
    uint64_t keep_logins;  /**< Seconds for which it is known who logged in;
                               0: 180 days. */
} smail_store_options;

#define SMAIL_STORE_OPTIONS_INIT    \
    {                               \
        sizeof(smail_store_options) \
    }

/**
 * Have the databases of this process not count their memory: threads queue for
 * the counters. Optional; to be called before the process does anything with
 * SQLite, for it speaks for all of it. Without effect when it comes too late.
 */
SMAIL_API void smail_store_tune_process(void);

/**
 * Open, create or upgrade the store at `url`: "sqlite:PATH", or
 * "sqlite::memory:" for one that lives in this process only, or
 * "postgresql://HOST/DATABASE" (docs/postgresql.md). A SQLite store of an
 * older version is backed up beside itself and upgraded in place; one of a
 * newer version, or a file that is not a store, is refused (SMAIL_ECORRUPT)
 * and left as it is. `options` may be NULL.
 */
SMAIL_API int smail_store_open(smail_store **out, const char *url,
                               const smail_store_options *options,
                               smail_error *err);

/** Waits for what was begun. Every append, cursor and content of the store
    must have been freed. */
SMAIL_API void smail_store_close(smail_store *store);

/**
 * `manual` only: commit all that waits, at the time `now` (seconds since the
 * epoch), index what is new, and call what is to be called.
 */
SMAIL_API int smail_store_run_batch(smail_store *store, int64_t now,
                                    smail_error *err);

/* --- Mailboxes ----------------------------------------------------------- */

/** The special uses of RFC 6154 and RFC 8621, 2; each at most once. */
typedef enum smail_role {
    SMAIL_ROLE_NONE,
    SMAIL_ROLE_INBOX,
    SMAIL_ROLE_ARCHIVE,
    SMAIL_ROLE_DRAFTS,
    SMAIL_ROLE_SENT,
    SMAIL_ROLE_JUNK,
    SMAIL_ROLE_TRASH
} smail_role;

/** Octets of one mailbox name, and how deep mailboxes nest. */
#define SMAIL_MAILBOX_NAME_MAX 255
#define SMAIL_MAILBOX_DEPTH_MAX 16

typedef struct smail_mailbox {
    smail_id id;
    smail_id parent;  /**< 0 at the top. */
    const char *name; /**< Own name, UTF-8, without the parents'. */
    smail_role role;
    uint32_t uidvalidity; /**< RFC 9051, 2.3.1.1. */
    uint32_t uidnext;
    uint64_t total;     /**< Messages in it. */
    uint64_t unread;    /**< Those without $seen. */
    bool is_subscribed; /**< RFC 8621, 2: the owner wants to see it. */
} smail_mailbox;

/** "inbox", "sent" ...; NULL for SMAIL_ROLE_NONE. */
SMAIL_API const char *smail_role_name(smail_role role);
/** The other way, in any case; "none" too. SMAIL_ENOTFOUND. */
SMAIL_API int smail_role_by_name(smail_role *out, const char *name);

/**
 * `path` is UTF-8, levels parted by '/'; missing parents are created. The
 * mailbox with the inbox role answers to "INBOX" in any case.
 */
SMAIL_API int smail_mailbox_create(smail_id *out, smail_store *store,
                                   smail_id account, const char *path,
                                   smail_error *err);
SMAIL_API int smail_mailbox_find(smail_id *out, smail_store *store,
                                 smail_id account, const char *path,
                                 smail_error *err);
SMAIL_API int smail_mailbox_find_role(smail_id *out, smail_store *store,
                                      smail_id account, smail_role role,
                                      smail_error *err);
/** Gives a new name, and with it a new place: `path` as in create(). */
SMAIL_API int smail_mailbox_rename(smail_store *store, smail_id account,
                                   smail_id mailbox, const char *path,
                                   smail_error *err);
/** What it is for. SMAIL_EEXISTS: another one of the account has the role;
    SMAIL_ESTATE: the inbox stays the inbox. */
SMAIL_API int smail_mailbox_set_role(smail_store *store, smail_id account,
                                     smail_id mailbox, smail_role role,
                                     smail_error *err);
SMAIL_API int smail_mailbox_set_subscribed(smail_store *store, smail_id account,
                                           smail_id mailbox, bool is_subscribed,
                                           smail_error *err);
/** Messages that are nowhere else go with it. Not the inbox; not one that
    has children (SMAIL_ESTATE). */
SMAIL_API int smail_mailbox_remove(smail_store *store, smail_id account,
                                   smail_id mailbox, smail_error *err);
/** Calls `each` for every mailbox, parents before children, by name. A value
    other than 0 from it ends the walk and is returned. */
SMAIL_API int smail_mailbox_list(smail_store *store, smail_id account,
                                 int (*each)(const smail_mailbox *mailbox,
                                             const char *path, void *user),
                                 void *user, smail_error *err);

/* --- Adding messages ----------------------------------------------------- */

/** Length of a queue id, without the NUL: lower-case hexadecimal. */
#define SMAIL_QUEUE_ID_LEN 32

/** Where a message goes. */
typedef struct smail_target {
    smail_id account;
    smail_id mailbox;     /**< 0: the inbox. */
    const char *keywords; /**< Space-separated, as "$seen $flagged"; or NULL. */
    int64_t received_at;  /**< Seconds since the epoch; 0: now. */
} smail_target;

/** What became of it. */
typedef struct smail_appended {
    smail_id email;
    smail_id thread;
    uint32_t uid;
} smail_appended;

/**
 * Add a message piece by piece, to any number of mailboxes of any accounts:
 * the bytes are stored once. Up to 64 KiB are held in memory, more goes to a
 * file without a name. Freeing an append that was not committed leaves no
 * trace of it.
 *
 * One append belongs to one thread at a time.
 */
SMAIL_API int smail_append_new(smail_append **out, smail_store *store,
                               smail_error *err);
SMAIL_API void smail_append_free(smail_append *append);

/** Names the message in replies, trace headers and logs. */
SMAIL_API const char *smail_append_id(const smail_append *append);

SMAIL_API int smail_append_write(smail_append *append, smail_span content,
                                 smail_error *err);
SMAIL_API uint64_t smail_append_size(const smail_append *append);

/** How many Received: the header has so far (RFC 5321, 6.3). */
SMAIL_API unsigned smail_append_hops(const smail_append *append);

/**
 * One transaction for all `targets`: when it returns 0 the message is on disk
 * for each of them and will survive a power cut; only then may SMTP say 250
 * (RFC 5321, 6.1). `out` has room for `count` results, or is NULL.
 * SMAIL_EQUOTA, SMAIL_ENOTFOUND: none of them got it.
 */
SMAIL_API int smail_append_commit(smail_append *append,
                                  const smail_target *targets, size_t count,
                                  smail_appended *out, smail_error *err);

/**
 * The same without waiting. `done` is called once, from a thread of the
 * store, and may do little but hand the result on; `error` is NULL on
 * success, and `results` has `count` entries then. The targets are copied.
 * The append must not be touched, nor freed, before `done` was called.
 */
SMAIL_API int smail_append_commit_later(
    smail_append *append, const smail_target *targets, size_t count,
    void (*done)(const smail_error *error, const smail_appended *results,
                 void *user),
    void *user, smail_error *err);

/* --- Listing and reading ------------------------------------------------- */

/** Which messages. Zero in any field asks for nothing in particular. */
typedef struct smail_query {
    size_t size;
    smail_id account; /**< Required. */
    smail_id mailbox;
    smail_id thread;
    const char *with;      /**< Has all of these keywords. */
    const char *without;   /**< Has none of these. */
    const char *text;      /**< Words, all of them, in headers or body; needs
                               the index (smail_store_index_lag()). */
    int64_t before_time;   /**< Page down: behind the entry with this time */
    smail_id before_email; /**< ... and this id. */
    uint64_t limit;
    const char *search; /**< A question as a person types it, instead of
                             `text`: words, "phrases", begin*, from: to: cc:
                             bcc: subject: body: in:MAILBOX has:attachment
                             is:unread keyword:WORD before:2026-11-23 after:
                             larger:10M smaller:; `-` before one turns it, OR
                             between two asks for either. Case and accents do
                             not matter. What is wrong with it, the error
                             says. */
} smail_query;

#define SMAIL_QUERY_INIT    \
    {                       \
        sizeof(smail_query) \
    }

/** One line of a message list. What it points at is good until the next
    step. All text is UTF-8, decoded, without controls. */
typedef struct smail_entry {
    smail_id email;
    smail_id thread;
    uint32_t uid;         /**< In the query's mailbox; 0 without one. */
    int64_t received_at;  /**< Seconds since the epoch, UTC. */
    int64_t sent_at;      /**< Of Date:; 0 if there is none. */
    uint64_t size;        /**< As stored, with trace headers. */
    bool has_attachment;  /**< False until indexed. */
    const char *queue_id; /**< Of the append that brought it. */
    const char *keywords; /**< Space-separated, sorted. */
    const char *from, *to, *subject;
    const char *message_id; /**< Without angle brackets. */
    const char *preview;    /**< Empty until indexed. */
    const char *mailboxes;  /**< Their paths, parted by newlines. */
} smail_entry;

/** Newest first. */
SMAIL_API int smail_store_query(smail_cursor **out, smail_store *store,
                                const smail_query *query, smail_error *err);

/** 1 and an entry, 0 at the end, negative on failure. */
SMAIL_API int smail_cursor_next(smail_entry *out, smail_cursor *cursor,
                                smail_error *err);
SMAIL_API void smail_cursor_free(smail_cursor *cursor);

/**
 * How far the index was behind when words were asked for: messages of the
 * account that it had yet to see, of which subject, sender and recipients alone
 * are searched. 0 without words.
 */
SMAIL_API uint64_t smail_cursor_unindexed(const smail_cursor *cursor);

/** One message by id. Free the cursor when done with the entry. */
SMAIL_API int smail_email_get(smail_entry *out, smail_cursor **cursor,
                              smail_store *store, smail_id account,
                              smail_id email, smail_error *err);

/** The bytes of a message, as they came in; to be read in any order. */
SMAIL_API int smail_content_open(smail_content **out, smail_store *store,
                                 smail_id account, smail_id email,
                                 smail_error *err);
SMAIL_API uint64_t smail_content_size(const smail_content *content);
/** Bytes read, fewer than `len` only at the end; negative on failure. */
SMAIL_API int64_t smail_content_read(void *out, smail_content *content,
                                     uint64_t offset, size_t len,
                                     smail_error *err);
SMAIL_API void smail_content_close(smail_content *content);

/* --- Changing messages --------------------------------------------------- */

/** Longest keyword, and how many a message can have (RFC 8621, 4.1.1). */
#define SMAIL_KEYWORD_MAX 255
#define SMAIL_KEYWORDS_MAX 64

/** `add` and `remove` are space-separated keywords or NULL; "$seen",
    "$flagged", "$answered", "$draft" ... in any case. */
SMAIL_API int smail_email_flag(smail_store *store, smail_id account,
                               smail_id email, const char *add,
                               const char *remove, smail_error *err);

/** Out of every mailbox it is in, into `mailbox` alone. */
SMAIL_API int smail_email_move(smail_store *store, smail_id account,
                               smail_id email, smail_id mailbox,
                               smail_error *err);

/** Mailboxes that one message can be in. */
#define SMAIL_EMAIL_MAILBOXES_MAX 100

/** Mailboxes that a message comes into and that it is taken out of. */
typedef struct smail_placing {
    size_t size;
    const smail_id *add;
    size_t add_count;
    const smail_id *remove;
    size_t remove_count;
} smail_placing;

#define SMAIL_PLACING_INIT    \
    {                         \
        sizeof(smail_placing) \
    }

/**
 * Both in one step; it stays one message, with one set of keywords, and takes
 * its room once. What it is in already, or not in, makes no difference.
 * SMAIL_ENOTFOUND: no such message; SMAIL_ESTATE: it would be nowhere, or a
 * mailbox is not there; SMAIL_ELIMIT: it would be in too many.
 */
SMAIL_API int smail_email_place(smail_store *store, smail_id account,
                                smail_id email, const smail_placing *placing,
                                smail_error *err);

/** From all mailboxes. For as long as `keep_removed` of the store's options
    says it can be had again: see below. */
SMAIL_API int smail_email_remove(smail_store *store, smail_id account,
                                 smail_id email, smail_error *err);

/* --- Messages that were removed ------------------------------------------ */

/** What one account can have again, at most; the oldest is let go first. It
    does not count against the quota. */
#define SMAIL_REMOVED_EMAILS_MAX 100000
#define SMAIL_REMOVED_BYTES_MAX ((uint64_t)1 << 30)

/** Good until `each` returns. The header fields are as smail_entry has them,
    not decoded. */
typedef struct smail_removed {
    smail_id email;
    smail_id thread;
    uint64_t size;
    int64_t received_at;
    int64_t removed_at;
    int64_t expires_at; /**< When it is let go of. */
    smail_span subject, sender;
} smail_removed;

/** The last removed first, those whose time is not over; `limit` 0: all. Drafts
    that were removed from the drafts mailbox are not kept. A value other than 0
    from `each` ends the walk and is returned. */
SMAIL_API int smail_removed_list(smail_store *store, smail_id account,
                                 uint64_t limit,
                                 int (*each)(const smail_removed *removed,
                                             void *user),
                                 void *user, smail_error *err);

/** Back into the mailboxes where it was, those of them that are still there,
    or else the inbox: with its keywords, in its thread, under a new id.
    SMAIL_ENOTFOUND: its time is over. SMAIL_EQUOTA. */
SMAIL_API int smail_email_undelete(smail_id *out, smail_store *store,
                                   smail_id account, smail_id removed,
                                   smail_error *err);

/** Let go of one for good, now; of all: `removed` 0. */
SMAIL_API int smail_removed_purge(uint64_t *count, smail_store *store,
                                  smail_id account, smail_id removed,
                                  smail_error *err);

/* --- Care ---------------------------------------------------------------- */

typedef struct smail_store_stats {
    size_t size;
    uint64_t accounts, mailboxes, emails, blobs, queued;
    uint64_t blob_bytes;     /**< Of messages, each counted once. */
    uint64_t database_bytes; /**< Of the file. */
    uint64_t unindexed;      /**< Messages the index has yet to see. */
    uint32_t schema;         /**< Version of the tables. */
} smail_store_stats;

#define SMAIL_STORE_STATS_INIT    \
    {                             \
        sizeof(smail_store_stats) \
    }

SMAIL_API int smail_store_get_stats(smail_store_stats *out, smail_store *store,
                                    smail_error *err);

/** Messages that came but are not indexed yet. */
SMAIL_API int smail_store_index_lag(uint64_t *out, smail_store *store,
                                    smail_error *err);

/**
 * Read everything and compare: database pages, rows against rows, counts,
 * every blob against its hash. Calls `finding` with one line for each fault.
 * 0 when the store could be read, whatever was found; `*faults` is the count.
 */
SMAIL_API int smail_store_check(uint64_t *faults, smail_store *store,
                                void (*finding)(const char *text, void *user),
                                void *user, smail_error *err);

/**
 * Mend what smail_store_check() finds, where rows tell how: counts, ids handed
 * out, places of messages; a message in no mailbox comes into the inbox, rows
 * of accounts and messages that are not there go, and files that no row names.
 * `*mended` counts the faults that were there. Bytes that are gone or wrong
 * stay so. Clients that follow changes will have to look at everything again.
 */
SMAIL_API int smail_store_repair(uint64_t *mended, smail_store *store,
                                 smail_error *err);

/**
 * Derive previews and the full text anew, also to forget the text of removed
 * messages. It is begun here and done behind deliveries, by whichever process
 * indexes; search finds the old mail again as smail_store_index_lag() falls.
 */
SMAIL_API int smail_store_reindex(smail_store *store, smail_error *err);

/**
 * Remove all that is due: mail that was in the trash, in junk or removed for
 * long enough, bytes that nobody names, and rows that are kept for a time
 * only. A process that has the store open does so about once a day; this is
 * for those who will not wait. It goes in small steps, so that deliveries pass
 * by. `each` is told how much of what it was; with `count_only`, how much it
 * would be, as far as one thing does not depend on another.
 */
SMAIL_API int smail_store_tidy(smail_store *store, bool count_only,
                               void (*each)(const char *what, uint64_t count,
                                            void *user),
                               void *user, smail_error *err);

typedef struct smail_backup {
    size_t size;
    uint64_t copied;  /**< Files of large messages. */
    uint64_t kept;    /**< Those that were there from the last time. */
    uint64_t removed; /**< Those that only the last one needed. */
    uint64_t bytes;   /**< Of what was copied, beside the database. */
    uint64_t damaged; /**< Faults; each was told of. */
} smail_backup;

#define SMAIL_BACKUP_INIT    \
    {                        \
        sizeof(smail_backup) \
    }

/**
 * Back the store up to `folder`, while it is in use: the state of one moment,
 * checked, of large messages only those that are not there yet. The backup is
 * a store itself, sqlite:FOLDER/mail.db. A cut leaves the last one whole.
 * Faults go to `finding`; all that is whole is copied, and SMAIL_ECORRUPT
 * returned. A folder with the backup of another store is refused.
 */
SMAIL_API int smail_store_backup(smail_backup *out, smail_store *store,
                                 const char *folder,
                                 void (*finding)(const char *text, void *user),
                                 void *user, smail_error *err);

/** The way back, to a store that is not there yet: else SMAIL_EEXISTS. */
SMAIL_API int smail_store_restore(smail_backup *out, const char *url,
                                  const char *folder,
                                  void (*finding)(const char *text, void *user),
                                  void *user, smail_error *err);

SMAIL_END_DECLS

#endif
