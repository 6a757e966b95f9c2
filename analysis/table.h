/* A table of results, described once and written three times: CSV and JSON for programs, HTML for people.
 *
 *     struct table *t = table_new("escape", "Escape noise by model and site");
 *     table_column(t, COLUMN_TEXT, "model", "Model", "");
 *     table_column(t, COLUMN_NUMBER, "median", "Median", "sigma");
 *     table_column(t, COLUMN_LOW, "median_low", "", "sigma");     joins the number before it in HTML:
 *     table_column(t, COLUMN_HIGH, "median_high", "", "sigma");   0.43 [0.40, 0.46]
 *     table_text(t, "cnn"); table_number(t, 0.43); table_number(t, 0.40); table_number(t, 0.46);   one row
 *
 * Cells come row by row, as many as there are columns. NaN is "not known": empty in CSV, null in JSON, a dash
 * in HTML; infinity is inf, "inf" and a sign. After a failed allocation the table keeps quiet and the writers
 * fail. */
#ifndef APEX_ANALYSIS_TABLE_H
#define APEX_ANALYSIS_TABLE_H

#include "analysis/text.h"

#include <stddef.h>

enum column_kind { COLUMN_TEXT, COLUMN_COUNT, COLUMN_NUMBER, COLUMN_LOW, COLUMN_HIGH };

enum { TABLE_COLUMNS = 32 };

struct table_column {
    enum column_kind kind;
    char *name, *heading, *unit; /* name: CSV and JSON; heading: HTML; unit: "" has none */
};

struct table_cell {
    char *text; /* COLUMN_TEXT, else NULL */
    double number;
};

struct table {
    char *name; /* file stem: letters, digits, '_' and '-' */
    char *title;
    int columns;
    struct table_column column[TABLE_COLUMNS];
    size_t cells, room;
    struct table_cell *cell; /* [rows][columns] */
    int failed;
};

struct table *table_new(const char *name, const char *title); /* NULL: no memory */
void table_free(struct table *t);                             /* accepts NULL */

/* All columns come before the first cell. */
void table_column(struct table *t, enum column_kind kind, const char *name, const char *heading,
                  const char *unit);
void table_text(struct table *t, const char *text);
void table_number(struct table *t, double number); /* COUNT columns too */
void table_interval(struct table *t, double number, double low, double high);

size_t table_rows(const struct table *t);

/* Append to out; -1 with err after a failed allocation or when the last row is not full. */
int table_csv(const struct table *t, struct bytes *out, struct apex_error *err);
int table_json(const struct table *t, struct bytes *out, struct apex_error *err);

/* At most `most` rows (0: all); a line beneath says where the rest is. */
int table_html(const struct table *t, size_t most, struct bytes *out, struct apex_error *err);

#endif
