/* SPDX-License-Identifier: MIT */
/* dns/zone.c - a sorted list of entries. */
#include "dns/zone.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "dns/record.h"

#define TTL 300 /* of all answers */

struct entry {
    char *name;
    enum smail__dns_type type; /* 0: about all types */
    enum smail__dns_trouble trouble;
    bool is_secure; /* says that, and nothing else */
    size_t number;  /* in the order they were added */
    char *record;
    size_t len;
};

struct smail__dns_zone {
    struct entry *entries;
    size_t count, room;
};

int smail__dns_zone_new(struct smail__dns_zone **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? 0 : SMAIL_ENOMEM;
}

void smail__dns_zone_free(struct smail__dns_zone *zone)
{
    if (zone == NULL)
        return;
    for (size_t i = 0; i < zone->count; i++) {
        free(zone->entries[i].name);
        free(zone->entries[i].record);
    }
    free(zone->entries);
    free(zone);
}

static int add_entry(struct entry **out, struct smail__dns_zone *zone,
                     smail_span name)
{
    char text[SMAIL__DNS_NAME_ROOM];
    int rc = smail__dns_name(text, name);

    if (rc != 0)
        return rc;
    if (zone->count == SMAIL__DNS_ZONE_RECORDS_MAX)
        return SMAIL_ELIMIT;
    if (zone->count == zone->room) {
        size_t room = zone->room == 0 ? 64 : zone->room * 2;
        struct entry *grown =
            realloc(zone->entries, room * sizeof(*zone->entries));

        if (grown == NULL)
            return SMAIL_ENOMEM;
        zone->entries = grown;
        zone->room = room;
    }
    *out = &zone->entries[zone->count];
    **out =
        (struct entry){ .name = smail__strdup(text), .number = zone->count };
    if ((*out)->name == NULL)
        return SMAIL_ENOMEM;
    zone->count++;
    return 0;
}

int smail__dns_zone_add(struct smail__dns_zone *zone, smail_span name,
                        enum smail__dns_type type, smail_span record)
{
    struct entry *entry = NULL;
    char *copy;
    int rc;

    if (record.len > SMAIL__DNS_RECORD_MAX)
        return SMAIL_ELIMIT;
    copy = malloc(record.len + 1);
    if (copy == NULL)
        return SMAIL_ENOMEM;
    rc = add_entry(&entry, zone, name);
    if (rc != 0) {
        free(copy);
        return rc;
    }
    if (record.len > 0)
        memcpy(copy, record.data, record.len);
    entry->type = type;
    entry->record = copy;
    entry->len = record.len;
    return 0;
}

int smail__dns_zone_trouble(struct smail__dns_zone *zone, smail_span name,
                            enum smail__dns_type type,
                            enum smail__dns_trouble trouble)
{
    struct entry *entry = NULL;
    int rc = add_entry(&entry, zone, name);

    if (rc == 0) {
        entry->type = type;
        entry->trouble = trouble;
    }
    return rc;
}

int smail__dns_zone_secure(struct smail__dns_zone *zone, smail_span name)
{
    struct entry *entry = NULL;
    int rc = add_entry(&entry, zone, name);

    if (rc == 0)
        entry->is_secure = true;
    return rc;
}

static int compare(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    if (order != 0)
        return order;
    return (left->number > right->number) - (left->number < right->number);
}

void smail__dns_zone_finish(struct smail__dns_zone *zone)
{
    if (zone->count > 0)
        qsort(zone->entries, zone->count, sizeof(*zone->entries), compare);
}

/* The first entry of `name` or of what comes behind it. */
static size_t lower_bound(const struct smail__dns_zone *zone, const char *name)
{
    size_t low = 0, high = zone->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(zone->entries[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_there(const struct smail__dns_zone *zone, const char *name)
{
    size_t at = lower_bound(zone, name);

    return at < zone->count && strcmp(zone->entries[at].name, name) == 0;
}

/* Is there a name under `name`? */
static bool is_above(const struct smail__dns_zone *zone, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < zone->count; i++) {
        const char *other = zone->entries[i].name;
        size_t other_len = strlen(other);

        if (other_len > len + 1 && other[other_len - len - 1] == '.' &&
            strcmp(other + other_len - len, name) == 0)
            return true;
    }
    return false;
}

/* The "*" that stands for `name`, which is not there; RFC 4592, 3.3.1: that of
 * the nearest name above it which is. */
static bool find_wildcard(char out[SMAIL__DNS_NAME_ROOM],
                          const struct smail__dns_zone *zone, const char *name)
{
    const char *above = name;

    while ((above = strchr(above, '.')) != NULL) {
        above++;
        smail__format(out, SMAIL__DNS_NAME_ROOM, "*.%s", above);
        if (is_there(zone, out))
            return true;
        if (is_there(zone, above) || is_above(zone, above))
            return false;
    }
    return false;
}

struct found {
    size_t first, behind; /* entries of the name */
    size_t records, octets;
    bool is_secure;
    enum smail__dns_trouble trouble;
    const struct entry *alias;
};

static void look(struct found *out, const struct smail__dns_zone *zone,
                 const char *name, enum smail__dns_type type)
{
    *out = (struct found){ .first = lower_bound(zone, name) };
    out->behind = out->first;
    while (out->behind < zone->count &&
           strcmp(zone->entries[out->behind].name, name) == 0) {
        const struct entry *entry = &zone->entries[out->behind++];

        if (entry->is_secure) {
            out->is_secure = true;
        } else if (entry->record == NULL) {
            if (entry->type == 0 || entry->type == type)
                out->trouble = entry->trouble;
        } else if (entry->type == type) {
            out->records++;
            out->octets += entry->len;
        } else if (entry->type == SMAIL__DNS_CNAME) {
            out->alias = entry;
        }
    }
}

static struct smail__dns_answer *answer_trouble(const struct found *found,
                                                const char *name)
{
    struct smail__dns_answer *answer =
        found->trouble == SMAIL__DNS_MISSING
            ? smail__dns_answer_new(SMAIL__DNS_NO_NAME, name, "", 0, 0)
            : smail__dns_answer_new(
                  SMAIL__DNS_TEMPORARY, name,
                  found->trouble == SMAIL__DNS_UNSOUND
                      ? "the signatures of the zone do not hold"
                      : "the name server failed",
                  0, 0);

    if (answer != NULL && found->trouble == SMAIL__DNS_UNSOUND)
        answer->security = SMAIL__DNS_BOGUS;
    return answer;
}

static struct smail__dns_answer *answer_records(
    const struct smail__dns_zone *zone, const struct found *found,
    const char *name, enum smail__dns_type type)
{
    size_t count = found->records < SMAIL__DNS_RECORDS_MAX
                       ? found->records
                       : SMAIL__DNS_RECORDS_MAX;
    struct smail__dns_answer *answer =
        smail__dns_answer_new(SMAIL__DNS_FOUND, name, "", count, found->octets);

    for (size_t i = found->first; answer != NULL && i < found->behind; i++) {
        const struct entry *entry = &zone->entries[i];

        if (entry->record != NULL && entry->type == type &&
            answer->count < count)
            smail__dns_answer_add(answer,
                                  (smail_span){ entry->record, entry->len });
    }
    return answer;
}

/* One step: the answer, or where the CNAME leads, in `name`. */
static int step(struct smail__dns_answer **out,
                const struct smail__dns_zone *zone,
                char name[SMAIL__DNS_NAME_ROOM], enum smail__dns_type type,
                bool *is_secure)
{
    char wildcard[SMAIL__DNS_NAME_ROOM];
    struct found found;
    bool exists = is_there(zone, name);

    look(&found, zone, name, type);
    if (!exists && find_wildcard(wildcard, zone, name)) {
        look(&found, zone, wildcard, type);
        exists = true;
    }
    *is_secure = *is_secure && found.is_secure;
    if (found.trouble == SMAIL__DNS_UNANSWERED)
        return SMAIL_ETEMP;
    if (found.trouble != SMAIL__DNS_FINE)
        *out = answer_trouble(&found, name);
    else if (found.records > 0)
        *out = answer_records(zone, &found, name, type);
    else if (found.alias != NULL)
        return smail__dns_read_name(
            name, (smail_span){ found.alias->record, found.alias->len });
    else
        *out = smail__dns_answer_new(exists || is_above(zone, name)
                                         ? SMAIL__DNS_NO_DATA
                                         : SMAIL__DNS_NO_NAME,
                                     name, "", 0, 0);
    return *out != NULL ? 0 : SMAIL_ENOMEM;
}

int smail__dns_zone_find(struct smail__dns_answer **out,
                         const struct smail__dns_zone *zone, smail_span name,
                         enum smail__dns_type type)
{
    char current[SMAIL__DNS_NAME_ROOM];
    bool is_secure = true;
    int rc = smail__dns_name(current, name);

    *out = NULL;
    for (int i = 0; rc == 0 && *out == NULL && i <= SMAIL__DNS_CHAIN_MAX; i++)
        rc = step(out, zone, current, type, &is_secure);
    if (rc != 0)
        return rc;
    if (*out == NULL)
        *out = smail__dns_answer_new(SMAIL__DNS_TEMPORARY, current,
                                     "too many CNAMEs", 0, 0);
    if (*out == NULL)
        return SMAIL_ENOMEM;
    if (is_secure && (*out)->status != SMAIL__DNS_TEMPORARY)
        (*out)->security = SMAIL__DNS_SECURE;
    (*out)->ttl = TTL;
    return 0;
}
