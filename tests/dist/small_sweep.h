/* A small real sweep for tests: the quickstart's MLP on digits, 6 samples, sites input, relu0, all, scales
 * 0.5, 2 and infinity. */
#ifndef APEX_TESTS_SMALL_SWEEP_H
#define APEX_TESTS_SMALL_SWEEP_H

#include "dist/run/rms.h"
#include "dist/run/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct small {
    struct team *team;
    struct sweep *sweep;
};

/* `extra`: more lines of the grid file. Tests run in the folder tests/. */
static inline struct small small_sweep(const char *extra)
{
    struct small s = {0};
    struct apex_error err = {{0}};
    char here[1024], path[] = "/tmp/apex-grid-XXXXXX";
    assert_non_null(getcwd(here, sizeof here));
    FILE *f = fdopen(mkstemp(path), "w");
    assert_non_null(f);
    fprintf(f,
            "sweep: small\noutput: /nowhere\ndraws: 10\n"
            "data: {digits: {path: %s/../experiments/quickstart/digits.nc, divide: 16, samples: '3:9'}}\n"
            "models: {mlp: {path: %s/../experiments/quickstart/mlp_true.onnx}}\n"
            "sites: [all, relu0, input]\nsigmas: [0.5, 2, .inf]\n%s",
            here, here, extra);
    fclose(f);
    struct bytes fresh = {0};
    if (!(s.team = team_start(&err)) || !(s.sweep = sweep_load(path, s.team, &err)) ||
        rms_measure(s.sweep, s.team, NULL, &fresh, &err) || sweep_identify(s.sweep, &err))
        fail_msg("%s", err.text);
    bytes_free(&fresh);
    unlink(path);
    return s;
}

static inline void small_end(struct small *s)
{
    sweep_free(s->sweep);
    team_end(s->team, 0);
}

#endif
