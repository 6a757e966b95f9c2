/* Several scales in one run give the bits of each alone, at every tensor of the networks in tests/golden: all
 * operators, rows beside other rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/runner_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILE = 4, DRAWS = 3, SCALES = 5 };

static const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 1};

static struct apex_runner *make(const struct apex_model *m, int site, int tile_scales)
{
    struct apex_error err = {""};
    const struct apex_scales at_once = {tile_scales, tile_scales};
    struct apex_runner *r = apex_runner_new(m, "native", &site, 1, TILE, &at_once, &noise, 0, &err);
    if (!r)
        fail_msg("%s", err.text);
    return r;
}

static void *room(size_t floats)
{
    float *p = calloc(floats, sizeof *p);
    assert_non_null(p);
    return p;
}

/* Returns whether several scales were run at once. */
static int check_site(const struct apex_model *m, int site, const float *x)
{
    static const double sigma[SCALES] = {0.1, 1, 0.3, 10, 0.03};
    struct apex_runner *one = make(m, site, 1), *more = make(m, site, 3);
    const size_t tile = TILE * (size_t)m->classes;
    float *expected = room(SCALES * tile), *got = room(SCALES * tile), *clean = room(tile);
    const int wide = more->site[0].wide != NULL;
    apex_runner_clean(one, x, clean);
    apex_runner_perturb(one, 0, NULL, sigma, SCALES, 0, 0, DRAWS, expected);
    apex_runner_clean(more, x, clean);
    apex_runner_perturb(more, 0, NULL, sigma, SCALES, 0, 0, DRAWS, got);
    for (size_t k = 0; k < SCALES; k++)
        if (memcmp(expected + k * tile, got + k * tile, DRAWS * (size_t)m->classes * sizeof *got) != 0)
            fail_msg("%s, site %d: other bits at scale %g", m->graph->source, site, sigma[k]);
    apex_runner_free(one);
    apex_runner_free(more);
    free(expected), free(got), free(clean);
    return wide;
}

static void every_tensor_of_every_network_has_the_same_bits(void **state)
{
    FILE *f = fopen("golden/index.txt", "r");
    char line[256], name[128], path[256];
    const char *every[] = {"tensor:*"};
    int wide = 0, sites = 0;
    (void)state;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        struct apex_error err = {""};
        if (line[0] == '#' || sscanf(line, "%127s", name) != 1)
            continue;
        snprintf(path, sizeof path, "golden/%s.onnx", name);
        struct apex_model *m = apex_model_load_with_tensors(path, every, 1, &err);
        if (!m)
            fail_msg("%s", err.text);
        float *x = room((size_t)apex_shape_count(&m->input));
        apex_noise_fill(&noise, 99, 0, 0, 0, apex_shape_count(&m->input), x);
        for (int site = m->sites ? APEX_SITE_ALL : APEX_SITE_INPUT; site < apex_site_count(m);
             site++, sites++)
            wide += check_site(m, site, x);
        free(x);
        apex_model_free(m);
    }
    fclose(f);
    if (3 * wide < sites)
        fail_msg("several scales at once at %d of %d sites only", wide, sites);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tensor_of_every_network_has_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
