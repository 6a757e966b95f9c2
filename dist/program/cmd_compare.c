#include "analysis/compare.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"

static const struct option_spec no_options[] = {{0}};

struct compare_arguments {
    const char *path[2];
    int count;
};

static int take_path(void *into, int key, const char *value, struct apex_error *err)
{
    struct compare_arguments *a = into;
    (void)key;
    (void)err;
    a->path[a->count++] = value;
    return 0;
}

int command_compare(int argc, char **argv)
{
    struct compare_arguments a = {0};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "A.nc B.nc", no_options, take_path, &a);
    if (code >= 0)
        return code;
    return compare_print(a.path[0], a.path[1], stdout, &err) ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
}
