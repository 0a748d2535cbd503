/* SPDX-License-Identifier: MIT */
/*
 * tests/powercut/work.h - everything else that a store does, on a watched
 * disk: lists of acts, one after the other, and what must be left of them.
 *
 * After a cut the store is as it was behind the last act that was
 * acknowledged, or behind the one that was under way: nothing between, and
 * nothing else. The model says how that is; each act changes it as it should
 * change the store.
 */
#ifndef TESTS_POWERCUT_WORK_H
#define TESTS_POWERCUT_WORK_H

#include "disk.h"
#include "store/internal.h"

#define WORK_MESSAGES 48
#define WORK_ACCOUNTS 4
#define WORK_ACTS 80

/* Where a message is: nowhere, or in one of these. */
enum { NOWHERE, INBOX, ARCHIVE, OLD };

enum act_kind {
    ACT_END,
    ACT_DELIVER,    /* a message of `size` to the accounts of the bits `to` */
    ACT_MOVE,       /* message `number` of account `to` into `place` */
    ACT_FLAG,       /* ... is seen */
    ACT_REMOVE,     /* ... goes for good */
    ACT_EMPTY,      /* mailbox `place` of account `to` goes, with its mail */
    ACT_QUEUE,      /* a message of `size` is to leave, to `to` recipients */
    ACT_IMPORT,     /* `number` messages at once, unless they are known */
    ACT_CARE,       /* index, and put the log in its place */
    ACT_CHECKPOINT, /* to the end, the log begins anew; `place`: how */
    ACT_SWEEP,      /* what nobody names goes */
    ACT_BACKUP,
    ACT_REOPEN
};

struct act {
    enum act_kind kind;
    size_t size;
    unsigned to;
    int number;
    int place;
};

struct model {
    unsigned char place[WORK_MESSAGES][WORK_ACCOUNTS + 1];
    bool seen[WORK_MESSAGES][WORK_ACCOUNTS + 1];
    unsigned char queued[WORK_MESSAGES];
    int count; /* numbers given out */
};

struct plan {
    const char *name;
    const struct act *acts;
    int schema;  /* begin with a store of this one; 0: ours */
    bool is_new; /* begin with an empty folder */
};

struct work {
    const struct plan *plan;
    char root[128], copy[140]; /* the folder, and that of the rebuilt disk */
    struct disk disk;
    struct smail__files files;
    smail_store *store;
    bool unsafe;                        /* synchronous=OFF */
    struct model models[WORK_ACTS + 1]; /* before each act */
    struct {
        size_t size;
        unsigned to;
        smail_id ids[WORK_ACCOUNTS + 1];
    } messages[WORK_MESSAGES];
    int64_t now;
    char why[400];
};

extern const struct plan plans[];

/* work.c */
void work_begin(struct work *work, const struct plan *plan);
void work_run(struct work *work);
void work_end(struct work *work);
int work_open(smail_store **out, const char *folder, struct work *watched,
              smail_error *err);
char *work_message(const struct work *work, int number);
void work_must(int code, const smail_error *err);
void work_run_batch(struct work *work);

/* work_acts.c: do it, and change the model as it should change the store. */
void work_act(struct work *work, struct model *now, const struct act *act);
/* Whoever imports and was cut off begins anew: the messages that were added. */
int work_import_again(struct work *work, smail_store *store);

/* work_check.c: true if a cut just before operation `cut` leaves what it
 * should; else `why`. */
bool work_survives(struct work *work, size_t cut, uint64_t seed);

/* old_store.c: what stands there becomes a store of schema `version`. */
void old_store_make(const struct work *work, int version);

#endif
