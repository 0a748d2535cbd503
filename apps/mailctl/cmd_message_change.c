/* SPDX-License-Identifier: MIT */
/* cmd_message_change.c - flagging and removing messages. */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "message.h"

/* Bytes of all keywords in one call. */
#define WORDS_MAX 65536

static int say(struct ctl *ctl, const char *what)
{
    char sentence[256];

    smail__format(sentence, sizeof(sentence), "%s message %s", what,
                  ctl->arguments[1]);
    return ctl_done(ctl, "id", ctl->arguments[1], sentence);
}

static int remove_one(struct ctl *ctl)
{
    smail_id account, email;
    int rc = message_find(&account, &email, ctl);

    if (rc == 0)
        rc = smail_email_remove(ctl->store, account, email, &ctl->err);
    return rc != 0 ? rc : say(ctl, "removed");
}

/* --- Keywords ------------------------------------------------------------ */

/* A shell makes nothing of "$seen", so these may leave out the dollar. */
static const char *const system_keywords[] = {
    "seen",      "flagged", "answered", "draft",
    "forwarded", "junk",    "notjunk",  "phishing",
};

void message_add_keyword(struct smail__buf *words, const char *word)
{
    size_t count = sizeof(system_keywords) / sizeof(system_keywords[0]);

    if (words->len > 0)
        smail__buf_putc(words, ' ');
    for (size_t i = 0; i < count; i++) {
        if (smail__span_iis(smail__span(word), system_keywords[i]))
            smail__buf_putc(words, '$');
    }
    smail__buf_puts(words, word);
}

/* "+seen -flagged" behind the id, and --add and --remove. */
static int collect(struct smail__buf *add, struct smail__buf *remove,
                   struct ctl *ctl)
{
    for (size_t i = 2; i < ctl->argument_count; i++) {
        const char *word = ctl->arguments[i];

        if ((word[0] != '+' && word[0] != '-') || word[1] == '\0')
            return ctl_usage(ctl, "'%s' is neither +KEYWORD nor -KEYWORD",
                             word);
        message_add_keyword(word[0] == '+' ? add : remove, word + 1);
    }
    for (size_t i = 0; i < ctl->given_count; i++) {
        bool is_add = strcmp(ctl->given[i].option->name, "add") == 0;

        if (ctl->given[i].value[0] == '\0')
            return ctl_usage(ctl, "a keyword is not empty (\"$...\" must be "
                                  "quoted in a shell)");
        message_add_keyword(is_add ? add : remove, ctl->given[i].value);
    }
    if (add->len == 0 && remove->len == 0)
        return ctl_usage(ctl, "which keywords? As +seen or -flagged");
    if (smail__buf_error(add) != 0 || smail__buf_error(remove) != 0)
        return smail__fail(&ctl->err, SMAIL_ENOMEM, "no memory for keywords");
    return 0;
}

static int flag(struct ctl *ctl)
{
    struct smail__buf add, remove;
    smail_id account, email;
    int rc;

    smail__buf_init(&add, WORDS_MAX, NULL);
    smail__buf_init(&remove, WORDS_MAX, NULL);
    rc = collect(&add, &remove, ctl);
    if (rc == 0)
        rc = message_find(&account, &email, ctl);
    if (rc == 0)
        rc = smail_email_flag(ctl->store, account, email,
                              add.len > 0 ? add.data : NULL,
                              remove.len > 0 ? remove.data : NULL, &ctl->err);
    smail__buf_dispose(&add);
    smail__buf_dispose(&remove);
    return rc != 0 ? rc : say(ctl, "flagged");
}

static const struct option flag_options[] = {
    { "add", "KEYWORD", "as +KEYWORD; more than once if need be" },
    { "remove", "KEYWORD", "as -KEYWORD" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "message", "move", "ADDRESS ID... MAILBOX",
      "into that mailbox alone; or --add and --remove", 2, ARGUMENTS_MAX, STORE,
      message_move_options, message_move },
    { "message", "copy", "ADDRESS ID... MAILBOX",
      "into that mailbox too, where they are as well", 3, ARGUMENTS_MAX, STORE,
      NULL, message_copy },
    { "message", "append", "ADDRESS [MAILBOX] FILE|-",
      "add one message as it stands in a file", 2, 3, STORE,
      message_append_options, message_append },
    { "message", "flag", "ADDRESS ID [+KEYWORD|-KEYWORD]...",
      "set and clear keywords: +seen, -flagged, +mine", 2, ARGUMENTS_MAX,
      STORE | DASH_WORDS, flag_options, flag },
    { "message", "remove", "ADDRESS ID", "take it from all mailboxes", 2, 2,
      STORE, NULL, remove_one },
    { "message", "removed", "ADDRESS [ID]...",
      "those that can be had again; --purge: no longer", 1, ARGUMENTS_MAX,
      STORE, message_removed_options, message_removed },
    { "message", "undelete", "ADDRESS [ID]...",
      "removed ones back to where they were", 1, ARGUMENTS_MAX, STORE,
      message_undelete_options, message_undelete },
};

const struct commands message_change_commands = { items, sizeof(items) /
                                                             sizeof(items[0]) };
