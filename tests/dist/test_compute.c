/* Units to records, on the test's own thread and on a crew's; and what the journal's reader makes of them. */
#include "dist/run/compute.h"

#include "small_sweep.h"

#include "dist/results/record_map.h"
#include "dist/run/crew.h"
#include "dist/run/done.h"

enum { CELLS = 9, SAMPLES = 6 };

static struct apex_unit unit(uint32_t first, uint32_t count, unsigned char *wanted)
{
    return (struct apex_unit){.first = first, .count = count, .cells = CELLS, .wanted = wanted};
}

static struct bytes compute(const struct small *s, const struct apex_unit *u)
{
    struct apex_error err = {{0}};
    struct bytes record = {0};
    struct compute *c = compute_new(s->sweep, NULL, &err);
    if (!c || compute_unit(c, u, &record, &err))
        fail_msg("%s", err.text);
    compute_free(c);
    return record;
}

static void a_record_marks_exactly_the_cells_of_its_unit_as_done(void **state)
{
    (void)state;
    struct small s = small_sweep("");
    unsigned char wanted[CELLS] = {1, 0, 1, 0, 0, 0, 0, 1, 0};
    struct apex_unit u = unit(2, 3, wanted);
    struct bytes record = compute(&s, &u);
    struct done d;
    assert_int_equal(done_init(&d, s.sweep->model[0].context, NULL), 0);
    assert_int_equal(d.wanted, CELLS * SAMPLES);
    assert_int_equal(done_add(&d, record.data, record.size), 9);
    assert_int_equal(done_add(&d, record.data, record.size), 0);
    for (int i = 0; i < SAMPLES; i++)
        for (int k = 0; k < CELLS; k++)
            assert_int_equal(d.have[i * CELLS + k], i >= 2 && i < 5 && wanted[k]);
    done_free(&d);
    bytes_free(&record);
    small_end(&s);
}

struct seen {
    uint32_t stay[SAMPLES][CELLS];
    float margin[SAMPLES][CELLS];
};

static void see(void *user, uint32_t site, uint32_t sigma, uint32_t sample, const struct apex_tally *t,
                float margin)
{
    struct seen *seen = user;
    seen->stay[sample][site * 3 + sigma] = t->count[t->clean_class];
    seen->margin[sample][site * 3 + sigma] = margin;
}

static void read_all(const struct small *s, const struct bytes *record, struct seen *seen)
{
    const struct record_reader reader = {seen, NULL, see};
    assert_int_equal(record_read(s->sweep->model[0].context, record->data, record->size, &reader, NULL), 1);
}

/* However work is cut, a cell has the same bits. */
static void results_do_not_depend_on_how_work_is_cut(void **state)
{
    (void)state;
    static const char *const kernels[] = {"kernels: openblas\n", "kernels: auto\n", "kernels: naive\n"};
    for (int k = 0; k < 3; k++) {
        struct small s = small_sweep(kernels[k]);
        struct seen whole = {{{0}}, {{0}}}, parts = {{{0}}, {{0}}};
        unsigned char wanted[CELLS];
        memset(wanted, 1, CELLS);
        struct apex_unit all = unit(0, SAMPLES, wanted);
        struct bytes record = compute(&s, &all);
        read_all(&s, &record, &whole);
        bytes_free(&record);
        for (uint32_t i = 0; i < SAMPLES; i++)
            for (int cell = 0; cell < CELLS; cell++) {
                memset(wanted, 0, CELLS);
                wanted[cell] = 1;
                struct apex_unit one = unit(i, 1, wanted);
                record = compute(&s, &one);
                read_all(&s, &record, &parts);
                bytes_free(&record);
            }
        assert_memory_equal(&whole, &parts, sizeof whole);
        small_end(&s);
    }
}

static void a_crew_gives_the_same_record_as_the_calling_thread(void **state)
{
    (void)state;
    struct small s = small_sweep("");
    struct apex_error err = {{0}};
    unsigned char wanted[CELLS];
    memset(wanted, 1, CELLS);
    struct apex_unit u = unit(0, SAMPLES, wanted);
    u.id = 42;
    struct bytes record = compute(&s, &u);
    struct crew *crew = crew_start(s.sweep, &err);
    assert_non_null(crew);
    assert_int_equal(crew_give(crew, &u, &err), 0);
    struct crew_result *r = NULL;
    while (!(r = crew_take(crew)))
        crew_wait(crew, 100000000);
    assert_int_equal(r->unit, 42);
    assert_int_equal(r->failed, 0);
    assert_int_equal(r->record.size, record.size);
    assert_memory_equal(r->record.data, record.data, record.size);
    crew_result_free(r);
    crew_end(crew);
    bytes_free(&record);
    small_end(&s);
}

static void a_unit_that_does_not_fit_the_grid_is_refused(void **state)
{
    (void)state;
    struct small s = small_sweep("");
    struct apex_error err = {{0}};
    struct bytes record = {0};
    unsigned char wanted[CELLS] = {1};
    struct compute *c = compute_new(s.sweep, NULL, &err);
    struct apex_unit late = unit(5, 2, wanted), wide = unit(0, 1, wanted), other = unit(0, 1, wanted);
    wide.cells = 8;
    other.model = 1;
    assert_int_equal(compute_unit(c, &late, &record, &err), -1);
    assert_int_equal(compute_unit(c, &wide, &record, &err), -1);
    assert_int_equal(compute_unit(c, &other, &record, &err), -1);
    compute_free(c);
    bytes_free(&record);
    small_end(&s);
}

static void a_cancelled_unit_fails_and_the_crew_ends(void **state)
{
    (void)state;
    struct small s = small_sweep("");
    struct apex_error err = {{0}};
    unsigned char wanted[CELLS];
    memset(wanted, 1, CELLS);
    struct apex_unit u = unit(0, SAMPLES, wanted);
    struct crew *crew = crew_start(s.sweep, &err);
    for (int i = 0; i < 200; i++)
        assert_int_equal(crew_give(crew, &u, &err), 0);
    assert_int_equal(crew_cancel(crew, 2000000000), 1);
    int results = 0;
    for (struct crew_result *r; (r = crew_take(crew)); results++)
        crew_result_free(r);
    assert_true(results < 200);
    crew_end(crew);
    small_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_marks_exactly_the_cells_of_its_unit_as_done),
        cmocka_unit_test(results_do_not_depend_on_how_work_is_cut),
        cmocka_unit_test(a_crew_gives_the_same_record_as_the_calling_thread),
        cmocka_unit_test(a_unit_that_does_not_fit_the_grid_is_refused),
        cmocka_unit_test(a_cancelled_unit_fails_and_the_crew_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
