/* SPDX-License-Identifier: MIT */
/* Memory through an allocator, copies, and care with secrets. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/span.h"

static void *count(void *ptr, size_t size, void *user)
{
    ++*(int *)user;
    return smail__mem_resize(NULL, ptr, size);
}

static void memory_comes_from_where_it_should(void **state)
{
    int calls = 0;
    const smail_mem mem = { count, &calls };
    char *block = smail__mem_alloc(&mem, 100);

    (void)state;
    assert_non_null(block);
    for (int i = 0; i < 100; i++)
        assert_int_equal(block[i], 0);
    block = smail__mem_resize(&mem, block, 1000);
    assert_non_null(block);
    smail__mem_free(&mem, block);
    assert_int_equal(calls, 3);
    smail__mem_free(&mem, NULL);
    assert_int_equal(calls, 3);
}

static void copies_end_in_nul(void **state)
{
    char *text = smail__strdup("abc");
    char *span = smail__spandup((smail_span){ "abc", 2 });
    char *none = smail__spandup((smail_span){ NULL, 0 });

    (void)state;
    assert_string_equal(text, "abc");
    assert_string_equal(span, "ab");
    assert_string_equal(none, "");
    free(text);
    free(span);
    free(none);
}

static void secrets_are_wiped_and_compared(void **state)
{
    char secret[] = "sesame";

    (void)state;
    assert_true(smail__equal_secret(secret, "sesame", 6));
    assert_false(smail__equal_secret(secret, "sesamE", 6));
    assert_false(smail__equal_secret(secret, "Sesame", 6));
    assert_true(smail__equal_secret(secret, "x", 0));
    smail__wipe(secret, 6);
    assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_from_where_it_should),
        cmocka_unit_test(copies_end_in_nul),
        cmocka_unit_test(secrets_are_wiped_and_compared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
