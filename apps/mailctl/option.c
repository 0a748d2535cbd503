/* SPDX-License-Identifier: MIT */
/*
 * option.c - the words of the command line. Options may stand anywhere, before
 * the noun too, so an option of one name takes a value with every command or
 * with none.
 */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "config/value.h"
#include "ctl.h"
#include "json/write.h"

/* Anywhere on the line, for every command. */
static const struct option global_options[] = {
    { "config", "FILE", "" }, { "store", "URL", "" }, { "json", NULL, "" },
    { "limit", "N", "" },     { "help", NULL, "" },   { "version", NULL, "" },
    { NULL, NULL, NULL },
};

int ctl_usage(struct ctl *ctl, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    smail__vformat(ctl->err.message, sizeof(ctl->err.message), format, args);
    va_end(args);
    ctl->err.code = CTL_USAGE;
    return CTL_USAGE;
}

static const struct option *find(const struct option *options, smail_span name)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (smail__span_is(name, options->name))
            return options;
    }
    return NULL;
}

static int set_global(struct ctl *ctl, const char *name, const char *value)
{
    if (strcmp(name, "config") == 0)
        ctl->config_path = value;
    else if (strcmp(name, "store") == 0)
        ctl->store_url = value;
    else if (strcmp(name, "json") == 0)
        ctl->json = true;
    else if (strcmp(name, "help") == 0)
        ctl->help = true;
    else if (strcmp(name, "version") == 0)
        ctl->version = true;
    else if (smail__span_number(&ctl->limit, smail__span(value)) != 0 ||
             ctl->limit == 0)
        return ctl_usage(ctl, "--limit wants a number over 0, not '%s'", value);
    return 0;
}

/* The option of any command that has this name. */
static const struct option *find_any(smail_span name)
{
    const struct option *option = NULL;

    for (size_t i = 0; option == NULL && all_commands[i] != NULL; i++) {
        for (size_t j = 0; option == NULL && j < all_commands[i]->count; j++)
            option = find(all_commands[i]->items[j].options, name);
    }
    return option;
}

static void nearest(const char **best, unsigned *distance, smail_span name,
                    const struct option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        unsigned one = smail__value_distance(name, smail__span(options->name));

        if (one >= *distance)
            continue;
        *distance = one;
        *best = options->name;
    }
}

static int unknown_option(struct ctl *ctl, smail_span name)
{
    const char *best = NULL;
    unsigned distance = 4;

    if (smail__span_is(name, "password"))
        return ctl_usage(ctl,
                         "a password on the command line is seen by everybody "
                         "on this machine: use --password-stdin, "
                         "--password-file FILE, or wait to be asked");
    nearest(&best, &distance, name, global_options);
    if (ctl->command != NULL)
        nearest(&best, &distance, name, ctl->command->options);
    if (best != NULL)
        return ctl_usage(ctl, "there is no option --%.*s here; is it --%s?",
                         SMAIL__SPAN_ARG(name), best);
    return ctl_usage(ctl, "there is no option --%.*s here",
                     SMAIL__SPAN_ARG(name));
}

/* --- First: options from arguments --------------------------------------- */

struct words {
    const char *items[ARGUMENTS_MAX + 2];
    bool is_plain[ARGUMENTS_MAX + 2]; /* behind "--" */
    size_t count;
    smail_span unknown; /* the first option that nobody has */
};

/* The option in argv[*at] and its value, in the same word or the next. */
static int take_option(struct ctl *ctl, struct words *words, int argc,
                       char **argv, int *at)
{
    smail_span rest = smail__span(argv[*at] + 2);
    smail_span name = smail__span_cut(&rest, '=');
    const char *value =
        argv[*at][2 + name.len] == '=' ? argv[*at] + 3 + name.len : NULL;
    const struct option *option = find_any(name);
    bool is_global = option == NULL;

    if (is_global)
        option = find(global_options, name);
    if (option == NULL) {
        if (words->unknown.data == NULL)
            words->unknown = name;
        return 0;
    }
    if (option->value == NULL && value != NULL)
        return ctl_usage(ctl, "--%s takes no value", option->name);
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= argc)
            return ctl_usage(ctl, "--%s wants a value: %s", option->name,
                             option->value);
        value = argv[++*at];
    }
    if (is_global)
        return set_global(ctl, option->name, value);
    if (ctl->given_count == OPTIONS_MAX)
        return ctl_usage(ctl, "too many options");
    ctl->given[ctl->given_count++] =
        (struct given){ option, value != NULL ? value : "" };
    return 0;
}

static int split(struct ctl *ctl, struct words *words, int argc, char **argv)
{
    bool is_plain = false;
    int rc = 0;

    for (int at = 1; rc == 0 && at < argc; at++) {
        bool is_option = !is_plain && strncmp(argv[at], "--", 2) == 0;

        if (is_option && argv[at][2] == '\0') {
            is_plain = true;
        } else if (is_option) {
            rc = take_option(ctl, words, argc, argv, &at);
        } else if (!is_plain && strcmp(argv[at], "-h") == 0) {
            ctl->help = true;
        } else if (words->count == ARGUMENTS_MAX + 2) {
            rc = ctl_usage(ctl, "too many words: '%s'", argv[at]);
        } else {
            words->is_plain[words->count] = is_plain;
            words->items[words->count++] = argv[at];
        }
    }
    return rc;
}

/* --- Then: what they mean to the command --------------------------------- */

static int find_command(struct ctl *ctl, const struct words *words)
{
    const char *noun = words->items[0], *verb = words->items[1];
    bool has_noun = false;

    if (words->count == 0)
        return ctl_usage(ctl, "what is to be done? Try: mailctl help");
    for (size_t i = 0; all_commands[i] != NULL; i++) {
        for (size_t j = 0; j < all_commands[i]->count; j++) {
            const struct command *command = &all_commands[i]->items[j];

            if (strcmp(command->noun, noun) != 0)
                continue;
            has_noun = true;
            if (command->verb != NULL &&
                (words->count < 2 || strcmp(command->verb, verb) != 0))
                continue;
            ctl->command = command;
            return 0;
        }
    }
    if (!has_noun)
        return ctl_usage(ctl, "nothing is called '%s'; try: mailctl help",
                         noun);
    if (words->count > 1)
        return ctl_usage(ctl, "there is no '%s %s'; try: mailctl help %s", noun,
                         verb, noun);
    return ctl_usage(ctl, "what about the %s? Try: mailctl help %s", noun,
                     noun);
}

/* A name that all commands know, and one of them as its own: it is that one's
 * there and everybody's elsewhere. */
static int settle_shared(struct ctl *ctl)
{
    size_t kept = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ctl->given_count; i++) {
        smail_span name = smail__span(ctl->given[i].option->name);

        if (find(global_options, name) == NULL ||
            find(ctl->command->options, name) != NULL)
            ctl->given[kept++] = ctl->given[i];
        else
            rc = set_global(ctl, name.data, ctl->given[i].value);
    }
    ctl->given_count = kept;
    return rc;
}

static int check_options(struct ctl *ctl, const struct words *words)
{
    int rc = settle_shared(ctl);

    if (rc != 0)
        return rc;
    if (words->unknown.data != NULL)
        return unknown_option(ctl, words->unknown);
    for (size_t i = 0; i < ctl->given_count; i++) {
        smail_span name = smail__span(ctl->given[i].option->name);

        if (find(ctl->command->options, name) == NULL)
            return unknown_option(ctl, name);
    }
    return 0;
}

static int take_arguments(struct ctl *ctl, const struct words *words)
{
    const struct command *command = ctl->command;
    const char *verb = command->verb != NULL ? command->verb : "";
    const char *space = command->verb != NULL ? " " : "";
    size_t first = command->verb != NULL ? 2 : 1;

    for (size_t i = first; i < words->count; i++) {
        const char *word = words->items[i];
        bool has_password =
            find(command->options, SMAIL__SPAN("password-stdin")) != NULL;

        if (!words->is_plain[i] && word[0] == '-' && word[1] != '\0' &&
            !(command->needs & DASH_WORDS))
            return ctl_usage(ctl, "'%s' is no option: they have two dashes",
                             word);
        if (ctl->argument_count >= command->max)
            return has_password
                       ? ctl_usage(ctl, "too many words; a password is never "
                                        "one of them: use --password-stdin or "
                                        "--password-file FILE")
                       : ctl_usage(ctl, "too many words: '%s'", word);
        ctl->arguments[ctl->argument_count++] = word;
    }
    if (ctl->argument_count < command->min)
        return ctl_usage(ctl, "usage: mailctl %s%s%s %s", command->noun, space,
                         verb, command->arguments);
    return 0;
}

int ctl_read_words(struct ctl *ctl, int argc, char **argv)
{
    struct words words = { .count = 0 };
    int rc = split(ctl, &words, argc, argv);

    if (rc != 0 || ctl->version)
        return rc;
    if (words.count > 0 && strcmp(words.items[0], "help") == 0) {
        ctl->help = true;
        words.count--;
        memmove(words.items, words.items + 1, sizeof(*words.items) * 2);
    }
    if (ctl->help) {
        ctl->arguments[0] = words.count > 0 ? words.items[0] : NULL;
        ctl->arguments[1] = words.count > 1 ? words.items[1] : NULL;
        return 0;
    }
    rc = find_command(ctl, &words);
    if (rc == 0)
        rc = check_options(ctl, &words);
    return rc != 0 ? rc : take_arguments(ctl, &words);
}

/* --- What the commands ask ----------------------------------------------- */

const char *ctl_option(const struct ctl *ctl, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < ctl->given_count; i++) {
        if (strcmp(ctl->given[i].option->name, name) == 0)
            value = ctl->given[i].value;
    }
    return value;
}

int ctl_id(smail_id *out, struct ctl *ctl, const char *text)
{
    uint64_t number;

    if (smail__span_number(&number, smail__span(text)) != 0 || number == 0 ||
        number > INT64_MAX)
        return ctl_usage(ctl, "'%s' is no id: ids are numbers", text);
    *out = (smail_id)number;
    return 0;
}

int ctl_account(smail_id *out, struct ctl *ctl)
{
    return smail_account_find(out, ctl->store, ctl->arguments[0], &ctl->err);
}

int ctl_done(struct ctl *ctl, const char *key, const char *value,
             const char *sentence)
{
    struct smail__json json;

    if (!ctl->json) {
        smail__buf_printf(&ctl->out.buf, "%s\n", sentence);
        return 0;
    }
    smail__json_init(&json, &ctl->out.buf);
    smail__json_begin_object(&json);
    smail__json_key(&json, "done");
    smail__json_bool(&json, true);
    if (key != NULL) {
        smail__json_key(&json, key);
        smail__json_string(&json, value);
    }
    smail__json_end_object(&json);
    smail__buf_putc(&ctl->out.buf, '\n');
    return 0;
}
