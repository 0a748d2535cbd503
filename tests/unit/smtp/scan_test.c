/* SPDX-License-Identifier: MIT */
/* Many bytes at once, as this machine does it. */
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
