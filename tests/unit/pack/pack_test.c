/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "pack/pack.h"

#define MAX ((size_t)128 * 1024)

struct world {
    struct smail__packer packer;
    struct smail__buf raw, packed;
    smail_error err;
    char back[MAX];
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    smail__packer_init(&world->packer);
    smail__buf_init(&world->raw, MAX, NULL);
    smail__buf_init(&world->packed, MAX, NULL);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    smail__packer_dispose(&world->packer);
    smail__buf_dispose(&world->raw);
    smail__buf_dispose(&world->packed);
    free(world);
    return 0;
}

static void fill(struct world *world, size_t len)
{
    smail__buf_clear(&world->raw);
    while (world->raw.len < len)
        smail__buf_printf(&world->raw, "line %zu of a letter\r\n",
                          world->raw.len * 7);
    smail__buf_truncate(&world->raw, len);
}

static int unpack(struct world *world, size_t len)
{
    return smail__unpack(world->back, len, &world->packer,
                         smail__buf_span(&world->packed), &world->err);
}

static void text_comes_back_as_it_was(void **state)
{
    struct world *world = *state;

    for (size_t len = 200; len < 100000; len = len * 3 + 1) {
        fill(world, len);
        smail__buf_clear(&world->packed);
        assert_true(smail__pack(&world->packed, &world->packer,
                                smail__buf_span(&world->raw)));
        assert_true(world->packed.len <= len - len / 8);
        assert_int_equal(unpack(world, len), 0);
        assert_memory_equal(world->back, world->raw.data, len);
    }
}

static void what_saves_too_little_is_left(void **state)
{
    struct world *world = *state;
    uint64_t noise = 1;

    for (size_t i = 0; i < 5000; i++) {
        noise = noise * 6364136223846793005u + 1442695040888963407u;
        smail__buf_putc(&world->raw, (char)(noise >> 56));
    }
    smail__buf_puts(&world->packed, "before");
    assert_false(smail__pack(&world->packed, &world->packer,
                             smail__buf_span(&world->raw)));
    assert_int_equal(world->packed.len, 6);
    assert_false(smail__pack(&world->packed, &world->packer, SMAIL__SPAN("x")));
    assert_false(smail__pack(&world->packed, &world->packer, SMAIL__SPAN("")));
    assert_int_equal(world->packed.len, 6);
    assert_int_equal(smail__buf_error(&world->packed), 0);
}

static void damage_is_told(void **state)
{
    struct world *world = *state;

    fill(world, 4000);
    assert_true(smail__pack(&world->packed, &world->packer,
                            smail__buf_span(&world->raw)));
    assert_int_equal(unpack(world, 4001), SMAIL_ECORRUPT);
    assert_int_equal(unpack(world, 3999), SMAIL_ECORRUPT);
    smail__buf_truncate(&world->packed, world->packed.len - 1);
    assert_int_equal(unpack(world, 4000), SMAIL_ECORRUPT);
    world->packed.data[0] ^= 1;
    assert_int_equal(unpack(world, 4000), SMAIL_ECORRUPT);
    smail__buf_clear(&world->packed);
    assert_int_equal(unpack(world, 4000), SMAIL_ECORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_comes_back_as_it_was, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_saves_too_little_is_left, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
