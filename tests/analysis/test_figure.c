#include "analysis/figure.h"
#include "tests/dist/folder.h"

#include <math.h>

/* Skips where gnuplot is not installed. */
static void need_gnuplot(void)
{
    struct apex_error err = {{0}};
    if (figures_check(&err)) {
        print_message("%s\n", err.text);
        skip();
    }
}

static void draw(struct figures *f)
{
    struct apex_error err = {{0}};
    if (figures_draw(f, &err))
        fail_msg("%s", err.text);
}

static char *inlined(const struct figures *f, const char *name)
{
    struct bytes out = {0};
    struct apex_error err = {{0}};
    if (figures_inline(f, name, "a <label>", &out, &err))
        fail_msg("%s", err.text);
    return text_take(&out, NULL);
}

static const double sigma[] = {0.1, 1, 10, INFINITY};
static const double stay[] = {1, 0.5, 0.25, 0.125}, low[] = {0.9, 0.4, 0.2, 0.1}, high[] = {1, 0.6, 0.3, 0.2};
static const double nothing[] = {NAN, NAN, NAN, NAN};

static struct chart chart(enum chart_kind kind, const char *name, const struct series *s, int n)
{
    static const char *const text[] = {"a", "b \"quoted\"", "c\\", "d"};
    return (struct chart){.kind = kind,
                          .name = name,
                          .title = "a 'title' of \"quotes\" \\ and _{braces}",
                          .x_label = "x",
                          .y_label = "y",
                          .points = 4,
                          .x = sigma,
                          .x_text = text,
                          .log_x = kind != CHART_BARS,
                          .y_low = 0,
                          .y_high = 1,
                          .level = NAN,
                          .series = n,
                          .s = s};
}

static void every_kind_of_chart_is_drawn_as_svg_and_png(void **state)
{
    static const char *const name[] = {"lines-1", "shares-1", "points-1", "bars-1"};
    const struct folder *dir = *state;
    const struct series s[] = {{"input", LOOK_INPUT, 0, 1, stay, low, high},
                               {"relu0", LOOK_LAYER, 0, 2, stay, low, high},
                               {"model_a", LOOK_ITEM, 9, 2, stay, NULL, NULL},
                               {"all", LOOK_ALL, 0, 1, nothing, nothing, nothing}};
    need_gnuplot();
    struct figures *f = figures_new(dir->path);
    for (int k = 0; k < 4; k++) {
        struct chart c = chart((enum chart_kind)k, name[k], s, k == CHART_SHARES ? 2 : 4);
        figure_chart(f, &c);
    }
    draw(f);
    for (int k = 0; k < 4; k++) {
        char path[128], file[64];
        size_t size;
        snprintf(file, sizeof file, "%s.png", name[k]);
        unsigned char *png = file_read(folder_file(dir, file, path), &size);
        assert_memory_equal(png, "\211PNG", 4);
        free(png);
        char *svg = inlined(f, name[k]);
        assert_non_null(strstr(svg, "a 'title' of \"quotes\" \\ and _{braces}"));
        free(svg);
    }
    figures_free(f);
}

static void charts_and_heat_maps_of_nothing_say_so(void **state)
{
    const struct folder *dir = *state;
    const struct series s = {"none", LOOK_ITEM, 0, 1, nothing, nothing, nothing};
    static const char *const label[] = {"0", "1"};
    static const char *const name[] = {"lines", "shares", "points", "bars", "heat"};
    need_gnuplot();
    struct figures *f = figures_new(dir->path);
    for (int k = 0; k < 4; k++) {
        struct chart c = chart((enum chart_kind)k, name[k], &s, 1);
        c.y_low = c.y_high = NAN;
        figure_chart(f, &c);
    }
    figure_heat(f, &(struct heat){"heat", "t", "x", "y", "v", 2, 2, nothing, label, label, 0, 1, 0, 1});
    draw(f);
    for (int k = 0; k < 5; k++) {
        char *svg = inlined(f, name[k]);
        assert_non_null(strstr(svg, "no data"));
        free(svg);
    }
    figures_free(f);
}

static void an_inlined_figure_takes_the_colour_of_text_and_shares_no_identifier(void **state)
{
    const struct folder *dir = *state;
    const struct series s = {"all", LOOK_ALL, 0, 1, stay, low, high};
    need_gnuplot();
    struct figures *f = figures_new(dir->path);
    struct chart a = chart(CHART_LINES, "fig-a", &s, 1), b = chart(CHART_LINES, "fig-b", &s, 1);
    figure_chart(f, &a);
    figure_chart(f, &b);
    draw(f);
    char *one = inlined(f, "fig-a"), *two = inlined(f, "fig-b");
    assert_memory_equal(one, "<svg role=\"img\" aria-label=\"a &lt;label&gt;\"", 43);
    assert_null(strstr(one, "black"));
    assert_null(strstr(one, "<?xml"));
    assert_non_null(strstr(one, "currentColor"));
    for (char *at = one; (at = strstr(at, "id=")); at++) {
        char id[128];
        snprintf(id, sizeof id, "%.*s", (int)(strcspn(at + 4, "'\"") + 5), at);
        if (strstr(two, id))
            fail_msg("both figures have %s", id);
    }
    for (char *at = one; (at = strstr(at, "href='#")); at++) {
        char target[128];
        snprintf(target, sizeof target, "id='%.*s'", (int)strcspn(at + 7, "'"), at + 7);
        if (!strstr(one, target))
            fail_msg("%s is used and not there", target);
    }
    free(one);
    free(two);
    figures_free(f);
}

static void the_same_figures_have_the_same_bytes(void **state)
{
    const struct folder *dir = *state;
    const struct series s = {"a", LOOK_ITEM, 0, 1, stay, low, high};
    unsigned char *file[2];
    size_t size[2];
    char path[128];
    need_gnuplot();
    for (int k = 0; k < 2; k++) {
        struct figures *f = figures_new(dir->path);
        struct chart c = chart(CHART_LINES, "same", &s, 1);
        figure_chart(f, &c);
        draw(f);
        file[k] = file_read(folder_file(dir, "same.png", path), &size[k]);
        figures_free(f);
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(file[0], file[1], size[0]);
    free(file[0]);
    free(file[1]);
}

static void without_gnuplot_the_error_names_its_package(void **state)
{
    (void)state;
    struct apex_error err = {{0}};
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    int outcome = figures_check(&err);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(outcome, -1);
    assert_non_null(strstr(err.text, "gnuplot-nox"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_chart_is_drawn_as_svg_and_png, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(charts_and_heat_maps_of_nothing_say_so, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(an_inlined_figure_takes_the_colour_of_text_and_shares_no_identifier,
                                        folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(the_same_figures_have_the_same_bytes, folder_make, folder_remove),
        cmocka_unit_test(without_gnuplot_the_error_names_its_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
