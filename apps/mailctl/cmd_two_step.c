/* SPDX-License-Identifier: MIT */
/*
 * cmd_two_step.c - the second factor of an account, and who logged in: for
 * the administrator whom somebody calls whose phone is gone.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <smtpmail/login.h>
#include <smtpmail/totp.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "ctl.h"
#include "report.h"

static const struct column status_columns[] = {
    { .name = "in_force" },
    { .name = "confirmed_at" },
    { .name = "codes_left" },
    { .name = NULL },
};

static const struct column secret_columns[] = {
    { .name = "secret" },
    { .name = "uri" },
    { .name = NULL },
};

static const struct column code_columns[] = {
    { .name = "code" },
    { .name = NULL },
};

static const struct column log_columns[] = {
    { .name = "at" },   { .name = "service" }, { .name = "method" },
    { .name = "peer" }, { .name = "outcome" }, { .name = NULL },
};

/* --- totp ----------------------------------------------------------------- */

static int show(struct ctl *ctl, smail_id account)
{
    smail_totp_status status;
    struct report report;
    int rc = smail_totp_get(&status, ctl->store, account, &ctl->err);

    if (rc != 0)
        return rc;
    report_begin(&report, ctl, status_columns, true);
    report_bool(&report, status.confirmed_at != 0);
    report_time(&report, status.confirmed_at);
    report_uint(&report, status.codes_left);
    (void)report_row(&report);
    report_end(&report);
    return 0;
}

static int set_up(struct ctl *ctl, smail_id account)
{
    smail_totp_secret secret;
    struct report report;
    int rc = smail_totp_begin(&secret, ctl->store, account, NULL, &ctl->err);

    if (rc != 0)
        return rc;
    report_begin(&report, ctl, secret_columns, true);
    report_string(&report, secret.text);
    report_string(&report, secret.uri);
    (void)report_row(&report);
    report_end(&report);
    smail__wipe(&secret, sizeof(secret));
    return 0;
}

static void tell_codes(struct ctl *ctl, smail_totp_codes *codes)
{
    struct report report;

    report_begin(&report, ctl, code_columns, false);
    for (int i = 0; i < SMAIL_TOTP_CODES; i++) {
        report_string(&report, codes->text[i]);
        (void)report_row(&report);
    }
    report_end(&report);
    smail__wipe(codes, sizeof(*codes));
}

/* From the terminal, or the first line of what is piped in. */
static int read_code(char *out, size_t size, struct ctl *ctl)
{
    if (isatty(STDIN_FILENO))
        fputs("Code: ", stderr);
    if (fgets(out, (int)size, stdin) == NULL)
        return smail__fail(&ctl->err, SMAIL_EINVAL,
                           "a code is wanted on standard input");
    out[strcspn(out, "\r\n")] = '\0';
    return 0;
}

static int confirm(struct ctl *ctl, smail_id account)
{
    smail_totp_codes codes;
    char code[64];
    int rc = read_code(code, sizeof(code), ctl);

    if (rc == 0)
        rc = smail_totp_confirm(&codes, ctl->store, account, smail__span(code),
                                (int64_t)time(NULL), &ctl->err);
    if (rc == 0)
        tell_codes(ctl, &codes);
    return rc;
}

static int renew(struct ctl *ctl, smail_id account)
{
    smail_totp_codes codes;
    int rc = smail_totp_renew_codes(&codes, ctl->store, account, &ctl->err);

    if (rc == 0)
        tell_codes(ctl, &codes);
    return rc;
}

static int disable(struct ctl *ctl, smail_id account)
{
    char sentence[512];
    int rc = smail_totp_disable(ctl->store, account, &ctl->err);

    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence),
                  "%s logs in with the password alone", ctl->arguments[1]);
    return ctl_done(ctl, "address", ctl->arguments[1], sentence);
}

static const struct {
    const char *name;
    int (*run)(struct ctl *ctl, smail_id account);
} actions[] = {
    { "status", show }, { "setup", set_up },    { "confirm", confirm },
    { "codes", renew }, { "disable", disable },
};

static int totp(struct ctl *ctl)
{
    smail_id account;
    int rc;

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(ctl->arguments[0], actions[i].name) != 0)
            continue;
        rc = smail_account_find(&account, ctl->store, ctl->arguments[1],
                                &ctl->err);
        return rc != 0 ? rc : actions[i].run(ctl, account);
    }
    return ctl_usage(ctl,
                     "account totp status, setup, confirm, codes or disable, "
                     "not '%s'",
                     ctl->arguments[0]);
}

/* --- log ------------------------------------------------------------------ */

static int print_login(const smail_login *login, void *user)
{
    struct report *report = user;

    report_time(report, login->at);
    report_string(report, login->service);
    report_string(report, login->method);
    report_string(report, login->peer);
    report_string(report, smail_login_outcome_name(login->outcome));
    return report_row(report);
}

static int show_log(struct ctl *ctl)
{
    struct report report;
    smail_id account;
    int rc =
        smail_account_find(&account, ctl->store, ctl->arguments[0], &ctl->err);

    if (rc != 0)
        return rc;
    report_begin(&report, ctl, log_columns, false);
    rc = smail_login_list(ctl->store, account, ctl->limit, print_login, &report,
                          &ctl->err);
    report_end(&report);
    return rc < 0 ? rc : 0;
}

static const struct command items[] = {
    { "account", "totp", "status|setup|confirm|codes|disable ADDRESS",
      "two-step log-in: codes of an app besides the password", 2, 2, STORE,
      NULL, totp },
    { "account", "log", "ADDRESS", "who logged in, or tried to, newest first",
      1, 1, STORE, NULL, show_log },
};

const struct commands two_step_commands = { items,
                                            sizeof(items) / sizeof(items[0]) };
