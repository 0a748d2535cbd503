/* SPDX-License-Identifier: MIT */
/* transfer/sink_mailbox.c - which mailbox it is that a source speaks of. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/mailbox.h"
#include "store/mailbox_row.h"
#include "transfer/name.h"
#include "transfer/sink.h"

static smail_id *cached(struct smail__sink *sink, smail_span path)
{
    for (size_t i = 0; i < sink->mailbox_count; i++)
        if (smail__span_is(path, sink->mailboxes[i].path))
            return &sink->mailboxes[i].id;
    return NULL;
}

static int keep(struct smail__sink *sink, smail_span path, smail_id id,
                smail_error *err)
{
    struct smail__sink_mailbox *list = sink->mailboxes;

    if (sink->mailbox_count == sink->mailbox_room) {
        size_t room = sink->mailbox_room > 0 ? 2 * sink->mailbox_room : 16;

        list = realloc(list, room * sizeof(*list));
        if (list == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        sink->mailboxes = list;
        sink->mailbox_room = room;
    }
    list[sink->mailbox_count].path = smail__spandup(path);
    list[sink->mailbox_count].id = id;
    if (list[sink->mailbox_count].path == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    sink->mailbox_count++;
    return 0;
}

static int make(smail_id *out, struct smail__sink *sink, const char *path,
                smail_role role, smail_error *err)
{
    struct smail__mailbox_edit edit = { .has_role = true, .role = role };
    smail_id account = sink->options->account, other;
    int code = smail_mailbox_create(out, sink->store, account, path, err);

    if (code == SMAIL_EEXISTS) /* somebody else made it just now */
        code = smail_mailbox_find(out, sink->store, account, path, err);
    if (code < 0 || role == SMAIL_ROLE_NONE || role == SMAIL_ROLE_INBOX ||
        smail_mailbox_find_role(&other, sink->store, account, role, NULL) == 0)
        return code;
    return smail__mailbox_edit(sink->store, account, *out, &edit, err);
}

/* By its path; else by its use, unless that is not asked for. */
static int find(smail_id *out, struct smail__sink *sink, const char *path,
                smail_role role, bool is_exact, smail_error *err)
{
    smail_id account = sink->options->account;
    smail_role usual = smail__role_of_name(smail__span(path));
    int code = smail_mailbox_find(out, sink->store, account, path, NULL);

    if (code == SMAIL_ENOTFOUND && !is_exact && usual != SMAIL_ROLE_NONE) {
        code = smail_mailbox_find_role(out, sink->store, account, usual, NULL);
        role = usual;
    }
    if (code == SMAIL_ENOTFOUND)
        code = make(out, sink, path, role, err);
    else if (code < 0)
        code = smail_mailbox_find(out, sink->store, account, path, err);
    return code;
}

int smail__sink_mailbox(smail_id *out, struct smail__sink *sink,
                        smail_span path, smail_role role, bool is_exact,
                        smail_error *err)
{
    const smail_id *known = cached(sink, path);
    struct smail__path levels;
    struct smail__buf clean;
    int code;

    if (known != NULL) {
        *out = *known;
        return 0;
    }
    smail__buf_init(&clean, SMAIL__PATH_MAX, NULL);
    smail__buf_append(&clean, path);
    if (smail__buf_error(&clean) != 0 || path.len == 0 ||
        memchr(path.data, 0, path.len) != NULL ||
        smail__path_parse(&levels, clean.data, NULL) < 0) {
        smail__buf_clear(&clean);
        smail__name_clean(&clean, path);
    }
    code =
        clean.len > 0 && smail__buf_error(&clean) == 0
            ? find(out, sink, clean.data, role, is_exact, err)
            : smail_mailbox_find_role(out, sink->store, sink->options->account,
                                      SMAIL_ROLE_INBOX, err);
    smail__buf_dispose(&clean);
    return code == 0 ? keep(sink, path, *out, err) : code;
}
