/* Inside section 3: its pairs of models and their figures. */
#ifndef APEX_ANALYSIS_SECTION_STRUCTURE_H
#define APEX_ANALYSIS_SECTION_STRUCTURE_H

#include "analysis/section.h"
#include "analysis/separate.h"

enum { PAIRS_MOST = 12 };

struct pair {
    int a, b; /* models */
};

struct structure {
    struct report *r;
    struct table *sites, *scales;
    int pairs;
    struct pair pair[PAIRS_MOST];
    int both_scales; /* sites, over pairs, whose escape noise is known at both scales */
    int higher;      /* pairs in which a stays longer than b at the head site */
};

/* How the order of a pair depends on the scale. */
struct structure_order {
    int sites, same, turned; /* known at both scales; of these */
    char site[64];           /* the first that turns */
    struct separate absolute, relative;
};

/* The columns that table `separation` and `separation_scales` share. */
void structure_put_values(struct table *t, const struct separate *s);

/* Escape noise at both scales where the norms are known; *mode gets the files' own scale if that is one. */
int structure_scale_rows(struct structure *t, struct pair p, size_t ia, size_t ib,
                         struct structure_order *order, struct separate *mode, struct apex_error *err);

/* Whether the norms of the activations decide which model stands more noise. */
void structure_say_order(struct structure *t, const struct structure_order *o);

/* AUC of stay, value[sites][sigmas of a], rows named by site. */
int structure_draw_heat(struct structure *t, int number, const double *value, const char *const *site,
                        int sites, struct apex_error *err);

/* Share of samples that have left by each scale, for both models: site ia of the first, ib of the second. */
int structure_draw_left(struct structure *t, int number, size_t ia, size_t ib, struct apex_error *err);

#endif
