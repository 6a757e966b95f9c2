#include "analysis/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct table *table_new(const char *name, const char *title)
{
    struct table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->name = strdup(name);
    t->title = strdup(title);
    t->failed = !t->name || !t->title;
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    for (int c = 0; c < t->columns; c++) {
        free(t->column[c].name);
        free(t->column[c].heading);
        free(t->column[c].unit);
    }
    for (size_t i = 0; i < t->cells; i++)
        free(t->cell[i].text);
    free(t->cell);
    free(t->name);
    free(t->title);
    free(t);
}

void table_column(struct table *t, enum column_kind kind, const char *name, const char *heading,
                  const char *unit)
{
    if (t->columns == TABLE_COLUMNS || t->cells) {
        t->failed = 1;
        return;
    }
    struct table_column *c = &t->column[t->columns++];
    *c = (struct table_column){kind, strdup(name), strdup(heading), strdup(unit)};
    t->failed |= !c->name || !c->heading || !c->unit;
}

static struct table_cell *next_cell(struct table *t)
{
    if (t->failed)
        return NULL;
    if (t->cells == t->room) {
        size_t room = t->room ? 2 * t->room : 64;
        struct table_cell *cell = realloc(t->cell, room * sizeof *cell);
        if (!cell) {
            t->failed = 1;
            return NULL;
        }
        t->cell = cell;
        t->room = room;
    }
    t->cell[t->cells] = (struct table_cell){NULL, NAN};
    return &t->cell[t->cells++];
}

void table_text(struct table *t, const char *text)
{
    struct table_cell *cell = next_cell(t);
    if (cell)
        t->failed |= !(cell->text = strdup(text));
}

void table_number(struct table *t, double number)
{
    struct table_cell *cell = next_cell(t);
    if (cell)
        cell->number = number == 0 ? 0 : number; /* no minus zero */
}

void table_interval(struct table *t, double number, double low, double high)
{
    table_number(t, number);
    table_number(t, low);
    table_number(t, high);
}

size_t table_rows(const struct table *t)
{
    return t->columns ? t->cells / (size_t)t->columns : 0;
}

static int check(const struct table *t, struct apex_error *err)
{
    if (t->failed)
        return apex_fail(err, "table %s: no memory, or more than %d columns", t->name ? t->name : "",
                         TABLE_COLUMNS);
    if (!t->columns || t->cells % (size_t)t->columns)
        return apex_fail(err, "table %s: %zu cells do not fill rows of %d columns", t->name, t->cells,
                         t->columns);
    return 0;
}

static int finish(const struct bytes *out, struct apex_error *err)
{
    return out->failed ? apex_fail(err, "out of memory") : 0;
}

int table_csv(const struct table *t, struct bytes *out, struct apex_error *err)
{
    if (check(t, err))
        return -1;
    for (int c = 0; c < t->columns; c++) {
        text_put(out, c ? "," : "");
        text_csv(out, t->column[c].name);
    }
    text_put(out, "\n");
    for (size_t i = 0; i < t->cells; i++) {
        const struct table_cell *cell = &t->cell[i];
        size_t c = i % (size_t)t->columns;
        text_put(out, c ? "," : "");
        if (cell->text)
            text_csv(out, cell->text);
        else if (!isnan(cell->number))
            text_print(out, "%.9g", cell->number);
        if (c + 1 == (size_t)t->columns)
            text_put(out, "\n");
    }
    return finish(out, err);
}

static void json_cell(const struct table_cell *cell, struct bytes *out)
{
    if (cell->text)
        text_json(out, cell->text);
    else if (isnan(cell->number))
        text_put(out, "null");
    else if (isinf(cell->number))
        text_put(out, cell->number > 0 ? "\"inf\"" : "\"-inf\"");
    else
        text_print(out, "%.9g", cell->number);
}

int table_json(const struct table *t, struct bytes *out, struct apex_error *err)
{
    if (check(t, err))
        return -1;
    text_put(out, "{\"name\": ");
    text_json(out, t->name);
    text_put(out, ",\n \"title\": ");
    text_json(out, t->title);
    text_put(out, ",\n \"units\": {");
    for (int c = 0, n = 0; c < t->columns; c++) {
        if (!*t->column[c].unit)
            continue;
        text_put(out, n++ ? ", " : "");
        text_json(out, t->column[c].name);
        text_put(out, ": ");
        text_json(out, t->column[c].unit);
    }
    text_put(out, "},\n \"rows\": [");
    for (size_t i = 0; i < t->cells; i++) {
        size_t c = i % (size_t)t->columns;
        text_put(out, c ? ", " : i ? ",\n  {" : "\n  {");
        text_json(out, t->column[c].name);
        text_put(out, ": ");
        json_cell(&t->cell[i], out);
        text_put(out, c + 1 == (size_t)t->columns ? "}" : "");
    }
    text_put(out, "\n ]}\n");
    return finish(out, err);
}

static void html_head(const struct table *t, struct bytes *out)
{
    text_put(out, "<thead><tr>");
    for (int c = 0; c < t->columns; c++) {
        const struct table_column *column = &t->column[c];
        if (column->kind == COLUMN_LOW || column->kind == COLUMN_HIGH)
            continue;
        text_put(out, column->kind == COLUMN_TEXT ? "<th scope=\"col\">" : "<th scope=\"col\" class=\"n\">");
        text_html(out, column->heading);
        if (*column->unit) {
            text_put(out, " <small>");
            text_html(out, column->unit);
            text_put(out, "</small>");
        }
        text_put(out, "</th>");
    }
    text_put(out, "</tr></thead>\n");
}

/* A number and, where the next columns are its interval, the interval in the same cell. */
static void html_number(const struct table *t, const struct table_cell *row, int c, struct bytes *out)
{
    char a[TEXT_NUMBER], b[TEXT_NUMBER];
    if (t->column[c].kind == COLUMN_COUNT && isfinite(row[c].number))
        text_print(out, "%.0f", row[c].number);
    else
        text_put(out, text_number(row[c].number, a));
    if (c + 2 < t->columns && t->column[c + 1].kind == COLUMN_LOW && t->column[c + 2].kind == COLUMN_HIGH &&
        !(isnan(row[c + 1].number) && isnan(row[c + 2].number)))
        text_print(out, " <small>[%s,\u00a0%s]</small>", text_number(row[c + 1].number, a),
                   text_number(row[c + 2].number, b));
}

static void html_row(const struct table *t, const struct table_cell *row, struct bytes *out)
{
    text_put(out, "<tr>");
    for (int c = 0; c < t->columns; c++) {
        enum column_kind kind = t->column[c].kind;
        if (kind == COLUMN_LOW || kind == COLUMN_HIGH)
            continue;
        text_put(out, kind == COLUMN_TEXT ? "<td>" : "<td class=\"n\">");
        if (row[c].text)
            text_html(out, row[c].text);
        else
            html_number(t, row, c, out);
        text_put(out, "</td>");
    }
    text_put(out, "</tr>\n");
}

int table_html(const struct table *t, size_t most, struct bytes *out, struct apex_error *err)
{
    if (check(t, err))
        return -1;
    size_t rows = table_rows(t), shown = most && most < rows ? most : rows;
    text_put(out, "<div class=\"table\"><table>\n<caption>");
    text_html(out, t->title);
    text_put(out, "</caption>\n");
    html_head(t, out);
    text_put(out, "<tbody>\n");
    for (size_t r = 0; r < shown; r++)
        html_row(t, t->cell + r * (size_t)t->columns, out);
    text_put(out, "</tbody></table></div>\n<p class=\"source\">");
    if (shown < rows)
        text_print(out, "%zu of %zu rows shown. ", shown, rows);
    text_print(out, "All numbers: <code>tables/%s.csv</code>, <code>.json</code></p>\n", t->name);
    return finish(out, err);
}
