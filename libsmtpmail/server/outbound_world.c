/* SPDX-License-Identifier: MIT */
/* server/outbound_world.c - connections, TLS and DNS for the sender. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "crypto/random.h"
#include "net/race.h"
#include "server/outbound.h"

/* A connection, and the courier it is for; NULL once that has left. */
struct link {
    smail_outbound *outbound;
    struct smail__courier *courier;
    struct smail__race *race; /* until one of the addresses answers */
    struct smail__connection *connection;
    char why[200];
};

static smail_outbound *outbound_of(struct link *link)
{
    return link->outbound;
}

/* --- A connection -------------------------------------------------------- */

static void on_input(void *user, smail_span *input)
{
    struct link *link = user;

    if (link->courier == NULL) {
        *input = smail__span_from(*input, input->len);
        return;
    }
    if (input->len > 0 || link->courier != NULL) {
        smail__outbound_now(outbound_of(link));
        smail__courier_input(link->courier, input);
    }
    smail__outbound_pump(outbound_of(link));
}

static smail_span on_output(void *user)
{
    struct link *link = user;

    if (link->courier == NULL)
        return (smail_span){ "", 0 };
    smail__outbound_now(outbound_of(link));
    return smail__courier_output(link->courier);
}

static void on_sent(void *user, size_t len)
{
    struct link *link = user;

    if (link->courier != NULL)
        smail__courier_sent(link->courier, len);
    smail__outbound_pump(outbound_of(link));
}

static bool on_is_waiting(void *user)
{
    (void)user;
    return false;
}

static void on_secured(void *user)
{
    struct link *link = user;
    struct smail__tls_got got = { .protocol = NULL };

    if (link->courier == NULL)
        return;
    got.protocol = smail__connection_tls_protocol(link->connection);
    got.cipher = smail__connection_tls_cipher(link->connection);
    got.is_verified = link->why[0] == 'v';
    got.fault = smail__connection_tls_fault(link->connection);
    smail__outbound_now(outbound_of(link));
    smail__courier_secured(link->courier, &got);
    smail__outbound_pump(outbound_of(link));
}

static void on_deadline(void *user)
{
    (void)user; /* the sender keeps the time */
}

static void on_closed(void *user, const char *why)
{
    struct link *link = user;
    smail_outbound *outbound = outbound_of(link);

    if (link->courier != NULL) {
        smail__outbound_now(outbound);
        smail__courier_closed(
            link->courier, why != NULL ? why : "the connection broke",
            smail__connection_tls_failed(link->connection)
                ? smail__connection_tls_fault(link->connection)
                : SMAIL__TLS_FAULT_NONE);
    }
    free(link);
    outbound->links--;
    smail__outbound_pump(outbound);
}

static const struct smail__connection_handler handler = {
    .input = on_input,
    .output = on_output,
    .sent = on_sent,
    .is_waiting = on_is_waiting,
    .secured = on_secured,
    .deadline = on_deadline,
    .closed = on_closed,
};

/* --- The call ------------------------------------------------------------ */

static void give_up(struct link *link, const char *why)
{
    smail_outbound *outbound = outbound_of(link);

    smail__courier_closed(link->courier, why, SMAIL__TLS_FAULT_NONE);
    free(link);
    outbound->links--;
}

static void on_race_over(int fd, size_t index, const char *why, void *user)
{
    struct link *link = user;
    smail_outbound *outbound = outbound_of(link);
    smail_error err = SMAIL_ERROR_INIT;

    link->race = NULL;
    smail__outbound_now(outbound);
    if (fd < 0) {
        give_up(link, why);
    } else if (smail__connection_new(&link->connection, outbound->loop, fd,
                                     &handler, link, &err) < 0) {
        give_up(link, err.message);
    } else {
        smail__connection_linger(link->connection, 65536, 1000);
        smail__connection_start(link->connection);
        smail__courier_connected(link->courier, index);
    }
    smail__outbound_pump(outbound);
}

/* False: the system chooses. */
static bool find_source(struct smail__racer *racer,
                        const struct smail__route *route)
{
    bool six = racer->to.is_ipv6;
    const char *text = six ? route->source_ipv6 : route->source_ipv4;
    char with_port[SMAIL__ADDRESS_TEXT + 8];

    if (text == NULL)
        return false;
    smail__format(with_port, sizeof(with_port), six ? "[%s]:0" : "%s:0", text);
    return smail__endpoint_parse(&racer->source, smail__span(with_port),
                                 NULL) == 0;
}

static void do_connect(void *world, struct smail__courier *courier,
                       const struct smail__endpoint *to, size_t count,
                       const struct smail__route *route)
{
    smail_outbound *outbound = world;
    struct smail__racer list[SMAIL__RACE_ADDRESSES_MAX] = { { { 0 } } };
    struct link *link = calloc(1, sizeof(*link));

    smail__courier_set_link(courier, link);
    if (link == NULL)
        return; /* the courier's time runs out */
    link->outbound = outbound;
    link->courier = courier;
    if (count > SMAIL__RACE_ADDRESSES_MAX)
        count = SMAIL__RACE_ADDRESSES_MAX;
    for (size_t i = 0; i < count; i++) {
        list[i].to = to[i];
        list[i].has_source = find_source(&list[i], route);
    }
    if (smail__race_start(&link->race, outbound->loop, list, count,
                          on_race_over, link, NULL) == 0) {
        outbound->links++;
        return;
    }
    smail__courier_set_link(courier, NULL);
    free(link);
}

static size_t list_associations(struct smail__tls_association *out,
                                const struct smail__host *host)
{
    for (size_t i = 0; i < host->tlsa_count; i++)
        out[i] =
            (struct smail__tls_association){ host->tlsa[i].usage,
                                             host->tlsa[i].selector,
                                             host->tlsa[i].matching,
                                             { (const char *)host->tlsa[i].data,
                                               host->tlsa[i].len } };
    return host->tlsa_count;
}

static void do_start_tls(void *world, struct smail__courier *courier,
                         const struct smail__tls_wish *wish)
{
    smail_outbound *outbound = world;
    struct link *link = smail__courier_link(courier);
    struct smail__tls_association list[SMAIL__HOST_TLSA_MAX];
    struct smail__tls_expected expected = {
        .name = wish->name,
        .also = wish->also,
        .verify = wish->level >= SMAIL__TLS_VERIFY,
        .associations = list,
    };
    struct smail__tls_stream *stream = NULL;
    smail_error err = SMAIL_ERROR_INIT;
    int code;

    if (link == NULL || link->connection == NULL)
        return;
    if (wish->level == SMAIL__TLS_DANE)
        expected.association_count = list_associations(list, wish->host);
    link->why[0] = wish->level >= SMAIL__TLS_VERIFY ? 'v' : '\0';
    code = smail__tls_stream_new(&stream, outbound->tls, NULL, &err);
    if (code == 0)
        code = smail__tls_stream_expect(stream, &expected, &err);
    if (code == 0) {
        smail__connection_start_tls_with(link->connection, stream);
        return;
    }
    smail__tls_stream_free(stream);
    smail__connection_abort(link->connection, "TLS cannot be set up");
}

static void do_wake(void *world, struct smail__courier *courier)
{
    struct link *link = smail__courier_link(courier);

    (void)world;
    if (link != NULL && link->connection != NULL)
        smail__connection_wake(link->connection);
}

static void do_close(void *world, struct smail__courier *courier, bool abort)
{
    struct link *link = smail__courier_link(courier);

    (void)world;
    smail__courier_set_link(courier, NULL);
    if (link == NULL)
        return;
    link->courier = NULL;
    if (link->race != NULL) {
        smail__race_cancel(link->race);
        link->outbound->links--;
        free(link);
    } else if (abort) {
        smail__connection_abort(link->connection, "given up");
    } else {
        smail__connection_finish(link->connection);
    }
}

/* --- DNS ----------------------------------------------------------------- */

struct question {
    struct smail__query query;
    struct smail__task failed;
    smail_outbound *outbound;
    uint64_t number;
    enum smail__dns_type type;
    char name[SMAIL__DNS_NAME_ROOM];
};

static void answer(struct question *question,
                   const struct smail__dns_answer *answer)
{
    smail_outbound *outbound = question->outbound;

    if (outbound->sender != NULL) {
        smail__outbound_now(outbound);
        smail__sender_answered(outbound->sender, question->number,
                               question->name, question->type, answer);
    }
    outbound->questions--;
    free(question);
    smail__outbound_pump(outbound);
}

static void on_answer(struct smail__query *query,
                      const struct smail__dns_answer *got)
{
    answer((struct question *)query, got);
}

static void on_no_question(struct smail__task *task)
{
    answer(
        (struct question *)((char *)task - offsetof(struct question, failed)),
        NULL);
}

static void do_ask(void *world, uint64_t number, const char *name,
                   enum smail__dns_type type)
{
    smail_outbound *outbound = world;
    struct question *question = calloc(1, sizeof(*question));

    if (question == NULL)
        return;
    outbound->questions++;
    question->outbound = outbound;
    question->number = number;
    question->type = type;
    question->query.done = on_answer;
    question->failed.run = on_no_question;
    smail__format(question->name, sizeof(question->name), "%s", name);
    if (smail__resolver_ask(outbound->resolver, &question->query,
                            outbound->loop, name, type) < 0)
        smail__loop_post(outbound->loop, &question->failed);
}

/* --- The rest ------------------------------------------------------------ */

static uint64_t do_random(void *world)
{
    uint64_t number = 0;

    (void)world;
    (void)smail__random(&number, sizeof(number), NULL);
    return number;
}

void smail__outbound_world(struct smail__world *out, smail_outbound *outbound)
{
    *out = (struct smail__world){
        .world = outbound,
        .ask = do_ask,
        .fetch_sts = smail__outbound_fetch_sts,
        .connect = do_connect,
        .start_tls = do_start_tls,
        .wake = do_wake,
        .close = do_close,
        .claim = smail__outbound_claim,
        .settle = smail__outbound_settle,
        .renew = smail__outbound_renew,
        .open = smail__outbound_open,
        .read = smail__outbound_read,
        .close_content = smail__outbound_close,
        .random = do_random,
        .count_tls = smail__outbound_count_tls,
        .log = smail__outbound_log,
    };
}
