/* status, fsck and export: commands on an output folder, for any shell at any time. */
#include "dist/files/file.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"
#include "dist/results/fsck.h"
#include "dist/results/results.h"
#include "dist/run/output.h"
#include "dist/run/progress.h"

#include <stdio.h>
#include <stdlib.h>

static const struct option_spec no_options[] = {{0}};
static const struct option_spec export_options[] = {{"summary", 's', NULL, "print the summary too"}, {0}};

struct output_arguments {
    const char *folder;
    int summary;
};

static int take_folder(void *into, int key, const char *value, struct apex_error *err)
{
    struct output_arguments *a = into;
    (void)err;
    if (key == 's')
        a->summary = 1;
    else
        a->folder = value;
    return 0;
}

int command_status(int argc, char **argv)
{
    struct output_arguments a = {0};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "OUTPUT", no_options, take_folder, &a);
    if (code >= 0)
        return code;
    return progress_print(a.folder, stdout, &err) ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
}

int command_fsck(int argc, char **argv)
{
    struct output_arguments a = {0};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "OUTPUT", no_options, take_folder, &a);
    if (code >= 0)
        return code;
    int damaged = fsck_report(a.folder, stdout, &err);
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
    char *journal = file_join(a.folder, JOURNAL_FILE, &err);
    int outcome = journal ? results_contexts(journal, &context, &n, &err) : -1;
    if (!outcome)
        outcome = output_export(a.folder, context, n, a.summary ? stdout : NULL, stdout, &err);
    for (int k = 0; k < n; k++)
        context_free(context[k]);
    free(context);
    free(journal);
    return outcome ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
}
