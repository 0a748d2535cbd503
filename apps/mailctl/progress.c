/* SPDX-License-Identifier: MIT */
/* progress.c - see progress.h. */
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/span.h"

#define SECOND ((int64_t)1000000000)

/* Between two looks of the bar, and between two lines. */
#define BAR_EVERY (SECOND / 5)
#define LINE_EVERY (2 * SECOND)

#define BAR_WIDTH 24

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

bool progress_is_interrupted(void)
{
    return interrupted != 0;
}

static int64_t monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

void progress_begin(struct progress *progress, const struct ctl *ctl)
{
    /* The second one ends us at once. */
    struct sigaction action = { .sa_handler = interrupt,
                                .sa_flags = (int)SA_RESETHAND | SA_RESTART };

    *progress = (struct progress){ .is_terminal = isatty(STDERR_FILENO) != 0 };
    progress->is_shown =
        progress->is_terminal || ctl_option(ctl, "progress") != NULL;
    progress->began = monotonic();
    progress->next = progress->began + BAR_EVERY;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* "1:02:03" or "2:03". */
static void put_time(struct smail__buf *out, int64_t seconds)
{
    if (seconds >= 3600)
        smail__buf_printf(
            out, "%lld:%02lld:%02lld", (long long)(seconds / 3600),
            (long long)(seconds / 60 % 60), (long long)(seconds % 60));
    else
        smail__buf_printf(out, "%lld:%02lld", (long long)(seconds / 60),
                          (long long)(seconds % 60));
}

static void put_octets(struct smail__buf *out, uint64_t octets)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    size_t unit = 0;

    while (octets >= 10240 && unit < 4) {
        octets /= 1024;
        unit++;
    }
    smail__buf_printf(out, "%llu %s", (unsigned long long)octets, units[unit]);
}

static void put_bar(struct smail__buf *out, unsigned percent)
{
    smail__buf_putc(out, '[');
    for (unsigned i = 0; i < BAR_WIDTH; i++)
        smail__buf_putc(out, i * 100 < percent * BAR_WIDTH ? '#' : ' ');
    smail__buf_puts(out, "] ");
}

static void put_state(struct smail__buf *out, const struct progress *progress,
                      const smail_transfer_progress *now)
{
    int64_t elapsed = monotonic() - progress->began;
    uint64_t milliseconds = (uint64_t)elapsed / 1000000 + 1;
    uint64_t done = now->done < now->total ? now->done : now->total;

    if (now->total > 0) {
        unsigned percent = (unsigned)((double)done * 100 / (double)now->total);

        if (progress->is_terminal)
            put_bar(out, percent);
        smail__buf_printf(out, "%3u%%, ", percent);
    }
    smail__buf_printf(
        out, "%llu messages, %llu/s, ", (unsigned long long)now->messages,
        (unsigned long long)(now->messages * 1000 / milliseconds));
    put_octets(out, now->octets / milliseconds * 1000);
    smail__buf_puts(out, "/s");
    if (now->total == 0 || done == 0 || done == now->total)
        return;
    smail__buf_puts(out, ", ");
    put_time(out, (int64_t)((double)elapsed / (double)done *
                            (double)(now->total - done) / (double)SECOND) +
                      1);
    smail__buf_puts(out, " left");
}

static void show(const struct progress *progress)
{
    struct smail__buf line;

    smail__buf_init(&line, 1024, NULL);
    if (progress->is_terminal)
        smail__buf_puts(&line, "\r");
    put_state(&line, progress, &progress->last);
    smail__buf_puts(&line, progress->is_terminal ? "\033[K" : "\n");
    fwrite(line.data, 1, line.len, stderr);
    fflush(stderr);
    smail__buf_dispose(&line);
}

bool progress_tell(const smail_transfer_progress *now, void *user)
{
    struct progress *progress = user;

    progress->last = *now;
    if (progress->is_shown && monotonic() >= progress->next) {
        progress->next =
            monotonic() + (progress->is_terminal ? BAR_EVERY : LINE_EVERY);
        show(progress);
    }
    return interrupted != 0;
}

void progress_clear(const struct progress *progress)
{
    if (progress->is_shown && progress->is_terminal)
        fputs("\r\033[K", stderr);
}

void progress_end(struct progress *progress)
{
    if (!progress->is_shown)
        return;
    if (progress->is_terminal)
        progress_clear(progress);
    else
        show(progress);
}
