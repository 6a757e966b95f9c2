/* The commands of the program. Each parses its own arguments (argv[0] is the command's name) and returns an
 * exit code (exit_code.h). */
#ifndef APEX_DIST_COMMAND_H
#define APEX_DIST_COMMAND_H

#include "core/error.h"

struct command {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv);
};

int command_bench(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_check(int argc, char **argv);
int command_plan(int argc, char **argv);
int command_run(int argc, char **argv);
int command_status(int argc, char **argv);
int command_fsck(int argc, char **argv);
int command_export(int argc, char **argv);
int command_report(int argc, char **argv);
int command_compare(int argc, char **argv);

/* "apex: <text of err>" on stderr; returns the code, so that a command ends in one line. */
int command_fail(int code, const struct apex_error *err);

#endif
