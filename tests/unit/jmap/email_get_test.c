/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static const char letter[] =
    "From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.org>, second@example.org\r\n"
    "To: Friends: a@x, \"B, C\" <b@x>;, c@x\r\n"
    "Cc:\r\n"
    "Subject: =?utf-8?B?R3LDvMOfZQ==?= to you\r\n"
    "Date: Mon, 23 Nov 2026 10:00:00 +0930\r\n"
    "Message-ID: <m1@example.org>\r\n"
    "References: <a@b> <c@d>\r\n"
    "X-Note: one\r\n"
    "X-Note: two\r\n"
    "List-Post: <mailto:list@example.org>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n"
    "\r\n"
    "--b\r\n"
    "Content-Type: multipart/alternative; boundary=c\r\n"
    "\r\n"
    "--c\r\n"
    "Content-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "Sch=F6n, dass du da bist.\r\n"
    "--c\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "\r\n"
    "<p>Hello <b class=\"x\">there</b></p>\r\n"
    "--c--\r\n"
    "--b\r\n"
    "Content-Type: image/png; name=\"dot.png\"\r\n"
    "Content-Disposition: attachment; filename=\"dot.png\"\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "Content-ID: <pic@x>\r\n"
    "Content-Language: de, en\r\n"
    "\r\n"
    "AAECAwQ=\r\n"
    "--b\r\n"
    "Content-Type: message/rfc822\r\n"
    "\r\n"
    "Subject: inside\r\n"
    "Content-Type: text/plain\r\n"
    "\r\n"
    "inner text\r\n"
    "--b--\r\n";

static void a_message_has_its_defaults(void **state)
{
    struct fixture *f = *state;
    smail_id id =
        put(f, f->alice, 0, "$seen $flagged label", 1700000000, letter);

    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld','e%lld','e77']},'c']",
          (long long)id, (long long)id);
    assert_int_equal(count_at(f, "0/1/list"), 1);
    expect_text(f, "0/1/notFound/0", "e77");
    assert_int_equal(count_at(f, "0/1/list/0"), 24);
    assert_true(true_at(f, "0/1/list/0/keywords/$flagged"));
    assert_true(true_at(f, "0/1/list/0/keywords/label"));
    assert_int_equal(count_at(f, "0/1/list/0/mailboxIds"), 1);
    expect_text(f, "0/1/list/0/receivedAt", "2023-11-14T22:13:20Z");
    assert_int_equal(int_at(f, "0/1/list/0/size"), sizeof(letter) - 1);
    expect_text(f, "0/1/list/0/from/0/name", "J\xc3\xb6rg");
    expect_text(f, "0/1/list/0/from/0/email", "joerg@example.org");
    assert_int_equal(smail__json_type(at(f, "0/1/list/0/from/1/name")),
                     SMAIL__JSON_NULL);
    assert_int_equal(count_at(f, "0/1/list/0/to"), 3);
    expect_text(f, "0/1/list/0/subject",
                "Gr\xc3\xbc\xc3\x9f"
                "e to you");
    expect_text(f, "0/1/list/0/sentAt", "2026-11-23T10:00:00+09:30");
    expect_text(f, "0/1/list/0/messageId/0", "m1@example.org");
    expect_text(f, "0/1/list/0/references/1", "c@d");
    assert_int_equal(smail__json_type(at(f, "0/1/list/0/inReplyTo")),
                     SMAIL__JSON_NULL);
    assert_true(true_at(f, "0/1/list/0/hasAttachment"));
    assert_int_equal(count_at(f, "0/1/list/0/bodyValues"), 0);
}

static void headers_come_in_all_forms(void **state)
{
    struct fixture *f = *state;
    smail_id id = put(f, f->alice, 0, NULL, 1, letter);

    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'header:X-Note','header:x-note:all','header:X-Note:asText:all',"
          "'header:To:asGroupedAddresses','header:List-Post:asURLs',"
          "'header:Nothing','header:Nothing:all','header:Date:asDate',"
          "'headers','header:Message-ID:asMessageIds']},'0'],"
          "['Email/get',{'accountId':$A,'ids':[],'properties':["
          "'header:From:asDate']},'1'],"
          "['Email/get',{'accountId':$A,'ids':[],'properties':["
          "'header:']},'2'],"
          "['Email/get',{'accountId':$A,'ids':[],'properties':["
          "'header:Subject:asNothing']},'3'],"
          "['Email/get',{'accountId':$A,'ids':[],'properties':["
          "'header:Subject:all:asText']},'4']",
          (long long)id);
    expect_text(f, "0/1/list/0/header:X-Note", " two");
    assert_int_equal(count_at(f, "0/1/list/0/header:x-note:all"), 2);
    expect_text(f, "0/1/list/0/header:X-Note:asText:all/0", "one");
    assert_int_equal(count_at(f, "0/1/list/0/header:To:asGroupedAddresses"), 2);
    expect_text(f, "0/1/list/0/header:To:asGroupedAddresses/0/name", "Friends");
    expect_text(f, "0/1/list/0/header:To:asGroupedAddresses/0/addresses/1/name",
                "B, C");
    expect_text(f, "0/1/list/0/header:List-Post:asURLs/0",
                "mailto:list@example.org");
    assert_int_equal(count_at(f, "0/1/list/0/header:Nothing:all"), 0);
    assert_int_equal(count_at(f, "0/1/list/0/headers"), 12);
    for (size_t i = 1; i <= 4; i++)
        expect_error(f, i, "invalidArguments");
}

static void bodies_are_taken_apart(void **state)
{
    struct fixture *f = *state;
    smail_id id = put(f, f->alice, 0, NULL, 1, letter);
    char path[80];
    char *bytes;
    size_t len = 0;

    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'bodyStructure','textBody','htmlBody','attachments','bodyValues',"
          "'preview'],'fetchTextBodyValues':true,'fetchHTMLBodyValues':true,"
          "'bodyProperties':['partId','blobId','size','type','name','cid',"
          "'charset','language','disposition','header:Content-ID',"
          "'subParts']},'c']",
          (long long)id);
    expect_text(f, "0/1/list/0/bodyStructure/type", "multipart/mixed");
    assert_int_equal(count_at(f, "0/1/list/0/bodyStructure/subParts"), 3);
    assert_int_equal(
        count_at(f, "0/1/list/0/bodyStructure/subParts/0/subParts"), 2);
    assert_int_equal(smail__json_type(at(f, "0/1/list/0/bodyStructure/partId")),
                     SMAIL__JSON_NULL);
    expect_text(f, "0/1/list/0/textBody/0/type", "text/plain");
    expect_text(f, "0/1/list/0/htmlBody/0/type", "text/html");
    assert_int_equal(count_at(f, "0/1/list/0/attachments"), 2);
    expect_text(f, "0/1/list/0/attachments/0/name", "dot.png");
    expect_text(f, "0/1/list/0/attachments/0/cid", "pic@x");
    expect_text(f, "0/1/list/0/attachments/0/language/1", "en");
    assert_int_equal(int_at(f, "0/1/list/0/attachments/0/size"), 5);
    assert_int_equal(
        smail__json_type(at(f, "0/1/list/0/attachments/0/charset")),
        SMAIL__JSON_NULL);
    smail__format(path, sizeof(path), "0/1/list/0/bodyValues/%s/value",
                  text_at(f, "0/1/list/0/textBody/0/partId"));
    expect_text(f, path, "Sch\xc3\xb6n, dass du da bist.");
    expect_text(f, "0/1/list/0/preview", "Sch\xc3\xb6n, dass du da bist.");

    bytes = download(f, f->alice, text_at(f, "0/1/list/0/attachments/0/blobId"),
                     &len);
    assert_non_null(bytes);
    assert_int_equal(len, 5);
    assert_memory_equal(bytes, "\0\1\2\3\4", 5);
    free(bytes);
    assert_null(download(f, f->bob,
                         text_at(f, "0/1/list/0/attachments/0/blobId"), &len));
}

static void messages_inside_are_parsed_by_their_blob(void **state)
{
    struct fixture *f = *state;
    smail_id id = put(f, f->alice, 0, NULL, 1, letter);
    char blob[80], path[120];
    size_t len;
    char *bytes;

    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'attachments','blobId']},'c']",
          (long long)id);
    smail__format(blob, sizeof(blob), "%s",
                  text_at(f, "0/1/list/0/attachments/1/blobId"));
    sendf(f, f->alice,
          "['Email/parse',{'accountId':$A,'blobIds':['%s','b0',"
          "'b00000000000000000000000000000000'],'properties':['subject',"
          "'threadId','textBody','bodyValues'],'fetchAllBodyValues':true},"
          "'0'],['Email/parse',{'accountId':$A},'1']",
          blob);
    assert_int_equal(count_at(f, "0/1/notFound"), 2);
    smail__format(path, sizeof(path), "0/1/parsed/%s/subject", blob);
    expect_text(f, path, "inside");
    smail__format(path, sizeof(path), "0/1/parsed/%s/bodyValues/0/value", blob);
    expect_text(f, path, "inner text");
    smail__format(path, sizeof(path), "0/1/parsed/%s/textBody/0/blobId", blob);
    bytes = download(f, f->alice, text_at(f, path), &len);
    assert_non_null(bytes);
    assert_string_equal(bytes, "inner text");
    free(bytes);
    expect_error(f, 1, "invalidArguments");
    sendf(f, f->bob, "['Email/parse',{'accountId':$A,'blobIds':['%s']},'0']",
          blob);
    assert_int_equal(count_at(f, "0/1/notFound"), 1);
}

static void values_are_cut_between_characters_and_tags(void **state)
{
    struct fixture *f = *state;
    smail_id id = put(f, f->alice, 0, NULL, 1,
                      "Content-Type: text/html; charset=utf-8\r\n\r\n"
                      "<p>\xc3\xa4\xc3\xa4<b class=\"x\">");

    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'bodyValues'],'fetchAllBodyValues':true,'maxBodyValueBytes':4},"
          "'0'],['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'bodyValues'],'fetchAllBodyValues':true,'maxBodyValueBytes':9},"
          "'1']",
          (long long)id, (long long)id);
    expect_text(f, "0/1/list/0/bodyValues/0/value", "<p>");
    assert_true(true_at(f, "0/1/list/0/bodyValues/0/isTruncated"));
    expect_text(f, "1/1/list/0/bodyValues/0/value", "<p>\xc3\xa4\xc3\xa4");
}

static void what_is_not_indexed_yet_is_read(void **state)
{
    struct fixture *f = *state;
    smail_target target = { f->alice, 0, NULL, 0 };
    smail_appended appended;
    smail_append *append = NULL;

    check(f, smail_append_new(&append, f->store, &f->err));
    check(f, smail_append_write(append, smail__span(letter), &f->err));
    check(f, smail_append_commit(append, &target, 1, &appended, &f->err));
    smail_append_free(append);
    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'preview','hasAttachment']},'c']",
          (long long)appended.email);
    expect_text(f, "0/1/list/0/preview", "Sch\xc3\xb6n, dass du da bist.");
    assert_true(true_at(f, "0/1/list/0/hasAttachment"));
}

static void deep_messages_do_not_break_the_answer(void **state)
{
    struct fixture *f = *state;
    struct smail__buf text;
    smail_id id;

    smail__buf_init(&text, (size_t)1024 * 1024, NULL);
    for (int i = 0; i < 200; i++)
        smail__buf_printf(&text,
                          "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n"
                          "--b%d\r\n",
                          i, i);
    id = put(f, f->alice, 0, NULL, 1, text.data);
    smail__buf_dispose(&text);
    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'bodyStructure','bodyValues'],'fetchAllBodyValues':true},'c']",
          (long long)id);
    expect_method(f, 0, "Email/get");
}

static void threads_hold_their_emails(void **state)
{
    struct fixture *f = *state;
    smail_id two = put(f, f->alice, 0, NULL, 200,
                       "Message-ID: <2@x>\r\nReferences: <1@x>\r\n\r\n");
    smail_id one = put(f, f->alice, 0, NULL, 100, "Message-ID: <1@x>\r\n\r\n");
    char id[32];

    sendf(f, f->alice,
          "['Email/get',{'accountId':$A,'ids':['e%lld'],'properties':["
          "'threadId']},'0'],['Thread/get',{'accountId':$A,'#ids':{"
          "'resultOf':'0','name':'Email/get','path':'/list/*/threadId'}},'1'],"
          "['Thread/get',{'accountId':$A,'ids':null},'2'],"
          "['Thread/changes',{'accountId':$A,'sinceState':'1'},'3']",
          (long long)one);
    assert_int_equal(count_at(f, "1/1/list/0/emailIds"), 2);
    smail__format(id, sizeof(id), "e%lld", (long long)one);
    expect_text(f, "1/1/list/0/emailIds/0", id);
    smail__format(id, sizeof(id), "e%lld", (long long)two);
    expect_text(f, "1/1/list/0/emailIds/1", id);
    expect_error(f, 2, "requestTooLarge");
    assert_int_equal(count_at(f, "3/1/created"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(a_message_has_its_defaults),
        JMAP_TEST(headers_come_in_all_forms),
        JMAP_TEST(bodies_are_taken_apart),
        JMAP_TEST(messages_inside_are_parsed_by_their_blob),
        JMAP_TEST(values_are_cut_between_characters_and_tags),
        JMAP_TEST(what_is_not_indexed_yet_is_read),
        JMAP_TEST(deep_messages_do_not_break_the_answer),
        JMAP_TEST(threads_hold_their_emails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
