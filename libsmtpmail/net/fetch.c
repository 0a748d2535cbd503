/* SPDX-License-Identifier: MIT */
/* net/fetch.c - see net/fetch.h. */
#include "net/fetch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "crypto/tls.h"

#define THREADS 2
#define HTTPS_PORT 443

/* Octets of a reply's head. */
#define HEAD_MAX 16384

struct smail__fetcher {
    struct smail__workers *workers;
    struct smail__tls_context *tls;
    atomic_bool stops;
};

/* One transfer, on its thread. */
struct transfer {
    struct smail__fetch *fetch;
    size_t head; /* octets of it so far */
    bool too_long;
    char reason[CURL_ERROR_SIZE];
};

/* --- What libcurl calls -------------------------------------------------- */

static size_t on_text(char *data, size_t size, size_t count, void *user)
{
    struct transfer *transfer = user;
    size_t len = size * count;

    smail__buf_append(&transfer->fetch->text, (smail_span){ data, len });
    if (smail__buf_error(&transfer->fetch->text) == 0)
        return len;
    transfer->too_long = true;
    return 0;
}

static size_t on_head(char *data, size_t size, size_t count, void *user)
{
    struct transfer *transfer = user;

    (void)data;
    transfer->head += size * count;
    if (transfer->head <= HEAD_MAX)
        return size * count;
    transfer->too_long = true;
    return 0;
}

static int on_progress(void *user, curl_off_t expected, curl_off_t came,
                       curl_off_t to_send, curl_off_t sent)
{
    const struct transfer *transfer = user;

    (void)expected;
    (void)came;
    (void)to_send;
    (void)sent;
    return atomic_load(&transfer->fetch->fetcher->stops) ? 1 : 0;
}

static CURLcode on_tls(CURL *curl, void *context, void *user)
{
    const struct transfer *transfer = user;

    (void)curl;
    return smail__tls_lend(context, transfer->fetch->fetcher->tls,
                           transfer->fetch->host) == 0
               ? CURLE_OK
               : CURLE_SSL_CERTPROBLEM;
}

/* --- One text ------------------------------------------------------------ */

/* "host:443:192.0.2.1,[2001:db8::1]": nobody but us is asked for it. */
static struct curl_slist *list_addresses(const struct smail__fetch *fetch)
{
    struct smail__buf text;
    struct curl_slist *list = NULL;

    smail__buf_init(&text, 4096, NULL);
    smail__buf_printf(&text, "%s:%u:", fetch->host, (unsigned)fetch->port);
    for (size_t i = 0; i < fetch->address_count; i++) {
        char one[SMAIL__ADDRESS_TEXT + 8];

        smail__endpoint_text(one, &fetch->addresses[i]);
        smail__buf_printf(&text,
                          fetch->addresses[i].is_ipv6 ? "%s[%s]" : "%s%s",
                          i > 0 ? "," : "", one);
    }
    if (smail__buf_error(&text) == 0)
        list = curl_slist_append(NULL, text.data);
    smail__buf_dispose(&text);
    return list;
}

static bool set_bounds(CURL *curl, struct transfer *transfer)
{
    const struct smail__fetch *fetch = transfer->fetch;

    return curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)fetch->patience) ==
               0 &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == 0 &&
           curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
                            (long)CURL_HTTP_VERSION_1_1) == 0 &&
           curl_easy_setopt(curl, CURLOPT_HTTP09_ALLOWED, 0L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head) == 0 &&
           curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer) == 0 &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_text) == 0 &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer) == 0 &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == 0 &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer) == 0;
}

/* Whom to trust comes from our own context, which was read while there were
 * rights to. */
static bool set_trust(CURL *curl, struct transfer *transfer)
{
    return curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == 0 &&
           curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                            (long)CURL_SSLVERSION_TLSv1_2) == 0 &&
           curl_easy_setopt(curl, CURLOPT_CAINFO, NULL) == 0 &&
           curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == 0 &&
           curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_tls) == 0 &&
           curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, transfer) == 0;
}

static bool set_up(CURL *curl, struct transfer *transfer,
                   struct curl_slist *addresses)
{
    const struct smail__fetch *fetch = transfer->fetch;
    struct smail__buf url;
    bool is_done;

    smail__buf_init(&url, 4096, NULL);
    smail__buf_printf(&url, "https://%s", fetch->host);
    if (fetch->port != HTTPS_PORT)
        smail__buf_printf(&url, ":%u", (unsigned)fetch->port);
    smail__buf_puts(&url, fetch->path);
    is_done =
        smail__buf_error(&url) == 0 &&
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->reason) == 0 &&
        curl_easy_setopt(curl, CURLOPT_URL, url.data) == 0 &&
        curl_easy_setopt(curl, CURLOPT_RESOLVE, addresses) == 0;
    smail__buf_dispose(&url);
    return is_done && set_bounds(curl, transfer) && set_trust(curl, transfer);
}

static void end(struct smail__fetch *fetch, enum smail__fetch_result result,
                const char *why)
{
    fetch->result = result;
    smail__format(fetch->why, sizeof(fetch->why), "%s", why);
}

/* RFC 8461, 3.3: parameters of the type do not matter. */
static bool is_plain_text(const char *type)
{
    smail_span rest = smail__span(type);

    return smail__span_iis(smail__span_trim(smail__span_cut(&rest, ';')),
                           "text/plain");
}

static void look_at(CURL *curl, struct smail__fetch *fetch)
{
    const char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (status != 200) {
        fetch->result = SMAIL__FETCH_NOT_THERE;
        smail__format(fetch->why, sizeof(fetch->why), "HTTP status %ld%s",
                      status,
                      status / 100 == 3 ? ", which is not followed" : "");
    } else if (!is_plain_text(type)) {
        end(fetch, SMAIL__FETCH_NOT_THERE, "it is not of type text/plain");
    } else {
        end(fetch, SMAIL__FETCH_DONE, "");
    }
}

static void transfer_it(CURL *curl, struct transfer *transfer)
{
    struct smail__fetch *fetch = transfer->fetch;
    CURLcode code = curl_easy_perform(curl);

    if (code == CURLE_OK)
        look_at(curl, fetch);
    else if (transfer->too_long)
        end(fetch, SMAIL__FETCH_NOT_THERE, "it is too long");
    else
        end(fetch,
            code == CURLE_PEER_FAILED_VERIFICATION ? SMAIL__FETCH_UNTRUSTED
                                                   : SMAIL__FETCH_NO_ANSWER,
            transfer->reason[0] != '\0' ? transfer->reason
                                        : curl_easy_strerror(code));
}

static void run(struct smail__work *work)
{
    struct smail__fetch *fetch =
        (struct smail__fetch *)((char *)work -
                                offsetof(struct smail__fetch, work));
    struct transfer transfer = { .fetch = fetch };
    struct curl_slist *addresses = list_addresses(fetch);
    CURL *curl = curl_easy_init();

    if (atomic_load(&fetch->fetcher->stops))
        end(fetch, SMAIL__FETCH_NO_ANSWER, "we stop");
    else if (curl != NULL && addresses != NULL &&
             set_up(curl, &transfer, addresses))
        transfer_it(curl, &transfer);
    else
        end(fetch, SMAIL__FETCH_NO_ANSWER, "libcurl cannot be set up");
    curl_easy_cleanup(curl);
    curl_slist_free_all(addresses);
    if (fetch->result != SMAIL__FETCH_DONE)
        smail__buf_clear(&fetch->text);
    smail__loop_post(fetch->loop, &fetch->task);
}

static void told(struct smail__task *task)
{
    struct smail__fetch *fetch =
        (struct smail__fetch *)((char *)task -
                                offsetof(struct smail__fetch, task));

    fetch->done(fetch);
}

/* --- Life ---------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

int smail__fetcher_new(struct smail__fetcher **out,
                       struct smail__tls_context *tls, smail_error *err)
{
    struct smail__fetcher *fetcher = calloc(1, sizeof(*fetcher));
    int rc;

    if (fetcher == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    pthread_once(&once, begin);
    fetcher->tls = tls;
    atomic_init(&fetcher->stops, false);
    rc = smail__workers_new(&fetcher->workers, THREADS, SMAIL__FETCH_QUEUE_MAX,
                            0, err);
    if (rc != 0) {
        free(fetcher);
        return rc;
    }
    *out = fetcher;
    return 0;
}

void smail__fetcher_free(struct smail__fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    atomic_store(&fetcher->stops, true);
    smail__workers_free(fetcher->workers);
    free(fetcher);
}

int smail__fetch_start(struct smail__fetcher *fetcher,
                       struct smail__fetch *fetch, struct smail__loop *loop)
{
    if (fetch->port == 0)
        fetch->port = HTTPS_PORT;
    fetch->fetcher = fetcher;
    fetch->loop = loop;
    fetch->work.run = run;
    fetch->task.run = told;
    fetch->why[0] = '\0';
    smail__buf_init(&fetch->text, fetch->octets_max, NULL);
    return smail__workers_submit(fetcher->workers, &fetch->work);
}

void smail__fetch_dispose(struct smail__fetch *fetch)
{
    smail__buf_dispose(&fetch->text);
}
