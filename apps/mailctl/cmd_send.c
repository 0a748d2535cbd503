/* SPDX-License-Identifier: MIT */
/*
 * cmd_send.c - a message sent as one of the accounts: it goes to everybody it
 * is for and into the Sent mailbox, or nowhere.
 *
 * With --from it is made of the options; without, it comes whole on standard
 * input.
 */
#include <string.h>
#include <time.h>

#include <smtpmail/message.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/random.h"
#include "delivery/envelope.h"
#include "delivery/submit.h"
#include "file.h"
#include "message/header.h"
#include "report.h"
#include "server/routes.h"
#include "store/email_patch.h"

/* Octets of a message, with all that is attached. */
#define SEND_MAX ((size_t)50 * 1024 * 1024)

struct send {
    struct ctl *ctl;
    struct smail__buf message;
    smail_id account, email, sent;
};

/* --- From options -------------------------------------------------------- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* The usual types by their ending; what is not known is octets. */
static const char *type_of(const char *name)
{
    static const char *const types[][2] = {
        { ".txt", "text/plain" },      { ".html", "text/html" },
        { ".pdf", "application/pdf" }, { ".png", "image/png" },
        { ".jpg", "image/jpeg" },      { ".jpeg", "image/jpeg" },
        { ".gif", "image/gif" },       { ".csv", "text/csv" },
        { ".zip", "application/zip" }, { ".ics", "text/calendar" },
    };
    size_t len = strlen(name);

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t end = strlen(types[i][0]);

        if (len > end &&
            smail__span_iis(smail__span(name + len - end), types[i][0]))
            return types[i][1];
    }
    return NULL;
}

static int attach(smail_draft *draft, const char *path, smail_error *err)
{
    struct smail__buf content;
    int rc;

    smail__buf_init(&content, SEND_MAX, NULL);
    rc = file_read_all(&content, path, err);
    if (rc == 0)
        smail_draft_attach(draft, base_name(path), type_of(path),
                           smail__buf_span(&content));
    smail__buf_dispose(&content);
    return rc;
}

/* --body TEXT, or else standard input. */
static int set_body(smail_draft *draft, struct ctl *ctl)
{
    const char *body = ctl_option(ctl, "body");
    struct smail__buf text;
    int rc = 0;

    smail__buf_init(&text, SEND_MAX, NULL);
    if (body != NULL)
        smail__buf_puts(&text, body);
    else
        rc = file_read_all(&text, "-", &ctl->err);
    if (rc == 0)
        smail_draft_text(draft, smail__buf_span(&text));
    smail__buf_dispose(&text);
    return rc;
}

static int set_all(smail_draft *draft, struct ctl *ctl)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ctl->given_count; i++) {
        const char *name = ctl->given[i].option->name;
        const char *value = ctl->given[i].value;

        if (strcmp(name, "from") == 0)
            smail_draft_from(draft, value);
        else if (strcmp(name, "to") == 0)
            smail_draft_to(draft, value);
        else if (strcmp(name, "cc") == 0)
            smail_draft_cc(draft, value);
        else if (strcmp(name, "bcc") == 0)
            smail_draft_mailboxes(draft, "Bcc", value);
        else if (strcmp(name, "subject") == 0)
            smail_draft_subject(draft, value);
        else if (strcmp(name, "attach") == 0)
            rc = attach(draft, value, &ctl->err);
    }
    smail_draft_date(draft, (int64_t)time(NULL));
    return rc == 0 ? set_body(draft, ctl) : rc;
}

static int make(struct send *send)
{
    unsigned char seed[SMAIL_DRAFT_SEED_LEN];
    smail_buf text = SMAIL_BUF_INIT;
    smail_draft *draft;
    int rc = smail__random(seed, sizeof(seed), &send->ctl->err);

    if (rc != 0)
        return rc;
    draft = smail_draft_new((smail_span){ (const char *)seed, sizeof(seed) });
    if (draft == NULL)
        return smail__fail(&send->ctl->err, SMAIL_ENOMEM, "no memory");
    rc = set_all(draft, send->ctl);
    if (rc == 0)
        rc = smail_draft_write(&text, draft, &send->ctl->err);
    smail_draft_free(draft);
    if (rc == 0) {
        smail__buf_append(&send->message, smail__span_of(&text));
        rc = smail__buf_error(&send->message);
    }
    smail_buf_dispose(&text);
    return rc;
}

/* --- Whose it is --------------------------------------------------------- */

static int find_account(struct send *send)
{
    struct smail__addresses from;
    smail_span left, address;
    smail_path path;
    size_t count = 0;
    int rc;

    smail__addresses_init(&from);
    smail__addresses_collect(&from, smail__buf_span(&send->message), "From");
    left = smail__buf_span(&from.text);
    address = smail__span_cut(&left, '\n');
    if (address.len == 0)
        rc = smail__fail(&send->ctl->err, SMAIL_EINVAL,
                         "the message has no sender");
    else if (smail_path_parse(&path, address, false) != 0)
        rc = smail__fail(&send->ctl->err, SMAIL_EINVAL,
                         "'%.*s' is not a complete address",
                         SMAIL__SPAN_ARG(address));
    else
        rc = smail_address_resolve(&send->account, 1, &count, send->ctl->store,
                                   &path, &send->ctl->err);
    if (rc == SMAIL_ELIMIT)
        rc = smail__fail(&send->ctl->err, SMAIL_EINVAL,
                         "'%.*s' stands for several accounts",
                         SMAIL__SPAN_ARG(address));
    smail__addresses_dispose(&from);
    return rc;
}

/* --- Sending ------------------------------------------------------------- */

static int put_draft(struct send *send)
{
    smail_target target = { .keywords = "$draft $seen" };
    smail_appended appended = { 0, 0, 0 };
    smail_append *append = NULL;
    smail_error *err = &send->ctl->err;
    int rc = smail_append_new(&append, send->ctl->store, err);

    target.account = send->account;
    if (smail_mailbox_find_role(&target.mailbox, send->ctl->store,
                                send->account, SMAIL_ROLE_DRAFTS, NULL) != 0)
        target.mailbox = 0;
    if (rc == 0)
        rc = smail_append_write(append, smail__buf_span(&send->message), err);
    if (rc == 0)
        rc = smail_append_commit(append, &target, 1, &appended, err);
    smail_append_free(append);
    send->email = appended.email;
    return rc;
}

/* The draft becomes the Sent copy, in the transaction of the delivery. */
static int file_copy(smail_tx *tx, void *arg, smail_error *err)
{
    const struct send *send = arg;
    struct smail__email_patch patch;
    int rc;

    smail__email_patch_init(&patch, send->email);
    smail__email_patch_keyword(&patch, SMAIL__SPAN("$draft"), false);
    patch.all_mailboxes = true;
    rc = smail__email_patch_place(&patch, send->sent, true, err);
    if (rc == 0)
        rc = smail__tx_email_patch(tx, send->account, &patch, err);
    smail__email_patch_dispose(&patch);
    return rc;
}

static const struct column columns[] = {
    { .name = "id" },
    { .name = "recipients" },
    { .name = "size" },
    { .name = NULL },
};

static int tell(struct send *send, const struct smail__submit *submit)
{
    struct report report;

    if (!send->ctl->json) {
        smail__buf_puts(&send->ctl->out.buf, "sent\n");
        return 0;
    }
    report_begin(&report, send->ctl, columns, true);
    report_id(&report, send->sent != 0 ? send->email : submit->made.id);
    report_uint(&report, submit->recipient_total);
    report_uint(&report, send->message.len);
    report_row(&report);
    report_end(&report);
    return 0;
}

/* Name those who cannot be reached, besides the reason. */
static void add_refused(struct send *send, const struct smail__submit *submit)
{
    smail_span left = smail__buf_span(&submit->refused);
    smail_span first = smail__span_cut(&left, '\n');
    smail_error reason = send->ctl->err;

    if (first.len > 0)
        smail__fail(&send->ctl->err, reason.code, "%.*s: %s%s",
                    SMAIL__SPAN_ARG(first), reason.message,
                    left.len > 0 ? " (and others)" : "");
}

static int deliver(struct send *send)
{
    smail_store *store = send->ctl->store;
    struct smail__submit submit;
    smail_routes *routes = NULL;
    int rc =
        smail__routes_load(&routes, &send->ctl->config, false, &send->ctl->err);

    if (rc != 0)
        return rc;
    smail__submit_prepare(&submit);
    submit.account = send->account;
    submit.email = send->email;
    submit.size_max = SEND_MAX;
    submit.routes = &routes->routes;
    submit.warn_seconds = send->ctl->config.queue_warn;
    submit.expire_seconds = send->ctl->config.queue_expire;
    if (smail_mailbox_find_role(&send->sent, store, send->account,
                                SMAIL_ROLE_SENT, NULL) == 0) {
        submit.also = file_copy;
        submit.also_arg = send;
    }
    rc = smail__submit_send(&submit, store, &send->ctl->err);
    if (rc == SMAIL_EINVAL)
        add_refused(send, &submit);
    if (rc != 0 || send->sent == 0)
        (void)smail_email_remove(store, send->account, send->email, NULL);
    if (rc == 0)
        rc = tell(send, &submit);
    smail__submit_dispose(&submit);
    smail_routes_free(routes);
    return rc;
}

static int run(struct ctl *ctl)
{
    struct send send = { .ctl = ctl };
    int rc;

    smail__buf_init(&send.message, SEND_MAX, NULL);
    if (ctl_option(ctl, "from") != NULL)
        rc = make(&send);
    else if (ctl->given_count > 0)
        rc = ctl_usage(ctl, "who is it from? --from ADDRESS");
    else
        rc = file_read_all(&send.message, "-", &ctl->err);
    if (rc == 0)
        rc = find_account(&send);
    if (rc == 0)
        rc = put_draft(&send);
    if (rc == 0)
        rc = deliver(&send);
    smail__buf_dispose(&send.message);
    return rc;
}

static const struct option options[] = {
    { "from", "MAILBOX", "as 'Alice <alice@example.org>', of an account" },
    { "to", "LIST", "one address or more; may be given again" },
    { "cc", "LIST", "" },
    { "bcc", "LIST", "they get it, and nobody sees it" },
    { "subject", "TEXT", "" },
    { "body", "TEXT", "else it is read from standard input" },
    { "attach", "FILE", "may be given again" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "send", NULL, "", "a message, from the options or whole on stdin", 0, 0,
      STORE, options, run },
};

const struct commands send_commands = { items,
                                        sizeof(items) / sizeof(items[0]) };
