/* SPDX-License-Identifier: MIT */
/*
 * queue_cost.c - what the queue costs by its length, measured inside the
 * library: queue.py runs it.
 *
 *   bench_queue_cost fill STORE COUNT           COUNT messages for 1,000 hosts
 *   bench_queue_cost measure SMALL LARGE ROUNDS
 *
 * Half of them are due, the others later; one in a hundred is held. Small and
 * large take turns so that what else the machine does falls on both; medians
 * are printed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/format.h"
#include "base/span.h"
#include "queue/queue.h"
#include "store/append.h"

#define NOW ((int64_t)1800000000)
#define LATER (NOW + 86400)
#define DESTINATIONS 1000
#define GROUP 500 /* messages of one transaction */
#define BATCH 5   /* as many as are due at one in the small store */
#define PAGE 50

static void fail(const char *what, const smail_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    exit(1);
}

static smail_store *open_store(const char *url)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store;

    if (smail_store_open(&store, url, &options, &err) < 0)
        fail(url, &err);
    return store;
}

/* --- Fill ---------------------------------------------------------------- */

struct filling {
    unsigned char name[16]; /* of the bytes that they all have */
    uint64_t next, count;
};

static int insert_one(smail_tx *tx, struct filling *filling, smail_error *err)
{
    uint64_t number = filling->next++;
    char destination[64], recipient[96];
    struct smail__queue_recipient one = { .original_recipient =
                                              SMAIL__SPAN("") };
    struct smail__queue_message message = {
        .sender = SMAIL__SPAN("user@bench.test"),
        .prefix = SMAIL__SPAN(""),
        .envelope_id = SMAIL__SPAN(""),
        .message_id = SMAIL__SPAN("<one@bench.test>"),
        .subject = SMAIL__SPAN("a message that waits"),
        .size = 4096,
        .created_at = NOW - 3600 + (int64_t)(number % 3600),
        .release_at = number % 2 == 0 ? 0 : LATER,
        .warn_at = LATER,
        .expires_at = NOW + 432000,
    };

    smail__format(destination, sizeof(destination), "d%u.relay.test",
                  (unsigned)(number / 2 % DESTINATIONS));
    smail__format(recipient, sizeof(recipient), "user%llu@%s",
                  (unsigned long long)number, destination);
    one.destination = smail__span(destination);
    one.recipient = smail__span(recipient);
    memcpy(message.name, filling->name, sizeof(message.name));
    return smail__queue_insert(tx, &message, &one, 1, err);
}

static int insert_group(smail_tx *tx, void *arg, smail_error *err)
{
    struct filling *filling = arg;
    uint64_t end = filling->next + GROUP;
    int code = 0;

    while (code == 0 && filling->next < end && filling->next < filling->count)
        code = insert_one(tx, filling, err);
    return code;
}

static int insert_first(smail_tx *tx, smail_append *append, void *arg,
                        smail_error *err)
{
    struct filling *filling = arg;

    memcpy(filling->name, append->id, sizeof(filling->name));
    return insert_one(tx, filling, err);
}

static void hold_some(smail_store *store, uint64_t count)
{
    for (uint64_t i = 100; i < count; i += 100) {
        smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
        smail_queue_change change = SMAIL_QUEUE_CHANGE_INIT;
        smail_error err = SMAIL_ERROR_INIT;

        query.message = (smail_id)i;
        change.action = SMAIL_QUEUE_HOLD;
        change.now = NOW;
        if (smail_queue_steer(store, &change, &query, NULL, NULL, &err) < 0)
            fail("hold", &err);
    }
}

static void fill(const char *url, uint64_t count)
{
    smail_store *store = open_store(url);
    struct filling filling = { .count = count };
    smail_error err = SMAIL_ERROR_INIT;
    smail_append *append;

    if (smail_append_new(&append, store, &err) < 0 ||
        smail_append_write(append, SMAIL__SPAN("Subject: x\r\n\r\nx\r\n"),
                           &err) < 0)
        fail("append", &err);
    smail__append_also(append, insert_first, &filling);
    if (smail_append_commit(append, NULL, 0, NULL, &err) < 0)
        fail("append", &err);
    smail_append_free(append);
    while (filling.next < count)
        if (smail__store_write(store, insert_group, &filling, &err) < 0)
            fail("insert", &err);
    hold_some(store, count);
    smail_store_close(store);
}

/* --- Measure ------------------------------------------------------------- */

struct place {
    smail_store *store;
    struct smail__queue_wish wish;
    struct smail__queue_claim *claim;
    int64_t token;
    char destination[64]; /* of the last claim */
};

static int claim_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct place *place = arg;

    return smail__queue_claim(&place->claim, tx, &place->wish, err);
}

static void claim(struct place *place, int64_t now)
{
    smail_error err = SMAIL_ERROR_INIT;

    place->wish = (struct smail__queue_wish){
        .now = now, .until = now + 600, .token = ++place->token, .max = BATCH
    };
    if (smail__store_write(place->store, claim_job, place, &err) < 0)
        fail("claim", &err);
}

static void do_claim(struct place *place)
{
    claim(place, NOW + 1);
    if (place->claim->count != BATCH)
        exit(1);
}

static int settle_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct smail__queue_claim *claim = ((struct place *)arg)->claim;
    struct smail__queue_result results[BATCH];

    for (size_t i = 0; i < claim->count; i++)
        results[i] = (struct smail__queue_result){
            .message = claim->messages[claim->items[i].message].id,
            .recipient = claim->items[i].recipient.id,
            .outcome = SMAIL_QUEUE_PUT_OFF,
            .next_attempt = NOW, /* so that all rounds are alike */
            .started_at = NOW,
            .ended_at = NOW,
            .host = SMAIL__SPAN("mx.relay.test"),
            .address = SMAIL__SPAN("192.0.2.1"),
            .tls = SMAIL__SPAN("TLSv1.3"),
            .phase = SMAIL__SPAN("RCPT"),
            .reply = SMAIL__SPAN("450 4.2.0 not now"),
        };
    return smail__queue_settle(tx, claim->destination, claim->token, results,
                               claim->count, NOW, err);
}

/* Of what was claimed. */
static void do_settle(struct place *place)
{
    smail_error err = SMAIL_ERROR_INIT;

    smail__format(place->destination, sizeof(place->destination), "%.*s",
                  SMAIL__SPAN_ARG(place->claim->destination));
    if (smail__store_write(place->store, settle_job, place, &err) < 0)
        fail("settle", &err);
    smail__queue_claim_free(place->claim);
    place->claim = NULL;
}

/* Nothing is due yet: when will something be? */
static void do_next_due(struct place *place)
{
    claim(place, NOW - 86400);
    if (place->claim->count != 0 || place->claim->next_due == 0)
        exit(1);
    smail__queue_claim_free(place->claim);
    place->claim = NULL;
}

static int count_entry(const smail_queue_entry *entry, void *user)
{
    (void)entry;
    ++*(unsigned *)user;
    return 0;
}

static void list(struct place *place, smail_queue_query *query)
{
    smail_error err = SMAIL_ERROR_INIT;
    unsigned count = 0;

    if (query->limit == 0)
        query->limit = PAGE;
    if (smail_queue_list(place->store, query, count_entry, &count, &err) != 0)
        fail("list", &err);
    if (count == 0)
        exit(1);
}

static void do_list(struct place *place)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    list(place, &query);
}

static void do_list_held(struct place *place)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    query.statuses = 1u << SMAIL_QUEUE_HELD;
    list(place, &query);
}

static void do_list_destination(struct place *place)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    query.destination = place->destination;
    query.statuses = 1u << SMAIL_QUEUE_WAITING;
    query.limit = BATCH; /* the small one has no more there */
    list(place, &query);
}

static void do_list_open(struct place *place)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    query.statuses = 1u << SMAIL_QUEUE_WAITING | 1u << SMAIL_QUEUE_HELD;
    list(place, &query);
}

static void do_list_last(struct place *place)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    query.after_message = 9000; /* a page amid it */
    query.after_recipient = 1;
    list(place, &query);
}

static const struct {
    const char *name;
    void (*run)(struct place *place);
} works[] = {
    { "claim", do_claim },
    { "settle", do_settle },
    { "next due", do_next_due },
    { "list, first page", do_list },
    { "list, a page amid it", do_list_last },
    { "list, what is open", do_list_open },
    { "list, what is held", do_list_held },
    { "list, one destination", do_list_destination },
};

#define WORKS (sizeof(works) / sizeof(works[0]))

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double *measured(double *times, size_t work, size_t side, size_t rounds)
{
    return times + (work * 2 + side) * rounds;
}

static void measure(char **urls, size_t rounds)
{
    struct place places[2] = { { .store = open_store(urls[0]) },
                               { .store = open_store(urls[1]) } };
    double *times = calloc(WORKS * 2 * rounds, sizeof(*times));

    if (times == NULL)
        exit(1);
    for (size_t round = 0; round < rounds; round++)
        for (size_t work = 0; work < WORKS; work++)
            for (size_t turn = 0; turn < 2; turn++) {
                size_t side = round % 2 == 0 ? turn : 1 - turn;
                double began = seconds();

                works[work].run(&places[side]);
                measured(times, work, side, rounds)[round] = seconds() - began;
            }
    for (size_t work = 0; work < WORKS; work++) {
        double median[2];

        for (size_t side = 0; side < 2; side++) {
            double *list = measured(times, work, side, rounds);

            qsort(list, rounds, sizeof(*list), compare);
            median[side] = list[rounds / 2] * 1e6;
        }
        printf("%s\t%.0f\t%.0f\t%.2f\n", works[work].name, median[0], median[1],
               median[1] / median[0]);
    }
    for (size_t side = 0; side < 2; side++)
        smail_store_close(places[side].store);
    free(times);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "fill") == 0) {
        fill(argv[2], strtoull(argv[3], NULL, 10));
    } else if (argc == 5 && strcmp(argv[1], "measure") == 0) {
        measure(argv + 2, strtoull(argv[4], NULL, 10));
    } else {
        fprintf(stderr, "bench_queue_cost fill STORE COUNT | "
                        "measure SMALL LARGE ROUNDS\n");
        return 2;
    }
    return 0;
}
