#include "dist/run/progress.h"

#include "dist/files/file.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double bar_seconds = 0.2, log_seconds = 30, file_seconds = 1;

struct progress_display {
    FILE *out;
    char *file;
    int quiet, terminal, drawn; /* drawn: a bar stands on the current line */
    double start, shown, written;
};

static double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct progress_display *progress_start(const char *folder, FILE *out, int quiet)
{
    struct progress_display *d = calloc(1, sizeof *d);
    if (!d || !(d->file = file_join(folder, PROGRESS_FILE, NULL))) {
        free(d);
        return NULL;
    }
    d->out = out;
    d->quiet = quiet;
    d->terminal = isatty(fileno(out));
    d->start = d->shown = clock_seconds();
    return d;
}

double progress_seconds(const struct progress_display *d)
{
    return clock_seconds() - d->start;
}

const char *progress_duration(double seconds, char text[32])
{
    long s = lround(seconds < 0 ? 0 : seconds > 1e9 ? 1e9 : seconds);
    if (s >= 3600)
        snprintf(text, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(text, 32, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(text, 32, "%ld s", s);
    return text;
}

double progress_left(const struct progress_display *d, const struct progress *p)
{
    double elapsed = progress_seconds(d);
    return p->flops_done > 0 ? elapsed * (p->flops - p->flops_done) / p->flops_done : -1;
}

static double draws_per_second(const struct progress_display *d, const struct progress *p)
{
    double elapsed = progress_seconds(d);
    return elapsed > 0 ? (double)p->draws_done / elapsed : 0;
}

static void line_text(const struct progress_display *d, const struct progress *p, char *text, size_t size)
{
    char left[32] = "?", failed[48] = "";
    double seconds = progress_left(d, p);
    if (seconds >= 0)
        progress_duration(seconds, left);
    if (p->units_failed)
        snprintf(failed, sizeof failed, ", %u failed", p->units_failed);
    snprintf(text, size, "%u of %u units%s, %.3g sample-draws/s, %s left", p->units_done, p->units, failed,
             draws_per_second(d, p), left);
}

static void draw_bar(struct progress_display *d, const struct progress *p)
{
    enum { WIDTH = 24 };
    char text[160], bar[WIDTH + 1];
    double share = p->flops > 0 ? p->flops_done / p->flops : 1;
    int full = (int)(share * WIDTH + 0.5);
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = '\0';
    line_text(d, p, text, sizeof text);
    fprintf(d->out, "\r[%s] %3.0f%% %s\033[K", bar, 100 * share, text);
    fflush(d->out);
    d->drawn = 1;
}

static void write_file(const struct progress_display *d, const struct progress *p)
{
    char text[2048], host[128] = "", when[32];
    time_t now = time(NULL);
    struct tm utc;
    gethostname(host, sizeof host - 1);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    double elapsed = progress_seconds(d), left = progress_left(d, p);
    int n = snprintf(
        text, sizeof text,
        "sweep: %s\nstate: %s\nupdated: %s\nhost: %s\npid: %ld\nranks: %d\n"
        "cells: %llu of %llu\nunits: %u of %u\nunits failed: %u\nsample-draws per second: %.4g\n"
        "seconds: %.1f\nseconds left: %.1f\nranks busy: %.1f %%\ncoordinator busy: %.2f %%\n%s%s\n",
        p->sweep, p->state, when, host, (long)getpid(), p->ranks, (unsigned long long)p->cells_done,
        (unsigned long long)p->cells, p->units_done, p->units, p->units_failed, draws_per_second(d, p),
        elapsed, left, elapsed > 0 ? 100 * p->busy_seconds / elapsed / p->ranks : 0,
        elapsed > 0 ? 100 * p->coordinator_seconds / elapsed : 0, p->why ? "why: " : "",
        p->why ? p->why : "");
    if (n > 0)
        file_replace(d->file, text, strlen(text),
                     NULL); /* a courtesy: a full disk must not end the sweep here */
}

void progress_show(struct progress_display *d, const struct progress *p, int now)
{
    double t = clock_seconds();
    if (now || t - d->written >= file_seconds) {
        write_file(d, p);
        d->written = t;
    }
    if (d->quiet || (!now && t - d->shown < (d->terminal ? bar_seconds : log_seconds)))
        return;
    d->shown = t;
    if (d->terminal) {
        draw_bar(d, p);
    } else {
        char text[160];
        line_text(d, p, text, sizeof text);
        fprintf(d->out, "%s\n", text);
        fflush(d->out);
    }
}

void progress_say(struct progress_display *d, const char *format, ...)
{
    va_list args;
    if (d->drawn)
        fputs("\r\033[K", d->out);
    d->drawn = 0;
    va_start(args, format);
    vfprintf(d->out, format, args);
    va_end(args);
    fputc('\n', d->out);
    fflush(d->out);
}

void progress_end(struct progress_display *d)
{
    if (!d)
        return;
    if (d->drawn)
        fputc('\n', d->out);
    fflush(d->out);
    free(d->file);
    free(d);
}
