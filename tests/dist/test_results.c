#include "dist/results/results.h"
#include "tiny.h"

static const unsigned char every[8] = {1, 1, 1, 1, 1, 1, 1, 1};

static void add(struct results *r, int first, int count, const unsigned char *use)
{
    struct bytes b = tiny_record(r->context, first, count, use);
    struct apex_error err;
    if (results_add(r, b.data, b.size, &err) != 0)
        fail_msg("results_add: %s", err.text);
    bytes_free(&b);
}

static struct results *make(const struct context *c)
{
    struct apex_error err;
    struct results *r = results_new(c, &err);
    if (!r)
        fail_msg("results_new: %s", err.text);
    return r;
}

static size_t at(int site, int sigma, int sample)
{
    return ((size_t)site * TINY_SIGMAS + (size_t)sigma) * TINY_SAMPLES + (size_t)sample;
}

static void records_land_at_their_places(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct results *r = make(c);
    assert_int_equal(r->wanted, 40);
    add(r, 3, 2, every);
    add(r, 0, 3, every);
    assert_int_equal(r->have, 40);
    for (int s = 0; s < 2; s++)
        for (int g = 0; g < 4; g++)
            for (int i = 0; i < 5; i++) {
                uint32_t count[3] = {0};
                for (uint32_t d = 0; d < 10; d++)
                    count[tiny_class(s, g, i, d)]++;
                size_t k = at(s, g, i);
                assert_int_equal(r->done[k], 1);
                assert_int_equal(r->stay_count[k], count[i % 3]);
                assert_memory_equal(r->class_count + k * 3, count, sizeof count);
                assert_int_equal(r->mode_count[k] + r->second_count[k] <= 10, 1);
                assert_int_equal(count[r->mode_class[k]], r->mode_count[k]);
                for (uint32_t q = 0; q < 3; q++)
                    assert_true(count[q] <= r->mode_count[k]);
            }
    assert_int_equal(r->clean_class[4], 1);
    assert_int_equal(r->clean_second[4], 2);
    assert_true(r->clean_margin[4] == 5.5f && r->clean_loss[4] == 1.0f);
    results_free(r);
    results_free(NULL);
    context_free(c);
}

static void ties_go_to_the_lower_class_and_no_second_is_said_so(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct results *r = make(c);
    add(r, 0, 5, every);
    /* relu0, sigma 1, sample 3 (clean 0): 4 draws left to class 1, 6 stay. */
    assert_int_equal(r->mode_class[at(1, 1, 3)], 0);
    assert_int_equal(r->second_class[at(1, 1, 3)], 1);
    assert_int_equal(r->second_count[at(1, 1, 3)], 4);
    /* input, sigma 10, sample 3: 5 left, 5 stayed: a tie of classes 0 and 1. */
    assert_int_equal(r->mode_count[at(0, 2, 3)], 5);
    assert_int_equal(r->mode_class[at(0, 2, 3)], 0);
    assert_int_equal(r->second_class[at(0, 2, 3)], 1);
    /* nobody leaves at the first scale */
    assert_int_equal(r->second_class[at(0, 0, 1)], RESULTS_NO_CLASS);
    assert_int_equal(r->second_count[at(0, 0, 1)], 0);
    results_free(r);
    context_free(c);
}

static void transitions_and_totals_are_the_sums_of_the_counts(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct results *r = make(c);
    add(r, 0, 5, every);
    add(r, 0, 5, every); /* a second time changes nothing */
    for (int s = 0; s < 2; s++)
        for (int g = 0; g < 4; g++) {
            uint64_t total[3] = {0}, move[3][3] = {{0}};
            for (int i = 0; i < 5; i++)
                for (uint32_t d = 0; d < 10; d++) {
                    total[tiny_class(s, g, i, d)]++;
                    move[i % 3][tiny_class(s, g, i, d)]++;
                }
            assert_memory_equal(r->class_total + (s * 4 + g) * 3, total, sizeof total);
            assert_memory_equal(r->transition_count + (s * 4 + g) * 9, move, sizeof move);
        }
    results_free(r);
    context_free(c);
}

static void escape_noise_follows_its_three_definitions(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct results *r = make(c);
    add(r, 0, 5, every);
    results_finish(r);
    const double *mode = r->escape_mode, *half = r->escape_half, *flip = r->escape_first_flip;
    /* input, sample 0: no draw ever leaves */
    assert_true(isnan(mode[0]) && isnan(half[0]) && isnan(flip[0]));
    assert_int_equal(r->first_flip_count[0], 0);
    assert_int_equal(results_escape_status(r, 0, 0), RESULTS_CENSORED);
    /* input, sample 1: 0, 2, 4, 6 of 10 have left; at infinity six are gone, all to class 2 */
    assert_true(isinf(mode[1]));
    assert_true(half[1] == 10);
    assert_int_equal(r->first_flip_count[1], 4); /* two left only at infinity */
    assert_float_equal(flip[1], sqrt(10), 1e-12);
    assert_int_equal(results_escape_status(r, 0, 1), RESULTS_ESCAPED);
    /* relu0, sample 1: 0, 3, 6, 9: stay 7 at sigma 1 and 4 at 10: half way in log sigma at 2/3 */
    assert_true(mode[5 + 1] == 10);
    assert_float_equal(half[5 + 1], pow(10, 2.0 / 3), 1e-12);
    assert_int_equal(r->first_flip_count[5 + 1], 6);
    results_free(r);
    context_free(c);
}

static void an_incomplete_sample_is_neither_escaped_nor_censored(void **state)
{
    (void)state;
    const unsigned char most[8] = {1, 1, 1, 1, 1, 1, 1, 0}, last[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct context *c = tiny_context();
    struct results *r = make(c);
    add(r, 0, 4, most);
    results_finish(r);
    assert_int_equal(r->have, 28);
    assert_int_equal(results_escape_status(r, 0, 1), RESULTS_ESCAPED);
    assert_int_equal(results_escape_status(r, 1, 1), RESULTS_INCOMPLETE);
    assert_int_equal(results_escape_status(r, 0, 4), RESULTS_INCOMPLETE);
    assert_true(isnan(r->escape_mode[5 + 1]));
    add(r, 0, 4, last);
    results_finish(r);
    assert_int_equal(results_escape_status(r, 1, 1), RESULTS_ESCAPED);
    assert_true(r->escape_mode[5 + 1] == 10);
    results_free(r);
    context_free(c);
}

static void cells_outside_the_grid_are_left_out(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct bytes b = tiny_record(c, 0, 5, every);
    struct apex_error err;
    c->wanted[2] = 0;    /* input, sigma 10: excluded */
    c->sigma[1] = 2;     /* no such scale any more */
    c->site[1].key = 77; /* nor such a site */
    c->label[3] = 1;     /* labels were changed */
    struct results *r = make(c);
    assert_int_equal(results_add(r, b.data, b.size, &err), 0);
    assert_int_equal(r->wanted, 35);
    assert_int_equal(r->have, 8); /* input at 0.1 and infinity, four samples */
    assert_int_equal(r->clean_done[3], 0);
    assert_int_equal(r->done[at(0, 2, 0)], 0);
    results_finish(r);
    assert_int_equal(results_escape_status(r, 0, 1), RESULTS_INCOMPLETE);
    bytes_free(&b);
    results_free(r);
    context_free(c);
}

static void an_excluded_scale_does_not_make_a_sample_incomplete(void **state)
{
    (void)state;
    const unsigned char use[8] = {1, 1, 0, 1, 1, 1, 1, 1};
    struct context *c = tiny_context();
    c->wanted[2] = 0;
    struct results *r = make(c);
    add(r, 0, 5, use);
    results_finish(r);
    assert_int_equal(r->have, r->wanted);
    assert_int_equal(results_escape_status(r, 0, 1), RESULTS_ESCAPED);
    assert_int_equal(results_escape_status(r, 0, 0), RESULTS_CENSORED);
    results_free(r);
    context_free(c);
}

static void records_of_another_context_are_ignored_and_damaged_ones_refused(void **state)
{
    (void)state;
    struct context *c = tiny_context();
    struct results *r = make(c);
    struct bytes b = tiny_record(c, 0, 2, every);
    struct apex_error err;
    c->key[0] ^= 1;
    assert_int_equal(results_add(r, b.data, b.size, &err), 0);
    assert_int_equal(r->have, 0);
    c->key[0] ^= 1;
    for (size_t size = 0; size < b.size; size++) {
        unsigned char *exact = malloc(size + 1);
        memcpy(exact, b.data, size);
        if (results_add(r, exact, size, &err) != -1)
            fail_msg("%zu of %zu bytes were accepted", size, b.size);
        free(exact);
    }
    c->draws = 11;
    assert_int_equal(results_add(r, b.data, b.size, &err), -1);
    assert_string_equal(err.text, "record of model 'tiny' has 10 draws and 3 classes, its context 11 and 3");
    c->draws = 10;
    bytes_free(&b);
    results_free(r);
    context_free(c);
}

/* A sanitizer's allocator ends the program instead of returning NULL. */
#if defined(__SANITIZE_ADDRESS__)
#define CAN_RUN_OUT_OF_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAN_RUN_OUT_OF_MEMORY 0
#endif
#endif
#ifndef CAN_RUN_OUT_OF_MEMORY
#define CAN_RUN_OUT_OF_MEMORY 1
#endif

static void an_empty_or_enormous_grid_is_an_error(void **state)
{
    (void)state;
    struct apex_error err;
    struct context *c = tiny_context();
    c->samples = 0;
    assert_null(results_new(c, &err));
    if (CAN_RUN_OUT_OF_MEMORY) {
        c->samples = c->sites = c->sigmas = UINT32_MAX;
        assert_null(results_new(c, &err));
        assert_non_null(strstr(err.text, "no memory"));
    }
    c->samples = TINY_SAMPLES;
    c->sites = TINY_SITES;
    c->sigmas = TINY_SIGMAS;
    context_free(c);
}

/* ---- contexts in a journal ---- */

static void put_sweep(struct journal *j, uint32_t n)
{
    struct bytes b = {0};
    bytes_put_u32(&b, n);
    bytes_put_text(&b, "tiny");
    assert_int_equal(journal_append(j, JOURNAL_SWEEP, b.data, b.size, NULL), 0);
    bytes_free(&b);
}

static void put_context(struct journal *j, const char *name)
{
    struct context *c = tiny_context();
    struct bytes b = {0};
    free(c->name);
    c->name = tiny_text(name);
    context_encode(c, &b);
    assert_int_equal(journal_append(j, JOURNAL_CONTEXT, b.data, b.size, NULL), 0);
    bytes_free(&b);
    context_free(c);
}

/* The names that results_contexts finds, one after the other; the error text if it fails. */
static const char *names_in(const char *path)
{
    static char text[APEX_ERROR_TEXT];
    struct context **list;
    struct apex_error err;
    int n;
    text[0] = '\0';
    if (results_contexts(path, &list, &n, &err) != 0)
        return strcpy(text, err.text);
    for (int i = 0; i < n; i++) {
        strcat(text, list[i]->name);
        context_free(list[i]);
    }
    free(list);
    return text;
}

static void the_newest_whole_set_of_contexts_counts(void **state)
{
    char path[128];
    struct journal *j = journal_open(folder_file(*state, "j", path), NULL);
    assert_non_null(strstr(names_in(path), "holds no sweep yet"));
    put_sweep(j, 2);
    put_context(j, "a");
    assert_string_equal(names_in(path), "a");
    put_context(j, "b");
    assert_string_equal(names_in(path), "ab");
    put_sweep(j, 3);
    put_context(j, "c");
    put_context(j, "d");
    assert_string_equal(names_in(path), "ab"); /* killed before the third */
    put_context(j, "e");
    assert_string_equal(names_in(path), "cde");
    put_context(j, "stray"); /* its sweep entry was lost */
    assert_string_equal(names_in(path), "cde");
    put_sweep(j, 1);
    put_context(j, "f");
    assert_string_equal(names_in(path), "f");
    assert_int_equal(journal_close(j, NULL), 0);
}

static void the_summary_is_a_table_of_a_hundred_columns(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    struct context *c = tiny_context();
    struct results *r = make(c);
    add(r, 0, 5, every);
    results_finish(r);
    FILE *out = open_memstream(&text, &size);
    results_summary(r, out);
    fclose(out);
    const char *expected[] = {
        "tiny: 5 samples, 10 draws, 3 classes, clean accuracy 80.0 %, complete\n",
        "stay at         0.1      1     10    inf   median",
        "\ninput         1.000  0.820  0.660  0.500      inf          1/5     0 38%     0 38%\n",
        "\nrelu0         1.000  0.680  0.380  0.080       10          0/5     1 42%     2 40%\n"};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!strstr(text, expected[i]))
            fail_msg("no '%s' in\n%s", expected[i], text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strlen(line) > 100)
            fail_msg("%zu columns: %s", strlen(line), line);
    free(text);
    results_free(r);
    context_free(c);
}

static void many_scales_are_thinned_out_with_the_first_and_the_last_kept(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    struct context *c = tiny_context();
    c->sigmas = 40;
    free(c->sigma);
    free(c->wanted);
    c->sigma = calloc(40, sizeof *c->sigma);
    c->wanted = calloc(2, 40);
    memset(c->wanted, 1, 80);
    for (int g = 0; g < 40; g++)
        c->sigma[g] = 1 + g;
    struct results *r = make(c);
    results_finish(r);
    FILE *out = open_memstream(&text, &size);
    results_summary(r, out);
    fclose(out);
    const char *expected[] = {"0 of 400 cells", "8 of 40 scales shown", "\nstay at           1      7",
                              "40   median", "-          0/0         -\n"};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!strstr(text, expected[i]))
            fail_msg("no '%s' in\n%s", expected[i], text);
    free(text);
    results_free(r);
    context_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_land_at_their_places),
        cmocka_unit_test(ties_go_to_the_lower_class_and_no_second_is_said_so),
        cmocka_unit_test(transitions_and_totals_are_the_sums_of_the_counts),
        cmocka_unit_test(escape_noise_follows_its_three_definitions),
        cmocka_unit_test(an_incomplete_sample_is_neither_escaped_nor_censored),
        cmocka_unit_test(cells_outside_the_grid_are_left_out),
        cmocka_unit_test(an_excluded_scale_does_not_make_a_sample_incomplete),
        cmocka_unit_test(records_of_another_context_are_ignored_and_damaged_ones_refused),
        cmocka_unit_test(an_empty_or_enormous_grid_is_an_error),
        IN_FOLDER(the_newest_whole_set_of_contexts_counts),
        cmocka_unit_test(the_summary_is_a_table_of_a_hundred_columns),
        cmocka_unit_test(many_scales_are_thinned_out_with_the_first_and_the_last_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
