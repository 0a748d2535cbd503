/* SPDX-License-Identifier: MIT */
/* Tasks cross threads whole, timers fire in time, work is bounded. */
#include "net/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/worker.h"

struct count {
    struct smail__task task;
    struct smail__loop *loop;
    atomic_int ran;
    atomic_int strange;
};

static void count_up(struct smail__task *task)
{
    struct count *count = (struct count *)task;

    if (!smail__loop_is_mine(count->loop))
        count->strange++;
    count->ran++;
}

static void *post_many(void *arg)
{
    struct count *counts = arg;

    for (int i = 0; i < 1000; i++)
        smail__loop_post(counts[i].loop, &counts[i].task);
    return NULL;
}

static void tasks_of_many_threads_all_run(void **state)
{
    struct smail__loop *loop;
    struct count *counts = calloc(4000, sizeof(*counts));
    pthread_t threads[4];

    (void)state;
    assert_int_equal(smail__loop_new(&loop, NULL), 0);
    assert_false(smail__loop_is_mine(loop));
    for (size_t i = 0; i < 4000; i++)
        counts[i] = (struct count){ .task.run = count_up, .loop = loop };
    assert_int_equal(smail__loop_start(loop, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, post_many, counts + i * 1000), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    smail__loop_stop(loop);
    smail__loop_join(loop);
    for (size_t i = 0; i < 4000; i++) {
        assert_int_equal(counts[i].ran, 1);
        assert_int_equal(counts[i].strange, 0);
    }
    smail__loop_free(loop);
    free(counts);
}

static void sleep_milliseconds(long milliseconds)
{
    nanosleep(&(struct timespec){ .tv_nsec = milliseconds * 1000000 }, NULL);
}

struct alarm {
    struct smail__task task;
    struct smail__timer timer;
    struct smail__loop *loop;
    uint64_t set_at, delay;
    atomic_ulong late; /* milliseconds behind the wanted moment, plus 1 */
};

static void ring(struct smail__timer *timer)
{
    struct alarm *alarm =
        (struct alarm *)((char *)timer - offsetof(struct alarm, timer));
    uint64_t now = smail__loop_now(alarm->loop);

    assert_true(now >= alarm->set_at + alarm->delay);
    alarm->late = now - alarm->set_at - alarm->delay + 1;
}

static void set_alarm(struct smail__task *task)
{
    struct alarm *alarm = (struct alarm *)task;

    alarm->set_at = smail__loop_now(alarm->loop);
    alarm->timer.fire = ring;
    smail__timer_set(&alarm->timer, alarm->loop, alarm->delay);
}

static void timers_are_never_early_and_hardly_late(void **state)
{
    struct smail__loop *loop;
    struct alarm alarms[5] = { 0 };
    static const uint64_t delays[5] = { 0, 50, 120, 400, 60000 };

    (void)state;
    assert_int_equal(smail__loop_new(&loop, NULL), 0);
    sleep_milliseconds(150); /* the loop is older than its thread */
    assert_int_equal(smail__loop_start(loop, NULL), 0);
    for (int i = 0; i < 5; i++) {
        alarms[i].task.run = set_alarm;
        alarms[i].loop = loop;
        alarms[i].delay = delays[i];
        smail__loop_post(loop, &alarms[i].task);
    }
    for (int i = 0; i < 100 && alarms[3].late == 0; i++)
        sleep_milliseconds(20);
    smail__loop_stop(loop);
    smail__loop_join(loop);
    for (int i = 0; i < 4; i++)
        assert_in_range(alarms[i].late, 1, 1500);
    assert_int_equal(alarms[4].late, 0);
    smail__loop_free(loop);
}

struct job {
    struct smail__work work;
    pthread_mutex_t *gate;
    atomic_int done;
};

static void work(struct smail__work *w)
{
    struct job *job = (struct job *)w;

    pthread_mutex_lock(job->gate);
    pthread_mutex_unlock(job->gate);
    job->done++;
}

static void a_full_queue_says_so_and_loses_nothing(void **state)
{
    struct smail__workers *workers;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job jobs[32] = { 0 };
    int taken = 0, refused = 0, done = 0;

    (void)state;
    assert_int_equal(smail__workers_new(&workers, 2, 8, 5, NULL), 0);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 32; i++) {
        jobs[i].work.run = work;
        jobs[i].gate = &gate;
        int rc = smail__workers_submit(workers, &jobs[i].work);

        if (rc == 0)
            taken++;
        else if (rc == SMAIL_ELIMIT)
            refused++;
    }
    pthread_mutex_unlock(&gate);
    smail__workers_free(workers);
    for (int i = 0; i < 32; i++)
        done += jobs[i].done;
    assert_int_equal(taken + refused, 32);
    assert_in_range(taken, 8, 10); /* the queue, and one per thread */
    assert_int_equal(done, taken);
}

struct turn {
    struct smail__work work;
    pthread_mutex_t *gate;
    atomic_int *count;
    int at; /* when it was done; 0: not */
};

static void take_turn(struct smail__work *w)
{
    struct turn *turn = (struct turn *)w;

    pthread_mutex_lock(turn->gate);
    pthread_mutex_unlock(turn->gate);
    turn->at = ++*turn->count;
}

/* One waits at the gate, the others in the queue. */
static void lower_ranks_go_first_and_push_others_out(void **state)
{
    static const unsigned ranks[] = { 5, 3, 1, 3, 0, 9, 3, 3 };
    static const int turns[] = { 1, 4, 3, 0, 2, 0, 0, 0 };
    struct smail__workers *workers;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    atomic_int count = 0;
    struct turn jobs[8] = { 0 };
    struct smail__work *displaced = NULL;

    (void)state;
    assert_int_equal(smail__workers_new(&workers, 1, 3, 0, NULL), 0);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 8; i++) {
        jobs[i] =
            (struct turn){ { take_turn, NULL, ranks[i] }, &gate, &count, 0 };
        int rc =
            smail__workers_submit_ranked(workers, &jobs[i].work, &displaced);

        if (i == 0)
            sleep(1); /* it has left the queue */
        assert_int_equal(rc, i < 5 ? 0 : SMAIL_ELIMIT);
        assert_ptr_equal(displaced, i == 4 ? &jobs[3].work : NULL);
    }
    pthread_mutex_unlock(&gate);
    smail__workers_free(workers);
    for (int i = 0; i < 8; i++)
        if (jobs[i].at != turns[i])
            fail_msg("job %d came as %d", i, jobs[i].at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_of_many_threads_all_run),
        cmocka_unit_test(timers_are_never_early_and_hardly_late),
        cmocka_unit_test(a_full_queue_says_so_and_loses_nothing),
        cmocka_unit_test(lower_ranks_go_first_and_push_others_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
