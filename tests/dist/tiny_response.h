/* Response records of the tiny grid (tiny.h): numbers that say which sample, scale and place they are of. */
#ifndef APEX_TESTS_TINY_RESPONSE_H
#define APEX_TESTS_TINY_RESPONSE_H

#include "dist/results/response_record.h"
#include "tiny.h"

static inline struct apex_response_clean tiny_clean(int i, int place)
{
    return (struct apex_response_clean){10 * i + place + 1, 0.25 * (i + 1) * (place + 1)};
}

static inline struct apex_response_noise tiny_noise(int i, int k, int place)
{
    return (struct apex_response_noise){1 + 0.5 * k + 0.125 * place + 0.25 * i, 0.125 * place,
                                        3 + i + 10 * k};
}

/* Samples first .. first + count - 1 at the scales first_scale .. 1. */
static inline struct bytes tiny_response_record(const struct context *c, int first, int count,
                                                int first_scale)
{
    const struct context_response *p = &c->response;
    struct bytes b = {0};
    response_record_put_head(&b, p, p->sigma + first_scale, (uint32_t)(2 - first_scale), (uint32_t)count);
    for (int i = first; i < first + count; i++) {
        struct apex_response_clean clean[2];
        struct apex_response_noise noise[4];
        for (int l = 0; l < 2; l++) {
            clean[l] = tiny_clean(i, l);
            for (int k = first_scale; k < 2; k++)
                noise[(k - first_scale) * 2 + l] = tiny_noise(i, k, l);
        }
        response_record_put_sample(&b, p, (uint32_t)(2 - first_scale), p->sample[i], p->partner[i], clean,
                                   noise);
    }
    assert_int_equal(b.failed, 0);
    return b;
}

#endif
