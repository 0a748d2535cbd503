/* SPDX-License-Identifier: MIT */
/* help.c - the table of commands, for people. */
#include <string.h>

#include "base/span.h"
#include "config/config.h"
#include "ctl.h"

static void put_usage(struct smail__buf *out, const struct command *command,
                      size_t width)
{
    size_t start = out->len;

    smail__buf_puts(out, command->noun);
    if (command->verb != NULL)
        smail__buf_printf(out, " %s", command->verb);
    if (command->arguments[0] != '\0')
        smail__buf_printf(out, " %s", command->arguments);
    while (out->len - start < width && smail__buf_error(out) == 0)
        smail__buf_putc(out, ' ');
}

static void put_options(struct smail__buf *out, const struct option *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        size_t start = out->len;

        smail__buf_printf(out, "      --%s%s%s", options->name,
                          options->value != NULL ? " " : "",
                          options->value != NULL ? options->value : "");
        while (out->len - start < 32 && smail__buf_error(out) == 0)
            smail__buf_putc(out, ' ');
        smail__buf_printf(out, "%s\n", options->help);
    }
}

void help_all(struct out *out)
{
    struct smail__buf *buf = &out->buf;

    smail__buf_puts(buf,
                    "mailctl: a mail store from the shell\n\n"
                    "Usage: mailctl [OPTION]... NOUN VERB [ARGUMENT]...\n\n"
                    "Anywhere on the line:\n"
                    "  --config FILE   settings; else " SMAIL__CONFIG_PATH "\n"
                    "  --store URL     as sqlite:/var/lib/smtpmail/mail.db;\n"
                    "                  else $SMTPMAIL_STORE, else the config\n"
                    "  --json          print one JSON document\n"
                    "  --limit N       no more rows than that\n"
                    "  --help, --version\n\n");
    for (size_t i = 0; all_commands[i] != NULL; i++) {
        for (size_t j = 0; j < all_commands[i]->count; j++) {
            const struct command *command = &all_commands[i]->items[j];

            smail__buf_puts(buf, "  ");
            put_usage(buf, command, 40);
            smail__buf_printf(buf, " %s\n", command->help);
        }
    }
    smail__buf_puts(buf, "\nMore: mailctl help NOUN\n\n"
                         "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, "
                         "4 already exists\n");
}

static void help_keys(struct smail__buf *out)
{
    struct smail__config_key key;
    const char *section = "";

    smail__buf_puts(out, "\nThe config is an INI file. Its sections and "
                         "keys:\n");
    for (size_t i = 0; smail__config_key(&key, i); i++) {
        if (strcmp(key.section, section) != 0)
            smail__buf_printf(out, "\n[%s]\n", key.section);
        section = key.section;
        smail__buf_printf(out, "  %s = %s\n      %s; %s\n", key.name,
                          key.standard, key.help, key.allowed);
    }
}

void help_command(struct out *out, const struct command *command)
{
    smail__buf_puts(&out->buf, "  mailctl ");
    put_usage(&out->buf, command, 0);
    smail__buf_printf(&out->buf, "\n      %s\n", command->help);
    put_options(&out->buf, command->options);
}

bool help_noun(struct out *out, const char *noun)
{
    bool is_known = false;

    for (size_t i = 0; all_commands[i] != NULL; i++) {
        for (size_t j = 0; j < all_commands[i]->count; j++) {
            const struct command *command = &all_commands[i]->items[j];

            if (strcmp(command->noun, noun) != 0)
                continue;
            help_command(out, command);
            is_known = true;
        }
    }
    if (is_known && strcmp(noun, "config") == 0)
        help_keys(&out->buf);
    return is_known;
}
