/* SPDX-License-Identifier: MIT */
/*
 * server/domain_ask.c - a resolver and a loop under verify/domain_check.
 *
 * What the evaluation wants to know is asked at once, and it is run again when
 * all of that is answered; then the MTA-STS policy is fetched, if there is to
 * be one, and it is run for the last time. At the deadline what is open counts
 * as not answered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "crypto/tls.h"
#include "net/fetch.h"
#include "server/domain_report.h"
#include "verify/sts.h"

#define POLICY_PATH "/.well-known/mta-sts.txt"
#define FETCH_MILLISECONDS 10000

struct run;

/* One question under way. */
struct asked {
    struct smail__query query; /* the first: it is found by it */
    struct run *run;
    struct smail__question *question;
    struct asked *next, **link;
};

struct run {
    struct smail__task start;
    struct smail__timer deadline;
    struct smail__loop *loop;
    const struct smail__domain_asking *asking;
    struct smail__questions questions;
    struct smail__domain_check *check;
    struct smail__domain_facts *facts;
    struct smail__buf *policy;
    struct asked *under_way;
    struct smail__tls_context *tls;
    struct smail__fetcher *fetcher;
    struct smail__fetch fetch;
    bool is_fetching, has_fetched;
    bool is_late;
    bool has_ended;
};

static void step(struct run *run);

static void end(struct run *run)
{
    if (run->has_ended)
        return;
    run->has_ended = true;
    smail__timer_clear(&run->deadline, run->loop);
    smail__loop_stop(run->loop);
}

/* --- DNS ------------------------------------------------------------------ */

static void asked_free(struct asked *asked)
{
    *asked->link = asked->next;
    if (asked->next != NULL)
        asked->next->link = asked->link;
    free(asked);
}

static void on_answer(struct smail__query *query,
                      const struct smail__dns_answer *answer)
{
    struct asked *asked = (struct asked *)query;
    struct run *run = asked->run;

    smail__question_answer(&run->questions, asked->question, answer);
    asked_free(asked);
    if (run->under_way == NULL)
        step(run);
}

static void ask(struct run *run, struct smail__question *question)
{
    struct asked *asked = calloc(1, sizeof(*asked));

    if (asked == NULL) {
        smail__question_answer(&run->questions, question, NULL);
        return;
    }
    asked->query.done = on_answer;
    asked->run = run;
    asked->question = question;
    asked->next = run->under_way;
    asked->link = &run->under_way;
    if (asked->next != NULL)
        asked->next->link = &asked->next;
    run->under_way = asked;
    if (run->is_late ||
        smail__resolver_ask(run->asking->resolver, &asked->query, run->loop,
                            question->name, question->type) != 0) {
        smail__question_answer(&run->questions, question, NULL);
        asked_free(asked);
    }
}

static void ask_all(struct run *run)
{
    struct smail__question *question;

    while ((question = smail__questions_next(&run->questions)) != NULL)
        ask(run, question);
}

/* --- The policy ----------------------------------------------------------- */

static void tell_policy(struct run *run, enum smail__check_policy outcome,
                        const char *text)
{
    smail__buf_clear(run->policy);
    smail__buf_puts(run->policy, text);
    smail__buf_putc(run->policy, '\0');
    run->facts->policy = outcome;
    run->facts->policy_text =
        smail__buf_error(run->policy) == 0 ? run->policy->data : "";
    run->has_fetched = true;
}

static void on_fetched(struct smail__fetch *fetch)
{
    struct run *run =
        (struct run *)((char *)fetch - offsetof(struct run, fetch));

    if (run->has_ended || !run->is_fetching)
        return;
    run->is_fetching = false;
    if (fetch->result == SMAIL__FETCH_DONE)
        tell_policy(run, SMAIL__CHECK_FETCHED,
                    fetch->text.data != NULL ? fetch->text.data : "");
    else
        tell_policy(run, SMAIL__CHECK_FETCH_FAILED, fetch->why);
    step(run);
}

/* The evaluation has asked for them before. */
static void add_addresses(struct run *run, enum smail__dns_type type)
{
    struct smail__fetch *fetch = &run->fetch;
    const struct smail__dns_answer *answer =
        smail__questions_ask(&run->questions, fetch->host, type);

    for (size_t i = 0; answer != NULL && i < answer->count &&
                       fetch->address_count < SMAIL__FETCH_ADDRESSES_MAX;
         i++) {
        struct smail__endpoint *to = &fetch->addresses[fetch->address_count];
        struct smail__ip ip;

        if (smail__ip_read(&ip, answer->records[i]) != 0)
            continue;
        to->is_ipv6 = ip.is_ipv6;
        memcpy(to->address, ip.octets, sizeof(ip.octets));
        fetch->address_count++;
    }
}

static void fetch_policy(struct run *run)
{
    struct smail__fetch *fetch = &run->fetch;
    smail_error err = SMAIL_ERROR_INIT;
    int rc;

    run->has_fetched = true;
    smail__format(fetch->host, sizeof(fetch->host), "mta-sts.%s",
                  run->facts->domain);
    fetch->path = POLICY_PATH;
    fetch->port = run->asking->https_port;
    fetch->patience = FETCH_MILLISECONDS;
    fetch->octets_max = SMAIL__STS_POLICY_MAX;
    fetch->done = on_fetched;
    add_addresses(run, SMAIL__DNS_A);
    add_addresses(run, SMAIL__DNS_AAAA);
    rc = smail__tls_client_new(&run->tls, run->asking->authorities, &err);
    if (rc == 0)
        rc = smail__fetcher_new(&run->fetcher, run->tls, &err);
    if (rc == 0)
        rc = smail__fetch_start(run->fetcher, fetch, run->loop);
    run->is_fetching = rc == 0;
    if (rc != 0)
        tell_policy(run, SMAIL__CHECK_FETCH_FAILED,
                    err.message[0] != '\0' ? err.message : smail_strerror(rc));
}

/* --- One step after the other --------------------------------------------- */

static void step(struct run *run)
{
    while (!run->has_ended && !run->is_fetching && run->under_way == NULL) {
        if (run->questions.error != 0) {
            end(run);
        } else if (!smail__domain_check_evaluate(run->check, &run->questions,
                                                 run->facts)) {
            ask_all(run);
        } else if (run->check->wants_policy && run->asking->fetches &&
                   !run->has_fetched && !run->is_late) {
            fetch_policy(run);
        } else {
            end(run);
        }
    }
}

static void on_late(struct smail__timer *timer)
{
    struct run *run =
        (struct run *)((char *)timer - offsetof(struct run, deadline));

    run->is_late = true;
    while (run->under_way != NULL) {
        struct asked *asked = run->under_way;

        smail__query_cancel(&asked->query);
        smail__question_answer(&run->questions, asked->question, NULL);
        asked_free(asked);
    }
    if (run->is_fetching) {
        run->is_fetching = false;
        tell_policy(run, SMAIL__CHECK_FETCH_FAILED, "no answer in time");
    }
    step(run);
}

static void on_start(struct smail__task *task)
{
    struct run *run = (struct run *)task;

    smail__timer_set(&run->deadline, run->loop, run->asking->milliseconds);
    step(run);
}

int smail__domain_ask(struct smail__domain_check *out,
                      struct smail__domain_facts *facts,
                      struct smail__buf *policy,
                      const struct smail__domain_asking *asking,
                      smail_error *err)
{
    struct run *run = calloc(1, sizeof(*run));
    int rc;

    if (run == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    *run = (struct run){ .start.run = on_start,
                         .deadline.fire = on_late,
                         .asking = asking,
                         .check = out,
                         .facts = facts,
                         .policy = policy };
    smail__questions_init(&run->questions, SMAIL__CHECK_QUESTIONS_MAX);
    rc = smail__loop_new(&run->loop, err);
    if (rc == 0) {
        smail__loop_post(run->loop, &run->start);
        rc = smail__loop_start(run->loop, err);
    }
    if (rc == 0) {
        smail__loop_join(run->loop);
        /* What it still fetches posts to the loop, which no longer runs. */
        smail__fetcher_free(run->fetcher);
        smail__fetch_dispose(&run->fetch);
        smail__tls_context_free(run->tls);
        if (run->questions.error != 0)
            rc = smail__fail(err, run->questions.error, "out of memory");
    }
    smail__loop_free(run->loop);
    smail__questions_dispose(&run->questions);
    free(run);
    return rc;
}
