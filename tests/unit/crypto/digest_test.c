/* SPDX-License-Identifier: MIT */
/* The vectors of FIPS 180-4, RFC 6234 and RFC 4231. */
#include "crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/span.h"

static void assert_digest(const unsigned char digest[SMAIL__SHA256_LEN],
                          const char *hex)
{
    char text[2 * SMAIL__SHA256_LEN + 1];

    smail__hex_encode(text, digest, SMAIL__SHA256_LEN);
    assert_string_equal(text, hex);
}

static const struct {
    const char *text;
    const char *hex;
} digests[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb924"
          "27ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223"
             "b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039"
      "a33ce45964ff2167f6ecedd419db06c1" },
};

static void known_texts_have_known_digests(void **state)
{
    unsigned char digest[SMAIL__SHA256_LEN];

    (void)state;
    for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
        smail__sha256(digest, smail__span(digests[i].text));
        assert_digest(digest, digests[i].hex);
    }
    smail__sha256(digest, (smail_span){ NULL, 0 });
    assert_digest(digest, digests[0].hex);
}

static void pieces_have_the_digest_of_the_whole(void **state)
{
    struct smail__sha256 *digest = smail__sha256_new();
    unsigned char out[SMAIL__SHA256_LEN];
    char thousand[1000];

    (void)state;
    memset(thousand, 'a', sizeof(thousand));
    assert_non_null(digest);
    for (int i = 0; i < 1000; i++) {
        smail__sha256_update(digest, (smail_span){ thousand, 313 });
        smail__sha256_update(digest, (smail_span){ NULL, 0 });
        smail__sha256_update(digest, (smail_span){ thousand, 687 });
    }
    smail__sha256_finish(out, digest);

    assert_digest(out, "cdc76e5c9914fb9281a1c7e284d73e67"
                       "f1809a48a497200e046d39ccc7112cd0");
    smail__sha256_free(NULL);
    smail__sha256_free(smail__sha256_new());
}

/* RFC 4231, 4.2 to 4.8: a byte repeated, or text. */
static const struct {
    const char *key, *text;
    unsigned char key_byte;
    size_t key_len;
    unsigned char text_byte;
    size_t text_len;
    const char *hex;
} macs[] = {
    { NULL, "Hi There", 0x0b, 20, 0, 0,
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "Jefe", "what do ya want for nothing?", 0, 0, 0, 0,
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { NULL, NULL, 0xaa, 20, 0xdd, 50,
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { NULL, "Test Using Larger Than Block-Size Key - Hash Key First", 0xaa, 131,
      0, 0,
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
    { NULL,
      "This is a test using a larger than block-size key and a larger than "
      "block-size data. The key needs to be hashed before being used by the "
      "HMAC algorithm.",
      0xaa, 131, 0, 0,
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
};

static void known_keys_give_known_macs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
        unsigned char out[SMAIL__SHA256_LEN];
        char key[256], text[256];
        smail_span key_span = { key, macs[i].key_len };
        smail_span text_span = { text, macs[i].text_len };

        memset(key, macs[i].key_byte, sizeof(key));
        memset(text, macs[i].text_byte, sizeof(text));
        if (macs[i].key != NULL)
            key_span = smail__span(macs[i].key);
        if (macs[i].text != NULL)
            text_span = smail__span(macs[i].text);
        smail__hmac_sha256(out, key_span, text_span);
        assert_digest(out, macs[i].hex);
    }
}

static void the_empty_key_and_text_are_fine(void **state)
{
    unsigned char out[SMAIL__SHA256_LEN];

    (void)state;
    smail__hmac_sha256(out, (smail_span){ NULL, 0 }, (smail_span){ NULL, 0 });

    assert_digest(out, "b613679a0814d9ec772f95d778c35fc5"
                       "ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_known_digests),
        cmocka_unit_test(pieces_have_the_digest_of_the_whole),
        cmocka_unit_test(known_keys_give_known_macs),
        cmocka_unit_test(the_empty_key_and_text_are_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
