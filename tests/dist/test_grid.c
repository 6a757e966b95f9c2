#include "dist/grid/grid.h"

#include "tests/dist/grid_base.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static struct grid *load(const char *path)
{
    struct apex_error err = {""};
    struct grid *g = grid_load(path, &err);
    if (!g)
        fail_msg("%s", err.text);
    return g;
}

/* <folder of the tests>/<tail> */
static void assert_path(const char *path, const char *folder, const char *tail)
{
    char here[4096], expected[8192];
    assert_non_null(realpath(folder, here));
    snprintf(expected, sizeof expected, "%s/%s", here, tail);
    assert_string_equal(path, expected);
}

static void the_grid_of_the_design_parses_as_it_stands(void **state)
{
    (void)state;
    struct grid *g = load("data/grid/design.yaml");
    assert_string_equal(g->sweep, "digits-quickstart");
    assert_path(g->output, "data/grid", "results/digits");
    assert_int_equal(g->seed, 1);
    assert_int_equal(g->draws, 64);
    assert_int_equal(g->datas, 1);
    assert_path(g->data[0].path[0], "data/grid", "digits.nc");
    assert_int_equal(g->data[0].ranges, 1);
    assert_int_equal(g->data[0].range[0].first, 0);
    assert_int_equal(g->data[0].range[0].last, 500);
    assert_int_equal(g->models, 2);
    assert_string_equal(g->model[0].name, "structured");
    assert_string_equal(g->model[0].labels, "true");
    assert_string_equal(g->model[1].labels, "random");
    assert_int_equal(g->sites, 3);
    assert_string_equal(g->site[1].text, "relu*");
    assert_int_equal(g->site[1].mark.line, 10);
    assert_int_equal(g->site[1].mark.column, 16);
    assert_int_equal(g->sigmas, 13);
    assert_true(g->sigma[0] == 0.01 && g->sigma[4] == 0.1 && g->sigma[8] == 1 && g->sigma[12] == 10);
    assert_int_equal(g->noise, APEX_NOISE_GAUSSIAN);
    assert_int_equal(g->relative, 0);
    assert_int_equal(g->excludes, 1);
    assert_string_equal(g->exclude[0].model[0].text, "random");
    assert_string_equal(g->exclude[0].site[0].text, "all");
    assert_int_equal(g->exclude[0].sigmas, 0);
    grid_free(g);
}

static void a_label_set_that_nobody_lists_is_a_variable_of_the_data_file(void **state)
{
    (void)state;
    struct grid *g = load("data/grid/design.yaml");
    assert_int_equal(g->data[0].label_sets, 1);
    assert_string_equal(g->data[0].labels[0].name, "random");
    assert_null(g->data[0].labels[0].path);
    assert_string_equal(g->data[0].labels[0].variable, "label_random");
    assert_int_equal(g->data[0].labels[0].mark.line, 9);
    grid_free(g);
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    struct grid *g = grid_base_parse("");
    assert_int_equal(g->seed, 0);
    assert_int_equal(g->draws, 64);
    assert_int_equal(g->noise, APEX_NOISE_GAUSSIAN);
    assert_int_equal(g->relative, 0);
    assert_int_equal(g->rms.first, -1);
    assert_int_equal(g->bf16, 0);
    assert_string_equal(g->kernels, "auto");
    assert_int_equal(g->class_count, -1);
    assert_int_equal(g->includes, 0);
    assert_int_equal(g->excludes, 0);
    assert_null(g->data[0].format);
    assert_string_equal(g->data[0].layout, "nchw");
    assert_int_equal(g->data[0].ranges, 0);
    assert_int_equal(g->data[0].means, 0);
    assert_true(g->data[0].divide == 0);
    assert_int_equal(g->data[0].label_sets, 0);
    assert_int_equal(g->model[1].data, 0);
    assert_string_equal(g->model[1].labels, "true");
    grid_free(g);
}

static void every_key_reaches_its_field(void **state)
{
    (void)state;
    setenv("APEX_TEST_ROOT", "/root/of", 1);
    struct grid *g = load("data/grid/full.yaml");
    assert_string_equal(g->sweep, "every key");
    assert_string_equal(g->output, "/root/of/out");
    assert_int_equal(g->output_mark.line, 3);
    assert_true(g->seed == UINT64_MAX);
    assert_int_equal(g->draws, 1000000);
    assert_int_equal(g->noise, APEX_NOISE_LAPLACE);
    assert_int_equal(g->relative, 1);
    assert_int_equal(g->rms.first, 0);
    assert_int_equal(g->rms.last, 64);
    assert_int_equal(g->bf16, 1);
    assert_string_equal(g->kernels, "emulated");
    assert_int_equal(g->class_count, 1);
    assert_int_equal(g->sigmas, 8);
    assert_int_equal(g->sigmas_mark.line, 30);
    assert_int_equal(g->sites, 3);
    assert_string_equal(g->site[1].text, "0");
    assert_int_equal(g->includes, 2);
    assert_int_equal(g->include[0].sigmas, 2);
    assert_true(isinf(g->include[0].sigma[1]));
    assert_int_equal(g->include[1].sites, 0);
    assert_int_equal(g->include[1].mark.line, 34);
    assert_int_equal(g->exclude[0].models, 0);
    assert_int_equal(g->exclude[0].sites, 2);
    assert_true(g->exclude[0].sigma[0] == 0.01);
    grid_free(g);
}

static void every_key_of_a_data_set_reaches_its_field(void **state)
{
    (void)state;
    setenv("APEX_TEST_ROOT", "/root/of", 1);
    struct grid *g = load("data/grid/full.yaml");
    const struct grid_data *c = &g->data[0], *d = &g->data[1];
    assert_string_equal(c->name, "cifar");
    assert_int_equal(c->paths, 2);
    assert_path(c->path[0], "data/grid", "data_batch_1.bin.gz");
    assert_string_equal(c->path[1], "/root/of/data_batch_2.bin.gz");
    assert_string_equal(c->format, "cifar10");
    assert_int_equal(c->ranges, 3);
    assert_int_equal(c->range[1].first, 200);
    assert_int_equal(c->range[1].last, 201);
    assert_int_equal(c->range[2].first, 300);
    assert_int_equal(c->range[2].last, -1);
    assert_int_equal(c->means, 3);
    assert_int_equal(c->stds, 3);
    assert_true(c->mean[1] == 0.4822 && c->std[2] == 0.2616 && c->divide == 255);
    assert_string_equal(d->format, "npz");
    assert_string_equal(d->variable, "x_test");
    assert_string_equal(d->layout, "nhwc");
    assert_int_equal(d->range[0].first, 0);
    assert_int_equal(d->range[0].last, 50);
    assert_true(d->means == 1 && d->mean[0] == 0.5 && d->stds == 1 && d->std[0] == 0.25);
    assert_int_equal(d->mark.line, 15);
    grid_free(g);
}

static void a_label_source_is_a_file_or_a_variable_or_both(void **state)
{
    (void)state;
    setenv("APEX_TEST_ROOT", "/root/of", 1);
    struct grid *g = load("data/grid/full.yaml");
    const struct grid_labels *set = g->data[0].labels;
    assert_int_equal(g->data[0].label_sets, 3);
    assert_string_equal(set[0].name, "true");
    assert_path(set[0].path, "data/grid", "labels/true.npy");
    assert_null(set[0].variable);
    assert_string_equal(set[1].name, "noisy");
    assert_path(set[1].path, "data/grid", "odd:name/labels.nc");
    assert_string_equal(set[1].variable, "label_noisy");
    assert_null(set[2].path);
    assert_string_equal(set[2].variable, "label_own");
    assert_int_equal(g->data[1].label_sets, 1);
    assert_string_equal(g->data[1].labels[0].name, "true");
    assert_string_equal(g->data[1].labels[0].path, "/root/of/d.npz");
    assert_string_equal(g->data[1].labels[0].variable, "y");
    grid_free(g);
    g = grid_base_parse("data: {d: {path: d, labels: \"a:b/c.v2:1.npy\"}}\n");
    assert_path(g->data[0].labels[0].path, ".", "a:b/c.v2:1.npy");
    assert_null(g->data[0].labels[0].variable);
    grid_free(g);
}

static void models_find_their_data_and_labels(void **state)
{
    (void)state;
    setenv("APEX_TEST_ROOT", "/root/of", 1);
    struct grid *g = load("data/grid/full.yaml");
    assert_int_equal(g->models, 3);
    assert_path(g->model[0].path, "data/grid", "nets/a.onnx");
    assert_string_equal(g->model[0].labels, "noisy");
    assert_string_equal(g->model[1].path, "/abs/b.onnx");
    assert_string_equal(g->model[1].labels, "true");
    assert_int_equal(g->model[1].data, 0);
    assert_path(g->model[2].path, "data/grid", "../m.onnx");
    assert_int_equal(g->model[2].data, 1);
    assert_null(g->model[2].labels);
    assert_int_equal(g->model[2].mark.line, 27);
    assert_int_equal(g->model[2].mark.column, 3);
    grid_free(g);
}

static void no_labels_can_be_said_in_four_ways(void **state)
{
    (void)state;
    const char *const word[] = {"none", "false", "null", "~"};
    for (int k = 0; k < 4; k++) {
        char text[128];
        snprintf(text, sizeof text, "models: {a: {path: a.onnx, labels: %s}}\n", word[k]);
        struct grid *g = grid_base_parse(text);
        assert_null(g->model[0].labels);
        grid_free(g);
    }
}

static void a_quoted_true_is_the_set_true_as_well(void **state)
{
    (void)state;
    struct grid *g =
        grid_base_parse("models: {a: {path: a.onnx, labels: \"true\"}, b: {path: b, labels: True}}\n");
    assert_string_equal(g->model[0].labels, "true");
    assert_string_equal(g->model[1].labels, "true");
    grid_free(g);
}

static void sites_and_paths_may_be_given_without_a_list(void **state)
{
    (void)state;
    struct grid *g = grid_base_parse("sites: all\n");
    assert_int_equal(g->sites, 1);
    assert_string_equal(g->site[0].text, "all");
    assert_int_equal(g->data[0].paths, 1);
    grid_free(g);
}

static void anchors_and_aliases_stand_for_what_they_name(void **state)
{
    (void)state;
    struct grid *g = grid_base_parse("data: {d: {path: d.nc, mean: &m [1, 2], std: *m}}\n"
                                     "models: {a: &a {path: a.onnx}, b: *a}\n");
    assert_int_equal(g->data[0].stds, 2);
    assert_true(g->data[0].std[1] == 2);
    assert_string_equal(g->model[1].name, "b");
    assert_string_equal(g->model[1].path, g->model[0].path);
    grid_free(g);
}

static void class_count_takes_three_words(void **state)
{
    (void)state;
    const char *const word[] = {"false", "true", "auto"};
    for (int k = 0; k < 3; k++) {
        char text[64];
        snprintf(text, sizeof text, "class_count: %s\n", word[k]);
        struct grid *g = grid_base_parse(text);
        assert_int_equal(g->class_count, k == 2 ? -1 : k);
        grid_free(g);
    }
}

static void noise_per_channel_and_ranks_are_off_unless_asked_for(void **state)
{
    (void)state;
    static const char *const text[] = {"", "noise: {per: element}\nclass_rank: false\n",
                                       "noise: {kind: dropout, per: channel}\nclass_rank: true\n"};
    for (int k = 0; k < 3; k++) {
        struct grid *g = grid_base_parse(text[k]);
        assert_int_equal(g->per_channel, k == 2);
        assert_int_equal(g->class_rank, k == 2);
        grid_free(g);
    }
}

static void every_noise_kind_is_known(void **state)
{
    (void)state;
    for (int k = 0; k <= APEX_NOISE_DROPOUT; k++) {
        char text[64];
        snprintf(text, sizeof text, "noise: {kind: %s}\n", apex_noise_name((enum apex_noise_kind)k));
        struct grid *g = grid_base_parse(text);
        assert_int_equal(g->noise, k);
        grid_free(g);
    }
}

static void the_text_is_kept_byte_for_byte(void **state)
{
    (void)state;
    char *text = grid_base("# a comment, \xC3\xA9\r\n", NULL);
    struct grid *g = grid_parse(text, strlen(text), "sweep.yaml", NULL);
    assert_non_null(g);
    assert_string_equal(g->text, text);
    assert_string_equal(g->path, "sweep.yaml");
    grid_free(g);
    free(text);
}

static void paths_follow_the_file_through_a_link_to_its_folder(void **state)
{
    (void)state;
    char folder[] = "/tmp/apex-grid-XXXXXX", real[64], link[64], file[80];
    assert_non_null(mkdtemp(folder));
    snprintf(real, sizeof real, "%s/real", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    snprintf(file, sizeof file, "%s/link/sweep.yaml", folder);
    assert_int_equal(mkdir(real, 0700), 0);
    assert_int_equal(symlink("real", link), 0);
    char *text = grid_base("", NULL);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    free(text);
    struct grid *g = load(file);
    assert_path(g->output, real, "results/base");
    assert_string_equal(g->path, file);
    grid_free(g);
    unlink(file);
    unlink(link);
    rmdir(real);
    rmdir(folder);
}

static void a_folder_of_another_host_is_taken_at_its_word(void **state)
{
    (void)state;
    char *text = grid_base("", NULL);
    struct apex_error err;
    struct grid *g = grid_parse(text, strlen(text), "/no/such/folder/sweep.yaml", &err);
    assert_non_null(g);
    assert_string_equal(g->output, "/no/such/folder/results/base");
    grid_free(g);
    free(text);
}

static void a_response_has_defaults_and_takes_what_is_written(void **state)
{
    (void)state;
    struct grid *g = grid_base_parse("seed: 1\n");
    assert_false(g->response.asked);
    grid_free(g);
    g = grid_base_parse("response: false\n");
    assert_false(g->response.asked);
    grid_free(g);
    g = grid_base_parse("response: true\n");
    assert_true(g->response.asked);
    assert_string_equal(g->response.site, "input");
    assert_int_equal(g->response.sigmas, 2);
    assert_true(g->response.sigma[0] == 0.1 && g->response.sigma[1] == 0.5);
    assert_int_equal(g->response.samples, 32);
    assert_int_equal(g->response.draws, 32);
    grid_free(g);
    g = grid_base_parse("response: {site: relu0, sigmas: [1, 0.25, 1], samples: 5}\nsigmas: [3]\n");
    assert_string_equal(g->response.site, "relu0");
    assert_int_equal(g->response.sigmas, 2);
    assert_true(g->response.sigma[0] == 0.25 && g->response.sigma[1] == 1);
    assert_int_equal(g->response.samples, 5);
    assert_int_equal(g->response.draws, 32);
    assert_int_equal(g->sigmas, 1); /* the sweep's own are untouched */
    assert_true(g->sigma[0] == 3);
    grid_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grid_of_the_design_parses_as_it_stands),
        cmocka_unit_test(a_label_set_that_nobody_lists_is_a_variable_of_the_data_file),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(every_key_reaches_its_field),
        cmocka_unit_test(every_key_of_a_data_set_reaches_its_field),
        cmocka_unit_test(a_label_source_is_a_file_or_a_variable_or_both),
        cmocka_unit_test(models_find_their_data_and_labels),
        cmocka_unit_test(no_labels_can_be_said_in_four_ways),
        cmocka_unit_test(a_quoted_true_is_the_set_true_as_well),
        cmocka_unit_test(sites_and_paths_may_be_given_without_a_list),
        cmocka_unit_test(anchors_and_aliases_stand_for_what_they_name),
        cmocka_unit_test(class_count_takes_three_words),
        cmocka_unit_test(noise_per_channel_and_ranks_are_off_unless_asked_for),
        cmocka_unit_test(every_noise_kind_is_known),
        cmocka_unit_test(the_text_is_kept_byte_for_byte),
        cmocka_unit_test(paths_follow_the_file_through_a_link_to_its_folder),
        cmocka_unit_test(a_response_has_defaults_and_takes_what_is_written),
        cmocka_unit_test(a_folder_of_another_host_is_taken_at_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
