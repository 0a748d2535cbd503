/* SPDX-License-Identifier: MIT */
#include "fixture.h"

/* The whole message of the first thing that the first response created. */
static char *source(struct fixture *f, const char *path)
{
    size_t len;
    char *bytes = download(f, f->alice, text_at(f, path), &len);

    assert_non_null(bytes);
    return bytes;
}

static void expect_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        print_error("'%s' is not in:\n%s\n", part, text);
        fail();
    }
}

static void expect_not_in(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        print_error("'%s' is in:\n%s\n", part, text);
        fail();
    }
}

static void a_draft_is_made_of_its_properties(void **state)
{
    struct fixture *f = *state;
    char *text;

    sendf(f, f->alice,
          "['Email/set',{'accountId':$A,'create':{'d':{"
          "'mailboxIds':{'m%lld':true},'keywords':{'$draft':true,'$seen':true},"
          "'from':[{'name':'J\\u00f6rg','email':'alice@example.test'}],"
          "'to':[{'name':'Bob, the builder','email':'bob@example.test'},"
          "{'name':null,'email':'c@example.test'}],"
          "'bcc':[{'email':'secret@example.test'}],"
          "'subject':'Gr\\u00fc\\u00dfe \\ud83d\\ude00',"
          "'inReplyTo':['a@b'],'references':['a@b','c@d'],"
          "'sentAt':'2026-11-23T10:00:00+02:00',"
          "'header:X-Thing:asText':'thing',"
          "'bodyValues':{'t':{'value':'Hello\\nw\\u00f6rld\\n'},"
          "'h':{'value':'<p>Hello</p>'}},"
          "'textBody':[{'partId':'t','type':'text/plain'}],"
          "'htmlBody':[{'partId':'h','type':'text/html'}]}}},'0'],"
          "['Email/get',{'accountId':$A,'ids':['#d'],'fetchAllBodyValues':true"
          "},'1']",
          (long long)box(f, f->alice, SMAIL_ROLE_DRAFTS));
    assert_int_equal(count_at(f, "0/1/created/d"), 4);
    expect_text(f, "1/1/list/0/subject",
                "Gr\xc3\xbc\xc3\x9f"
                "e \xf0\x9f\x98\x80");
    expect_text(f, "1/1/list/0/from/0/name", "J\xc3\xb6rg");
    expect_text(f, "1/1/list/0/to/0/name", "Bob, the builder");
    expect_text(f, "1/1/list/0/to/1/email", "c@example.test");
    expect_text(f, "1/1/list/0/bcc/0/email", "secret@example.test");
    expect_text(f, "1/1/list/0/sentAt", "2026-11-23T10:00:00+02:00");
    expect_text(f, "1/1/list/0/references/1", "c@d");
    assert_int_equal(count_at(f, "1/1/list/0/messageId"), 1);
    expect_text(f, "1/1/list/0/textBody/0/type", "text/plain");
    expect_text(f, "1/1/list/0/htmlBody/0/type", "text/html");
    assert_true(true_at(f, "1/1/list/0/keywords/$draft"));
    text = source(f, "0/1/created/d/blobId");
    expect_in(text, "multipart/alternative");
    expect_in(text, "X-Thing: thing\r\n");
    expect_in(text, "w=C3=B6rld\r\n");
    expect_in(text, "MIME-Version: 1.0\r\n");
    free(text);
}

static void values_cannot_leave_their_line(void **state)
{
    struct fixture *f = *state;
    char *text;

    send(f, f->alice,
         "['Email/set',{'accountId':$A,'create':{"
         "'a':{'mailboxIds':{'m1':true},"
         "'subject':'x\\r\\nBcc: evil@example.test\\r\\n\\r\\nbody',"
         "'from':[{'name':'a\\nX-Evil: 1','email':'b@c'}],"
         "'header:X-T:asText':'a\\r\\nX-Evil: 3'},"
         "'b':{'mailboxIds':{'m1':true},'header:X-R':'a\\r\\nX-Evil: 4'},"
         "'c':{'mailboxIds':{'m1':true},'header:X-R':'a\\r\\n\\r\\nb'},"
         "'d':{'mailboxIds':{'m1':true},'header:X\\r\\nEvil':'a'},"
         "'e':{'mailboxIds':{'m1':true},'messageId':['a>\\r\\nX-Evil: 5']},"
         "'f':{'mailboxIds':{'m1':true},'attachments':[{'partId':'p',"
         "'type':'text/plain\\r\\nX-Evil: 6'}],'bodyValues':{'p':{'value':''}}"
         "},'g':{'mailboxIds':{'m1':true},'attachments':[{'partId':'p',"
         "'type':'text/plain','name':'a\\r\\nX-Evil: 7','disposition':"
         "'attachment'}],'bodyValues':{'p':{'value':''}}},"
         "'h':{'mailboxIds':{'m1':true},'header:X-R':'ok\\r\\n folded'}}},"
         "'0']");
    assert_int_equal(count_at(f, "0/1/created"), 3);
    for (const char *id = "bcdef"; *id != '\0'; id++) {
        char path[40];

        smail__format(path, sizeof(path), "0/1/notCreated/%c/type", *id);
        expect_text(f, path, "invalidProperties");
    }
    text = source(f, "0/1/created/a/blobId");
    expect_not_in(text, "\r\nX-Evil");
    expect_not_in(text, "\nX-Evil");
    expect_not_in(text, "\r\nBcc");
    free(text);
    text = source(f, "0/1/created/g/blobId");
    expect_not_in(text, "\nX-Evil");
    free(text);
}

/* In a name they become spaces; an address is refused, and the property named
 * that it stands in. */
static void controls_in_addresses_are_refused(void **state)
{
    static const char *const fields[] = { "from",
                                          "to",
                                          "cc",
                                          "bcc",
                                          "sender",
                                          "replyTo",
                                          "header:Resent-To:asAddresses" };
    static const char *const bad[] = {
        "a@b\\r\\nX: y", "a@b\\n", "\\u0000a@b",
        "a\\u007f@b",    "a@b\\t", "a\\u0085@b"
    };
    static const char *const good[] = { "a@b", "", "half an add",
                                        "a\\u00a0@b" };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        for (size_t j = 0; j < sizeof(bad) / sizeof(*bad); j++) {
            sendf(f, f->alice,
                  "['Email/set',{'accountId':$A,'create':{'a':{"
                  "'mailboxIds':{'m1':true},'%s':[{'email':'%s'}]}}},'0']",
                  fields[i], bad[j]);
            expect_text(f, "0/1/notCreated/a/type", "invalidProperties");
            expect_text(f, "0/1/notCreated/a/properties/0", fields[i]);
        }
        for (size_t j = 0; j < sizeof(good) / sizeof(*good); j++) {
            sendf(f, f->alice,
                  "['Email/set',{'accountId':$A,'create':{'a':{"
                  "'mailboxIds':{'m1':true},'%s':[{'email':'%s'}]}}},'0']",
                  fields[i], good[j]);
            assert_int_equal(count_at(f, "0/1/created"), 1);
        }
    }
    send(f, f->alice,
         "['Email/set',{'accountId':$A,'create':{'a':{"
         "'mailboxIds':{'m1':true},'subject':'one\\r\\nX: y',"
         "'header:To:asGroupedAddresses':[{'name':'g\\nX: z','addresses':"
         "[{'name':'n\\r\\n\\tX: y','email':'a@b'}]}]},"
         "'b':{'mailboxIds':{'m1':true},'header:To:asGroupedAddresses':"
         "[{'name':'g','addresses':[{'email':'a\\n@b'}]}]}}},'0'],"
         "['Email/get',{'accountId':$A,'ids':['#a'],'properties':['subject',"
         "'to','header:To:asGroupedAddresses']},'1']");
    expect_text(f, "1/1/list/0/subject", "one X: y");
    expect_text(f, "1/1/list/0/to/0/name", "n X: y");
    expect_text(f, "1/1/list/0/header:To:asGroupedAddresses/0/name", "g X: z");
    expect_text(f, "0/1/notCreated/b/properties/0",
                "header:To:asGroupedAddresses");
}

static void attachments_and_pictures_find_their_place(void **state)
{
    struct fixture *f = *state;
    char data[300], *blob, *text;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)i;
    blob = upload(f, f->alice, "image/png", (smail_span){ data, sizeof(data) });
    sendf(f, f->alice,
          "['Email/set',{'accountId':$A,'create':{'d':{"
          "'mailboxIds':{'m1':true},'subject':'files',"
          "'bodyValues':{'t':{'value':'text'},'h':{'value':'<img>'}},"
          "'textBody':[{'partId':'t'}],'htmlBody':[{'partId':'h'}],"
          "'attachments':[{'blobId':'%s','type':'image/png','cid':'p1@x',"
          "'disposition':'inline'},{'blobId':'%s','type':'image/png',"
          "'name':'B\\u00e4r \\\"1\\\".png','disposition':'attachment'}]}}},"
          "'0'],['Email/get',{'accountId':$A,'ids':['#d'],'properties':["
          "'bodyStructure','attachments','hasAttachment']},'1']",
          blob, blob);
    expect_text(f, "1/1/list/0/bodyStructure/type", "multipart/mixed");
    expect_text(f, "1/1/list/0/bodyStructure/subParts/0/type",
                "multipart/alternative");
    expect_text(f, "1/1/list/0/bodyStructure/subParts/0/subParts/1/type",
                "multipart/related");
    assert_int_equal(count_at(f, "1/1/list/0/attachments"), 2);
    expect_text(f, "1/1/list/0/attachments/0/cid", "p1@x");
    expect_text(f, "1/1/list/0/attachments/1/name", "B\xc3\xa4r \"1\".png");
    assert_int_equal(int_at(f, "1/1/list/0/attachments/1/size"), sizeof(data));
    assert_true(true_at(f, "1/1/list/0/hasAttachment"));
    {
        size_t len = 0;
        char *bytes = download(
            f, f->alice, text_at(f, "1/1/list/0/attachments/1/blobId"), &len);

        assert_int_equal(len, sizeof(data));
        assert_memory_equal(bytes, data, sizeof(data));
        free(bytes);
    }
    text = source(f, "0/1/created/d/blobId");
    expect_in(text, "filename*0*=utf-8''B%C3%A4r%20%221%22.png");
    free(text);
    free(blob);
}

static void a_structure_is_taken_as_given(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Email/set',{'accountId':$A,'create':{'d':{"
         "'mailboxIds':{'m1':true},'bodyValues':{'a':{'value':'one'},"
         "'b':{'value':'two'}},'bodyStructure':{'type':'multipart/mixed',"
         "'subParts':[{'partId':'a'},{'type':'text/html','partId':'b',"
         "'language':['de'],'header:Content-Description:asText':'zwei'}]}},"
         "'x':{'mailboxIds':{'m1':true},'bodyStructure':{'partId':'a'},"
         "'textBody':[]},"
         "'y':{'mailboxIds':{'m1':true},'bodyStructure':{'type':"
         "'multipart/mixed'}},"
         "'z':{'mailboxIds':{'m1':true},'bodyStructure':{'partId':'nope'}}}},"
         "'0'],['Email/get',{'accountId':$A,'ids':['#d'],'properties':["
         "'bodyStructure'],'bodyProperties':['type','language',"
         "'header:Content-Description','subParts']},'1']");
    assert_int_equal(count_at(f, "0/1/created"), 1);
    assert_int_equal(count_at(f, "0/1/notCreated"), 3);
    expect_text(f, "1/1/list/0/bodyStructure/subParts/1/language/0", "de");
    expect_text(
        f, "1/1/list/0/bodyStructure/subParts/1/header:Content-Description",
        " zwei");
}

static void what_is_wrong_is_named(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Email/set',{'accountId':$A,'create':{"
         "'a':{},'b':{'mailboxIds':{}},'c':{'mailboxIds':{'m1':false}},"
         "'d':{'mailboxIds':{'m99':true}},"
         "'e':{'mailboxIds':{'m1':true},'keywords':{'a b':true}},"
         "'f':{'mailboxIds':{'m1':true},'id':'e5'},"
         "'g':{'mailboxIds':{'m1':true},'subject':'a','header:Subject':'b'},"
         "'h':{'mailboxIds':{'m1':true},'header:Content-Type':'text/html'},"
         "'i':{'mailboxIds':{'m1':true},'headers':[]},"
         "'j':{'mailboxIds':{'m1':true},'attachments':[{'blobId':"
         "'b00000000000000000000000000000000'},{'blobId':'zzz'}]},"
         "'k':{'mailboxIds':{'m1':true},'textBody':[{'partId':'1','type':"
         "'text/html'}],'bodyValues':{'1':{'value':''}}},"
         "'l':{'mailboxIds':{'m1':true},'receivedAt':'soon'},"
         "'m':{'mailboxIds':{'m1':true},'textBody':[{'partId':'1','blobId':"
         "'zzz'}],'bodyValues':{'1':{'value':''}}},"
         "'n':{'mailboxIds':{'m1':true},'from':'alice'},"
         "'o':3}},'0'],['Email/get',{'accountId':$A,'ids':['#a']},'1']");
    assert_int_equal(count_at(f, "0/1/notCreated"), 15);
    expect_text(f, "0/1/notCreated/a/properties/0", "mailboxIds");
    expect_text(f, "0/1/notCreated/d/properties/0", "mailboxIds");
    expect_text(f, "0/1/notCreated/e/properties/0", "keywords");
    expect_text(f, "0/1/notCreated/f/properties/0", "id");
    expect_text(f, "0/1/notCreated/g/properties/0", "header:Subject");
    expect_text(f, "0/1/notCreated/j/type", "blobNotFound");
    assert_int_equal(count_at(f, "0/1/notCreated/j/notFound"), 2);
    expect_text(f, "0/1/notCreated/l/properties/0", "receivedAt");
    expect_text(f, "1/1/notFound/0", "#a");
}

static void keywords_and_mailboxes_are_patched(void **state)
{
    struct fixture *f = *state;
    smail_id one = put(f, f->alice, 0, "$flagged", 1, "Subject: a\r\n\r\n");
    smail_id trash = box(f, f->alice, SMAIL_ROLE_TRASH);

    sendf(f, f->alice,
          "['Email/set',{'accountId':$A,'update':{'e%lld':{"
          "'keywords/$seen':true,'keywords/$flagged':null,"
          "'mailboxIds/m1':null,'mailboxIds/m%lld':true}}},'0'],"
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'keywords','mailboxIds']},'1'],"
          "['Email/set',{'accountId':$A,'update':{'e%lld':{'keywords':{"
          "'a':true},'mailboxIds':{'m1':true,'m%lld':true}}}},'2'],"
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'keywords','mailboxIds']},'3'],"
          "['Mailbox/get',{'accountId':$A,'ids':['m1','m%lld']},'4']",
          (long long)one, (long long)trash, (long long)one, (long long)one,
          (long long)trash, (long long)one, (long long)trash);
    assert_int_equal(count_at(f, "0/1/updated"), 1);
    assert_int_equal(count_at(f, "1/1/list/0/keywords"), 1);
    assert_true(true_at(f, "1/1/list/0/keywords/$seen"));
    assert_int_equal(count_at(f, "1/1/list/0/mailboxIds"), 1);
    assert_int_equal(count_at(f, "3/1/list/0/keywords"), 1);
    assert_true(true_at(f, "3/1/list/0/keywords/a"));
    assert_int_equal(count_at(f, "3/1/list/0/mailboxIds"), 2);
    assert_int_equal(int_at(f, "4/1/list/0/unreadEmails"), 1);
    assert_int_equal(int_at(f, "4/1/list/1/unreadEmails"), 1);
}

static void patches_that_make_no_sense_change_nothing(void **state)
{
    struct fixture *f = *state;
    smail_id one = put(f, f->alice, 0, NULL, 1, "Subject: a\r\n\r\n");
    const char *const patches[] = {
        "{'mailboxIds/m1':null}",
        "{'mailboxIds':{}}",
        "{'mailboxIds/m99':true}",
        "{'mailboxIds/zzz':true}",
        "{'keywords/a b':true}",
        "{'keywords/$seen':3}",
        "{'keywords':[]}",
        "{'subject':'b'}",
        "{'keywords':{'a':true},'keywords/b':true}",
        "{'keywords/$seen':true,'mailboxIds/m98':true}",
        "7",
    };
    char path[60];

    for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
        sendf(f, f->alice,
              "['Email/set',{'accountId':$A,'update':{'e%lld':%s}},'0']",
              (long long)one, patches[i]);
        smail__format(path, sizeof(path), "0/1/notUpdated/e%lld/type",
                      (long long)one);
        assert_true(strncmp(text_at(f, path), "invalid", 7) == 0);
        expect_text(f, "0/1/newState", text_at(f, "0/1/oldState"));
    }
    sendf(f, f->alice,
          "['Email/set',{'accountId':$A,'update':{'e99':{'keywords/a':true},"
          "'e%lld':{'keywords/a':true}},'destroy':['e%lld','e98']},'0'],"
          "['Email/get',{'accountId':$A,'ids':['e%lld']},'1']",
          (long long)one, (long long)one, (long long)one);
    expect_text(f, "0/1/notUpdated/e99/type", "notFound");
    smail__format(path, sizeof(path), "0/1/notUpdated/e%lld/type",
                  (long long)one);
    expect_text(f, path, "willDestroy");
    assert_int_equal(count_at(f, "0/1/destroyed"), 1);
    expect_text(f, "0/1/notDestroyed/e98/type", "notFound");
    assert_int_equal(count_at(f, "1/1/notFound"), 1);
}

static void many_are_changed_at_once(void **state)
{
    struct fixture *f = *state;
    struct smail__buf text;
    smail_id first = 0;

    smail__buf_init(&text, (size_t)1024 * 1024, NULL);
    smail__buf_puts(&text, "['Email/set',{'accountId':$A,'update':{");
    for (int i = 0; i < 120; i++) {
        smail_id id = put(f, f->alice, 0, NULL, 1, "Subject: a\r\n\r\n");

        first = first == 0 ? id : first;
        smail__buf_printf(&text, "%s'e%lld':{'keywords/$seen':true}",
                          i > 0 ? "," : "", (long long)id);
    }
    smail__buf_puts(&text, "}},'0'],['Email/changes',{'accountId':$A,"
                           "'sinceState':'1','maxChanges':50},'1'],"
                           "['Mailbox/get',{'accountId':$A,'ids':['m1']},'2']");
    send(f, f->alice, text.data);
    assert_int_equal(count_at(f, "0/1/updated"), 120);
    assert_int_equal(count_at(f, "1/1/created"), 50);
    assert_true(true_at(f, "1/1/hasMoreChanges"));
    assert_int_equal(int_at(f, "2/1/list/0/unreadEmails"), 0);
    smail__buf_dispose(&text);
}

static void messages_are_imported_from_blobs(void **state)
{
    struct fixture *f = *state;
    char *blob = upload(f, f->alice, "message/rfc822",
                        SMAIL__SPAN("Subject: was elsewhere\r\n\r\nold\r\n"));
    char *empty = upload(f, f->alice, "text/plain", SMAIL__SPAN(""));

    sendf(f, f->alice,
          "['Email/import',{'accountId':$A,'emails':{"
          "'a':{'blobId':'%s','mailboxIds':{'m1':true},'keywords':{'$seen':"
          "true},'receivedAt':'2020-01-01T00:00:00Z'},"
          "'b':{'blobId':'%s','mailboxIds':{'m99':true}},"
          "'c':{'blobId':'b00000000000000000000000000000000','mailboxIds':{"
          "'m1':true}},'d':{'blobId':'%s','mailboxIds':{'m1':true}},"
          "'e':{'blobId':'%s','mailboxIds':{'m1':true}}}},'0'],"
          "['Email/get',{'accountId':$A,'ids':['#a'],'properties':['subject',"
          "'receivedAt','keywords']},'1']",
          blob, blob, empty, empty);
    assert_int_equal(count_at(f, "0/1/created"), 1);
    assert_int_equal(count_at(f, "0/1/notCreated"), 4);
    expect_text(f, "0/1/notCreated/b/properties/0", "mailboxIds");
    expect_text(f, "0/1/notCreated/c/properties/0", "blobId");
    expect_text(f, "0/1/notCreated/d/type", "invalidEmail");
    expect_text(f, "1/1/list/0/subject", "was elsewhere");
    expect_text(f, "1/1/list/0/receivedAt", "2020-01-01T00:00:00Z");
    free(blob);
    free(empty);
}

static void too_many_objects_are_refused(void **state)
{
    struct fixture *f = *state;
    struct smail__buf text;

    smail__buf_init(&text, (size_t)1024 * 1024, NULL);
    smail__buf_puts(&text, "['Email/set',{'accountId':$A,'destroy':['e1'");
    for (int i = 0; i < 500; i++)
        smail__buf_puts(&text, ",'e1'");
    smail__buf_puts(&text, "]},'0'],['Email/get',{'accountId':$A,'ids':['e1'");
    for (int i = 0; i < 500; i++)
        smail__buf_puts(&text, ",'e1'");
    smail__buf_puts(&text, "]},'1']");
    send(f, f->alice, text.data);
    expect_error(f, 0, "requestTooLarge");
    expect_error(f, 1, "requestTooLarge");
    smail__buf_dispose(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(a_draft_is_made_of_its_properties),
        JMAP_TEST(values_cannot_leave_their_line),
        JMAP_TEST(controls_in_addresses_are_refused),
        JMAP_TEST(attachments_and_pictures_find_their_place),
        JMAP_TEST(a_structure_is_taken_as_given),
        JMAP_TEST(what_is_wrong_is_named),
        JMAP_TEST(keywords_and_mailboxes_are_patched),
        JMAP_TEST(patches_that_make_no_sense_change_nothing),
        JMAP_TEST(many_are_changed_at_once),
        JMAP_TEST(messages_are_imported_from_blobs),
        JMAP_TEST(too_many_objects_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
