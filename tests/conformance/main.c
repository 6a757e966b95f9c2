/* conformance [-v] SKIPS FOLDER...: runs every case of ONNX's test data that is in the folders. SKIPS
 * declares those that are refused on purpose: "<suite>/<case> <reason>" in lines, with globs. Exits 1 if a
 * case gives other numbers, is refused without being declared, or is declared and works; 77 if no folder is
 * there. */
#include "case.h"

#include "core/engine/kernels.h"
#include "core/onnx/tensor_proto.h"
#include "core/runner.h"

#include <dirent.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REASONS = 400, REASON = 160 };
enum result { PASS, REFUSED, DIFFERS };

struct report {
    int verbose, cases, passed, as_batch, skipped, failed, reasons;
    struct reason {
        char text[REASON];
        int count;
    } reason[MOST_REASONS];
    char **declared; /* "glob reason" */
    int *used, declarations;
};

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

/* Every sample through one kernel set against the expected output. */
static enum result run_samples(const struct apex_model *m, const char *kernels, const float *input,
                               int64_t samples, const struct apex_tensor *want, struct apex_error *err)
{
    const struct apex_noise noise = {APEX_NOISE_GAUSSIAN, 0};
    struct apex_runner *r = apex_runner_new(m, kernels, NULL, 0, 1, &noise, 0, err);
    float *logits = malloc((size_t)m->classes * sizeof *logits);
    enum result result = r && logits ? PASS : REFUSED;
    int64_t each = apex_shape_count(&m->input);
    for (int64_t s = 0; result == PASS && s < samples; s++) {
        apex_runner_clean(r, input + s * each, logits);
        const float *got = apex_runner_output(r);
        for (int64_t i = 0; result == PASS && i < m->classes; i++)
            if (!is_close(got[i], number_at(want, s * m->classes + i))) {
                apex_fail(err, "kernels %s, sample %lld, element %lld: %g, want %g", kernels, (long long)s,
                          (long long)i, (double)got[i], number_at(want, s * m->classes + i));
                result = DIFFERS;
            }
    }
    free(logits);
    apex_runner_free(r);
    return result;
}

static enum result run_model(const struct apex_model *m, const struct apex_tensor *in, int64_t samples,
                             const struct apex_tensor *want, struct apex_error *err)
{
    static const char *const sets[] = {"naive", "openblas", "onednn"};
    enum result result = PASS;
    if (apex_shape_count(&want->shape) != samples * m->classes) {
        apex_fail(err, "%lld elements for each of %lld samples, want %lld in all", (long long)m->classes,
                  (long long)samples, (long long)apex_shape_count(&want->shape));
        return DIFFERS;
    }
    for (size_t k = 0; k < sizeof sets / sizeof *sets && result == PASS; k++)
        if (kernel_set_find(sets[k], NULL))
            result = run_samples(m, sets[k], in->data, samples, want, err);
    return result;
}

static enum result run_form(const struct conf_case *c, size_t output, enum form form, struct apex_error *err)
{
    static float zero;
    struct apex_tensor nothing = {.type = APEX_F32, .data = &zero}, *given = NULL, *want = NULL;
    struct apex_model *m = NULL;
    enum result result = REFUSED;
    size_t size = 0;
    void *bytes = form_pack(c, output, form, &size, err);
    if (bytes && form == AS_BATCH)
        given = tensor_proto_read(c->given[0], NULL, err);
    want = bytes ? tensor_proto_read(c->expected[output], NULL, err) : NULL;
    if (want && (given || form == AS_CONSTANTS))
        m = apex_model_from_memory(bytes, size, "model.onnx", NULL, NULL, err);
    if (m)
        result = run_model(m, given ? given : &nothing, given ? given->shape.dim[0] : 1, want, err);
    apex_model_free(m);
    apex_tensor_free(given);
    apex_tensor_free(want);
    free(bytes);
    return result;
}

/* With a batch where that is possible, else folded as constants; every output. */
static enum result run_case(const struct conf_case *c, int *as_batch, struct apex_error *err)
{
    *as_batch = c->inputs > 0 && c->outputs > 0;
    for (size_t k = 0; k < c->outputs; k++) {
        struct apex_error folded = {{0}};
        int can_batch = c->inputs > 0 && c->given[0]->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
        enum result result = can_batch ? run_form(c, k, AS_BATCH, err) : REFUSED;
        if (result == REFUSED) {
            *as_batch = 0;
            result = run_form(c, k, AS_CONSTANTS, &folded);
            if (result != PASS && (result == DIFFERS || !can_batch))
                *err = folded;
        }
        if (result != PASS)
            return result;
    }
    return PASS;
}

static void count_reason(struct report *r, const char *text)
{
    int k = 0;
    while (k < r->reasons && strcmp(r->reason[k].text, text) != 0)
        k++;
    if (k == MOST_REASONS)
        return;
    if (k == r->reasons)
        snprintf(r->reason[r->reasons++].text, REASON, "%.*s", REASON - 1, text);
    r->reason[k].count++;
}

static const char *declared_reason(struct report *r, const char *name)
{
    for (int k = 0; k < r->declarations; k++) {
        char glob[256] = "";
        int at = 0;
        if (sscanf(r->declared[k], "%255s %n", glob, &at) == 1 && fnmatch(glob, name, 0) == 0) {
            r->used[k] = 1;
            return r->declared[k] + at;
        }
    }
    return NULL;
}

static void skip(struct report *r, const char *name, const char *reason)
{
    char head[REASON];
    snprintf(head, sizeof head, "%s", reason);
    if (strncmp(head, "operator not", 12) == 0)
        head[strcspn(head, ":")] = '\0';
    r->skipped++;
    count_reason(r, head);
    if (r->verbose)
        printf("skip  %s: %s\n", name, reason);
}

static void fail(struct report *r, const char *name, const char *what, const char *text)
{
    r->failed++;
    printf("FAIL  %s: %s%s\n", name, what, text);
}

static void judge(struct report *r, const char *name, const struct conf_case *c)
{
    char reason[REASON];
    int as_batch = 0;
    struct apex_error err = {{0}};
    r->cases++;
    if (case_is_foreign(c, reason, sizeof reason)) {
        skip(r, name, reason);
        return;
    }
    const char *declared = declared_reason(r, name);
    enum result result = run_case(c, &as_batch, &err);
    if (result == DIFFERS)
        fail(r, name, "", err.text);
    else if (result == REFUSED && declared)
        skip(r, name, declared);
    else if (result == REFUSED)
        fail(r, name, "refused: ", err.text);
    else if (declared)
        fail(r, name, "works, but is declared as skipped: ", declared);
    else {
        r->passed++;
        r->as_batch += as_batch;
        if (r->verbose)
            printf("pass  %s%s\n", name, as_batch ? "" : " (folded)");
    }
}

static void run_folder(struct report *r, const char *suite, const char *folder, const char *name)
{
    char path[1024], label[512];
    for (int set = 0;; set++) {
        struct conf_case c;
        struct apex_error err = {{0}};
        snprintf(path, sizeof path, "%s/%s", folder, name);
        snprintf(label, sizeof label, set ? "%s/%s#%d" : "%s/%s", suite, name, set);
        int rc = case_read(&c, path, set, &err);
        if (rc == 0)
            judge(r, label, &c);
        else if (rc < 0)
            fail(r, label, "", err.text);
        case_clear(&c);
        if (rc > 0)
            return;
    }
}

/* 0; -1: there is no such folder. */
static int run_suite(struct report *r, const char *folder)
{
    struct dirent **entry;
    const char *slash = strrchr(folder, '/');
    int count = scandir(folder, &entry, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entry[i]->d_name[0] != '.')
            run_folder(r, slash ? slash + 1 : folder, folder, entry[i]->d_name);
        free(entry[i]);
    }
    if (count < 0)
        return -1;
    free(entry);
    return 0;
}

static int read_declarations(struct report *r, const char *path)
{
    char line[512];
    FILE *f = fopen(path, "r");
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        char **list = realloc(r->declared, ((size_t)r->declarations + 1) * sizeof *list);
        int *used = list ? realloc(r->used, ((size_t)r->declarations + 1) * sizeof *used) : NULL;
        if (!used)
            exit(2);
        r->declared = list;
        r->used = used;
        r->used[r->declarations] = 0;
        r->declared[r->declarations++] = strdup(line);
    }
    fclose(f);
    return 0;
}

static void print_report(struct report *r)
{
    for (int k = 0; k < r->declarations; k++) {
        if (!r->used[k])
            fail(r, "declaration without a case", "", r->declared[k]);
        free(r->declared[k]);
    }
    for (int k = 0; k < r->reasons; k++)
        printf("%5d skipped: %s\n", r->reason[k].count, r->reason[k].text);
    printf("%d of %d pass (%d with a batch, %d folded), %d skipped, %d failed\n", r->passed, r->cases,
           r->as_batch, r->passed - r->as_batch, r->skipped, r->failed);
    free(r->declared);
    free(r->used);
}

int main(int argc, char **argv)
{
    static struct report r;
    int first = 1, there = 0;
    if (argc > 1 && strcmp(argv[1], "-v") == 0)
        r.verbose = first++;
    if (argc < first + 2 || read_declarations(&r, argv[first]) < 0) {
        fprintf(stderr, "usage: conformance [-v] SKIPS FOLDER...\n");
        return 2;
    }
    for (int i = first + 1; i < argc; i++)
        there += run_suite(&r, argv[i]) == 0;
    if (there == 0) {
        printf("no test data of ONNX here (Debian: libonnx-testdata): nothing was run\n");
        return 77;
    }
    print_report(&r);
    return r.failed ? 1 : 0;
}
