#include "tests/dist/grid_base.h"

#include <math.h>

static void assert_sigmas(const struct grid *g, const double *sigma, int n)
{
    assert_int_equal(g->sigmas, n);
    for (int k = 0; k < n; k++)
        if (g->sigma[k] != sigma[k])
            fail_msg("sigma %d is %.17g, not %.17g", k, g->sigma[k], sigma[k]);
}

static void scales_are_sorted_and_kept_once(void **state)
{
    (void)state;
    struct grid *g = grid_base_parse("sigmas: [3, .inf, 1e-2, 0.01, 3.0, +.INF, 2]\n");
    const double sigma[] = {0.01, 2, 3, INFINITY};
    assert_sigmas(g, sigma, 4);
    grid_free(g);
    g = grid_base_parse("sigmas: 0.5\n");
    const double half[] = {0.5};
    assert_sigmas(g, half, 1);
    grid_free(g);
}

static void log_scales_are_what_a_person_would_write(void **state)
{
    (void)state;
    struct grid *g = grid_base_parse("sigmas: {log: [0.001, 1000, 7]}\n");
    const double decade[] = {0.001, 0.01, 0.1, 1, 10, 100, 1000};
    assert_sigmas(g, decade, 7);
    grid_free(g);
    g = grid_base_parse("sigmas: {log: [0.01, 10, 13]}\n");
    for (int k = 0; k < 13; k++) {
        double exact = 0.01 * pow(10 / 0.01, k / 12.0);
        if (fabs(g->sigma[k] - exact) > 1e-12 * exact)
            fail_msg("sigma %d is %.17g, not near %.17g", k, g->sigma[k], exact);
        char printed[32];
        snprintf(printed, sizeof printed, "%.12g", g->sigma[k]);
        if (strtod(printed, NULL) != g->sigma[k])
            fail_msg("%s does not read back as %.17g", printed, g->sigma[k]);
    }
    grid_free(g);
}

static void every_form_of_scales_can_stand_in_one_list(void **state)
{
    (void)state;
    struct grid *g =
        grid_base_parse("sigmas: [{log: [0.01, 1, 3]}, {linear: [1, 3, 3]}, {list: [7, 0.5]}, 1e-2, .inf]\n");
    const double sigma[] = {0.01, 0.1, 0.5, 1, 2, 3, 7, INFINITY};
    assert_sigmas(g, sigma, 8);
    grid_free(g);
}

static void scales_of_two_spacings_share_their_common_values(void **state)
{
    (void)state;
    struct grid *g =
        grid_base_parse("sigmas: [{linear: [0.1, 0.5, 5]}, {log: [0.1, 10, 3]}, {list: [0.3]}, .inf]\n");
    const double sigma[] = {0.1, 0.2, 0.3, 0.4, 0.5, 1, 10, INFINITY};
    assert_sigmas(g, sigma, 8);
    grid_free(g);
}

static void a_rule_may_round_a_scale(void **state)
{
    (void)state;
    struct grid *g =
        grid_base_parse("sigmas: {log: [0.01, 10, 13]}\nexclude: [{sigmas: [0.01778, 3.162]}]\n");
    assert_true(g->exclude[0].sigma[0] == g->sigma[1]);
    assert_true(g->exclude[0].sigma[1] == g->sigma[10]);
    grid_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_are_sorted_and_kept_once),
        cmocka_unit_test(log_scales_are_what_a_person_would_write),
        cmocka_unit_test(every_form_of_scales_can_stand_in_one_list),
        cmocka_unit_test(scales_of_two_spacings_share_their_common_values),
        cmocka_unit_test(a_rule_may_round_a_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
