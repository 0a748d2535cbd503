/* SPDX-License-Identifier: MIT */
/* net/resolver.c - questions under way, their patience, their end. */
#include "net/resolver_internal.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "net/zone_file.h"

#define PATIENCE 5000
#define QUESTIONS_MAX 1000

static char no_name[] = "", too_late[] = "no answer in time",
            no_memory[] = "out of memory";

static const struct smail__dns_answer late = {
    SMAIL__DNS_TEMPORARY, SMAIL__DNS_INSECURE, 0, no_name, too_late, NULL, 0
};
static const struct smail__dns_answer none = {
    SMAIL__DNS_TEMPORARY, SMAIL__DNS_INSECURE, 0, no_name, no_memory, NULL, 0
};

int smail__resolver_new(struct smail__resolver **out,
                        const struct smail__resolver_options *options,
                        smail_error *err)
{
    struct smail__resolver *resolver = calloc(1, sizeof(*resolver));
    int rc;

    if (resolver == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a resolver");
    pthread_mutex_init(&resolver->lock, NULL);
    resolver->patience = options->patience != 0 ? options->patience : PATIENCE;
    resolver->questions_max =
        options->questions_max != 0 ? options->questions_max : QUESTIONS_MAX;
    if (options->zone_file != NULL)
        rc = smail__zone_file_read(&resolver->zone, options->zone_file, err);
    else
        rc = smail__unbound_new(&resolver->unbound, options, err);
    if (rc != 0) {
        smail__resolver_free(resolver);
        return rc;
    }
    *out = resolver;
    return 0;
}

static void resolving_free(struct smail__resolving *resolving)
{
    smail__dns_answer_free(resolving->answer);
    free(resolving);
}

void smail__resolver_free(struct smail__resolver *resolver)
{
    if (resolver == NULL)
        return;
    /* What it still brings finds nobody waiting and goes by itself. */
    smail__unbound_free(resolver->unbound);
    while (resolver->first != NULL) {
        struct smail__resolving *next = resolver->first->next;

        resolving_free(resolver->first);
        resolver->first = next;
    }
    smail__dns_zone_free(resolver->zone);
    pthread_mutex_destroy(&resolver->lock);
    free(resolver);
}

bool smail__resolver_validates(const struct smail__resolver *resolver)
{
    return resolver->unbound != NULL &&
           smail__unbound_validates(resolver->unbound);
}

/* --- Under the lock ------------------------------------------------------- */

static int enlist(struct smail__resolver *resolver,
                  struct smail__resolving *resolving)
{
    if (resolver->under_way >= resolver->questions_max)
        return SMAIL_ELIMIT;
    resolver->under_way++;
    resolving->next = resolver->first;
    if (resolver->first != NULL)
        resolver->first->previous = resolving;
    resolver->first = resolving;
    return 0;
}

static void delist(struct smail__resolving *resolving)
{
    struct smail__resolver *resolver = resolving->resolver;

    resolver->under_way--;
    if (resolving->next != NULL)
        resolving->next->previous = resolving->previous;
    if (resolving->previous != NULL)
        resolving->previous->next = resolving->next;
    else
        resolver->first = resolving->next;
}

/* --- On the loop ---------------------------------------------------------- */

static void arrive(struct smail__task *task)
{
    struct smail__resolving *resolving = (struct smail__resolving *)task;
    struct smail__query *query = resolving->query;

    smail__timer_clear(&resolving->timer, resolving->home);
    if (query != NULL) {
        query->under_way = NULL;
        query->done(query,
                    resolving->answer != NULL ? resolving->answer : &none);
    }
    resolving_free(resolving);
}

/* Nobody waits for it any more. False: the answer is on its way to the loop,
 * which frees it. */
static bool give_up(struct smail__resolving *resolving)
{
    struct smail__resolver *resolver = resolving->resolver;
    bool has_answer, is_abroad;

    pthread_mutex_lock(&resolver->lock);
    has_answer = resolving->has_answer;
    is_abroad = resolving->is_abroad;
    resolving->loop = NULL;
    if (!has_answer && !is_abroad)
        delist(resolving);
    pthread_mutex_unlock(&resolver->lock);
    if (!has_answer && !is_abroad)
        resolving_free(resolving);
    return !has_answer;
}

static void on_patience_over(struct smail__timer *timer)
{
    struct smail__resolving *resolving =
        (struct smail__resolving *)((char *)timer -
                                    offsetof(struct smail__resolving, timer));
    struct smail__query *query = resolving->query;

    if (query == NULL || !give_up(resolving))
        return;
    query->under_way = NULL;
    query->done(query, &late);
}

static struct smail__resolving *resolving_new(struct smail__resolver *resolver,
                                              struct smail__query *query,
                                              struct smail__loop *loop)
{
    struct smail__resolving *resolving = calloc(1, sizeof(*resolving));

    if (resolving == NULL)
        return NULL;
    resolving->task.run = arrive;
    resolving->timer.fire = on_patience_over;
    resolving->resolver = resolver;
    resolving->loop = resolving->home = loop;
    resolving->query = query;
    return resolving;
}

static int put(struct smail__resolver *resolver,
               struct smail__resolving *resolving, const char *name,
               enum smail__dns_type type)
{
    struct smail__dns_answer *answer = NULL;
    int rc;

    if (resolver->unbound != NULL) {
        resolving->is_abroad = true;
        return smail__unbound_ask(resolver->unbound, resolving, name, type);
    }
    rc = smail__dns_zone_find(&answer, resolver->zone, smail__span(name), type);
    if (rc == 0)
        smail__resolver_answer(resolving, answer);
    return rc == SMAIL_ETEMP ? 0 : rc; /* that one is to wait in vain */
}

int smail__resolver_ask(struct smail__resolver *resolver,
                        struct smail__query *query, struct smail__loop *loop,
                        const char *name, enum smail__dns_type type)
{
    char text[SMAIL__DNS_NAME_ROOM];
    struct smail__resolving *resolving;
    int rc = smail__dns_name(text, smail__span(name));

    if (rc != 0)
        return rc;
    if (query->under_way != NULL)
        return SMAIL_ESTATE;
    resolving = resolving_new(resolver, query, loop);
    if (resolving == NULL)
        return SMAIL_ENOMEM;
    pthread_mutex_lock(&resolver->lock);
    rc = enlist(resolver, resolving);
    pthread_mutex_unlock(&resolver->lock);
    if (rc != 0) {
        resolving_free(resolving);
        return rc;
    }
    smail__timer_set(&resolving->timer, loop, resolver->patience);
    query->under_way = resolving;
    rc = put(resolver, resolving, text[0] != '\0' ? text : ".", type);
    if (rc != 0) {
        resolving->is_abroad = false;
        smail__query_cancel(query);
    }
    return rc;
}

void smail__query_cancel(struct smail__query *query)
{
    struct smail__resolving *resolving = query->under_way;

    if (resolving == NULL)
        return;
    query->under_way = NULL;
    resolving->query = NULL;
    smail__timer_clear(&resolving->timer, resolving->home);
    give_up(resolving);
}

/* --- From anywhere -------------------------------------------------------- */

void smail__resolver_answer(struct smail__resolving *resolving,
                            struct smail__dns_answer *answer)
{
    struct smail__resolver *resolver = resolving->resolver;
    bool is_wanted;

    pthread_mutex_lock(&resolver->lock);
    delist(resolving);
    resolving->answer = answer;
    resolving->has_answer = true;
    is_wanted = resolving->loop != NULL;
    /* Under the lock: whoever cancels it after this knows the task is there,
     * and a loop ends only when it has run all of its tasks. */
    if (is_wanted)
        smail__loop_post(resolving->loop, &resolving->task);
    pthread_mutex_unlock(&resolver->lock);
    if (!is_wanted)
        resolving_free(resolving);
}
