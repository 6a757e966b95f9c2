#include "dist/program/options.h"

#include "dist/program/exit_code.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 24 };

static void print_help(const char *command, const char *plain, const struct option_spec *spec, FILE *out)
{
    fprintf(out, "Usage: apex %s [OPTION...] %s\n\n", command, plain);
    for (; spec->name; spec++) {
        char text[64];
        snprintf(text, sizeof text, "-%c, --%s%s%s", spec->key, spec->name, spec->argument ? "=" : "",
                 spec->argument ? spec->argument : "");
        fprintf(out, "  %-28s %s\n", text, spec->help);
    }
    fprintf(out, "  %-28s %s\n", "-h, --help", "this text");
}

static void fill_tables(const struct option_spec *spec, struct option *option, char *letters)
{
    int n = 0;
    for (; spec->name && n < MOST_OPTIONS; spec++, n++) {
        option[n] =
            (struct option){spec->name, spec->argument ? required_argument : no_argument, NULL, spec->key};
        *letters++ = (char)spec->key;
        if (spec->argument)
            *letters++ = ':';
    }
    option[n] = (struct option){"help", no_argument, NULL, 'h'};
    *letters++ = 'h';
    *letters = '\0';
}

static int mistake(const char *command, const char *text)
{
    if (*text)
        fprintf(stderr, "apex %s: %s\n", command, text);
    fprintf(stderr, "`apex %s --help` tells its options.\n", command);
    return EXIT_USAGE;
}

static int take_plain(int argc, char **argv, const char *plain, option_take take, void *into)
{
    char text[128];
    struct apex_error err = {{0}};
    int many = strstr(plain, "...") != NULL, optional = plain[0] == '[', wanted = 1, given = argc - optind;
    for (const char *space = plain; (space = strchr(space, ' ')); space++)
        wanted++;
    if (many ? given == 0 : optional ? given > 1 : given != wanted) {
        snprintf(text, sizeof text, "give %s%s",
                 many          ? "at least one "
                 : optional    ? "at most one "
                 : wanted == 1 ? "exactly one "
                               : "",
                 plain);
        return mistake(argv[0], text);
    }
    for (int i = optind; i < argc; i++)
        if (take(into, 0, argv[i], &err))
            return mistake(argv[0], err.text);
    return -1;
}

int options_parse(int argc, char **argv, const char *plain, const struct option_spec *spec, option_take take,
                  void *into)
{
    struct option option[MOST_OPTIONS + 2] = {{0}};
    char letters[2 * MOST_OPTIONS + 2];
    struct apex_error err = {{0}};
    char program[64];
    char *name = argv[0];
    fill_tables(spec, option, letters);
    snprintf(program, sizeof program, "apex %s", name);
    argv[0] = program; /* getopt's own messages begin with it */
    optind = 1;
    int key, code = -1;
    while (code < 0 && (key = getopt_long(argc, argv, letters, option, NULL)) != -1) {
        if (key == 'h') {
            print_help(name, plain, spec, stdout);
            code = EXIT_DONE;
        } else if (key == '?') {
            code = mistake(name, "");
        } else if (take(into, key, optarg, &err)) {
            code = mistake(name, err.text);
        }
    }
    argv[0] = name;
    return code < 0 ? take_plain(argc, argv, plain, take, into) : code;
}

int option_number(const char *option, const char *value, double least, double most, double *number,
                  struct apex_error *err)
{
    char *end;
    *number = strtod(value, &end);
    if (end == value || *end || !(*number >= least && *number <= most))
        return apex_fail(err, "%s wants a number from %g to %g, not '%s'", option, least, most, value);
    return 0;
}
