/* Command-line options of one command: a table with help text, parsed by getopt_long. */
#ifndef APEX_DIST_OPTIONS_H
#define APEX_DIST_OPTIONS_H

#include "core/error.h"

struct option_spec {
    const char *name;     /* "time-limit"; NULL ends the table */
    int key;              /* what take is called with; a letter is also the short option */
    const char *argument; /* NULL: takes none */
    const char *help;
};

/* Called for each option, and with key 0 for each plain argument. -1 with err: usage error. */
typedef int (*option_take)(void *into, int key, const char *value, struct apex_error *err);

/* Parses argv; `plain` names the plain arguments, "GRID.yaml" for exactly one, "A.nc B.nc" for two,
 * "OUTPUT..." for one or more, "[MODEL]" for at most one. Returns -1 to go on, or an exit code to return at
 * once: EXIT_DONE after --help, EXIT_USAGE after a mistake (told on stderr). */
int options_parse(int argc, char **argv, const char *plain, const struct option_spec *spec, option_take take,
                  void *into);

/* A number between least and most. */
int option_number(const char *option, const char *value, double least, double most, double *number,
                  struct apex_error *err);

#endif
