/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/span.h"
#include "crypto/scram.h"

/* The exchange that RFC 7677, 3 prints. */
#define AUTH_MESSAGE                                        \
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"                        \
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," \
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,"             \
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SIGNATURE "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static smail_span bytes_of(const unsigned char *bytes, size_t len)
{
    return (smail_span){ (const char *)bytes, len };
}

static void decode(unsigned char *out, size_t len, const char *text)
{
    struct smail__buf buf;

    smail__buf_init(&buf, 1024, NULL);
    assert_int_equal(smail__base64_decode(&buf, smail__span(text)), 0);
    assert_int_equal(buf.len, len);
    memcpy(out, buf.data, len);
    smail__buf_dispose(&buf);
}

static void derives_the_keys_of_the_rfc(void **state)
{
    struct smail__scram scram = { .iterations = 4096 };
    unsigned char mac[SMAIL__SHA256_LEN], proof[SMAIL__SHA256_LEN];
    unsigned char expected[SMAIL__SHA256_LEN], key[SMAIL__SHA256_LEN];

    (void)state;
    decode(scram.salt, sizeof(scram.salt), "W22ZaJ0SNY7soEsUEjb6gQ==");
    assert_int_equal(smail__scram_derive(&scram, SMAIL__SPAN("pencil"), NULL),
                     0);

    smail__hmac_sha256(mac, bytes_of(scram.server_key, sizeof(mac)),
                       SMAIL__SPAN(AUTH_MESSAGE));
    decode(expected, sizeof(expected), SIGNATURE);
    assert_memory_equal(mac, expected, sizeof(mac));

    smail__hmac_sha256(mac, bytes_of(scram.stored_key, sizeof(mac)),
                       SMAIL__SPAN(AUTH_MESSAGE));
    decode(proof, sizeof(proof), PROOF);
    for (size_t i = 0; i < sizeof(proof); i++)
        proof[i] ^= mac[i];
    smail__sha256(key, bytes_of(proof, sizeof(proof)));
    assert_memory_equal(key, scram.stored_key, sizeof(key));
}

static void packs_and_unpacks(void **state)
{
    struct smail__scram scram = { .iterations = 5000, .salt = "salt" }, again;
    unsigned char packed[SMAIL__SCRAM_PACKED];

    (void)state;
    assert_int_equal(smail__scram_derive(&scram, SMAIL__SPAN("password"), NULL),
                     0);
    smail__scram_pack(packed, &scram);
    assert_int_equal(
        smail__scram_unpack(&again, bytes_of(packed, sizeof(packed)), NULL), 0);
    assert_int_equal(again.iterations, 5000);
    assert_memory_equal(again.salt, scram.salt, sizeof(scram.salt));
    assert_memory_equal(again.stored_key, scram.stored_key,
                        sizeof(scram.stored_key));
    assert_memory_equal(again.server_key, scram.server_key,
                        sizeof(scram.server_key));
    assert_int_equal(smail__scram_unpack(&again, bytes_of(packed, 10), NULL),
                     SMAIL_ECORRUPT);
}

static void refuses_no_iterations(void **state)
{
    struct smail__scram scram = { 0 };

    (void)state;
    assert_int_equal(smail__scram_derive(&scram, SMAIL__SPAN("x"), NULL),
                     SMAIL_EINVAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_keys_of_the_rfc),
        cmocka_unit_test(packs_and_unpacks),
        cmocka_unit_test(refuses_no_iterations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
