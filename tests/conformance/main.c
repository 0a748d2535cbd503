/* SPDX-License-Identifier: MIT */
/*
 * main.c - smtp_conformance HOST PORT: does the server there keep the rules?
 *
 * Shares no code with the library, so that neither can hide a fault of the
 * other. Builds alone: cc -o smtp_conformance *.c -lssl -lcrypto
 */
#define _POSIX_C_SOURCE 200809L
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"
#include "report.h"
#include "rule.h"
#include "session.h"

#ifndef CONFORMANCE_RULES
#define CONFORMANCE_RULES "rules"
#endif

#define PASSWORD_MAX 1024

static const char usage[] =
    "usage: smtp_conformance HOST PORT [OPTION]...\n"
    "  --lmtp                 the server speaks LMTP (RFC 2033)\n"
    "  --tls MODE             none (default), starttls or implicit\n"
    "  --user NAME            log in, with\n"
    "  --password-file FILE   the first line of FILE\n"
    "  --recipient ADDRESS    takes mail there; else what mails is skipped\n"
    "  --sender ADDRESS       sender@example.org by default\n"
    "  --client NAME          our name in EHLO; client.example.org by default\n"
    "  --reader COMMAND       prints the delivered message that holds $TOKEN,\n"
    "                         and fails while there is none\n"
    "  --only NAME            only this rule, or NAME* (may be given again)\n"
    "  --rules FOLDER         where the rules are\n"
    "  --timeout SECONDS      for each reply; 10 by default\n"
    "  --jobs COUNT           sessions at once; 4 by default\n"
    "  --json                 the result as JSON\n"
    "  --quiet                only what does not pass, and the sums\n"
    "  --trace                the dialogues too, on stderr; one job\n"
    "  --list                 name the rules and end\n"
    "Ends with 0 if all MUST rules that could be tried hold, 1 if one does\n"
    "not, 2 if the command line or a rule is wrong, 3 if nobody answers.\n";

struct options {
    struct target target;
    struct report_options report;
    const char *rules;
    const char *only[32];
    size_t only_count;
    unsigned jobs;
    bool trace;
    bool list;
    char password[PASSWORD_MAX];
};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "smtp_conformance: %s%s\n", what, which);
    exit(2);
}

static void read_password(struct options *options, const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL || fgets(options->password, PASSWORD_MAX, file) == NULL)
        die("cannot read ", path);
    options->password[strcspn(options->password, "\r\n")] = '\0';
    options->target.password = options->password;
    fclose(file);
}

static enum tls read_tls(const char *word)
{
    if (strcmp(word, "starttls") == 0)
        return TLS_STARTTLS;
    if (strcmp(word, "implicit") == 0)
        return TLS_IMPLICIT;
    if (strcmp(word, "none") != 0)
        die("--tls is none, starttls or implicit, not ", word);
    return TLS_NONE;
}

static int read_number(const char *word, int max)
{
    char *end;
    long number = strtol(word, &end, 10);

    if (*end != '\0' || number < 1 || number > max)
        die("not a number in its range: ", word);
    return (int)number;
}

enum option_key {
    KEY_LMTP = 1,
    KEY_TLS,
    KEY_USER,
    KEY_PASSWORD,
    KEY_RECIPIENT,
    KEY_SENDER,
    KEY_CLIENT,
    KEY_READER,
    KEY_ONLY,
    KEY_RULES,
    KEY_TIMEOUT,
    KEY_JOBS,
    KEY_JSON,
    KEY_QUIET,
    KEY_TRACE,
    KEY_LIST,
    KEY_HELP
};

static const struct option long_options[] = {
    { "lmtp", no_argument, NULL, KEY_LMTP },
    { "tls", required_argument, NULL, KEY_TLS },
    { "user", required_argument, NULL, KEY_USER },
    { "password-file", required_argument, NULL, KEY_PASSWORD },
    { "recipient", required_argument, NULL, KEY_RECIPIENT },
    { "sender", required_argument, NULL, KEY_SENDER },
    { "client", required_argument, NULL, KEY_CLIENT },
    { "reader", required_argument, NULL, KEY_READER },
    { "only", required_argument, NULL, KEY_ONLY },
    { "rules", required_argument, NULL, KEY_RULES },
    { "timeout", required_argument, NULL, KEY_TIMEOUT },
    { "jobs", required_argument, NULL, KEY_JOBS },
    { "json", no_argument, NULL, KEY_JSON },
    { "quiet", no_argument, NULL, KEY_QUIET },
    { "trace", no_argument, NULL, KEY_TRACE },
    { "list", no_argument, NULL, KEY_LIST },
    { "help", no_argument, NULL, KEY_HELP },
    { NULL, 0, NULL, 0 },
};

static void add_only(struct options *options, const char *name)
{
    if (options->only_count == sizeof(options->only) / sizeof(*options->only))
        die("too many --only", "");
    options->only[options->only_count++] = name;
}

static void read_option(struct options *options, int key)
{
    struct target *target = &options->target;

    switch (key) {
    case KEY_LMTP:
        target->lmtp = true;
        break;
    case KEY_TLS:
        target->tls = read_tls(optarg);
        break;
    case KEY_USER:
        target->user = optarg;
        break;
    case KEY_PASSWORD:
        read_password(options, optarg);
        break;
    case KEY_RECIPIENT:
        target->recipient = optarg;
        break;
    case KEY_SENDER:
        target->sender = optarg;
        break;
    case KEY_CLIENT:
        target->client = optarg;
        break;
    case KEY_READER:
        target->reader = optarg;
        break;
    case KEY_ONLY:
        add_only(options, optarg);
        break;
    case KEY_RULES:
        options->rules = optarg;
        break;
    case KEY_TIMEOUT:
        target->timeout = 1000 * read_number(optarg, 600);
        break;
    case KEY_JOBS:
        options->jobs = (unsigned)read_number(optarg, POOL_JOBS_MAX);
        break;
    case KEY_JSON:
        options->report.json = true;
        break;
    case KEY_QUIET:
        options->report.quiet = true;
        break;
    case KEY_TRACE:
        options->trace = true;
        options->jobs = 1;
        break;
    case KEY_LIST:
        options->list = true;
        break;
    case KEY_HELP:
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

static void read_options(struct options *options, int argc, char **argv)
{
    int key;

    while ((key = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        read_option(options, key);
    if (options->list && optind == argc)
        return;
    if (argc - optind != 2) {
        fputs(usage, stderr);
        exit(2);
    }
    options->target.host = argv[optind];
    options->target.port = argv[optind + 1];
    if ((options->target.user == NULL) != (options->target.password == NULL))
        die("--user and --password-file go together", "");
}

static bool is_wanted(const struct options *options, const char *name)
{
    for (size_t i = 0; i < options->only_count; i++)
        if (text_matches(options->only[i], name))
            return true;
    return options->only_count == 0;
}

/* The rules: as told, or as installed beside the program, or as built. */
static size_t read_rules(struct rule **rules, const struct options *options)
{
    char program[PATH_MAX] = "";
    struct text beside = { .data = NULL };
    size_t count;

    if (options->rules != NULL) {
        count = rule_read_folder(rules, options->rules);
    } else {
        ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

        program[len > 0 ? len : 0] = '\0';
        text_printf(&beside, "%s/../share/smtp_conformance/rules",
                    dirname(program));
        count = rule_read_folder(rules, beside.data);
        if (count == 0)
            count = rule_read_folder(rules, CONFORMANCE_RULES);
    }
    text_free(&beside);
    if (count == 0)
        die("no rules found; say where they are by --rules", "");
    return count;
}

/* Those that are asked for move to the front; their count. */
static size_t choose(struct rule *rules, size_t count,
                     const struct options *options)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = &rules[i];
        bool spoken =
            options->list || (options->target.lmtp ? rule->lmtp : rule->smtp);

        if (spoken && is_wanted(options, rule->name))
            rules[kept++] = *rule;
        else
            rule_free(&rules[i]);
    }
    return kept;
}

/* One session to learn what is offered, and that somebody is there. */
static bool probe(struct offer *offer, const struct target *target)
{
    struct text why = { .data = NULL };
    struct reply reply = { .code = 0 };
    struct peer peer;
    bool fine;

    peer_init(&peer, target->timeout);
    fine = session_open(&peer, target, &why) &&
           session_greet(&peer, &reply, offer, target, true, &why);
    if (!fine)
        fprintf(stderr, "smtp_conformance: %s port %s: %s\n", target->host,
                target->port, why.data);
    else
        peer_send(&peer, "QUIT\r\n", 6);
    if (fine)
        peer_reply(&reply, &peer);
    peer_dispose(&peer);
    reply_free(&reply);
    text_free(&why);
    return fine;
}

int main(int argc, char **argv)
{
    struct options options = { .jobs = 4,
                               .target = { .timeout = 10000,
                                           .sender = "sender@example.org",
                                           .client = "client.example.org" } };
    struct offer offer = { .clear = { .data = NULL } };
    struct rule *rules;
    struct result *results;
    size_t count;
    int code = 3;

    (void)signal(SIGPIPE, SIG_IGN);
    read_options(&options, argc, argv);
    count = read_rules(&rules, &options);
    count = choose(rules, count, &options);
    results = calloc(count + 1, sizeof(*results));
    if (results == NULL)
        die("out of memory", "");
    if (options.list) {
        report_list(rules, count);
        code = 0;
    } else if (probe(&offer, &options.target)) {
        pool_run(results, rules, count, &options.target, &offer, options.jobs,
                 options.trace);
        code = report(rules, results, count, &offer, &options.report);
    }
    for (size_t i = 0; i < count; i++) {
        rule_free(&rules[i]);
        text_free(&results[i].why);
    }
    free(rules);
    free(results);
    text_free(&offer.clear);
    text_free(&offer.last);
    return code;
}
