/* SPDX-License-Identifier: MIT */
/* dns/idna.c - see idna.h; the tables are libidn2's. */
#include "dns/idna.h"

#include <idn2.h>
#include <string.h>

#include "base/span.h"

/* A U-label is at most 63 letters of at most 4 octets. */
#define UTF8_MAX ((size_t)4 * SMAIL_DOMAIN_MAX)

int smail__idna_to_ascii(char out[SMAIL_DOMAIN_MAX + 1], smail_span domain)
{
    char text[UTF8_MAX + 1];
    char *ascii = NULL;
    size_t len;
    int rc;

    if (domain.len == 0 || domain.len > UTF8_MAX ||
        smail__span_find(domain, '\0') < domain.len)
        return SMAIL_EMALFORMED;
    memcpy(text, domain.data, domain.len);
    text[domain.len] = '\0';
    rc = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_MALLOC)
        return SMAIL_ENOMEM;
    if (rc != IDN2_OK)
        return SMAIL_EMALFORMED;
    len = strlen(ascii);
    if (len <= SMAIL_DOMAIN_MAX)
        memcpy(out, ascii, len + 1);
    idn2_free(ascii);
    return len <= SMAIL_DOMAIN_MAX ? 0 : SMAIL_EMALFORMED;
}
