/* Which of a file's arrays is meant, where the grid does not say. The rules (docs/data.md repeats them):
 *   samples  the one called images, image, x, X, data, inputs or input with two dimensions or more; else the
 * only array with two dimensions or more labels   of integer type and shape [N] or [N,1], called label,
 * labels, y, target or targets; beside samples called x_test or test_images: y_test, test_labels, ... a file
 * of labels: the same, else its only array of that type and shape Anything else is an error that lists what
 * is there: guessing wrong would cost a sweep. */
#include "dist/data/dataset_read.h"

#include <stdio.h>
#include <string.h>

static const char *const image_words[] = {"images", "image", "x", "X", "data", "inputs", "input", NULL};
static const char *const label_words[] = {"label", "labels", "y", "Y", "target", "targets", NULL};

static int is_word(const char *text, size_t length, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == length && strncmp(text, *words, length) == 0)
            return 1;
    return 0;
}

static int is_labels(const struct raw_choice *c)
{
    int rank = c->shape.rank;
    return c->usable && c->integer && (rank == 1 || (rank == 2 && c->shape.dim[1] == 1));
}

static int is_images(const struct raw_choice *c)
{
    return c->usable && c->shape.rank >= 2;
}

static int is_array(const struct raw_choice *c)
{
    return c->usable && c->shape.rank >= 1;
}

/* "x_test" is the word x with the split "_test" behind, "test_images" the word images with "test_" in front.
 * before and after get the lengths of what surrounds the word; 0 and 0 where the name is no such thing. */
static void split_of(const char *name, const char *const *words, size_t *before, size_t *after)
{
    size_t length = strlen(name);
    const char *first = strchr(name, '_'), *last = strrchr(name, '_');
    *before = *after = 0;
    if (first && is_word(name, (size_t)(first - name), words))
        *after = length - (size_t)(first - name);
    else if (last && is_word(last + 1, strlen(last + 1), words))
        *before = length - strlen(last + 1);
}

/* Whether name is a label word in the same split as images. */
static int goes_with(const char *name, const char *images)
{
    size_t before, after, length = strlen(name);
    split_of(images, image_words, &before, &after);
    if (length <= before + after || strncmp(name, images, before) ||
        strcmp(name + length - after, images + strlen(images) - after))
        return 0;
    return is_word(name + before, length - before - after, label_words);
}

/* "images [100,3,32,32], label [100]" */
static const char *list_of(const struct raw_choice *c, int n, char *text, size_t room)
{
    size_t used = 0;
    char shape[APEX_SHAPE_TEXT];
    text[0] = '\0';
    for (int k = 0; k < n && used < room; k++) {
        const char *about = c[k].usable ? apex_shape_text(&c[k].shape, shape) : "(not numbers)";
        int more = snprintf(text + used, room - used, "%s%s %s", k ? ", " : "", c[k].name, about);
        used += more > 0 ? (size_t)more : 0;
    }
    return text;
}

static int by_name(const struct raw_choice *c, int n, const char *name)
{
    for (int k = 0; k < n; k++) {
        size_t length = strlen(c[k].name);
        if (strncmp(c[k].name, name, length) == 0 && (!name[length] || strcmp(name + length, ".npy") == 0))
            return k;
    }
    return -1;
}

/* The only one for which `is` holds; -1: none or several. */
static int only(const struct raw_choice *c, int n, int (*is)(const struct raw_choice *))
{
    int found = -1;
    for (int k = 0; k < n; k++) {
        if (is(&c[k]) && found >= 0)
            return -1;
        if (is(&c[k]))
            found = k;
    }
    return found;
}

/* The first word that names one for which `is` holds. */
static int first_word(const struct raw_choice *c, int n, const char *const *words,
                      int (*is)(const struct raw_choice *))
{
    for (; *words; words++) {
        int k = by_name(c, n, *words);
        if (k >= 0 && is(&c[k]))
            return k;
    }
    return -1;
}

static int by_rule(const struct raw_choice *c, int n, const struct raw_query *q)
{
    int k = -1;
    switch (q->role) {
    case RAW_OWN_LABELS:
        for (k = n - 1; k >= 0; k--)
            if (is_labels(&c[k]) && goes_with(c[k].name, q->images ? q->images : ""))
                break;
        return k;
    case RAW_IMAGES:
        k = first_word(c, n, image_words, is_images);
        return k >= 0 ? k : only(c, n, is_images);
    case RAW_LABEL_FILE:
        k = first_word(c, n, label_words, is_labels);
        return k >= 0 ? k : only(c, n, is_labels);
    case RAW_ANY:
        break;
    }
    return only(c, n, is_array);
}

int raw_choose(const struct raw_choice *c, int n, const struct raw_query *q, const char *path,
               struct apex_error *err)
{
    static const char *const advice[] = {
        [RAW_IMAGES] = "which variable holds the samples? Say it with `images:`.",
        [RAW_LABEL_FILE] = "which variable holds the labels? Say it behind ':'.",
        [RAW_ANY] = "which variable is meant?",
    };
    char list[512];
    int k = q->variable ? by_name(c, n, q->variable) : by_rule(c, n, q);
    if (k >= 0 && c[k].usable)
        return k;
    list_of(c, n, list, sizeof list);
    if (k >= 0)
        return apex_fail(err, "%s: '%s' does not hold numbers of a type that is read", path, c[k].name);
    if (q->variable)
        return apex_fail(err, "%s: holds no '%s'; it has: %s", path, q->variable, list);
    if (q->role == RAW_OWN_LABELS)
        return -2;
    return apex_fail(err, "%s: %s It has: %s", path, advice[q->role], list);
}
