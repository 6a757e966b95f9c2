/* Charts over x: lines with bands, stacked shares, points, bars. */
#include "analysis/colour.h"
#include "analysis/figure_script.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 430, HEIGHT = 285, KEY_LINE = 17, KEY_MOST = 8 };

/* Layers have so many lines that only some are named: the first, the last and a few between. */
static int in_key(const struct series *s)
{
    if (s->look != LOOK_LAYER || s->of <= KEY_MOST)
        return 1;
    int step = (s->of + 4) / 5;
    return s->rank == s->of - 1 || (s->rank % step == 0 && s->rank + step / 2 < s->of - 1);
}

/* Where infinity is drawn: right of the largest finite x. */
struct axis {
    double low, high, infinity; /* of the finite values */
    int has_infinity;
};

static struct axis axis_of(const struct chart *c)
{
    struct axis a = {INFINITY, -INFINITY, 0, 0};
    for (int i = 0; i < c->points; i++) {
        a.has_infinity |= isinf(c->x[i]);
        if (isfinite(c->x[i]) && (!c->log_x || c->x[i] > 0)) {
            a.low = fmin(a.low, c->x[i]);
            a.high = fmax(a.high, c->x[i]);
        }
    }
    if (a.low > a.high)
        a.low = a.high = 1;
    double span = c->log_x ? fmax(log(a.high / a.low), 0.5) : fmax(a.high - a.low, 1e-9);
    a.infinity = c->log_x ? a.high * exp(0.13 * span) : a.high + 0.13 * span;
    double margin = 0.03 * span, right = a.has_infinity ? a.infinity : a.high;
    a.low = c->log_x ? a.low * exp(-margin) : a.low - margin;
    a.high = c->log_x ? right * exp(margin) : right + margin;
    return a;
}

/* Whether anything of a series can be drawn in the part of the finite (0) or infinite (1) x; gnuplot refuses
 * empty plots. */
static int is_drawn(const struct chart *c, const struct series *s, int part)
{
    for (int i = 0; i < c->points; i++) {
        double x = c->kind == CHART_BARS ? i + 1 : c->x[i];
        if (isfinite(s->y[i]) && isinf(x) == part && !isnan(x) && (!c->log_x || x > 0))
            return 1;
    }
    return 0;
}

static int is_empty(const struct chart *c)
{
    for (int k = 0; k < c->series; k++)
        if (is_drawn(c, &c->s[k], 0) || is_drawn(c, &c->s[k], 1))
            return 0;
    return 1;
}

/* One block of data for each series: x, y, low, high; finite x first, then, as a second part, the infinite
 * ones. */
static void put_data(struct bytes *script, const struct chart *c, const struct axis *a)
{
    for (int k = 0; k < c->series; k++) {
        const struct series *s = &c->s[k];
        text_print(script, "$d%d << EOD\n", k);
        for (int part = 0; part < 1 + a->has_infinity; part++) {
            text_put(script, part ? "\n\n" : "");
            for (int i = 0; i < c->points; i++) {
                if (isinf(c->x[i]) != part || isnan(c->x[i]) || (c->log_x && c->x[i] <= 0))
                    continue;
                script_number(script, part ? a->infinity : c->x[i]);
                script_number(script, s->y[i]);
                script_number(script, s->low ? s->low[i] : NAN);
                script_number(script, s->high ? s->high[i] : NAN);
                text_put(script, "\n");
            }
        }
        text_put(script, "EOD\n");
    }
}

static void put_range(struct bytes *script, const char *axis, double low, double high)
{
    text_print(script, "set %srange [", axis);
    if (isfinite(low))
        text_print(script, "%.7g", low);
    text_put(script, ":");
    if (isfinite(high))
        text_print(script, "%.7g", high);
    text_put(script, "]\n");
}

static void put_frame(struct bytes *script, const struct chart *c)
{
    text_put(script, "set border 3 lw 0.7\nset tics nomirror out scale 0.5\n"
                     "set grid ytics lt 1 lw 0.5 lc rgb \"#b0808080\"\n"
                     "set tmargin 1.9\nset lmargin 8\n"
                     "set key below center horizontal samplen 1.6 spacing 1.1 height 0.3\nset title ");
    script_text(script, c->title);
    text_put(script, " offset 0,-0.4\nset xlabel ");
    script_text(script, c->x_label);
    text_put(script, " offset 0,0.3\nset ylabel ");
    script_text(script, c->y_label);
    text_put(script, " offset 0.8,0\n");
    put_range(script, "y", c->y_low, c->y_high);
    if (isfinite(c->level))
        text_print(script, "level(x) = %.7g\n", c->level);
}

static void put_x_axis(struct bytes *script, const struct chart *c, const struct axis *a)
{
    put_range(script, "x", a->low, a->high);
    if (c->log_x)
        text_put(script, "set logscale x\nset format x \"%g\"\nset mxtics 10\n");
    if (a->has_infinity)
        text_print(script, "set xtics add (\"\u221e\" %.7g)\n", a->infinity);
}

/* Parts of a plot command are joined by commas. */
static void separate_parts(struct bytes *plot, int *parts)
{
    text_put(plot, (*parts)++ ? ", " : "");
}

static void put_title(struct bytes *plot, const struct series *s, int shown)
{
    text_put(plot, shown ? "title " : "notitle");
    if (shown)
        script_text(plot, s->label);
}

static void line_commands(struct bytes *plot, const struct chart *c, int *parts)
{
    char colour[COLOUR_TEXT];
    for (int k = 0; k < c->series; k++) /* bands lie under every line */
        if (c->s[k].low && is_drawn(c, &c->s[k], 0)) {
            separate_parts(plot, parts);
            text_print(plot,
                       "$d%d index 0 using 1:3:4 with filledcurves fs transparent solid 0.16 noborder lc rgb "
                       "\"%s\" notitle",
                       k, colour_of(&c->s[k], colour));
        }
    for (int k = 0; k < c->series; k++) {
        const struct series *s = &c->s[k];
        const char *hue = colour_of(s, colour);
        if (is_drawn(c, s, 0)) {
            separate_parts(plot, parts);
            text_print(plot,
                       "$d%d index 0 using 1:2 with linespoints lw %g dt %d pt %d ps 0.35 lc rgb \"%s\" ", k,
                       colour_width(s), colour_dash(s), colour_mark(s), hue);
            put_title(plot, s, in_key(s));
        }
        if (is_drawn(c, s, 1)) {
            separate_parts(plot, parts);
            if (s->low)
                text_print(
                    plot,
                    "$d%d index 1 using 1:3:(0):($4-$3) with vectors nohead lw 1.2 lc rgb \"%s\" notitle, ",
                    k, hue);
            text_print(plot, "$d%d index 1 using 1:2 with points pt %d ps 0.45 lc rgb \"%s\" notitle", k,
                       colour_mark(s), hue);
        }
    }
}

static void point_commands(struct bytes *plot, const struct chart *c, int *parts)
{
    char colour[COLOUR_TEXT];
    for (int k = 0; k < c->series; k++)
        for (int part = 0; part < 2; part++) {
            if (!is_drawn(c, &c->s[k], part))
                continue;
            separate_parts(plot, parts);
            text_print(plot, "$d%d index %d using 1:2 with points pt %d ps 0.35 lc rgb \"#70%s\" ", k, part,
                       colour_mark(&c->s[k]), colour_of(&c->s[k], colour) + 1);
            put_title(plot, &c->s[k], !part);
        }
}

/* Shares are drawn as areas between running sums. */
static void share_data(struct bytes *script, const struct chart *c, const struct axis *a)
{
    text_put(script, "$d << EOD\n");
    for (int part = 0; part < 1 + a->has_infinity; part++) {
        text_put(script, part ? "\n\n" : "");
        for (int i = 0; i < c->points; i++) {
            if (isinf(c->x[i]) != part || isnan(c->s[0].y[i]))
                continue;
            for (int repeat = 0; repeat < 1 + part; repeat++) { /* infinity is a column with a width */
                double half = c->log_x ? pow(a->infinity / a->high, 0.9) : 1,
                       x = part ? a->infinity : c->x[i];
                double sum = 0;
                script_number(script, !part ? x : repeat ? x / half : x * half);
                script_number(script, 0);
                for (int k = 0; k < c->series; k++)
                    script_number(script, sum += c->s[k].y[i]);
                text_put(script, "\n");
            }
        }
    }
    text_put(script, "EOD\n");
}

static void share_commands(struct bytes *plot, const struct chart *c, int *parts)
{
    char colour[COLOUR_TEXT];
    for (int k = 0; k < c->series; k++)
        for (int part = 0; part < 2; part++) {
            const struct series *s = &c->s[k];
            if (!is_drawn(c, s, part))
                continue;
            separate_parts(plot, parts);
            text_print(plot,
                       "$d index %d using 1:%d:%d with filledcurves fs %s border rgb \"#808080\" lw 0.4 lc "
                       "rgb \"%s\" ",
                       part, k + 2, k + 3,
                       s->look == LOOK_ITEM && s->rank >= COLOUR_ITEMS ? "transparent solid 0.45"
                                                                       : "solid 0.9",
                       colour_of(s, colour));
            put_title(plot, s, !part);
        }
}

static void bar_data(struct bytes *script, const struct chart *c)
{
    text_put(script, "set xtics (");
    for (int i = 0; i < c->points; i++) {
        text_put(script, i ? ", " : "");
        script_text(script, c->x_text[i]);
        text_print(script, " %d", i);
    }
    text_print(script, ")\nset xrange [-0.6:%.1f]\n", c->points - 0.4);
    for (int k = 0; k < c->series; k++) {
        const struct series *s = &c->s[k];
        text_print(script, "$d%d << EOD\n", k);
        for (int i = 0; i < c->points; i++) {
            double width = 0.8 / c->series;
            script_number(script, i + (k - (c->series - 1) / 2.0) * width);
            script_number(script, s->y[i]);
            script_number(script, s->low ? s->low[i] : NAN);
            script_number(script, s->high ? s->high[i] : NAN);
            script_number(script, 0.9 * width);
            text_put(script, "\n");
        }
        text_put(script, "EOD\n");
    }
}

static void bar_commands(struct bytes *plot, const struct chart *c, int *parts)
{
    char colour[COLOUR_TEXT];
    for (int k = 0; k < c->series; k++) {
        if (!is_drawn(c, &c->s[k], 0))
            continue;
        separate_parts(plot, parts);
        text_print(plot, "$d%d using 1:2:5 with boxes fs solid 0.75 noborder lc rgb \"%s\" ", k,
                   colour_of(&c->s[k], colour));
        put_title(plot, &c->s[k], 1);
        if (c->s[k].low)
            text_print(plot,
                       ", $d%d using 1:3:(0):($4-$3) with vectors nohead lw 1.6 lc rgb \"black\" notitle", k);
    }
}

static int key_lines(const struct chart *c)
{
    size_t letters = 0;
    for (int k = 0; k < c->series; k++)
        letters += in_key(&c->s[k]) ? strlen(c->s[k].label) + 8 : 0;
    return 1 + (int)(letters / 54);
}

static void put_commands(struct bytes *script, struct bytes *plot, const struct chart *c,
                         const struct axis *a)
{
    int parts = 0;
    if (isfinite(c->level)) {
        separate_parts(plot, &parts);
        text_put(plot, "level(x) with lines lw 1 dt 3 lc rgb \"#808080\" ");
        text_put(plot, c->level_label ? "title " : "notitle");
        if (c->level_label)
            script_text(plot, c->level_label);
    }
    if (c->kind == CHART_SHARES) {
        share_data(script, c, a);
        share_commands(plot, c, &parts);
    } else if (c->kind == CHART_BARS) {
        bar_data(script, c);
        bar_commands(plot, c, &parts);
    } else {
        put_data(script, c, a);
        if (c->kind == CHART_LINES)
            line_commands(plot, c, &parts);
        else
            point_commands(plot, c, &parts);
    }
}

void figure_chart(struct figures *f, const struct chart *c)
{
    struct bytes plot = {0}, *script = &f->script;
    struct axis a = {0};
    script_begin(f, c->name);
    put_frame(script, c);
    if (c->kind != CHART_BARS) {
        a = axis_of(c);
        put_x_axis(script, c, &a);
    }
    text_put(&plot, "plot ");
    if (is_empty(c)) {
        put_range(script, "y", 0, 1);
        if (c->kind == CHART_BARS)
            bar_data(script, c);
        text_put(script, "set label \"no data\" at graph 0.5,0.5 center\n");
        text_put(&plot, "NaN notitle");
    } else {
        put_commands(script, &plot, c, &a);
    }
    char *text = text_take(&plot, NULL);
    f->failed |= !text;
    if (text)
        script_end(f, WIDTH, HEIGHT + KEY_LINE * key_lines(c), text);
    free(text);
}
