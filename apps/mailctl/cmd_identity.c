/* SPDX-License-Identifier: MIT */
/* cmd_identity.c - whom an account writes as. */
#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "ctl.h"
#include "file.h"
#include "report.h"

static const struct column columns[] = {
    { .name = "id" },
    { .name = "address" },
    { .name = "name", .width = 40 },
    { .name = "replyTo", .width = 40 },
    { .name = "bcc", .width = 40 },
    { .name = "textSignature", .is_hidden = true },
    { .name = "htmlSignature", .is_hidden = true },
    { .name = NULL },
};

struct list {
    struct report report;
    uint64_t left;
    smail_id only; /* 0: all */
};

static int print(const smail_identity *identity, void *user)
{
    struct list *list = user;
    struct report *report = &list->report;

    if (list->only != 0 && identity->id != list->only)
        return 0;
    report_id(report, identity->id);
    report_string(report, identity->address);
    report_string(report, identity->name);
    report_string(report, identity->reply_to);
    report_string(report, identity->bcc);
    report_string(report, identity->text_signature);
    report_string(report, identity->html_signature);
    return report_row(report) != 0 || --list->left == 0;
}

static int print_those(struct ctl *ctl, smail_id account, smail_id only)
{
    struct list list = { .left = only != 0 ? 1 : ctl->limit, .only = only };
    int rc;

    report_begin(&list.report, ctl, columns, only != 0);
    rc = smail_identity_list(ctl->store, account, print, &list, &ctl->err);
    if (rc < 0)
        smail__buf_dispose(&list.report.held);
    else
        report_end(&list.report);
    return rc < 0 ? rc : 0;
}

/* --- Changes ------------------------------------------------------------- */

struct signatures {
    struct smail__buf text, html;
};

/* With room to see that there is more. */
static void signatures_init(struct signatures *signatures)
{
    smail__buf_init(&signatures->text, 4 * SMAIL_SIGNATURE_MAX, NULL);
    smail__buf_init(&signatures->html, 4 * SMAIL_SIGNATURE_MAX, NULL);
}

static void signatures_dispose(struct signatures *signatures)
{
    smail__buf_dispose(&signatures->text);
    smail__buf_dispose(&signatures->html);
}

/* Of a file; an empty one takes the signature away. */
static int read_signature(const char **out, struct smail__buf *room,
                          struct ctl *ctl, const char *option)
{
    const char *path = ctl_option(ctl, option);
    int rc;

    if (path == NULL)
        return 0;
    rc = file_read_all(room, path, &ctl->err);
    if (rc == SMAIL_ELIMIT || (rc == 0 && room->len > SMAIL_SIGNATURE_MAX))
        return smail__fail(&ctl->err, SMAIL_ELIMIT,
                           "%s: a signature has at most %zu "
                           "octets",
                           path, SMAIL_SIGNATURE_MAX);
    if (rc == 0 && room->len > 0 && strlen(room->data) != room->len)
        return smail__fail(&ctl->err, SMAIL_EINVAL,
                           "%s: a signature is text, without NULs", path);
    *out = room->len > 0 ? room->data : "";
    return rc;
}

static int read_changes(smail_identity_changes *out,
                        struct signatures *signatures, struct ctl *ctl)
{
    int rc = read_signature(&out->text_signature, &signatures->text, ctl,
                            "signature-file");

    if (rc == 0)
        rc = read_signature(&out->html_signature, &signatures->html, ctl,
                            "html-signature-file");
    out->name = ctl_option(ctl, "name");
    out->reply_to = ctl_option(ctl, "reply-to");
    out->bcc = ctl_option(ctl, "bcc");
    return rc;
}

/* --- Commands ------------------------------------------------------------ */

static int add(struct ctl *ctl)
{
    smail_identity_changes changes = SMAIL_IDENTITY_CHANGES_INIT;
    const char *address = ctl->arguments[ctl->argument_count > 1 ? 1 : 0];
    struct signatures signatures;
    smail_id account, id = 0;
    int rc = ctl_account(&account, ctl);

    signatures_init(&signatures);
    if (rc == 0)
        rc = read_changes(&changes, &signatures, ctl);
    if (rc == 0)
        rc = smail_identity_add(&id, ctl->store, account, address, &changes,
                                &ctl->err);
    signatures_dispose(&signatures);
    return rc != 0 ? rc : print_those(ctl, account, id);
}

static int list_all(struct ctl *ctl)
{
    smail_id account;
    int rc = ctl_account(&account, ctl);

    return rc != 0 ? rc : print_those(ctl, account, 0);
}

static int set(struct ctl *ctl)
{
    smail_identity_changes changes = SMAIL_IDENTITY_CHANGES_INIT;
    struct signatures signatures;
    smail_id account, id;
    int rc = ctl_id(&id, ctl, ctl->arguments[1]);

    if (rc != 0)
        return rc;
    if (ctl->given_count == 0)
        return ctl_usage(ctl, "what is to be set? Try: mailctl help identity");
    signatures_init(&signatures);
    rc = ctl_account(&account, ctl);
    if (rc == 0)
        rc = read_changes(&changes, &signatures, ctl);
    if (rc == 0)
        rc = smail_identity_set(ctl->store, account, id, &changes, &ctl->err);
    signatures_dispose(&signatures);
    return rc != 0 ? rc : print_those(ctl, account, id);
}

static int remove_one(struct ctl *ctl)
{
    char sentence[128];
    smail_id account, id;
    int rc = ctl_id(&id, ctl, ctl->arguments[1]);

    if (rc == 0)
        rc = ctl_account(&account, ctl);
    if (rc == 0)
        rc = smail_identity_remove(ctl->store, account, id, &ctl->err);
    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence), "removed the identity %lld",
                  (long long)id);
    return ctl_done(ctl, "id", ctl->arguments[1], sentence);
}

static const struct option options[] = {
    { "name", "NAME", "as it stands in From" },
    { "reply-to", "LIST", "where answers go; '': where it came from" },
    { "bcc", "LIST", "who gets a copy of all; '': nobody" },
    { "signature-file", "FILE", "for mail in plain text" },
    { "html-signature-file", "FILE", "for mail in HTML" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "identity", "add", "ADDRESS [FROM]",
      "write as FROM too, an address or alias of the account", 1, 2, STORE,
      options, add },
    { "identity", "list", "ADDRESS", "all of an account", 1, 1, STORE, NULL,
      list_all },
    { "identity", "set", "ADDRESS ID", "change what the options name", 2, 2,
      STORE, options, set },
    { "identity", "remove", "ADDRESS ID", "but the last", 2, 2, STORE, NULL,
      remove_one },
};

const struct commands identity_commands = { items,
                                            sizeof(items) / sizeof(items[0]) };
