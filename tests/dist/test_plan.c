/* The plan on a sweep made by hand: one model of two sites, three scales, ten samples. */
#include "dist/run/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SITES = 2, SIGMAS = 3, SAMPLES = 10, CELLS = SITES * SIGMAS };

struct fixture {
    struct grid grid;
    struct apex_site site[SITES];
    struct apex_model model;
    struct context context;
    struct sweep_model part;
    struct sweep sweep;
    int site_list[SITES];
    unsigned char wanted[CELLS];
    struct done done;
};

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    f->grid.sigmas = SIGMAS;
    f->grid.draws = 10;
    f->site[0] = (struct apex_site){.index = 0, .elements = 100, .flops = 1000000};
    f->site[1] = (struct apex_site){.index = 1, .elements = 10, .flops = 1000};
    f->model = (struct apex_model){.sites = SITES, .site = f->site, .flops = 2000000};
    memset(f->wanted, 1, CELLS);
    f->site_list[1] = 1;
    f->context = (struct context){.samples = SAMPLES, .sites = SITES, .sigmas = SIGMAS, .wanted = f->wanted};
    f->part = (struct sweep_model){.model = &f->model,
                                   .tile_rows = 8,
                                   .sites = SITES,
                                   .site = f->site_list,
                                   .wanted = f->wanted,
                                   .context = &f->context};
    f->sweep = (struct sweep){.grid = &f->grid, .models = 1, .model = &f->part};
    return done_init(&f->done, &f->context, NULL);
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    done_free(&f->done);
    free(f);
    return 0;
}

/* How often each (sample, cell) is in the plan. */
static void count_work(const struct plan *p, unsigned char count[SAMPLES][CELLS])
{
    memset(count, 0, SAMPLES * CELLS);
    for (uint32_t k = 0; k < p->units; k++)
        for (uint32_t i = 0; i < p->unit[k].count; i++)
            for (uint32_t c = 0; c < p->unit[k].cells; c++)
                count[p->unit[k].first + i][c] += p->unit[k].wanted[c];
}

static void every_missing_cell_is_planned_exactly_once(void **state)
{
    struct fixture *f = *state;
    unsigned char count[SAMPLES][CELLS];
    for (int ranks = 1; ranks <= 1000; ranks *= 10)
        for (unsigned seed = 0; seed < 20; seed++) {
            struct plan p;
            uint64_t missing = 0;
            srand(seed);
            for (int k = 0; k < SAMPLES * CELLS; k++) {
                f->done.have[k] = seed && rand() % 3 == 0;
                missing += !f->done.have[k];
            }
            assert_int_equal(plan_build(&p, &f->sweep, &f->done, ranks, NULL), 0);
            count_work(&p, count);
            for (int k = 0; k < SAMPLES * CELLS; k++)
                assert_int_equal(count[k / CELLS][k % CELLS], !f->done.have[k]);
            assert_int_equal(p.cells, missing);
            plan_free(&p);
        }
}

static void what_the_rules_left_out_is_not_planned(void **state)
{
    struct fixture *f = *state;
    unsigned char count[SAMPLES][CELLS];
    struct plan p;
    f->wanted[1] = 0;
    assert_int_equal(plan_build(&p, &f->sweep, &f->done, 1, NULL), 0);
    count_work(&p, count);
    for (int k = 0; k < SAMPLES * CELLS; k++)
        assert_int_equal(count[k / CELLS][k % CELLS], k % CELLS != 1);
    plan_free(&p);
}

static void a_finished_sweep_plans_nothing(void **state)
{
    struct fixture *f = *state;
    struct plan p;
    memset(f->done.have, 1, SAMPLES * CELLS);
    assert_int_equal(plan_build(&p, &f->sweep, &f->done, 4, NULL), 0);
    assert_int_equal(p.units, 0);
    assert_true(p.total_flops == 0);
    plan_free(&p);
}

static void a_sample_that_is_too_long_alone_is_split_by_site(void **state)
{
    struct fixture *f = *state;
    unsigned char count[SAMPLES][CELLS];
    struct plan p;
    f->site[0].flops = f->site[1].flops = 1000000000000;
    assert_int_equal(plan_build(&p, &f->sweep, &f->done, 1, NULL), 0);
    assert_int_equal(p.units, SITES * SAMPLES);
    count_work(&p, count);
    for (int k = 0; k < SAMPLES * CELLS; k++)
        assert_int_equal(count[k / CELLS][k % CELLS], 1);
    plan_free(&p);
}

static void predicted_work_counts_whole_tiles_of_draws(void **state)
{
    struct fixture *f = *state;
    unsigned char one[CELLS] = {1};
    /* 10 draws are two tiles of 8 rows; 40 operations for each of the 100 normals of a row */
    double flops = plan_sample_flops(&f->part, one, SIGMAS, 10);
    assert_true(flops == 2000000 + 16 * (1000000.0 + 40 * 100));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(every_missing_cell_is_planned_exactly_once),
        WITH(what_the_rules_left_out_is_not_planned),
        WITH(a_finished_sweep_plans_nothing),
        WITH(a_sample_that_is_too_long_alone_is_split_by_site),
        WITH(predicted_work_counts_whole_tiles_of_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
