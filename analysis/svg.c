/* A drawn SVG file made part of a page. */
#include "analysis/figure_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What gnuplot writes -> what the page needs; %s is the figure's name. */
static const struct {
    const char *from, *to;
} change[] = {
    {"'#gp", "'#%s-gp"},
    {"id='gp", "id='%s-gp"},
    {"id=\"gnuplot_canvas\"", "id=\"%s-canvas\""},
    {"stroke='black'", "stroke='currentColor'"},
    {"stroke=\"black\"", "stroke=\"currentColor\""},
    {"fill=\"black\"", "fill=\"currentColor\""},
    {"fill='black'", "fill='currentColor'"},
    {"color=\"black\"", "color=\"inherit\""},
    {"color='black'", "color='currentColor'"},
    {"'rgb(  0,   0,   0)'", "'currentColor'"},
    {"\"rgb(  0,   0,   0)\"", "\"currentColor\""},
    {" font-family=\"sans-serif\"", ""},
};

/* Marks that the figures use; the rest of gnuplot's definitions only costs bytes. */
static void put_changed(struct bytes *out, const char *text, const char *end, const char *name)
{
    const char *plain = text;
    while (text < end) {
        size_t k = 0, all = sizeof change / sizeof *change;
        if (*text == '\'' || *text == 'i' || *text == 's' || *text == 'f' || *text == 'c' || *text == '"' ||
            *text == ' ')
            while (k < all && strncmp(text, change[k].from, strlen(change[k].from)))
                k++;
        else
            k = all;
        if (k == all) {
            text++;
            continue;
        }
        bytes_put(out, plain, (size_t)(text - plain));
        const char *slot = strstr(change[k].to, "%s");
        bytes_put(out, change[k].to, slot ? (size_t)(slot - change[k].to) : strlen(change[k].to));
        text_put(out, slot ? name : "");
        text_put(out, slot ? slot + 2 : "");
        plain = text += strlen(change[k].from);
    }
    bytes_put(out, plain, (size_t)(text - plain));
}

/* Cuts [from, to] out of the text in place; nothing where one is missing. */
static void cut(char *text, const char *from, const char *to)
{
    char *begin;
    while ((begin = strstr(text, from))) {
        char *end = strstr(begin, to);
        if (!end)
            return;
        end += strlen(to);
        memmove(begin, end, strlen(end) + 1);
    }
}

int figures_inline(const struct figures *f, const char *name, const char *label, struct bytes *out,
                   struct apex_error *err)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s.svg", f->folder, name) >= (int)sizeof path)
        return apex_fail(err, "%s: path too long", f->folder);
    char *text = text_read(path, NULL, err);
    if (!text)
        return -1;
    cut(text, "<filter", "</filter>");
    cut(text, "<desc>", "</desc>");
    cut(text, "<title>", "</title>");
    char *begin = strstr(text, "<svg");
    char *last = begin ? strstr(begin, "</svg>") : NULL;
    if (!last) {
        free(text);
        return apex_fail(err, "%s: gnuplot wrote no <svg> element", path);
    }
    text_put(out, "<svg role=\"img\" aria-label=\"");
    text_html(out, label);
    text_put(out, "\"");
    put_changed(out, begin + strlen("<svg"), last + strlen("</svg>"), name);
    text_put(out, "\n");
    free(text);
    return 0;
}
