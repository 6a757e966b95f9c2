#include "analysis/report.h"
#include "dist/files/file.h"
#include "dist/program/command.h"
#include "dist/program/exit_code.h"
#include "dist/program/options.h"
#include "dist/program/sample_images.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct names {
    int count;
    char **name;
};

struct report_arguments {
    struct report_options options;
    struct names files, clean, against[2];
    const char *data;
    char *folder; /* the default of --to */
};

static const struct option_spec specs[] = {
    {"reference", 'r', "FILE", "score per sample, CSV or NetCDF (C-scores and the like)"},
    {"groups", 'g', "FILE", "groups of classes, such as animals and vehicles"},
    {"clean-models", 'c', "A,B", "models known to be honest: what a bias is compared with"},
    {"against", 'a', "A,B:C,D", "two groups of models to tell apart (default: by their labels)"},
    {"data", 'd', "GRID.yaml", "the sweep's grid file, for images of samples"},
    {"to", 't', "FOLDER", "where to write (default: report/ beside the first result file)"},
    {0},
};

static void names_free(struct names *n)
{
    for (int i = 0; i < n->count; i++)
        free(n->name[i]);
    free(n->name);
}

static int names_add(struct names *n, const char *text, size_t size, struct apex_error *err)
{
    char **grown = realloc(n->name, ((size_t)n->count + 1) * sizeof *grown);
    char *copy = strndup(text, size);
    n->name = grown ? grown : n->name;
    if (!grown || !copy) {
        free(copy);
        return apex_fail(err, "out of memory");
    }
    n->name[n->count++] = copy;
    return 0;
}

/* "A,B" up to `end`. */
static int names_split(struct names *n, const char *option, const char *text, const char *end,
                       struct apex_error *err)
{
    while (text <= end) {
        size_t size = strcspn(text, ",:");
        if (text + size > end)
            size = (size_t)(end - text);
        if (!size)
            return apex_fail(err, "%s: a name is empty", option);
        if (names_add(n, text, size, err))
            return -1;
        text += size + 1;
    }
    return 0;
}

static int ends_in_nc(const char *name)
{
    size_t n = strlen(name);
    return n > 3 && !strcmp(name + n - 3, ".nc");
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* By the name of the file, so that the folders of a job array make the report of a single job. */
static int by_name(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = strcmp(base_name(x), base_name(y));
    return order ? order : strcmp(x, y);
}

/* All result files of an output folder, by name. */
static int add_folder(struct names *files, const char *folder, struct apex_error *err)
{
    int first = files->count, failed = 0;
    DIR *d = opendir(folder);
    if (!d)
        return apex_fail(err, "%s: cannot read: %s", folder, strerror(errno));
    for (struct dirent *e; !failed && (e = readdir(d));) {
        if (!ends_in_nc(e->d_name))
            continue;
        char *path = file_join(folder, e->d_name, err);
        failed = !path || names_add(files, path, strlen(path), err);
        free(path);
    }
    closedir(d);
    if (failed)
        return -1;
    if (files->count == first)
        return apex_fail(err, "%s: no result file (*.nc) in this folder; `apex export %s` writes them",
                         folder, folder);
    return 0;
}

static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

/* Result files of the arguments, and where the report goes. Named files stay in the order given. */
static int find_files(const struct names *outputs, struct names *files, char **folder, struct apex_error *err)
{
    int folders = 0;
    for (int i = 0; i < outputs->count; i++) {
        struct stat s;
        const char *path = outputs->name[i];
        if (stat(path, &s))
            return apex_fail(err, "%s: %s", path, strerror(errno));
        int is_folder = S_ISDIR(s.st_mode), first = files->count;
        if (is_folder ? add_folder(files, path, err) : names_add(files, path, strlen(path), err))
            return -1;
        folders += is_folder;
        qsort(files->name + first, (size_t)(files->count - first), sizeof *files->name, by_name);
        if (i == 0) {
            char *home = is_folder ? strdup(path) : parent_of(path);
            *folder = home ? file_join(home, "report", err) : NULL;
            free(home);
            if (!*folder)
                return apex_fail(err, "out of memory");
        }
    }
    if (folders == outputs->count)
        qsort(files->name, (size_t)files->count, sizeof *files->name, by_name);
    return 0;
}

static int take_option(void *into, int key, const char *value, struct apex_error *err)
{
    struct report_arguments *a = into;
    const char *colon;
    switch (key) {
    case 'r':
        a->options.reference = value;
        return 0;
    case 'g':
        a->options.groups = value;
        return 0;
    case 'd':
        a->data = value;
        return 0;
    case 't':
        a->options.folder = value;
        return 0;
    case 'c':
        return names_split(&a->clean, "--clean-models", value, value + strlen(value), err);
    case 'a':
        colon = strchr(value, ':');
        if (!colon)
            return apex_fail(err, "--against wants two groups, A,B:C,D, not '%s'", value);
        return names_split(&a->against[0], "--against", value, colon, err) ||
               names_split(&a->against[1], "--against", colon + 1, value + strlen(value), err);
    default:
        return names_add(&a->files, value, strlen(value), err);
    }
}

static int write_report(struct report_arguments *a, struct apex_error *err)
{
    struct names files = {0};
    struct sample_images *images = NULL;
    struct report_options *o = &a->options;
    int failed = find_files(&a->files, &files, &a->folder, err);
    if (!failed && a->data) {
        images = sample_images_open(a->data, err);
        failed = !images;
        o->image = sample_images_get;
        o->image_context = images;
    }
    o->folder = o->folder ? o->folder : a->folder;
    o->clean_models = a->clean.count;
    o->clean_model = (const char *const *)a->clean.name;
    for (int g = 0; g < 2; g++) {
        o->against[g] = a->against[g].count;
        o->against_model[g] = (const char *const *)a->against[g].name;
    }
    failed = failed || report_write((const char *const *)files.name, files.count, o, err);
    sample_images_close(images);
    names_free(&files);
    return failed ? -1 : 0;
}

int command_report(int argc, char **argv)
{
    struct report_arguments a = {0};
    struct apex_error err = {{0}};
    int code = options_parse(argc, argv, "OUTPUT...", specs, take_option, &a);
    if (code < 0) {
        code = write_report(&a, &err) ? command_fail(EXIT_BAD_INPUT, &err) : EXIT_DONE;
        if (code == EXIT_DONE)
            printf("report: %s/report.html\n", a.options.folder);
    }
    names_free(&a.files);
    names_free(&a.clean);
    names_free(&a.against[0]);
    names_free(&a.against[1]);
    free(a.folder);
    return code;
}
