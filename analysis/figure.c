#include "analysis/figure_script.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *const head =
    "# The figures of this report: `gnuplot figures.gp` in this folder draws them again.\n"
    "set encoding utf8\n";

struct figures *figures_new(const char *folder)
{
    struct figures *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->folder = folder;
    text_put(&f->script, head);
    return f;
}

void figures_free(struct figures *f)
{
    if (!f)
        return;
    for (int i = 0; i < f->count; i++)
        free(f->name[i]);
    free(f->name);
    bytes_free(&f->script);
    free(f);
}

int figures_count(const struct figures *f)
{
    return f->count;
}

const char *figures_name(const struct figures *f, int i)
{
    return f->name[i];
}

void script_begin(struct figures *f, const char *name)
{
    char **grown = realloc(f->name, ((size_t)f->count + 1) * sizeof *grown);
    char *copy = strdup(name);
    f->name = grown ? grown : f->name;
    if (!grown || !copy) {
        f->failed = 1;
        free(copy);
    } else {
        f->name[f->count++] = copy;
    }
    text_print(&f->script, "\n# %s\nreset\n", name);
}

void script_text(struct bytes *script, const char *text)
{
    text_put(script, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            text_put(script, "\\");
        if (*text == '\n')
            text_put(script, "\\n");
        else
            bytes_put(script, text, 1);
    }
    text_put(script, "\"");
}

void script_number(struct bytes *script, double x)
{
    if (x == x && x - x == 0)
        text_print(script, " %.7g", x);
    else
        text_put(script, " NaN");
}

void script_end(struct figures *f, int width, int height, const char *plot)
{
    const char *name = f->count ? f->name[f->count - 1] : "";
    char id[64]; /* of the SVG's parts: gnuplot takes letters, digits and '_' */
    snprintf(id, sizeof id, "%s", name);
    for (char *c = id; (c = strchr(c, '-'));)
        *c = '_';
    text_print(&f->script,
               "set terminal svg size %d,%d dynamic noenhanced font \"sans-serif,12\" name \"%s\"\n"
               "set output \"%s.svg\"\n%s\n"
               "set terminal pngcairo size %d,%d noenhanced font \"sans-serif,12\" fontscale 2 linewidth 2 "
               "pointscale 2 "
               "background \"#ffffff\"\n"
               "set output \"%s.png\"\nreplot\nunset output\n",
               width, height, id, name, plot, 2 * width, 2 * height, name);
}

/* Starts gnuplot with these arguments in `folder` (NULL: here), its messages into the file log. Returns its
 * exit status, or -1 where it could not be started. */
static int run_gnuplot(const char *folder, char *const *arguments, const char *log)
{
    pid_t child = fork();
    if (child == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        int in = open("/dev/null", O_RDONLY);
        if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
            (folder && chdir(folder)))
            _exit(126);
        execvp(arguments[0], arguments);
        _exit(errno == ENOENT ? 127 : 126);
    }
    int status;
    while (child > 0 && waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int no_gnuplot(struct apex_error *err)
{
    return apex_fail(err,
                     "figures need gnuplot, which is not on the PATH; on Debian or Ubuntu: apt-get install "
                     "gnuplot-nox");
}

int figures_check(struct apex_error *err)
{
    char *const arguments[] = {"gnuplot", "--version", NULL};
    int status = run_gnuplot(NULL, arguments, "/dev/null");
    if (status == 127)
        return no_gnuplot(err);
    return status ? apex_fail(err, "gnuplot --version fails with status %d", status) : 0;
}

/* The last line that gnuplot said, as the reason why it failed. */
static int complain(const char *log, int status, struct apex_error *err)
{
    char *text = text_read(log, NULL, NULL), *line = "";
    for (char *part = text ? strtok(text, "\n") : NULL; part; part = strtok(NULL, "\n"))
        if (part[strspn(part, " \t^")])
            line = part;
    apex_fail(err, "gnuplot failed with status %d: %s", status, *line ? line : "it said nothing");
    free(text);
    return -1;
}

int figures_draw(struct figures *f, struct apex_error *err)
{
    char script[4096], log[4096];
    char *const arguments[] = {"gnuplot", "figures.gp", NULL};
    int a = snprintf(script, sizeof script, "%s/figures.gp", f->folder);
    int b = snprintf(log, sizeof log, "%s/gnuplot.log", f->folder);
    if (a >= (int)sizeof script || b >= (int)sizeof log)
        return apex_fail(err, "%s: path too long", f->folder);
    if (f->failed || f->script.failed)
        return apex_fail(err, "out of memory for figures");
    if (text_write(script, f->script.data, f->script.size, err))
        return -1;
    int status = f->count ? run_gnuplot(f->folder, arguments, log) : 0;
    int outcome = status == 127 ? no_gnuplot(err) : status ? complain(log, status, err) : 0;
    unlink(log);
    return outcome;
}
