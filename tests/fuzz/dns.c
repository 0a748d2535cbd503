/* SPDX-License-Identifier: MIT */
/*
 * fuzz/dns.c - any bytes as names, records and zone files.
 *
 * The first octet says as what. A name that was read must be its own one form,
 * and come back from the wire the same; a record that was written from text
 * can be read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "dns/record.h"
#include "net/zone_file.h"
#include "server/block_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_one_form(const char *name)
{
    char again[SMAIL__DNS_NAME_ROOM];

    if (smail__dns_name(again, smail__span(name)) != 0 ||
        strcmp(name, again) != 0)
        abort();
}

static void read_wire(smail_span input)
{
    unsigned char wire[SMAIL__DNS_WIRE_MAX];
    char name[SMAIL__DNS_NAME_ROOM];
    size_t len = 0, back = 0;

    if (smail__dns_name_from_wire(name, &len, input) != 0)
        return;
    check_one_form(name);
    if (smail__dns_name_to_wire(wire, &back, smail__span(name)) != 0 ||
        back != len)
        abort();
}

static void read_record(smail_span input)
{
    char name[SMAIL__DNS_NAME_ROOM], words[SMAIL__BLOCK_REASON_MAX + 1];
    struct smail__dns_tlsa tlsa;
    struct smail__dns_mx mx;
    struct smail__buf text;
    unsigned char address[16];
    bool is_ipv6;

    smail__buf_init(&text, SMAIL__DNS_RECORD_MAX, NULL);
    (void)smail__dns_read_name(name, input);
    (void)smail__dns_read_mx(&mx, input);
    (void)smail__dns_read_tlsa(&tlsa, input);
    (void)smail__dns_read_address(address, &is_ipv6, input);
    (void)smail__block_answer_of(input);
    if (smail__dns_read_txt(&text, input) == 0)
        smail__block_clean(words, smail__buf_span(&text));
    smail__buf_dispose(&text);
}

static void write_record(smail_span input)
{
    static const enum smail__dns_type types[] = {
        SMAIL__DNS_A,   SMAIL__DNS_AAAA, SMAIL__DNS_MX,
        SMAIL__DNS_TXT, SMAIL__DNS_TLSA, SMAIL__DNS_PTR
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct smail__buf wire;
        struct smail__dns_mx mx;

        smail__buf_init(&wire, SMAIL__DNS_RECORD_MAX, NULL);
        if (smail__dns_write(&wire, types[i], input) == 0 &&
            smail__buf_error(&wire) == 0 && types[i] == SMAIL__DNS_MX &&
            smail__dns_read_mx(&mx, smail__buf_span(&wire)) != 0)
            abort();
        smail__buf_dispose(&wire);
    }
}

static void read_zone(smail_span input)
{
    struct smail__dns_zone *zone = NULL;
    struct smail__dns_answer *answer = NULL;

    if (smail__zone_file_parse(&zone, input, "zone", NULL) != 0)
        return;
    if (smail__dns_zone_find(&answer, zone, SMAIL__SPAN("a.example"),
                             SMAIL__DNS_A) == 0)
        smail__dns_answer_free(answer);
    smail__dns_zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[SMAIL__DNS_NAME_ROOM];
    smail_span input = { (const char *)data + 1, size > 0 ? size - 1 : 0 };

    if (size == 0)
        return 0;
    switch (data[0] % 5) {
    case 0:
        read_wire(input);
        break;
    case 1:
        read_record(input);
        break;
    case 2:
        write_record(input);
        break;
    case 3:
        read_zone(input);
        break;
    default:
        if (smail__dns_name(name, input) == 0)
            check_one_form(name);
    }
    return 0;
}
