#include "dist/run/sweep_part.h"

#include "dist/files/file.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number from 1 on, without sign or space; 0: none. */
static int number_at(const char *at, char **end)
{
    long n = isdigit((unsigned char)*at) ? strtol(at, end, 10) : 0;
    return n > 0 && n <= INT_MAX ? (int)n : 0;
}

int sweep_part_parse(const char *text, struct sweep_part *part, struct apex_error *err)
{
    char *end = NULL;
    int number = number_at(text, &end), of = 0;
    if (number && *end == '/' && (of = number_at(end + 1, &end)) == 0)
        number = 0;
    if (!number || *end || (of && number > of))
        return apex_fail(err, "--part wants K or K/N with 1 <= K <= N, not '%s'", text);
    *part = (struct sweep_part){number, of};
    return 0;
}

static int in_part(int model, struct sweep_part part)
{
    return part.of ? model % part.of == part.number - 1 : model == part.number - 1;
}

char *sweep_part_output(const struct grid *g, struct sweep_part part, struct apex_error *err)
{
    char name[64];
    if (part.number > g->models || part.of > g->models) {
        apex_fail(err, "%s: no part %d (of %d): the grid has %d model%s", g->path, part.number,
                  part.of ? part.of : g->models, g->models, g->models == 1 ? "" : "s");
        return NULL;
    }
    snprintf(name, sizeof name, "part-%d-of-%d", part.number, part.of);
    if (part.number)
        return file_join(g->output, part.of ? name : g->model[part.number - 1].name, err);
    char *own = strdup(g->output);
    if (!own)
        apex_fail(err, "out of memory");
    return own;
}

int sweep_keep_part(struct sweep *s, struct sweep_part part, struct apex_error *err)
{
    int models = s->models, kept = 0;
    char *folder = part.number ? sweep_part_output(s->grid, part, err) : NULL;
    if (!folder)
        return part.number ? -1 : 0;
    for (int k = 0; k < models; k++)
        if (in_part(k, part)) {
            struct sweep_model swapped = s->model[kept];
            s->model[kept++] = s->model[k];
            s->model[k] = swapped;
        }
    for (s->models = kept; models > kept; models--)
        sweep_model_clear(&s->model[models - 1]);
    free(s->grid->output);
    s->grid->output = folder;
    return 0;
}
