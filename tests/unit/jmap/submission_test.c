/* SPDX-License-Identifier: MIT */
#include "delivery/route.h"
#include "fixture.h"

static smail_id draft(struct fixture *f, const char *header)
{
    struct smail__buf text;
    smail_id id;

    smail__buf_init(&text, 65536, NULL);
    smail__buf_printf(&text, "%s\r\n\r\nHello.\r\n", header);
    id = put(f, f->alice, box(f, f->alice, SMAIL_ROLE_DRAFTS), "$draft $seen",
             1, text.data);
    smail__buf_dispose(&text);
    return id;
}

/* The identity that everybody has. */
static long long identity(struct fixture *f)
{
    long long id = 0;

    send(f, f->alice, "['Identity/get',{'accountId':$A,'ids':null},'c']");
    assert_int_equal(count_at(f, "0/1/list"), 1);
    expect_text(f, "0/1/list/0/email", "alice@example.test");
    for (const char *c = text_at(f, "0/1/list/0/id") + 1; *c != '\0'; c++)
        id = id * 10 + (*c - '0');
    return id;
}

static uint64_t inbox_total(struct fixture *f, smail_id account)
{
    char path[] = "0/1/list/0/totalEmails";

    sendf(f, account, "['Mailbox/get',{'accountId':$A,'ids':['m%lld']},'c']",
          (long long)box(f, account, SMAIL_ROLE_INBOX));
    return (uint64_t)int_at(f, path);
}

static void mail_is_sent_and_filed_at_once(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);
    long long drafts = box(f, f->alice, SMAIL_ROLE_DRAFTS);
    long long sent = box(f, f->alice, SMAIL_ROLE_SENT);
    smail_id mail = draft(f, "From: Alice <alice@example.test>\r\n"
                             "To: bob@example.test\r\n"
                             "Bcc: Bob <BOB+x@example.test>\r\nSubject: hi");
    size_t len;
    char *text, path[80];

    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld'}},'onSuccessUpdateEmail':{"
          "'#s':{'keywords/$draft':null,'mailboxIds/m%lld':null,"
          "'mailboxIds/m%lld':true}}},'0'],"
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'mailboxIds','keywords','bcc']},'1'],"
          "['EmailSubmission/get',{'accountId':$A,'ids':['#s']},'2'],"
          "['EmailSubmission/query',{'accountId':$A,'filter':{'emailIds':["
          "'e%lld']}},'3'],['EmailSubmission/changes',{'accountId':$A,"
          "'sinceState':'0'},'4']",
          i, (long long)mail, drafts, sent, (long long)mail, (long long)mail);
    expect_method(f, 0, "EmailSubmission/set");
    expect_method(f, 1, "Email/set");
    expect_text(f, "1/2", "0");
    assert_int_equal(count_at(f, "1/1/updated"), 1);
    assert_int_equal(count_at(f, "2/1/list/0/keywords"), 1);
    smail__format(path, sizeof(path), "2/1/list/0/mailboxIds/m%lld", sent);
    assert_true(true_at(f, path));
    assert_int_equal(count_at(f, "2/1/list/0/bcc"), 1);
    expect_text(f, "3/1/list/0/undoStatus", "final");
    expect_text(f, "3/1/list/0/envelope/mailFrom/email", "alice@example.test");
    assert_int_equal(count_at(f, "3/1/list/0/envelope/rcptTo"), 2);
    expect_text(f, "3/1/list/0/deliveryStatus/bob@example.test/delivered",
                "yes");
    assert_int_equal(count_at(f, "4/1/ids"), 1);
    assert_int_equal(count_at(f, "5/1/created"), 1);

    assert_int_equal(inbox_total(f, f->bob), 1);
    send(f, f->bob,
         "['Email/query',{'accountId':$A},'0'],['Email/get',{'accountId':$A,"
         "'#ids':{'resultOf':'0','name':'Email/query','path':'/ids'}},'1']");
    text = download(f, f->bob, text_at(f, "1/1/list/0/blobId"), &len);
    assert_non_null(strstr(text, "Return-Path: <alice@example.test>\r\n"));
    assert_non_null(strstr(text, "Received: by example.test with HTTP\r\n"));
    assert_non_null(strstr(text, "\r\nDate: "));
    assert_non_null(strstr(text, "\r\nMessage-ID: <"));
    assert_null(strstr(text, "Bcc"));
    assert_non_null(strstr(text, "To: bob@example.test\r\nSubject: hi\r\n\r\n"
                                 "Hello.\r\n"));
    assert_true(strlen(text) == len);
    free(text);
}

static void a_draft_is_made_and_sent_in_one_request(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);

    sendf(f, f->alice,
          "['Email/set',{'accountId':$A,'create':{'d':{'mailboxIds':{'m1':"
          "true},'keywords':{'$draft':true},'from':[{'email':"
          "'alice@example.test'}],'to':[{'email':'alice@example.test'}],"
          "'subject':'to me','bodyValues':{'t':{'value':'x'}},'textBody':[{"
          "'partId':'t'}]}}},'0'],"
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'#d'}},'onSuccessDestroyEmail':["
          "'#s']},'1']",
          i);
    assert_int_equal(count_at(f, "1/1/created"), 1);
    expect_method(f, 2, "Email/set");
    assert_int_equal(count_at(f, "2/1/destroyed"), 1);
    assert_int_equal(inbox_total(f, f->alice), 1); /* the copy that came */
}

static void expect_refused(struct fixture *f, long long i, const char *header,
                           const char *type, const char *words)
{
    smail_id mail = draft(f, header);

    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld'}},'onSuccessUpdateEmail':{"
          "'#s':{'keywords/$draft':null}}},'0'],"
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'keywords']},'1']",
          i, (long long)mail, (long long)mail);
    expect_text(f, "0/1/notCreated/s/type", type);
    if (words != NULL)
        expect_text(f, "0/1/notCreated/s/description", words);
    expect_method(f, 1, "Email/get");
    assert_true(true_at(f, "1/1/list/0/keywords/$draft")); /* it is kept */
}

static void what_cannot_be_sent_stays_a_draft(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);

    expect_refused(f, i,
                   "From: alice@example.test\r\nTo: bob@example.test, "
                   "eve@elsewhere.example",
                   "invalidRecipients",
                   "this server cannot send to other hosts yet");
    expect_refused(f, i, "From: alice@example.test\r\nTo: nobody@example.test",
                   "invalidRecipients", "nobody here has that address");
    expect_refused(f, i, "From: alice@example.test\r\nTo: bob",
                   "invalidRecipients", "that is not a complete address");
    expect_refused(f, i, "From: alice@example.test", "noRecipients", NULL);
    expect_refused(f, i, "From: bob@example.test\r\nTo: bob@example.test",
                   "forbiddenFrom", NULL);
    expect_refused(f, i,
                   "From: alice@example.test, bob@example.test\r\n"
                   "To: bob@example.test",
                   "forbiddenFrom", NULL);
    expect_refused(f, i,
                   "From: alice@example.test\r\nSender: bob@example.test\r\n"
                   "To: bob@example.test",
                   "forbiddenFrom", NULL);
    expect_refused(f, i, "To: bob@example.test", "invalidEmail", NULL);
    assert_int_equal(inbox_total(f, f->bob), 0);
    send(f, f->alice, "['EmailSubmission/get',{'accountId':$A},'0']");
    assert_int_equal(count_at(f, "0/1/list"), 0);
}

static void the_refused_are_named(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);
    smail_id mail = draft(f, "From: alice@example.test\r\nTo: x@y");

    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld','envelope':{'mailFrom':{"
          "'email':'alice@example.test'},'rcptTo':[{'email':'a@b.example'},"
          "{'email':'bob@example.test'},{'email':'no@example.test'}]}}}},'0']",
          i, (long long)mail);
    assert_int_equal(count_at(f, "0/1/notCreated/s/invalidRecipients"), 2);
    expect_text(f, "0/1/notCreated/s/invalidRecipients/0", "a@b.example");
}

static void the_envelope_is_ones_own(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);
    smail_id mail = draft(f, "From: alice@example.test\r\nTo: x@y");

    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{"
          "'a':{'identityId':'i%lld','emailId':'e%lld','envelope':{'mailFrom':{"
          "'email':'bob@example.test'},'rcptTo':[{'email':"
          "'bob@example.test'}]}},"
          "'b':{'identityId':'i%lld','emailId':'e%lld','envelope':{'mailFrom':{"
          "'email':'alice@example.test','parameters':{'HOLDFOR':'5'}},"
          "'rcptTo':[{'email':'bob@example.test'}]}},"
          "'c':{'identityId':'i%lld','emailId':'e%lld','envelope':{'mailFrom':{"
          "'email':'alice@example.test'},'rcptTo':[]}},"
          "'d':{'identityId':'i99','emailId':'e%lld'},"
          "'e':{'identityId':'i%lld','emailId':'e99'},"
          "'f':{'identityId':'i%lld','emailId':'e%lld','undoStatus':'pending'},"
          "'g':{'identityId':'i%lld','emailId':'e%lld','envelope':{'mailFrom':{"
          "'email':'alice@example.test'},'rcptTo':[{'email':"
          "'bob@example.test'}]}}}},'0']",
          i, (long long)mail, i, (long long)mail, i, (long long)mail,
          (long long)mail, i, i, (long long)mail, i, (long long)mail);
    expect_text(f, "0/1/notCreated/a/type", "forbiddenMailFrom");
    expect_text(f, "0/1/notCreated/b/properties/0", "envelope");
    expect_text(f, "0/1/notCreated/c/type", "noRecipients");
    expect_text(f, "0/1/notCreated/d/properties/0", "identityId");
    expect_text(f, "0/1/notCreated/e/properties/0", "emailId");
    expect_text(f, "0/1/notCreated/f/properties/0", "undoStatus");
    assert_int_equal(count_at(f, "0/1/created"), 1);
    assert_int_equal(inbox_total(f, f->bob), 1);
}

static void a_copy_that_cannot_be_filed_is_told_of(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);
    smail_id mail = draft(f, "From: alice@example.test\r\nTo: "
                             "bob@example.test");
    char path[60];

    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld'}},'onSuccessUpdateEmail':{"
          "'#s':{'mailboxIds/m99':true}}},'0']",
          i, (long long)mail);
    assert_int_equal(count_at(f, "0/1/created"), 1);
    smail__format(path, sizeof(path), "1/1/notUpdated/e%lld/type",
                  (long long)mail);
    expect_text(f, path, "invalidProperties");
    assert_int_equal(inbox_total(f, f->bob), 1);
}

static void records_are_removed_and_mail_stays(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);
    smail_id mail = draft(f, "From: alice@example.test\r\nTo: "
                             "bob@example.test");
    char id[40];

    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld'}}},'0']",
          i, (long long)mail);
    smail__format(id, sizeof(id), "%s", text_at(f, "0/1/created/s/id"));
    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'update':{'%s':{"
          "'undoStatus':'canceled'}}},'0'],"
          "['EmailSubmission/set',{'accountId':$A,'destroy':['%s','s99']},'1'],"
          "['EmailSubmission/get',{'accountId':$A,'ids':['%s']},'2'],"
          "['EmailSubmission/query',{'accountId':$A,'filter':{'undoStatus':"
          "'final'}},'3']",
          id, id, id);
    {
        char path[80];

        smail__format(path, sizeof(path), "0/1/notUpdated/%s/type", id);
        expect_text(f, path, "cannotUnsend");
    }
    assert_int_equal(count_at(f, "1/1/destroyed"), 1);
    assert_int_equal(count_at(f, "1/1/notDestroyed"), 1);
    assert_int_equal(count_at(f, "2/1/notFound"), 1);
    assert_int_equal(count_at(f, "3/1/ids"), 0);
    assert_int_equal(inbox_total(f, f->bob), 1);
}

static void what_was_taken_back_waits_no_more(void **state)
{
    struct fixture *f = *state;
    struct smail__routes routes;
    long long i = identity(f);
    smail_id mail = draft(f, "From: alice@example.test\r\nTo: "
                             "bob@example.test");
    char id[40];

    smail__routes_init(&routes);
    smail__jmap_set_routes(f->jmap, &routes, 3600, 7200);
    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld','envelope':{'mailFrom':{"
          "'email':'alice@example.test','parameters':{'HOLDFOR':'600'}},"
          "'rcptTo':[{'email':'bob@example.test','parameters':null}]}}}},"
          "'0'],['EmailSubmission/query',{'accountId':$A,'filter':{"
          "'undoStatus':'pending'}},'1']",
          i, (long long)mail);
    expect_text(f, "0/1/created/s/undoStatus", "pending");
    assert_int_equal(count_at(f, "1/1/ids"), 1);
    assert_int_equal(inbox_total(f, f->bob), 0);
    send(f, f->alice,
         "['EmailSubmission/query',{'accountId':$A,'filter':{"
         "'undoStatus':'pending'}},'0']");
    smail__format(id, sizeof(id), "%s", text_at(f, "0/1/ids/0"));
    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'update':{'%s':{"
          "'undoStatus':'canceled'}}},'0'],"
          "['EmailSubmission/query',{'accountId':$A,'filter':{"
          "'undoStatus':'pending'}},'1'],"
          "['EmailSubmission/query',{'accountId':$A,'filter':{"
          "'undoStatus':'canceled'}},'2'],"
          "['EmailSubmission/query',{'accountId':$A,'filter':{"
          "'undoStatus':'final'}},'3']",
          id);
    assert_int_equal(count_at(f, "0/1/updated"), 1);
    assert_int_equal(count_at(f, "1/1/ids"), 0);
    assert_int_equal(count_at(f, "2/1/ids"), 1);
    assert_int_equal(count_at(f, "3/1/ids"), 0);
    assert_int_equal(inbox_total(f, f->bob), 0);
    smail__jmap_set_routes(f->jmap, NULL, 0, 0);
    smail__routes_dispose(&routes);
}

static void identities_are_ones_own_addresses(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);

    check(f, smail_alias_add(f->store, "sales@example.test",
                             "alice@example.test", &f->err));
    sendf(f, f->alice,
          "['Identity/set',{'accountId':$A,'create':{"
          "'a':{'name':'Sales','email':'sales@example.test','replyTo':[{"
          "'email':'x@y'}],'textSignature':'-- me'},"
          "'b':{'email':'bob@example.test'},'c':{'email':'no'},"
          "'d':{'name':'x'},'e':{'email':'sales@example.test','bcc':[3]},"
          "'f':{'email':'sales@example.test','replyTo':[{'email':"
          "'a@b\\r\\nX: y'}]}},"
          "'update':{'i%lld':{'name':'Al','htmlSignature':'<b>'},"
          "'i99':{'name':'x'}}},'0'],"
          "['Identity/get',{'accountId':$A},'1'],"
          "['Identity/set',{'accountId':$A,'update':{'i%lld':{'email':"
          "'sales@example.test'}},'destroy':['#a']},'2'],"
          "['Identity/set',{'accountId':$A,'destroy':['i%lld']},'3'],"
          "['Identity/changes',{'accountId':$A,'sinceState':'0'},'4']",
          i, i, i);
    assert_int_equal(count_at(f, "0/1/created"), 1);
    expect_text(f, "0/1/notCreated/b/type", "forbiddenFrom");
    expect_text(f, "0/1/notCreated/c/properties/0", "email");
    expect_text(f, "0/1/notCreated/d/properties/0", "email");
    expect_text(f, "0/1/notCreated/e/properties/0", "bcc");
    expect_text(f, "0/1/notCreated/f/properties/0", "replyTo");
    expect_text(f, "0/1/notUpdated/i99/type", "notFound");
    assert_int_equal(count_at(f, "1/1/list"), 2);
    expect_text(f, "1/1/list/0/name", "Al");
    expect_text(f, "1/1/list/1/replyTo/0/email", "x@y");
    assert_int_equal(count_at(f, "2/1/notUpdated"), 1);
    assert_int_equal(count_at(f, "2/1/destroyed"), 1);
    assert_int_equal(count_at(f, "3/1/notDestroyed"), 1); /* the last one */
    assert_true(count_at(f, "4/1/created") >= 1 ||
                count_at(f, "4/1/updated") >= 1);
}

static int setup_capped(void **state)
{
    struct smail__jmap_limits limits = { .messages_per_day = 3,
                                         .recipients_per_day = 4 };

    return setup_with(state, &limits);
}

static void note_excess(smail_id account, const char *text, void *user)
{
    (void)account;
    assert_non_null(strstr(text, "try again in"));
    ++*(int *)user;
}

static void submit_one(struct fixture *f, long long i, const char *to)
{
    char header[300];
    smail_id mail;

    smail__format(header, sizeof(header),
                  "From: alice@example.test\r\nTo: %s\r\nSubject: hi", to);
    mail = draft(f, header);
    sendf(f, f->alice,
          "['EmailSubmission/set',{'accountId':$A,'create':{'s':{"
          "'identityId':'i%lld','emailId':'e%lld'}}},'0']",
          i, (long long)mail);
}

static void a_day_has_an_end(void **state)
{
    struct fixture *f = *state;
    long long i = identity(f);
    int excesses = 0;

    smail__jmap_on_excess(f->jmap, note_excess, &excesses);
    submit_one(f, i,
               "bob@example.test, bob+1@example.test, bob+2@example.test,"
               " bob+3@example.test, bob+4@example.test");
    expect_text(f, "0/1/notCreated/s/type", "tooManyRecipients");
    assert_int_equal(int_at(f, "0/1/notCreated/s/maxRecipients"), 4);
    submit_one(f, i, "bob@example.test, bob+1@example.test");
    assert_int_equal(count_at(f, "0/1/created"), 1);
    submit_one(f, i,
               "bob@example.test, bob+1@example.test, "
               "bob+2@example.test");
    expect_text(f, "0/1/notCreated/s/type", "rateLimit");
    expect_text(f, "0/1/notCreated/s/description",
                "Too many recipients of this account in a day, try again in "
                "25 hours");
    assert_int_equal(excesses, 1);
    submit_one(f, i, "bob@example.test");
    assert_int_equal(count_at(f, "0/1/created"), 1);
    assert_int_equal(inbox_total(f, f->bob), 2);
    submit_one(f, i, "bob@example.test");
    assert_int_equal(count_at(f, "0/1/created"), 1);
    submit_one(f, i, "bob@example.test");
    expect_text(f, "0/1/notCreated/s/type", "rateLimit");
    assert_int_equal(excesses, 2);
    assert_int_equal(inbox_total(f, f->bob), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(mail_is_sent_and_filed_at_once),
        JMAP_TEST(a_draft_is_made_and_sent_in_one_request),
        JMAP_TEST(what_cannot_be_sent_stays_a_draft),
        JMAP_TEST(the_refused_are_named),
        JMAP_TEST(the_envelope_is_ones_own),
        JMAP_TEST(a_copy_that_cannot_be_filed_is_told_of),
        JMAP_TEST(records_are_removed_and_mail_stays),
        JMAP_TEST(what_was_taken_back_waits_no_more),
        JMAP_TEST(identities_are_ones_own_addresses),
        cmocka_unit_test_setup_teardown(a_day_has_an_end, setup_capped,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
