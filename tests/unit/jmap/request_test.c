/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "jmap/request.h"

#define USING "{\"using\":[\"urn:ietf:params:jmap:core\"],"

static void raw(struct fixture *f, const char *json)
{
    send_raw(f, f->alice, smail__span(json));
}

static void what_is_no_request_is_a_problem(void **state)
{
    struct fixture *f = *state;

    raw(f, "{");
    expect_problem(f, "notJSON");
    raw(f, "");
    expect_problem(f, "notJSON");
    raw(f, "{\"using\":[],\"using\":[],\"methodCalls\":[]}");
    expect_problem(f, "notJSON"); /* a name twice: no I-JSON */
    raw(f, "[]");
    expect_problem(f, "notRequest");
    raw(f, USING "\"methodCalls\":[[\"Core/echo\",{}]]}");
    expect_problem(f, "notRequest");
    raw(f, USING "\"methodCalls\":[[\"Core/echo\",[],\"c\"]]}");
    expect_problem(f, "notRequest");
    raw(f, USING "\"createdIds\":3,\"methodCalls\":[]}");
    expect_problem(f, "notRequest");
    raw(f, "{\"using\":[\"urn:example:x\"],\"methodCalls\":[]}");
    expect_problem(f, "unknownCapability");
}

static void limits_are_kept(void **state)
{
    struct fixture *f = *state;
    struct smail__buf text;

    smail__buf_init(&text, (size_t)16 * 1024 * 1024, NULL);
    smail__buf_puts(&text, USING "\"methodCalls\":[");
    for (int i = 0; i < 33; i++)
        smail__buf_printf(&text, "%s[\"Core/echo\",{},\"c\"]", i ? "," : "");
    smail__buf_puts(&text, "]}");
    send_raw(f, f->alice, smail__buf_span(&text));
    expect_problem(f, "limit");

    smail__buf_clear(&text);
    for (int i = 0; i < 100; i++)
        smail__buf_putc(&text, '[');
    send_raw(f, f->alice, smail__buf_span(&text));
    expect_problem(f, "notJSON");

    smail__buf_clear(&text);
    smail__buf_puts(&text, "[0");
    for (int i = 0; i < 1000000; i++)
        smail__buf_puts(&text, ",0");
    smail__buf_puts(&text, "]");
    send_raw(f, f->alice, smail__buf_span(&text));
    expect_problem(f, "limit");

    smail__buf_clear(&text);
    for (int i = 0; i < 11 * 1024 * 1024; i++)
        smail__buf_putc(&text, ' ');
    send_raw(f, f->alice, smail__buf_span(&text));
    expect_problem(f, "limit");
    smail__buf_dispose(&text);
}

static void echo_says_the_same(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice, "['Core/echo',{'a':[1,2.5,null,'\\u00e9'],'b':{}},'c1']");
    expect_method(f, 0, "Core/echo");
    assert_int_equal(int_at(f, "0/1/a/0"), 1);
    expect_text(f, "0/1/a/3", "\xc3\xa9");
    expect_text(f, "0/2", "c1");
}

static void unknown_methods_and_accounts_are_errors(void **state)
{
    struct fixture *f = *state;

    sendf(f, f->alice,
          "['Nothing/get',{},'0'],['Mailbox/get',{},'1'],"
          "['Mailbox/get',{'accountId':'a%lld'},'2'],"
          "['Mailbox/get',{'accountId':7},'3'],"
          "['Mailbox/get',{'accountId':$A,'ids':'all'},'4'],"
          "['Core/echo',{'still':1},'5']",
          (long long)f->bob);
    expect_error(f, 0, "unknownMethod");
    expect_error(f, 1, "invalidArguments");
    expect_error(f, 2, "accountNotFound");
    expect_error(f, 3, "invalidArguments");
    expect_error(f, 4, "invalidArguments");
    expect_method(f, 5, "Core/echo");
}

/* RFC 8620, 3.9. */
static void unknown_arguments_are_errors(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Mailbox/get',{'accountId':$A,'zz':1},'0'],"
         "['Mailbox/get',{'accountId':$A,'id':null},'1'],"
         "['Email/query',{'accountId':$A,'collapseThreads':true},'2'],"
         "['Mailbox/query',{'accountId':$A,'collapseThreads':true},'3'],"
         "['Email/set',{'accountId':$A,'Create':{}},'4'],"
         "['Core/echo',{'zz':1},'5'],"
         "['Email/get',{'accountId':$A,'ids':[],'#zz':{'resultOf':'5',"
         "'name':'Core/echo','path':'/zz'}},'6'],"
         "['Email/get',{'accountId':$A,'ids':[],'':1},'7']");
    expect_error(f, 0, "invalidArguments");
    expect_error(f, 1, "invalidArguments");
    expect_method(f, 2, "Email/query");
    expect_error(f, 3, "invalidArguments");
    expect_error(f, 4, "invalidArguments");
    expect_method(f, 5, "Core/echo");
    expect_error(f, 6, "invalidArguments");
    expect_error(f, 7, "invalidArguments");
}

static void methods_need_their_capability(void **state)
{
    struct fixture *f = *state;

    raw(f, USING "\"methodCalls\":[[\"Mailbox/get\",{},\"c\"]]}");
    expect_error(f, 0, "unknownMethod");
}

static void results_are_referred_to(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Core/echo',{'list':[{'x':[1,2]},{'x':[3]}],'a/b':{'~':9}},'c'],"
         "['Core/echo',{'#all':{'resultOf':'c','name':'Core/echo',"
         "'path':'/list/*/x'},'#one':{'resultOf':'c','name':'Core/echo',"
         "'path':'/list/1/x/0'},'#odd':{'resultOf':'c','name':'Core/echo',"
         "'path':'/a~1b/~0'},'plain':4},'d']");
    assert_int_equal(count_at(f, "1/1/all"), 3);
    assert_int_equal(int_at(f, "1/1/all/2"), 3);
    assert_int_equal(int_at(f, "1/1/one"), 3);
    assert_int_equal(int_at(f, "1/1/odd"), 9);
    assert_int_equal(int_at(f, "1/1/plain"), 4);
}

static void wrong_references_are_errors(void **state)
{
    struct fixture *f = *state;

    send(f, f->alice,
         "['Core/echo',{'a':1},'c'],"
         "['Core/echo',{'#x':{'resultOf':'z','name':'Core/echo',"
         "'path':'/a'}},'1'],"
         "['Core/echo',{'#x':{'resultOf':'c','name':'Other','path':'/a'}},'2'],"
         "['Core/echo',{'#x':{'resultOf':'c','name':'Core/echo',"
         "'path':'/b'}},'3'],"
         "['Core/echo',{'#x':{'resultOf':'c','name':'Core/echo',"
         "'path':'/a/*'}},'4'],"
         "['Core/echo',{'x':1,'#x':{'resultOf':'c','name':'Core/echo',"
         "'path':'/a'}},'5'],"
         "['Core/echo',{'#x':1},'6'],"
         "['Core/echo',{'#x':{'resultOf':'6','name':'error',"
         "'path':'/type'}},'7']");
    for (size_t i = 1; i <= 4; i++)
        expect_error(f, i, "invalidResultReference");
    expect_error(f, 5, "invalidArguments");
    expect_error(f, 6, "invalidArguments");
    expect_text(f, "7/1/x", "invalidArguments");
}

static const char *name_path(char out[32], size_t index)
{
    smail__format(out, 32, "%zu/0", index);
    return out;
}

/* Each call doubles the last: it would be 2^30 at the end. */
static void references_grow_within_limits(void **state)
{
    struct fixture *f = *state;
    size_t first = 0;
    char path[32];
    struct smail__buf text;

    smail__buf_init(&text, 65536, NULL);
    smail__buf_puts(&text,
                    "['Core/echo',{'a':'0123456789abcdef','b':'0'},'0']");
    for (int i = 1; i < 32; i++)
        smail__buf_printf(&text,
                          ",['Core/echo',{'#a':{'resultOf':'%d','name':"
                          "'Core/echo','path':''},'#b':{'resultOf':'%d',"
                          "'name':'Core/echo','path':''}},'%d']",
                          i - 1, i - 1, i);
    send(f, f->alice, text.data);
    smail__buf_dispose(&text);
    assert_true(f->out.len < 2 * SMAIL__JMAP_COPIED_MAX + 65536);
    expect_error(f, 31, "invalidResultReference");
    while (strcmp(text_at(f, name_path(path, first)), "error") != 0)
        first++;
    expect_error(f, first, "requestTooLarge");
}

/* A text of `len` octets echoed, and then four times what it gave. */
static void refer_to(struct fixture *f, size_t len)
{
    struct smail__buf text;

    smail__buf_init(&text, (size_t)16 * 1024 * 1024, NULL);
    smail__buf_puts(&text, "['Core/echo',{'a':'");
    for (size_t i = 0; i < len; i++)
        smail__buf_putc(&text, 'x');
    smail__buf_puts(&text, "'},'0'],['Core/echo',{");
    for (int i = 0; i < 4; i++)
        smail__buf_printf(&text,
                          "%s'#x%d':{'resultOf':'0','name':'Core/echo',"
                          "'path':'/a'}",
                          i > 0 ? "," : "", i);
    smail__buf_puts(&text, "},'1'],['Core/echo',{},'2']");
    send(f, f->alice, text.data);
    smail__buf_dispose(&text);
}

static void what_references_copy_is_limited(void **state)
{
    struct fixture *f = *state;
    const size_t quarter = SMAIL__JMAP_COPIED_MAX / 4 - 2; /* quotes */

    refer_to(f, quarter - 1);
    expect_method(f, 1, "Core/echo");
    refer_to(f, quarter);
    expect_method(f, 1, "Core/echo");
    assert_int_equal(strlen(text_at(f, "1/1/x3")), quarter);
    refer_to(f, quarter + 1);
    expect_error(f, 1, "requestTooLarge");
    expect_method(f, 2, "Core/echo");
}

/* A thousand texts, eight times each call: 8^n without a limit. */
static void references_to_lists_grow_within_limits(void **state)
{
    struct fixture *f = *state;
    struct smail__buf text;

    smail__buf_init(&text, (size_t)4 * 1024 * 1024, NULL);
    smail__buf_puts(&text, "['Core/echo',{'x0':[0");
    for (int i = 0; i < 1000; i++)
        smail__buf_printf(&text, ",'%01000d'", i);
    smail__buf_puts(&text, "]},'0']");
    for (int i = 1; i < 32; i++) {
        smail__buf_puts(&text, ",['Core/echo',{");
        for (int j = 0; j < 8; j++)
            smail__buf_printf(&text,
                              "%s'#x%d':{'resultOf':'%d','name':'Core/echo',"
                              "'path':'/x0'}",
                              j > 0 ? "," : "", j, i - 1);
        smail__buf_printf(&text, "},'%d']", i);
    }
    send(f, f->alice, text.data);
    assert_true(f->out.len < text.len + SMAIL__JMAP_COPIED_MAX);
    expect_error(f, 1, "requestTooLarge");
    smail__buf_dispose(&text);
}

/* Two echoes, the second of a text of `len` octets. */
static void echo_twice(struct fixture *f, size_t len)
{
    struct smail__buf text;

    smail__buf_init(&text, (size_t)64 * 1024 * 1024, NULL);
    smail__buf_puts(&text, "['Core/echo',{},'0'],['Core/echo',{'a':'");
    for (size_t i = 0; i < len; i++)
        smail__buf_putc(&text, 'x');
    smail__buf_puts(&text, "'},'1'],['Core/echo',{},'2']");
    send(f, f->alice, text.data);
    smail__buf_dispose(&text);
}

static int setup_large(void **state)
{
    const struct smail__jmap_limits limits = { .request_size =
                                                   (uint64_t)64 * 1024 * 1024 };

    return setup_with(state, &limits);
}

static void answers_are_limited(void **state)
{
    static const char first[] =
        "{\"methodResponses\":[[\"Core/echo\",{},\"0\"]";
    struct fixture *f = *state;
    const size_t most =
        SMAIL__JMAP_ANSWER_MAX - (sizeof(first) - 1) - strlen("{\"a\":\"\"}");

    echo_twice(f, most - 1);
    expect_method(f, 1, "Core/echo");
    echo_twice(f, most);
    expect_method(f, 1, "Core/echo");
    expect_error(f, 2, "requestTooLarge"); /* nothing is left for it */
    echo_twice(f, most + 1);
    expect_error(f, 1, "requestTooLarge");
    expect_method(f, 2, "Core/echo");
}

static void created_ids_come_back_when_given(void **state)
{
    struct fixture *f = *state;
    char json[600];
    smail_span id;

    smail__format(json, sizeof(json),
                  "{\"using\":[\"urn:ietf:params:jmap:core\","
                  "\"urn:ietf:params:jmap:mail\"],\"createdIds\":{},"
                  "\"methodCalls\":[[\"Mailbox/set\",{\"accountId\":\"a%lld\","
                  "\"create\":{\"k1\":{\"name\":\"New\"}}},\"c\"]]}",
                  (long long)f->alice);
    raw(f, json);
    assert_int_equal(
        smail__json_as_text(
            &id, smail__json_get(smail__json_get(smail__json_root(f->document),
                                                 "createdIds"),
                                 "k1")),
        0);
    expect_text(f, "0/1/created/k1/id", id.data);
}

static void the_session_names_what_there_is(void **state)
{
    struct fixture *f = *state;
    struct smail__json_document *document = NULL;
    const struct smail__json_value *root, *core;
    char id[32];
    int64_t number = 0;
    smail_span text;

    smail__buf_clear(&f->out);
    check(f, smail__jmap_session(&f->out, f->jmap, f->alice,
                                 "https://mail.example.test", &f->err));
    check(f,
          smail__json_read(&document, smail__buf_span(&f->out), 20, &f->err));
    root = smail__json_root(document);
    core = smail__json_get(smail__json_get(root, "capabilities"),
                           "urn:ietf:params:jmap:core");
    assert_int_equal(
        smail__json_as_int(&number, smail__json_get(core, "maxCallsInRequest")),
        0);
    assert_int_equal(number, 32);
    smail__format(id, sizeof(id), "a%lld", (long long)f->alice);
    assert_non_null(smail__json_get(smail__json_get(root, "accounts"), id));
    assert_int_equal(
        smail__json_as_text(&text, smail__json_get(root, "apiUrl")), 0);
    assert_string_equal(text.data, "https://mail.example.test/jmap/api");
    assert_int_equal(
        smail__json_as_text(&text, smail__json_get(root, "username")), 0);
    assert_string_equal(text.data, "alice@example.test");
    /* RFC 8620, 2: "core" SHOULD NOT be there. */
    assert_int_equal(
        smail__json_count(smail__json_get(root, "primaryAccounts")), 2);
    assert_null(smail__json_get(smail__json_get(root, "primaryAccounts"),
                                "urn:ietf:params:jmap:core"));
    smail__json_document_free(document);
    assert_int_equal(smail__jmap_session(&f->out, f->jmap, 12345, "x", &f->err),
                     SMAIL_ENOTFOUND);
}

static void states_change_with_what_changes(void **state)
{
    struct fixture *f = *state;
    struct smail__buf before, after;

    smail__buf_init(&before, 4096, NULL);
    smail__buf_init(&after, 4096, NULL);
    check(f, smail__jmap_state(&before, f->jmap, f->alice,
                               smail__jmap_types(smail__span("Email,Identity")),
                               &f->err));
    put(f, f->bob, 0, NULL, 0, "Subject: to bob\r\n\r\nx\r\n");
    check(f, smail__jmap_state(&after, f->jmap, f->alice,
                               smail__jmap_types(smail__span("Email,Identity")),
                               &f->err));
    assert_string_equal(before.data, after.data);
    assert_null(strstr(before.data, "Mailbox"));
    smail__buf_clear(&after);
    put(f, f->alice, 0, NULL, 0, "Subject: to alice\r\n\r\nx\r\n");
    check(f, smail__jmap_state(&after, f->jmap, f->alice,
                               smail__jmap_types(smail__span("Email,Identity")),
                               &f->err));
    assert_string_not_equal(before.data, after.data);
    assert_int_equal(smail__jmap_types(smail__span("*")),
                     SMAIL__JMAP_ALL_TYPES);
    assert_int_equal(smail__jmap_types(smail__span("Nothing")), 0);
    smail__buf_dispose(&before);
    smail__buf_dispose(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(what_is_no_request_is_a_problem),
        JMAP_TEST(limits_are_kept),
        JMAP_TEST(echo_says_the_same),
        JMAP_TEST(unknown_methods_and_accounts_are_errors),
        JMAP_TEST(unknown_arguments_are_errors),
        JMAP_TEST(methods_need_their_capability),
        JMAP_TEST(results_are_referred_to),
        JMAP_TEST(wrong_references_are_errors),
        JMAP_TEST(references_grow_within_limits),
        JMAP_TEST(what_references_copy_is_limited),
        JMAP_TEST(references_to_lists_grow_within_limits),
        cmocka_unit_test_setup_teardown(answers_are_limited, setup_large,
                                        teardown),
        JMAP_TEST(created_ids_come_back_when_given),
        JMAP_TEST(the_session_names_what_there_is),
        JMAP_TEST(states_change_with_what_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
