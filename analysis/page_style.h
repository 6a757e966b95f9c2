/* The style sheet of every page. */
#ifndef APEX_ANALYSIS_PAGE_STYLE_H
#define APEX_ANALYSIS_PAGE_STYLE_H

extern const char page_style[];

#endif
