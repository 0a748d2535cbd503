/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/span.h"
#include "message/trace.h"

static void a_trace_says_who_how_and_when(void **state)
{
    struct smail__trace trace = {
        .sender_local = SMAIL__SPAN("ada"),
        .sender_domain = SMAIL__SPAN("example.org"),
        .helo = SMAIL__SPAN("client.example.org"),
        .peer = SMAIL__SPAN("192.0.2.1"),
        .hostname = SMAIL__SPAN("mail.example.test"),
        .id = SMAIL__SPAN("0123"),
        .tls_protocol = SMAIL__SPAN("TLSv1.3"),
        .tls_cipher = SMAIL__SPAN("TLS_AES_256_GCM_SHA384"),
        .recipient = SMAIL__SPAN("bob@example.test"),
        .extended = true,
        .tls = true,
        .now = 958605624,
    };
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 4096, NULL);
    smail__trace_return_path(&out, &trace);
    smail__trace_received(&out, &trace);
    assert_span(smail__buf_span(&out),
                "Return-Path: <ada@example.org>\r\n"
                "Received: from client.example.org ([192.0.2.1])\r\n"
                "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n"
                "\tby mail.example.test with ESMTPS\r\n"
                "\tid 0123\r\n"
                "\tfor <bob@example.test>;\r\n"
                "\tWed, 17 May 2000 23:20:24 +0000\r\n");
    smail__buf_dispose(&out);
}

/* RFC 3848 */
static void the_protocol_tells_how_it_came(void **state)
{
    static const struct {
        bool extended, tls, authenticated, lmtp;
        const char *with;
    } cases[] = {
        { false, false, false, false, "SMTP" },
        { true, false, false, false, "ESMTP" },
        { true, true, false, false, "ESMTPS" },
        { true, true, true, false, "ESMTPSA" },
        { true, false, true, false, "ESMTPA" },
        { true, false, false, true, "LMTP" },
        { true, true, true, true, "LMTPSA" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__trace trace = {
            .extended = cases[i].extended,
            .tls = cases[i].tls,
            .authenticated = cases[i].authenticated,
            .lmtp = cases[i].lmtp,
        };

        assert_string_equal(smail__trace_protocol(&trace), cases[i].with);
    }
}

static void nothing_a_client_says_ends_the_line(void **state)
{
    struct smail__trace trace = {
        .helo = SMAIL__SPAN("evil\r\nX-Spam: no"),
        .peer = SMAIL__SPAN("2001:db8::1"),
        .hostname = SMAIL__SPAN("h"),
    };
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 4096, NULL);
    smail__trace_return_path(&out, &trace);
    smail__trace_received(&out, &trace);
    assert_non_null(strstr(out.data, "Return-Path: <>\r\n"));
    assert_non_null(
        strstr(out.data, "from evil??X-Spam:?no ([IPv6:2001:db8::1])"));
    assert_null(strstr(out.data, "\nX-Spam"));
    smail__buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_says_who_how_and_when),
        cmocka_unit_test(the_protocol_tells_how_it_came),
        cmocka_unit_test(nothing_a_client_says_ends_the_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
