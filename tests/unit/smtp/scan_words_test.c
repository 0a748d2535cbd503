/* SPDX-License-Identifier: MIT */
/* Many bytes at once, in words of eight bytes, where there are no vectors. */
#define SMAIL__SCAN_BY 0
#define smail__scan_plain scan_plain_by_words
#define smail__scan_run scan_run_by_words

#include "smtp/scan.c"
#undef BLOCK

#include "smtp/scan_cases.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_in_every_place),
        cmocka_unit_test(pairs_in_every_place),
        cmocka_unit_test(every_length),
        cmocka_unit_test(anything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
