#include "case.h"

#include "core/engine/kernels.h"
#include "core/onnx/tensor_proto.h"
#include "core/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double relative = 1e-3, absolute = 1e-7;

static int is_close(double got, double want)
{
    return (isnan(got) && isnan(want)) || got == want || fabs(got - want) <= absolute + relative * fabs(want);
}

static double number_at(const struct apex_tensor *t, int64_t i)
{
    return t->type == APEX_F32   ? ((const float *)t->data)[i]
           : t->type == APEX_I64 ? (double)((const int64_t *)t->data)[i]
                                 : ((const uint8_t *)t->data)[i];
}

/* What a model is to be given and to give. */
struct expected {
    const float *input;
    int64_t samples;
    int skip; /* leading elements of the output that are not the case's */
    const struct apex_tensor *want;
};

/* Every sample through one kernel set. */
static enum result run_samples(const struct apex_model *m, const char *kernels, const struct expected *x,
                               struct apex_error *err)
{
    const struct apex_noise noise = {.kind = APEX_NOISE_GAUSSIAN, .seed = 0};
    struct apex_runner *r = apex_runner_new(m, kernels, NULL, 0, 1, NULL, &noise, 0, err);
    float *logits = malloc((size_t)m->classes * sizeof *logits);
    enum result result = r && logits ? PASS : REFUSED;
    int64_t each = apex_shape_count(&m->input), outputs = m->classes - x->skip;
    for (int64_t s = 0; result == PASS && s < x->samples; s++) {
        apex_runner_clean(r, x->input + s * each, logits);
        const float *got = apex_runner_output(r) + x->skip;
        for (int64_t i = 0; result == PASS && i < outputs; i++)
            if (!is_close(got[i], number_at(x->want, s * outputs + i))) {
                apex_fail(err, "kernels %s, sample %lld, element %lld: %g, want %g", kernels, (long long)s,
                          (long long)i, (double)got[i], number_at(x->want, s * outputs + i));
                result = DIFFERS;
            }
    }
    free(logits);
    apex_runner_free(r);
    return result;
}

static enum result run_model(const struct apex_model *m, const struct expected *x, struct apex_error *err)
{
    static const char *const sets[] = {"naive", "openblas", "onednn"};
    enum result result = PASS;
    int64_t got = x->samples * (m->classes - x->skip), want = apex_shape_count(&x->want->shape);
    if (got != want) {
        apex_fail(err, "%lld elements of output, want %lld", (long long)got, (long long)want);
        return DIFFERS;
    }
    for (size_t k = 0; k < sizeof sets / sizeof *sets && result == PASS; k++)
        if (kernel_set_find(sets[k], NULL))
            result = run_samples(m, sets[k], x, err);
    return result;
}

static enum result run_form(const struct conf_case *c, size_t output, enum form form, struct apex_error *err)
{
    static const float zero = 0;
    struct apex_tensor *given = NULL, *want = NULL;
    struct apex_model *m = NULL;
    enum result result = REFUSED;
    size_t size = 0;
    void *bytes = form_pack(c, output, form, &size, err);
    if (bytes && form == AS_BATCH)
        given = tensor_proto_read(c->given[0], NULL, err);
    want = bytes ? tensor_proto_read(c->expected[output], NULL, err) : NULL;
    if (want && (given || form == AS_CONSTANTS))
        m = apex_model_from_memory(bytes, size, "model.onnx", NULL, NULL, err);
    if (m) {
        struct expected x = {&zero, 1, 1, want};
        if (given)
            x = (struct expected){given->data, given->shape.dim[0], 0, want};
        result = run_model(m, &x, err);
    }
    apex_model_free(m);
    apex_tensor_free(given);
    apex_tensor_free(want);
    free(bytes);
    return result;
}

enum result case_run(const struct conf_case *c, size_t outputs, int *as_batch, char *text, size_t size)
{
    int can_batch = c->inputs > 0 && c->given[0]->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT &&
                    c->given[0]->n_dims >= 2;
    *as_batch = can_batch;
    for (size_t k = 0; k < outputs; k++) {
        struct apex_error batch = {"not a batch of floats"}, folded = {{0}};
        enum result result = can_batch ? run_form(c, k, AS_BATCH, &batch) : REFUSED;
        if (result == REFUSED) {
            *as_batch = 0;
            result = run_form(c, k, AS_CONSTANTS, &folded);
        }
        if (result != PASS) {
            snprintf(text, size, folded.text[0] ? "%s; as constants: %s" : "%s", batch.text, folded.text);
            return result;
        }
    }
    return PASS;
}
