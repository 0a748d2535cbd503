/* SPDX-License-Identifier: MIT */
/* Buffers: growth, the maximum, errors that stick. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"

static void *no_memory(void *ptr, size_t size, void *user)
{
    (void)user;
    if (size == 0)
        return smail__mem_resize(NULL, ptr, 0);
    return NULL;
}

static void it_holds_what_was_appended(void **state)
{
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 1000, NULL);
    assert_int_equal(smail__buf_span(&buf).len, 0);
    smail__buf_puts(&buf, "one ");
    smail__buf_putc(&buf, '2');
    smail__buf_append(&buf, SMAIL__SPAN(" three"));
    smail__buf_append(&buf, (smail_span){ NULL, 0 });
    smail__buf_printf(&buf, " %d", 4);
    assert_int_equal(smail__buf_error(&buf), 0);
    assert_string_equal(buf.data, "one 2 three 4");
    smail__buf_consume(&buf, 4);
    assert_string_equal(buf.data, "2 three 4");
    smail__buf_truncate(&buf, 7);
    smail__buf_truncate(&buf, 70);
    assert_string_equal(buf.data, "2 three");
    smail__buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    smail__buf_dispose(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.max, 1000);
}

static void the_maximum_is_kept_to_the_byte(void **state)
{
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 300, NULL);
    for (int i = 0; i < 300; i++)
        smail__buf_putc(&buf, 'x');
    assert_int_equal(smail__buf_error(&buf), 0);
    smail__buf_putc(&buf, 'y');
    assert_int_equal(smail__buf_error(&buf), SMAIL_ELIMIT);
    smail__buf_consume(&buf, 100);
    smail__buf_putc(&buf, 'y'); /* there is room, but the error sticks */
    assert_int_equal(buf.len, 200);
    smail__buf_clear(&buf);
    smail__buf_putc(&buf, 'y');
    assert_string_equal(buf.data, "y");
    smail__buf_dispose(&buf);
}

static void no_memory_sticks_too(void **state)
{
    const smail_mem mem = { no_memory, NULL };
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 300, &mem);
    smail__buf_puts(&buf, "x");
    smail__buf_printf(&buf, "%d", 1);
    assert_int_equal(smail__buf_error(&buf), SMAIL_ENOMEM);
    assert_int_equal(smail__buf_reserve(&buf, 1), SMAIL_ENOMEM);
    assert_int_equal(buf.len, 0);
    smail__buf_dispose(&buf);
}

static void reserved_room_is_there(void **state)
{
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 1000, NULL);
    assert_int_equal(smail__buf_reserve(&buf, 500), 0);
    assert_true(buf.room >= 501);
    assert_int_equal(smail__buf_reserve(&buf, 1001), SMAIL_ELIMIT);
    smail__buf_dispose(&buf);
    smail__buf_init(&buf, SIZE_MAX, NULL); /* a maximum is a must */
    assert_int_equal(smail__buf_reserve(&buf, 1), SMAIL_ELIMIT);
}

static void moving_hands_over_the_memory(void **state)
{
    smail_buf out = SMAIL_BUF_INIT;
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 3, NULL);
    assert_int_equal(smail__buf_move(&out, &buf), 0);
    assert_string_equal(out.data, "");
    smail_buf_dispose(&out);
    smail__buf_puts(&buf, "abc");
    assert_int_equal(smail__buf_move(&out, &buf), 0);
    assert_string_equal(out.data, "abc");
    assert_int_equal(out.len, 3);
    assert_null(buf.data);
    smail_buf_dispose(&out);
    assert_null(out.data);
    smail_buf_dispose(NULL);
    smail__buf_puts(&buf, "abcd");
    assert_int_equal(smail__buf_move(&out, &buf), SMAIL_ELIMIT);
    assert_null(out.data);
    smail__buf_dispose(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_was_appended),
        cmocka_unit_test(the_maximum_is_kept_to_the_byte),
        cmocka_unit_test(no_memory_sticks_too),
        cmocka_unit_test(reserved_room_is_there),
        cmocka_unit_test(moving_hands_over_the_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
