#define _XOPEN_SOURCE 700 /* nftw */

/* The whole report on files of few samples, with every section in its edge cases. */
#include "analysis/figure.h"
#include "analysis/report.h"
#include "tests/analysis/result_maker.h"

#include <ftw.h>

static const double sigma[] = {0.1, 1, 10, INFINITY};
static const int label[] = {0, 1, 2, 0, 1, 2}, clean[] = {0, 1, 2, 0, 1, 0};

static const char *const section[] = {"models",      "stay",        "regularity", "structure",
                                      "transitions", "information", "bias",       "input"};

/* Sample i leaves more and more with the scale; odd samples sooner. */
static int leaving(size_t s, size_t k, size_t i, size_t c)
{
    int away = (int)(k * (2 + i % 2 + s)) > 16 ? 16 : (int)(k * (2 + i % 2 + s));
    size_t next = ((size_t)clean[i] + 1) % 3;
    return c == (size_t)clean[i] ? 16 - away : c == next ? away : 0;
}

static int never_leaving(size_t s, size_t k, size_t i, size_t c)
{
    (void)s;
    (void)k;
    return c == (size_t)clean[i] ? 16 : 0;
}

static int nothing_done(size_t s, size_t k, size_t i, size_t c)
{
    (void)s;
    (void)k;
    (void)i;
    (void)c;
    return -2;
}

static struct maker maker(maker_count *count)
{
    return (struct maker){.sites = 2,
                          .sigmas = 4,
                          .samples = 6,
                          .classes = 3,
                          .draws = 16,
                          .sigma = sigma,
                          .label = label,
                          .clean_class = clean,
                          .count = count};
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(path);
}

static int remove_all(void **state)
{
    struct folder *f = *state;
    int outcome = nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return outcome;
}

static void need_gnuplot(void)
{
    struct apex_error err = {{0}};
    if (figures_check(&err)) {
        print_message("%s\n", err.text);
        skip();
    }
}

/* Writes the report of some files into <folder>/report; the page. */
static char *page_of(const struct folder *dir, const char *const *file, int files, struct report_options o)
{
    char to[128], page[160];
    struct apex_error err = {{0}};
    size_t size;
    o.folder = folder_file(dir, "report", to);
    o.replicates = 50;
    if (report_write(file, files, &o, &err))
        fail_msg("%s", err.text);
    snprintf(page, sizeof page, "%s/report.html", to);
    char *text = (char *)file_read(page, &size);
    text[size] = '\0';
    for (size_t i = 0; i < sizeof section / sizeof *section; i++) {
        char id[64];
        snprintf(id, sizeof id, "<section id=\"%s\">", section[i]);
        if (!strstr(text, id))
            fail_msg("no section '%s'", section[i]);
    }
    return text;
}

static const char *write_file(const struct folder *dir, const char *name, const struct maker *m,
                              char path[128])
{
    maker_write(m, folder_file(dir, name, path));
    return path;
}

static void one_file_alone_fills_what_it_can_and_says_what_would_fill_the_rest(void **state)
{
    const struct folder *dir = *state;
    char path[128];
    struct maker m = maker(leaving);
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, path)};
    char *page = page_of(dir, file, 1, (struct report_options){0});
    assert_non_null(strstr(page, "--reference FILE"));
    assert_non_null(strstr(page, "--groups FILE"));
    assert_non_null(strstr(page, "--clean-models A,B"));
    assert_non_null(strstr(page, "--against A,B:C,D"));
    assert_non_null(strstr(page, "cannot be judged"));
    assert_non_null(strstr(page, "1 have a wrong clean prediction"));
    free(page);
}

static void two_models_are_told_apart_by_name(void **state)
{
    const struct folder *dir = *state;
    char a[128], b[128];
    static const double rms[] = {2, 3};
    struct maker m = maker(leaving), n = maker(leaving);
    n.rms = rms;
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, a), write_file(dir, "b.nc", &n, b)};
    char *page = page_of(dir, file, 2, (struct report_options){0});
    assert_non_null(strstr(page, "<code>made</code> against <code>made (relative)</code>"));
    assert_non_null(strstr(page, "relative scale, 6 samples") ? page
                                                              : strstr(page, "at equal relative scale"));
    free(page);
}

/* All draws of even samples leave from the second scale on, of odd ones from the third. */
static int leaving_at_one_or_ten(size_t s, size_t k, size_t i, size_t c)
{
    (void)s;
    size_t next = ((size_t)clean[i] + 1) % 3;
    return c == (k >= 1 + i % 2 ? next : (size_t)clean[i]) ? 16 : 0;
}

static int leaving_at_once(size_t s, size_t k, size_t i, size_t c)
{
    (void)s, (void)k;
    return c == ((size_t)clean[i] + 1) % 3 ? 16 : 0;
}

static void activation_norms_that_turn_the_order_of_two_models_are_told(void **state)
{
    const struct folder *dir = *state;
    char a[128], b[128];
    static const double large[] = {1000, 1000}, small[] = {0.5, 0.5};
    struct maker m = maker(leaving_at_one_or_ten), n = maker(leaving_at_once);
    m.activation_rms = large;
    n.activation_rms = small;
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, a), write_file(dir, "b.nc", &n, b)};
    char *page = page_of(dir, file, 2, (struct report_options){0});
    assert_non_null(strstr(page, "The scale decides at 2 of 2 sites"));
    assert_non_null(strstr(page, "relative scale, 6 samples") ? page
                                                              : strstr(page, "at equal relative scale"));
    free(page);
    n.activation_rms = large;
    write_file(dir, "b.nc", &n, b);
    page = page_of(dir, file, 2, (struct report_options){0});
    assert_non_null(strstr(page, "the order of the two is the same at 2 of 2 sites."));
    free(page);
    m.activation_rms = n.activation_rms = NULL;
    write_file(dir, "a.nc", &m, a);
    write_file(dir, "b.nc", &n, b);
    page = page_of(dir, file, 2, (struct report_options){0});
    assert_non_null(strstr(page, "run the sweep once more, which computes only the norms"));
    free(page);
}

static void a_response_is_shown_and_where_there_is_none_the_page_names_the_key(void **state)
{
    const struct folder *dir = *state;
    char a[128], b[128];
    struct maker m = maker(leaving);
    m.response = 1;
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, a)};
    char *page = page_of(dir, file, 1, (struct report_options){0});
    /* 3/4 of 2 x 3 x 1.375 against 2 + 2 + 0.75; 3 + 2 + 1.5 directions */
    assert_non_null(strstr(
        page, "sigma = 0.5, 4 samples, 16 draws: at <code>relu1</code>, the last layer, it causes 0.566"));
    assert_non_null(strstr(page, "fills 6.50"));
    assert_non_null(strstr(page, "effective rank / elements"));
    assert_null(strstr(page, "response: true"));
    free(page);
    m.response = 0;
    const char *without[] = {write_file(dir, "b.nc", &m, b)};
    page = page_of(dir, without, 1, (struct report_options){0});
    assert_non_null(strstr(page, "add <code>response: true</code> to the grid file"));
    free(page);
}

static void samples_that_never_leave_are_counted_and_not_given_a_scale(void **state)
{
    const struct folder *dir = *state;
    char path[128];
    struct maker m = maker(never_leaving);
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, path)};
    char *page = page_of(dir, file, 1, (struct report_options){0});
    assert_non_null(strstr(page, "sigma = \u221e"));
    assert_non_null(strstr(page, "6 of 6 never leave on this grid"));
    assert_non_null(strstr(page, "too few draws leave their class"));
    free(page);
}

static void a_sweep_that_has_not_begun_still_has_a_page(void **state)
{
    const struct folder *dir = *state;
    char path[128];
    struct maker m = maker(nothing_done);
    m.completeness = "0 of 48 cells";
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, path)};
    char *page = page_of(dir, file, 1, (struct report_options){0});
    assert_non_null(strstr(page, "1 of 1 sweeps are not complete"));
    assert_null(strstr(page, "nan"));
    free(page);
}

static void files_without_class_counts_say_what_would_store_them(void **state)
{
    const struct folder *dir = *state;
    char path[128];
    struct maker m = maker(leaving);
    m.no_class_count = m.no_transitions = 1;
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, path)};
    char *page = page_of(dir, file, 1, (struct report_options){0});
    assert_non_null(strstr(page, "<code>class_count: true</code>"));
    free(page);
}

static void a_reference_and_groups_fill_their_sections(void **state)
{
    const struct folder *dir = *state;
    char path[128], score[128], groups[128];
    static const char scores[] =
        "index,label,cscore\n10,0,0.9\n11,1,0.2\n12,2,0.8\n13,0,0.7\n14,1,0.3\n15,2,0.6\n";
    static const char lines[] = "classes: cat, dog, ship\nanimals: cat, dog\nvehicles: ship\n";
    struct maker m = maker(leaving);
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, path)};
    file_write(folder_file(dir, "score.csv", score), scores, strlen(scores));
    file_write(folder_file(dir, "groups.txt", groups), lines, strlen(lines));
    char *page = page_of(dir, file, 1, (struct report_options){.reference = score, .groups = groups});
    assert_non_null(strstr(page, "Spearman correlation with <code>cscore</code>"));
    assert_non_null(strstr(page, "stay within a group"));
    assert_non_null(strstr(page, "cat to dog"));
    free(page);
}

static int red(void *context, const char *model, int64_t sample, struct report_image *image,
               struct apex_error *err)
{
    (void)err;
    assert_string_equal(model, "made");
    assert_true(sample >= MAKER_FIRST && sample < MAKER_FIRST + 6);
    ++*(int *)context;
    *image = (struct report_image){1, 1, malloc(3)};
    memcpy(image->rgb, "\377\0\0", 3);
    return 0;
}

static void contact_sheets_ask_for_the_images_of_every_class(void **state)
{
    const struct folder *dir = *state;
    char path[128];
    int asked = 0;
    struct maker m = maker(leaving);
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, path)};
    char *page = page_of(dir, file, 1, (struct report_options){.image = red, .image_context = &asked});
    assert_int_equal(asked, 6); /* of 2 samples of each class, the best and the worst */
    assert_non_null(strstr(page, "Class 1: most regular of 2"));
    assert_non_null(strstr(page, "data:image/png;base64,"));
    free(page);
}

static void a_failed_report_leaves_the_old_one_and_no_trace(void **state)
{
    const struct folder *dir = *state;
    char path[128], to[128], old[160];
    struct apex_error err = {{0}};
    size_t size;
    struct maker m = maker(leaving);
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, path)};
    free(page_of(dir, file, 1, (struct report_options){0}));
    snprintf(old, sizeof old, "%s/report.html", folder_file(dir, "report", to));
    unsigned char *before = file_read(old, &size);
    static const char *const nobody[] = {"nobody"};
    struct report_options o = {.folder = to, .clean_models = 1, .clean_model = nobody};
    assert_int_equal(report_write(file, 1, &o, &err), -1);
    assert_string_equal(err.text, "--clean-models: no file holds a model 'nobody'; there are made");
    size_t again;
    unsigned char *after = file_read(old, &again);
    assert_int_equal(again, size);
    assert_memory_equal(after, before, size);
    struct folder in;
    snprintf(in.path, sizeof in.path, "%.50s", to); /* a folder of folder_make is short */
    assert_int_equal(folder_count(&in), 4);         /* figures, tables, report.html, files.txt */
    free(before);
    free(after);
}

static void files_that_a_new_report_no_longer_writes_are_removed_and_others_stay(void **state)
{
    const struct folder *dir = *state;
    char a[128], b[128], own[160];
    struct maker m = maker(leaving);
    need_gnuplot();
    const char *file[] = {write_file(dir, "a.nc", &m, a), write_file(dir, "b.nc", &m, b)};
    free(page_of(dir, file, 2, (struct report_options){0}));
    snprintf(own, sizeof own, "%s/report/tables/separation.csv", dir->path);
    assert_int_equal(access(own, F_OK), 0);
    snprintf(own, sizeof own, "%s/report/tables/mine.csv", dir->path);
    file_write(own, "mine", 4);
    free(page_of(dir, file, 1, (struct report_options){0}));
    assert_int_equal(access(own, F_OK), 0);
    snprintf(own, sizeof own, "%s/report/tables/separation.csv", dir->path);
    assert_int_equal(access(own, F_OK), -1);
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, remove_all)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(one_file_alone_fills_what_it_can_and_says_what_would_fill_the_rest),
        IN_A_FOLDER(two_models_are_told_apart_by_name),
        IN_A_FOLDER(activation_norms_that_turn_the_order_of_two_models_are_told),
        IN_A_FOLDER(a_response_is_shown_and_where_there_is_none_the_page_names_the_key),
        IN_A_FOLDER(samples_that_never_leave_are_counted_and_not_given_a_scale),
        IN_A_FOLDER(a_sweep_that_has_not_begun_still_has_a_page),
        IN_A_FOLDER(files_without_class_counts_say_what_would_store_them),
        IN_A_FOLDER(a_reference_and_groups_fill_their_sections),
        IN_A_FOLDER(contact_sheets_ask_for_the_images_of_every_class),
        IN_A_FOLDER(a_failed_report_leaves_the_old_one_and_no_trace),
        IN_A_FOLDER(files_that_a_new_report_no_longer_writes_are_removed_and_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
