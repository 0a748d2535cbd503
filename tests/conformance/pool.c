/* SPDX-License-Identifier: MIT */
/*
 * pool.c - several rules at once, each in a process of its own.
 *
 * A child writes one octet for the outcome, then why, and ends. One that dies
 * or takes too long has failed its rule and no other.
 */
#define _POSIX_C_SOURCE 200809L
#include "pool.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RULE_SECONDS 120

struct job {
    pid_t pid;
    int fd; /* -1: free */
    size_t rule;
    struct text said;
    long started;
};

static long now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000L + at.tv_nsec / 1000000L;
}

static void be_child(int fd, const struct rule *rule,
                     const struct target *target, const struct offer *offer,
                     bool trace)
{
    struct text why = { .data = NULL }, said = { .data = NULL };
    enum outcome outcome;

    (void)alarm(RULE_SECONDS);
    if (trace)
        fprintf(stderr, "%s: %s\n", rule->name, rule->title);
    outcome = play(&why, rule, target, offer, trace);
    text_put(&said, (const char[]){ (char)('0' + outcome) }, 1);
    text_put(&said, why.data, why.len);
    for (size_t at = 0; at < said.len;) {
        ssize_t len = write(fd, said.data + at, said.len - at);

        if (len <= 0)
            break;
        at += (size_t)len;
    }
    text_free(&why);
    text_free(&said);
    _exit(0);
}

static void start(struct job *job, size_t index, const struct rule *rule,
                  const struct target *target, const struct offer *offer,
                  bool trace)
{
    int ends[2];

    fflush(stdout);
    if (pipe(ends) != 0 || (job->pid = fork()) < 0) {
        perror("smtp_conformance");
        exit(2);
    }
    if (job->pid == 0) {
        (void)close(ends[0]);
        be_child(ends[1], rule, target, offer, trace);
    }
    (void)close(ends[1]);
    job->fd = ends[0];
    job->rule = index;
    job->started = now();
    text_clear(&job->said);
}

/* More from a child; true once it has ended. */
static bool hear(struct job *job, struct result *result)
{
    char chunk[4096];
    ssize_t len = read(job->fd, chunk, sizeof(chunk));
    int status;

    if (len > 0) {
        text_put(&job->said, chunk, (size_t)len);
        return false;
    }
    (void)close(job->fd);
    job->fd = -1;
    (void)waitpid(job->pid, &status, 0);
    result->milliseconds = now() - job->started;
    result->outcome = OUTCOME_FAIL;
    if (job->said.len > 0)
        result->outcome = (enum outcome)(job->said.data[0] - '0');
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        exit(2); /* the rule is wrong, and that was said */
    if (job->said.len > 1)
        text_put(&result->why, job->said.data + 1, job->said.len - 1);
    else
        text_puts(&result->why,
                  job->said.len == 1 ? "" : "the rule did not come to its end");
    return true;
}

void pool_run(struct result *results, const struct rule *rules, size_t count,
              const struct target *target, const struct offer *offer,
              unsigned jobs, bool trace)
{
    struct job pool[POOL_JOBS_MAX] = { { .pid = 0 } };
    struct pollfd wanted[POOL_JOBS_MAX];
    size_t next = 0, done = 0;

    for (unsigned i = 0; i < jobs; i++)
        pool[i].fd = -1;
    while (done < count) {
        for (unsigned i = 0; i < jobs; i++) {
            if (pool[i].fd < 0 && next < count) {
                start(&pool[i], next, &rules[next], target, offer, trace);
                next++;
            }
            wanted[i] = (struct pollfd){ .fd = pool[i].fd, .events = POLLIN };
        }
        (void)poll(wanted, jobs, -1);
        for (unsigned i = 0; i < jobs; i++)
            if (pool[i].fd >= 0 && wanted[i].revents != 0)
                done += hear(&pool[i], &results[pool[i].rule]);
    }
    for (unsigned i = 0; i < jobs; i++)
        text_free(&pool[i].said);
}
