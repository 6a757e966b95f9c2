/* One self-contained HTML page: style, figures and images inside, no network, no script. It is also
 * well-formed XML. Text is plain: everything is escaped, and `backquotes` set code. After a failed allocation
 * the page keeps quiet and page_finish fails. */
#ifndef APEX_ANALYSIS_PAGE_H
#define APEX_ANALYSIS_PAGE_H

#include "analysis/figure.h"
#include "analysis/table.h"

struct page;

struct page *page_new(const char *title, const char *subtitle); /* NULL: no memory */
void page_free(struct page *p);                                 /* accepts NULL */

/* A new section; ends the one before. id: letters, digits and '-'. */
void page_section(struct page *p, const char *id, const char *heading);
void page_heading(struct page *p, const char *heading); /* inside a section */

/* What the section shows and how sure it is. The first of a section also stands in the summary at the top. */
void page_finding(struct page *p, const char *format, ...) APEX_PRINTF(2, 3);
void page_text(struct page *p, const char *format, ...) APEX_PRINTF(2, 3);

/* A part that cannot be there, and what would fill it. */
void page_missing(struct page *p, const char *format, ...) APEX_PRINTF(2, 3);

/* A table of at most `most` rows (0: all). */
void page_table(struct page *p, const struct table *t, size_t most);

/* What follows, up to page_fold_end, is folded away under one line. */
void page_fold(struct page *p, const char *summary);
void page_fold_end(struct page *p);

/* Figures side by side where there is room. The figure is drawn later, before page_finish. */
void page_figures(struct page *p);
void page_figure(struct page *p, const char *name, const char *caption);
void page_figures_end(struct page *p);

/* Small images in a row, as in a contact sheet. png: size bytes of a PNG file of width x height pixels. */
void page_images(struct page *p, const char *label);
void page_image(struct page *p, const void *png, size_t size, int width, int height, const char *caption);
void page_images_end(struct page *p);

/* Appends the whole page. -1 with err: no memory, or a figure that is not there. */
int page_finish(const struct page *p, const struct figures *f, const char *footer, struct bytes *out,
                struct apex_error *err);

#endif
