/* SPDX-License-Identifier: MIT */
/* jmap/window.c - a part of a list of results (RFC 8620, 5.5). */
#include "base/span.h"
#include "jmap/method.h"

int smail__jmap_window_read(struct smail__jmap_window *out,
                            struct smail__jmap_call *call)
{
    int code;

    *out = (struct smail__jmap_window){ .limit = -1 };
    code = smail__jmap_arg_int(&out->position, call, "position", -(1LL << 53),
                               1LL << 53);
    if (code == 0)
        code = smail__jmap_arg_text(&out->anchor, call, "anchor");
    if (code == 0)
        code = smail__jmap_arg_int(&out->anchor_offset, call, "anchorOffset",
                                   -(1LL << 53), 1LL << 53);
    if (code == 0)
        code = smail__jmap_arg_int(&out->limit, call, "limit", 0, 1LL << 53);
    if (code == 0)
        code = smail__jmap_arg_bool(&out->total, call, "calculateTotal");
    return code;
}

/* Where the window begins; SMAIL__JMAP_REFUSED for an anchor not there. */
static int find_start(size_t *out, struct smail__jmap_call *call,
                      const struct smail__jmap_window *window,
                      const struct smail__jmap_type *type, const smail_id *ids,
                      size_t count)
{
    int64_t start = window->position;
    smail_id anchor;

    if (window->anchor.len > 0) {
        size_t at = 0;

        if (!smail__jmap_id(&anchor, call, type->letter, window->anchor))
            at = count;
        while (at < count && ids[at] != anchor)
            at++;
        if (at == count)
            return smail__jmap_fail(call, "anchorNotFound", "%s", "");
        start = (int64_t)at + window->anchor_offset;
    } else if (start < 0) {
        start += (int64_t)count;
    }
    *out = start < 0 ? 0 : (size_t)start;
    return 0;
}

int smail__jmap_window_put(struct smail__jmap_call *call,
                           const struct smail__jmap_window *window,
                           const struct smail__jmap_type *type,
                           const smail_id *ids, size_t count, size_t total,
                           const char *state)
{
    struct smail__json *json = &call->json;
    char id[SMAIL__JMAP_ID_SIZE];
    size_t start = 0, end = count;
    int code = find_start(&start, call, window, type, ids, count);

    if (code != 0)
        return code;
    if (window->limit >= 0 && start < count &&
        (uint64_t)window->limit < count - start)
        end = start + (size_t)window->limit;
    smail__json_begin_object(json);
    smail__json_key(json, "accountId");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_ACCOUNT, call->account));
    smail__json_key(json, "queryState");
    smail__json_string(json, state);
    smail__json_key(json, "canCalculateChanges");
    smail__json_bool(json, false);
    smail__json_key(json, "position");
    smail__json_uint(json, start);
    if (window->total) {
        smail__json_key(json, "total");
        smail__json_uint(json, total);
    }
    if (window->says_unindexed) {
        smail__json_key(json, "unindexed");
        smail__json_uint(json, window->unindexed);
    }
    smail__json_key(json, "ids");
    smail__json_begin_array(json);
    for (size_t i = start; i < end; i++)
        smail__json_string(json, smail__jmap_id_text(id, type->letter, ids[i]));
    smail__json_end_array(json);
    smail__json_end_object(json);
    return 0;
}
