/* SPDX-License-Identifier: MIT */
/* Who owns the index hears of what other processes deliver. */
#include "store/fixture.h"

#include <time.h>

/* Far below the seconds after which it would look by itself. */
#define TRIES_MAX 200

static void pause_milliseconds(long milliseconds)
{
    nanosleep(&(struct timespec){ 0, milliseconds * 1000000 }, NULL);
}

static bool is_caught_up(struct fixture *f)
{
    uint64_t lag = 1;

    for (int i = 0; i < TRIES_MAX && lag > 0; i++) {
        pause_milliseconds(10);
        fixture_ok(f, smail_store_index_lag(&lag, f->store, &f->err));
    }
    return lag == 0;
}

static void owner_hears_of_another_store(void **state)
{
    struct fixture owner, other;
    smail_id alice;

    (void)state;
    fixture_begin(&owner);
    other = owner;
    fixture_open(&owner, false);
    alice = fixture_account(&owner, "alice@example.test", 0);
    for (int i = 0; i < TRIES_MAX; i++) {
        char path[160];

        smail__format(path, sizeof(path), "%s.index", owner.path);
        if (access(path, F_OK) == 0)
            break; /* it owns the index */
        pause_milliseconds(10);
    }
    fixture_open(&other, false);
    for (int i = 0; i < 3; i++) {
        pause_milliseconds(200);
        fixture_append(&other, alice, 0, "Subject: x\r\n\r\ny\r\n");
        assert_true(is_caught_up(&owner));
    }
    smail_store_close(other.store);
    fixture_end(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(owner_hears_of_another_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
