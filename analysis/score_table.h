/* What score.c shares with the readers of CSV and NetCDF. */
#ifndef APEX_ANALYSIS_SCORE_TABLE_H
#define APEX_ANALYSIS_SCORE_TABLE_H

#include "analysis/score.h"

/* Positions of the columns among the names of a file; -1: there is none. */
struct score_columns {
    int index, label, score;
};
int score_find_columns(const char *path, const char *const *name, int n, struct score_columns *c,
                       struct apex_error *err);

/* Appends a row; the arrays grow. label: -1 without one. */
int score_add(struct score *s, size_t *room, int64_t index, int label, double value, struct apex_error *err);

/* Fills a score whose path is set. */
int score_read_csv(struct score *s, struct apex_error *err);
int score_read_netcdf(struct score *s, int nc, struct apex_error *err);

#endif
