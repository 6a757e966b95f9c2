#include "dist/program/command.h"

#include <stdio.h>

int command_fail(int code, const struct apex_error *err)
{
    fprintf(stderr, "apex: %s\n", err->text);
    return code;
}
