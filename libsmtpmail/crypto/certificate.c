/* SPDX-License-Identifier: MIT */
/* crypto/certificate.c - see the header. */
#include "crypto/certificate.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"

#define PATH_MAX_LEN 4096

struct smail__certificate {
    X509 *x509;
};

static int read_file(X509 **out, smail_span path, smail_error *err)
{
    char name[PATH_MAX_LEN];
    FILE *file;
    int os;

    if (smail__format(name, sizeof(name), "%.*s", SMAIL__SPAN_ARG(path)) >=
        sizeof(name))
        return smail__fail(err, SMAIL_EINVAL, "the path is too long");
    file = fopen(name, "rb");
    os = errno;
    if (file == NULL)
        return smail__fail_os(err, os == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO,
                              os, "certificate '%s' cannot be opened%s", name,
                              os == EACCES ? ": permission denied" : "");
    *out = PEM_read_X509_AUX(file, NULL, NULL, NULL);
    fclose(file);
    if (*out == NULL)
        return smail__fail(err, SMAIL_EMALFORMED,
                           "certificate '%s' is not a PEM certificate", name);
    return 0;
}

static bool is_for(X509 *x509, const char *host)
{
    return X509_check_host(x509, host, strlen(host), 0, NULL) == 1;
}

int smail__certificate_open(struct smail__certificate **out, const char *paths,
                            const char *host, smail_error *err)
{
    smail_span rest = smail__span(paths);
    X509 *first = NULL, *one = NULL;
    int rc = 0;

    while (rc == 0 && one == NULL && rest.len > 0) {
        smail_span path = smail__span_trim(smail__span_cut(&rest, ','));

        rc = read_file(&one, path, err);
        if (rc != 0 || is_for(one, host))
            break;
        if (first == NULL)
            first = one;
        else
            X509_free(one);
        one = NULL;
    }
    if (rc == 0 && one == NULL && first == NULL)
        rc = smail__fail(err, SMAIL_ENOTFOUND, "no certificate is named");
    if (rc == 0 && (*out = calloc(1, sizeof(**out))) == NULL)
        rc = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (rc != 0) {
        X509_free(one);
        X509_free(first);
        return rc;
    }
    (*out)->x509 = one != NULL ? one : first;
    if (one != NULL)
        X509_free(first);
    return 0;
}

void smail__certificate_free(struct smail__certificate *certificate)
{
    if (certificate == NULL)
        return;
    X509_free(certificate->x509);
    free(certificate);
}

bool smail__certificate_is_for(const struct smail__certificate *certificate,
                               const char *host)
{
    return is_for(certificate->x509, host);
}

static int put(struct smail__buf *out, const unsigned char *octets, size_t len,
               unsigned matching)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;

    if (matching == 0) {
        smail__buf_append(out, (smail_span){ (const char *)octets, len });
        return smail__buf_error(out);
    }
    if (EVP_Digest(octets, len, digest, &digest_len,
                   matching == 1 ? EVP_sha256() : EVP_sha512(), NULL) != 1)
        return SMAIL_ENOMEM;
    smail__buf_append(out, (smail_span){ (const char *)digest, digest_len });
    return smail__buf_error(out);
}

int smail__certificate_data(struct smail__buf *out,
                            const struct smail__certificate *certificate,
                            unsigned selector, unsigned matching,
                            smail_error *err)
{
    unsigned char *octets = NULL;
    int len, rc;

    if (selector > 1 || matching > 2)
        return smail__fail(err, SMAIL_EINVAL, "no such form of a certificate");
    len =
        selector == 0
            ? i2d_X509(certificate->x509, &octets)
            : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &octets);
    rc = len > 0 ? put(out, octets, (size_t)len, matching) : SMAIL_ENOMEM;
    OPENSSL_free(octets);
    return rc == 0 ? 0 : smail__fail(err, rc, "a certificate cannot be read");
}
