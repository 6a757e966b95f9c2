/* docs/grid.md is the reference of the grid file: its examples must parse and cover every key. */
#include "dist/files/file.h"
#include "dist/grid/grid.h"

#include "tests/dist/grid_base.h"

static const char path[] = "../docs/grid.md";

/* Calls visit with every ```yaml block; returns how many there are. */
static int each_example(void (*visit)(const char *example, void *context), void *context)
{
    struct apex_error err;
    size_t size;
    char *text = file_read(path, &size, &err);
    if (!text)
        fail_msg("%s", err.text);
    int n = 0;
    char *at = text;
    while ((at = strstr(at, "```yaml\n"))) {
        at += strlen("```yaml\n");
        char *end = strstr(at, "```");
        assert_non_null(end);
        *end = '\0';
        visit(at, context);
        at = end + 1;
        n++;
    }
    free(text);
    return n;
}

static void parse(const char *example, void *context)
{
    (void)context;
    struct apex_error err = {""};
    char *text = grid_base(example, NULL);
    struct grid *g = grid_parse(text, strlen(text), "example.yaml", &err);
    if (!g)
        fail_msg("%s\n%s", err.text, text);
    grid_free(g);
    free(text);
}

static void every_example_parses(void **state)
{
    (void)state;
    setenv("HOME", "/home/user", 1);
    assert_true(each_example(parse, NULL) > 15);
}

static const char *const key[] = {
    "sweep",       "output", "seed",    "draws",   "data",   "models",   "sites",     "noise",
    "sigmas",      "rms",    "include", "exclude", "path",   "kernels",  "format",    "images",
    "class_count", "layout", "mean",    "std",     "divide", "response", "precision", "memory",
    "samples",     "labels", "log",     "linear",  "list",   "kind",     "scale"};
enum { KEYS = sizeof key / sizeof *key };

static void mark_keys(const char *example, void *context)
{
    int *seen = context;
    for (int k = 0; k < KEYS; k++) {
        char word[32];
        snprintf(word, sizeof word, "%s:", key[k]);
        seen[k] |= strstr(example, word) != NULL;
    }
}

static void every_key_has_an_example(void **state)
{
    (void)state;
    int seen[KEYS] = {0};
    each_example(mark_keys, seen);
    for (int k = 0; k < KEYS; k++)
        if (!seen[k])
            fail_msg("no example of %s has the key '%s'", path, key[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_parses),
        cmocka_unit_test(every_key_has_an_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
