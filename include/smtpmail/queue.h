/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/queue.h - mail on its way to other hosts: what waits, why, and what
 * can be done about it.
 *
 * A message has one entry for each of its recipients, written in the
 * transaction that accepted it. An entry stays, with its history, when it has
 * come to an end; after a time it is trimmed.
 *
 * No clock in here: `now` is seconds since the epoch, as the caller has it.
 */
#ifndef SMAIL_QUEUE_H
#define SMAIL_QUEUE_H

#include <smtpmail/address.h>
#include <smtpmail/store.h>

SMAIL_BEGIN_DECLS

/** What became of a recipient. Kept in rows: never renumbered. */
typedef enum smail_queue_status {
    SMAIL_QUEUE_WAITING = 0, /**< For its next attempt, or amid one. */
    SMAIL_QUEUE_HELD = 1,    /**< Until somebody releases it. */
    SMAIL_QUEUE_DELIVERED = 2,
    SMAIL_QUEUE_FAILED = 3,   /**< For good; its sender was told. */
    SMAIL_QUEUE_CANCELLED = 4 /**< Somebody took it out; nobody was told. */
} smail_queue_status;

/** "waiting", "held", "delivered", "failed", "cancelled". */
SMAIL_API const char *smail_queue_status_name(smail_queue_status status);

/** One recipient of one message. Spans and strings are good during the call
    that lends them; addresses are without angle brackets, "" is <>. */
typedef struct smail_queue_entry {
    smail_id message;
    smail_id recipient_id; /**< Counts from 1 in each message. */
    char queue_id[SMAIL_QUEUE_ID_LEN + 1]; /**< As in replies and logs. */
    smail_id account;                      /**< Who sent it; 0: nobody here. */
    smail_id email; /**< What it was made of, in the account; 0: unknown. */
    smail_span sender, recipient;
    smail_span destination; /**< Where it goes: a domain, or "@" and the name
                               of a route, and behind ":" the domain where
                               the sender has chosen it. */
    smail_queue_status status;
    bool is_leased;       /**< An attempt is under way. */
    bool is_notice;       /**< We tell a sender what became of their mail. */
    int64_t created_at;   /**< When we took the message. */
    int64_t next_attempt; /**< When it is tried; amid an attempt: when that
                             one is given up. */
    int64_t last_attempt; /**< 0: none yet. */
    int64_t expires_at;   /**< When we give up. */
    uint32_t attempts;
    int32_t priority; /**< RFC 6710. */
    uint64_t size;    /**< Octets. */
    smail_span message_id, subject;
    smail_span last_host;  /**< Where the last attempt was. */
    smail_span last_tls;   /**< How it was secured; "": in the clear. */
    smail_span last_reply; /**< What the other side said, or what was wrong. */
} smail_queue_entry;

/** Which entries. Zero in any field asks for nothing in particular. */
typedef struct smail_queue_query {
    size_t size;
    smail_id message;
    const char *queue_id; /**< Instead of `message`; 32 hexadecimal digits. */
    smail_id recipient_id;
    smail_id account;
    smail_id submission;   /**< JMAP's, of `account`. */
    const char *sender;    /**< The address, "<>" for none; or "@domain". */
    const char *recipient; /**< Likewise. */
    const char *destination;
    unsigned statuses;      /**< Bits 1 << smail_queue_status; 0: all. */
    smail_id after_message; /**< Page on: behind this entry. */
    smail_id after_recipient;
    uint64_t limit;
} smail_queue_query;

#define SMAIL_QUEUE_QUERY_INIT    \
    {                             \
        sizeof(smail_queue_query) \
    }

/** Oldest first. A value other than 0 from `each` ends it and is returned. */
SMAIL_API int smail_queue_list(smail_store *store,
                               const smail_queue_query *query,
                               int (*each)(const smail_queue_entry *entry,
                                           void *user),
                               void *user, smail_error *err);

/** What is to be done with entries. */
typedef enum smail_queue_action {
    SMAIL_QUEUE_HOLD,    /**< Of those that wait. */
    SMAIL_QUEUE_RELEASE, /**< Of those that are held: they are due at once. */
    SMAIL_QUEUE_RETRY,   /**< Of those that wait: due at `at`, 0: now. */
    SMAIL_QUEUE_CANCEL   /**< Of those that wait or are held. One that is amid
                            an attempt is left alone, and counted as busy. */
} smail_queue_action;

typedef struct smail_queue_change {
    size_t size;
    smail_queue_action action;
    int64_t now;
    int64_t at;             /**< Of RETRY. */
    bool dry_run;           /**< Only count. */
    uint64_t changed, busy; /**< Out. */
} smail_queue_change;

#define SMAIL_QUEUE_CHANGE_INIT    \
    {                              \
        sizeof(smail_queue_change) \
    }

/**
 * Do it to every entry that `query` names, its limit and page aside; in steps,
 * so that no delivery waits for it. `each`, which may be NULL, hears of every
 * entry that is changed, as it was before.
 */
SMAIL_API int smail_queue_steer(smail_store *store, smail_queue_change *change,
                                const smail_queue_query *query,
                                int (*each)(const smail_queue_entry *entry,
                                            void *user),
                                void *user, smail_error *err);

/** Stop or go on sending to a destination, whoever waits for it. */
SMAIL_API int smail_queue_hold_destination(smail_store *store,
                                           const char *destination, bool hold,
                                           smail_error *err);

typedef struct smail_queue_destination {
    const char *name;
    uint64_t waiting;
    int64_t next_due;
    bool is_held;
} smail_queue_destination;

/** By name. */
SMAIL_API int smail_queue_destinations(
    smail_store *store,
    int (*each)(const smail_queue_destination *destination, void *user),
    void *user, smail_error *err);

/** What came of an attempt. Kept in rows: never renumbered. */
typedef enum smail_queue_outcome {
    SMAIL_QUEUE_TAKEN = 1,    /**< Delivered: the other side has it. */
    SMAIL_QUEUE_PUT_OFF = 2,  /**< Not now. */
    SMAIL_QUEUE_REFUSED = 3,  /**< Never. */
    SMAIL_QUEUE_GIVEN_UP = 4, /**< Not now, and time is up. */
    SMAIL_QUEUE_NOTED = 5     /**< No attempt: something was done to it. */
} smail_queue_outcome;

typedef struct smail_queue_attempt {
    smail_id recipient_id;
    uint32_t number;
    int64_t started_at, ended_at;
    const char *host;    /**< Name; "" when it came to none. */
    const char *address; /**< Numeric. */
    const char *tls;     /**< "TLSv1.3, verified by DANE" ...; "": in the
                            clear. */
    smail_queue_outcome outcome;
    const char *phase; /**< How far it got: "connect", "RCPT" ... */
    smail_span reply;  /**< The other side's own words, or ours. */
} smail_queue_attempt;

/** All of a message's attempts, in order of recipient and time. */
SMAIL_API int smail_queue_history(smail_store *store, smail_id message,
                                  int (*each)(const smail_queue_attempt *one,
                                              void *user),
                                  void *user, smail_error *err);

typedef struct smail_queue_stats {
    size_t size;
    uint64_t waiting, held; /**< Recipients. */
    uint64_t destinations;
    int64_t next_due; /**< Of all that waits; 0: nothing does. */
} smail_queue_stats;

#define SMAIL_QUEUE_STATS_INIT    \
    {                             \
        sizeof(smail_queue_stats) \
    }

SMAIL_API int smail_queue_get_stats(smail_queue_stats *out, smail_store *store,
                                    smail_error *err);

/* --- TLS, by day (RFC 8460) ---------------------------------------------- */

/** What promised TLS. Kept in rows: never renumbered. */
typedef enum smail_tls_policy {
    SMAIL_TLS_POLICY_NONE = 0,
    SMAIL_TLS_POLICY_STS = 1, /**< MTA-STS (RFC 8461). */
    SMAIL_TLS_POLICY_TLSA = 2 /**< DANE (RFC 7672). */
} smail_tls_policy;

/** "no-policy-found", "sts", "tlsa" (RFC 8460, 4.2). */
SMAIL_API const char *smail_tls_policy_name(smail_tls_policy policy);

/** Sessions of one day that fared alike. Good during the call. */
typedef struct smail_tls_result {
    int64_t day;        /**< When it began (UTC), in seconds. */
    const char *domain; /**< Of the recipients; "": of several, when there
                           were too many to count each. */
    smail_tls_policy policy;
    const char *host;   /**< "": it came to none. */
    const char *result; /**< "successful", or what was wrong (RFC 8460, 4.3):
                           "certificate-expired" ... */
    uint64_t sessions;
} smail_tls_result;

typedef struct smail_tls_result_query {
    size_t size;
    const char *domain; /**< NULL: all. */
    int64_t since;      /**< Seconds; from that day on. */
    uint64_t limit;
} smail_tls_result_query;

#define SMAIL_TLS_RESULT_QUERY_INIT    \
    {                                  \
        sizeof(smail_tls_result_query) \
    }

/** In order of days and names; they are kept for five weeks. */
SMAIL_API int smail_tls_result_list(smail_store *store,
                                    const smail_tls_result_query *query,
                                    int (*each)(const smail_tls_result *one,
                                                void *user),
                                    void *user, smail_error *err);

SMAIL_END_DECLS

#endif
