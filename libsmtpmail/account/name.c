/* SPDX-License-Identifier: MIT */
#include "account/name.h"

#include <string.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "base/utf8.h"
#include "dns/idna.h"
#include "message/fold.h"

/* RFC 2142, 3 to 5: who writes there expects a role and not a person. */
static const struct {
    const char *local;
    const char *why;
} reserved[] = {
    { "postmaster", "those who run this mail server" },
    { "abuse", "those who stop misuse" },
    { "noc", "those who run the network" },
    { "security", "those who handle security incidents" },
    { "hostmaster", "those who run the DNS" },
    { "webmaster", "those who run the web site" },
    { "www", "those who run the web site" },
    { "usenet", "those who run the news service" },
    { "news", "those who run the news service" },
    { "uucp", "those who run UUCP" },
    { "ftp", "those who run the FTP service" },
    { "info", "the organisation" },
    { "marketing", "the organisation" },
    { "sales", "the organisation" },
    { "support", "the organisation" },
};

bool smail__name_is_admin(smail_span local)
{
    return smail__span_iis(local, "postmaster") ||
           smail__span_iis(local, "abuse");
}

const char *smail__name_reserved(smail_span local)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (smail__span_iis(local, reserved[i].local))
            return reserved[i].why;
    }
    return NULL;
}

/* RFC 6531, 3.3: case folded, and one form of each character. */
static bool fold_wide(char out[SMAIL_LOCAL_PART_MAX + 1], const char *local)
{
    struct smail__buf folded;
    bool fits;

    smail__buf_init(&folded, (size_t)16 * SMAIL_LOCAL_PART_MAX, NULL);
    fits = smail__fold_name(&folded, smail__span(local)) == 0 &&
           folded.len <= SMAIL_LOCAL_PART_MAX;
    if (fits)
        memcpy(out, folded.data, folded.len + 1);
    smail__buf_dispose(&folded);
    return fits;
}

/* RFC 5321, 4.1.2: the quoted and the plain form of a text are one. */
static bool fold_local(char out[SMAIL_LOCAL_PART_MAX + 1], smail_span local)
{
    bool is_quoted = local.len >= 2 && local.data[0] == '"';
    size_t len = 0;

    if (is_quoted)
        local = smail__span_slice(local, 1, local.len - 2);
    if (local.len > SMAIL_LOCAL_PART_MAX)
        return false;
    for (size_t i = 0; i < local.len; i++) {
        if (is_quoted && local.data[i] == '\\' && i + 1 < local.len)
            i++;
        if (local.data[i] == '\0')
            return false;
        out[len++] = smail__lower(local.data[i]);
    }
    out[len] = '\0';
    return smail__is_ascii((smail_span){ out, len }) || fold_wide(out, out);
}

static bool fold_domain(char out[SMAIL_DOMAIN_MAX + 1], smail_span domain)
{
    if (!smail__is_ascii(domain))
        return smail__idna_to_ascii(out, domain) == 0;
    if (domain.len > SMAIL_DOMAIN_MAX ||
        smail__span_find(domain, '\0') < domain.len ||
        (domain.len > 0 && domain.data[0] == '['))
        return false;
    for (size_t i = 0; i < domain.len; i++)
        out[i] = smail__lower(domain.data[i]);
    out[domain.len] = '\0';
    return true;
}

int smail__name_fold(struct smail__name *out, const smail_path *path,
                     smail_error *err)
{
    if (!fold_domain(out->domain, path->domain) ||
        !fold_local(out->local, path->local))
        return smail__fail(err, SMAIL_EINVAL,
                           "the address cannot be one of this server");
    return 0;
}

static bool is_label(smail_span label)
{
    if (label.len == 0 || label.len > 63 || label.data[0] == '-' ||
        label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!smail__is_alnum(label.data[i]) && label.data[i] != '-')
            return false;
    }
    return true;
}

/* RFC 1123, 2.1: the last label is not all digits, or it were an address. */
static bool is_domain(smail_span text)
{
    uint64_t number;
    smail_span label = text;

    if (text.len == 0 || text.len > 253 || text.data[text.len - 1] == '.')
        return false;
    while (text.len > 0) {
        label = smail__span_cut(&text, '.');
        if (!is_label(label))
            return false;
    }
    return smail__span_number(&number, label) != 0;
}

int smail__name_domain(char out[SMAIL_DOMAIN_MAX + 1], const char *text,
                       smail_error *err)
{
    smail_span span = smail__span(text);

    if (!fold_domain(out, span) || !is_domain(smail__span(out)))
        return smail__fail(err, SMAIL_EINVAL, "'%.*s' is not a domain name",
                           SMAIL__SPAN_ARG(smail__utf8_clip(span, 100)));
    return 0;
}

int smail__name_parse(struct smail__name *out, const char *text,
                      bool may_be_catch_all, smail_error *err)
{
    smail_span span = smail__span(text);
    smail_span shown = smail__utf8_clip(span, 100);
    smail_path path;

    if (may_be_catch_all && span.len > 0 && span.data[0] == '@') {
        out->local[0] = '\0';
        return smail__name_domain(out->domain, text + 1, err);
    }
    if (smail_path_parse(&path, span, true) != 0 || path.local.len == 0 ||
        path.local.data[0] == '"' || !fold_domain(out->domain, path.domain) ||
        !is_domain(smail__span(out->domain)))
        return smail__fail(err, SMAIL_EINVAL,
                           "'%.*s' is not an address, as user@example.org",
                           SMAIL__SPAN_ARG(shown));
    return smail__name_fold(out, &path, err);
}

void smail__name_text(char out[SMAIL__NAME_SIZE],
                      const struct smail__name *name)
{
    smail__format(out, SMAIL__NAME_SIZE, "%s@%s", name->local, name->domain);
}

bool smail__name_of_user(char out[SMAIL__NAME_SIZE], smail_span user)
{
    struct smail__name name;
    char text[SMAIL__NAME_SIZE];

    if (user.len >= sizeof(text) || smail__span_find(user, '\0') < user.len)
        return false;
    smail__format(text, sizeof(text), "%.*s", SMAIL__SPAN_ARG(user));
    if (smail__name_parse(&name, text, false, NULL) != 0)
        return false;
    smail__name_text(out, &name);
    return true;
}
