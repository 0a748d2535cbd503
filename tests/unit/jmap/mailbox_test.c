/* SPDX-License-Identifier: MIT */
#include "fixture.h"

/* The place of a mailbox in the list of the first response; -1. */
static int find(struct fixture *f, const char *name)
{
    size_t count = count_at(f, "0/1/list");

    for (size_t i = 0; i < count; i++) {
        char path[40];

        smail__format(path, sizeof(path), "0/1/list/%zu/name", i);
        if (strcmp(text_at(f, path), name) == 0)
            return (int)i;
    }
    return -1;
}

static void all_are_listed_with_their_counts(void **state)
{
    struct fixture *f = *state;
    char path[60];
    int inbox;

    put(f, f->alice, 0, NULL, 100, "Subject: a\r\nMessage-ID: <1@x>\r\n\r\n");
    put(f, f->alice, 0, "$seen", 200,
        "Subject: Re: a\r\nMessage-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n\r\n");
    put(f, f->alice, 0, "$seen", 300, "Subject: b\r\n\r\n");
    send(f, f->alice, "['Mailbox/get',{'accountId':$A,'ids':null},'c']");
    assert_int_equal(count_at(f, "0/1/list"), 6);
    inbox = find(f, "Inbox");
    assert_true(inbox >= 0);
    smail__format(path, sizeof(path), "0/1/list/%d/role", inbox);
    expect_text(f, path, "inbox");
    smail__format(path, sizeof(path), "0/1/list/%d/totalEmails", inbox);
    assert_int_equal(int_at(f, path), 3);
    smail__format(path, sizeof(path), "0/1/list/%d/unreadEmails", inbox);
    assert_int_equal(int_at(f, path), 1);
    smail__format(path, sizeof(path), "0/1/list/%d/totalThreads", inbox);
    assert_int_equal(int_at(f, path), 2);
    smail__format(path, sizeof(path), "0/1/list/%d/unreadThreads", inbox);
    assert_int_equal(int_at(f, path), 1);
    smail__format(path, sizeof(path), "0/1/list/%d/myRights/mayDelete", inbox);
    assert_false(true_at(f, path));
}

static void only_what_is_asked_for_is_given(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Mailbox/get',{'accountId':$A,'properties':['name'],"
         "'ids':['m99','m2','m2','x']},'0'],"
         "['Mailbox/get',{'accountId':$A,'properties':['nothing']},'1']");
    assert_int_equal(count_at(f, "0/1/list"), 1);
    assert_int_equal(count_at(f, "0/1/list/0"), 2); /* id too */
    assert_int_equal(count_at(f, "0/1/notFound"), 2);
    expect_error(f, 1, "invalidArguments");
}

static void parents_may_be_created_after_their_children(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Mailbox/set',{'accountId':$A,'create':{"
         "'leaf':{'name':'Leaf','parentId':'#mid'},"
         "'mid':{'name':'Mid','parentId':'#top'},"
         "'top':{'name':'Top','sortOrder':7,'isSubscribed':false},"
         "'loop':{'name':'Loop','parentId':'#loop'},"
         "'gone':{'name':'Gone','parentId':'#nothing'}}},'c'],"
         "['Mailbox/get',{'accountId':$A,'#ids':{'resultOf':'c',"
         "'name':'Mailbox/set','path':'/created/top/id'}},'d']");
    assert_int_equal(count_at(f, "0/1/created"), 3);
    expect_text(f, "0/1/notCreated/loop/type", "invalidProperties");
    expect_text(f, "0/1/notCreated/gone/type", "invalidProperties");
    expect_text(f, "0/1/notCreated/gone/properties/0", "parentId");
    expect_error(f, 1, "invalidArguments"); /* a text is no list */
    send(f, f->alice, "['Mailbox/get',{'accountId':$A},'c']");
    assert_int_equal(count_at(f, "0/1/list"), 9);
}

static void names_and_roles_are_had_once(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Mailbox/set',{'accountId':$A,'create':{"
         "'a':{'name':'Drafts'},'b':{'name':'Other','role':'sent'},"
         "'c':{'name':'a/b'},'d':{'name':''},'e':{},'f':{'name':'F',"
         "'totalEmails':3},'g':{'name':'In','role':'inbox'},"
         "'h':{'name':'H','parentId':'m99'},'i':{'name':'I','role':'king'}}},"
         "'c']");
    assert_int_equal(count_at(f, "0/1/notCreated"), 9);
    expect_text(f, "0/1/notCreated/a/properties/0", "name");
    expect_text(f, "0/1/notCreated/f/properties/0", "totalEmails");
    expect_text(f, "0/1/notCreated/h/properties/0", "parentId");
    expect_text(f, "0/1/oldState", text_at(f, "0/1/newState"));
}

static void mailboxes_are_renamed_and_moved(void **state)
{
    struct fixture *f = *state;
    char one[40], two[40];

    send(f, f->alice,
         "['Mailbox/set',{'accountId':$A,'create':{'a':{'name':'A'},"
         "'b':{'name':'B','parentId':'#a'}}},'c']");
    smail__format(one, sizeof(one), "%s", text_at(f, "0/1/created/a/id"));
    smail__format(two, sizeof(two), "%s", text_at(f, "0/1/created/b/id"));
    sendf(f, f->alice,
          "['Mailbox/set',{'accountId':$A,'update':{"
          "'%s':{'name':'New','sortOrder':5},"
          "'m1':{'name':'Outbox'},'m98':{'name':'X'}}},'0'],"
          "['Mailbox/set',{'accountId':$A,'update':{'%s':{'parentId':'%s'}}},"
          "'1'],"
          "['Mailbox/set',{'accountId':$A,'update':{'%s':{'parentId':null,"
          "'role':'archive'}}},'2'],"
          "['Mailbox/set',{'accountId':$A,'update':{'%s':{'name':'N2'}},"
          "'destroy':['%s']},'3'],['Mailbox/get',{'accountId':$A,"
          "'ids':['%s']},'4']",
          one, one, two, two, one, one, one);
    assert_non_null(at(f, "0/1/updated"));
    assert_int_equal(count_at(f, "0/1/updated"), 1);
    expect_text(f, "0/1/notUpdated/m1/type", "forbidden");
    expect_text(f, "0/1/notUpdated/m98/type", "notFound");
    /* Not below itself; not a second archive. */
    assert_int_equal(count_at(f, "1/1/notUpdated"), 1);
    assert_int_equal(count_at(f, "2/1/notUpdated"), 1);
    assert_int_equal(count_at(f, "3/1/notUpdated"), 1);
    /* It has a child. */
    smail__format(two, sizeof(two), "3/1/notDestroyed/%s/type", one);
    expect_text(f, two, "mailboxHasChild");
    expect_text(f, "4/1/list/0/name", "New");
    assert_int_equal(int_at(f, "4/1/list/0/sortOrder"), 5);
}

static void one_with_messages_is_not_removed_by_accident(void **state)
{
    struct fixture *f = *state;
    smail_id id;

    check(f, smail_mailbox_create(&id, f->store, f->alice, "Full", &f->err));
    put(f, f->alice, id, NULL, 1, "Subject: a\r\n\r\n");
    sendf(f, f->alice,
          "['Mailbox/set',{'accountId':$A,'destroy':['m%lld','m1']},'0'],"
          "['Mailbox/set',{'accountId':$A,'onDestroyRemoveEmails':true,"
          "'destroy':['m%lld']},'1'],"
          "['Mailbox/set',{'accountId':$A,'destroy':['m%lld']},'2']",
          (long long)id, (long long)id, (long long)id);
    assert_int_equal(count_at(f, "0/1/notDestroyed"), 2);
    assert_int_equal(count_at(f, "1/1/destroyed"), 1);
    assert_int_equal(count_at(f, "2/1/notDestroyed"), 1);
}

static void changes_are_told_since_a_state(void **state)
{
    struct fixture *f = *state;
    char first[32], second[32];

    send(f, f->alice, "['Mailbox/get',{'accountId':$A,'ids':[]},'c']");
    smail__format(first, sizeof(first), "%s", text_at(f, "0/1/state"));
    send(f, f->alice,
         "['Mailbox/set',{'accountId':$A,'create':{'a':{'name':'A'}}},'c']");
    smail__format(second, sizeof(second), "%s", text_at(f, "0/1/newState"));
    put(f, f->alice, 0, NULL, 1, "Subject: a\r\n\r\n");
    sendf(f, f->alice,
          "['Mailbox/changes',{'accountId':$A,'sinceState':'%s'},'0'],"
          "['Mailbox/changes',{'accountId':$A,'sinceState':'%s'},'1'],"
          "['Mailbox/changes',{'accountId':$A,'sinceState':'77777'},'2'],"
          "['Mailbox/changes',{'accountId':$A,'sinceState':'no'},'3'],"
          "['Mailbox/changes',{'accountId':$A},'4'],"
          "['Mailbox/changes',{'accountId':$A,'sinceState':'%s',"
          "'maxChanges':1},'5'],"
          "['Mailbox/set',{'accountId':$A,'ifInState':'%s'},'6']",
          first, second, first, first);
    assert_int_equal(count_at(f, "0/1/created"), 1);
    assert_int_equal(count_at(f, "0/1/updated"), 1);
    assert_int_equal(count_at(f, "1/1/created"), 0);
    assert_int_equal(count_at(f, "1/1/updated"), 1);
    assert_false(true_at(f, "1/1/hasMoreChanges"));
    expect_error(f, 2, "cannotCalculateChanges");
    expect_error(f, 3, "cannotCalculateChanges");
    expect_error(f, 4, "invalidArguments");
    assert_true(true_at(f, "5/1/hasMoreChanges"));
    assert_int_equal(count_at(f, "5/1/created"), 1);
    assert_int_equal(count_at(f, "5/1/updated"), 0);
    expect_text(f, "5/1/newState", second);
    expect_error(f, 6, "stateMismatch");
}

static void queries_filter_and_sort(void **state)
{
    struct fixture *f = *state;
    smail_id deep;

    check(f,
          smail_mailbox_create(&deep, f->store, f->alice, "Zoo/Ape", &f->err));
    sendf(f, f->alice,
          "['Mailbox/query',{'accountId':$A,'filter':{'role':'inbox'}},'0'],"
          "['Mailbox/query',{'accountId':$A,'filter':{'hasAnyRole':false},"
          "'sort':[{'property':'name'}],'calculateTotal':true},'1'],"
          "['Mailbox/query',{'accountId':$A,'sort':[{'property':'name',"
          "'isAscending':false}],'sortAsTree':true,'limit':2},'2'],"
          "['Mailbox/query',{'accountId':$A,'filter':{'operator':'NOT',"
          "'conditions':[{'hasAnyRole':true},{'parentId':null}]}},'3'],"
          "['Mailbox/query',{'accountId':$A,'filter':{'size':1}},'4'],"
          "['Mailbox/query',{'accountId':$A,'sort':[{'property':'x'}]},'5'],"
          "['Mailbox/query',{'accountId':$A,'anchor':'m%lld',"
          "'anchorOffset':-1,'limit':1},'6'],"
          "['Mailbox/query',{'accountId':$A,'anchor':'m999'},'7'],"
          "['Mailbox/queryChanges',{'accountId':$A,'sinceQueryState':'1'},"
          "'8']",
          (long long)deep);
    assert_int_equal(count_at(f, "0/1/ids"), 1);
    assert_int_equal(int_at(f, "1/1/total"), 2);
    assert_int_equal(count_at(f, "1/1/ids"), 2);
    assert_int_equal(count_at(f, "2/1/ids"), 2);
    expect_text(f, "2/1/ids/1", text_at(f, "1/1/ids/0")); /* Zoo, Ape */
    assert_int_equal(count_at(f, "3/1/ids"), 1);
    expect_error(f, 4, "unsupportedFilter");
    expect_error(f, 5, "unsupportedSort");
    assert_int_equal(count_at(f, "6/1/ids"), 1);
    expect_error(f, 7, "anchorNotFound");
    expect_error(f, 8, "cannotCalculateChanges");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(all_are_listed_with_their_counts),
        JMAP_TEST(only_what_is_asked_for_is_given),
        JMAP_TEST(parents_may_be_created_after_their_children),
        JMAP_TEST(names_and_roles_are_had_once),
        JMAP_TEST(mailboxes_are_renamed_and_moved),
        JMAP_TEST(one_with_messages_is_not_removed_by_accident),
        JMAP_TEST(changes_are_told_since_a_state),
        JMAP_TEST(queries_filter_and_sort),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
