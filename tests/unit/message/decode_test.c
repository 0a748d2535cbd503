/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/span.h"
#include "message/charset.h"
#include "message/decode.h"
#include "message/parameter.h"
#include "message/word.h"

#define ROOM 65536

static void transfer_encodings_forgive(void **state)
{
    static const struct {
        const char *encoding;
        const char *text;
        const char *decoded;
    } cases[] = {
        { "base64", "TW9zdA==", "Most" },
        { "BASE64", "TW9\r\nzdA=\r\n=", "Most" },
        /* The packaged GMime stops at the first '='. */
        { "base64", "TW9zdA==TW9zdA==", "MostMost" },
        { "base64", "TW9zdA", "Most" },
        { "base64", "T!W#9$z%d&A", "Most" },
        { "base64", "T-W_9zdA==", "Most" },
        /* What a mailing list puts behind it is no base64, */
        { "base64", "TW9zdA==\r\n\r\n____\r\nTo leave, write to\r\n", "Most" },
        /* unless it could be. */
        { "base64", "TW9zdA==\r\nTW9zdA==\r\n", "MostMost" },
        { "base64", "", "" },
        { "base64", "=", "" },
        { "quoted-printable", "a=3Db=\r\nc", "a=bc" },
        { "quoted-printable", "caf=c3=a9", "caf\xc3\xa9" },
        { "quoted-printable", "end  \r\nnext", "end\r\nnext" },
        { "quoted-printable", "kept = as =zz is=", "kept = as =zz is" },
        { "quoted-printable", "soft= \r\nend", "softend" },
        { "x-uuencode", "begin 644 x\r\n$36]S=`\r\n`\r\nend\r\n", "Most" },
        { "7bit", "as=20it is", "as=20it is" },
        { "nonsense", "as=20it is", "as=20it is" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__buf out;

        smail__buf_init(&out, ROOM, NULL);
        smail__decode(&out,
                      smail__encoding_named(smail__span(cases[i].encoding)),
                      smail__span(cases[i].text));
        assert_span(smail__buf_span(&out), cases[i].decoded);
        smail__buf_dispose(&out);
    }
}

static void encoded_words_become_text(void **state)
{
    static const struct {
        const char *value;
        const char *text;
    } cases[] = {
        { "=?utf-8?Q?caf=C3=A9_au?= lait", "caf\xc3\xa9 au lait" },
        { "=?iso-8859-1?B?6Q==?=", "\xc3\xa9" },
        /* Padding in the first of two: GMime's trap. */
        { "=?utf-8?B?YQ==?= =?utf-8?B?Yg==?=", "ab" },
        { "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab" },
        /* One character cut in two by the sender. */
        { "=?utf-8?B?w6k=?= =?utf-8?Q?=C3?= =?utf-8?Q?=A9?=",
          "\xc3\xa9\xc3\xa9" },
        { "=?utf-8*en?Q?language?=", "language" },
        { "=?x-nobody?Q?caf=e9?=", "caf\xc3\xa9" },
        { "=?utf-8?X?no?=", "=?utf-8?X?no?=" },
        { "=?utf-8?Q?no end", "=?utf-8?Q?no end" },
        { "a =?utf-8?Q?b?= c", "a b c" },
        { "=?utf-8?Q?"
          "?=",
          "" },
        { "raw caf\xe9", "raw caf\xc3\xa9" },
        { "folded\r\n\tvalue", "folded value" },
        { "=?utf-8?Q?a=0D=0AX:_y?=", "a X: y" },
        { "=?utf-7?Q?M+APw-ller?=", "M\xc3\xbcller" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__buf out;

        smail__buf_init(&out, ROOM, NULL);
        smail__words_display(&out, smail__span(cases[i].value));
        assert_span(smail__buf_span(&out), cases[i].text);
        smail__buf_dispose(&out);
    }
}

static void parameters_are_found_in_every_spelling(void **state)
{
    static const struct {
        const char *field;
        const char *name;
        const char *value; /* NULL: none */
    } cases[] = {
        { "text/plain; charset=utf-8", "charset", "utf-8" },
        { "text/plain; CHARSET=\"utf-8\"", "charset", "utf-8" },
        { "a/b; name=\"a;b\\\"c\"", "name", "a;b\"c" },
        { "a/b; x=y (name=z)", "name", NULL },
        { "a/b; filename*=utf-8'en'caf%C3%A9", "filename", "caf\xc3\xa9" },
        { "a/b; n*0=one; n*1=two", "n", "onetwo" },
        { "a/b; n*1=two; n*0=one", "n", "onetwo" },
        { "a/b; n*0*=utf-8''%C3; n*1*=%A9; n*2=x", "n", "\xc3\xa9x" },
        { "a/b; n=old; n*0=new", "n", "new" },
        { "a/b; n=\"=?utf-8?Q?caf=C3=A9?=\"", "n", "caf\xc3\xa9" },
        { "a/b; n=", "n", "" },
        { "a/b", "n", NULL },
        { "", "n", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__buf out;
        bool found;

        smail__buf_init(&out, ROOM, NULL);
        found = smail__parameter_find(&out, smail__span(cases[i].field),
                                      cases[i].name);
        assert_int_equal(found, cases[i].value != NULL);
        if (found)
            assert_span(smail__buf_span(&out), cases[i].value);
        smail__buf_dispose(&out);
    }
}

static void charsets_become_utf8(void **state)
{
    static const struct {
        const char *charset;
        const char *text;
        const char *utf8;
    } cases[] = {
        { "iso-8859-1", "\x93quoted\x94", "\xe2\x80\x9cquoted\xe2\x80\x9d" },
        { "ISO-8859-15", "\xa4", "\xe2\x82\xac" },
        { "koi8-r", "\xc1", "\xd0\xb0" },
        { "gb2312", "\xc4\xe3", "\xe4\xbd\xa0" },
        { "x-sjis", "\x82\xa0", "\xe3\x81\x82" },
        { "utf-8", "a\xff", "a\xef\xbf\xbd" },
        { "", "caf\xc3\xa9", "caf\xc3\xa9" },
        { "", "caf\xe9", "caf\xc3\xa9" },
        { "utf-8//TRANSLIT", "caf\xe9", "caf\xc3\xa9" },
        { "iso-2022-jp", "\x1b$B$\"\x1b(B", "\xe3\x81\x82" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__buf out;

        smail__buf_init(&out, ROOM, NULL);
        (void)smail__charset_to_utf8(&out, smail__span(cases[i].charset),
                                     smail__span(cases[i].text));
        assert_span(smail__buf_span(&out), cases[i].utf8);
        smail__buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfer_encodings_forgive),
        cmocka_unit_test(encoded_words_become_text),
        cmocka_unit_test(parameters_are_found_in_every_spelling),
        cmocka_unit_test(charsets_become_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
