/* SPDX-License-Identifier: MIT */
#include "fixture.h"

struct mail {
    struct fixture *f;
    smail_id archive;
    smail_id ids[6];
};

static const char pdf[] =
    "From: Zed <zed@x>\r\nTo: alice@example.test\r\nSubject: invoice\r\n"
    "Message-ID: <5@x>\r\nCc: Carol <carol@x>\r\nX-Kind: bill\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee file\r\n"
    "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: "
    "attachment\r\n"
    "\r\nx\r\n--b--\r\n";

static void fill(struct mail *m, struct fixture *f)
{
    m->f = f;
    m->archive = box(f, f->alice, SMAIL_ROLE_ARCHIVE);
    m->ids[0] = put(f, f->alice, 0, NULL, 100,
                    "From: Ann <ann@x>\r\nTo: alice@example.test\r\n"
                    "Subject: Lunch\r\nMessage-ID: <1@x>\r\n"
                    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n"
                    "pizza today?\r\n");
    m->ids[1] = put(f, f->alice, 0, "$seen $flagged", 200,
                    "From: Bert <bert@x>\r\nTo: list@x\r\n"
                    "Subject: Re: Lunch\r\nMessage-ID: <2@x>\r\n"
                    "In-Reply-To: <1@x>\r\n"
                    "Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\nyes\r\n");
    m->ids[2] = put(f, f->alice, 0, "$seen", 300,
                    "From: ann@x\r\nTo: alice@example.test\r\n"
                    "Subject: apples\r\nMessage-ID: <3@x>\r\n\r\n"
                    "some longer text about apples and pears\r\n");
    m->ids[3] = put(f, f->alice, m->archive, "todo", 400,
                    "From: Ann <ann@x>\r\nSubject: old\r\n"
                    "Message-ID: <4@x>\r\n\r\npizza yesterday\r\n");
    m->ids[4] = put(f, f->alice, 0, NULL, 500, pdf);
    put(f, f->bob, 0, NULL, 600, "Subject: pizza for bob\r\n\r\npizza\r\n");
}

/* `digits` are the indexes of ids that the filter finds, in order. */
static void expect(struct mail *m, const char *arguments, const char *digits)
{
    struct fixture *f = m->f;
    char path[40], wanted[32];
    size_t count = strlen(digits);

    sendf(f, f->alice, "['Email/query',{'accountId':$A,%s},'c']", arguments);
    expect_method(f, 0, "Email/query");
    if (count_at(f, "0/1/ids") != count) {
        print_error("%s: not %zu in %s\n", arguments, count, f->out.data);
        fail();
    }
    for (size_t i = 0; i < count; i++) {
        smail__format(path, sizeof(path), "0/1/ids/%zu", i);
        smail__format(wanted, sizeof(wanted), "e%lld",
                      (long long)m->ids[digits[i] - '0']);
        expect_text(f, path, wanted);
    }
}

static void the_newest_is_first(void **state)
{
    struct mail m;

    fill(&m, *state);
    expect(&m, "'sort':null", "43210");
    expect(&m, "'sort':[{'property':'receivedAt'}]", "01234");
    expect(&m, "'sort':[{'property':'size','isAscending':false}],'limit':1",
           "4");
    expect(&m, "'sort':[{'property':'sentAt','isAscending':false}],'limit':2",
           "01");
    expect(&m, "'sort':[{'property':'from'}]", "30214");
    expect(&m, "'sort':[{'property':'subject'}]", "24103");
    expect(&m,
           "'sort':[{'property':'hasKeyword','keyword':'$flagged',"
           "'isAscending':false},{'property':'receivedAt'}]",
           "10234");
    expect(&m,
           "'sort':[{'property':'someInThreadHaveKeyword',"
           "'keyword':'$flagged','isAscending':false}]",
           "10432");
}

static void every_condition_filters(void **state)
{
    struct mail m;
    char text[200];

    fill(&m, *state);
    smail__format(text, sizeof(text), "'filter':{'inMailbox':'m%lld'}",
                  (long long)m.archive);
    expect(&m, text, "3");
    smail__format(text, sizeof(text),
                  "'filter':{'inMailboxOtherThan':['m%lld']}",
                  (long long)m.archive);
    expect(&m, text, "4210");
    expect(&m, "'filter':{'inMailbox':'m99'}", "");
    expect(&m, "'filter':{'before':'1970-01-01T00:05:00Z'}", "10");
    expect(&m, "'filter':{'after':'1970-01-01T00:05:00Z'}", "432");
    expect(&m, "'filter':{'minSize':200,'maxSize':100000}", "4");
    expect(&m, "'filter':{'hasKeyword':'$seen'}", "21");
    expect(&m, "'filter':{'hasKeyword':'$FLAGGED'}", "1");
    expect(&m, "'filter':{'hasKeyword':'TODO'}", "3");
    expect(&m, "'filter':{'notKeyword':'$seen'}", "430");
    expect(&m, "'filter':{'allInThreadHaveKeyword':'$seen'}", "2");
    expect(&m, "'filter':{'someInThreadHaveKeyword':'$flagged'}", "10");
    expect(&m, "'filter':{'noneInThreadHaveKeyword':'$seen'}", "43");
    expect(&m, "'filter':{'hasAttachment':true}", "4");
    expect(&m, "'filter':{'hasAttachment':false}", "3210");
    expect(&m, "'filter':{'text':'pizza'}", "30");
    expect(&m, "'filter':{'text':'ann'}", "320");
    expect(&m, "'filter':{'from':'ANN'}", "320");
    expect(&m, "'filter':{'to':'list@'}", "1");
    expect(&m, "'filter':{'cc':'carol'}", "4");
    expect(&m, "'filter':{'bcc':'carol'}", "");
    expect(&m, "'filter':{'subject':'lunch'}", "10");
    expect(&m, "'filter':{'body':'pizza today'}", "0");
    expect(&m, "'filter':{'header':['x-kind']}", "4");
    expect(&m, "'filter':{'header':['X-Kind','letter']}", "");
    expect(&m, "'filter':{'body':'\\\"( OR * NEAR'}", "");
}

static void conditions_are_joined(void **state)
{
    struct mail m;

    fill(&m, *state);
    expect(&m,
           "'filter':{'operator':'AND','conditions':[{'text':'pizza'},"
           "{'from':'ann'},{'notKeyword':'todo'}]}",
           "0");
    expect(&m,
           "'filter':{'operator':'OR','conditions':[{'subject':'apples'},"
           "{'hasKeyword':'$flagged'}]}",
           "21");
    expect(&m,
           "'filter':{'operator':'NOT','conditions':[{'text':'pizza'},"
           "{'hasKeyword':'$seen'}]}",
           "4");
    expect(&m, "'filter':{'operator':'AND','conditions':[]}", "43210");
    expect(&m, "'filter':{}", "43210");
}

static void threads_are_collapsed_and_pages_cut(void **state)
{
    struct mail m;
    struct fixture *f = *state;

    fill(&m, f);
    expect(&m, "'collapseThreads':true,'calculateTotal':true", "4321");
    assert_int_equal(int_at(f, "0/1/total"), 4);
    expect(&m, "'position':1,'limit':2,'calculateTotal':true", "32");
    assert_int_equal(int_at(f, "0/1/total"), 5);
    assert_int_equal(int_at(f, "0/1/position"), 1);
    expect(&m, "'position':-2", "10");
    expect(&m, "'position':99", "");
    expect(&m, "'limit':0", "");
    {
        char text[100];

        smail__format(text, sizeof(text),
                      "'anchor':'e%lld','anchorOffset':-1,'limit':2",
                      (long long)m.ids[2]);
        expect(&m, text, "32");
    }
    expect(&m, "'filter':{'inMailbox':'m1'},'position':1,'limit':2", "21");
}

static void nonsense_is_refused(void **state)
{
    struct fixture *f = *state;
    struct smail__buf text;

    send(f, f->alice,
         "['Email/query',{'accountId':$A,'filter':{'colour':1}},'0'],"
         "['Email/query',{'accountId':$A,'filter':{'before':'x'}},'1'],"
         "['Email/query',{'accountId':$A,'filter':{'operator':'XOR',"
         "'conditions':[]}},'2'],"
         "['Email/query',{'accountId':$A,'sort':[{'property':'x'}]},'3'],"
         "['Email/query',{'accountId':$A,'sort':[{'property':'hasKeyword'}]},"
         "'4'],['Email/query',{'accountId':$A,'anchor':'e5'},'5'],"
         "['Email/query',{'accountId':$A,'limit':-1},'6'],"
         "['Email/query',{'accountId':$A,'filter':[]},'7']");
    expect_error(f, 0, "unsupportedFilter");
    expect_error(f, 1, "invalidArguments");
    expect_error(f, 2, "invalidArguments");
    expect_error(f, 3, "unsupportedSort");
    expect_error(f, 4, "invalidArguments");
    expect_error(f, 5, "anchorNotFound");
    expect_error(f, 6, "invalidArguments");
    expect_error(f, 7, "invalidArguments");

    smail__buf_init(&text, 65536, NULL);
    smail__buf_puts(&text, "['Email/query',{'accountId':$A,'filter':{"
                           "'operator':'OR','conditions':[{}");
    for (int i = 0; i < 200; i++)
        smail__buf_puts(&text, ",{}");
    smail__buf_puts(&text, "]}},'c']");
    send(f, f->alice, text.data);
    expect_error(f, 0, "unsupportedFilter");
    smail__buf_dispose(&text);
}

static void new_mail_is_found_before_it_is_indexed(void **state)
{
    struct fixture *f = *state;
    smail_target target = { f->alice, 0, NULL, 0 };
    smail_appended appended;
    smail_append *append = NULL;

    check(f, smail_append_new(&append, f->store, &f->err));
    check(f,
          smail_append_write(append,
                             smail__span("From: Eve <eve@x>\r\nSubject: Fresh "
                                         "bread\r\n\r\nx\r\n"),
                             &f->err));
    check(f, smail_append_commit(append, &target, 1, &appended, &f->err));
    smail_append_free(append);
    send(f, f->alice,
         "['Email/query',{'accountId':$A,'filter':{'text':'bread'}},'0'],"
         "['Email/query',{'accountId':$A,'filter':{'subject':'fresh'}},'1'],"
         "['Email/query',{'accountId':$A,'filter':{'text':'eve'}},'2']");
    for (size_t i = 0; i < 3; i++) {
        char path[20];

        smail__format(path, sizeof(path), "%zu/1/ids", i);
        assert_int_equal(count_at(f, path), 1);
    }
}

#define SEARCH USES ",\"urn:libsmtpmail:jmap:search\""

static void ask(struct mail *m, const char *filter)
{
    char text[2000];

    smail__format(text, sizeof(text),
                  "['Email/query',{'accountId':$A,'filter':%s},'c']", filter);
    send_using(m->f, m->f->alice, SEARCH, text);
}

static void a_question_is_asked_as_it_was_typed(void **state)
{
    static const struct {
        const char *filter, *digits;
    } cases[] = {
        { "{'question':'from:ann is:unread'}", "30" },
        { "{'question':'has:attachment OR is:starred'}", "41" },
        { "{'question':'\\\"longer text\\\" -pizza'}", "2" },
        { "{'question':'piz'}", "30" },
        { "{'question':'longer tex'}", "2" },
        { "{'question':'subject:lun'}", "" },
        { "{'question':'pizza in:archive'}", "3" },
        { "{'question':'','hasKeyword':'todo'}", "3" },
        { "{'operator':'NOT','conditions':[{'question':'lunch'}]}", "432" },
    };
    struct mail m;
    struct fixture *f = *state;
    int64_t unindexed;

    fill(&m, f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(&m, cases[i].filter);
        expect_method(f, 0, "Email/query");
        assert_int_equal(count_at(f, "0/1/ids"), strlen(cases[i].digits));
        for (size_t k = 0; cases[i].digits[k] != '\0'; k++) {
            char path[40], wanted[32];

            smail__format(path, sizeof(path), "0/1/ids/%zu", k);
            smail__format(wanted, sizeof(wanted), "e%lld",
                          (long long)m.ids[cases[i].digits[k] - '0']);
            expect_text(f, path, wanted);
        }
    }
    assert_int_equal(smail__json_as_int(&unindexed, at(f, "0/1/unindexed")), 0);
    assert_int_equal(unindexed, 0);
}

static void a_question_that_is_wrong_is_refused(void **state)
{
    struct mail m;
    struct fixture *f = *state;

    fill(&m, f);
    ask(&m, "{'question':'is:purple'}");
    expect_error(f, 0, "invalidArguments");
    assert_non_null(strstr(f->out.data, "is: knows unread"));
    ask(&m, "{'question':'in:nowhere'}");
    expect_error(f, 0, "invalidArguments");
    ask(&m, "{'question':7}");
    expect_error(f, 0, "invalidArguments");
    ask(&m, "{'operator':'AND','conditions':["
            "{'question':'a b c d e f g h i j k l m n o p q r s t u v w x'},"
            "{'question':'a b c d e f g h i j k l m n o p q r s t u v w x'},"
            "{'question':'a b c d e f g h i j k l m n o p q r s t u v w x'},"
            "{'question':'a b c d e f g h i j k l m n o p q r s t u v w x'}"
            "]}");
    expect_error(f, 0, "unsupportedFilter");
    /* Who did not say that they know it has never heard of it. */
    send(f, f->alice,
         "['Email/query',{'accountId':$A,'filter':{'question':'a'}},'c']");
    expect_error(f, 0, "unsupportedFilter");
    send(f, f->alice, "['Email/query',{'accountId':$A},'c']");
    assert_null(at(f, "0/1/unindexed"));
}

static void snippets_show_what_was_found(void **state)
{
    struct mail m;
    struct fixture *f = *state;

    fill(&m, f);
    sendf(f, f->alice,
          "['SearchSnippet/get',{'accountId':$A,'filter':{'text':'pizza'},"
          "'emailIds':['e%lld','e%lld','e999']},'0']",
          (long long)m.ids[0], (long long)m.ids[1]);
    expect_text(f, "0/1/list/0/preview", "<mark>pizza</mark> today? ");
    assert_int_equal(smail__json_type(at(f, "0/1/list/0/subject")),
                     SMAIL__JSON_NULL);
    assert_int_equal(smail__json_type(at(f, "0/1/list/1/preview")),
                     SMAIL__JSON_NULL);
    expect_text(f, "0/1/notFound/0", "e999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        JMAP_TEST(the_newest_is_first),
        JMAP_TEST(every_condition_filters),
        JMAP_TEST(conditions_are_joined),
        JMAP_TEST(threads_are_collapsed_and_pages_cut),
        JMAP_TEST(nonsense_is_refused),
        JMAP_TEST(new_mail_is_found_before_it_is_indexed),
        JMAP_TEST(a_question_is_asked_as_it_was_typed),
        JMAP_TEST(a_question_that_is_wrong_is_refused),
        JMAP_TEST(snippets_show_what_was_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
