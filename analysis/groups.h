/* Groups of classes (animals and vehicles, superclasses), from a text file (docs/statistics.md):
 *
 *     # a comment
 *     classes: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck
 *     animals: bird, cat, deer, dog, frog, horse
 *     vehicles: 0, 1, 8, 9
 *
 * `classes:` (may be absent, comes first) names the classes in their order; every other line is a group. A
 * class is its number or its name. A class is in one group at most; a class in none takes part in nothing
 * that is said about groups. */
#ifndef APEX_ANALYSIS_GROUPS_H
#define APEX_ANALYSIS_GROUPS_H

#include "core/error.h"

#include <stddef.h>

struct groups {
    size_t groups, classes;
    char **name;       /* [groups] */
    int *of;           /* [classes] group of the class; -1: in none */
    char **class_name; /* [classes] or NULL: the file does not name them */
};

/* classes: how many the model has. NULL with err, which names file and line. The caller frees. */
struct groups *groups_read(const char *path, size_t classes, struct apex_error *err);
void groups_free(struct groups *g); /* accepts NULL */

/* Name of a class, or its number printed into text where it has none (g may be NULL). */
const char *groups_class_name(const struct groups *g, size_t class_number, char text[24]);

#endif
