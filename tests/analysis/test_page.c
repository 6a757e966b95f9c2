#include "analysis/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *finished(struct page *p, const struct figures *f)
{
    struct bytes out = {0};
    struct apex_error err = {{0}};
    if (page_finish(p, f, "The `end`.", &out, &err))
        fail_msg("%s", err.text);
    page_free(p);
    return text_take(&out, NULL);
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

static void text_is_escaped_and_backquotes_set_code(void **state)
{
    (void)state;
    struct page *p = page_new("<title>", "a & `b`");
    page_section(p, "one", "One & two");
    page_text(p, "x < y, `z<`, %s", "\"q\" and an open `quote");
    char *text = finished(p, NULL);
    assert_non_null(strstr(text, "<title>&lt;title&gt;</title>"));
    assert_non_null(strstr(text, "a &amp; <code>b</code></p>"));
    assert_non_null(strstr(text, "<h2>One &amp; two</h2>"));
    assert_non_null(
        strstr(text, "<p>x &lt; y, <code>z&lt;</code>, &quot;q&quot; and an open <code>quote</code></p>"));
    free(text);
}

static void the_first_finding_of_each_section_is_in_the_summary(void **state)
{
    (void)state;
    struct page *p = page_new("t", "");
    page_section(p, "one", "One");
    page_finding(p, "first finding");
    page_finding(p, "second finding");
    page_section(p, "two", "Two");
    page_section(p, "three", "Three");
    page_finding(p, "third finding");
    char *text = finished(p, NULL);
    char *main = strstr(text, "<main>");
    assert_non_null(main);
    assert_int_equal(count(text, "first finding"), 2);
    assert_int_equal(count(text, "second finding"), 1);
    assert_int_equal(count(text, "third finding"), 2);
    assert_int_equal(count(text, "<li>"), 3);
    assert_int_equal(count(text, "</li>"), 3);
    assert_int_equal(count(text, "<section "), 3);
    assert_int_equal(count(text, "</section>"), 3);
    assert_true(strstr(text, "first finding") < main);
    free(text);
}

static void a_page_needs_no_network_and_no_script(void **state)
{
    (void)state;
    struct page *p = page_new("t", "");
    page_section(p, "one", "One");
    page_images(p, "images");
    page_image(p, "\x89PNG!", 5, 4, 4, "a <caption>");
    page_images_end(p);
    char *text = finished(p, NULL);
    assert_non_null(strstr(text, "data:image/png;base64,iVBORyE=\""));
    assert_non_null(strstr(text, "alt=\"a &lt;caption&gt;\""));
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "src=\"http"));
    assert_null(strstr(text, "url("));
    assert_null(strstr(text, "@import"));
    assert_int_equal(count(text, "http"), 1); /* the name space of XHTML, which nobody fetches */
    free(text);
}

static void a_figure_that_was_not_drawn_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct figures *f = figures_new("/nowhere");
    struct page *p = page_new("t", "");
    struct bytes out = {0};
    struct apex_error err = {{0}};
    page_section(p, "one", "One");
    page_figures(p);
    page_figure(p, "missing", "caption");
    page_figures_end(p);
    assert_int_equal(page_finish(p, f, "", &out, &err), -1);
    assert_non_null(strstr(err.text, "/nowhere/missing.svg: cannot read"));
    bytes_free(&out);
    page_free(p);
    figures_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped_and_backquotes_set_code),
        cmocka_unit_test(the_first_finding_of_each_section_is_in_the_summary),
        cmocka_unit_test(a_page_needs_no_network_and_no_script),
        cmocka_unit_test(a_figure_that_was_not_drawn_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
