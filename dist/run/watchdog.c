#include "dist/run/watchdog.h"

#include "dist/program/exit_code.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOKS = 4 }; /* in the time that it waits for a beat */

struct stand {
    atomic_llong unit;  /* -1: none */
    atomic_llong since; /* milliseconds */
};

struct watchdog {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int ending, ranks;
    long long limit; /* milliseconds */
    atomic_ullong beats;
    struct stand stand[];
};

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The main thread may hold the locks of stdio and malloc, so neither is used here. */
static void say(const char *text, int length)
{
    for (ssize_t n; length > 0 && (n = write(STDERR_FILENO, text, (size_t)length)) > 0; length -= (int)n)
        text += n;
}

static void bite(struct watchdog *w)
{
    char line[160];
    long long now = now_ms();
    say(line,
        snprintf(line, sizeof line, "apex: rank 0 hangs: no sign of life for %.1f s; the ranks worked on:\n",
                 (double)w->limit / 1000));
    for (int r = 0; r < w->ranks; r++) {
        long long unit = atomic_load(&w->stand[r].unit), since = atomic_load(&w->stand[r].since);
        int n = unit < 0 ? snprintf(line, sizeof line, "  rank %d: nothing\n", r)
                         : snprintf(line, sizeof line, "  rank %d: unit %lld for %.1f s\n", r, unit,
                                    (double)(now - since) / 1000);
        say(line, n);
    }
    say(line, snprintf(line, sizeof line, "apex: run the same command again to go on\n"));
    _exit(EXIT_INCOMPLETE);
}

static struct timespec time_after(long long milliseconds)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    long long rest = t.tv_nsec + milliseconds % 1000 * 1000000;
    t.tv_sec += milliseconds / 1000 + rest / 1000000000;
    t.tv_nsec = (long)(rest % 1000000000);
    return t;
}

/* Looks are counted, not seconds: a job that was suspended as a whole is not bitten when it goes on. */
static void *watch(void *arg)
{
    struct watchdog *w = arg;
    unsigned long long seen = 0;
    int misses = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->ending) {
        struct timespec until = time_after(w->limit / LOOKS);
        if (!pthread_cond_timedwait(&w->ended, &w->lock, &until))
            continue;
        unsigned long long beats = atomic_load(&w->beats);
        misses = beats == seen ? misses + 1 : 0;
        seen = beats;
        if (misses >= LOOKS)
            bite(w);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

struct watchdog *watchdog_start(int ranks, double seconds, struct apex_error *err)
{
    struct watchdog *w = calloc(1, sizeof *w + (size_t)ranks * sizeof w->stand[0]);
    if (!w) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    w->ranks = ranks;
    w->limit = (long long)(1000 * seconds);
    for (int r = 0; r < ranks; r++)
        atomic_init(&w->stand[r].unit, -1);
    atomic_init(&w->beats, 1);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigset_t all, old; /* signals belong to the thread that runs the sweep */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    errno = pthread_create(&w->thread, NULL, watch, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (errno) {
        apex_fail(err, "the watchdog thread cannot be started: %s", strerror(errno));
        free(w);
        return NULL;
    }
    return w;
}

void watchdog_beat(struct watchdog *w)
{
    atomic_fetch_add_explicit(&w->beats, 1, memory_order_relaxed);
}

void watchdog_note(struct watchdog *w, int rank, int64_t unit)
{
    if (atomic_load_explicit(&w->stand[rank].unit, memory_order_relaxed) == unit)
        return;
    atomic_store(&w->stand[rank].since, now_ms());
    atomic_store(&w->stand[rank].unit, unit);
}

void watchdog_end(struct watchdog *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->ending = 1;
    pthread_cond_signal(&w->ended);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->ended);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
