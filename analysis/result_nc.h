/* Reading variables of an open NetCDF file with their names in every error. For result.c and result_site.c.
 */
#ifndef APEX_ANALYSIS_RESULT_NC_H
#define APEX_ANALYSIS_RESULT_NC_H

#include "analysis/result.h"

/* One letter for each dimension: s site, g sigma, n sample, c class, p perturbed_class; S response_site, G
 * response_sigma, N response_sample. */
#define RESULT_MOST_DIMENSIONS 4

/* Types that a variable is converted to in memory. */
enum result_type { RESULT_BYTE, RESULT_INT, RESULT_INT64, RESULT_FLOAT, RESULT_DOUBLE };

/* Reads the variable with exactly these dimensions into a new array. site: the one to read where dims starts
 * with s, or -1 for all of them. NULL with err. */
void *result_read(const struct result *r, const char *name, enum result_type type, const char *dims,
                  long long site, struct apex_error *err);

/* Strings along one dimension into a new list of n new texts. NULL with err. */
char **result_read_texts(const struct result *r, const char *name, char dim, size_t n,
                         struct apex_error *err);
void result_free_texts(char **text, size_t n); /* accepts NULL */

/* All global attributes into r. */
int result_read_attributes(struct result *r, struct apex_error *err);

#endif
