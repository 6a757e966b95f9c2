/* status, fsck and export: commands on an output folder, for any shell at any time. Where a grid file is
 * named, its output folder is meant. */
#include "dist/files/file.h"
#include "dist/grid/grid.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"
#include "dist/results/fsck.h"
#include "dist/results/results.h"
#include "dist/run/attempts.h"
#include "dist/run/output.h"
#include "dist/run/progress.h"
#include "dist/run/sweep_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct option_spec no_options[] = {{0}};
static const struct option_spec status_options[] = {
    {"attempts", 'a', NULL, "a line for each start of the sweep, and what it added, in place of the status"},
    {"part", 'p', "K[/N]", "the output of this part of a job array (GRID.yaml only)"},
    {0},
};
static const struct option_spec export_options[] = {{"summary", 's', NULL, "print the summary too"}, {0}};

struct output_arguments {
    const char *folder;
    int summary, attempts;
    struct sweep_part part;
    char *of_grid; /* the folder, if a grid file was named */
};

static int take_folder(void *into, int key, const char *value, struct apex_error *err)
{
    struct output_arguments *a = into;
    if (key == 'p')
        return sweep_part_parse(value, &a->part, err);
    if (key == 's')
        a->summary = 1;
    else if (key == 'a')
        a->attempts = 1;
    else
        a->folder = value;
    return 0;
}

/* A grid file stands for its output folder. Replaces a->folder; a->of_grid is to be freed. */
static int find_folder(struct output_arguments *a, struct apex_error *err)
{
    struct stat st;
    if (stat(a->folder, &st) || !S_ISREG(st.st_mode))
        return 0;
    struct grid *g = grid_load(a->folder, err);
    if (!g)
        return -1;
    a->folder = a->of_grid = sweep_part_output(g, a->part, err);
    grid_free(g);
    return a->folder ? 0 : -1;
}

int command_status(int argc, char **argv)
{
    struct output_arguments a = {0};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "OUTPUT", status_options, take_folder, &a);
    if (code >= 0)
        return code;
    int outcome = find_folder(&a, &err);
    if (!outcome)
        outcome =
            a.attempts ? attempts_print(a.folder, stdout, &err) : progress_print(a.folder, stdout, &err);
    free(a.of_grid);
    return outcome ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
}

int command_fsck(int argc, char **argv)
{
    struct output_arguments a = {0};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "OUTPUT", no_options, take_folder, &a);
    if (code >= 0)
        return code;
    int damaged = find_folder(&a, &err) ? -1 : fsck_report(a.folder, stdout, &err);
    free(a.of_grid);
    if (damaged < 0)
        return command_fail(EXIT_BAD_INPUT, &err);
    return damaged ? EXIT_UNITS_FAILED : EXIT_DONE; /* units were lost: they will run again */
}

int command_export(int argc, char **argv)
{
    struct output_arguments a = {0};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "OUTPUT", export_options, take_folder, &a);
    if (code >= 0)
        return code;
    struct context **context = NULL;
    int n = 0;
    if (find_folder(&a, &err))
        return command_fail(EXIT_BAD_INPUT, &err);
    char *journal = file_join(a.folder, JOURNAL_FILE, &err);
    int outcome = journal ? results_contexts(journal, &context, &n, &err) : -1;
    if (!outcome)
        outcome = output_export(a.folder, context, n, a.summary ? stdout : NULL, stdout, &err);
    for (int k = 0; k < n; k++)
        context_free(context[k]);
    free(context);
    free(journal);
    free(a.of_grid);
    return outcome ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
}
