/* SPDX-License-Identifier: MIT */
/*
 * store_cost.c - what one operation of the store costs in a small account and
 * in a large one, measured inside the library. size.py runs it.
 *
 *   bench_store_cost fill STORE COUNT          an account of COUNT messages
 *   bench_store_cost measure SMALL LARGE ROUNDS
 *   bench_store_cost bring STORE FILE...       an account of these messages
 *
 * The messages are small, of words whose frequency falls as it does in a
 * language; three of each account have a rare word. Small and large take turns
 * so that what else the machine does falls on both; medians are printed.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <smtpmail/account.h>
#include <smtpmail/store.h>

#define ADDRESS "alice@example.test"
#define WORDS 20000
#define IN_FLIGHT 2048
#define PAGE 50

static void fail(const char *what, const smail_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->message);
    exit(1);
}

/* --- Text ---------------------------------------------------------------- */

struct text {
    char data[2048];
    size_t len;
};

static uint32_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

static void put(struct text *text, const char *piece)
{
    size_t len = strlen(piece);

    if (len > sizeof(text->data) - text->len)
        len = sizeof(text->data) - text->len;
    memcpy(text->data + text->len, piece, len);
    text->len += len;
}

/* A word by its rank, made of syllables. */
static void put_word(struct text *text, uint32_t rank)
{
    static const char *const syllables[] = { "ka",  "lo", "mi", "ter", "su",
                                             "ran", "de", "vo", "pil", "ga" };

    do {
        put(text, syllables[rank % 10]);
        rank /= 10;
    } while (rank > 0);
}

/* The rank of a word falls off as 1/rank. */
static uint32_t draw_rank(uint64_t *state)
{
    uint32_t bits = draw(state) % 15;

    return (draw(state) & ((1u << bits) - 1)) + (1u << bits) - 1;
}

static void put_words(struct text *text, uint64_t *state, int count)
{
    for (int i = 0; i < count; i++) {
        put_word(text, draw_rank(state) % WORDS);
        put(text, i % 12 == 11 ? "\r\n" : " ");
    }
}

static void make(struct text *text, uint64_t number, bool is_rare)
{
    uint64_t state = number * 2654435761u + 17;
    char line[200];

    text->len = 0;
    snprintf(line, sizeof(line),
             "From: Writer %u <writer%u@example.org>\r\n"
             "To: Alice <" ADDRESS ">\r\nMessage-ID: <%llu@example.org>\r\n",
             draw(&state) % 2000, draw(&state) % 2000,
             (unsigned long long)number);
    put(text, line);
    if (number > 3 && number % 3 == 0) {
        snprintf(line, sizeof(line), "References: <%llu@example.org>\r\n",
                 (unsigned long long)(number - 1 - draw(&state) % 3));
        put(text, line);
    }
    put(text, "Subject: ");
    put_words(text, &state, 5);
    put(text, "\r\n\r\nbonjour ");
    if (is_rare)
        put(text, "zyzzyva ");
    put_words(text, &state, 50);
    put(text, "\r\n");
}

/* --- Fill ---------------------------------------------------------------- */

struct window {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t in_flight;
};

struct flight {
    struct window *window;
    smail_append *append;
};

static void landed(const smail_error *error, const smail_appended *results,
                   void *user)
{
    struct flight *flight = user;
    struct window *window = flight->window;

    (void)results;
    if (error != NULL)
        fail("append", error);
    pthread_mutex_lock(&window->mutex);
    window->in_flight--;
    pthread_cond_signal(&window->changed);
    pthread_mutex_unlock(&window->mutex);
}

static void wait_below(struct window *window, size_t most)
{
    pthread_mutex_lock(&window->mutex);
    while (window->in_flight >= most)
        pthread_cond_wait(&window->changed, &window->mutex);
    window->in_flight++;
    pthread_mutex_unlock(&window->mutex);
}

static void fly(struct flight *flight, smail_store *store, smail_id account,
                smail_span bytes, int64_t at)
{
    smail_target target = { account, 0, at % 5 != 0 ? "$seen" : NULL, at };
    smail_error err = SMAIL_ERROR_INIT;

    smail_append_free(flight->append);
    flight->append = NULL;
    if (smail_append_new(&flight->append, store, &err) < 0 ||
        smail_append_write(flight->append, bytes, &err) < 0 ||
        smail_append_commit_later(flight->append, &target, 1, landed, flight,
                                  &err) < 0)
        fail("append", &err);
}

static smail_store *open_store(const char *url)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store;

    if (smail_store_open(&store, url, &options, &err) < 0)
        fail(url, &err);
    return store;
}

static uint64_t lag_of(smail_store *store)
{
    smail_error err = SMAIL_ERROR_INIT;
    uint64_t lag;

    if (smail_store_index_lag(&lag, store, &err) < 0)
        fail("lag", &err);
    return lag;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static smail_id find_account(smail_store *store)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_id account;

    if (smail_account_find(&account, store, ADDRESS, &err) < 0)
        fail(ADDRESS, &err);
    return account;
}

struct filling {
    struct window window;
    struct flight flights[IN_FLIGHT];
    smail_store *store;
    smail_id account;
    uint64_t count;
    double began;
};

static struct filling *begin_filling(const char *url)
{
    struct filling *filling = calloc(1, sizeof(*filling));
    smail_error err = SMAIL_ERROR_INIT;
    smail_id domain;

    if (filling == NULL)
        exit(1);
    pthread_mutex_init(&filling->window.mutex, NULL);
    pthread_cond_init(&filling->window.changed, NULL);
    filling->store = open_store(url);
    filling->began = seconds();
    if (smail_domain_add(&domain, filling->store, "example.test", &err) < 0 ||
        smail_account_add(&filling->account, filling->store, ADDRESS, NULL,
                          &err) < 0)
        fail("account", &err);
    return filling;
}

/* Commits end in the order of their beginning: what began half the slots ago
 * has ended. */
static void bring(struct filling *filling, smail_span bytes)
{
    struct flight *flight = &filling->flights[filling->count % IN_FLIGHT];

    wait_below(&filling->window, IN_FLIGHT / 2);
    flight->window = &filling->window;
    fly(flight, filling->store, filling->account, bytes,
        1600000000 + (int64_t)filling->count * 60);
    filling->count++;
}

static void end_filling(struct filling *filling)
{
    struct window *window = &filling->window;

    pthread_mutex_lock(&window->mutex);
    while (window->in_flight > 0)
        pthread_cond_wait(&window->changed, &window->mutex);
    pthread_mutex_unlock(&window->mutex);
    for (size_t i = 0; i < IN_FLIGHT; i++)
        smail_append_free(filling->flights[i].append);
    printf("stored  %llu in %.1f s\n", (unsigned long long)filling->count,
           seconds() - filling->began);
    fflush(stdout);
    while (lag_of(filling->store) > 0)
        usleep(20000);
    printf("indexed %llu in %.1f s\n", (unsigned long long)filling->count,
           seconds() - filling->began);
    smail_store_close(filling->store);
    free(filling);
}

static void fill(const char *url, uint64_t count)
{
    struct filling *filling = begin_filling(url);
    struct text text;

    for (uint64_t i = 0; i < count; i++) {
        make(&text, i + 1, i % (count / 3) == count / 6);
        bring(filling, (smail_span){ text.data, text.len });
    }
    end_filling(filling);
}

static void bring_files(const char *url, char **paths)
{
    struct filling *filling = begin_filling(url);
    size_t room = 64 << 20;
    char *bytes = malloc(room);

    for (; bytes != NULL && *paths != NULL; paths++) {
        FILE *file = fopen(*paths, "rb");

        if (file == NULL) {
            perror(*paths);
            exit(1);
        }
        bring(filling, (smail_span){ bytes, fread(bytes, 1, room, file) });
        fclose(file);
    }
    free(bytes);
    end_filling(filling);
}

/* --- Measure ------------------------------------------------------------- */

struct place {
    smail_store *store;
    smail_id account, inbox;
    uint64_t next; /* number of the next message */
    smail_id newest;
};

static size_t read_list(struct place *place, smail_query *query)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    size_t count = 0;
    int code;

    query->account = place->account;
    if (smail_store_query(&cursor, place->store, query, &err) < 0)
        fail("query", &err);
    while ((code = smail_cursor_next(&entry, cursor, &err)) > 0)
        if (count++ == 0)
            place->newest = entry.email;
    if (code < 0)
        fail("query", &err);
    smail_cursor_free(cursor);
    return count;
}

static size_t search(struct place *place, const char *question, uint64_t limit)
{
    smail_query query = SMAIL_QUERY_INIT;

    query.search = question;
    query.limit = limit;
    return read_list(place, &query);
}

static void do_append(struct place *place)
{
    smail_target target = { place->account, 0, NULL, 0 };
    smail_error err = SMAIL_ERROR_INIT;
    smail_append *append;
    struct text text;

    make(&text, place->next++, false);
    if (smail_append_new(&append, place->store, &err) < 0 ||
        smail_append_write(append, (smail_span){ text.data, text.len }, &err) <
            0 ||
        smail_append_commit(append, &target, 1, NULL, &err) < 0)
        fail("append", &err);
    smail_append_free(append);
}

static void do_page(struct place *place)
{
    smail_query query = SMAIL_QUERY_INIT;

    query.mailbox = place->inbox;
    query.limit = PAGE;
    if (read_list(place, &query) != PAGE)
        exit(1);
}

static void do_flag(struct place *place)
{
    static unsigned turn;
    smail_error err = SMAIL_ERROR_INIT;
    bool add = turn++ / 2 % 2 == 0;

    if (smail_email_flag(place->store, place->account, place->newest,
                         add ? "$flagged" : NULL, add ? NULL : "$flagged",
                         &err) < 0)
        fail("flag", &err);
}

static void do_rare(struct place *place)
{
    if (search(place, "zyzzyva", PAGE) != 3)
        exit(1);
}

static void do_rare_from(struct place *place)
{
    (void)search(place, "zyzzyva from:writer", PAGE);
}

static void do_common(struct place *place)
{
    if (search(place, "bonjour", PAGE) != PAGE)
        exit(1);
}

static void do_common_two(struct place *place)
{
    if (search(place, "bonjour is:unread", PAGE) != PAGE)
        exit(1);
}

static void do_prefix(struct place *place)
{
    (void)search(place, "bo*", PAGE);
}

static void do_unread(struct place *place)
{
    if (search(place, "is:unread", PAGE) != PAGE)
        exit(1);
}

static const struct {
    const char *name;
    void (*run)(struct place *place);
    bool writes;
    bool is_promised; /* not to depend on the size */
    bool is_slow;
} works[] = {
    { "append", do_append, true, true, false },
    { "first page", do_page, false, true, false },
    { "one flag change", do_flag, true, true, false },
    { "rare word", do_rare, false, true, false },
    { "rare word and from:", do_rare_from, false, false, true },
    { "unread, newest", do_unread, false, false, false },
    { "word of all messages", do_common, false, false, true },
    { "the same, unread", do_common_two, false, false, true },
    { "prefix of all messages", do_prefix, false, false, true },
};

#define WORKS (sizeof(works) / sizeof(works[0]))

static int order(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *list, size_t count)
{
    qsort(list, count, sizeof(*list), order);
    return list[count / 2];
}

static void open_place(struct place *place, const char *url)
{
    smail_error err = SMAIL_ERROR_INIT;

    place->store = open_store(url);
    place->account = find_account(place->store);
    place->next = (uint64_t)time(NULL) * 1000;
    if (smail_mailbox_find(&place->inbox, place->store, place->account, "INBOX",
                           &err) < 0)
        fail("inbox", &err);
    do_page(place);
}

static void compare(size_t work, struct place places[2], size_t rounds)
{
    double *times[2] = { calloc(rounds, sizeof(double)),
                         calloc(rounds, sizeof(double)) };
    double medians[2];

    if (times[0] == NULL || times[1] == NULL)
        exit(1);
    for (size_t i = 0; i < 2 * rounds; i++) {
        double began = seconds();

        works[work].run(&places[i % 2]);
        times[i % 2][i / 2] = seconds() - began;
    }
    for (size_t i = 0; i < 2; i++) {
        medians[i] = median(times[i], rounds) * 1e6;
        free(times[i]);
    }
    printf("%s\t%.0f\t%.0f\t%.2f\t%d\n", works[work].name, medians[0],
           medians[1], medians[1] / medians[0], works[work].is_promised);
    fflush(stdout);
}

static void measure(const char *small, const char *large, size_t rounds)
{
    struct place places[2];

    open_place(&places[0], small);
    open_place(&places[1], large);
    for (size_t i = 0; i < WORKS; i++) {
        while (lag_of(places[0].store) > 0 || lag_of(places[1].store) > 0)
            usleep(100000);
        works[i].run(&places[0]); /* so that both begin warm */
        works[i].run(&places[1]);
        compare(i, places, works[i].is_slow ? rounds / 20 + 3 : rounds);
    }
    smail_store_close(places[0].store);
    smail_store_close(places[1].store);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "fill") == 0) {
        fill(argv[2], strtoull(argv[3], NULL, 10));
    } else if (argc == 5 && strcmp(argv[1], "measure") == 0) {
        measure(argv[2], argv[3], strtoull(argv[4], NULL, 10));
    } else if (argc > 3 && strcmp(argv[1], "bring") == 0) {
        bring_files(argv[2], argv + 3);
    } else {
        fprintf(stderr, "usage: bench_store_cost fill STORE COUNT\n"
                        "       bench_store_cost measure SMALL LARGE ROUNDS\n"
                        "       bench_store_cost bring STORE FILE...\n");
        return 2;
    }
    return 0;
}
