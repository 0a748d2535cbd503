/* SPDX-License-Identifier: MIT */
/*
 * purge.c - how long a delivery waits while a store tidies up. The store is on
 * disk and syncs.
 *
 *   bench_purge URL COUNT
 *
 * COUNT messages come into a trash and are too old at once. One delivery after
 * the other is timed, from commit to done: first alone, then while another
 * thread lets the trash go, then while rows that are due go, then alone again.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <smtpmail/account.h>

#include "base/format.h"
#include "base/span.h"
#include "store/append.h"
#include "store/retention.h"
#include "store/tidy.h"

#define SAMPLES_MAX 200000
#define ALONE 1500
#define FLIGHT 256 /* appends under way while the trash is filled */

struct bench {
    smail_store *store;
    smail_id account, trash;
    uint64_t count;
    atomic_bool done;
    double seconds;
    double samples[SAMPLES_MAX];
    size_t sample_count;
};

static void must(int code, const smail_error *err)
{
    if (code >= 0)
        return;
    fprintf(stderr, "%d: %s\n", code, err->message);
    exit(1);
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static smail_append *message(struct bench *bench, uint64_t number)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_append *append;
    char text[4096];

    smail__format(text, sizeof(text),
                  "From: a@bench.test\r\nMessage-ID: <%llu@bench.test>\r\n"
                  "Subject: %llu\r\n\r\n%s\r\n",
                  (unsigned long long)number, (unsigned long long)number,
                  "what it says, and a little more of it");
    must(smail_append_new(&append, bench->store, &err), &err);
    must(smail_append_write(append, smail__span(text), &err), &err);
    return append;
}

/* --- The trash ----------------------------------------------------------- */

struct flight {
    pthread_mutex_t mutex;
    pthread_cond_t landed;
    size_t count;
    smail_append *appends[FLIGHT];
};

static void on_landed(const smail_error *error, const smail_appended *results,
                      void *user)
{
    struct flight *flight = user;

    (void)results;
    if (error != NULL) {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
    pthread_mutex_lock(&flight->mutex);
    if (--flight->count == 0)
        pthread_cond_signal(&flight->landed);
    pthread_mutex_unlock(&flight->mutex);
}

static void fill(struct bench *bench)
{
    struct flight flight = { .mutex = PTHREAD_MUTEX_INITIALIZER,
                             .landed = PTHREAD_COND_INITIALIZER };
    smail_target target = { .account = bench->account,
                            .mailbox = bench->trash };
    smail_error err = SMAIL_ERROR_INIT;

    for (uint64_t i = 0; i < bench->count; i += FLIGHT) {
        size_t some = bench->count - i < FLIGHT ? bench->count - i : FLIGHT;

        flight.count = some;
        for (size_t j = 0; j < some; j++) {
            flight.appends[j] = message(bench, i + j);
            must(smail_append_commit_later(flight.appends[j], &target, 1,
                                           on_landed, &flight, &err),
                 &err);
        }
        pthread_mutex_lock(&flight.mutex);
        while (flight.count > 0)
            pthread_cond_wait(&flight.landed, &flight.mutex);
        pthread_mutex_unlock(&flight.mutex);
        for (size_t j = 0; j < some; j++)
            smail_append_free(flight.appends[j]);
    }
}

static int execute(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__db_exec(smail__tx_db(tx), arg, err);
}

/* All that is in the trash came there long ago, and log-ins were long ago. */
static void age(struct bench *bench)
{
    char mark[] = "UPDATE mailbox_mark SET at = 1";
    char text[400];
    uint64_t purged;
    smail_error err = SMAIL_ERROR_INIT;

    must(smail__retention_apply(&purged, bench->store, &err), &err);
    must(smail__store_write(bench->store, execute, mark, &err), &err);
    smail__format(text, sizeof(text),
                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                  "FROM n WHERE i < %llu) INSERT INTO login_event (account, "
                  "id, at, service, method, peer, outcome) SELECT %lld, i, i, "
                  "'imap', 'PLAIN', '192.0.2.1', 0 FROM n",
                  (unsigned long long)bench->count, (long long)bench->account);
    must(smail__store_write(bench->store, execute, text, &err), &err);
}

static void open_store(struct bench *bench, const char *url)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_id domain;

    options.keep_trash = 86400;
    must(smail_store_open(&bench->store, url, &options, &err), &err);
    must(smail_domain_add(&domain, bench->store, "bench.test", &err), &err);
    must(smail_account_add(&bench->account, bench->store, "a@bench.test", NULL,
                           &err),
         &err);
    must(smail_mailbox_find_role(&bench->trash, bench->store, bench->account,
                                 SMAIL_ROLE_TRASH, &err),
         &err);
}

/* --- Deliveries ---------------------------------------------------------- */

static void deliver(struct bench *bench)
{
    smail_target target = { .account = bench->account };
    smail_append *append = message(bench, bench->sample_count + 1000000000);
    smail_error err = SMAIL_ERROR_INIT;
    double begin = now();

    must(smail_append_commit(append, &target, 1, NULL, &err), &err);
    bench->samples[bench->sample_count++] = (now() - begin) * 1000;
    smail_append_free(append);
}

static int order(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static void report(struct bench *bench, const char *title)
{
    size_t n = bench->sample_count;

    qsort(bench->samples, n, sizeof(*bench->samples), order);
    printf("%-28s %6zu deliveries  median %6.2f ms  p99 %6.2f ms  worst "
           "%7.2f ms",
           title, n, bench->samples[n / 2], bench->samples[n * 99 / 100],
           bench->samples[n - 1]);
    if (bench->seconds > 0)
        printf("  took %.1f s", bench->seconds);
    printf("\n");
    fflush(stdout);
    bench->sample_count = 0;
    bench->seconds = 0;
}

static void alone(struct bench *bench)
{
    while (bench->sample_count < ALONE)
        deliver(bench);
    report(bench, "alone");
}

static void *purge(void *arg)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct bench *bench = arg;
    double begin = now();
    uint64_t purged;

    must(smail__retention_apply(&purged, bench->store, &err), &err);
    if (purged != bench->count)
        fprintf(stderr, "only %llu went\n", (unsigned long long)purged);
    bench->seconds = now() - begin;
    atomic_store(&bench->done, true);
    return NULL;
}

static void *tidy(void *arg)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct bench *bench = arg;
    double begin = now();

    must(smail__tidy_apply(NULL, bench->store, (int64_t)time(NULL), &err),
         &err);
    bench->seconds = now() - begin;
    atomic_store(&bench->done, true);
    return NULL;
}

static void beside(struct bench *bench, const char *title,
                   void *(*work)(void *arg))
{
    pthread_t thread;

    atomic_store(&bench->done, false);
    if (pthread_create(&thread, NULL, work, bench) != 0)
        exit(1);
    while (!atomic_load(&bench->done) && bench->sample_count < SAMPLES_MAX)
        deliver(bench);
    pthread_join(thread, NULL);
    report(bench, title);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    uint64_t lag = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: bench_purge URL COUNT\n");
        return 2;
    }
    bench.count = strtoull(argv[2], NULL, 10);
    open_store(&bench, argv[1]);
    fill(&bench);
    age(&bench);
    /* What is behind deliveries anyway is not measured here. */
    while (lag > 0 && smail_store_index_lag(&lag, bench.store, NULL) == 0)
        nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
    alone(&bench);
    beside(&bench, "while the trash goes", purge);
    beside(&bench, "while changes and more go", tidy);
    alone(&bench);
    smail_store_close(bench.store);
    return 0;
}
