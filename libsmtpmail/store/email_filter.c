/* SPDX-License-Identifier: MIT */
/* store/email_filter.c - trees of conditions. */
#include <stdlib.h>

#include "store/email_query.h"

struct smail__filter *smail__filter_new(enum smail__filter_kind kind)
{
    struct smail__filter *filter = calloc(1, sizeof(*filter));

    if (filter != NULL)
        filter->kind = kind;
    return filter;
}

void smail__filter_free(struct smail__filter *filter)
{
    while (filter != NULL) {
        struct smail__filter *next = filter->next;

        smail__filter_free(filter->first); /* as deep as the JSON was */
        free(filter->ids);
        free(filter->text);
        free(filter->name);
        free(filter->hits);
        free(filter);
        filter = next;
    }
}

void smail__filter_add(struct smail__filter *to, struct smail__filter *filter)
{
    struct smail__filter **at = &to->first;

    while (*at != NULL)
        at = &(*at)->next;
    *at = filter;
}
