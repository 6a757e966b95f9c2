#include "dist/program/command.h"
#include "dist/program/exit_code.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
    {"inspect", "MODEL.onnx", "sites, shapes, parameters, FLOPs, kernels", command_inspect},
    {"check", "MODEL.onnx --input X --expect LOGITS", "logits against a reference file", command_check},
    {"plan", "GRID.yaml", "units, work, memory, disk and time of a sweep; writes nothing", command_plan},
    {"run", "GRID.yaml", "the sweep, alone or under mpirun or srun; resumes by itself", command_run},
    {"status", "OUTPUT", "how far a running or stopped sweep is", command_status},
    {"fsck", "OUTPUT", "the journal's health, and what will run again", command_fsck},
    {"bench", "[MODEL.onnx]", "noise, kernels or a model's sweep against this machine's peak", command_bench},
    {"export", "OUTPUT", "NetCDF files from the journal, now", command_export},
    {"report", "OUTPUT...", "statistics, figures and one HTML page from result files", command_report},
    {"compare", "A.nc B.nc", "two models head to head, in the terminal", command_compare},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out)
{
    fprintf(out, "Usage: apex COMMAND [OPTION...] ...\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  apex %-8s%-38s%s\n", commands[i].name, commands[i].arguments, commands[i].summary);
    fprintf(out,
            "\n`apex COMMAND --help` tells a command's options.\n"
            "Exit codes: 0 done, 2 usage, 3 bad input, 4 some units failed, 75 incomplete: run it again.\n");
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
        usage(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
        printf("apex %s\n", APEX_VERSION);
        return EXIT_DONE;
    }
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(word, commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    if (*word)
        fprintf(stderr, "apex: no command '%s'\n", word);
    usage(stderr);
    return EXIT_USAGE;
}
