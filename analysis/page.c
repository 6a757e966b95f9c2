#include "analysis/page.h"

#include "analysis/page_style.h"

#include <stdlib.h>
#include <string.h>

/* Where a figure goes: before byte `at` of the body. */
struct slot {
    size_t at;
    char *name, *label;
};

struct page {
    char *title, *subtitle;
    struct bytes summary, body;
    int in_section, found; /* found: this section's line of the summary is written */
    int slots;
    struct slot *slot;
    int failed;
};

struct page *page_new(const char *title, const char *subtitle)
{
    struct page *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->title = strdup(title);
    p->subtitle = strdup(subtitle);
    p->failed = !p->title || !p->subtitle;
    return p;
}

void page_free(struct page *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->slots; i++) {
        free(p->slot[i].name);
        free(p->slot[i].label);
    }
    free(p->slot);
    free(p->title);
    free(p->subtitle);
    bytes_free(&p->summary);
    bytes_free(&p->body);
    free(p);
}

/* Escaped, `code` set as such. */
static void put_prose(struct bytes *out, const char *text)
{
    struct bytes escaped = {0};
    text_html(&escaped, text);
    char *all = text_take(&escaped, NULL);
    out->failed |= !all;
    int code = 0;
    for (const char *c = all; c && *c; c++) {
        if (*c == '`')
            text_put(out, (code = !code) ? "<code>" : "</code>");
        else
            bytes_put(out, c, 1);
    }
    text_put(out, code ? "</code>" : "");
    free(all);
}

static char *formatted(const char *format, va_list args)
{
    struct bytes text = {0};
    text_vprint(&text, format, args);
    return text_take(&text, NULL);
}

static void put_paragraph(struct page *p, const char *class, const char *text)
{
    p->failed |= !text;
    text_print(&p->body, *class ? "<p class=\"%s\">" : "<p%s>", class);
    put_prose(&p->body, text ? text : "");
    text_put(&p->body, "</p>\n");
}

static void end_summary_line(struct page *p)
{
    if (p->in_section && !p->found)
        text_put(&p->summary, "<span></span></li>\n");
    p->found = 1;
}

void page_section(struct page *p, const char *id, const char *heading)
{
    end_summary_line(p);
    text_put(&p->body, p->in_section ? "</section>\n" : "");
    text_print(&p->body, "<section id=\"%s\">\n<h2>", id);
    text_html(&p->body, heading);
    text_put(&p->body, "</h2>\n");
    text_print(&p->summary, "<li><a href=\"#%s\">", id);
    text_html(&p->summary, heading);
    text_put(&p->summary, "</a>");
    p->in_section = 1;
    p->found = 0;
}

void page_heading(struct page *p, const char *heading)
{
    text_put(&p->body, "<h3>");
    put_prose(&p->body, heading);
    text_put(&p->body, "</h3>\n");
}

void page_finding(struct page *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    put_paragraph(p, "finding", text);
    if (text && !p->found) {
        text_put(&p->summary, "<span>");
        put_prose(&p->summary, text);
        text_put(&p->summary, "</span></li>\n");
        p->found = 1;
    }
    free(text);
}

void page_text(struct page *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    put_paragraph(p, "", text);
    free(text);
}

void page_missing(struct page *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    put_paragraph(p, "missing", text);
    free(text);
}

void page_table(struct page *p, const struct table *t, size_t most)
{
    p->failed |= table_html(t, most, &p->body, NULL) != 0;
}

void page_fold(struct page *p, const char *summary)
{
    text_put(&p->body, "<details>\n<summary>");
    put_prose(&p->body, summary);
    text_put(&p->body, "</summary>\n");
}

void page_fold_end(struct page *p)
{
    text_put(&p->body, "</details>\n");
}

void page_figures(struct page *p)
{
    text_put(&p->body, "<div class=\"figures\">\n");
}

void page_figure(struct page *p, const char *name, const char *caption)
{
    text_put(&p->body, "<figure>\n");
    struct slot *slot = realloc(p->slot, ((size_t)p->slots + 1) * sizeof *slot);
    if (slot) {
        p->slot = slot;
        p->slot[p->slots] = (struct slot){p->body.size, strdup(name), strdup(caption)};
        p->failed |= !p->slot[p->slots].name || !p->slot[p->slots].label;
        p->slots++;
    }
    p->failed |= !slot;
    text_put(&p->body, "<figcaption>");
    put_prose(&p->body, caption);
    text_put(&p->body, "</figcaption>\n</figure>\n");
}

void page_figures_end(struct page *p)
{
    text_put(&p->body, "</div>\n");
}

void page_images(struct page *p, const char *label)
{
    text_put(&p->body, "<div class=\"sheet\"><b>");
    put_prose(&p->body, label);
    text_put(&p->body, "</b>\n");
}

static void put_base64(struct bytes *out, const unsigned char *data, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        unsigned word = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) |
                        (left > 2 ? data[i + 2] : 0);
        char four[4] = {digit[word >> 18], digit[word >> 12 & 63], left > 1 ? digit[word >> 6 & 63] : '=',
                        left > 2 ? digit[word & 63] : '='};
        bytes_put(out, four, 4);
    }
}

void page_image(struct page *p, const void *png, size_t size, int width, int height, const char *caption)
{
    text_print(&p->body, "<span><img width=\"%d\" height=\"%d\" alt=\"", width, height);
    text_html(&p->body, caption);
    text_put(&p->body, "\" src=\"data:image/png;base64,");
    put_base64(&p->body, png, size);
    text_put(&p->body, "\"/>");
    text_html(&p->body, caption);
    text_put(&p->body, "</span>\n");
}

void page_images_end(struct page *p)
{
    text_put(&p->body, "</div>\n");
}

static void put_head(const struct page *p, struct bytes *out)
{
    text_put(out, "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
                  "<meta charset=\"utf-8\"/>\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    text_html(out, p->title);
    text_put(out, "</title>\n<link rel=\"icon\" href=\"data:,\"/>\n<style>\n");
    text_put(out, page_style);
    text_put(out, "</style>\n</head>\n<body>\n<header>\n<p class=\"kicker\">apex report</p>\n<h1>");
    text_html(out, p->title);
    text_put(out, "</h1>\n<p class=\"subtitle\">");
    put_prose(out, p->subtitle);
    text_put(out, "</p>\n<nav aria-label=\"Summary\">\n<h2>In short</h2>\n<ol>\n");
    bytes_put(out, p->summary.data, p->summary.size);
    if (p->in_section && !p->found)
        text_put(out, "<span></span></li>\n");
    text_put(out, "</ol>\n</nav>\n</header>\n<main>\n");
}

int page_finish(const struct page *p, const struct figures *f, const char *footer, struct bytes *out,
                struct apex_error *err)
{
    size_t at = 0;
    if (p->failed || p->summary.failed || p->body.failed)
        return apex_fail(err, "out of memory for the page");
    put_head(p, out);
    for (int i = 0; i < p->slots; i++) {
        bytes_put(out, p->body.data + at, p->slot[i].at - at);
        at = p->slot[i].at;
        if (figures_inline(f, p->slot[i].name, p->slot[i].label, out, err))
            return -1;
    }
    bytes_put(out, p->body.size ? p->body.data + at : NULL, p->body.size - at);
    text_put(out, p->in_section ? "</section>\n</main>\n<footer>\n<p>" : "</main>\n<footer>\n<p>");
    put_prose(out, footer);
    text_put(out, "</p>\n</footer>\n</body>\n</html>\n");
    return out->failed ? apex_fail(err, "out of memory for the page") : 0;
}
