/* Every operator against PyTorch's answers (data/engine_golden.txt), in all kernel sets; and each row of a
 * perturbed tile against a clean pass over that row's own input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runner.h"
#include "graph_builder.h"

#include <math.h>

enum { LINE = 1 << 16, DRAWS = 5, TILE = 8 };

static const char *const sets[] = {"naive", "openblas", "auto"};

struct golden {
    struct build build;
    char name[64];
    float *input, *expected;
    int64_t count;
};

static struct apex_shape read_shape(void)
{
    struct apex_shape s = {.rank = atoi(strtok(NULL, " \n"))};
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = atoll(strtok(NULL, " \n"));
    return s;
}

static float *read_values(int64_t count)
{
    float *v = build_zeroed((size_t)count, sizeof *v);
    for (int64_t i = 0; i < count; i++)
        v[i] = strtof(strtok(NULL, " \n"), NULL);
    return v;
}

static int find_value(const struct graph *g, const char *name)
{
    for (int v = 0; v < g->values; v++)
        if (strcmp(g->value[v].name, name) == 0)
            return v;
    fail_msg("no value %s", name);
    return -1;
}

static void read_attr(struct build *b, char *item)
{
    char *at = strchr(item, '=');
    int64_t ints[16];
    size_t count = 0;
    *at = '\0';
    if (at[1] == 'i')
        build_int(b, item, atoll(at + 3));
    else if (at[1] == 'f')
        build_float(b, item, strtof(at + 3, NULL));
    else if (at[1] == 's')
        build_attr(b, item, ATTR_STRING)->s = build_text(at + 3);
    else {
        for (char *p = at + 3; *p; p += *p == ',')
            ints[count++] = strtoll(p, &p, 10);
        build_ints(b, item, count, ints);
    }
}

static void read_node(struct build *b)
{
    const char *op = strtok(NULL, " \n"), *word;
    int input[8], inputs = 0;
    while (strcmp(word = strtok(NULL, " \n"), "->") != 0)
        input[inputs++] = find_value(b->graph, word);
    const char *name = strtok(NULL, " \n");
    struct apex_shape shape = read_shape();
    build_node(b, op, inputs, input, name, shape);
    strtok(NULL, " \n"); /* the bar */
    for (char *item; (item = strtok(NULL, " \n"));)
        read_attr(b, item);
}

/* The next case; 0 at the end of the file. A Reshape to [1, count] is put behind the output. */
static int read_case(FILE *f, struct golden *c)
{
    static char line[LINE];
    while (fgets(line, sizeof line, f)) {
        const char *what = strtok(line, " \n");
        if (strcmp(what, "case") == 0) {
            snprintf(c->name, sizeof c->name, "%s", strtok(NULL, " \n"));
        } else if (strcmp(what, "input") == 0) {
            struct apex_shape s = read_shape();
            build_start(&c->build, s);
            c->input = read_values(apex_shape_count(&s));
        } else if (strcmp(what, "const") == 0) {
            const char *name = strtok(NULL, " \n");
            struct apex_shape s = read_shape();
            float *data = read_values(apex_shape_count(&s));
            build_constant(&c->build, name, s, data);
            free(data);
        } else if (strcmp(what, "node") == 0) {
            read_node(&c->build);
        } else {
            int v = find_value(c->build.graph, strtok(NULL, " \n"));
            struct apex_shape s = read_shape();
            c->count = apex_shape_count(&s);
            c->expected = read_values(c->count);
            assert_true(apex_shape_equal(&s, &c->build.graph->value[v].shape));
            int flat = build_node(&c->build, "Reshape", build_inputs(v), "flat", build_dims(1, c->count));
            build_end(&c->build, flat, flat);
            return 1;
        }
    }
    return 0;
}

static void free_case(struct golden *c)
{
    build_free(&c->build);
    free(c->input);
    free(c->expected);
}

static int check_close(const char *name, const char *set, int64_t count, const float *expected,
                       const float *got)
{
    for (int64_t i = 0; i < count; i++) {
        double allowed = 2e-5 * (1 + fabs((double)expected[i]));
        if (!(fabs((double)expected[i] - got[i]) <= allowed)) {
            print_error("%s (%s): element %lld is %.9g, expected %.9g\n", name, set, (long long)i, got[i],
                        expected[i]);
            return 1;
        }
    }
    return 0;
}

static struct apex_runner *runner_at_input(const struct golden *c, const char *set)
{
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 3};
    struct apex_error err = {""};
    int site = APEX_SITE_INPUT;
    struct apex_runner *r = apex_runner_new(&c->build.model, set, &site, 1, TILE, NULL, &noise, 0, &err);
    if (!r)
        fail_msg("%s (%s): %s", c->name, set, err.text);
    return r;
}

static void operators_agree_with_pytorch(void **state)
{
    FILE *f = fopen("data/engine_golden.txt", "r");
    struct golden c = {0};
    int cases = 0, wrong = 0;
    (void)state;
    assert_non_null(f);
    for (; read_case(f, &c); cases++) {
        float *got = build_zeroed((size_t)c.count, sizeof *got);
        for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
            struct apex_runner *r = runner_at_input(&c, sets[k]);
            apex_runner_clean(r, c.input, got);
            wrong += check_close(c.name, sets[k], c.count, c.expected, got);
            apex_runner_free(r);
        }
        free(got);
        free_case(&c);
    }
    fclose(f);
    assert_int_equal(wrong, 0);
    assert_true(cases >= 90);
}

/* Noise of 0.1, so that Log and Sqrt stay where they are defined. */
static int check_rows(const struct golden *c, const char *set)
{
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 3};
    struct apex_runner *r = runner_at_input(c, set);
    int64_t inputs = apex_shape_count(&c->build.model.input);
    float *all = build_zeroed((size_t)c->count * TILE, sizeof *all);
    float *one = build_zeroed((size_t)c->count, sizeof *one);
    float *x = build_zeroed((size_t)inputs, sizeof *x);
    double sigma = 0.1;
    int wrong = 0;
    apex_runner_clean(r, c->input, one);
    apex_runner_perturb(r, 0, NULL, &sigma, 1, 11, 40, DRAWS, all);
    for (uint32_t d = 0; d < DRAWS; d++) {
        apex_noise_fill(&noise, 0, 11, 40 + d, 0, inputs, x);
        for (int64_t i = 0; i < inputs; i++)
            x[i] = c->input[i] + 0.1f * x[i];
        apex_runner_clean(r, x, one);
        wrong += check_close(c->name, set, c->count, one, all + d * c->count);
    }
    apex_runner_free(r);
    free(all);
    free(one);
    free(x);
    return wrong;
}

static void every_row_of_a_tile_is_a_pass_of_its_own(void **state)
{
    FILE *f = fopen("data/engine_golden.txt", "r");
    struct golden c = {0};
    int wrong = 0;
    (void)state;
    assert_non_null(f);
    for (; read_case(f, &c); free_case(&c))
        for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
            wrong += check_rows(&c, sets[k]);
    fclose(f);
    assert_int_equal(wrong, 0);
}

static void split_gives_every_part(void **state)
{
    struct build b;
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN};
    struct apex_error err = {""};
    float x[6] = {1, 2, 3, 4, 5, 6}, y[6], expected[6] = {4, 5, 6, -1, -2, -3};
    (void)state;
    build_start(&b, build_dims(1, 6));
    int first = build_node(&b, "Split", build_inputs(b.graph->input), "first", build_dims(1, 3));
    struct graph_node *n = &b.graph->node[0];
    free(n->output);
    n->output = build_zeroed(2, sizeof *n->output);
    n->outputs = 2;
    n->output[0] = first;
    struct apex_shape half = build_dims(1, 3);
    n->output[1] = build_value(&b, "second", &half);
    build_int(&b, "axis", 1);
    build_ints(&b, "split", 2, (int64_t[]){3, 3});
    int negative = build_node(&b, "Neg", build_inputs(first), "negative", half);
    int all = build_node(&b, "Concat", build_inputs(n->output[1], negative), "all", build_dims(1, 6));
    build_int(&b, "axis", 1);
    build_end(&b, all, all);
    struct apex_runner *r = apex_runner_new(&b.model, "naive", NULL, 0, 1, NULL, &noise, 0, &err);
    assert_non_null(r);
    apex_runner_clean(r, x, y);
    assert_memory_equal(y, expected, sizeof y);
    apex_runner_free(r);
    build_free(&b);
}

static void an_unknown_operator_is_named(void **state)
{
    struct build b;
    struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN};
    struct apex_error err = {""};
    (void)state;
    build_start(&b, build_dims(1, 6));
    int y = build_node(&b, "Einsum", build_inputs(b.graph->input), "y", build_dims(1, 6));
    build_end(&b, y, y);
    assert_null(apex_runner_new(&b.model, "naive", NULL, 0, 1, NULL, &noise, 0, &err));
    assert_non_null(strstr(err.text, "'/y/Einsum' (Einsum)"));
    build_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_agree_with_pytorch),
        cmocka_unit_test(every_row_of_a_tile_is_a_pass_of_its_own),
        cmocka_unit_test(split_gives_every_part),
        cmocka_unit_test(an_unknown_operator_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
