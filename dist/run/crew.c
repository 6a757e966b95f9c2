#include "dist/run/crew.h"

#include "dist/run/compute.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct job {
    struct job *next;
    struct apex_unit unit;
};

struct crew {
    const struct sweep *sweep;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work, news; /* a job came in; a result went out */
    struct job *jobs, **last_job;
    struct crew_result *results, **last_result;
    int ending, ended;
    atomic_int cancelled; /* read by the unit that runs */
};

static struct job *next_job(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    while (!c->jobs && !c->ending)
        pthread_cond_wait(&c->work, &c->lock);
    struct job *j = c->ending ? NULL : c->jobs;
    if (j && !(c->jobs = j->next))
        c->last_job = &c->jobs;
    pthread_mutex_unlock(&c->lock);
    return j;
}

static void hand_out(struct crew *c, struct crew_result *r)
{
    pthread_mutex_lock(&c->lock);
    *c->last_result = r;
    c->last_result = &r->next;
    pthread_cond_signal(&c->news);
    pthread_mutex_unlock(&c->lock);
}

static double thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The result exists before the unit runs, so that even running out of memory can be reported. */
static struct crew_result *run_job(struct compute *compute, const struct job *j,
                                   const struct apex_error *broken, struct crew_result *r)
{
    double start = thread_seconds();
    r->unit = j->unit.id;
    if (!compute) {
        r->failed = 1;
        r->error = *broken;
    } else if (compute_unit(compute, &j->unit, &r->record, &r->error)) {
        r->failed = 1;
        bytes_free(&r->record);
    }
    r->seconds = thread_seconds() - start;
    return r;
}

static void *thread_main(void *arg)
{
    struct crew *c = arg;
    struct apex_error err = {{0}};
    struct compute *compute = compute_new(c->sweep, &c->cancelled, &err);
    for (struct job *j; (j = next_job(c));) {
        struct crew_result *r = calloc(1, sizeof *r);
        if (!r)
            abort(); /* not even the bytes to say so: the job restarts from the journal */
        hand_out(c, run_job(compute, j, &err, r));
        apex_unit_free(&j->unit);
        free(j);
    }
    compute_free(compute);
    pthread_mutex_lock(&c->lock);
    c->ended = 1;
    pthread_cond_signal(&c->news);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Signals belong to the thread that runs the sweep. */
static int start_thread(struct crew *c)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&c->thread, NULL, thread_main, c);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed;
}

struct crew *crew_start(const struct sweep *s, struct apex_error *err)
{
    struct crew *c = calloc(1, sizeof *c);
    if (!c) {
        apex_fail(err, "out of memory");
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->work, NULL);
    pthread_cond_init(&c->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    c->sweep = s;
    c->last_job = &c->jobs;
    c->last_result = &c->results;
    if ((errno = start_thread(c))) {
        apex_fail(err, "the compute thread cannot be started: %s", strerror(errno));
        free(c);
        return NULL;
    }
    return c;
}

int crew_give(struct crew *c, const struct apex_unit *u, struct apex_error *err)
{
    struct job *j = calloc(1, sizeof *j);
    unsigned char *wanted = j ? malloc(u->cells) : NULL;
    if (!wanted) {
        free(j);
        return apex_fail(err, "out of memory");
    }
    memcpy(wanted, u->wanted, u->cells);
    j->unit = *u;
    j->unit.wanted = wanted;
    pthread_mutex_lock(&c->lock);
    *c->last_job = j;
    c->last_job = &j->next;
    pthread_cond_signal(&c->work);
    pthread_mutex_unlock(&c->lock);
    return 0;
}

struct crew_result *crew_take(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    struct crew_result *r = c->results;
    if (r && !(c->results = r->next))
        c->last_result = &c->results;
    pthread_mutex_unlock(&c->lock);
    return r;
}

void crew_result_free(struct crew_result *r)
{
    if (!r)
        return;
    bytes_free(&r->record);
    free(r);
}

static struct timespec time_after(long nanoseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += nanoseconds % 1000000000;
    until.tv_sec += nanoseconds / 1000000000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

void crew_wait(struct crew *c, long nanoseconds)
{
    struct timespec until = time_after(nanoseconds);
    pthread_mutex_lock(&c->lock);
    if (!c->results)
        pthread_cond_timedwait(&c->news, &c->lock, &until);
    pthread_mutex_unlock(&c->lock);
}

static void ask_to_end(struct crew *c)
{
    c->ending = 1;
    pthread_cond_signal(&c->work);
}

int crew_cancel(struct crew *c, long nanoseconds)
{
    struct timespec until = time_after(nanoseconds);
    int late = 0;
    atomic_store(&c->cancelled, 1);
    pthread_mutex_lock(&c->lock);
    ask_to_end(c);
    while (!c->ended && !late)
        late = pthread_cond_timedwait(&c->news, &c->lock, &until);
    int ended = c->ended;
    pthread_mutex_unlock(&c->lock);
    return ended;
}

void crew_end(struct crew *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    ask_to_end(c);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    for (struct job *j = c->jobs, *next; j; j = next) {
        next = j->next;
        apex_unit_free(&j->unit);
        free(j);
    }
    for (struct crew_result *r = c->results, *next; r; r = next) {
        next = r->next;
        crew_result_free(r);
    }
    pthread_cond_destroy(&c->work);
    pthread_cond_destroy(&c->news);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
