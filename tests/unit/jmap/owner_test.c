/* SPDX-License-Identifier: MIT */
/* Every method with the ids of somebody else: they are not found, and nothing
 * of hers changes. */
#include "fixture.h"

struct hers {
    long long account, mailbox, email, thread, identity, submission;
    char blob[64], upload[64];
};

static long long number(const char *id)
{
    long long value = 0;

    for (id++; *id != '\0'; id++)
        value = value * 10 + (*id - '0');
    return value;
}

/* One of each, Alice's. The ids are larger than any of Bob's. */
static void make_hers(struct hers *h, struct fixture *f)
{
    smail_id mail = 0;
    char *blob = upload(f, f->alice, "text/plain", SMAIL__SPAN("secret"));

    h->account = f->alice;
    for (int i = 0; i < 30; i++)
        mail = put(f, f->alice, 0, NULL, 1,
                   "From: alice@example.test\r\nTo: alice@example.test\r\n"
                   "Subject: secret\r\n\r\nsecret\r\n");
    h->email = mail;
    send(f, f->alice,
         "['Mailbox/set',{'accountId':$A,'create':{'m':{'name':'Hers'}}},'0'],"
         "['Identity/get',{'accountId':$A},'1']");
    h->mailbox = number(text_at(f, "0/1/created/m/id"));
    h->identity = number(text_at(f, "1/1/list/0/id"));
    sendf(f, f->alice,
          "['Email/set',{'accountId':$A,'update':{'e%lld':{'mailboxIds':{"
          "'m%lld':true}}}},'0'],['EmailSubmission/set',{'accountId':$A,"
          "'create':{'s':{'identityId':'i%lld','emailId':'e%lld'}}},'1'],"
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'threadId','blobId']},'2']",
          h->email, h->mailbox, h->identity, h->email, h->email);
    h->submission = number(text_at(f, "1/1/created/s/id"));
    h->thread = number(text_at(f, "2/1/list/0/threadId"));
    smail__format(h->blob, sizeof(h->blob), "%s",
                  text_at(f, "2/1/list/0/blobId"));
    smail__format(h->upload, sizeof(h->upload), "%s", blob);
    free(blob);
}

/* Her state of everything, as one text. */
static char *snapshot(struct fixture *f)
{
    char *copy;

    send(f, f->alice,
         "['Mailbox/get',{'accountId':$A},'0'],"
         "['Email/query',{'accountId':$A},'1'],"
         "['Email/get',{'accountId':$A,'#ids':{'resultOf':'1','name':"
         "'Email/query','path':'/ids'}},'2'],"
         "['Identity/get',{'accountId':$A},'3'],"
         "['EmailSubmission/get',{'accountId':$A},'4']");
    copy = strdup(f->out.data);
    assert_non_null(copy);
    return copy;
}

static void with_her_account(struct fixture *f, const struct hers *h)
{
    static const char *const methods[] = {
        "Mailbox/get",           "Mailbox/changes",
        "Mailbox/query",         "Mailbox/queryChanges",
        "Mailbox/set",           "Thread/get",
        "Thread/changes",        "Email/get",
        "Email/changes",         "Email/query",
        "Email/queryChanges",    "Email/set",
        "Email/import",          "Email/parse",
        "SearchSnippet/get",     "Identity/get",
        "Identity/changes",      "Identity/set",
        "EmailSubmission/get",   "EmailSubmission/changes",
        "EmailSubmission/query", "EmailSubmission/queryChanges",
        "EmailSubmission/set",
    };

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        sendf(f, f->bob, "['%s',{'accountId':'a%lld','ids':null},'c']",
              methods[i], h->account);
        expect_error(f, 0, "accountNotFound");
    }
}

static void with_her_ids(struct fixture *f, const struct hers *h)
{
    sendf(f, f->bob,
          "['Mailbox/get',{'accountId':$A,'ids':['m%lld']},'0'],"
          "['Thread/get',{'accountId':$A,'ids':['t%lld']},'1'],"
          "['Email/get',{'accountId':$A,'ids':['e%lld']},'2'],"
          "['Identity/get',{'accountId':$A,'ids':['i%lld']},'3'],"
          "['EmailSubmission/get',{'accountId':$A,'ids':['s%lld']},'4'],"
          "['Email/parse',{'accountId':$A,'blobIds':['%s']},'5'],"
          "['Email/parse',{'accountId':$A,'blobIds':['%s-0']},'6'],"
          "['Email/parse',{'accountId':$A,'blobIds':['%s']},'7'],"
          "['SearchSnippet/get',{'accountId':$A,'filter':{'text':'secret'},"
          "'emailIds':['e%lld']},'8']",
          h->mailbox, h->thread, h->email, h->identity, h->submission, h->blob,
          h->blob, h->upload, h->email);
    for (size_t i = 0; i < 9; i++) {
        char path[40];

        smail__format(path, sizeof(path), "%zu/1/notFound", i);
        assert_int_equal(count_at(f, path), 1);
        smail__format(path, sizeof(path), "%zu/1/%s", i,
                      i >= 5 && i < 8 ? "parsed" : "list");
        assert_int_equal(count_at(f, path), 0);
    }
    assert_null(strstr(f->out.data, "secret"));
}

static void in_her_lists(struct fixture *f, const struct hers *h)
{
    sendf(f, f->bob,
          "['Email/query',{'accountId':$A,'filter':{'inMailbox':'m%lld'}},"
          "'0'],['Email/query',{'accountId':$A,'filter':{'text':'secret'}},"
          "'1'],['Email/query',{'accountId':$A,'filter':{'from':'alice'}},"
          "'2'],['EmailSubmission/query',{'accountId':$A,'filter':{"
          "'emailIds':['e%lld']}},'3'],['Mailbox/query',{'accountId':$A,"
          "'filter':{'name':'Hers'}},'4'],['Email/query',{'accountId':$A,"
          "'anchor':'e%lld'},'5']",
          h->mailbox, h->email, h->email);
    for (size_t i = 0; i < 5; i++) {
        char path[20];

        smail__format(path, sizeof(path), "%zu/1/ids", i);
        assert_int_equal(count_at(f, path), 0);
    }
    expect_error(f, 5, "anchorNotFound");
}

static void changing_hers(struct fixture *f, const struct hers *h)
{
    sendf(f, f->bob,
          "['Mailbox/set',{'accountId':$A,'update':{'m%lld':{'name':'x'}},"
          "'create':{'a':{'name':'x','parentId':'m%lld'}}},'0'],"
          "['Mailbox/set',{'accountId':$A,'onDestroyRemoveEmails':true,"
          "'destroy':['m%lld']},'1'],"
          "['Email/set',{'accountId':$A,'update':{'e%lld':{'keywords/$seen':"
          "true}},'create':{'a':{'mailboxIds':{'m%lld':true}},"
          "'b':{'mailboxIds':{'m1':true},'attachments':[{'blobId':'%s'}]},"
          "'c':{'mailboxIds':{'m1':true},'attachments':[{'blobId':'%s-0'}]}}},"
          "'2'],['Email/set',{'accountId':$A,'destroy':['e%lld']},'3'],"
          "['Email/import',{'accountId':$A,'emails':{'a':{'blobId':'%s',"
          "'mailboxIds':{'m1':true}},'b':{'blobId':'%s','mailboxIds':{'m1':"
          "true}}}},'4'],"
          "['Identity/set',{'accountId':$A,'update':{'i%lld':{'name':'x'}},"
          "'destroy':['i%lld'],'create':{'a':{'email':"
          "'alice@example.test'}}},'5'],"
          "['EmailSubmission/set',{'accountId':$A,'create':{'a':{"
          "'identityId':'i%lld','emailId':'e%lld'}},'destroy':['s%lld']},'6']",
          h->mailbox, h->mailbox, h->mailbox, h->email, h->mailbox, h->upload,
          h->blob, h->email, h->blob, h->upload, h->identity, h->identity,
          h->identity, h->email, h->submission);
    assert_int_equal(count_at(f, "0/1/created"), 0);
    assert_int_equal(count_at(f, "0/1/updated"), 0);
    assert_int_equal(count_at(f, "1/1/destroyed"), 0);
    assert_int_equal(count_at(f, "2/1/created"), 0);
    assert_int_equal(count_at(f, "2/1/notCreated"), 3);
    expect_text(f, "2/1/notCreated/b/type", "blobNotFound");
    expect_text(f, "2/1/notCreated/c/type", "blobNotFound");
    assert_int_equal(count_at(f, "2/1/updated"), 0);
    assert_int_equal(count_at(f, "3/1/destroyed"), 0);
    assert_int_equal(count_at(f, "4/1/created"), 0);
    assert_int_equal(count_at(f, "4/1/notCreated"), 2);
    assert_int_equal(count_at(f, "5/1/created"), 0);
    assert_int_equal(count_at(f, "5/1/updated"), 0);
    assert_int_equal(count_at(f, "5/1/destroyed"), 0);
    assert_int_equal(count_at(f, "6/1/created"), 0);
    assert_int_equal(count_at(f, "6/1/destroyed"), 0);
}

/* His own identity, her message; his message to her mailbox. */
static void half_of_hers(struct fixture *f, const struct hers *h)
{
    smail_id his = put(f, f->bob, 0, NULL, 1,
                       "From: bob@example.test\r\nTo: bob@example.test\r\n\r\n"
                       "x\r\n");

    send(f, f->bob, "['Identity/get',{'accountId':$A},'0']");
    sendf(f, f->bob,
          "['EmailSubmission/set',{'accountId':$A,'create':{'a':{"
          "'identityId':'%s','emailId':'e%lld'},'b':{'identityId':'i%lld',"
          "'emailId':'e%lld'},'c':{'identityId':'%s','emailId':'e%lld'}},"
          "'onSuccessUpdateEmail':{'#c':{'mailboxIds':{'m%lld':true}}}},'0'],"
          "['Email/set',{'accountId':$A,'update':{'e%lld':{'mailboxIds':{"
          "'m%lld':true}}}},'1']",
          text_at(f, "0/1/list/0/id"), h->email, h->identity, (long long)his,
          text_at(f, "0/1/list/0/id"), (long long)his, h->mailbox,
          (long long)his, h->mailbox);
    assert_int_equal(count_at(f, "0/1/notCreated"), 2);
    assert_int_equal(count_at(f, "1/1/notUpdated"), 1);
    assert_int_equal(count_at(f, "2/1/notUpdated"), 1);
}

static void nobody_reaches_what_is_another_ones(void **state)
{
    struct fixture *f = *state;
    struct hers h;
    char *before, *after;
    size_t len;

    make_hers(&h, f);
    run_batch(f);
    before = snapshot(f);
    with_her_account(f, &h);
    with_her_ids(f, &h);
    in_her_lists(f, &h);
    changing_hers(f, &h);
    half_of_hers(f, &h);
    assert_null(download(f, f->bob, h.blob, &len));
    assert_null(download(f, f->bob, h.upload, &len));
    run_batch(f);
    after = snapshot(f);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(nobody_reaches_what_is_another_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
