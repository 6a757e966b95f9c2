#include "core/unit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DRAWS 11
#define CLASSES 5
#define SAMPLES 3
#define CELLS 2

/* Where things lie in the example's bytes. */
enum { AT_VERSION = 0, AT_DRAWS = 20, AT_CLASSES = 24, AT_SAMPLES = 28, AT_CELLS = 32, HEAD = 36 };
enum {
    AT_SAMPLE = HEAD + 16 * CELLS,
    AT_CELL = AT_SAMPLE + 24,
    AT_STAY = AT_CELL + 4,
    AT_PAIRS = AT_STAY + 2
};

/* The logits of draw d of cell k of sample s. */
static void logits_of(int s, int k, uint32_t d, float logits[CLASSES])
{
    for (int c = 0; c < CLASSES; c++)
        logits[c] = (float)((s * 7 + k * 5 + (int)d * 3 + c * c) % 11);
}

static void fill_tally(struct apex_tally *t, int s, int k)
{
    apex_tally_reset(t, 1);
    for (uint32_t d = 0; d < DRAWS; d++) {
        float logits[CLASSES];
        logits_of(s, k, d, logits);
        assert_int_equal(apex_tally_add(t, d, logits), 0);
    }
}

static struct bytes example_of(int rank)
{
    struct bytes b = {0};
    struct apex_record_head head = {"context-16-bytes", DRAWS, CLASSES, SAMPLES, CELLS, rank};
    struct apex_record_cell cell[CELLS] = {{0x1122334455667788, 0.5}, {42, INFINITY}};
    apex_record_put_head(&b, &head, cell);
    struct apex_tally t;
    struct apex_error err;
    assert_int_equal(apex_tally_init(&t, DRAWS, CLASSES, &err), 0);
    if (rank)
        assert_int_equal(apex_tally_init_rank(&t, &err), 0);
    for (int s = 0; s < SAMPLES; s++) {
        struct apex_record_sample sample = {(uint32_t)s + 100, s - 1, 1, 2, 0.25f, NAN};
        apex_record_put_sample(&b, &sample);
        for (int k = 0; k < CELLS; k++) {
            fill_tally(&t, s, k);
            apex_record_put_cell(&b, &t);
        }
    }
    apex_tally_free(&t);
    assert_int_equal(b.failed, 0);
    return b;
}

static struct bytes example(void)
{
    return example_of(0);
}

/* Reads all of it; -1 as soon as something is refused. */
static int read_all(const void *data, size_t size, struct apex_error *err)
{
    struct apex_record r;
    if (apex_record_open(&r, data, size, err))
        return -1;
    struct apex_tally t;
    if (apex_tally_init(&t, r.head.draws, r.head.classes, err))
        return -1;
    int rc = 0;
    for (uint32_t s = 0; !rc && s < r.head.samples; s++) {
        struct apex_record_sample sample;
        float margin;
        rc = apex_record_next_sample(&r, &sample);
        for (uint32_t k = 0; !rc && k < r.head.cells; k++)
            rc = apex_record_next_cell(&r, &t, &margin);
    }
    apex_tally_free(&t);
    return rc;
}

static void a_record_comes_back_as_it_was(void **state)
{
    (void)state;
    struct bytes b = example();
    struct apex_record r;
    struct apex_error err;
    assert_int_equal(apex_record_open(&r, b.data, b.size, &err), 0);
    assert_memory_equal(r.head.context, "context-16-bytes", 16);
    assert_int_equal(r.head.draws, DRAWS);
    assert_int_equal(r.head.classes, CLASSES);
    struct apex_record_cell cell;
    apex_record_cell_at(&r, 0, &cell);
    assert_true(cell.site_key == 0x1122334455667788 && cell.sigma == 0.5);
    apex_record_cell_at(&r, 1, &cell);
    assert_true(cell.site_key == 42 && isinf(cell.sigma));
    struct apex_tally expected, t;
    assert_int_equal(apex_tally_init(&expected, DRAWS, CLASSES, &err), 0);
    assert_int_equal(apex_tally_init(&t, DRAWS, CLASSES, &err), 0);
    for (int s = 0; s < SAMPLES; s++) {
        struct apex_record_sample sample;
        assert_int_equal(apex_record_next_sample(&r, &sample), 0);
        assert_int_equal(sample.index, 100 + s);
        assert_int_equal(sample.label, s - 1);
        assert_int_equal(sample.clean_class, 1);
        assert_int_equal(sample.clean_second, 2);
        assert_true(sample.clean_margin == 0.25f && isnan(sample.clean_loss));
        for (int k = 0; k < CELLS; k++) {
            float margin = NAN;
            fill_tally(&expected, s, k);
            assert_int_equal(apex_record_next_cell(&r, &t, &margin), 0);
            assert_memory_equal(t.count, expected.count, CLASSES * sizeof *t.count);
            assert_memory_equal(t.stay, expected.stay, (DRAWS + 7) / 8);
            assert_true(margin == (float)(expected.margin_sum / DRAWS));
        }
    }
    assert_ptr_equal(r.at.at, r.at.end);
    apex_tally_free(&expected);
    apex_tally_free(&t);
    bytes_free(&b);
}

static void reciprocal_ranks_come_back_to_the_last_unit(void **state)
{
    (void)state;
    struct bytes b = example_of(1);
    struct apex_record r;
    struct apex_error err;
    struct apex_tally expected, t;
    assert_int_equal(apex_record_open(&r, b.data, b.size, &err), 0);
    assert_int_equal(r.head.rank, 1);
    assert_int_equal(apex_tally_init(&expected, DRAWS, CLASSES, &err) | apex_tally_init_rank(&expected, &err),
                     0);
    assert_int_equal(apex_tally_init(&t, DRAWS, CLASSES, &err) | apex_tally_init_rank(&t, &err), 0);
    for (int s = 0; s < SAMPLES; s++) {
        struct apex_record_sample sample;
        assert_int_equal(apex_record_next_sample(&r, &sample), 0);
        for (int k = 0; k < CELLS; k++) {
            float margin;
            fill_tally(&expected, s, k);
            assert_int_equal(apex_record_next_cell(&r, &t, &margin), 0);
            for (uint32_t c = 0; c < CLASSES; c++)
                assert_int_equal(apex_tally_rank(&t, c), apex_tally_rank(&expected, c));
        }
    }
    assert_ptr_equal(r.at.at, r.at.end);
    apex_tally_free(&expected);
    apex_tally_free(&t);
    bytes_free(&b);
}

static void check_shorter_pieces(int rank)
{
    struct bytes b = example_of(rank);
    struct apex_error err;
    assert_int_equal(read_all(b.data, b.size, &err), 0);
    for (size_t size = 0; size < b.size; size++) {
        unsigned char *piece = malloc(size ? size : 1);
        memcpy(piece, b.data, size);
        if (read_all(piece, size, &err) == 0)
            fail_msg("%zu of %zu bytes were taken for a whole record", size, b.size);
        free(piece);
    }
    bytes_free(&b);
}

static void every_shorter_piece_is_refused(void **state)
{
    (void)state;
    check_shorter_pieces(0);
    check_shorter_pieces(1);
}

/* Sets four bytes at `at` and opens. */
static void expect_refusal(size_t at, uint32_t value, const char *word)
{
    struct bytes b = example();
    for (int i = 0; i < 4; i++)
        b.data[at + (size_t)i] = (unsigned char)(value >> (8 * i));
    struct apex_record r;
    struct apex_error err = {""};
    assert_int_equal(apex_record_open(&r, b.data, b.size, &err), -1);
    if (!strstr(err.text, word))
        fail_msg("expected '%s' in: %s", word, err.text);
    bytes_free(&b);
}

static void counts_that_cannot_be_are_refused_before_they_are_believed(void **state)
{
    (void)state;
    expect_refusal(AT_VERSION, 3, "version 3");
    expect_refusal(AT_DRAWS, 0, "0 draws");
    expect_refusal(AT_CLASSES, 0, "0 classes");
    expect_refusal(AT_CLASSES, 70000, "70000 classes");
    expect_refusal(AT_DRAWS, UINT32_MAX, "do not fit");
    expect_refusal(AT_SAMPLES, UINT32_MAX, "samples do not fit");
    expect_refusal(AT_SAMPLES, 1000, "samples do not fit");
    expect_refusal(AT_CELLS, UINT32_MAX, "cells do not fit");
    expect_refusal(AT_CELLS, 20, "do not fit");
}

/* Sets one byte and expects that reading on fails. */
static void expect_damage(size_t at, unsigned char value)
{
    struct bytes b = example();
    struct apex_error err;
    assert_int_not_equal(b.data[at], value);
    b.data[at] = value;
    if (read_all(b.data, b.size, &err) == 0)
        fail_msg("byte %zu = %u went unnoticed", at, value);
    bytes_free(&b);
}

static void damage_inside_a_sample_is_noticed(void **state)
{
    (void)state;
    expect_damage(AT_SAMPLE + 8, CLASSES);  /* clean class */
    expect_damage(AT_SAMPLE + 12, CLASSES); /* clean second */
    expect_damage(AT_STAY + 1, 0xff);       /* draws that do not exist */
    expect_damage(AT_PAIRS, 0);             /* counts do not add up to the draws */
    expect_damage(AT_PAIRS + 1, 0xff);      /* more pairs than bytes */
    expect_damage(AT_PAIRS + 2, CLASSES);   /* a class that does not exist */
    expect_damage(AT_PAIRS + 4, 0);         /* a count of nothing */
    expect_damage(AT_PAIRS + 2 + 6 * 1, 0); /* classes that do not ascend */
}

static void any_single_byte_may_be_wrong_without_harm(void **state)
{
    (void)state;
    struct bytes b = example();
    struct apex_error err;
    for (size_t at = 0; at < b.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            unsigned char *copy = malloc(b.size);
            memcpy(copy, b.data, b.size);
            copy[at] ^= (unsigned char)(1 << bit);
            int rc = read_all(copy, b.size, &err); /* a sanitizer watches; both answers are right */
            assert_in_range(rc + 1, 0, 1);
            free(copy);
        }
    bytes_free(&b);
}

static void a_tally_of_another_size_is_refused(void **state)
{
    (void)state;
    struct bytes b = example();
    struct apex_record r;
    struct apex_error err;
    struct apex_tally t;
    struct apex_record_sample sample;
    float margin;
    assert_int_equal(apex_record_open(&r, b.data, b.size, &err), 0);
    assert_int_equal(apex_tally_init(&t, DRAWS, CLASSES - 1, &err), 0);
    assert_int_equal(apex_record_next_sample(&r, &sample), 0);
    assert_int_equal(apex_record_next_cell(&r, &t, &margin), -1);
    apex_tally_free(&t);
    bytes_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back_as_it_was),
        cmocka_unit_test(reciprocal_ranks_come_back_to_the_last_unit),
        cmocka_unit_test(every_shorter_piece_is_refused),
        cmocka_unit_test(counts_that_cannot_be_are_refused_before_they_are_believed),
        cmocka_unit_test(damage_inside_a_sample_is_noticed),
        cmocka_unit_test(any_single_byte_may_be_wrong_without_harm),
        cmocka_unit_test(a_tally_of_another_size_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
