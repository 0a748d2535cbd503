/* SPDX-License-Identifier: MIT */
/* What is signed is the canonical form, whatever pieces it comes in. */
#include "verify/dkim_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

#define NOW ((int64_t)1800000000)

/* Signed in pieces of `step` octets, NUL-terminated. */
static void sign(struct smail__buf *out, const char *message, size_t step,
                 smail_span key)
{
    struct smail__dkim_key one = { SMAIL__SIGN_ED25519,
                                   SMAIL__SPAN("example.org"),
                                   SMAIL__SPAN("s1"), key };
    struct smail__dkim_signer *signer;
    smail_span left = smail__span(message);
    smail_error err = SMAIL_ERROR_INIT;

    smail__buf_init(out, 65536, NULL);
    assert_int_equal(smail__dkim_signer_new(&signer), 0);
    while (left.len > 0) {
        smail__dkim_signer_feed(signer, smail__span_slice(left, 0, step));
        left = smail__span_from(left, step);
    }
    assert_int_equal(smail__dkim_signer_sign(out, signer, &one, 1, NOW, &err),
                     0);
    smail__buf_putc(out, '\0');
    smail__dkim_signer_free(signer);
}

static int make_key(void **state)
{
    static struct smail__buf key;

    smail__buf_init(&key, 8192, NULL);
    *state = &key;
    return smail__sign_generate(&key, SMAIL__SIGN_ED25519, NULL);
}

static int drop_key(void **state)
{
    smail__buf_dispose(*state);
    return 0;
}

/* RFC 6376, 3.4.5, and 3.4.4 for what is empty. */
static void the_body_is_relaxed(void **state)
{
    static const struct {
        const char *body, *hash;
    } cases[] = {
        { " C \r\nD \t E\r\n\r\n\r\n",
          "bh=unak6JHq0wL+Q1HP7dW1tjBx9FLA6DffoZ0qrLwbbpo=" },
        { "", "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
        { "\r\n\r\n", "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
        { " \t \r\n", "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
        { "a  \r\n \t\r\nb",
          "bh=zCIZgM59A4jZIcXrGIzhpoD2WhSv0BLiYnkKxFCegn8=" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char message[200];
        struct smail__buf out;

        snprintf(message, sizeof(message), "From: a@example.org\r\n\r\n%s",
                 cases[i].body);
        sign(&out, message, sizeof(message),
             smail__buf_span(*(struct smail__buf **)state));
        if (strstr(out.data, cases[i].hash) == NULL)
            print_error("%s", out.data);
        assert_non_null(strstr(out.data, cases[i].hash));
        smail__buf_dispose(&out);
    }
}

static void pieces_do_not_matter(void **state)
{
    static const char message[] = "From: a@example.org\r\nSubject: x\r\n  y\r\n"
                                  "\r\n one \r\n\r\ntwo\t\tthree\r\n\r\n";
    smail_span key = smail__buf_span(*(struct smail__buf **)state);
    struct smail__buf whole;

    sign(&whole, message, sizeof(message), key);
    for (size_t step = 1; step < 20; step++) {
        struct smail__buf out;

        sign(&out, message, step, key);
        assert_string_equal(out.data, whole.data);
        smail__buf_dispose(&out);
    }
    smail__buf_dispose(&whole);
}

static void from_is_named_once_more_than_it_occurs(void **state)
{
    smail_span key = smail__buf_span(*(struct smail__buf **)state);
    struct smail__buf out;

    sign(&out, "from : a@example.org\r\nX-Other: 1\r\nTo: b@x.test\r\n\r\n",
         1000, key);
    assert_non_null(strstr(out.data, "h=From:From:To;"));
    assert_non_null(strstr(out.data, "d=example.org; s=s1;"));
    assert_non_null(strstr(out.data, "t=1800000000; x=1801209600;"));
    smail__buf_dispose(&out);
}

static void no_line_is_long(void **state)
{
    smail_span key = smail__buf_span(*(struct smail__buf **)state);
    struct smail__buf out;
    smail_span left;

    sign(&out,
         "From: a\r\nTo: a\r\nCc: a\r\nDate: a\r\nSubject: a\r\nReply-To: a\r\n"
         "References: a\r\nMIME-Version: 1.0\r\nContent-Type: a\r\n"
         "Content-Transfer-Encoding: a\r\nList-Unsubscribe-Post: a\r\n\r\n",
         1000, key);
    left = smail__span(out.data);
    while (left.len > 0)
        assert_true(smail__span_cut(&left, '\n').len <= 79);
    smail__buf_dispose(&out);
}

static void a_header_without_an_end_is_not_signed(void **state)
{
    struct smail__dkim_signer *signer;
    struct smail__buf out;
    char line[1024];

    (void)state;
    memset(line, 'x', sizeof(line));
    smail__buf_init(&out, 65536, NULL);
    assert_int_equal(smail__dkim_signer_new(&signer), 0);
    for (size_t i = 0; i <= SMAIL__DKIM_HEADER_MAX / sizeof(line); i++)
        smail__dkim_signer_feed(signer, (smail_span){ line, sizeof(line) });
    assert_int_equal(smail__dkim_signer_sign(&out, signer, NULL, 0, NOW, NULL),
                     SMAIL_ELIMIT);
    smail__dkim_signer_free(signer);
    smail__buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_is_relaxed),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(from_is_named_once_more_than_it_occurs),
        cmocka_unit_test(no_line_is_long),
        cmocka_unit_test(a_header_without_an_end_is_not_signed),
    };

    return cmocka_run_group_tests(tests, make_key, drop_key);
}
