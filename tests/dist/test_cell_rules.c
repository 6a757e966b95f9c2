/* The names of sites are matched by a small apex_site_match of this file, so that only the rules are tested.
 */
#include "dist/grid/cell_rules.h"

#include "tests/dist/grid_base.h"

#include <fnmatch.h>

enum { SITES = 4, SIGMAS = 3, CELLS = SITES * SIGMAS };
static const char *const names[] = {"all", "input", "relu0", "gelu1"};  /* position = site + 2 */
static const int sites[SITES] = {APEX_SITE_INPUT, 0, 1, APEX_SITE_ALL}; /* as a sweep orders them */

int apex_site_match(const struct apex_model *m, const char *pattern, unsigned char *chosen)
{
    int n = 0;
    for (int k = 0; k < m->sites + 2; k++)
        if (!fnmatch(pattern, names[k], 0))
            chosen[k] = 1, n++;
    return n;
}

static struct grid *parse(const char *rules)
{
    char fragment[1024];
    snprintf(fragment, sizeof fragment, "sigmas: [1, 2, .inf]\n%s", rules);
    return grid_base_parse(fragment);
}

/* Cells as text: a row of '1' and '0' for each of input, relu0, gelu1, all. */
static void expect_cells(const struct grid *g, int model, const char *expected, int64_t *removed)
{
    struct apex_model m = {.sites = 2};
    unsigned char wanted[CELLS];
    char found[CELLS + SITES + 1];
    memset(wanted, 1, sizeof wanted);
    assert_int_equal(rules_apply(g, model, &m, sites, SITES, wanted, removed), 0);
    char *at = found;
    for (int k = 0; k < CELLS; k++) {
        if (k && k % SIGMAS == 0)
            *at++ = ' ';
        *at++ = wanted[k] ? '1' : '0';
    }
    *at = '\0';
    assert_string_equal(found, expected);
}

static void without_rules_every_cell_stays(void **state)
{
    (void)state;
    struct grid *g = parse("");
    expect_cells(g, 0, "111 111 111 111", NULL);
    struct apex_error err;
    assert_int_equal(rules_check(g, NULL, &err), 0);
    grid_free(g);
}

static void an_exclude_rule_needs_model_site_and_scale_to_match(void **state)
{
    (void)state;
    struct grid *g = parse("exclude: [{models: a, sites: [\"*lu*\"], sigmas: [2, .inf]}]\n");
    int64_t removed[1] = {0};
    expect_cells(g, 0, "111 100 100 111", removed);
    assert_int_equal(removed[0], 4);
    expect_cells(g, 1, "111 111 111 111", removed);
    assert_int_equal(removed[0], 4);
    grid_free(g);
}

static void an_absent_key_names_everything(void **state)
{
    (void)state;
    struct grid *g = parse("exclude: [{sites: all}, {sigmas: 1}, {models: b}]\n");
    int64_t removed[3] = {0};
    expect_cells(g, 0, "011 011 011 000", removed);
    assert_int_equal(removed[0], 3);
    assert_int_equal(removed[1], 3);
    assert_int_equal(removed[2], 0);
    expect_cells(g, 1, "000 000 000 000", removed);
    assert_int_equal(removed[2], 6);
    grid_free(g);
}

static void include_rules_keep_what_any_of_them_names(void **state)
{
    (void)state;
    struct grid *g = parse("include: [{sites: input}, {sigmas: 2}]\n");
    int64_t kept[2] = {0};
    expect_cells(g, 0, "111 010 010 010", kept);
    assert_int_equal(kept[0], 3);
    assert_int_equal(kept[1], 4); /* the cell that both name counts for both */
    grid_free(g);
}

static void a_model_that_no_include_rule_names_keeps_nothing(void **state)
{
    (void)state;
    struct grid *g = parse("include: [{models: b}]\n");
    int64_t kept[1] = {0};
    expect_cells(g, 0, "000 000 000 000", kept);
    assert_int_equal(kept[0], 0);
    expect_cells(g, 1, "111 111 111 111", kept);
    assert_int_equal(kept[0], 12);
    grid_free(g);
}

static void exclude_rules_act_on_what_include_rules_kept(void **state)
{
    (void)state;
    struct grid *g = parse("include: [{sites: [input, all]}]\nexclude: [{sigmas: .inf}]\n");
    int64_t count[2] = {0};
    expect_cells(g, 0, "110 000 000 110", count);
    assert_int_equal(count[0], 6);
    assert_int_equal(count[1], 2);
    grid_free(g);
}

static void a_cell_is_removed_once_and_counted_for_the_first_rule(void **state)
{
    (void)state;
    struct grid *g = parse("exclude: [{sites: input}, {sigmas: 1}]\n");
    int64_t removed[2] = {0};
    expect_cells(g, 0, "000 011 011 011", removed);
    assert_int_equal(removed[0], 3);
    assert_int_equal(removed[1], 3);
    grid_free(g);
}

static void cells_that_were_cleared_before_stay_so_and_count_for_no_rule(void **state)
{
    (void)state;
    struct grid *g = parse("include: [{sites: input}]\nexclude: [{sigmas: 1}]\n");
    struct apex_model m = {.sites = 2};
    unsigned char wanted[CELLS] = {0, 1, 1, 1}; /* input but for sigma 1, and relu0 at sigma 1 */
    int64_t count[2] = {0};
    assert_int_equal(rules_apply(g, 0, &m, sites, SITES, wanted, count), 0);
    assert_int_equal(wanted[0], 0);
    assert_int_equal(wanted[1], 1);
    assert_int_equal(wanted[3], 0);
    assert_int_equal(count[0], 2);
    assert_int_equal(count[1], 0);
    grid_free(g);
}

static void a_rule_that_matched_nothing_is_named_with_its_line(void **state)
{
    (void)state;
    struct grid *g =
        parse("include:\n  - {sites: \"*\"}\nexclude:\n  - {sites: input}\n  - {sites: tanh*}\n");
    int64_t count[3] = {0};
    struct apex_error err = {""};
    expect_cells(g, 0, "000 111 111 111", count);
    expect_cells(g, 1, "000 111 111 111", count);
    assert_int_equal(rules_check(g, count, &err), -1);
    const char start[] = "sweep.yaml:6:5: exclude: this rule removes no cell";
    if (strncmp(err.text, start, strlen(start)))
        fail_msg("%s, not %s", err.text, start);
    count[2] = 1;
    assert_int_equal(rules_check(g, count, &err), 0);
    count[0] = 0;
    assert_int_equal(rules_check(g, count, &err), -1);
    const char include[] = "sweep.yaml:3:5: include: this rule names no cell";
    if (strncmp(err.text, include, strlen(include)))
        fail_msg("%s, not %s", err.text, include);
    grid_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_every_cell_stays),
        cmocka_unit_test(an_exclude_rule_needs_model_site_and_scale_to_match),
        cmocka_unit_test(an_absent_key_names_everything),
        cmocka_unit_test(include_rules_keep_what_any_of_them_names),
        cmocka_unit_test(a_model_that_no_include_rule_names_keeps_nothing),
        cmocka_unit_test(exclude_rules_act_on_what_include_rules_kept),
        cmocka_unit_test(a_cell_is_removed_once_and_counted_for_the_first_rule),
        cmocka_unit_test(cells_that_were_cleared_before_stay_so_and_count_for_no_rule),
        cmocka_unit_test(a_rule_that_matched_nothing_is_named_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
