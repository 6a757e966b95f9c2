/* A tiny grid and its records: 2 sites x 4 scales x 5 samples, 10 draws, 3 classes. Draw t of sample i keeps
 * the clean class i % 3 at scale g of site s while t >= tiny_left(s, g, i), and goes to the next class
 * otherwise (to the one after it for odd t >= 6). */
#ifndef APEX_TESTS_TINY_H
#define APEX_TESTS_TINY_H

#include "core/unit.h"
#include "dist/results/context.h"
#include "folder.h"

#include <math.h>

enum { TINY_SITES = 2, TINY_SIGMAS = 4, TINY_SAMPLES = 5, TINY_DRAWS = 10, TINY_CLASSES = 3 };

static inline char *tiny_text(const char *text)
{
    return strcpy(malloc(strlen(text) + 1), text);
}

static inline struct context *tiny_context(void)
{
    static const double sigma[] = {0.1, 1, 10, INFINITY};
    static const char *const name[] = {"input", "relu0"}, *const op[] = {"Input", "Relu"};
    static const char *const attribute[][2] = {{"sweep", "tiny"}, {"grid", "sweep: tiny\nseed: 1\n"}};
    struct context *c = calloc(1, sizeof *c);
    c->name = tiny_text("tiny");
    memcpy(c->key, "0123456789abcdef", 16);
    c->draws = TINY_DRAWS;
    c->classes = TINY_CLASSES;
    c->class_count = 1;
    c->samples = TINY_SAMPLES;
    c->sites = TINY_SITES;
    c->sigmas = TINY_SIGMAS;
    c->sample = calloc(TINY_SAMPLES, sizeof *c->sample);
    c->label = calloc(TINY_SAMPLES, sizeof *c->label);
    c->site = calloc(TINY_SITES, sizeof *c->site);
    c->sigma = calloc(TINY_SIGMAS, sizeof *c->sigma);
    c->wanted = malloc(TINY_SITES * TINY_SIGMAS);
    memset(c->wanted, 1, TINY_SITES * TINY_SIGMAS);
    memcpy(c->sigma, sigma, sizeof sigma);
    for (uint32_t i = 0; i < TINY_SAMPLES; i++) {
        c->sample[i] = 100 + 7 * i;
        c->label[i] = i == 4 ? 0 : (int32_t)(i % 3); /* sample 4 is predicted wrong */
    }
    for (int i = 0; i < TINY_SITES; i++) {
        c->site[i] = (struct context_site){.index = i - 1,
                                           .key = 1000u + (uint64_t)i,
                                           .elements = 64,
                                           .rms = 1,
                                           .activation_rms = i ? 2.5 : 0.5};
        c->site[i].name = tiny_text(name[i]);
        c->site[i].op = tiny_text(op[i]);
        c->site[i].tensor = tiny_text(i ? "/relu/Relu_output_0" : "x");
    }
    c->attributes = 2;
    c->attribute_name = calloc(2, sizeof(char *));
    c->attribute_text = calloc(2, sizeof(char *));
    for (int i = 0; i < 2; i++) {
        c->attribute_name[i] = tiny_text(attribute[i][0]);
        c->attribute_text[i] = tiny_text(attribute[i][1]);
    }
    return c;
}

/* Adds a response: 3 samples, 2 scales, 2 places; each sample's partner is the next. */
static inline void tiny_response(struct context *c)
{
    struct context_response *p = &c->response;
    memcpy(p->key, "response of tiny", 16);
    p->samples = 3;
    p->sigmas = p->places = 2;
    p->draws = 16;
    p->factor = 1.5;
    p->sample = calloc(3, sizeof *p->sample);
    p->partner = calloc(3, sizeof *p->partner);
    p->sigma = calloc(2, sizeof *p->sigma);
    p->place = calloc(2, sizeof *p->place);
    for (int i = 0; i < 3; i++) {
        p->sample[i] = c->sample[2 * i];
        p->partner[i] = c->sample[2 * ((i + 1) % 3)];
    }
    for (int i = 0; i < 2; i++) {
        p->sigma[i] = i ? 0.5 : 0.1;
        p->place[i] =
            (struct context_place){i - 1, tiny_text(i ? "relu0" : "input"), i ? 128 : 64, i ? 2.5 : 0.5};
    }
}

/* Draws that have left: more with the scale, fewer at site 0; sample 0 never leaves at site 0. */
static inline uint32_t tiny_left(int site, int sigma, int sample)
{
    return site == 0 && sample == 0 ? 0 : (uint32_t)(sigma * (2 + site) + (sigma > 0 && sample == 3));
}

static inline uint32_t tiny_class(int site, int sigma, int sample, uint32_t draw)
{
    uint32_t clean = (uint32_t)sample % 3;
    if (draw >= tiny_left(site, sigma, sample))
        return clean;
    return (clean + (draw >= 6 && draw % 2 ? 2 : 1)) % 3;
}

/* One record of samples first .. first + count - 1, cells where use[site * sigmas + sigma]. */
static inline struct bytes tiny_record(const struct context *c, int first, int count,
                                       const unsigned char *use)
{
    struct bytes b = {0};
    struct apex_record_cell cell[TINY_SITES * TINY_SIGMAS];
    struct apex_record_head head = {.draws = c->draws,
                                    .classes = c->classes,
                                    .samples = (uint32_t)count,
                                    .cells = 0,
                                    .rank = c->class_rank};
    memcpy(head.context, c->key, 16);
    for (int k = 0; k < TINY_SITES * TINY_SIGMAS; k++)
        if (use[k])
            cell[head.cells++] =
                (struct apex_record_cell){c->site[k / TINY_SIGMAS].key, c->sigma[k % TINY_SIGMAS]};
    apex_record_put_head(&b, &head, cell);
    struct apex_tally t;
    assert_int_equal(apex_tally_init(&t, TINY_DRAWS, TINY_CLASSES, NULL), 0);
    if (c->class_rank)
        assert_int_equal(apex_tally_init_rank(&t, NULL), 0);
    for (int i = first; i < first + count; i++) {
        struct apex_record_sample s = {.index = c->sample[i],
                                       .label = c->label[i],
                                       .clean_class = (uint32_t)i % 3,
                                       .clean_second = (uint32_t)(i + 1) % 3,
                                       .clean_margin = 1.5f + (float)i,
                                       .clean_loss = 0.25f * (float)i};
        apex_record_put_sample(&b, &s);
        for (int k = 0; k < TINY_SITES * TINY_SIGMAS; k++) {
            if (!use[k])
                continue;
            apex_tally_reset(&t, s.clean_class);
            for (uint32_t d = 0; d < TINY_DRAWS; d++) {
                float logits[TINY_CLASSES] = {0};
                logits[tiny_class(k / TINY_SIGMAS, k % TINY_SIGMAS, i, d)] = 2;
                assert_int_equal(apex_tally_add(&t, d, logits), 0);
            }
            apex_record_put_cell(&b, &t);
        }
    }
    apex_tally_free(&t);
    assert_int_equal(b.failed, 0);
    return b;
}

#endif
