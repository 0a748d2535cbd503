/* SPDX-License-Identifier: MIT */
/* Sessions, app passwords, remembered passwords and sign-up, on a store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "account/app_password.h"
#include "account/remember.h"
#include "account/session.h"
#include "account/signup.h"
#include "base/span.h"
#include "crypto/scram.h"
#include "test_store.h"

#define NOW ((int64_t)1800000000)
#define DAY ((int64_t)86400)
#define PASSWORD SMAIL__SPAN("a good password")

struct world {
    smail_store *store;
    smail_id alice, bob;
    smail_error err;
};

static smail_id add(struct world *world, const char *address)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_id id;

    options.password = PASSWORD;
    assert_int_equal(
        smail_account_add(&id, world->store, address, &options, &world->err),
        0);
    return id;
}

static int open_world(void **state)
{
    static struct world world;
    smail_id domain;
    char url[512];

    memset(&world, 0, sizeof(world));
    assert_int_equal(test_store_url(url, sizeof(url), "sqlite::memory:"), 0);
    assert_int_equal(smail_store_open(&world.store, url, NULL, &world.err), 0);
    assert_int_equal(
        smail_domain_add(&domain, world.store, "example.test", &world.err), 0);
    world.alice = add(&world, "alice@example.test");
    world.bob = add(&world, "bob@example.test");
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;

    smail_store_close(world->store);
    return 0;
}

static void begin(char token[SMAIL__TOKEN_SIZE], struct smail__session *out,
                  struct world *world, smail_id account, int64_t now)
{
    assert_int_equal(smail__session_begin(token, out, world->store, account,
                                          "192.0.2.1", now, &world->err),
                     0);
}

static int find(struct smail__session *out, struct world *world,
                const char *token, int64_t now)
{
    return smail__session_find(out, world->store, smail__span(token), now,
                               &world->err);
}

static int count_one(const struct smail__session *session, void *user)
{
    (void)session;
    ++*(int *)user;
    return 0;
}

/* --- Sessions ------------------------------------------------------------ */

static void finds_what_was_begun(void **state)
{
    struct world *world = *state;
    struct smail__session one, two, found;
    char token[SMAIL__TOKEN_SIZE], other[SMAIL__TOKEN_SIZE];

    begin(token, &one, world, world->alice, NOW);
    begin(other, &two, world, world->bob, NOW);

    assert_string_not_equal(token, other);
    assert_int_equal(find(&found, world, token, NOW), 0);
    assert_int_equal(found.account, world->alice);
    assert_int_equal(found.id, one.id);
    assert_string_equal(found.peer, "192.0.2.1");
    token[0] = token[0] == 'a' ? 'b' : 'a';
    assert_int_equal(find(&found, world, token, NOW), SMAIL_EAUTH);
    assert_int_equal(find(&found, world, "", NOW), SMAIL_EAUTH);
}

static void ends_when_idle_and_in_any_case(void **state)
{
    struct world *world = *state;
    struct smail__session session;
    char token[SMAIL__TOKEN_SIZE];

    begin(token, &session, world, world->alice, NOW);
    assert_int_equal(find(&session, world, token, NOW + 14 * DAY), SMAIL_EAUTH);

    for (int64_t day = 10; day < 90; day += 10)
        assert_int_equal(find(&session, world, token, NOW + day * DAY), 0);
    assert_int_equal(find(&session, world, token, NOW + 90 * DAY - 1), 0);
    assert_int_equal(find(&session, world, token, NOW + 90 * DAY), SMAIL_EAUTH);
}

static void ends_one_or_all_others(void **state)
{
    struct world *world = *state;
    struct smail__session one, two, three, bobs, found;
    char first[SMAIL__TOKEN_SIZE], second[SMAIL__TOKEN_SIZE];
    char third[SMAIL__TOKEN_SIZE], foreign[SMAIL__TOKEN_SIZE];
    int count = 0;

    begin(first, &one, world, world->alice, NOW);
    begin(second, &two, world, world->alice, NOW);
    begin(third, &three, world, world->alice, NOW);
    begin(foreign, &bobs, world, world->bob, NOW);

    /* Ids are an account's own: bob's may well be the same numbers. */
    assert_int_equal(smail__session_end(world->store, world->bob,
                                        three.id + 100, &world->err),
                     SMAIL_ENOTFOUND);
    assert_int_equal(
        smail__session_end(world->store, world->alice, one.id, &world->err), 0);
    assert_int_equal(find(&found, world, first, NOW), SMAIL_EAUTH);
    smail__session_list(world->store, world->alice, NOW, count_one, &count,
                        &world->err);
    assert_int_equal(count, 2);
    assert_int_equal(smail__session_end_others(world->store, world->alice,
                                               two.id, &world->err),
                     0);
    assert_int_equal(find(&found, world, second, NOW), 0);
    assert_int_equal(find(&found, world, third, NOW), SMAIL_EAUTH);
    assert_int_equal(find(&found, world, foreign, NOW), 0);
}

static void holds_so_many_and_no_more(void **state)
{
    struct world *world = *state;
    struct smail__session session;
    char token[SMAIL__TOKEN_SIZE];
    int count = 0;

    for (int i = 0; i < SMAIL__SESSIONS_MAX + 5; i++)
        begin(token, &session, world, world->alice, NOW + i);
    smail__session_list(world->store, world->alice, NOW, count_one, &count,
                        &world->err);
    assert_int_equal(count, SMAIL__SESSIONS_MAX);
    assert_int_equal(find(&session, world, token, NOW), 0);
}

static void sweeps_what_is_over(void **state)
{
    struct world *world = *state;
    struct smail__session session;
    char token[SMAIL__TOKEN_SIZE];
    int count = 0;

    begin(token, &session, world, world->alice, NOW);
    assert_int_equal(
        smail__session_sweep(world->store, NOW + 15 * DAY, &world->err), 0);
    smail__session_list(world->store, world->alice, NOW, count_one, &count,
                        &world->err);
    assert_int_equal(count, 0);
}

static void knows_its_own_token_against_forgery(void **state)
{
    char csrf[SMAIL__TOKEN_SIZE], again[SMAIL__TOKEN_SIZE];
    smail_span token = SMAIL__SPAN("0123456789abcdef0123456789abcdef"
                                   "0123456789abcdef0123456789abcdef");

    (void)state;
    smail__session_csrf(csrf, token);
    smail__session_csrf(again, token);
    assert_string_equal(csrf, again);
    assert_true(smail__session_csrf_is(token, smail__span(csrf)));
    csrf[5] ^= 1;
    assert_false(smail__session_csrf_is(token, smail__span(csrf)));
    assert_false(smail__session_csrf_is(token, SMAIL__SPAN("")));
    assert_false(smail__session_csrf_is(token, token));
}

/* --- App passwords ------------------------------------------------------- */

static int keep_one(const struct smail__app_password *password, void *user)
{
    *(struct smail__app_password *)user = *password;
    return 0;
}

static void makes_passwords_for_programs(void **state)
{
    struct world *world = *state;
    struct smail__app_password listed;
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id id, account = 0;

    assert_int_equal(smail__app_password_add(&id, password, world->store,
                                             &(struct smail__app_password_wish){
                                                 .account = world->alice,
                                                 .name = SMAIL__SPAN("phone") },
                                             NOW, &world->err),
                     0);

    assert_int_equal(strlen(password), SMAIL__APP_PASSWORD_SIZE - 1);
    assert_true(smail__app_password_is(smail__span(password)));
    assert_int_equal(
        smail__app_password_find(&account, world->store, SMAIL__SCOPE_ALL,
                                 smail__span(password), NOW, &world->err),
        0);
    assert_int_equal(account, world->alice);
    assert_int_equal(smail__app_password_list(world->store, world->alice,
                                              keep_one, &listed, &world->err),
                     0);
    assert_string_equal(listed.name, "phone");
    assert_int_equal(listed.last_used, NOW);
    assert_int_equal(
        smail__app_password_remove(world->store, world->bob, id, &world->err),
        SMAIL_ENOTFOUND);
    assert_int_equal(
        smail__app_password_remove(world->store, world->alice, id, &world->err),
        0);
    assert_int_equal(
        smail__app_password_find(&account, world->store, SMAIL__SCOPE_ALL,
                                 smail__span(password), NOW, &world->err),
        SMAIL_EAUTH);
}

static void app_passwords_end(void **state)
{
    struct world *world = *state;
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id id, account;

    assert_int_equal(smail__app_password_add(&id, password, world->store,
                                             &(struct smail__app_password_wish){
                                                 .account = world->alice,
                                                 .name = SMAIL__SPAN("x"),
                                                 .expires_at = NOW + 10 },
                                             NOW, &world->err),
                     0);
    assert_int_equal(
        smail__app_password_find(&account, world->store, SMAIL__SCOPE_ALL,
                                 smail__span(password), NOW + 9, &world->err),
        0);
    assert_int_equal(
        smail__app_password_find(&account, world->store, SMAIL__SCOPE_ALL,
                                 smail__span(password), NOW + 10, &world->err),
        SMAIL_EAUTH);
    assert_int_equal(smail_account_set_disabled(world->store, world->alice,
                                                true, &world->err),
                     0);
    assert_int_equal(
        smail__app_password_find(&account, world->store, SMAIL__SCOPE_ALL,
                                 smail__span(password), NOW, &world->err),
        SMAIL_EAUTH);
}

static void refuses_names_that_are_none(void **state)
{
    static const char *const names[] = { "", "a\nb", "\xff", "a\177b" };
    struct world *world = *state;
    char password[SMAIL__APP_PASSWORD_SIZE];
    smail_id id;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_int_equal(
            smail__app_password_add(
                &id, password, world->store,
                &(struct smail__app_password_wish){
                    .account = world->alice, .name = smail__span(names[i]) },
                NOW, &world->err),
            SMAIL_EINVAL);
}

static void tells_app_passwords_by_their_looks(void **state)
{
    (void)state;
    assert_true(smail__app_password_is(
        SMAIL__SPAN("ABCD efgh-ijkm npqr stuv wxyz 2345")));
    assert_false(smail__app_password_is(SMAIL__SPAN("abcd")));
    assert_false(smail__app_password_is(SMAIL__SPAN("")));
    assert_false(smail__app_password_is(
        SMAIL__SPAN("abcd-efgh-ijkm-npqr-stuv-wxyz-2341")));
    assert_false(smail__app_password_is(
        SMAIL__SPAN("abcd-efgh-ijkm-npqr-stuv-wxyz-2345a")));
}

/* --- Remembered passwords ------------------------------------------------ */

static void remembers_for_a_while(void **state)
{
    struct world *world = *state;
    struct smail__remember *remember;
    smail_span user = SMAIL__SPAN("alice@example.test");
    smail_id account = 0;
    int64_t version;

    assert_int_equal(smail__remember_new(&remember, world->store, &world->err),
                     0);
    assert_int_equal(smail__credential_version(&version, world->store,
                                               world->alice, &world->err),
                     0);
    smail__remember_add(remember, user, PASSWORD, world->alice, version, NOW);

    assert_int_equal(smail__remember_find(&account, remember, user, PASSWORD,
                                          NOW, &world->err),
                     0);
    assert_int_equal(account, world->alice);
    assert_int_equal(smail__remember_find(&account, remember, user,
                                          SMAIL__SPAN("other"), NOW,
                                          &world->err),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail__remember_find(&account, remember, user, PASSWORD,
                                          NOW + SMAIL__REMEMBER_SECONDS,
                                          &world->err),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_account_set_password(world->store, world->alice,
                                                SMAIL__SPAN("another one"),
                                                &world->err),
                     0);
    assert_int_equal(smail__remember_find(&account, remember, user, PASSWORD,
                                          NOW, &world->err),
                     SMAIL_ENOTFOUND);
    smail__remember_free(remember);
}

/* --- Signing up ---------------------------------------------------------- */

static int sign_up(struct world *world, enum smail__signup_fault *fault,
                   const char *address, const char *password)
{
    smail_id id;

    return smail__signup(&id, fault, world->store, smail__span(address),
                         SMAIL__SPAN("Somebody"), smail__span(password),
                         &world->err);
}

static void signs_up_where_it_is_open(void **state)
{
    struct world *world = *state;
    enum smail__signup_fault fault;
    smail_id id;

    assert_int_equal(sign_up(world, &fault, "carol@example.test", "a good one"),
                     SMAIL_EINVAL);
    assert_int_equal(fault, SMAIL__SIGNUP_CLOSED);
    assert_int_equal(
        smail_domain_set_open(world->store, "none.test", true, &world->err),
        SMAIL_ENOTFOUND);
    assert_int_equal(
        smail_domain_set_open(world->store, "Example.Test", true, &world->err),
        0);
    assert_int_equal(sign_up(world, &fault, "Carol@Example.test", "a good one"),
                     0);
    assert_int_equal(smail_account_find(&id, world->store, "carol@example.test",
                                        &world->err),
                     0);
    assert_int_equal(sign_up(world, &fault, "CAROL@example.test", "a good one"),
                     SMAIL_EEXISTS);
    assert_int_equal(fault, SMAIL__SIGNUP_TAKEN);
    assert_non_null(strstr(world->err.message, "carol@example.test"));
}

static void says_what_is_wrong_with_a_form(void **state)
{
    static const struct {
        const char *address, *password;
        enum smail__signup_fault fault;
    } cases[] = {
        { "", "a good one", SMAIL__SIGNUP_ADDRESS },
        { "carol", "a good one", SMAIL__SIGNUP_ADDRESS },
        { "carol+x@example.test", "a good one", SMAIL__SIGNUP_ADDRESS },
        { "\"c d\"@example.test", "a good one", SMAIL__SIGNUP_ADDRESS },
        { "Postmaster@example.test", "a good one", SMAIL__SIGNUP_RESERVED },
        { "root@example.test", "a good one", SMAIL__SIGNUP_RESERVED },
        { "carol@example.org", "a good one", SMAIL__SIGNUP_CLOSED },
        { "carol@example.test", "short", SMAIL__SIGNUP_PASSWORD },
        { "carol@example.test", "PASSWORD", SMAIL__SIGNUP_PASSWORD },
        { "carol@example.test", "xxxxxxxx", SMAIL__SIGNUP_PASSWORD },
        { "carol@example.test", "carol@example.test", SMAIL__SIGNUP_PASSWORD },
    };
    struct world *world = *state;
    enum smail__signup_fault fault;

    assert_int_equal(
        smail_domain_set_open(world->store, "example.test", true, &world->err),
        0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(
            sign_up(world, &fault, cases[i].address, cases[i].password),
            SMAIL_EINVAL);
        assert_int_equal(fault, cases[i].fault);
    }
}

static void takes_only_a_line_of_text(void **state)
{
    (void)state;
    assert_true(smail__is_line_of_text(SMAIL__SPAN("Zo\xc3\xab 1")));
    assert_true(smail__is_line_of_text(SMAIL__SPAN("")));
    assert_false(smail__is_line_of_text(SMAIL__SPAN("a\nb")));
    assert_false(smail__is_line_of_text(SMAIL__SPAN("a\xc2\x85")));
    assert_false(smail__is_line_of_text(SMAIL__SPAN("\xe2\x80\xa8")));
    assert_false(smail__is_line_of_text(SMAIL__SPAN("\xff")));
}

#define ON_STORE(test) \
    cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ON_STORE(finds_what_was_begun),
        ON_STORE(ends_when_idle_and_in_any_case),
        ON_STORE(ends_one_or_all_others),
        ON_STORE(holds_so_many_and_no_more),
        ON_STORE(sweeps_what_is_over),
        cmocka_unit_test(knows_its_own_token_against_forgery),
        ON_STORE(makes_passwords_for_programs),
        ON_STORE(app_passwords_end),
        ON_STORE(refuses_names_that_are_none),
        cmocka_unit_test(tells_app_passwords_by_their_looks),
        ON_STORE(remembers_for_a_while),
        ON_STORE(signs_up_where_it_is_open),
        ON_STORE(says_what_is_wrong_with_a_form),
        cmocka_unit_test(takes_only_a_line_of_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
