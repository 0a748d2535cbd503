/* SPDX-License-Identifier: MIT */
/* script.c - reads a dialogue file. */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/span.h"

#define TEXT_MAX (64 * 1024 * 1024)

static void die(unsigned number, const char *what)
{
    fprintf(stderr, "line %u: %s\n", number, what);
    exit(2);
}

/* \{COUNT text}: `text` up to the brace, COUNT times. */
static const char *put_repeated(struct smail__buf *out, const char *at)
{
    char *word;
    size_t count = strtoul(at, &word, 10);
    const char *end = strchr(word, '}');

    if (*word != ' ' || end == NULL)
        die(0, "\\{COUNT text} is malformed");
    word++;
    while (count-- > 0)
        smail__buf_append(out, (smail_span){ word, (size_t)(end - word) });
    return end + 1;
}

static const char *put_escape(struct smail__buf *out, const char *at)
{
    static const char names[] = "rnt0\\";
    static const char bytes[] = "\r\n\t\0\\";
    const char *name = strchr(names, *at);

    if (*at == '{')
        return put_repeated(out, at + 1);
    if (*at == 'x') {
        char hex[3] = { at[1], at[2], '\0' };

        smail__buf_putc(out, (char)strtoul(hex, NULL, 16));
        return at + 3;
    }
    if (*at == '\0' || name == NULL)
        die(0, "unknown escape");
    smail__buf_putc(out, bytes[name - names]);
    return at + 1;
}

static char *finish(size_t *len, struct smail__buf *out)
{
    smail_buf result;

    if (smail__buf_move(&result, out) != 0)
        die(0, "out of memory");
    *len = result.len;
    return result.data;
}

char *script_unescape(size_t *len, const char *text)
{
    struct smail__buf out;

    smail__buf_init(&out, TEXT_MAX, NULL);
    while (*text != '\0') {
        if (*text == '\\') {
            text = put_escape(&out, text + 1);
        } else {
            smail__buf_putc(&out, *text);
            text++;
        }
    }
    return finish(len, &out);
}

struct flag {
    const char *name;
    size_t offset;
};

#define FLAG(name)                                       \
    {                                                    \
#name, offsetof(smail_smtp_server_options, name) \
    }

static bool set_flag(smail_smtp_server_options *options, const char *name)
{
    static const struct flag flags[] = {
        FLAG(offer_starttls),
        FLAG(require_tls),
        FLAG(auth_without_tls),
        FLAG(require_auth),
        FLAG(normalize_line_ends),
        FLAG(offer_chunking),
        FLAG(offer_binarymime),
        FLAG(offer_smtputf8),
        FLAG(offer_dsn),
        FLAG(offer_requiretls),
        FLAG(offer_mt_priority),
        FLAG(offer_deliverby),
        FLAG(offer_limits),
        FLAG(ask_vrfy),
        FLAG(ask_expn),
        FLAG(allow_xclient),
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if (strcmp(name, flags[i].name) == 0) {
            *(bool *)((char *)options + flags[i].offset) = true;
            return true;
        }
    return false;
}

static bool set_number(smail_smtp_server_options *options, const char *name,
                       unsigned long value)
{
    static const struct flag numbers[] = {
        FLAG(max_recipients), FLAG(max_command_line),
        FLAG(max_text_line),  FLAG(max_auth_line),
        FLAG(max_errors),     FLAG(max_commands),
        FLAG(min_deliver_by), FLAG(max_future_release),
        FLAG(max_mails),      FLAG(max_recipient_domains),
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (strcmp(name, numbers[i].name) == 0) {
            uint32_t number = (uint32_t)value;

            memcpy((char *)options + numbers[i].offset, &number,
                   sizeof(number));
            return true;
        }
    return false;
}

/* `option NAME [VALUE]` */
static void read_option(struct script *script, unsigned number, char *text)
{
    smail_smtp_server_options *options = &script->options;
    char *value = strchr(text, ' ');
    size_t len;

    if (value != NULL)
        *value++ = '\0';
    if (value == NULL && set_flag(options, text))
        return;
    if (value != NULL && strcmp(text, "protocol") == 0)
        options->protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    else if (value != NULL && strcmp(text, "max_message_size") == 0)
        options->max_message_size = strtoull(value, NULL, 10);
    else if (value != NULL && strcmp(text, "max_future_release_date") == 0)
        options->max_future_release_date = strtoll(value, NULL, 10);
    else if (value != NULL && strcmp(text, "auth_mechanisms") == 0)
        options->auth_mechanisms = script->mechanisms = smail__strdup(value);
    else if (value != NULL && strcmp(text, "mt_priority_profile") == 0)
        options->mt_priority_profile = script->profile = smail__strdup(value);
    else if (value != NULL && strcmp(text, "help_text") == 0)
        options->help_text = script->help = script_unescape(&len, value);
    else if (value == NULL ||
             !set_number(options, text, strtoul(value, NULL, 10)))
        die(number, "unknown option");
}

static struct line *add_line(struct script *script, enum line_kind kind,
                             unsigned number)
{
    struct line *line;

    script->lines = realloc(script->lines, (script->count + 1) * sizeof(*line));
    if (script->lines == NULL)
        die(number, "out of memory");
    line = &script->lines[script->count++];
    *line = (struct line){ .kind = kind, .number = number };
    return line;
}

static char *copy(smail_span span)
{
    char *text = smail__spandup(smail__span_trim(span));

    if (text == NULL)
        die(0, "out of memory");
    return text;
}

/* `event args  action`: two spaces or more part them. */
static void read_event(struct script *script, unsigned number, const char *text)
{
    struct line *line = add_line(script, LINE_EVENT, number);
    smail_span all = smail__span_trim(smail__span(text));
    size_t end = 0;

    while (end < all.len &&
           (end + 1 == all.len || memcmp(all.data + end, "  ", 2) != 0))
        end++;
    line->text = copy(smail__span_slice(all, 0, end));
    line->len = strlen(line->text);
    line->action = copy(smail__span_from(all, end));
}

static void read_client(struct script *script, unsigned number,
                        const char *text, bool crlf)
{
    struct line *line = add_line(script, LINE_CLIENT, number);
    size_t room = strlen(text) + sizeof("\\r\\n");
    char *whole = malloc(room);

    if (whole == NULL)
        die(number, "out of memory");
    (void)smail__format(whole, room, "%s%s", text, crlf ? "\\r\\n" : "");
    line->text = script_unescape(&line->len, whole);
    free(whole);
}

static void read_server(struct script *script, unsigned number,
                        const char *text)
{
    struct line *line = add_line(script, LINE_SERVER, number);

    line->text = script_unescape(&line->len, text);
}

static void read_line(struct script *script, unsigned number, char *text)
{
    const char *rest = text + 2;

    if (text[0] == '\0' || text[0] == '#')
        return;
    if (strncmp(text, "option ", 7) == 0) {
        read_option(script, number, text + 7);
        return;
    }
    if (strlen(text) < 2)
        die(number, "too short");
    if (text[2] == ' ')
        rest++;
    if (strncmp(text, "C:", 2) == 0)
        read_client(script, number, rest, true);
    else if (strncmp(text, "C+", 2) == 0)
        read_client(script, number, rest, false);
    else if (strncmp(text, "? ", 2) == 0)
        read_event(script, number, rest);
    else if (strncmp(text, "S:", 2) == 0)
        read_server(script, number, rest);
    else if (strncmp(text, "! ", 2) == 0)
        add_line(script, LINE_ACTION, number)->text = copy(smail__span(rest));
    else
        die(number, "begins with none of C: C+ S: ? ! # option");
}

void script_read(struct script *out, const char *path)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    FILE *file = fopen(path, "r");
    char text[4096];
    unsigned number = 0;

    if (file == NULL) {
        perror(path);
        exit(2);
    }
    options.hostname = "mx.example";
    *out = (struct script){ .options = options };
    while (fgets(text, sizeof(text), file) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        read_line(out, ++number, text);
    }
    fclose(file);
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        free(script->lines[i].text);
        free(script->lines[i].action);
    }
    free(script->lines);
    free(script->mechanisms);
    free(script->profile);
    free(script->help);
}
