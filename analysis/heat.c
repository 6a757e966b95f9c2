/* Heat maps, as rectangles, so that they stay sharp at any size. */
#include "analysis/figure_script.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 430, LABELS_MOST = 25, NUMBERS_MOST = 12 };

static const char *const sequential =
    "0 \"#f1f5fa\", 0.25 \"#a9cbe4\", 0.5 \"#5a9bc9\", 0.75 \"#1f5fa8\", 1 \"#0b2545\"";
static const char *const diverging =
    "0 \"#8c3a00\", 0.25 \"#e58a3c\", 0.5 \"#f4f2ee\", 0.75 \"#5a9bc9\", 1 \"#0b3d70\"";

/* Whether text on a cell of this value is white. */
static void put_number_colour(char *out, size_t size, const struct heat *h)
{
    double span = h->high - h->low, middle = h->low + span / 2;
    if (h->diverging)
        snprintf(out, size, "abs($3 - %.6g) > %.6g", middle, 0.33 * span);
    else
        snprintf(out, size, "$3 > %.6g", h->low + 0.55 * span);
}

static void put_labels(struct bytes *script, const char *axis, const char *const *label, int n)
{
    int step = (n + LABELS_MOST - 1) / LABELS_MOST;
    text_print(script, "set %stics (", axis);
    for (int i = 0; i < n; i += step) {
        text_put(script, i ? ", " : "");
        script_text(script, label[i]);
        text_print(script, " %d", i);
    }
    text_put(script, ")\n");
}

static size_t longest(const char *const *label, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++)
        most = strlen(label[i]) > most ? strlen(label[i]) : most;
    return most;
}

void figure_heat(struct figures *f, const struct heat *h)
{
    struct bytes *script = &f->script;
    char plot[512], white[96];
    int drawn = 0;
    script_begin(f, h->name);
    text_put(script, "$d << EOD\n");
    for (int r = 0; r < h->rows; r++)
        for (int c = 0; c < h->columns; c++) {
            double v = h->value[(size_t)r * (size_t)h->columns + (size_t)c];
            if (isnan(v))
                continue;
            text_print(script, "%d %d %.6g\n", c, r, v);
            drawn++;
        }
    text_put(script, "EOD\nset tmargin 1.9\nset border 0\nunset key\nset tics scale 0 nomirror\nset title ");
    script_text(script, h->title);
    text_put(script, "\nset xlabel ");
    script_text(script, h->x_label);
    text_put(script, "\nset ylabel ");
    script_text(script, h->y_label);
    text_put(script, "\nset cblabel ");
    script_text(script, h->value_label);
    text_put(script, "\n");
    put_labels(script, "x", h->column_label, h->columns);
    put_labels(script, "y", h->row_label, h->rows);
    if (longest(h->column_label, h->columns) > 3)
        text_put(script, "set xtics rotate by 45 right\n");
    text_print(
        script,
        "set xrange [-0.5:%.1f]\nset yrange [%.1f:-0.5]\nset cbrange [%.7g:%.7g]\nset palette defined (%s)\n",
        h->columns - 0.5, h->rows - 0.5, h->low, h->high > h->low ? h->high : h->low + 1,
        h->diverging ? diverging : sequential);
    int n = snprintf(plot, sizeof plot,
                     "plot $d using 1:2:(0.5):(0.5):3 with boxxyerror fs solid 1 noborder lc palette");
    if (h->numbers && h->columns <= NUMBERS_MOST && h->rows <= 2 * NUMBERS_MOST) {
        put_number_colour(white, sizeof white, h);
        snprintf(plot + n, sizeof plot - (size_t)n,
                 ", $d using 1:2:($3 < 0.005 ? \"\" : sprintf(\"%%.2f\",$3)):(%s ? 0xffffff : 0x101820) with "
                 "labels font \",9\" "
                 "tc rgb variable",
                 white);
    }
    if (!drawn) {
        text_put(script, "set label \"no data\" at graph 0.5,0.5 center\n");
        snprintf(plot, sizeof plot, "plot NaN notitle");
    }
    int cell = h->rows <= 12 ? 26 : h->rows <= 25 ? 16 : 0;
    script_end(f, WIDTH, cell ? 130 + cell * h->rows : 430, plot);
}
