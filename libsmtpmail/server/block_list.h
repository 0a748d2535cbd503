/* SPDX-License-Identifier: MIT */
/*
 * server/block_list.h - DNS block lists as an operator names them (RFC 5782).
 *
 * "zen.example.org, other.example.net*2": zones, each with what being listed
 * there weighs, 1 unless it says so. A weight below 0 speaks for a client.
 */
#ifndef SMAIL__SERVER_BLOCK_LIST_H
#define SMAIL__SERVER_BLOCK_LIST_H

#include <smtpmail/error.h>

#include "dns/name.h"

#define SMAIL__BLOCK_LISTS_MAX 16
#define SMAIL__BLOCK_WEIGHT_MAX 1000
#define SMAIL__BLOCK_ZONE_MAX 128 /* so that 64 octets of nibbles fit before */
#define SMAIL__BLOCK_REASON_MAX 200

struct smail__block_list {
    char zone[SMAIL__BLOCK_ZONE_MAX + 1];
    int weight;
};

struct smail__block_lists {
    struct smail__block_list items[SMAIL__BLOCK_LISTS_MAX];
    size_t count;
};

/* SMAIL_EINVAL, SMAIL_ELIMIT. */
int smail__block_lists_parse(struct smail__block_lists *out, const char *text,
                             smail_error *err);

/* What an A record in such a list says (RFC 5782, 2.1). */
enum smail__block_answer {
    SMAIL__BLOCK_LISTED,
    SMAIL__BLOCK_OUTSIDE, /* not of 127.0.0.0/8: no list said that */
    SMAIL__BLOCK_ERROR    /* 127.255.255.0/24: the list refuses to answer */
};
enum smail__block_answer smail__block_answer_of(smail_span record);

/* What is to be asked of `zone` about an address, and about one that no list
 * may list: 127.0.0.1 and ::FFFF:7F00:1 (RFC 5782, 5). */
int smail__block_name(char out[SMAIL__DNS_NAME_ROOM],
                      const unsigned char *address, bool is_ipv6,
                      const char *zone);
int smail__block_test_name(char out[SMAIL__DNS_NAME_ROOM], bool is_ipv6,
                           const char *zone);

/* `text` as it can stand in a reply: printable ASCII, one line, not long. */
void smail__block_clean(char out[SMAIL__BLOCK_REASON_MAX + 1], smail_span text);

#endif
