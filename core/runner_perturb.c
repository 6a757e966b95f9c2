/* Passes under noise: which programs run, for which scales, and where their logits go. */
#include "core/runner_state.h"

#include <math.h>
#include <string.h>

static void make_noise(struct apex_runner *r, const struct program *p, struct pass *pass)
{
    double start = r->seconds ? engine_clock() : 0;
    program_fill_noise(p, pass, r->xi);
    if (r->seconds)
        r->seconds[APEX_TIME_NOISE] += engine_clock() - start;
    pass->xi = r->xi;
}

static struct pass pass_at(const struct apex_runner *r, const float *scale, uint32_t sample, uint32_t draw0,
                           int n)
{
    struct pass pass = {.noise = &r->noise, .scales = 1, .scale = scale, .sample = sample, .draw0 = draw0};
    pass.rows = n;
    pass.row_xi = r->row_xi;
    pass.kept = r->kept;
    pass.scratch = r->scratch;
    return pass;
}

/* The logits of all draws at one of the scales that the program just ran for. */
static void copy_logits(const struct apex_runner *r, const struct program *p, int scale, float *logits)
{
    const size_t classes = (size_t)r->e.model->classes, tile = (size_t)r->tile_rows * classes;
    if (p->logits.shape.dim[0] > 1 || p->batch == 1) {
        memcpy(logits, p->logits.data + (size_t)scale * tile, tile * sizeof *logits);
        return;
    }
    for (int d = 0; d < r->tile_rows; d++) /* a site that the scores do not depend on */
        memcpy(logits + (size_t)d * classes, p->logits.data, classes * sizeof *logits);
}

/* Whether the limit's own program serves a scale: the others go up to APEX_LIMIT_SIGMA. */
static int is_limit(const struct runner_site *s, double sigma)
{
    return isinf(sigma) && s->limit;
}

/* Takes the next scales, from place *at of the list on; all rows of the program get one, the last scale again
 * where there are too few. */
static void take_scales(struct apex_runner *r, const struct runner_site *s, const double *sigma, int count,
                        int scales, int *at)
{
    for (int g = 0; g < scales; g++) {
        if (g >= count) {
            r->sigma[g] = r->sigma[count - 1];
            continue;
        }
        while (is_limit(s, sigma[*at]))
            ++*at;
        r->sigma[g] = isinf(sigma[*at]) ? APEX_LIMIT_SIGMA : sigma[*at];
        r->place[g] = (*at)++;
    }
}

/* In groups of as many as the wide program computes at once; a last group that would be padding for the most
 * part goes scale by scale. */
static void run_finite(struct apex_runner *r, const struct runner_site *s, struct pass *pass,
                       const double *sigma, int left, float *logits)
{
    const struct program *begun = NULL;
    const size_t tile = (size_t)r->tile_rows * (size_t)r->e.model->classes;
    for (int at = 0, count; left > 0; left -= count) {
        const struct program *p = s->wide && 2 * left > s->wide->scales ? s->wide : s->finite;
        pass->scales = p->scales;
        pass->sigma = r->sigma;
        if (p != begun)
            program_begin(p, pass);
        begun = p;
        count = left < p->scales ? left : p->scales;
        take_scales(r, s, sigma, count, p->scales, &at);
        program_run(p, pass);
        for (int g = 0; g < count; g++)
            copy_logits(r, p, g, logits + (size_t)r->place[g] * tile);
    }
}

void apex_runner_perturb(struct apex_runner *r, int site, const float *scale, const double *sigma,
                         int n_sigmas, uint32_t sample, uint32_t draw0, int n, float *logits)
{
    const struct runner_site *s = &r->site[site];
    const size_t tile = (size_t)r->tile_rows * (size_t)r->e.model->classes;
    struct pass pass = pass_at(r, scale, sample, draw0, n);
    int limits = 0;
    pass.per_site = s->index == APEX_SITE_ALL;
    pass.seconds = r->seconds;
    if ((n_sigmas > 1 || s->finite->xi_ahead) && s->finite->xi <= r->xi_room)
        make_noise(r, s->finite, &pass);
    for (int k = 0; k < n_sigmas; k++)
        limits += is_limit(s, sigma[k]);
    run_finite(r, s, &pass, sigma, n_sigmas - limits, logits);
    /* last: the limit's program uses the same memory */
    pass.scales = 1;
    pass.xi = NULL; /* its noise lies elsewhere in the tile */
    for (int k = 0; k < n_sigmas; k++)
        if (is_limit(s, sigma[k])) {
            program_run(s->limit, &pass);
            copy_logits(r, s->limit, 0, logits + (size_t)k * tile);
        }
}

void apex_runner_differences(struct apex_runner *r, const float *scale, double sigma, uint32_t sample,
                             uint32_t draw0, int n, float *const *difference)
{
    struct pass pass = pass_at(r, scale, sample, draw0, n);
    pass.sigma = &sigma;
    pass.difference = difference;
    if (r->site[0].finite->xi_ahead)
        make_noise(r, r->site[0].finite, &pass);
    program_begin(r->site[0].finite, &pass);
    program_run(r->site[0].finite, &pass);
}
