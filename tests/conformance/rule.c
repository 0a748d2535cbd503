/* SPDX-License-Identifier: MIT */
/* rule.c - reads the rules. */
#define _POSIX_C_SOURCE 200809L
#include "rule.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define LINE_MAX_LEN 8192
#define ENDING ".rule"

static void die(const char *path, unsigned line, const char *what)
{
    fprintf(stderr, "%s:%u: %s\n", path, line, what);
    exit(2);
}

static void *grow(void *old, size_t size)
{
    void *block = realloc(old, size);

    if (block == NULL)
        die("smtp_conformance", 0, "out of memory");
    return block;
}

enum argument { ARGUMENT_NONE, ARGUMENT_NEEDED, ARGUMENT_ANY };

/* Where one begins with another, the longer comes first. */
static const struct {
    const char *name;
    enum verb verb;
    enum argument argument;
} verbs[] = {
    { ">>", VERB_SEND_RAW, ARGUMENT_NEEDED },
    { ">", VERB_SEND, ARGUMENT_ANY },
    { "<", VERB_EXPECT, ARGUMENT_NEEDED },
    { "has", VERB_HAS, ARGUMENT_NEEDED },
    { "lacks", VERB_LACKS, ARGUMENT_NEEDED },
    { "check", VERB_CHECK, ARGUMENT_NEEDED },
    { "means", VERB_MEANS, ARGUMENT_NEEDED },
    { "greet", VERB_GREET, ARGUMENT_NONE },
    { "hello", VERB_HELLO, ARGUMENT_NONE },
    { "envelope", VERB_ENVELOPE, ARGUMENT_NONE },
    { "again", VERB_AGAIN, ARGUMENT_NONE },
    { "pieces", VERB_PIECES, ARGUMENT_NEEDED },
    { "wait", VERB_WAIT, ARGUMENT_NEEDED },
    { "silent", VERB_SILENT, ARGUMENT_NEEDED },
    { "half-close", VERB_HALF, ARGUMENT_NONE },
    { "drop", VERB_DROP, ARGUMENT_NONE },
    { "abort", VERB_ABORT, ARGUMENT_NONE },
    { "handshake", VERB_HANDSHAKE, ARGUMENT_ANY },
    { "stop", VERB_STOP, ARGUMENT_NEEDED },
    { "skip", VERB_SKIP, ARGUMENT_NEEDED },
    { "repeat", VERB_REPEAT, ARGUMENT_NEEDED },
    { "end", VERB_END, ARGUMENT_NONE },
    { "stored", VERB_STORED, ARGUMENT_NEEDED },
    { "not-stored", VERB_NOT_STORED, ARGUMENT_NEEDED },
};

/* The word at the front, ended by a space; what follows it. */
static const char *after_word(const char *text, const char *word)
{
    size_t len = strlen(word);

    if (strncmp(text, word, len) != 0)
        return NULL;
    if (text[len] == ' ')
        return text + len + 1;
    return text[len] == '\0' ? text + len : NULL;
}

/* `rule`, `cite`, `title`, `needs`, `for`: what stands before the dialogue. */
static bool read_head(struct rule *rule, const char *text)
{
    const struct {
        const char *name;
        char **value;
    } heads[] = {
        { "title", &rule->title },
        { "cite", &rule->cite },
        { "needs", &rule->needs },
    };
    const char *value = after_word(text, "rule");

    if (value != NULL) {
        rule->level = strcmp(value, "SHOULD") == 0 ? LEVEL_SHOULD : LEVEL_MUST;
        return strcmp(value, "SHOULD") == 0 || strcmp(value, "MUST") == 0;
    }
    value = after_word(text, "for");
    if (value != NULL) {
        rule->smtp = strcmp(value, "smtp") == 0;
        rule->lmtp = strcmp(value, "lmtp") == 0;
        return rule->smtp || rule->lmtp;
    }
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        value = after_word(text, heads[i].name);
        if (value != NULL) {
            free(*heads[i].value);
            *heads[i].value = text_copy(value);
            return true;
        }
    }
    return false;
}

static bool read_step(struct rule *rule, const char *text, unsigned line)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        const char *value = after_word(text, verbs[i].name);
        struct step *step;

        if (value == NULL)
            continue;
        if ((verbs[i].argument == ARGUMENT_NONE && *value != '\0') ||
            (verbs[i].argument == ARGUMENT_NEEDED && *value == '\0'))
            return false;
        rule->steps =
            grow(rule->steps, (rule->count + 1) * sizeof(*rule->steps));
        step = &rule->steps[rule->count++];
        *step = (struct step){ .verb = verbs[i].verb, .line = line };
        step->text = text_copy(value);
        return true;
    }
    return false;
}

/* Find the `end` of each `repeat`. */
static void pair_up(struct rule *rule, const char *path)
{
    size_t open = rule->count;

    for (size_t i = 0; i < rule->count; i++) {
        struct step *step = &rule->steps[i];

        if (step->verb == VERB_REPEAT) {
            if (open != rule->count)
                die(path, step->line, "repeat within repeat");
            open = i;
        } else if (step->verb == VERB_END) {
            if (open == rule->count)
                die(path, step->line, "end without repeat");
            step->partner = open;
            rule->steps[open].partner = i;
            open = rule->count;
        }
    }
    if (open != rule->count)
        die(path, rule->steps[open].line, "repeat without end");
}

static char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = text_copy(slash != NULL ? slash + 1 : path);
    size_t len = strlen(name);

    if (len > strlen(ENDING) &&
        strcmp(name + len - strlen(ENDING), ENDING) == 0)
        name[len - strlen(ENDING)] = '\0';
    return name;
}

void rule_read(struct rule *out, const char *path)
{
    FILE *file = fopen(path, "r");
    char text[LINE_MAX_LEN];
    unsigned line = 0;

    if (file == NULL) {
        perror(path);
        exit(2);
    }
    *out = (struct rule){ .smtp = true, .lmtp = true };
    out->name = name_of(path);
    while (fgets(text, sizeof(text), file) != NULL) {
        line++;
        if (strchr(text, '\n') == NULL)
            die(path, line, "a line is too long or not ended");
        text[strcspn(text, "\n")] = '\0';
        if (text[0] == '\0' || text[0] == '#')
            continue;
        if ((out->count > 0 || !read_head(out, text)) &&
            !read_step(out, text, line))
            die(path, line, "neither a head nor a step");
    }
    fclose(file);
    if (out->title == NULL || out->cite == NULL || out->count == 0)
        die(path, line, "title, cite or steps are missing");
    pair_up(out, path);
}

void rule_free(struct rule *rule)
{
    for (size_t i = 0; i < rule->count; i++)
        free(rule->steps[i].text);
    free(rule->steps);
    free(rule->name);
    free(rule->title);
    free(rule->cite);
    free(rule->needs);
}

static int is_rule(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ENDING) == 0;
}

size_t rule_read_folder(struct rule **out, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_rule, alphasort);
    struct text path = { .data = NULL };

    *out = NULL;
    if (count < 0)
        return 0;
    *out = grow(NULL, ((size_t)count + 1) * sizeof(**out));
    for (int i = 0; i < count; i++) {
        text_clear(&path);
        text_printf(&path, "%s/%s", folder, entries[i]->d_name);
        rule_read(&(*out)[i], path.data);
        free(entries[i]);
    }
    free(entries);
    text_free(&path);
    return (size_t)count;
}
