#include "dist/journal/lease.h"
#include "dist/journal/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One word of printable characters, so that what is written can be parsed. */
static void copy_word(char *to, size_t size, const char *from)
{
    size_t n = 0;
    for (; from && *from && n + 1 < size; from++)
        to[n++] = *from > ' ' && *from < 0x7f ? *from : '_';
    to[n] = '\0';
}

static void find_job(struct lease *l)
{
    static const struct {
        const char *variable, *scheduler;
    } known[] = {{"SLURM_JOB_ID", "slurm"}, {"PBS_JOBID", "pbs"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const char *id = getenv(known[i].variable);
        if (!id || !*id)
            continue;
        char word[48];
        copy_word(word, sizeof word, id);
        snprintf(l->job, sizeof l->job, "%s %s", known[i].scheduler, word);
        const char *restarts = getenv("SLURM_RESTART_COUNT");
        l->restart = restarts ? atoi(restarts) : 0;
        return;
    }
}

void lease_of_self(struct lease *l, long long now)
{
    memset(l, 0, sizeof *l);
    char host[256] = "unknown";
    gethostname(host, sizeof host - 1);
    copy_word(l->host, sizeof l->host, host);
    l->pid = (long)getpid();
    find_job(l);
    l->beat = now;
}

void lease_format(const struct lease *l, char text[LEASE_SIZE])
{
    memset(text, ' ', LEASE_SIZE);
    int n = snprintf(text, LEASE_SIZE, "apex lock\nhost %s\npid %ld\njob %s\nrestart %d\nheartbeat %lld\n",
                     l->host, l->pid, l->job[0] ? l->job : "none", l->restart, l->beat);
    text[n] = ' '; /* the terminator that snprintf put */
    text[LEASE_SIZE - 1] = '\n';
}

int lease_parse(struct lease *l, const char *text, size_t size)
{
    char copy[LEASE_SIZE + 1];
    memset(l, 0, sizeof *l);
    if (size > LEASE_SIZE)
        size = LEASE_SIZE;
    memcpy(copy, text, size);
    copy[size] = '\0';
    int got = sscanf(copy, "apex lock\nhost %64s\npid %ld\njob %64[^\n]\nrestart %d\nheartbeat %lld\n",
                     l->host, &l->pid, l->job, &l->restart, &l->beat);
    if (strcmp(l->job, "none") == 0)
        l->job[0] = '\0';
    return got == 5 && l->pid > 0 ? 0 : -1;
}

int lease_same_owner(const struct lease *a, const struct lease *b)
{
    return strcmp(a->host, b->host) == 0 && a->pid == b->pid && strcmp(a->job, b->job) == 0 &&
           a->restart == b->restart;
}

int lease_is_alive(const struct lease *l, const struct lease *self, long long now, long long touched,
                   int have_flock)
{
    if (strcmp(l->host, self->host) == 0 && (have_flock || (kill((pid_t)l->pid, 0) != 0 && errno == ESRCH)))
        return 0;
    /* A requeued job: its earlier start has ended, whatever host it was on. */
    if (l->job[0] && strcmp(l->job, self->job) == 0 && l->restart < self->restart)
        return 0;
    long long heard = l->beat > touched ? l->beat : touched;
    return now - heard <= LOCK_LEASE_SECONDS;
}

void lease_describe(const struct lease *l, long long now, char *text, size_t size)
{
    const char *comma = l->job[0] ? ", " : "";
    if (l->beat > now)
        snprintf(text, size, "host %s, pid %ld%s%s (its heartbeat is %lld s ahead of this host's clock)",
                 l->host, l->pid, comma, l->job, l->beat - now);
    else
        snprintf(text, size, "host %s, pid %ld%s%s (heartbeat %lld s ago)", l->host, l->pid, comma, l->job,
                 now - l->beat);
}
