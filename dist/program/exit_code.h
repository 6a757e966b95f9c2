/* What the program's exit status means; documented in README.md. */
#ifndef APEX_DIST_EXIT_CODE_H
#define APEX_DIST_EXIT_CODE_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 2,
    EXIT_BAD_INPUT = 3,
    EXIT_UNITS_FAILED = 4,
    EXIT_INCOMPLETE = 75 /* run the same command again to go on */
};

#endif
