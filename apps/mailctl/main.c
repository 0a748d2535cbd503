/* SPDX-License-Identifier: MIT */
/* main.c - find the command in the table, open the store, run it. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <smtpmail/version.h>

#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "display.h"
#include "json/write.h"

const struct commands *const all_commands[] = {
    &domain_commands,
    &domain_check_commands,
    &account_commands,
    &app_password_commands,
    &two_step_commands,
    &alias_commands,
    &identity_commands,
    &mailbox_commands,
    &message_commands,
    &message_change_commands,
    &message_import_commands,
    &queue_commands,
    &dkim_commands,
    &send_commands,
    &store_commands,
    &store_transfer_commands,
    &config_commands,
    &parse_commands,
    NULL,
};

static const struct {
    int code;
    const char *name; /* in JSON */
    enum exit_code exit;
} failures[] = {
    { CTL_USAGE, "usage", EXIT_USAGE },
    { SMAIL_ENOMEM, "noMemory", EXIT_FAILED },
    { SMAIL_EINVAL, "invalidArguments", EXIT_FAILED },
    { SMAIL_ESTATE, "notPossible", EXIT_FAILED },
    { SMAIL_ENOTFOUND, "notFound", EXIT_NOT_FOUND },
    { SMAIL_EEXISTS, "alreadyExists", EXIT_ALREADY_EXISTS },
    { SMAIL_EMALFORMED, "malformed", EXIT_FAILED },
    { SMAIL_ELIMIT, "limit", EXIT_FAILED },
    { SMAIL_EAUTH, "forbidden", EXIT_FAILED },
    { SMAIL_EBUSY, "busy", EXIT_FAILED },
    { SMAIL_ECORRUPT, "corrupt", EXIT_FAILED },
    { SMAIL_EIO, "inputOutput", EXIT_FAILED },
    { SMAIL_EQUOTA, "overQuota", EXIT_FAILED },
    { SMAIL_ETEMP, "tryAgain", EXIT_FAILED },
    { SMAIL_EUNKNOWN, "outcomeUnknown", EXIT_FAILED },
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

static void print_error(struct smail__buf *out, const struct ctl *ctl,
                        const char *name, smail_span message)
{
    struct smail__json json;

    if (!ctl->json) {
        smail__buf_puts(out, "mailctl: ");
        display_text(out, message, false);
        smail__buf_putc(out, '\n');
        return;
    }
    smail__json_init(&json, out);
    smail__json_begin_object(&json);
    smail__json_key(&json, "error");
    smail__json_begin_object(&json);
    smail__json_key(&json, "code");
    smail__json_string(&json, name);
    smail__json_key(&json, "message");
    smail__json_text(&json, message);
    smail__json_end_object(&json);
    smail__json_end_object(&json);
    smail__buf_putc(out, '\n');
}

static int fail(const struct ctl *ctl, int code)
{
    smail_span message = smail__span(ctl->err.message);
    struct smail__buf out;
    size_t i = 0;

    while (i + 1 < FAILURES && failures[i].code != code)
        i++;
    if (message.len == 0)
        message = smail__span(smail_strerror(code));
    smail__buf_init(&out, 65536, NULL);
    print_error(&out, ctl, failures[i].name, message);
    fwrite(out.data, 1, out.len, stderr);
    smail__buf_dispose(&out);
    return failures[i].exit;
}

static int help(struct ctl *ctl)
{
    const char *noun = ctl->arguments[0];

    if (noun == NULL)
        help_all(&ctl->out);
    else if (!help_noun(&ctl->out, noun))
        return ctl_usage(ctl, "nothing is called '%s'; try: mailctl help",
                         noun);
    return 0;
}

static void print_version(struct ctl *ctl)
{
    smail__buf_puts(&ctl->out.buf, ctl->json ? "{\"version\":\"" SMAIL_VERSION
                                               "\"}\n"
                                             : "mailctl " SMAIL_VERSION "\n");
}

static void warn(const char *text, void *user)
{
    struct smail__buf line;

    (void)user;
    smail__buf_init(&line, 4096, NULL);
    smail__buf_puts(&line, "mailctl: ");
    display_text(&line, smail__span(text), false);
    smail__buf_putc(&line, '\n');
    fwrite(line.data, 1, line.len, stderr);
    smail__buf_dispose(&line);
}

static int load_config(struct ctl *ctl)
{
    if (ctl->command->needs & CONFIG_AS_ARGUMENT)
        return 0;
    return smail__config_load(&ctl->config, ctl->config_path,
                              ctl->config_path != NULL, &ctl->err);
}

static int open_store(struct ctl *ctl)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    const char *url = smail__config_store(&ctl->config, ctl->store_url,
                                          getenv("SMTPMAIL_STORE"));

    if (!(ctl->command->needs & (STORE | NEW_STORE)))
        return 0;
    options.must_exist = !(ctl->command->needs & NEW_STORE);
    options.keep_removed = ctl->config.keep_removed;
    options.keep_trash = ctl->config.keep_trash;
    options.keep_junk = ctl->config.keep_junk;
    options.keep_logins = ctl->config.keep_logins;
    options.keep_queue = smail__config_keep_queue(&ctl->config);
    options.warn = warn;
    return smail_store_open(&ctl->store, url, &options, &ctl->err);
}

static int run(struct ctl *ctl)
{
    int rc = load_config(ctl);

    if (rc == 0)
        rc = open_store(ctl);
    if (rc == 0)
        rc = ctl->command->run(ctl);
    smail_store_close(ctl->store);
    smail__config_dispose(&ctl->config);
    return rc;
}

/* What was printed before a failure is still good: a list up to there. */
static int finish(struct ctl *ctl, int rc)
{
    out_flush(&ctl->out);
    if (rc >= 0 && ctl->out.failure != 0)
        rc = smail__fail_os(&ctl->err, SMAIL_EIO, ctl->out.failure,
                            "standard output: %s", strerror(ctl->out.failure));
    if (ctl->out.is_closed)
        rc = 0;
    return rc;
}

int main(int argc, char **argv)
{
    struct ctl ctl = { .config_path = NULL };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    int code;

    /* A reader that has seen enough is told of by write(). */
    sigaction(SIGPIPE, &ignore, NULL);
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        setlocale(LC_CTYPE, "");
    out_init(&ctl.out);
    code = ctl_read_words(&ctl, argc, argv);
    if (code == 0 && ctl.version)
        print_version(&ctl);
    else if (code == 0 && ctl.help)
        code = help(&ctl);
    else if (code == 0)
        code = run(&ctl);
    code = finish(&ctl, code);
    out_dispose(&ctl.out);
    return code >= 0 ? code : fail(&ctl, code);
}
