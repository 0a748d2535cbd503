/* SPDX-License-Identifier: MIT */
/* report.c - what came of it, for people and for programs. */
#include "report.h"

#include <stdio.h>
#include <string.h>

static const char *const levels[] = { "MUST", "SHOULD" };
static const char *const outcomes[] = { "pass", "FAIL", "skip" };

struct sums {
    unsigned of[2][3]; /* by level and outcome */
};

static struct sums sum_up(const struct rule *rules,
                          const struct result *results, size_t count)
{
    struct sums sums = { { { 0 } } };

    for (size_t i = 0; i < count; i++)
        sums.of[rules[i].level][results[i].outcome]++;
    return sums;
}

void report_list(const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%-6s %-34s %s [%s]\n", levels[rules[i].level], rules[i].name,
               rules[i].title, rules[i].cite);
    printf("%zu rules\n", count);
}

static void print_table(const struct rule *rules, const struct result *results,
                        size_t count, const struct sums *sums, bool quiet)
{
    for (size_t i = 0; i < count; i++) {
        if (quiet && results[i].outcome == OUTCOME_PASS)
            continue;
        printf("%s  %-6s %-34s %s [%s]\n", outcomes[results[i].outcome],
               levels[rules[i].level], rules[i].name, rules[i].title,
               rules[i].cite);
        if (results[i].why.len > 0)
            printf("      %s\n", results[i].why.data);
    }
    for (unsigned level = 0; level < 2; level++)
        printf("%-6s %3u pass, %u fail, %u skipped\n", levels[level],
               sums->of[level][OUTCOME_PASS], sums->of[level][OUTCOME_FAIL],
               sums->of[level][OUTCOME_SKIP]);
}

static void print_json_text(const char *text)
{
    putchar('"');
    for (; text != NULL && *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\')
            printf("\\%c", byte);
        else if (byte < ' ' || byte > '~')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void print_member(const char *name, const char *value, bool last)
{
    printf("\"%s\": ", name);
    print_json_text(value);
    fputs(last ? "" : ", ", stdout);
}

static void print_json(const struct rule *rules, const struct result *results,
                       size_t count, const struct sums *sums,
                       const struct offer *offer)
{
    printf("{");
    print_member("offers", offer->last.data, false);
    printf("\n\"results\": [");
    for (size_t i = 0; i < count; i++) {
        printf("%s\n  {", i > 0 ? "," : "");
        print_member("name", rules[i].name, false);
        print_member("level", levels[rules[i].level], false);
        print_member("cite", rules[i].cite, false);
        print_member("title", rules[i].title, false);
        print_member("outcome", outcomes[results[i].outcome], false);
        printf("\"milliseconds\": %ld, ", results[i].milliseconds);
        print_member("why", results[i].why.data, true);
        printf("}");
    }
    printf("\n],\n\"sums\": {");
    for (unsigned level = 0; level < 2; level++)
        printf("%s\"%s\": {\"pass\": %u, \"fail\": %u, \"skip\": %u}",
               level > 0 ? ", " : "", levels[level],
               sums->of[level][OUTCOME_PASS], sums->of[level][OUTCOME_FAIL],
               sums->of[level][OUTCOME_SKIP]);
    printf("}}\n");
}

int report(const struct rule *rules, const struct result *results, size_t count,
           const struct offer *offer, const struct report_options *options)
{
    struct sums sums = sum_up(rules, results, count);

    if (options->json)
        print_json(rules, results, count, &sums, offer);
    else
        print_table(rules, results, count, &sums, options->quiet);
    return sums.of[LEVEL_MUST][OUTCOME_FAIL] > 0 ? 1 : 0;
}
