/* SPDX-License-Identifier: MIT */
/* verify/domain_dkim.c - are our keys published? (RFC 6376, 3.6) */
#include "base/span.h"
#include "verify/domain_internal.h"
#include "verify/tags.h"

/* Are both the same base64? White space within means nothing. */
static bool is_same_key(smail_span a, smail_span b)
{
    size_t i = 0, j = 0;

    for (;;) {
        while (i < a.len &&
               smail__span_trim((smail_span){ a.data + i, 1 }).len == 0)
            i++;
        while (j < b.len &&
               smail__span_trim((smail_span){ b.data + j, 1 }).len == 0)
            j++;
        if (i == a.len || j == b.len)
            return i == a.len && j == b.len;
        if (a.data[i++] != b.data[j++])
            return false;
    }
}

/* Is `word` in "a:b:c"? */
static bool names(smail_span list, const char *word)
{
    while (list.len > 0) {
        if (smail__span_iis(smail__span_trim(smail__span_cut(&list, ':')),
                            word))
            return true;
    }
    return false;
}

static void look_at_limits(struct smail__check *check,
                           const struct smail__tags *tags)
{
    const smail_span *hashes = smail__tags_find(tags, "h");
    const smail_span *services = smail__tags_find(tags, "s");
    const smail_span *flags = smail__tags_find(tags, "t");

    if (hashes != NULL && !names(*hashes, "sha256"))
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "h= does not allow sha256, by which we sign: take h= "
                         "out of it.");
    if (services != NULL && !names(*services, "*") &&
        !names(*services, "email"))
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "s= does not allow mail: take s= out of it.");
    if (flags != NULL && names(*flags, "y"))
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "t=y says that this is a test, and signatures count "
                         "for nothing: take t=y out of it.");
}

static void compare(struct smail__check *check, smail_span text,
                    const struct smail__check_key *key)
{
    struct smail__tags there, wanted;
    const smail_span *public, *kind, *version;

    if (!smail__tags_read(&there, text) ||
        !smail__tags_read(&wanted, smail__span(key->text))) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "What is there is no key record: put the one below "
                         "in its place.");
        return;
    }
    version = smail__tags_find(&there, "v");
    kind = smail__tags_find(&there, "k");
    public = smail__tags_find(&there, "p");
    if (version != NULL &&
        (version != &there.list[0].value || !smail__span_is(*version, "DKIM1")))
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "It has to begin with v=DKIM1.");
    if (public != NULL && public->len == 0)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "Its p= is empty, which revokes the key: put the "
                         "record below in its place, or run mailctl dkim "
                         "rotate.");
    else if (public == NULL ||
             !is_same_key(*public, *smail__tags_find(&wanted, "p")))
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "The key there is another one than ours, so our "
                         "signatures do not verify: put the record below in "
                         "its place.");
    else if (!smail__span_equal(kind != NULL ? *kind : SMAIL__SPAN("rsa"),
                                *smail__tags_find(&wanted, "k")))
        smail__check_say(check, SMAIL__CHECK_WRONG, "k= has to be %.*s.",
                         SMAIL__SPAN_ARG(*smail__tags_find(&wanted, "k")));
    look_at_limits(check, &there);
    if (check->status == SMAIL__CHECK_OK)
        smail__check_say(check, SMAIL__CHECK_OK,
                         key->is_retired
                             ? "This key signs no more. When the last mail "
                               "signed by it has arrived, a week after, its "
                               "record may go."
                             : "Our signatures can be verified.");
}

static void check_key(struct smail__domain_run *run,
                      const struct smail__check_key *key)
{
    struct smail__check *check =
        smail__check_begin(run, "DKIM", "TXT", key->name);
    const struct smail__dns_answer *answer =
        smail__check_ask(run, check, key->name, SMAIL__DNS_TXT);
    struct smail__buf text;

    smail__check_expect_txt(check, key->name, smail__span(key->text));
    if (answer == NULL)
        return;
    if (smail__check_txt(&text, check, answer, "") > 1)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "There is more than one record, and nobody knows "
                         "which one counts: keep the one below.");
    else if (text.len > 0)
        compare(check, smail__buf_span(&text), key);
    else if (key->is_retired)
        smail__check_say(check, SMAIL__CHECK_OPTIONAL,
                         "This key signs no more, and its record is gone: "
                         "fine, if it was retired a week ago or more.");
    else
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "We sign with this key, and nobody can verify it: "
                         "publish the record.");
    smail__buf_dispose(&text);
}

void smail__check_dkim(struct smail__domain_run *run)
{
    const struct smail__domain_facts *facts = run->facts;
    char owner[SMAIL__DNS_NAME_ROOM];
    bool signs = false;

    for (size_t i = 0; i < facts->key_count && i < SMAIL__CHECK_KEYS_MAX; i++)
        signs = signs || !facts->keys[i].is_retired;
    if (!signs) {
        smail__format(owner, sizeof(owner), "_domainkey.%s", facts->domain);
        smail__check_say(smail__check_begin(run, "DKIM", "TXT", owner),
                         SMAIL__CHECK_MISSING,
                         "There is no key that signs our mail. Make one: "
                         "mailctl dkim keygen %s",
                         facts->domain);
    }
    for (size_t i = 0; i < facts->key_count && i < SMAIL__CHECK_KEYS_MAX; i++)
        check_key(run, &facts->keys[i]);
}
