/* SPDX-License-Identifier: MIT */
/* An account has as many messages as it may: nothing makes one more. */
#include "fixture.h"

#define MAY 3 /* messages */

static void may_have(struct fixture *f, smail_id account, uint64_t emails)
{
    smail_account_changes changes = SMAIL_ACCOUNT_CHANGES_INIT;

    changes.quota_emails = &emails;
    check(f, smail_account_set(f->store, account, &changes, &f->err));
}

static void fill(struct fixture *f, smail_id account, int count)
{
    for (int i = 0; i < count; i++)
        put(f, account, 0, NULL, 1, "Subject: there\r\n\r\nx\r\n");
}

/* What becomes of one more upload. */
static int upload_one(struct fixture *f, smail_id account)
{
    struct smail__jmap_upload *up = NULL;
    struct smail__buf out;
    int code;

    smail__buf_init(&out, 1000, NULL);
    check(f, smail__jmap_upload_begin(&up, f->jmap, account, smail__span("a/b"),
                                      &f->err));
    check(f, smail__jmap_upload_write(up, SMAIL__SPAN("x"), &f->err));
    code = smail__jmap_upload_finish(&out, up, &f->err);
    smail__jmap_upload_free(up);
    smail__buf_dispose(&out);
    return code;
}

static void an_account_that_has_all_uploads_nothing(void **state)
{
    struct fixture *f = *state;

    may_have(f, f->alice, MAY);
    fill(f, f->alice, MAY - 1);
    assert_int_equal(upload_one(f, f->alice), 0);
    fill(f, f->alice, 1);
    assert_int_equal(upload_one(f, f->alice), SMAIL_EQUOTA);
    may_have(f, f->alice, MAY - 1); /* less than it has */
    assert_int_equal(upload_one(f, f->alice), SMAIL_EQUOTA);
    may_have(f, f->alice, 0); /* any number */
    assert_int_equal(upload_one(f, f->alice), 0);
}

static void an_import_beyond_it_is_over_quota(void **state)
{
    struct fixture *f = *state;
    char *blob = upload(f, f->alice, "message/rfc822",
                        SMAIL__SPAN("Subject: old\r\n\r\nold\r\n"));

    may_have(f, f->alice, MAY);
    fill(f, f->alice, MAY - 1);
    sendf(f, f->alice,
          "['Email/import',{'accountId':$A,'emails':{"
          "'a':{'blobId':'%s','mailboxIds':{'m1':true}}}},'0'],"
          "['Email/import',{'accountId':$A,'emails':{"
          "'b':{'blobId':'%s','mailboxIds':{'m1':true}}}},'1'],"
          "['Mailbox/get',{'accountId':$A,'ids':['m1']},'2']",
          blob, blob);
    assert_int_equal(count_at(f, "0/1/created"), 1);
    assert_int_equal(count_at(f, "1/1/created"), 0);
    expect_text(f, "1/1/notCreated/b/type", "overQuota");
    assert_int_equal(int_at(f, "2/1/list/0/totalEmails"), MAY);
    free(blob);
}

static void a_draft_beyond_it_is_over_quota(void **state)
{
    static const char create[] =
        "['Email/set',{'accountId':$A,'create':{'d':{'mailboxIds':{'m1':"
        "true},'from':[{'email':'alice@example.test'}],'subject':'s',"
        "'bodyValues':{'t':{'value':'x'}},'textBody':[{'partId':'t'}]}}},'0']";
    struct fixture *f = *state;

    may_have(f, f->alice, MAY);
    fill(f, f->alice, MAY - 1);
    send(f, f->alice, create);
    assert_int_equal(count_at(f, "0/1/created"), 1);
    send(f, f->alice, create);
    assert_int_equal(count_at(f, "0/1/created"), 0);
    expect_text(f, "0/1/notCreated/d/type", "overQuota");
    may_have(f, f->alice, MAY + 1);
    send(f, f->alice, create);
    assert_int_equal(count_at(f, "0/1/created"), 1);
}

/* A place more is no message more. */
static void a_full_account_still_moves_and_copies(void **state)
{
    struct fixture *f = *state;
    smail_id mail = put(f, f->alice, 0, NULL, 1, "Subject: a\r\n\r\nx\r\n");
    smail_id archive = box(f, f->alice, SMAIL_ROLE_ARCHIVE);

    may_have(f, f->alice, 1);
    sendf(f, f->alice,
          "['Email/set',{'accountId':$A,'update':{'e%lld':{"
          "'mailboxIds/m%lld':true,'keywords/$seen':true}}},'0']",
          (long long)mail, (long long)archive);
    assert_int_equal(count_at(f, "0/1/updated"), 1);
}

static long long identity(struct fixture *f)
{
    send(f, f->alice, "['Identity/get',{'accountId':$A,'ids':null},'c']");
    return strtoll(text_at(f, "0/1/list/0/id") + 1, NULL, 10);
}

static void submit(struct fixture *f, long long identity_id, const char *to)
{
    char text[300];
    smail_id mail;

    smail__format(text, sizeof(text),
                  "From: alice@example.test\r\nTo: %s\r\nSubject: s\r\n\r\n"
                  "x\r\n",
                  to);
    mail = put(f, f->alice, box(f, f->alice, SMAIL_ROLE_DRAFTS), "$draft", 1,
               text);
    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld'}}},'0']",
          identity_id, (long long)mail);
}

/* All get it or nobody does: the sender learns who is full. */
static void a_full_recipient_is_told_of(void **state)
{
    struct fixture *f = *state;
    long long id = identity(f);

    may_have(f, f->bob, MAY);
    fill(f, f->bob, MAY - 1);
    submit(f, id, "bob@example.test");
    assert_int_equal(count_at(f, "0/1/created"), 1);
    submit(f, id, "bob@example.test");
    assert_int_equal(count_at(f, "0/1/created"), 0);
    assert_int_equal(count_at(f, "0/1/notCreated"), 1);
    may_have(f, f->bob, MAY + 1);
    submit(f, id, "bob@example.test");
    assert_int_equal(count_at(f, "0/1/created"), 1);
}

/* What is sent takes no room of the sender's. */
static void a_full_account_still_sends_its_draft(void **state)
{
    struct fixture *f = *state;
    long long id = identity(f);

    submit(f, id, "bob@example.test");
    assert_int_equal(count_at(f, "0/1/created"), 1);
    may_have(f, f->alice, 2);
    submit(f, id, "bob@example.test"); /* its second, a draft */
    assert_int_equal(count_at(f, "0/1/created"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(an_account_that_has_all_uploads_nothing),
        JMAP_TEST(an_import_beyond_it_is_over_quota),
        JMAP_TEST(a_draft_beyond_it_is_over_quota),
        JMAP_TEST(a_full_account_still_moves_and_copies),
        JMAP_TEST(a_full_recipient_is_told_of),
        JMAP_TEST(a_full_account_still_sends_its_draft),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
