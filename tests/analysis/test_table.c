#include "analysis/table.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef int writer(const struct table *t, struct bytes *out, struct apex_error *err);

static char *written(const struct table *t, writer *write)
{
    struct bytes out = {0};
    struct apex_error err = {{0}};
    if (write(t, &out, &err))
        fail_msg("%s", err.text);
    return text_take(&out, NULL);
}

static int html(const struct table *t, struct bytes *out, struct apex_error *err)
{
    return table_html(t, 0, out, err);
}

static struct table *example(void)
{
    struct table *t = table_new("example", "An <example>");
    table_column(t, COLUMN_TEXT, "model", "Model", "");
    table_column(t, COLUMN_COUNT, "samples", "Samples", "");
    table_column(t, COLUMN_NUMBER, "median", "Median", "sigma");
    table_column(t, COLUMN_LOW, "median_low", "", "sigma");
    table_column(t, COLUMN_HIGH, "median_high", "", "sigma");
    table_text(t, "a, \"b\" & c");
    table_number(t, 120);
    table_interval(t, 0.5, 0.25, INFINITY);
    table_text(t, "d");
    table_number(t, NAN);
    table_interval(t, NAN, NAN, NAN);
    return t;
}

static void csv_quotes_what_needs_it_and_leaves_unknown_numbers_empty(void **state)
{
    (void)state;
    struct table *t = example();
    char *text = written(t, table_csv);
    assert_string_equal(text, "model,samples,median,median_low,median_high\n"
                              "\"a, \"\"b\"\" & c\",120,0.5,0.25,inf\n"
                              "d,,,,\n");
    free(text);
    table_free(t);
}

static void json_has_null_for_unknown_and_a_string_for_infinity(void **state)
{
    (void)state;
    struct table *t = example();
    char *text = written(t, table_json);
    assert_string_equal(
        text, "{\"name\": \"example\",\n \"title\": \"An <example>\",\n \"units\": {\"median\": \"sigma\", "
              "\"median_low\": \"sigma\", \"median_high\": \"sigma\"},\n \"rows\": [\n"
              "  {\"model\": \"a, \\\"b\\\" & c\", \"samples\": 120, \"median\": 0.5, \"median_low\": 0.25, "
              "\"median_high\": \"inf\"},\n"
              "  {\"model\": \"d\", \"samples\": null, \"median\": null, \"median_low\": null, "
              "\"median_high\": null}\n ]}\n");
    free(text);
    table_free(t);
}

static void html_escapes_and_joins_a_number_with_its_interval(void **state)
{
    (void)state;
    struct table *t = example();
    char *text = written(t, html);
    assert_non_null(strstr(text, "<caption>An &lt;example&gt;</caption>"));
    assert_non_null(strstr(text, "<td>a, &quot;b&quot; &amp; c</td><td class=\"n\">120</td>"));
    assert_non_null(strstr(text, "0.500 <small>[0.250,\u00a0\u221e]</small>"));
    assert_non_null(strstr(text, "<td>d</td><td class=\"n\">\u2013</td><td class=\"n\">\u2013</td>"));
    assert_null(strstr(text, "median_low"));
    free(text);
    table_free(t);
}

static void rows_left_out_of_the_page_are_said(void **state)
{
    (void)state;
    struct table *t = example();
    struct bytes out = {0};
    assert_int_equal(table_html(t, 1, &out, NULL), 0);
    char *text = text_take(&out, NULL);
    assert_non_null(strstr(text, "1 of 2 rows shown."));
    assert_null(strstr(text, "<td>d</td>"));
    free(text);
    table_free(t);
}

static void a_row_that_is_not_full_is_refused(void **state)
{
    (void)state;
    struct table *t = example();
    struct bytes out = {0};
    struct apex_error err = {{0}};
    table_text(t, "half a row");
    assert_int_equal(table_csv(t, &out, &err), -1);
    assert_string_equal(err.text, "table example: 11 cells do not fill rows of 5 columns");
    bytes_free(&out);
    table_free(t);
}

static void a_table_without_rows_is_a_table(void **state)
{
    (void)state;
    struct table *t = table_new("empty", "");
    table_column(t, COLUMN_TEXT, "a", "A", "");
    char *csv = written(t, table_csv), *json = written(t, table_json);
    assert_string_equal(csv, "a\n");
    assert_string_equal(json,
                        "{\"name\": \"empty\",\n \"title\": \"\",\n \"units\": {},\n \"rows\": [\n ]}\n");
    free(csv);
    free(json);
    table_free(t);
}

static void columns_after_cells_are_refused(void **state)
{
    (void)state;
    struct table *t = example();
    struct bytes out = {0};
    table_column(t, COLUMN_TEXT, "late", "", "");
    assert_int_equal(table_csv(t, &out, NULL), -1);
    bytes_free(&out);
    table_free(t);
}

static void numbers_have_three_digits_for_people(void **state)
{
    (void)state;
    static const struct {
        double x;
        const char *text;
    } known[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1.00"},
        {0.12345, "0.123"},
        {0.0012345, "0.0012"},
        {12.345, "12.3"},
        {9.999, "10.0"},
        {123.45, "123"},
        {99.96, "100"},
        {-2.5, "-2.50"},
        {1e-7, "1.0e-07"},
        {0.9999, "1.00"},
        {1234567, "1.2e+06"},
        {INFINITY, "\u221e"},
        {NAN, "\u2013"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[TEXT_NUMBER];
        assert_string_equal(text_number(known[i].x, text), known[i].text);
    }
}

static void control_characters_do_not_reach_html_and_are_escaped_in_json(void **state)
{
    (void)state;
    struct bytes out = {0};
    text_html(&out, "a\x01<b");
    text_json(&out, "x\x02\n\\");
    char *text = text_take(&out, NULL);
    assert_string_equal(text, "a&lt;b\"x\\u0002\\u000a\\\\\"");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_quotes_what_needs_it_and_leaves_unknown_numbers_empty),
        cmocka_unit_test(json_has_null_for_unknown_and_a_string_for_infinity),
        cmocka_unit_test(html_escapes_and_joins_a_number_with_its_interval),
        cmocka_unit_test(rows_left_out_of_the_page_are_said),
        cmocka_unit_test(a_row_that_is_not_full_is_refused),
        cmocka_unit_test(a_table_without_rows_is_a_table),
        cmocka_unit_test(columns_after_cells_are_refused),
        cmocka_unit_test(numbers_have_three_digits_for_people),
        cmocka_unit_test(control_characters_do_not_reach_html_and_are_escaped_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
