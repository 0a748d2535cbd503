/* SPDX-License-Identifier: MIT */
/*
 * fuzz/account_name.c - any text as an address, a domain and a stored hash. A
 * folded address folds to itself.
 */
#include <stdlib.h>
#include <string.h>

#include "account/name.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_named(const char *text)
{
    struct smail__name name, again;
    char folded[SMAIL__NAME_SIZE];

    if (smail__name_parse(&name, text, true, NULL) != 0)
        return;
    smail__name_text(folded, &name);
    if (smail__name_parse(&again, folded, true, NULL) != 0 ||
        strcmp(name.local, again.local) != 0 ||
        strcmp(name.domain, again.domain) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span bytes = { (const char *)data, size };
    char domain[SMAIL_DOMAIN_MAX + 1];
    char *text = smail__spandup(bytes);
    struct smail__name name;
    smail_path path;

    if (text == NULL)
        return 0;
    if (smail_path_parse(&path, bytes, true) == 0)
        (void)smail__name_fold(&name, &path, NULL);
    check_named(text);
    (void)smail__name_domain(domain, text, NULL);
    (void)smail__name_reserved(bytes);
    (void)smail__password_is_outdated(bytes);
    free(text);
    return 0;
}
