/* SPDX-License-Identifier: MIT */
/*
 * ctl.h - one run of mailctl: what was asked, and what the commands share.
 *
 * A command is a row of a table: its words, its options, and a function that
 * gets a struct ctl with the store open. It returns 0 or a smail_code with
 * `ctl->err` filled in; main() makes the exit code of it.
 */
#ifndef CTL_H
#define CTL_H

#include <smtpmail/account.h>
#include <smtpmail/store.h>

#include "config/config.h"
#include "out.h"

/* Exit codes; scripts depend on them. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_ALREADY_EXISTS = 4
};

/* What a command returns when its words make no sense; beyond smail_code. */
#define CTL_USAGE (-100)

/* As many files as a shell pattern stands for, within reason. */
#define ARGUMENTS_MAX 4096
#define OPTIONS_MAX 128

struct option {
    const char *name;  /* without the dashes */
    const char *value; /* its name in the help; NULL: takes none */
    const char *help;
};

struct given {
    const struct option *option;
    const char *value;
};

enum command_needs {
    NO_STORE = 0,
    STORE = 1 << 0,             /* it must be there */
    NEW_STORE = 1 << 1,         /* it is made if it is not there */
    DASH_WORDS = 1 << 2,        /* "-word" is an argument and no option */
    CONFIG_AS_ARGUMENT = 1 << 3 /* faults in the file are the command's */
};

struct ctl {
    const char *config_path; /* NULL: the usual */
    const char *store_url;   /* NULL: not given */
    bool json;
    uint64_t limit; /* 0: none */
    bool help, version;

    const char *arguments[ARGUMENTS_MAX];
    size_t argument_count;
    struct given given[OPTIONS_MAX];
    size_t given_count;

    const struct command *command;
    struct smail__config config;
    smail_store *store;
    struct out out;
    smail_error err;
};

struct command {
    const char *noun, *verb;      /* verb NULL: the noun is all */
    const char *arguments;        /* for the help: "ADDRESS ID" */
    const char *help;             /* one line */
    size_t min, max;              /* arguments */
    unsigned needs;               /* enum command_needs */
    const struct option *options; /* ended by a NULL name; may be NULL */
    int (*run)(struct ctl *ctl);
};

struct commands {
    const struct command *items;
    size_t count;
};

/* One for each cmd_<noun>.c. */
extern const struct commands domain_commands;
extern const struct commands domain_check_commands;
extern const struct commands account_commands;
extern const struct commands app_password_commands;
extern const struct commands two_step_commands;
extern const struct commands alias_commands;
extern const struct commands identity_commands;
extern const struct commands mailbox_commands;
extern const struct commands message_commands;
extern const struct commands message_change_commands;
extern const struct commands message_import_commands;
extern const struct commands dkim_commands;
extern const struct commands queue_commands;
extern const struct commands send_commands;
extern const struct commands store_commands;
extern const struct commands store_transfer_commands;
extern const struct commands config_commands;
extern const struct commands parse_commands;

/* In the order of the help; NULL at the end. */
extern const struct commands *const all_commands[];

/* --- option.c ------------------------------------------------------------ */

/* Find the command and its options in the words. CTL_USAGE. */
int ctl_read_words(struct ctl *ctl, int argc, char **argv);

/* NULL when the option was not given; "" when it takes no value. */
const char *ctl_option(const struct ctl *ctl, const char *name);

int ctl_usage(struct ctl *ctl, const char *format, ...) SMAIL__PRINTF(2, 3);

/* Decimal digits: 0, or CTL_USAGE. */
int ctl_id(smail_id *out, struct ctl *ctl, const char *text);

/* The account with the address in the first argument. */
int ctl_account(smail_id *out, struct ctl *ctl);

/* Say what was done: `sentence` to a person, else {"done": true, key: value}
 * with a key or without. */
int ctl_done(struct ctl *ctl, const char *key, const char *value,
             const char *sentence);

/* --- help.c -------------------------------------------------------------- */

void help_all(struct out *out);
/* False when there is no such noun. */
bool help_noun(struct out *out, const char *noun);
void help_command(struct out *out, const struct command *command);

/* --- password.c ---------------------------------------------------------- */

#define PASSWORD_OPTIONS                                                    \
    { "password-stdin", NULL, "read it from standard input, one line" },    \
        { "password-file", "FILE", "read it from the first line of FILE" }, \
    {                                                                       \
        "password-hash-file", "FILE",                                       \
            "its hash, made by another server: the first line of FILE"      \
    }

/* Room for the longest, its line end, and one to see that it is too long. */
#define PASSWORD_SIZE (SMAIL_PASSWORD_MAX + 3)

struct password {
    char text[PASSWORD_SIZE];
    size_t len;
};

/* From where the options say, or asked for twice at a terminal. */
int password_read(struct password *out, struct ctl *ctl);

/* From the file of --password-hash-file; "-": standard input. */
int password_read_hash(struct password *out, struct ctl *ctl);

#endif
