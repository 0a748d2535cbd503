/* SPDX-License-Identifier: MIT */
/* Whichever address answers first: the others cost a moment, not the time that
 * a host may take. */
#include "net/race.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/format.h"
#include "base/span.h"

/* Connections that fill the queue of a listener that takes nobody. */
#define FILLERS 4

struct fixture {
    struct smail__loop *loop;
    struct smail__task start;
    struct smail__timer timer;
    struct smail__race *race;
    struct smail__racer list[SMAIL__RACE_ADDRESSES_MAX + 1];
    size_t count;
    int listener;
    int silent, fillers[FILLERS];
    bool is_done;
    int fd;
    size_t index;
    char why[200];
};

static void on_done(int fd, size_t index, const char *why, void *user)
{
    struct fixture *f = user;

    assert_false(f->is_done);
    f->is_done = true;
    f->fd = fd;
    f->index = index;
    smail__format(f->why, sizeof(f->why), "%s", why);
    smail__loop_stop(f->loop);
}

static void on_start(struct smail__task *task)
{
    struct fixture *f =
        (struct fixture *)((char *)task - offsetof(struct fixture, start));

    assert_int_equal(smail__race_start(&f->race, f->loop, f->list, f->count,
                                       on_done, f, NULL),
                     0);
    assert_false(f->is_done); /* later, whatever happens */
}

static int set_up(void **state)
{
    static struct fixture f;

    memset(&f, 0, sizeof(f));
    f.listener = -1;
    f.silent = -1;
    f.fd = -1;
    *state = &f;
    return smail__loop_new(&f.loop, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->fd >= 0)
        close(f->fd);
    if (f->listener >= 0)
        close(f->listener);
    for (int i = 0; f->silent >= 0 && i < FILLERS; i++)
        close(f->fillers[i]);
    if (f->silent >= 0)
        close(f->silent);
    smail__loop_free(f->loop);
    return 0;
}

static void add(struct fixture *f, const char *text)
{
    assert_int_equal(
        smail__endpoint_parse(&f->list[f->count].to, smail__span(text), NULL),
        0);
    f->count++;
}

/* At a port of loopback, which is added. */
static int listen_at(struct fixture *f, struct sockaddr_in *address,
                     int backlog)
{
    socklen_t len = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char text[64];

    *address = (struct sockaddr_in){ .sin_family = AF_INET };
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
    smail__format(text, sizeof(text), "127.0.0.1:%u",
                  (unsigned)ntohs(address->sin_port));
    add(f, text);
    return fd;
}

/* Somebody listens there, or nobody does any more. */
static void add_port(struct fixture *f, bool listens)
{
    struct sockaddr_in address;
    int fd = listen_at(f, &address, 5);

    if (listens)
        f->listener = fd;
    else
        close(fd);
}

/* Calls are neither taken nor refused. */
static void add_silent(struct fixture *f)
{
    struct sockaddr_in address;

    f->silent = listen_at(f, &address, 0);
    for (int i = 0; i < FILLERS; i++) {
        f->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(f->fillers[i], (struct sockaddr *)&address,
                      sizeof(address));
    }
}

static void run(struct fixture *f)
{
    f->start.run = on_start;
    smail__loop_post(f->loop, &f->start);
    smail__loop_run(f->loop);
    assert_true(f->is_done);
}

static void assert_connected(const struct fixture *f)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);

    assert_true(f->fd >= 0);
    assert_int_equal(getpeername(f->fd, (struct sockaddr *)&peer, &len), 0);
}

static void one_that_answers_is_taken(void **state)
{
    struct fixture *f = *state;

    add_port(f, true);
    run(f);
    assert_connected(f);
    assert_int_equal(f->index, 0);
}

static void a_refusal_brings_the_next_at_once(void **state)
{
    struct fixture *f = *state;
    uint64_t began = smail__loop_now(f->loop);

    for (int i = 0; i < 8; i++)
        add_port(f, false);
    add_port(f, true);
    run(f);
    assert_connected(f);
    assert_int_equal(f->index, 8);
    /* Eight waits would be two seconds. */
    assert_true(smail__loop_now(f->loop) - began <
                8 * (uint64_t)SMAIL__RACE_MILLISECONDS);
}

static void silence_costs_a_moment(void **state)
{
    struct fixture *f = *state;
    uint64_t began = smail__loop_now(f->loop);

    add_silent(f);
    add_port(f, true);
    run(f);
    assert_connected(f);
    assert_int_equal(f->index, 1);
    assert_true(smail__loop_now(f->loop) - began >= SMAIL__RACE_MILLISECONDS);
    assert_true(smail__loop_now(f->loop) - began < 5000);
}

static void when_nobody_answers_the_last_word_is_told(void **state)
{
    struct fixture *f = *state;

    add_port(f, false);
    add_port(f, false);
    run(f);
    assert_int_equal(f->fd, -1);
    assert_non_null(strstr(f->why, "refused"));
}

static void without_addresses_there_is_nobody(void **state)
{
    struct fixture *f = *state;

    run(f);
    assert_int_equal(f->fd, -1);
    assert_non_null(strstr(f->why, "no address"));
}

static void so_many_and_no_more_are_called(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < SMAIL__RACE_ADDRESSES_MAX - 1; i++)
        add_port(f, false);
    add_port(f, true);
    run(f);
    assert_int_equal(f->index, SMAIL__RACE_ADDRESSES_MAX - 1);
}

static void one_more_is_left_out(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < SMAIL__RACE_ADDRESSES_MAX; i++)
        add_port(f, false);
    add_port(f, true);
    run(f);
    assert_int_equal(f->fd, -1);
}

static void on_time(struct smail__timer *timer)
{
    struct fixture *f =
        (struct fixture *)((char *)timer - offsetof(struct fixture, timer));

    smail__race_cancel(f->race);
    f->is_done = true;
    smail__loop_stop(f->loop);
}

static void on_start_and_end(struct smail__task *task)
{
    struct fixture *f =
        (struct fixture *)((char *)task - offsetof(struct fixture, start));

    on_start(task);
    f->timer.fire = on_time;
    smail__timer_set(&f->timer, f->loop, 100);
}

static void nobody_is_told_of_one_that_was_called_off(void **state)
{
    struct fixture *f = *state;

    add_silent(f);
    add_port(f, true); /* it would come later */
    f->start.run = on_start_and_end;
    smail__loop_post(f->loop, &f->start);
    smail__loop_run(f->loop);
    assert_int_equal(f->fd, -1);
    assert_string_equal(f->why, "");
}

#define RACE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RACE_TEST(one_that_answers_is_taken),
        RACE_TEST(a_refusal_brings_the_next_at_once),
        RACE_TEST(silence_costs_a_moment),
        RACE_TEST(when_nobody_answers_the_last_word_is_told),
        RACE_TEST(without_addresses_there_is_nobody),
        RACE_TEST(so_many_and_no_more_are_called),
        RACE_TEST(one_more_is_left_out),
        RACE_TEST(nobody_is_told_of_one_that_was_called_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
