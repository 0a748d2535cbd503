/* SPDX-License-Identifier: MIT */
/*
 * fuzz/jmap.c - any bytes as a request to an account with some mail. Every
 * answer is JSON, whatever was asked.
 */
#include <stdlib.h>

#include <smtpmail/account.h>

#include "base/span.h"
#include "jmap/jmap.h"
#include "json/read.h"

#define ANSWER_MAX ((size_t)16 * 1024 * 1024)

/* Few enough that the replay of the corpus sees an end too. */
#define WORLD_INPUTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    smail_store *store;
    struct smail__jmap *jmap;
    smail_id account;
};

static const char mail[] =
    "From: Ann <ann@example.org>\r\nTo: a@example.test\r\nSubject: hello\r\n"
    "Message-ID: <1@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\ntext\r\n--b\r\nContent-Type: "
    "text/html\r\n\r\n<p>x\r\n--b--\r\n";

static void must(int code)
{
    if (code < 0)
        abort();
}

static void fill(struct world *world)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_append *append;
    smail_target target;

    options.manual = true;
    must(smail_store_open(&world->store, "sqlite::memory:", &options, NULL));
    must(smail_store_run_batch(world->store, 1800000000, NULL));
    must(smail_domain_add(NULL, world->store, "example.test", NULL));
    must(smail_account_add(&world->account, world->store, "a@example.test",
                           NULL, NULL));
    must(smail__jmap_new(&world->jmap, world->store, NULL, NULL));
    target = (smail_target){ .account = world->account };
    must(smail_append_new(&append, world->store, NULL));
    must(smail_append_write(append, SMAIL__SPAN(mail), NULL));
    must(smail_append_commit(append, &target, 1, NULL, NULL));
    smail_append_free(append);
    must(smail_store_run_batch(world->store, 1800000000, NULL));
}

static void end(struct world *world)
{
    uint64_t faults = 1;

    must(smail_store_run_batch(world->store, 1800000001, NULL));
    must(smail_store_check(&faults, world->store, NULL, NULL, NULL));
    if (faults != 0)
        abort();
    smail__jmap_free(world->jmap);
    smail_store_close(world->store);
}

/* Making a world takes longer than a request: some inputs share one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    static unsigned used;
    struct smail__json_document *document;
    struct smail__buf out;
    int status = 0;

    if (used == 0)
        fill(&world);
    smail__buf_init(&out, ANSWER_MAX, NULL);
    must(smail__jmap_request(&out, &status, world.jmap, world.account,
                             (smail_span){ (const char *)data, size }, NULL));
    if (smail__buf_error(&out) == 0) {
        must(smail__json_read(&document, smail__buf_span(&out), 250, NULL));
        smail__json_document_free(document);
    }
    smail__buf_dispose(&out);
    used = (used + 1) % WORLD_INPUTS;
    if (used == 0)
        end(&world);
    return 0;
}
