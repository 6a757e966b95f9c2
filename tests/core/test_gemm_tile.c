/* Each tile that this processor can run, against the one in plain C: bit for bit, and nothing written beside
 * it. What ran is printed, since a processor may lack the widest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/engine/gemm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12, MOST_K = 40, MOST_COLS = 2 * GEMM_PANEL, PITCH = 40, ROOM = ROWS * PITCH };

struct tile {
    const char *name;
    int runs, least, rows, cols; /* rows from least on */
    gemm_tile_fn *run;
};

#if defined(__x86_64__) && defined(__GNUC__)
static void narrow(int rows, const struct gemm_tile *t)
{
    assert_int_equal(rows, GEMM_NARROW_ROWS);
    gemm_narrow_avx2(t);
}
#endif

enum { TILES = 4 };

static int tiles(struct tile list[TILES])
{
    int count = 0;
    (void)list;
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    list[count++] = (struct tile){"avx2", avx2, 1, 6, GEMM_PANEL, gemm_tile_avx2};
    int avx512 = __builtin_cpu_supports("avx512f") != 0;
    list[count++] = (struct tile){"avx512", avx512, 1, 12, GEMM_PANEL, gemm_tile_avx512};
    list[count++] = (struct tile){"avx512, two panels", avx512, 1, 12, MOST_COLS, gemm_tile_avx512};
    list[count++] =
        (struct tile){"avx2, narrow", avx2, GEMM_NARROW_ROWS, GEMM_NARROW_ROWS, GEMM_NARROW_COLS, narrow};
#endif
    return count;
}

static void numbers(float *v, int count, unsigned seed)
{
    for (int i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        v[i] = (float)((double)(seed >> 8) / 8388608.0 - 1);
    }
}

struct job {
    struct gemm g;
    struct gemm_tile t;
    float x[ROWS * MOST_K], w[MOST_K * MOST_COLS], bias[MOST_COLS], add[ROOM], xi[ROOM], y[ROOM];
};

/* Bits of `parts`: bias, add, ReLU, noise, start from y, one add for all rows, two pieces. */
static void prepare(struct job *j, int k, int cols, int parts)
{
    numbers(j->x, ROWS * MOST_K, 1 + (unsigned)k);
    numbers(j->w, MOST_K * MOST_COLS, 2 + (unsigned)cols);
    numbers(j->bias, MOST_COLS, 3);
    numbers(j->add, ROOM, 4 + (unsigned)parts);
    numbers(j->xi, ROOM, 5);
    numbers(j->y, ROOM, 6);
    j->g = (struct gemm){.k = k, .n = cols, .x_pitch = MOST_K, .y_pitch = PITCH, .sigma = 0.3f};
    j->g.add_pitch = parts & 32 ? 0 : PITCH;
    j->g.relu = parts >> 2 & 1;
    const int pieces = parts & 64 ? 2 : 1;
    j->g.x_piece = MOST_K - k / 2;
    j->t = (struct gemm_tile){
        .pieces = pieces, .k = k / pieces, .panels = cols > GEMM_PANEL ? 2 : 1, .cols = cols};
    j->t.first = !(parts & 16), j->t.end = (parts & 14) != 0;
    j->t.x = j->x, j->t.w = j->w, j->t.y = j->y, j->t.g = &j->g;
    j->t.bias = parts & 1 ? j->bias : NULL;
    j->t.add = parts & 2 ? j->add : NULL;
    j->t.xi = parts & 8 ? j->xi : NULL;
}

static void compare(const struct tile *tile, int rows, int k, int cols, int parts)
{
    static struct job j;
    float plain[ROOM];
    prepare(&j, k, cols, parts);
    gemm_tile_any(rows, &j.t);
    memcpy(plain, j.y, sizeof plain);
    numbers(j.y, ROOM, 6);
    tile->run(rows, &j.t);
    for (int i = 0; i < ROOM; i++)
        if (memcmp(&plain[i], &j.y[i], sizeof plain[i]) != 0)
            fail_msg("%s, %d rows, k %d, %d columns, parts %d: row %d, column %d is %.9g, in plain C %.9g",
                     tile->name, rows, k, cols, parts, i / PITCH, i % PITCH, j.y[i], plain[i]);
}

static void every_tile_equals_plain_c(void **state)
{
    struct tile list[TILES];
    static const int ks[] = {0, 1, 2, 7, MOST_K};
    int count = tiles(list);
    (void)state;
    for (int i = 0; i < count; i++) {
        print_message("%s: %s\n", list[i].name, list[i].runs ? "compared" : "not on this processor");
        for (int rows = list[i].least; list[i].runs && rows <= list[i].rows; rows++)
            for (int cols = 1; cols <= list[i].cols; cols++)
                for (int parts = 0; parts < (list[i].least > 1 ? 64 : 128); parts++)
                    compare(&list[i], rows, ks[(rows + cols + parts) % 5], cols, parts);
    }
}

/* A product of whole panels that nothing follows, for every number of rows of its tiles. */
static void a_product_without_an_epilogue_equals_plain_c(void **state)
{
    enum { N = 2 * GEMM_PANEL, MOST = 20 };
    float x[MOST * MOST_K], w[MOST_K * N], y[MOST * N], expected[MOST * N];
    (void)state;
    numbers(x, MOST * MOST_K, 1);
    numbers(w, MOST_K * N, 2);
    for (int rows = 1; rows <= MOST; rows++)
        for (int k = 1; k <= MOST_K; k += 13) {
            float *packed = gemm_pack(k, N, w, N, 1);
            struct gemm g = {.rows = rows, .k = k, .n = N, .x = x, .x_pitch = MOST_K, .packed = packed};
            g.y = y, g.y_pitch = N;
            assert_non_null(packed);
            gemm_run(&g);
            g.y = expected;
            for (int c = 0; c < N; c += GEMM_PANEL) {
                struct gemm_tile t = {
                    .pieces = 1, .k = k, .panels = 1, .cols = GEMM_PANEL, .first = 1, .x = x, .g = &g};
                t.w = packed + (size_t)c * (size_t)k, t.y = expected + c;
                gemm_tile_any(rows, &t);
            }
            for (int i = 0; i < rows * N; i++)
                if (memcmp(&y[i], &expected[i], sizeof *y) != 0)
                    fail_msg("%d rows, k %d: row %d, column %d is %.9g, in plain C %.9g", rows, k, i / N,
                             i % N, y[i], expected[i]);
            free(packed);
        }
}

/* Signed zeros, infinities, subnormal numbers; NaN stays NaN, with or without ReLU. */
static void special_numbers_pass_as_in_plain_c(void **state)
{
    static const float special[] = {0, -0.0f, INFINITY, -INFINITY, 1e-41f, -1e-41f, 3e38f, -3e38f, 1, -1};
    static struct job j;
    struct tile list[TILES];
    int count = tiles(list);
    (void)state;
    for (int i = 0; i < count; i++)
        for (int relu = 0; list[i].runs && relu < 2; relu++) {
            float plain[ROOM];
            prepare(&j, 2, 10, 1 | relu << 2);
            for (int c = 0; c < 10; c++) { /* y = special + 0, then 1 * special + ... */
                j.bias[c] = c % 3 ? 0 : special[c];
                j.w[c] = special[c], j.w[GEMM_PANEL + c] = special[9 - c];
            }
            for (int r = 0; r < ROWS; r++)
                j.x[r * MOST_K] = special[r % 10], j.x[r * MOST_K + 1] = special[(r + 3) % 10];
            gemm_tile_any(list[i].rows, &j.t);
            memcpy(plain, j.y, sizeof plain);
            list[i].run(list[i].rows, &j.t);
            for (int k = 0; k < ROOM; k++)
                if (isnan(plain[k]) ? !isnan(j.y[k]) : memcmp(&plain[k], &j.y[k], sizeof plain[k]) != 0)
                    fail_msg("%s, ReLU %d: row %d, column %d is %g, in plain C %g", list[i].name, relu,
                             k / PITCH, k % PITCH, j.y[k], plain[k]);
        }
}

/* The choice is one that this processor can run, and the environment can turn the widest off. */
static void the_choice_fits_the_processor(void **state)
{
    struct tile list[TILES];
    int count = tiles(list), avx512 = 0, avx2 = 0;
    (void)state;
    for (int i = 0; i < count; i++) {
        avx512 |= list[i].runs && strcmp(list[i].name, "avx512") == 0;
        avx2 |= list[i].runs && strcmp(list[i].name, "avx2") == 0;
    }
    const char *wish = getenv("APEX_AVX512");
    if (wish && strcmp(wish, "0") == 0)
        avx512 = 0;
    assert_string_equal(gemm_isa(), avx512 ? "avx512" : avx2 ? "avx2" : "c");
    assert_int_equal(gemm_is_fast(), avx512 || avx2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tile_equals_plain_c),
        cmocka_unit_test(a_product_without_an_epilogue_equals_plain_c),
        cmocka_unit_test(special_numbers_pass_as_in_plain_c),
        cmocka_unit_test(the_choice_fits_the_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
