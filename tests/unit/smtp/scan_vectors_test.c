/* SPDX-License-Identifier: MIT */
/* Many bytes at once, in vectors of sixteen bytes, as every machine has them. */
#define SMAIL__SCAN_BY 1
#define smail__scan_plain scan_plain_by_vectors
#define smail__scan_run scan_run_by_vectors

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
