/* SPDX-License-Identifier: MIT */
/*
 * Random changes to mailboxes and messages, beside a model of them in memory:
 * after each, uids and modseqs have grown and kept; after some, all counts are
 * those of the model; now and then the store is checked.
 *
 * MODEL_SEED=7 runs one sequence, MODEL_STEPS=5000 a longer one. A failure
 * names the seed and the step.
 */
#include "store/fixture.h"

#include "store/mailbox_row.h"

#define SEEDS 20
#define STEPS 400
#define BOXES 64 /* in all; a number is not used again */
#define MESSAGES 4096
#define THREADS 12

enum state { NONE, LIVE, REMOVED };

struct box {
    bool is_there;
    smail_id id, parent;
    uint32_t uidvalidity, uidnext;
    char path[64];
};

struct message {
    enum state state;
    smail_id id, thread;
    uint64_t places; /* bits of boxes; when removed: where it was */
    int64_t uids[BOXES];
    bool is_seen, is_flagged;
    uint64_t size;
};

struct model {
    struct fixture f;
    uint64_t seed, random;
    unsigned step;
    smail_id account;
    int64_t modseq;
    struct box boxes[BOXES];
    size_t box_count;
    struct message messages[MESSAGES];
    size_t message_count;
};

static void fail_here(const struct model *model, const char *what, int line)
{
    print_error("MODEL_SEED=%llu, step %u, line %d: %s (%s)\n",
                (unsigned long long)model->seed, model->step, line, what,
                model->f.err.message);
    fail();
}

#define EXPECT(model, condition)                      \
    do {                                              \
        if (!(condition))                             \
            fail_here((model), #condition, __LINE__); \
    } while (0)
#define OK(model, call) EXPECT(model, (call) >= 0)

static uint64_t draw(struct model *model, uint64_t count)
{
    uint64_t x = model->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    model->random = x;
    return (x * 0x2545f4914f6cdd1du >> 16) % count;
}

/* --- Choosing ------------------------------------------------------------ */

static struct box *any_box(struct model *model)
{
    for (;;) {
        struct box *box = &model->boxes[draw(model, model->box_count)];

        if (box->is_there)
            return box;
    }
}

static uint64_t bit(const struct model *model, const struct box *box)
{
    return (uint64_t)1 << (box - model->boxes);
}

/* NULL: there is none. The newest are liked better. */
static struct message *any_message(struct model *model, enum state state)
{
    struct message *found = NULL;
    uint64_t seen = 0;

    for (size_t i = 0; i < model->message_count; i++)
        if (model->messages[i].state == state && draw(model, ++seen) == 0)
            found = &model->messages[i];
    return found;
}

/* --- Looking ------------------------------------------------------------- */

static int64_t number(struct model *model, const char *sql, int64_t first,
                      int64_t second)
{
    struct smail__db *db;
    int64_t value = -1;
    int code;

    OK(model, smail__store_begin_read(&db, model->f.store, &model->f.err));
    code = smail__db_value(&value, db, sql, first, second, &model->f.err);
    smail__store_end_read(model->f.store, db);
    OK(model, code);
    return value;
}

static int64_t modseq_of(struct model *model)
{
    return number(model, "SELECT modseq FROM account WHERE id = $1",
                  model->account, INT64_MIN);
}

/* What changed has a modseq that nothing had before. */
static void expect_change(struct model *model, const struct message *message)
{
    int64_t now = modseq_of(model);

    EXPECT(model, now > model->modseq);
    if (message != NULL && message->state == LIVE) {
        int64_t own = number(model,
                             "SELECT modseq FROM email WHERE account = $1 "
                             "AND id = $2",
                             model->account, message->id);

        EXPECT(model, own > model->modseq && own <= now);
    }
}

/* Where it was it has its uids still; where it came, higher ones. */
static void expect_uids(struct model *model, struct message *message)
{
    for (size_t i = 0; i < model->box_count; i++) {
        struct box *box = &model->boxes[i];
        int64_t uid;

        if ((message->places & (uint64_t)1 << i) == 0) {
            message->uids[i] = 0;
            continue;
        }
        uid = number(model,
                     "SELECT uid FROM email_mailbox WHERE mailbox = $1 "
                     "AND email = $2",
                     box->id, message->id);
        if (message->uids[i] != 0) {
            EXPECT(model, uid == message->uids[i]);
        } else {
            EXPECT(model, uid >= (int64_t)box->uidnext);
        }
        message->uids[i] = uid;
    }
}

/* --- Acts ---------------------------------------------------------------- */

static void act_append(struct model *model)
{
    struct message *message = &model->messages[model->message_count];
    struct box *box = any_box(model);
    bool is_seen = draw(model, 2) == 0;
    smail_target target = { model->account, box->id, is_seen ? "$seen" : NULL,
                            0 };
    uint64_t thread = draw(model, THREADS);
    smail_appended out;
    char text[200];

    if (model->message_count == MESSAGES)
        return;
    smail__format(text, sizeof(text),
                  "Message-ID: <m%zu@x.test>\r\nReferences: <t%llu@x.test>\r\n"
                  "Subject: thread %llu\r\n\r\n%.*s\r\n",
                  model->message_count, (unsigned long long)thread,
                  (unsigned long long)thread, (int)draw(model, 40),
                  "0123456789012345678901234567890123456789");
    OK(model, fixture_append_to(&out, model->f.store, smail__span(text),
                                &target, 1, &model->f.err));
    EXPECT(model, out.uid >= box->uidnext);
    *message = (struct message){ .state = LIVE,
                                 .id = out.email,
                                 .thread = out.thread,
                                 .places = bit(model, box),
                                 .is_seen = is_seen,
                                 .size = strlen(text) };
    model->message_count++;
    expect_change(model, message);
    expect_uids(model, message);
}

static void act_move(struct model *model)
{
    struct message *message = any_message(model, LIVE);
    struct box *box = any_box(model);
    bool moves;

    if (message == NULL)
        return;
    moves = message->places != bit(model, box);
    OK(model, smail_email_move(model->f.store, model->account, message->id,
                               box->id, &model->f.err));
    message->places = bit(model, box);
    if (moves)
        expect_change(model, message);
    expect_uids(model, message);
}

/* Some in, some out; not out of all. */
static void act_place(struct model *model)
{
    struct message *message = any_message(model, LIVE);
    smail_placing placing = SMAIL_PLACING_INIT;
    smail_id add[4], remove[4];
    uint64_t places;
    int code;

    if (message == NULL)
        return;
    places = message->places;
    placing.add = add;
    placing.remove = remove;
    for (uint64_t i = draw(model, 4); i > 0; i--) {
        struct box *box = any_box(model);

        remove[placing.remove_count++] = box->id;
        places &= ~bit(model, box);
    }
    for (uint64_t i = draw(model, 4); i > 0; i--) {
        struct box *box = any_box(model);

        add[placing.add_count++] = box->id;
        places |= bit(model, box);
    }
    code = smail_email_place(model->f.store, model->account, message->id,
                             &placing, &model->f.err);
    if (places == 0) {
        EXPECT(model, code == SMAIL_ESTATE);
        EXPECT(model, modseq_of(model) == model->modseq);
        return;
    }
    OK(model, code);
    if (places != message->places) {
        message->places = places;
        expect_change(model, message);
    }
    expect_uids(model, message);
}

static void act_flag(struct model *model)
{
    struct message *message = any_message(model, LIVE);
    bool seen = draw(model, 2) == 0, on = draw(model, 2) == 0;
    const char *word = seen ? "$seen" : "$Flagged mine";
    bool *value;

    if (message == NULL)
        return;
    value = seen ? &message->is_seen : &message->is_flagged;
    OK(model,
       smail_email_flag(model->f.store, model->account, message->id,
                        on ? word : NULL, on ? NULL : word, &model->f.err));
    if (*value != on)
        expect_change(model, message);
    *value = on;
    expect_uids(model, message);
}

static void act_remove(struct model *model)
{
    struct message *message = any_message(model, LIVE);

    if (message == NULL)
        return;
    OK(model, smail_email_remove(model->f.store, model->account, message->id,
                                 &model->f.err));
    message->state = REMOVED;
    expect_change(model, NULL);
    EXPECT(model,
           smail_email_remove(model->f.store, model->account, message->id,
                              &model->f.err) == SMAIL_ENOTFOUND);
}

static void act_undelete(struct model *model)
{
    struct message *message = any_message(model, REMOVED);
    uint64_t places = 0;
    smail_id id;

    if (message == NULL)
        return;
    OK(model, smail_email_undelete(&id, model->f.store, model->account,
                                   message->id, &model->f.err));
    EXPECT(model, id > message->id);
    for (size_t i = 0; i < model->box_count; i++)
        if (model->boxes[i].is_there)
            places |= message->places & (uint64_t)1 << i;
    message->places = places != 0 ? places : 1; /* the inbox */
    message->id = id;
    message->state = LIVE;
    memset(message->uids, 0, sizeof(message->uids));
    expect_change(model, message);
    expect_uids(model, message);
}

static void act_purge(struct model *model)
{
    struct message *message = any_message(model, REMOVED);
    uint64_t count = 0;

    if (message == NULL)
        return;
    OK(model, smail_removed_purge(&count, model->f.store, model->account,
                                  message->id, &model->f.err));
    EXPECT(model, count == 1);
    message->state = NONE;
    EXPECT(model,
           smail_email_undelete(NULL, model->f.store, model->account,
                                message->id, &model->f.err) == SMAIL_ENOTFOUND);
}

static void act_add_box(struct model *model)
{
    struct box *parent = draw(model, 3) == 0 ? any_box(model) : NULL;
    struct box *box = &model->boxes[model->box_count];

    if (model->box_count == BOXES || (parent != NULL && parent->parent != 0))
        return;
    if (parent == NULL)
        smail__format(box->path, sizeof(box->path), "b%zu", model->box_count);
    else
        smail__format(box->path, sizeof(box->path), "%s/b%zu", parent->path,
                      model->box_count);
    OK(model, smail_mailbox_create(&box->id, model->f.store, model->account,
                                   box->path, &model->f.err));
    box->parent = parent != NULL ? parent->id : 0;
    box->is_there = true;
    model->box_count++;
    expect_change(model, NULL);
}

static bool has_child(const struct model *model, const struct box *box)
{
    for (size_t i = 0; i < model->box_count; i++)
        if (model->boxes[i].is_there && model->boxes[i].parent == box->id)
            return true;
    return false;
}

/* At the top, to another name there. */
static void act_rename_box(struct model *model)
{
    struct box *box = any_box(model);

    if (box == model->boxes || box->parent != 0 || has_child(model, box))
        return;
    smail__format(box->path, sizeof(box->path), "r%u", model->step);
    OK(model, smail_mailbox_rename(model->f.store, model->account, box->id,
                                   box->path, &model->f.err));
    expect_change(model, NULL);
}

static void act_remove_box(struct model *model)
{
    struct box *box = any_box(model);
    uint64_t own = bit(model, box);
    int code = smail_mailbox_remove(model->f.store, model->account, box->id,
                                    &model->f.err);

    if (box == model->boxes) {
        EXPECT(model, code == SMAIL_EINVAL);
        return;
    }
    if (has_child(model, box)) {
        EXPECT(model, code == SMAIL_ESTATE);
        return;
    }
    OK(model, code);
    box->is_there = false;
    expect_change(model, NULL);
    for (size_t i = 0; i < model->message_count; i++) {
        struct message *message = &model->messages[i];

        if (message->state != LIVE || (message->places & own) == 0)
            continue;
        if (message->places == own) {
            message->state = REMOVED;
            continue;
        }
        message->places &= ~own;
        expect_uids(model, message);
    }
}

/* --- All of it ----------------------------------------------------------- */

/* Conversations of `box`; `unread`: those with an unread message in it. */
static int64_t threads_of(const struct model *model, size_t box, bool unread)
{
    int64_t count = 0;

    for (size_t i = 0; i < model->message_count; i++) {
        const struct message *one = &model->messages[i];
        bool is_first = true, is_unread = false;

        if (one->state != LIVE || (one->places & (uint64_t)1 << box) == 0)
            continue;
        for (size_t j = 0; j < model->message_count; j++) {
            const struct message *other = &model->messages[j];

            if (other->state != LIVE || other->thread != one->thread)
                continue;
            if (j < i && (other->places & (uint64_t)1 << box) != 0)
                is_first = false;
            if (!other->is_seen && (other->places & (uint64_t)1 << box) != 0)
                is_unread = true;
        }
        count += is_first && (!unread || is_unread);
    }
    return count;
}

static int look_at_box(const smail_mailbox *mailbox, const char *path,
                       void *user)
{
    struct model *model = user;
    uint64_t total = 0, unread = 0;
    struct box *box = NULL;

    for (size_t i = 0; i < model->box_count; i++)
        if (model->boxes[i].is_there && model->boxes[i].id == mailbox->id)
            box = &model->boxes[i];
    EXPECT(model, box != NULL);
    EXPECT(model, strcmp(path, box->path) == 0);
    EXPECT(model, mailbox->uidnext >= box->uidnext);
    EXPECT(model,
           box->uidvalidity == 0 || box->uidvalidity == mailbox->uidvalidity);
    box->uidnext = mailbox->uidnext;
    box->uidvalidity = mailbox->uidvalidity;
    for (size_t i = 0; i < model->message_count; i++) {
        const struct message *message = &model->messages[i];

        if (message->state != LIVE || (message->places & bit(model, box)) == 0)
            continue;
        total++;
        unread += !message->is_seen;
        EXPECT(model, message->uids[box - model->boxes] < mailbox->uidnext);
    }
    EXPECT(model, mailbox->total == total);
    EXPECT(model, mailbox->unread == unread);
    return 0;
}

static void look_at_boxes(struct model *model)
{
    OK(model, smail_mailbox_list(model->f.store, model->account, look_at_box,
                                 model, &model->f.err));
}

static void look_at_threads(struct model *model)
{
    for (size_t i = 0; i < model->box_count; i++) {
        int64_t total = -1, unread = -1;
        struct smail__db *db;

        if (!model->boxes[i].is_there)
            continue;
        OK(model, smail__store_begin_read(&db, model->f.store, &model->f.err));
        OK(model, smail__mailbox_threads(&total, &unread, db, model->account,
                                         model->boxes[i].id, &model->f.err));
        smail__store_end_read(model->f.store, db);
        EXPECT(model, total == threads_of(model, i, false));
        EXPECT(model, unread == threads_of(model, i, true));
    }
}

static int count_one(const smail_removed *removed, void *user)
{
    (void)removed;
    ++*(uint64_t *)user;
    return 0;
}

static void look_at_sums(struct model *model)
{
    uint64_t emails = 0, bytes = 0, removed = 0, listed = 0;

    for (size_t i = 0; i < model->message_count; i++) {
        const struct message *message = &model->messages[i];

        emails += message->state == LIVE;
        bytes += message->state == LIVE ? message->size : 0;
        removed += message->state == REMOVED;
    }
    EXPECT(model, number(model, "SELECT used_emails FROM account WHERE id = $1",
                         model->account, INT64_MIN) == (int64_t)emails);
    EXPECT(model, number(model, "SELECT used_bytes FROM account WHERE id = $1",
                         model->account, INT64_MIN) == (int64_t)bytes);
    OK(model, smail_removed_list(model->f.store, model->account, 0, count_one,
                                 &listed, &model->f.err));
    EXPECT(model, listed == removed);
}

static void check_store(struct model *model)
{
    uint64_t faults = 99;

    OK(model, smail_store_check(&faults, model->f.store, fixture_print, NULL,
                                &model->f.err));
    EXPECT(model, faults == 0);
}

/* --- Runs ---------------------------------------------------------------- */

static void act(struct model *model)
{
    static const struct {
        unsigned weight;
        void (*run)(struct model *model);
    } acts[] = {
        { 30, act_append },    { 12, act_place },  { 8, act_move },
        { 12, act_flag },      { 10, act_remove }, { 6, act_undelete },
        { 3, act_purge },      { 4, act_add_box }, { 3, act_rename_box },
        { 3, act_remove_box },
    };
    uint64_t at = draw(model, 91);

    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (at < acts[i].weight) {
            acts[i].run(model);
            return;
        }
        at -= acts[i].weight;
    }
}

static void begin(struct model *model, uint64_t seed)
{
    struct smail__store_hooks hooks = { .unsafe = true };
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;

    fixture_begin(&model->f);
    options.manual = true;
    options.keep_removed = 86400;
    fixture_ok(&model->f,
               smail__store_open_with(&model->f.store, model->f.url, &options,
                                      &hooks, &model->f.err));
    model->seed = seed;
    model->random = seed * 0x9e3779b97f4a7c15u + 1;
    model->account = fixture_account(&model->f, "bob@example.test", 0);
    fixture_ok(&model->f, smail_mailbox_find_role(
                              &model->boxes[0].id, model->f.store,
                              model->account, SMAIL_ROLE_INBOX, &model->f.err));
    memcpy(model->boxes[0].path, "Inbox", 6);
    model->boxes[0].is_there = true;
    model->box_count = 1;
}

static void run(uint64_t seed, unsigned steps)
{
    struct model *model = calloc(1, sizeof(*model));

    assert_non_null(model);
    begin(model, seed);
    for (model->step = 1; model->step <= steps; model->step++) {
        look_at_boxes(model);
        model->modseq = modseq_of(model);
        act(model);
        EXPECT(model, modseq_of(model) >= model->modseq);
        if (model->step % 10 == 0)
            look_at_sums(model);
        if (model->step % 25 == 0)
            look_at_threads(model);
        if (model->step % 100 == 0)
            check_store(model);
    }
    look_at_boxes(model);
    look_at_threads(model);
    look_at_sums(model);
    fixture_end(&model->f);
    free(model);
}

static void the_store_does_as_the_model(void **state)
{
    const char *seed = getenv("MODEL_SEED"), *steps = getenv("MODEL_STEPS");
    unsigned count = steps != NULL ? (unsigned)strtoul(steps, NULL, 10) : STEPS;

    (void)state;
    if (seed != NULL) {
        run(strtoull(seed, NULL, 10), count);
        return;
    }
    for (uint64_t i = 1; i <= SEEDS; i++)
        run(i, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_does_as_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
