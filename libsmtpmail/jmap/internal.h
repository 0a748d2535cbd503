/* SPDX-License-Identifier: MIT */
/* jmap/internal.h - what the files of jmap/ know of each other. */
#ifndef SMAIL__JMAP_INTERNAL_H
#define SMAIL__JMAP_INTERNAL_H

#include <pthread.h>

#include "jmap/jmap.h"
#include "store/store.h"

/* Levels of a request, and of a response that is referred to. */
#define SMAIL__JMAP_DEPTH_MAX 64

/* Values of a request: each costs some hundred octets while it is read. */
#define SMAIL__JMAP_VALUES_MAX ((size_t)200 * 1000)

/* RFC 8620, 1.2: an id has 1 to 255 of A-Za-z0-9, "-" and "_". */
#define SMAIL__JMAP_ID_MAX 255

/* Mailboxes of one message; RFC 8621, 1.3.1: maxMailboxesPerEmail. */
#define SMAIL__JMAP_PLACES_MAX 100

/* Parts of a message being made, files in it. */
#define SMAIL__JMAP_PARTS_MAX 200

/* A message that is parsed to be shown; of a larger one, its beginning. */
#define SMAIL__JMAP_PARSED_MAX ((size_t)64 * 1024 * 1024)

/* Comparators of one sort. */
#define SMAIL__JMAP_SORT_MAX 4

/* Seconds by which a message can be sent in advance. */
#define SMAIL__JMAP_HOLD_MAX (365 * 86400)

/* How many uploads of one account are under way. */
struct smail__jmap_busy {
    smail_id account;
    unsigned uploads;
};

/* Threads of a mailbox, as they were at its modseq. */
struct smail__jmap_counted {
    smail_id account, mailbox;
    int64_t modseq;
    int64_t threads, unread_threads;
};

#define SMAIL__JMAP_BUSY_MAX 1024
#define SMAIL__JMAP_COUNTED_MAX 1024

/* Locks that accounts share among them, by their number. */
#define SMAIL__JMAP_TURNS 256

struct smail__jmap {
    smail_store *store;
    struct smail__jmap_limits limits;
    const struct smail__routes *routes; /* NULL: nothing goes elsewhere */
    uint32_t queue_warn, queue_expire;
    void (*excess)(smail_id account, const char *text, void *user);
    void *excess_user;

    /* One call at a time changes an account: so what ifInState compared
     * (RFC 8620, 5.3) is still so when the change is made. */
    pthread_mutex_t turns[SMAIL__JMAP_TURNS];
    pthread_mutex_t mutex; /* of what follows */
    struct smail__jmap_busy busy[SMAIL__JMAP_BUSY_MAX];
    struct smail__jmap_counted counted[SMAIL__JMAP_COUNTED_MAX];
};

/* The letters that ids begin with (docs/http.md). */
enum smail__jmap_letter {
    SMAIL__JMAP_ACCOUNT = 'a',
    SMAIL__JMAP_BLOB = 'b',
    SMAIL__JMAP_EMAIL = 'e',
    SMAIL__JMAP_IDENTITY = 'i',
    SMAIL__JMAP_MAILBOX = 'm',
    SMAIL__JMAP_SUBMISSION = 's',
    SMAIL__JMAP_THREAD = 't'
};

#define SMAIL__JMAP_ID_SIZE 24

/* id.c: letter and number, without zeros in front. */
bool smail__jmap_id_parse(smail_id *out, enum smail__jmap_letter letter,
                          smail_span text);
const char *smail__jmap_id_text(char out[SMAIL__JMAP_ID_SIZE],
                                enum smail__jmap_letter letter, smail_id id);
/* Is it an id by its characters (RFC 8620, 1.2)? */
bool smail__jmap_is_id(smail_span text);

/* id.c: "b" and 32 digits; what follows it, as "-3", is left in `rest`. */
bool smail__jmap_blob_parse(unsigned char out[16], smail_span *rest,
                            smail_span text);

#define SMAIL__JMAP_STATE_SIZE 24

/* state.c: of one type, by a connection that reads. */
int smail__jmap_type_state(char out[SMAIL__JMAP_STATE_SIZE],
                           struct smail__db *db, smail_id account,
                           enum smail__object type, smail_error *err);
int smail__jmap_current_state(char out[SMAIL__JMAP_STATE_SIZE],
                              struct smail__jmap *jmap, smail_id account,
                              enum smail__object type, smail_error *err);

/* session.c: "sessionState", the same as in the session object. */
void smail__jmap_session_state(char out[SMAIL__JMAP_STATE_SIZE],
                               const struct smail__jmap *jmap);

#endif
