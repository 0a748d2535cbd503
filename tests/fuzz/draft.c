/* SPDX-License-Identifier: MIT */
/*
 * fuzz/draft.c - any text in a draft: what is written has the parts that were
 * given, the attachment as it was, and no field that nobody set.
 */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/message.h>

#include "base/mem.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(smail_span raw, smail_span attached)
{
    static const char *const names[] = { "Subject", "X-Field", "MIME-Version",
                                         "Content-Type" };
    smail_buf bytes = SMAIL_BUF_INIT;
    smail_message *message;
    smail_span name, value;

    if (smail_message_parse(&message, raw, NULL) != 0)
        return;
    if (smail_message_defects(message) != 0 ||
        smail_message_part_count(message) != 3 ||
        smail_message_field_count(message, 0) != 4)
        abort();
    for (size_t i = 0; i < 4; i++)
        if (smail_message_field(&name, &value, message, 0, i) != 0 ||
            !smail__span_iis(name, names[i]))
            abort();
    if (smail_message_decode(&bytes, message, 2, NULL) == 0 &&
        !smail__span_equal(smail__span_of(&bytes), attached))
        abort();
    smail_buf_dispose(&bytes);
    smail_message_free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span bytes = { (const char *)data, size };
    smail_draft *draft = smail_draft_new(SMAIL__SPAN("0123456789abcdef"));
    char *text = smail__spandup(bytes);
    smail_buf raw = SMAIL_BUF_INIT;

    if (draft != NULL && text != NULL) {
        smail_draft_subject(draft, text);
        smail_draft_field(draft, "X-Field", text);
        smail_draft_text(draft, bytes);
        smail_draft_attach(draft, text, NULL, bytes);
        if (smail_draft_write(&raw, draft, NULL) == 0)
            check(smail__span_of(&raw), bytes);
    }
    smail_buf_dispose(&raw);
    smail_draft_free(draft);
    free(text);
    return 0;
}
