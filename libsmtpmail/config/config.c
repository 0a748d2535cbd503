/* SPDX-License-Identifier: MIT */
/*
 * config/config.c - from a file to a struct, by way of inih.
 *
 * inih is built without line numbers and cuts long lines in two, so it is fed
 * line by line by our own reader, which counts them and knows their length.
 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "config/key.h"
#include "config/route.h"

#define KEYS_MAX 160

struct load {
    struct smail__config *config;
    FILE *file;
    const char *path;
    int line;
    size_t octets;
    int code; /* of the first fault; 0: none yet */
    int fault_line;
    char fault[160];
    bool is_set[KEYS_MAX];
    int set_at[KEYS_MAX];
};

static void note(struct load *load, int code, const char *text)
{
    if (load->code != 0)
        return;
    load->code = code;
    load->fault_line = load->line;
    smail__format(load->fault, sizeof(load->fault), "%s", text);
}

/* inih does not tell of a section in which no key stands. */
static void check_section(struct load *load, smail_span line)
{
    char text[160];

    line = smail__span_trim(line);
    if (line.len < 2 || line.data[0] != '[' ||
        smail__span_find(line, ']') == line.len)
        return;
    line = smail__span_slice(line, 1, smail__span_find(line, ']') - 1);
    if (smail__key_section(line) || smail__route_section(line))
        return;
    smail__key_explain(text, sizeof(text), line, SMAIL__SPAN(""));
    note(load, SMAIL_EINVAL, text);
}

/* As fgets(), without the white space in front: inih would take an indented
 * key for more of the value before. */
static char *read_line(char *out, int room, void *user)
{
    struct load *load = user;
    size_t len = 0;
    int byte = EOF;

    if (load->code != 0)
        return NULL;
    load->line++;
    while (len + 1 < (size_t)room && (byte = getc(load->file)) != EOF) {
        load->octets++;
        if (len == 0 && smail__is_space((char)byte))
            continue;
        out[len++] = (char)byte;
        if (byte == '\n' || byte == '\0')
            break;
    }
    out[len] = '\0';
    if (byte == '\0')
        note(load, SMAIL_EINVAL, "a NUL octet: this is not a text file");
    else if (byte != '\n' && byte != EOF)
        note(load, SMAIL_EINVAL, "the line is too long");
    else if (load->octets > SMAIL__CONFIG_MAX)
        note(load, SMAIL_EINVAL, "the file is too large to be a config");
    else
        check_section(load, (smail_span){ out, len });
    return len > 0 && load->code == 0 ? out : NULL;
}

static int take(void *user, const char *section, const char *name,
                const char *value)
{
    struct load *load = user;
    const struct smail__key *key =
        smail__key_find(smail__span(section), smail__span(name));
    smail_error err = SMAIL_ERROR_INIT;
    char text[160];
    size_t index;
    int code;

    if (smail__route_section(smail__span(section))) {
        code = smail__route_set(load->config, smail__span(section),
                                smail__span(name), smail__span(value), &err);
        if (code != 0)
            note(load, code, err.message);
        return 1;
    }
    if (key == NULL) {
        smail__key_explain(text, sizeof(text), smail__span(section),
                           smail__span(name));
        note(load, SMAIL_EINVAL, text);
        return 1;
    }
    index = (size_t)(key - smail__keys);
    if (load->is_set[index] && key->type != SMAIL__KEY_LISTEN) {
        smail__format(text, sizeof(text), "'%s' was set in line %d already",
                      name, load->set_at[index]);
        note(load, SMAIL_EINVAL, text);
        return 1;
    }
    load->is_set[index] = true;
    load->set_at[index] = load->line;
    code = smail__key_set(load->config, key, smail__span(value), &err);
    if (code != 0)
        note(load, code == SMAIL_ELIMIT ? SMAIL_EINVAL : code, err.message);
    return 1;
}

static int set_defaults(struct smail__config *config, smail_error *err)
{
    int code = 0;

    memset(config, 0, sizeof(*config));
    for (size_t i = 0; code == 0 && i < smail__key_count; i++)
        code = smail__key_set(config, &smail__keys[i],
                              smail__span(smail__keys[i].standard), err);
    return code;
}

/* What one key cannot know of another. */
static void check_whole(struct load *load)
{
    const struct smail__config *config = load->config;
    bool has_certificate = config->certificate[0] != '\0';
    bool has_key = config->key[0] != '\0';

    load->line = 0;
    if (smail__route_fault(config) != NULL)
        note(load, SMAIL_EINVAL, smail__route_fault(config));
    if (has_certificate != has_key)
        note(load, SMAIL_EINVAL,
             has_key ? "[tls] has a key and no certificate"
                     : "[tls] has a certificate and no key");
    for (size_t i = 0; i < config->listens.count; i++) {
        enum smail__listen_kind kind = config->listens.items[i].kind;

        if (!has_certificate && (kind == SMAIL__LISTEN_SUBMISSION ||
                                 kind == SMAIL__LISTEN_SUBMISSIONS))
            note(load, SMAIL_EINVAL,
                 "[server] listen has submission, which needs a certificate "
                 "and key in [tls]: passwords are only taken under TLS");
    }
}

static int complain(const struct load *load, smail_error *err)
{
    size_t len = strlen(load->path);
    const char *path = load->path + (len > 70 ? len - 70 : 0);

    if (load->code == SMAIL_ENOMEM || load->fault_line == 0)
        return smail__fail(err, load->code, "%s: %s", path, load->fault);
    return smail__fail(err, load->code, "%s:%d: %s", path, load->fault_line,
                       load->fault);
}

static int parse(struct load *load, smail_error *err)
{
    int bad_line = ini_parse_stream(read_line, load, take, load);

    if (ferror(load->file))
        return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", load->path,
                              strerror(errno));
    if (bad_line > 0 && (load->code == 0 || bad_line < load->fault_line)) {
        load->code = 0;
        load->line = bad_line;
        note(load, SMAIL_EINVAL,
             "neither [section] nor key = value nor # comment");
    }
    if (load->code == 0)
        check_whole(load);
    return load->code != 0 ? complain(load, err) : 0;
}

int smail__config_load(struct smail__config *out, const char *path,
                       bool required, smail_error *err)
{
    struct load load = { .config = out, .path = path };
    int code = set_defaults(out, err);

    if (code != 0)
        goto out;
    if (path == NULL)
        load.path = SMAIL__CONFIG_PATH;
    load.file = fopen(load.path, "re");
    if (load.file == NULL) {
        if (errno == ENOENT && !required)
            return 0;
        code =
            smail__fail_os(err, errno == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO,
                           errno, "%s: %s", load.path, strerror(errno));
        goto out;
    }
    code = parse(&load, err);
    fclose(load.file);
out:
    if (code != 0)
        smail__config_dispose(out);
    return code;
}

void smail__config_dispose(struct smail__config *config)
{
    smail__route_dispose(config);
    for (size_t i = 0; i < smail__key_count; i++) {
        if (smail__keys[i].type == SMAIL__KEY_STRING)
            free(*(char **)((char *)config + smail__keys[i].offset));
    }
    memset(config, 0, sizeof(*config));
}

const char *smail__config_store(const struct smail__config *config,
                                const char *option, const char *environment)
{
    if (option != NULL && option[0] != '\0')
        return option;
    if (environment != NULL && environment[0] != '\0')
        return environment;
    if (config->store != NULL && config->store[0] != '\0')
        return config->store;
    return SMAIL__CONFIG_STORE;
}

uint64_t smail__config_keep_queue(const struct smail__config *config)
{
    return config->queue_history > 0 ? config->queue_history : 1;
}

static bool same_listens(const struct smail__listens *a,
                         const struct smail__listens *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->items[i].kind != b->items[i].kind ||
            strcmp(a->items[i].address, b->items[i].address) != 0)
            return false;
    }
    return true;
}

bool smail__config_same(const struct smail__config *a,
                        const struct smail__config *b, size_t index)
{
    const struct smail__key *key = &smail__keys[index];
    const void *x = (const char *)a + key->offset;
    const void *y = (const char *)b + key->offset;

    switch (key->type) {
    case SMAIL__KEY_STRING:
        return strcmp(*(char *const *)x, *(char *const *)y) == 0;
    case SMAIL__KEY_LISTEN:
        return same_listens(x, y);
    case SMAIL__KEY_SIZE:
        return *(const uint64_t *)x == *(const uint64_t *)y;
    case SMAIL__KEY_BOOL:
    case SMAIL__KEY_FORMAT:
        return *(const bool *)x == *(const bool *)y;
    case SMAIL__KEY_LEVEL:
        return *(const enum smail__log_level *)x ==
               *(const enum smail__log_level *)y;
    default:
        return *(const uint32_t *)x == *(const uint32_t *)y;
    }
}

bool smail__config_key(struct smail__config_key *out, size_t index)
{
    const struct smail__key *key;

    if (index >= smail__key_count)
        return false;
    key = &smail__keys[index];
    *out = (struct smail__config_key){ key->section, key->name,
                                       smail__key_allowed(key), key->standard,
                                       key->help };
    return true;
}
