/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#define REMOVED USES ",\"urn:libsmtpmail:jmap:removed\""

/* Calls made by printf(), with the capability in "using". */
static void ask(struct fixture *f, smail_id account, const char *format, ...)
    SMAIL__PRINTF(3, 4);
static void ask(struct fixture *f, smail_id account, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    smail__vformat(text, sizeof(text), format, args);
    va_end(args);
    send_using(f, account, REMOVED, text);
}

static smail_id remove_one(struct fixture *f, const char *subject)
{
    char text[200];
    smail_id mail;

    smail__format(text, sizeof(text),
                  "From: Zo=?utf-8?q?=C3=AB?= <zoe@example.test>\r\n"
                  "Subject: %s\r\n\r\nHello.\r\n",
                  subject);
    mail = put(f, f->alice, 0, "$flagged", 1, text);
    sendf(f, f->alice, "['Email/set',{'accountId':$A,'destroy':['e%lld']},'0']",
          (long long)mail);
    assert_int_equal(count_at(f, "0/1/destroyed"), 1);
    return mail;
}

static void what_was_removed_is_listed_last_first(void **state)
{
    struct fixture *f = *state;
    long long first = remove_one(f, "one");
    long long second = remove_one(f, "=?utf-8?q?tw=C3=B6?=");
    char id[40];

    ask(f, f->alice,
        "['RemovedEmail/query',{'accountId':$A,'calculateTotal':true},'0'],"
        "['RemovedEmail/get',{'accountId':$A,'#ids':{'resultOf':'0','name':"
        "'RemovedEmail/query','path':'/ids'}},'1'],"
        "['RemovedEmail/query',{'accountId':$A,'position':1,'limit':1},'2'],"
        "['RemovedEmail/get',{'accountId':$A,'ids':['e%lld','e999999']},'3']",
        first);
    assert_int_equal(count_at(f, "0/1/ids"), 2);
    assert_int_equal(int_at(f, "0/1/total"), 2);
    smail__format(id, sizeof(id), "e%lld", second);
    expect_text(f, "0/1/ids/0", id);
    expect_text(f, "1/1/list/0/subject", "tw\xc3\xb6");
    assert_int_equal(count_at(f, "2/1/ids"), 1);
    smail__format(id, sizeof(id), "e%lld", first);
    expect_text(f, "2/1/ids/0", id);
    expect_text(f, "3/1/list/0/subject", "one");
    expect_text(f, "3/1/notFound/0", "e999999");
}

static void it_comes_back_with_what_it_had(void **state)
{
    struct fixture *f = *state;
    long long mail = remove_one(f, "again");

    ask(f, f->alice,
        "['RemovedEmail/undelete',{'accountId':$A,'ids':['e%lld','e999999',"
        "'x']},'0'],['RemovedEmail/query',{'accountId':$A},'1'],"
        "['RemovedEmail/undelete',{'accountId':$A,'ids':['e%lld']},'2'],"
        "['Email/query',{'accountId':$A,'filter':{'hasKeyword':"
        "'$flagged'}},'3']",
        mail, mail);
    assert_int_equal(count_at(f, "0/1/undeleted"), 1);
    expect_text(f, "0/1/notUndeleted/e999999/type", "notFound");
    expect_text(f, "0/1/notUndeleted/x/type", "notFound");
    assert_int_equal(count_at(f, "1/1/ids"), 0);
    assert_int_equal(count_at(f, "2/1/undeleted"), 0);
    assert_int_equal(count_at(f, "2/1/notUndeleted"), 1);
    assert_int_equal(count_at(f, "3/1/ids"), 1);
}

static void it_is_its_owners_alone(void **state)
{
    struct fixture *f = *state;
    long long mail = remove_one(f, "mine");

    ask(f, f->bob,
        "['RemovedEmail/query',{'accountId':$A},'0'],"
        "['RemovedEmail/get',{'accountId':$A,'ids':['e%lld']},'1'],"
        "['RemovedEmail/undelete',{'accountId':$A,'ids':['e%lld']},'2']",
        mail, mail);
    assert_int_equal(count_at(f, "0/1/ids"), 0);
    assert_int_equal(count_at(f, "1/1/notFound"), 1);
    assert_int_equal(count_at(f, "2/1/notUndeleted"), 1);
}

static void arguments_are_checked(void **state)
{
    struct fixture *f = *state;
    struct smail__buf text;

    ask(f, f->alice,
        "['RemovedEmail/undelete',{'accountId':$A},'0'],"
        "['RemovedEmail/undelete',{'accountId':$A,'ids':[3]},'1'],"
        "['RemovedEmail/get',{'accountId':$A,'ids':['e1'],'x':1},'2']");
    for (int i = 0; i < 3; i++) {
        char path[16];

        smail__format(path, sizeof(path), "%d/1/type", i);
        expect_text(f, path, "invalidArguments");
    }
    send(f, f->alice, "['RemovedEmail/query',{'accountId':$A},'0']");
    expect_text(f, "0/1/type", "unknownMethod");
    for (int count = 499; count <= 501; count++) {
        smail__buf_init(&text, 65536, NULL);
        smail__buf_puts(&text,
                        "['RemovedEmail/undelete',{'accountId':$A,'ids':[");
        for (int i = 1; i <= count; i++)
            smail__buf_printf(&text, "%s'e%d'", i > 1 ? "," : "", i);
        smail__buf_puts(&text, "]},'0']");
        send_using(f, f->alice, REMOVED, text.data);
        smail__buf_dispose(&text);
        if (count > 500)
            expect_text(f, "0/1/type", "requestTooLarge");
        else
            assert_int_equal(count_at(f, "0/1/notUndeleted"), count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(what_was_removed_is_listed_last_first),
        JMAP_TEST(it_comes_back_with_what_it_had),
        JMAP_TEST(it_is_its_owners_alone),
        JMAP_TEST(arguments_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
