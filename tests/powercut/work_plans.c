/* SPDX-License-Identifier: MIT */
/* tests/powercut/work_plans.c - what is done while the power is cut. */
#include "work.h"

#define ALL 15

/* One transaction for several accounts, small and large. */
static const struct act recipients[] = {
    { ACT_DELIVER, 500, ALL, 0, 0 },
    { ACT_DELIVER, 70000, 3, 0, 0 },
    { ACT_DELIVER, 65537, ALL, 0, 0 },
    { ACT_CARE, 0, 0, 0, 0 },
    { ACT_DELIVER, 20000, 14, 0, 0 },
    { ACT_DELIVER, 150000, ALL, 0, 0 },
    { ACT_DELIVER, 64000, ALL, 0, 0 },
    { ACT_REOPEN, 0, 0, 0, 0 },
    { ACT_DELIVER, 100000, ALL, 0, 0 },
    { ACT_DELIVER, 300, ALL, 0, 0 },
    { ACT_END, 0, 0, 0, 0 },
};

static const struct act moves[] = {
    { ACT_DELIVER, 500, 3, 0, 0 },   { ACT_DELIVER, 70000, 1, 0, 0 },
    { ACT_MOVE, 0, 1, 0, ARCHIVE },  { ACT_MOVE, 0, 2, 0, OLD },
    { ACT_DELIVER, 3000, 5, 0, 0 },  { ACT_MOVE, 0, 1, 1, OLD },
    { ACT_CARE, 0, 0, 0, 0 },        { ACT_FLAG, 0, 1, 1, 0 },
    { ACT_MOVE, 0, 1, 1, INBOX },    { ACT_MOVE, 0, 1, 0, OLD },
    { ACT_FLAG, 0, 3, 2, 0 },        { ACT_MOVE, 0, 3, 2, ARCHIVE },
    { ACT_REOPEN, 0, 0, 0, 0 },      { ACT_MOVE, 0, 3, 2, INBOX },
    { ACT_DELIVER, 66000, 1, 0, 0 }, { ACT_MOVE, 0, 1, 3, ARCHIVE },
    { ACT_MOVE, 0, 2, 0, INBOX },    { ACT_END, 0, 0, 0, 0 },
};

static const struct act removals[] = {
    { ACT_DELIVER, 500, 3, 0, 0 },   { ACT_DELIVER, 70000, 3, 0, 0 },
    { ACT_REMOVE, 0, 1, 0, 0 },      { ACT_REMOVE, 0, 1, 1, 0 },
    { ACT_DELIVER, 3000, 5, 0, 0 },  { ACT_MOVE, 0, 1, 2, OLD },
    { ACT_DELIVER, 90000, 1, 0, 0 }, { ACT_MOVE, 0, 1, 3, OLD },
    { ACT_CARE, 0, 0, 0, 0 },        { ACT_FLAG, 0, 1, 3, 0 },
    { ACT_EMPTY, 0, 1, 0, OLD },     { ACT_REMOVE, 0, 2, 1, 0 },
    { ACT_DELIVER, 200, 1, 0, 0 },   { ACT_REMOVE, 0, 1, 4, 0 },
    { ACT_END, 0, 0, 0, 0 },
};

static const struct act imports[] = {
    { ACT_DELIVER, 500, 1, 0, 0 }, { ACT_IMPORT, 900, 1, 4, 0 },
    { ACT_IMPORT, 700, 1, 5, 0 },  { ACT_CARE, 0, 0, 0, 0 },
    { ACT_IMPORT, 1200, 2, 3, 0 }, { ACT_REOPEN, 0, 0, 0, 0 },
    { ACT_IMPORT, 800, 1, 4, 0 },  { ACT_DELIVER, 70000, 2, 0, 0 },
    { ACT_END, 0, 0, 0, 0 },
};

static const struct act queue[] = {
    { ACT_QUEUE, 400, 1, 0, 0 },    { ACT_QUEUE, 70000, 5, 0, 0 },
    { ACT_DELIVER, 900, 3, 0, 0 },  { ACT_QUEUE, 64000, 8, 0, 0 },
    { ACT_CARE, 0, 0, 0, 0 },       { ACT_SWEEP, 0, 0, 0, 0 },
    { ACT_QUEUE, 120000, 2, 0, 0 }, { ACT_QUEUE, 3000, 3, 0, 0 },
    { ACT_REOPEN, 0, 0, 0, 0 },     { ACT_QUEUE, 65536, 1, 0, 0 },
    { ACT_QUEUE, 65537, 1, 0, 0 },  { ACT_END, 0, 0, 0, 0 },
};

static const struct act after_upgrade[] = {
    { ACT_DELIVER, 500, 3, 0, 0 }, { ACT_MOVE, 0, 1, 1, OLD },
    { ACT_QUEUE, 70000, 2, 0, 0 }, { ACT_CARE, 0, 0, 0, 0 },
    { ACT_REMOVE, 0, 1, 2, 0 },    { ACT_END, 0, 0, 0, 0 },
};

static const struct act sweeps[] = {
    { ACT_DELIVER, 70000, 1, 0, 0 },   { ACT_DELIVER, 500, 1, 0, 0 },
    { ACT_DELIVER, 80000, 3, 0, 0 },   { ACT_REMOVE, 0, 1, 0, 0 },
    { ACT_REMOVE, 0, 1, 1, 0 },        { ACT_REMOVE, 0, 1, 2, 0 },
    { ACT_SWEEP, 0, 0, 0, 0 },         { ACT_DELIVER, 90000, 1, 0, 0 },
    { ACT_QUEUE, 100000, 2, 0, 0 },    { ACT_REMOVE, 0, 2, 2, 0 },
    { ACT_CARE, 0, 0, 0, 0 },          { ACT_SWEEP, 0, 0, 0, 0 },
    { ACT_DELIVER, 66000, ALL, 0, 0 }, { ACT_REMOVE, 0, 1, 3, 0 },
    { ACT_SWEEP, 0, 0, 0, 0 },         { ACT_END, 0, 0, 0, 0 },
};

static const struct act checkpoints[] = {
    { ACT_DELIVER, 60000, 1, 0, 0 },
    { ACT_DELIVER, 60000, 3, 0, 0 },
    { ACT_CHECKPOINT, 0, 0, 0, SMAIL__CHECKPOINT_PASSIVE },
    { ACT_DELIVER, 300, 1, 0, 0 },
    { ACT_DELIVER, 60000, ALL, 0, 0 },
    { ACT_CHECKPOINT, 0, 0, 0, SMAIL__CHECKPOINT_RESTART },
    { ACT_DELIVER, 400, 1, 0, 0 },
    { ACT_MOVE, 0, 1, 0, OLD },
    { ACT_CHECKPOINT, 0, 0, 0, SMAIL__CHECKPOINT_TRUNCATE },
    { ACT_DELIVER, 60000, 1, 0, 0 },
    { ACT_DELIVER, 700, 3, 0, 0 },
    { ACT_CHECKPOINT, 0, 0, 0, SMAIL__CHECKPOINT_PASSIVE },
    { ACT_REMOVE, 0, 1, 0, 0 },
    { ACT_REOPEN, 0, 0, 0, 0 },
    { ACT_CHECKPOINT, 0, 0, 0, SMAIL__CHECKPOINT_TRUNCATE },
    { ACT_DELIVER, 500, 1, 0, 0 },
    { ACT_END, 0, 0, 0, 0 },
};

static const struct act backups[] = {
    { ACT_DELIVER, 500, 1, 0, 0 }, { ACT_DELIVER, 70000, 3, 0, 0 },
    { ACT_BACKUP, 0, 0, 0, 0 },    { ACT_DELIVER, 80000, 1, 0, 0 },
    { ACT_REMOVE, 0, 1, 1, 0 },    { ACT_REMOVE, 0, 2, 1, 0 },
    { ACT_SWEEP, 0, 0, 0, 0 },     { ACT_DELIVER, 3000, ALL, 0, 0 },
    { ACT_BACKUP, 0, 0, 0, 0 },    { ACT_DELIVER, 66000, 4, 0, 0 },
    { ACT_BACKUP, 0, 0, 0, 0 },    { ACT_END, 0, 0, 0, 0 },
};

static const struct act first_mail[] = {
    { ACT_DELIVER, 500, 3, 0, 0 }, { ACT_DELIVER, 70000, 1, 0, 0 },
    { ACT_REOPEN, 0, 0, 0, 0 },    { ACT_DELIVER, 400, 1, 0, 0 },
    { ACT_END, 0, 0, 0, 0 },
};

const struct plan plans[] = {
    { "recipients", recipients, 0, false },
    { "moves", moves, 0, false },
    { "removals", removals, 0, false },
    { "imports", imports, 0, false },
    { "queue", queue, 0, false },
    { "upgrade1", after_upgrade, 1, false },
    { "upgrade2", after_upgrade, 2, false },
    { "upgrade3", after_upgrade, 3, false },
    { "sweeps", sweeps, 0, false },
    { "checkpoints", checkpoints, 0, false },
    { "backups", backups, 0, false },
    { "creation", first_mail, 0, true },
    { NULL, NULL, 0, false },
};
